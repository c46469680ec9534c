// Constant folding.
#include "plan/fold.h"

#include <cmath>

#include "kernels/timestamp_text.h"

namespace firn::plan {
namespace {

using types::DataType;
using enum types::DataTypeId;

const int64_t* integer(const Expr& expr) {
  const Literal* constant = as_literal(expr);
  return constant != nullptr && constant->type.is_integral()
             ? std::get_if<int64_t>(&constant->value)
             : nullptr;
}
const bool* boolean(const Expr& expr) {
  const Literal* constant = as_literal(expr);
  return constant != nullptr ? std::get_if<bool>(&constant->value) : nullptr;
}
bool is_null_literal(const Expr& expr) {
  const Literal* constant = as_literal(expr);
  return constant != nullptr && types::is_null(constant->value);
}

bool fits(int64_t value, types::DataTypeId id) {
  switch (id) {
    case kByte:
      return value == static_cast<int8_t>(value);
    case kShort:
      return value == static_cast<int16_t>(value);
    case kInteger:
      return value == static_cast<int32_t>(value);
    default:
      return id == kLong;
  }
}

// Casts of literals that cannot fail and need no rounding.
ExprPtr fold_cast(const Cast& node, const ExprPtr& expr) {
  const Literal* constant = as_literal(*node.child);
  if (constant == nullptr) return expr;
  if (types::is_null(constant->value)) return literal(node.type, types::Null{}, expr->origin);
  if (const int64_t* number = integer(*node.child)) {
    if (node.type.is_integral() && fits(*number, node.type.id()))
      return literal(node.type, *number, expr->origin);
    if (node.type.id() == kDouble && std::abs(*number) < (int64_t{1} << 53))
      return literal(kDouble, static_cast<double>(*number), expr->origin);
    if (node.type.id() == kDecimal) {
      __int128 unscaled = *number, bound = 1;
      for (int i = 0; i < node.type.scale(); ++i) unscaled *= 10;
      for (int i = 0; i < node.type.precision(); ++i) bound *= 10;
      if (unscaled < bound && -unscaled < bound && node.type.scale() <= 18)
        return literal(node.type, types::Decimal{unscaled}, expr->origin);
    }
    if (node.type.id() == kString) return literal(kString, std::to_string(*number), expr->origin);
    return expr;
  }
  if (const auto* decimal = std::get_if<types::Decimal>(&constant->value)) {
    const int more = node.type.scale() - constant->type.scale();
    const bool holds = node.type.id() == kDecimal && more >= 0 &&
                       node.type.precision() - node.type.scale() >=
                           constant->type.precision() - constant->type.scale();
    if (!holds) return expr;
    __int128 unscaled = decimal->unscaled;
    for (int i = 0; i < more; ++i) unscaled *= 10;
    return literal(node.type, types::Decimal{unscaled}, expr->origin);
  }
  const auto* text = std::get_if<std::string>(&constant->value);
  if (text == nullptr || constant->type.id() != kString) return expr;
  if (node.type.id() == kDate)
    if (const auto days = kernels::parse_date(*text)) return literal(kDate, *days, expr->origin);
  return expr;
}

ExprPtr fold_integers(const Call& node, const ExprPtr& expr) {
  const std::string_view name = node.function->name;
  const int64_t* a = integer(*node.arguments[0]);
  if (a == nullptr) return expr;
  int64_t value = 0;
  if (name == "negative") {
    if (__builtin_sub_overflow(int64_t{0}, *a, &value)) return expr;
  } else {
    const int64_t* b = node.arguments.size() == 2 ? integer(*node.arguments[1]) : nullptr;
    if (b == nullptr) return expr;
    const bool overflow = name == "+"   ? __builtin_add_overflow(*a, *b, &value)
                          : name == "-" ? __builtin_sub_overflow(*a, *b, &value)
                          : name == "*" ? __builtin_mul_overflow(*a, *b, &value)
                                        : true;
    if (overflow) return expr;
  }
  return expr->type.is_integral() && fits(value, expr->type.id())
             ? literal(expr->type, value, expr->origin)
             : expr;
}

ExprPtr fold_logic(const Call& node, const ExprPtr& expr) {
  const std::string_view name = node.function->name;
  if (name == "not") {
    const bool* value = boolean(*node.arguments[0]);
    return value != nullptr ? literal(kBoolean, !*value, expr->origin) : expr;
  }
  if (node.arguments.size() != 2) return expr;
  const bool absorbing = name == "or";  // true OR x = true, false AND x = false
  for (size_t i = 0; i < 2; ++i) {
    const bool* value = boolean(*node.arguments[i]);
    if (value == nullptr) continue;
    const ExprPtr& other = node.arguments[1 - i];
    if (*value != absorbing) return other;
    if (!other->can_throw || i == 0) return node.arguments[i];
  }
  return expr;
}

// name → map<string, string> literals (options of from_json): kept as calls of literals; nothing to
// fold.
ExprPtr fold_call(const Call& node, const ExprPtr& expr) {
  const std::string_view name = node.function->name;
  if (name == "and" || name == "or" || name == "not") return fold_logic(node, expr);
  if (name == "isnull" || name == "isnotnull") {
    const bool known_null = is_null_literal(*node.arguments[0]);
    if (known_null || (!node.arguments[0]->nullable && !node.arguments[0]->can_throw &&
                       !node.arguments[0]->is_volatile))
      return literal(kBoolean, known_null == (name == "isnull"), expr->origin);
    return expr;
  }
  if (name == "+" || name == "-" || name == "*" || name == "negative") {
    if (name == "negative")
      if (const Literal* constant = as_literal(*node.arguments[0])) {
        if (const auto* number = std::get_if<double>(&constant->value))
          return literal(expr->type, -*number, expr->origin);
        if (const auto* number = std::get_if<types::Decimal>(&constant->value))
          return literal(expr->type, types::Decimal{-number->unscaled}, expr->origin);
        const bool interval =
            constant->type.id() == kDayTimeInterval || constant->type.id() == kYearMonthInterval;
        if (interval)
          if (const auto* number = std::get_if<int64_t>(&constant->value);
              number != nullptr && *number != INT64_MIN)
            return literal(expr->type, -*number, expr->origin);
      }
    return fold_integers(node, expr);
  }
  if (name == "concat") {
    std::string text;
    for (const ExprPtr& argument : node.arguments) {
      const Literal* constant = as_literal(*argument);
      const auto* part = constant != nullptr && constant->type.id() == kString
                             ? std::get_if<std::string>(&constant->value)
                             : nullptr;
      if (part == nullptr) return expr;
      text += *part;
    }
    return literal(kString, std::move(text), expr->origin);
  }
  return expr;
}

ExprPtr fold_case(const Case& node, const ExprPtr& expr) {
  std::vector<CaseBranch> kept;
  for (const CaseBranch& branch : node.branches) {
    const bool* value = boolean(*branch.condition);
    if (is_null_literal(*branch.condition) || (value != nullptr && !*value)) continue;
    if (value != nullptr && kept.empty()) return branch.value;
    kept.push_back(branch);
  }
  if (kept.size() == node.branches.size()) return expr;
  if (kept.empty())
    return node.otherwise ? node.otherwise : literal(expr->type, types::Null{}, expr->origin);
  return case_when(std::move(kept), node.otherwise, expr->origin);
}

}  // namespace

ExprPtr fold(const ExprPtr& expr) {
  const ExprPtr folded = map_children(expr, [](const ExprPtr& child) { return fold(child); });
  if (const auto* node = std::get_if<Cast>(&folded->node)) return fold_cast(*node, folded);
  if (const auto* node = std::get_if<Call>(&folded->node)) return fold_call(*node, folded);
  if (const auto* node = std::get_if<Case>(&folded->node)) return fold_case(*node, folded);
  return folded;
}

}  // namespace firn::plan

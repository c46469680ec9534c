// Resolved conditions as Iceberg predicates, for pruning: never stronger than the condition.
#include <algorithm>

#include "plan/build.h"
#include "plan/resolve.h"
#include "plan/row_change.h"

namespace firn::plan {
namespace {

using types::DataType;
using types::Predicate;
using types::PredicateOp;
using enum types::DataTypeId;

constexpr int kFirstReservedId = 2147483447;  // _file and the like: no bounds are known of them

struct Comparison {
  std::string_view name;
  PredicateOp op;
  PredicateOp turned;  // with the sides swapped
};
constexpr Comparison kComparisons[] = {
    {"=", PredicateOp::kEqual, PredicateOp::kEqual},
    {"!=", PredicateOp::kNotEqual, PredicateOp::kNotEqual},
    {"<", PredicateOp::kLess, PredicateOp::kGreater},
    {"<=", PredicateOp::kLessEqual, PredicateOp::kGreaterEqual},
    {">", PredicateOp::kGreater, PredicateOp::kLess},
    {">=", PredicateOp::kGreaterEqual, PredicateOp::kLessEqual},
};

Predicate leaf(PredicateOp op, int field_id, std::vector<types::Value> values = {}) {
  Predicate made;
  made.op = op;
  made.field_id = field_id;
  made.values = std::move(values);
  return made;
}

class Translation {
 public:
  explicit Translation(const std::vector<ScanColumn>& columns) : columns_(columns) {}

  // Weaker or equal.
  Predicate weak(const Expr& condition) {
    if (const Call* node = as_call(condition)) {
      const std::string_view name = node->function->name;
      if (name == "and" || name == "or") {
        std::vector<Predicate> parts;
        for (const ExprPtr& part : node->arguments) parts.push_back(weak(*part));
        return name == "and" ? types::all_of(std::move(parts)) : types::any_of(std::move(parts));
      }
    }
    return exact(condition).value_or(types::always_true());
  }

  std::optional<Predicate> exact(const Expr& condition) {
    if (const Literal* constant = as_literal(condition)) {
      const bool* value = std::get_if<bool>(&constant->value);
      if (value != nullptr && *value) return types::always_true();
      Predicate none;
      none.op = PredicateOp::kFalse;
      if (value != nullptr) return none;
      return std::nullopt;
    }
    if (const auto* list = std::get_if<InList>(&condition.node)) return in_list_of(*list);
    if (const auto* ref = std::get_if<ColumnRef>(&condition.node)) {
      const ScanColumn* found = scanned(condition);
      if (found != nullptr && ref->attribute.type.id() == kBoolean)
        return leaf(PredicateOp::kEqual, found->field_id, {true});
      return std::nullopt;
    }
    const Call* node = as_call(condition);
    return node != nullptr ? call_of(*node) : std::nullopt;
  }

 private:
  std::optional<Predicate> call_of(const Call& node) {
    const std::string_view name = node.function->name;
    if (name == "and" || name == "or") {
      std::vector<Predicate> parts;
      for (const ExprPtr& part : node.arguments) {
        auto made = exact(*part);
        if (!made) return std::nullopt;
        parts.push_back(std::move(*made));
      }
      return name == "and" ? types::all_of(std::move(parts)) : types::any_of(std::move(parts));
    }
    if (name == "not") {
      auto made = exact(*node.arguments[0]);
      if (!made) return std::nullopt;
      return types::negate(std::move(*made));
    }
    if (name == "isnull" || name == "isnotnull" || name == "isnan") {
      const ScanColumn* found = scanned(*node.arguments[0]);
      if (found == nullptr) return std::nullopt;
      return leaf(name == "isnull"      ? PredicateOp::kIsNull
                  : name == "isnotnull" ? PredicateOp::kNotNull
                                        : PredicateOp::kIsNan,
                  found->field_id);
    }
    if (name == "startswith" || name == "like") return prefix(node);
    for (const Comparison& row : kComparisons)
      if (row.name == name) return comparison(*node.arguments[0], *node.arguments[1], row);
    return std::nullopt;
  }

  std::optional<Predicate> comparison(const Expr& left, const Expr& right, const Comparison& row) {
    const bool swapped = as_literal(left) != nullptr;
    const Expr& side = swapped ? right : left;
    const Literal* constant = as_literal(swapped ? left : right);
    const ScanColumn* found = scanned(side);
    if (found == nullptr || constant == nullptr) return std::nullopt;
    auto value = value_for(*constant, found->attribute.type);
    if (!value) return std::nullopt;
    return leaf(swapped ? row.turned : row.op, found->field_id, {std::move(*value)});
  }

  std::optional<Predicate> in_list_of(const InList& list) {
    const ScanColumn* found = scanned(*list.child);
    if (found == nullptr || list.negated) return std::nullopt;
    std::vector<types::Value> values;
    for (const ExprPtr& item : list.values) {
      const Literal* constant = as_literal(*item);
      if (constant == nullptr) return std::nullopt;
      if (types::is_null(constant->value)) return std::nullopt;
      auto value = value_for(*constant, found->attribute.type);
      if (!value) return std::nullopt;
      values.push_back(std::move(*value));
    }
    return leaf(PredicateOp::kIn, found->field_id, std::move(values));
  }

  std::optional<Predicate> prefix(const Call& node) {
    const ScanColumn* found = scanned(*node.arguments[0]);
    const Literal* constant = as_literal(*node.arguments[1]);
    const auto* text = constant != nullptr ? std::get_if<std::string>(&constant->value) : nullptr;
    if (found == nullptr || text == nullptr || found->attribute.type.id() != kString)
      return std::nullopt;
    std::string start = *text;
    if (node.function->name == "like") {  // abc% and nothing else
      if (node.arguments.size() > 2 || start.empty() || start.back() != '%') return std::nullopt;
      start.pop_back();
      if (start.find_first_of("%_\\") != std::string::npos) return std::nullopt;
    }
    if (start.empty()) return std::nullopt;
    return leaf(PredicateOp::kStartsWith, found->field_id, {std::move(start)});
  }

  // The scan's column that the expression is, seen through casts to wider whole numbers.
  const ScanColumn* scanned(const Expr& expr) {
    if (const auto* node = std::get_if<Cast>(&expr.node)) {
      const bool widens = node->child->type.is_integral() && node->type.is_integral() &&
                          node->child->type.id() <= node->type.id();
      return widens ? scanned(*node->child) : nullptr;
    }
    const auto* ref = std::get_if<ColumnRef>(&expr.node);
    if (ref == nullptr) return nullptr;
    for (const ScanColumn& candidate : columns_)
      if (candidate.attribute.id == ref->attribute.id && candidate.field_id != 0 &&
          candidate.field_id < kFirstReservedId)
        return &candidate;
    return nullptr;
  }

  // The literal as Iceberg has values of the column's type.
  static std::optional<types::Value> value_for(const Literal& constant, const DataType& type) {
    const auto* number = std::get_if<int64_t>(&constant.value);
    switch (type.id()) {
      case kByte:
      case kShort:
      case kInteger:
        if (number == nullptr || !constant.type.is_integral() ||
            *number != static_cast<int32_t>(*number))
          return std::nullopt;
        return static_cast<int32_t>(*number);
      case kLong:
        if (number == nullptr || !constant.type.is_integral()) return std::nullopt;
        return *number;
      case kTimestamp:
      case kTimestampNtz:
        if (number == nullptr || constant.type.id() != type.id()) return std::nullopt;
        return *number;
      case kDate:
        if (constant.type.id() != kDate) return std::nullopt;
        if (number != nullptr) return static_cast<int32_t>(*number);
        return types::is_null(constant.value) ? std::nullopt : std::optional(constant.value);
      case kFloat:
      case kDouble:
      case kString:
      case kBinary:
      case kBoolean:
        if (constant.type.id() != type.id() || types::is_null(constant.value)) return std::nullopt;
        return constant.value;
      case kDecimal:
        if (!(constant.type == type) || types::is_null(constant.value)) return std::nullopt;
        return constant.value;
      default:
        return std::nullopt;
    }
  }

  const std::vector<ScanColumn>& columns_;
};

}  // namespace

Predicate to_iceberg_predicate(const Expr& condition, const std::vector<ScanColumn>& columns) {
  return Translation(columns).weak(condition);
}

std::optional<Predicate> exact_iceberg_predicate(const Expr& condition,
                                                 const std::vector<ScanColumn>& columns) {
  return Translation(columns).exact(condition);
}

}  // namespace firn::plan

// Arithmetic and comparison: Spark's rules for numbers, decimals, strings, dates and intervals.
#include <algorithm>

#include "plan/resolver.h"

namespace firn::plan {
namespace {

using enum DataTypeId;

enum class Family : uint8_t { kNone, kArithmetic, kBits, kComparison, kUnary };
struct OperatorFamily {
  std::string_view name;
  Family family;
};
constexpr OperatorFamily kFamilies[] = {
    {"+", Family::kArithmetic},
    {"-", Family::kArithmetic},
    {"*", Family::kArithmetic},
    {"/", Family::kArithmetic},
    {"div", Family::kArithmetic},
    {"%", Family::kArithmetic},
    {"pmod", Family::kArithmetic},
    {"try_add", Family::kArithmetic},
    {"try_subtract", Family::kArithmetic},
    {"try_multiply", Family::kArithmetic},
    {"try_divide", Family::kArithmetic},
    {"try_mod", Family::kArithmetic},
    {"&", Family::kBits},
    {"|", Family::kBits},
    {"^", Family::kBits},
    {"=", Family::kComparison},
    {"<=>", Family::kComparison},
    {"!=", Family::kComparison},
    {"<", Family::kComparison},
    {"<=", Family::kComparison},
    {">", Family::kComparison},
    {">=", Family::kComparison},
    {"negative", Family::kUnary},
    {"abs", Family::kUnary},
};
Family family_of(std::string_view name) {
  for (const OperatorFamily& row : kFamilies)
    if (row.name == name) return row.family;
  return Family::kNone;
}

// The decimal of a side of decimal arithmetic; literals take just the digits that they have.
DataType decimal_side(const Expr& side) {
  const Literal* constant = as_literal(side);
  if (constant == nullptr || !side.type.is_integral()) return decimal_for(side.type);
  const auto* number = std::get_if<int64_t>(&constant->value);
  if (number == nullptr) return decimal_for(side.type);
  int digits = 1;
  for (int64_t rest = *number / 10; rest != 0; rest /= 10) ++digits;
  return DataType::decimal(digits, 0);
}

// DecimalPrecision.
DataType decimal_result(std::string_view op, const DataType& a, const DataType& b) {
  const int p1 = a.precision(), s1 = a.scale(), p2 = b.precision(), s2 = b.scale();
  if (op == "*" || op == "try_multiply") return adjusted_decimal(p1 + p2 + 1, s1 + s2);
  if (op == "/" || op == "try_divide") {
    const int scale = std::max(6, s1 + p2 + 1);
    return adjusted_decimal(p1 - s1 + s2 + scale, scale);
  }
  if (op == "%" || op == "pmod" || op == "try_mod") {
    const int scale = std::max(s1, s2);
    return adjusted_decimal(std::min(p1 - s1, p2 - s2) + scale, scale);
  }
  const int scale = std::max(s1, s2);
  return adjusted_decimal(std::max(p1 - s1, p2 - s2) + scale + 1, scale);
}

}  // namespace

void Resolver::throw_operand_types(const CallSite& at) {
  throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES",
           {{"sqlExpr", sql_of(display(at.unresolved))},
            {"left", quoted_type(at.arguments.front()->type)},
            {"right", quoted_type(at.arguments.back()->type)}});
}

void Resolver::throw_wrong_operand(const CallSite& at, std::string_view required,
                                   const DataType& actual) {
  throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE",
           {{"sqlExpr", sql_of(display(at.unresolved))},
            {"inputType", std::string(required)},
            {"actualDataType", quoted_type(actual)}});
}

ExprPtr Resolver::arithmetic(CallSite& at) {
  const std::string_view name = at.function.name;
  switch (family_of(name)) {
    case Family::kNone:
      return nullptr;
    case Family::kComparison:
      return comparison(at);
    case Family::kUnary: {
      DataType type = at.arguments[0]->type;
      if (type.id() == kString || type.id() == kNull) type = kDouble;
      if (!type.is_numeric() && !is_interval(type))
        throw_input_type(
            at, 0, "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\")");
      at.arguments[0] = coerce(at.arguments[0], type);
      return plain(at, type);
    }
    case Family::kBits: {
      ExprPtr &left = at.arguments[0], &right = at.arguments[1];
      if (left->type.id() == kString && right->type.is_integral())
        left = coerce(left, options_.ansi ? kLong : right->type.id());
      if (right->type.id() == kString && left->type.is_integral())
        right = coerce(right, options_.ansi ? kLong : left->type.id());
      if (left->type.id() == kNull && right->type.id() == kNull) left = coerce(left, kInteger);
      const auto type = common_type(left->type, right->type, options_.ansi);
      if (!type) throw_operand_types(at);
      if (!type->is_integral()) throw_wrong_operand(at, "\"INTEGRAL\"", *type);
      left = coerce(left, *type), right = coerce(right, *type);
      return plain(at, *type);
    }
    case Family::kArithmetic:
      if (ExprPtr made = date_arithmetic(at)) return made;
      return numeric_arithmetic(at);
  }
  return nullptr;
}

ExprPtr Resolver::date_arithmetic(CallSite& at) {
  std::string_view name = at.function.name;
  if (name == "try_add") name = "+";
  if (name == "try_subtract") name = "-";
  if (name == "try_multiply") name = "*";
  if (name == "try_divide") name = "/";
  if (name == "try_mod") name = "%";
  ExprPtr left = at.arguments[0], right = at.arguments[1];
  const std::optional<QueryContext>& origin = at.unresolved->origin;
  const auto internal = [&](std::string_view function, std::vector<ExprPtr> arguments,
                            DataType type) {
    return plan::call(function, std::move(arguments), std::move(type), settings(), origin);
  };
  const bool turned = name == "+" && is_datetime(right->type);
  if (turned) std::swap(left, right);
  const auto shown = [&](const std::string& between) {
    if (at.node.arguments.size() != 2) return pretty_name(*at.unresolved);
    return display(at.node.arguments[turned ? 1 : 0]) + between +
           display(at.node.arguments[turned ? 0 : 1]);
  };
  if ((name == "+" || name == "-") && is_datetime(left->type)) {
    DataType other = right->type;
    if (other.id() == kString) {  // read as days for a date, as the same type for the rest
      right = coerce(right, name == "-"
                                ? left->type
                                : DataType(left->type.id() == kDate ? kInteger : kDayTimeInterval));
      other = right->type;
    }
    if (other.id() == kNull) return null_of(left->type);
    if (other.is_integral() && left->type.id() == kDate) {
      if (at.node.name == name)
        remember_display(at.unresolved,
                         std::string(name == "+" ? "date_add(" : "date_sub(") + shown(", ") + ")");
      return internal(name == "+" ? "date_add" : "date_sub", {left, coerce(right, kInteger)},
                      kDate);
    }
    if (is_interval(other)) {
      if (at.node.name == name) {
        const bool days = left->type.id() == kDate && other.id() == kDayTimeInterval &&
                          other.interval_start() == 0 && other.interval_end() == 0;
        const std::string taken = display(at.node.arguments[turned ? 0 : 1]);
        const std::string extracted = "extractansiintervaldays(" + taken + ")";
        remember_display(at.unresolved,
                         !days ? shown(" " + std::string(name) + " ")
                               : "date_add(" + display(at.node.arguments[turned ? 1 : 0]) + ", " +
                                     (name == "-" ? "(- " + extracted + ")" : extracted) + ")");
      }
      if (name == "-") right = internal("negative", {right}, other);
      if (other.id() == kYearMonthInterval)
        return left->type.id() == kDate
                   ? internal("date_plus_months", {left, right}, kDate)
                   : internal("timestamp_plus_months", {left, right}, left->type);
      if (left->type.id() == kDate && other.interval_start() == 0 && other.interval_end() == 0)
        return internal("date_plus_days", {left, right}, kDate);
      if (left->type.id() == kDate) left = coerce(left, kTimestamp);
      return internal("timestamp_plus_interval", {left, right}, left->type);
    }
    if (name == "-" && is_datetime(other)) {
      if (left->type.id() == kDate && other.id() == kDate)
        return internal("subtract_dates", {left, right}, DataType::day_time(0, 0));
      const DataType type = *common_type(left->type, other, options_.ansi);
      return internal("subtract_timestamps", {coerce(left, type), coerce(right, type)},
                      kDayTimeInterval);
    }
    at.arguments = {left, right};
    throw_input_type(at, 1, "(\"INT\" or \"SMALLINT\" or \"TINYINT\")");
  }
  if (!is_interval(left->type) && !is_interval(right->type)) return nullptr;
  if (name == "+" || name == "-") {
    const auto type = common_type(left->type, right->type, options_.ansi);
    if (!type || !is_interval(*type)) throw_operand_types(at);
    at.arguments = {coerce(left, *type), coerce(right, *type)};
    return plain(at, *type);
  }
  if (name == "*" && is_interval(right->type)) std::swap(left, right);
  if ((name == "*" || name == "/") && is_interval(left->type)) {
    if (right->type.id() == kString) right = coerce(right, kDouble);
    if (!right->type.is_numeric()) throw_operand_types(at);
    return internal(name == "*" ? "multiply_interval" : "divide_interval", {left, right},
                    left->type.id());
  }
  throw_operand_types(at);
}

ExprPtr Resolver::numeric_arithmetic(CallSite& at) {
  const std::string_view name = at.function.name;
  ExprPtr &left = at.arguments[0], &right = at.arguments[1];
  const bool divides = name == "/" || name == "try_divide";
  const auto is_text = [](const ExprPtr& side) { return side->type.id() == kString; };
  if (options_.ansi) {
    if (is_text(left) && is_text(right))
      throw_wrong_operand(at, divides ? "(\"DOUBLE\" or \"DECIMAL\")" : "\"NUMERIC\"", kString);
    const auto promote = [&](ExprPtr& text, const ExprPtr& other) {
      if (other->type.is_integral())
        text = coerce(text, kLong);
      else if (other->type.is_numeric() || other->type.id() == kNull)
        text = coerce(text, kDouble);
    };
    if (is_text(left))
      promote(left, right);
    else if (is_text(right))
      promote(right, left);
  } else {
    if (is_text(left)) left = coerce(left, kDouble);
    if (is_text(right)) right = coerce(right, kDouble);
  }
  if (left->type.id() == kNull)
    left = coerce(left, right->type.id() == kNull ? DataType(kDouble) : right->type);
  if (right->type.id() == kNull) right = coerce(right, left->type);
  if (!left->type.is_numeric() || !right->type.is_numeric()) {
    if (left->type.id() != right->type.id()) throw_operand_types(at);
    throw_wrong_operand(at,
                        divides         ? "(\"DOUBLE\" or \"DECIMAL\")"
                        : name == "div" ? "(\"BIGINT\" or \"DECIMAL\")"
                                        : "\"NUMERIC\"",
                        left->type);
  }
  const bool decimals = left->type.id() == kDecimal || right->type.id() == kDecimal;
  if (decimals && !is_float(left->type) && !is_float(right->type)) {
    const DataType a = decimal_side(*left), b = decimal_side(*right);
    left = coerce(left, a), right = coerce(right, b);
    if (name == "div") return plain(at, kLong);
    return plain(at, decimal_result(name, a, b));
  }
  DataType type = decimals || divides ? DataType(kDouble)
                                      : *common_type(left->type, right->type, options_.ansi);
  if (name == "div") {
    if (is_float(left->type) || is_float(right->type))
      throw_wrong_operand(at,
                          "(\"BIGINT\" or \"DECIMAL\" or \"INTERVAL YEAR TO MONTH\" or "
                          "\"INTERVAL DAY TO SECOND\")",
                          type);
    type = kLong;
  }
  left = coerce(left, type), right = coerce(right, type);
  return plain(at, type);
}

namespace {

// The same types but for the names of fields.
bool same_shape(const DataType& a, const DataType& b) {
  if (a.id() != b.id()) return false;
  if (a.id() == kArray) return same_shape(a.element(), b.element());
  if (a.id() != kStruct) return a.same_ignoring_nullability(b);
  if (a.fields().size() != b.fields().size()) return false;
  for (size_t i = 0; i < a.fields().size(); ++i)
    if (!same_shape(a.fields()[i].type, b.fields()[i].type)) return false;
  return true;
}

}  // namespace

ExprPtr Resolver::comparison(CallSite& at) {
  ExprPtr &left = at.arguments[0], &right = at.arguments[1];
  auto type = comparison_type(left->type, right->type, options_.ansi);
  if (!type && same_shape(left->type, right->type)) type = left->type;
  if (!type) throw_operand_types(at);
  // A whole-number literal takes just the digits that it has, so that the other side needs no
  // cast.
  const bool decimals = left->type.id() == kDecimal || right->type.id() == kDecimal;
  if (decimals && type->id() == kDecimal)
    type = wider_decimal(decimal_side(*left), decimal_side(*right));
  if (!is_orderable(*type))
    throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE",
             {{"sqlExpr", sql_of(display(at.unresolved))},
              {"functionName", backquoted(at.function.name)},
              {"dataType", quoted_type(*type)}});
  left = coerce(left, *type), right = coerce(right, *type);
  return plain(at, DataTypeId::kBoolean);
}

}  // namespace firn::plan

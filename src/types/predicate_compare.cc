// Spark's order of values, and one value against one leaf.
#include "types/predicate_compare.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace firn::types {
namespace {

template <typename Float>
Value normal_float(Float value) {
  if (std::isnan(value)) return std::numeric_limits<Float>::quiet_NaN();
  return value == 0 ? Float{0} : value;
}

Value normal(const Value& value) {
  if (const auto* number = std::get_if<float>(&value)) return normal_float(*number);
  if (const auto* number = std::get_if<double>(&value)) return normal_float(*number);
  return value;
}

bool is_float(const Value& value) {
  return std::holds_alternative<float>(value) || std::holds_alternative<double>(value);
}

bool compares(PredicateOp op, std::strong_ordering order) {
  switch (op) {
    case PredicateOp::kLess:
      return order < 0;
    case PredicateOp::kLessEqual:
      return order <= 0;
    case PredicateOp::kGreater:
      return order > 0;
    case PredicateOp::kGreaterEqual:
      return order >= 0;
    case PredicateOp::kNotEqual:
      return order != 0;
    default:
      return order == 0;
  }
}

bool in_set(const Predicate& leaf, const Value& value) {
  return std::any_of(leaf.values.begin(), leaf.values.end(), [&](const Value& member) {
    return !is_null(member) && compare_as_sql(value, member) == 0;
  });
}

bool set_has_null(const Predicate& leaf) {
  return std::any_of(leaf.values.begin(), leaf.values.end(), is_null);
}

}  // namespace

std::strong_ordering compare_as_sql(const Value& a, const Value& b) {
  if (!is_float(a) || !is_float(b)) return compare(a, b);
  return compare(normal(a), normal(b));
}

bool is_nan(const Value& value) {
  if (const auto* number = std::get_if<float>(&value)) return std::isnan(*number);
  if (const auto* number = std::get_if<double>(&value)) return std::isnan(*number);
  return false;
}

std::string_view bytes_of(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* bytes = std::get_if<Bytes>(&value)) return bytes->data;
  return {};
}

bool leaf_matches(const Predicate& leaf, const Value& value) {
  switch (leaf.op) {
    case PredicateOp::kIsNull:
      return is_null(value);
    case PredicateOp::kNotNull:
      return !is_null(value);
    case PredicateOp::kIsNan:
      return is_nan(value);
    case PredicateOp::kNotNan:
      return !is_nan(value);
    case PredicateOp::kIn:
      return !is_null(value) && in_set(leaf, value);
    case PredicateOp::kNotIn:
      return !is_null(value) && !in_set(leaf, value) && !set_has_null(leaf);
    default:
      break;
  }
  const Value& literal = leaf.values.at(0);
  if (is_null(value) || is_null(literal)) return false;
  if (leaf.op == PredicateOp::kStartsWith) return bytes_of(value).starts_with(bytes_of(literal));
  if (leaf.op == PredicateOp::kNotStartsWith) {
    return !bytes_of(value).starts_with(bytes_of(literal));
  }
  return compares(leaf.op, compare_as_sql(value, literal));
}

}  // namespace firn::types

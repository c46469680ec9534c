// Comparing values as predicates do (Spark's order), for the evaluators of this module.
#pragma once

#include <algorithm>
#include <compare>
#include <string_view>

#include "types/predicate.h"

namespace firn::types {

// As compare(), but -0.0 equals 0.0 and all NaNs are one.
std::strong_ordering compare_as_sql(const Value& a, const Value& b);

bool is_nan(const Value& value);
// Bytes of a string or binary value; empty for others.
std::string_view bytes_of(const Value& value);

// One value, null included, against a leaf; exact.
bool leaf_matches(const Predicate& leaf, const Value& value);

// A predicate, from what `of_leaf` says of its leaves; NOTs are pushed into those.
template <typename OfLeaf>
bool holds(const Predicate& predicate, const OfLeaf& of_leaf) {
  const auto of_child = [&](const Predicate& child) { return holds(child, of_leaf); };
  switch (predicate.op) {
    case PredicateOp::kTrue:
      return true;
    case PredicateOp::kFalse:
      return false;
    case PredicateOp::kNot:
      return holds(without_not(predicate), of_leaf);
    case PredicateOp::kAnd:
      return std::all_of(predicate.children.begin(), predicate.children.end(), of_child);
    case PredicateOp::kOr:
      return std::any_of(predicate.children.begin(), predicate.children.end(), of_child);
    default:
      return of_leaf(predicate);
  }
}

}  // namespace firn::types

// Comparing values as predicates do (Spark's order), for the evaluators of this module.
#pragma once

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

}  // namespace firn::types

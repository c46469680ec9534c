// Predicates over Iceberg columns, bound by field id, with the three ways to evaluate them without
// reading rows.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "types/transform.h"

namespace firn::types {

// Predicates have SQL's logic as Spark has it: a null matches IS NULL and nothing else (NOT NAN
// apart), NaN equals NaN and is greater than every number, -0.0 equals 0.0.
enum class PredicateOp : uint8_t {
  kTrue,
  kFalse,
  kAnd,
  kOr,
  kNot,
  kIsNull,
  kNotNull,
  kIsNan,
  kNotNan,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kEqual,
  kNotEqual,
  kIn,
  kNotIn,
  kStartsWith,
  kNotStartsWith,
};

struct Predicate {
  PredicateOp op = PredicateOp::kTrue;
  int field_id = 0;                 // leaves
  std::vector<Value> values;        // leaves: 0, 1 or many, of the field's type
  std::vector<Predicate> children;  // and, or, not
};

Predicate always_true();
Predicate all_of(std::vector<Predicate>);
Predicate any_of(std::vector<Predicate>);
Predicate negate(Predicate);       // pushes NOT down to the leaves
Predicate without_not(Predicate);  // the same predicate, NOTs pushed into the leaves

struct ColumnBounds {  // what a manifest knows of one column of one file
  std::optional<int64_t> value_count, null_count, nan_count;
  std::optional<Value> lower, upper;  // strings may be truncated: lower ≤ min, upper ≥ max
};
using BoundsById = std::map<int, ColumnBounds>;

// False only where no row of a file with these bounds can match.
bool may_match(const Predicate&, const Schema&, const BoundsById&);
// True only where every row of such a file matches.
bool must_match(const Predicate&, const Schema&, const BoundsById&);
// Inclusive projection onto a spec's partition fields (field ids become the partition fields' ids):
// whatever row matches, its partition matches the result.
Predicate project_inclusive(const Predicate&, const Schema&, const PartitionSpec&);
// A partition tuple against a projected predicate: false only where nothing can match.
bool matches_partition(const Predicate& projected, const PartitionSpec&,
                       const std::vector<Value>& partition);
std::string to_string(const Predicate&, const Schema&);

}  // namespace firn::types

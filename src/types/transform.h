// Partition transforms, partition specs and sort orders (specification, "Partitioning", "Sorting").
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "types/schema.h"

namespace firn::types {

enum class TransformId : uint8_t {
  kIdentity,
  kBucket,
  kTruncate,
  kYear,
  kMonth,
  kDay,
  kHour,
  kVoid,
  kUnknown
};

struct Transform {
  TransformId id = TransformId::kIdentity;
  int parameter = 0;         // bucket count or truncate width
  std::string unknown_text;  // spelling of a transform firn does not know: readable, never written
  std::string to_string() const;  // "bucket[16]", "day", …
  bool operator==(const Transform&) const = default;
};

Transform parse_transform(std::string_view text);  // never throws: unknown ones are kept
bool can_transform(const Transform&, const Type& source);
Type result_type(const Transform&, const Type& source);  // day gives date, bucket int, …
// Null in, null out. Throws Error{kInvalidInput} where the transform does not apply to the type.
Value apply(const Transform&, const Type& source, const Value&);
// Murmur3 (x86, 32 bit, seed 0) of a value as Appendix B has it; not defined for null.
int32_t bucket_hash(const Type& source, const Value&);
// What it comes down to, for callers with columns of values: strings and binaries hash their bytes,
// int, long, date, time and timestamps (µs) as a long.
int32_t bucket_hash_of_bytes(std::string_view bytes);
int32_t bucket_hash_of_long(int64_t value);
// Cosmetic text for a partition path: 2017-11-16-22 for hours, "null" for null.
std::string to_human(const Transform&, const Type& source, const Value& partition_value);

struct PartitionField {
  int source_id = 0;
  int field_id = 0;  // 1000 and up
  std::string name;
  Transform transform;
  bool operator==(const PartitionField&) const = default;
};

struct PartitionSpec {
  int spec_id = 0;
  std::vector<PartitionField> fields;
  bool is_unpartitioned() const;  // no field but void ones
  // Struct of the results, field ids as in the spec, all optional.
  Type partition_type(const Schema&) const;
  // "day=2020-01-01/bucket=3", URL-encoded; "" where unpartitioned.
  std::string partition_path(const Schema&, const std::vector<Value>& partition) const;
  bool operator==(const PartitionSpec&) const = default;
};

struct SortField {
  int source_id = 0;
  Transform transform;
  bool ascending = true;
  bool nulls_first = true;
  bool operator==(const SortField&) const = default;
};

struct SortOrder {
  int order_id = 0;
  std::vector<SortField> fields;
  bool operator==(const SortOrder&) const = default;
};

}  // namespace firn::types

// Column metrics of a data file: modes (write.metadata.metrics.*), truncation of bounds, merging.
#pragma once

#include "iceberg/manifest.h"
#include "types/predicate.h"

namespace firn::iceberg {

enum class MetricsModeId : uint8_t { kNone, kCounts, kTruncate, kFull };
struct MetricsMode {
  MetricsModeId id = MetricsModeId::kTruncate;
  int length = 16;
};

// Mode of one column by the table's properties: write.metadata.metrics.column.<name>, .default
// (truncate(16)), and the limit of write.metadata.metrics.max-inferred-column-defaults (100).
MetricsMode metrics_mode(const Properties&, const types::Schema&, int field_id);

// Code points, not bytes; the upper bound increments its last code point and is absent where
// impossible.
std::string truncate_lower(std::string_view utf8, int code_points);
std::optional<std::string> truncate_upper(std::string_view utf8, int code_points);
std::string truncate_lower_bytes(std::string_view bytes, int length);
std::optional<std::string> truncate_upper_bytes(std::string_view bytes, int length);

// The value that a bound's bytes stand for; nullopt where they are no value of the type, or NaN:
// such a bound says nothing.
std::optional<types::Value> bound_from(std::string_view bytes, const types::Type&);

// A file's bounds as predicates want them. Unreadable bounds are left out.
types::BoundsById bounds_of(const DataFile&, const types::Schema&);

}  // namespace firn::iceberg

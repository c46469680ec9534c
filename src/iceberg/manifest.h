// Manifests and manifest lists as values (specification, "Manifests", "Manifest Lists").
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "iceberg/metadata.h"

namespace firn::iceberg {

enum class Content : uint8_t { kData = 0, kPositionDeletes = 1, kEqualityDeletes = 2 };
enum class EntryStatus : uint8_t { kExisting = 0, kAdded = 1, kDeleted = 2 };

// The maps of metrics, as bits.
enum MetricsMap : uint8_t {
  kColumnSizes = 1,
  kValueCounts = 2,
  kNullValueCounts = 4,
  kNanValueCounts = 8,
  kLowerBounds = 16,
  kUpperBounds = 32,
  kAllMetricsMaps = 63,
};

struct DataFile {
  Content content = Content::kData;
  std::string file_path;
  std::string file_format = "PARQUET";  // as written: upper case
  std::vector<types::Value> partition;  // one per field of the spec, in its order
  int64_t record_count = 0;
  int64_t file_size_in_bytes = 0;
  std::map<int, int64_t> column_sizes, value_counts, null_value_counts, nan_value_counts;
  std::map<int, std::string> lower_bounds, upper_bounds;  // single-value bytes
  // Which maps are there with nothing in them. Java's writers write such a map, others none at all,
  // and metadata tables show the difference.
  uint8_t empty_maps = 0;
  std::optional<std::string> key_metadata;
  std::vector<int64_t> split_offsets;
  std::vector<int> equality_ids;
  std::optional<int> sort_order_id;
  std::optional<int64_t> first_row_id;  // v3
  std::optional<std::string> referenced_data_file;
  std::optional<int64_t> content_offset, content_size_in_bytes;
  int spec_id = 0;  // not in the Avro record: from the manifest
  bool operator==(const DataFile&) const = default;
};

struct ManifestEntry {
  EntryStatus status = EntryStatus::kAdded;
  std::optional<SnapshotId> snapshot_id;          // null: inherited from the manifest list
  std::optional<SequenceNumber> sequence_number;  // data sequence number; null: inherited
  std::optional<SequenceNumber> file_sequence_number;
  DataFile data_file;
  bool operator==(const ManifestEntry&) const = default;
};

struct FieldSummary {  // of one partition field over a manifest
  bool contains_null = false;
  std::optional<bool> contains_nan;
  std::optional<std::string> lower_bound,
      upper_bound;  // single-value bytes of the transform's result type
  bool operator==(const FieldSummary&) const = default;
};

struct ManifestFile {  // one row of a manifest list
  std::string path;
  int64_t length = 0;
  int partition_spec_id = 0;
  bool is_deletes = false;
  SequenceNumber sequence_number = 0;
  SequenceNumber min_sequence_number = 0;
  SnapshotId added_snapshot_id = 0;
  std::optional<int> added_files_count, existing_files_count, deleted_files_count;
  std::optional<int64_t> added_rows_count, existing_rows_count, deleted_rows_count;
  std::vector<FieldSummary> partitions;  // empty where the file has none
  std::optional<std::string> key_metadata;
  std::optional<int64_t> first_row_id;  // v3
  bool operator==(const ManifestFile&) const = default;
};

// What a manifest's own header says.
struct ManifestHeader {
  int format_version = 2;
  types::Schema schema;
  types::PartitionSpec spec;
  bool is_deletes = false;
};

struct Manifest {
  ManifestHeader header;
  std::vector<ManifestEntry> entries;
};

}  // namespace firn::iceberg

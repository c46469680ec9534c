// A table's metadata as the specification's "Table Metadata" has it: plain values, no I/O.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "types/schema.h"
#include "types/transform.h"

namespace firn::iceberg {

using SnapshotId = int64_t;
using SequenceNumber = int64_t;
using Properties = std::map<std::string, std::string>;

struct Snapshot {
  SnapshotId id = 0;
  std::optional<SnapshotId> parent;
  SequenceNumber sequence_number = 0;  // 0 in format v1
  int64_t timestamp_ms = 0;
  std::string manifest_list;           // URI
  std::vector<std::string> manifests;  // v1 tables without a manifest list
  std::string operation;               // append, replace, overwrite, delete; "" where absent
  Properties summary;                  // without "operation"
  std::optional<int> schema_id;
  std::optional<int64_t> first_row_id, added_rows;  // v3
  bool operator==(const Snapshot&) const = default;
};

struct SnapshotRef {
  SnapshotId snapshot_id = 0;
  bool is_branch = true;  // else a tag
  std::optional<int> min_snapshots_to_keep;
  std::optional<int64_t> max_snapshot_age_ms, max_ref_age_ms;
  bool operator==(const SnapshotRef&) const = default;
};

struct SnapshotLogEntry {
  int64_t timestamp_ms = 0;
  SnapshotId snapshot_id = 0;
  bool operator==(const SnapshotLogEntry&) const = default;
};
struct MetadataLogEntry {
  int64_t timestamp_ms = 0;
  std::string file;
  bool operator==(const MetadataLogEntry&) const = default;
};

struct TableMetadata {
  int format_version = 2;
  std::string table_uuid;
  std::string location;
  SequenceNumber last_sequence_number = 0;
  int64_t last_updated_ms = 0;
  int last_column_id = 0;
  std::vector<types::Schema> schemas;
  int current_schema_id = 0;
  std::vector<types::PartitionSpec> specs;
  int default_spec_id = 0;
  int last_partition_id = 999;
  std::vector<types::SortOrder> sort_orders;
  int default_sort_order_id = 0;
  Properties properties;
  std::optional<SnapshotId> current_snapshot_id;  // absent: no snapshot (-1 in files)
  std::vector<Snapshot> snapshots;
  std::vector<SnapshotLogEntry> snapshot_log;
  std::vector<MetadataLogEntry> metadata_log;
  std::map<std::string, SnapshotRef> refs;
  std::vector<std::string> statistics;  // JSON objects kept as they are
  std::vector<std::string> partition_statistics;
  std::optional<int64_t> next_row_id;        // v3
  std::vector<std::string> encryption_keys;  // v3, kept as they are

  const types::Schema& schema() const;  // current; throws Error{kCorrupt} where it is missing
  const types::Schema& schema_by_id(int id) const;
  const types::PartitionSpec& spec() const;  // default
  const types::PartitionSpec& spec_by_id(int id) const;
  const Snapshot* snapshot_by_id(SnapshotId) const;  // nullptr where expired or unknown
  const Snapshot* current_snapshot() const;          // nullptr for an empty table
  const Snapshot* head_of(const std::string& branch) const;
};

}  // namespace firn::iceberg

// The REST specification's table requirements and updates as values, their JSON, and their effect
// on metadata. Every change to a table is a list of these: there is no second way to commit.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "iceberg/metadata.h"

namespace firn::iceberg {

// ---- requirements
struct AssertCreate {};
struct AssertTableUuid {
  std::string uuid;
};
struct AssertRefSnapshotId {
  std::string ref;
  std::optional<SnapshotId> snapshot_id;
};  // absent: the ref must not exist
struct AssertLastAssignedFieldId {
  int id;
};
struct AssertCurrentSchemaId {
  int id;
};
struct AssertLastAssignedPartitionId {
  int id;
};
struct AssertDefaultSpecId {
  int id;
};
struct AssertDefaultSortOrderId {
  int id;
};
using Requirement =
    std::variant<AssertCreate, AssertTableUuid, AssertRefSnapshotId, AssertLastAssignedFieldId,
                 AssertCurrentSchemaId, AssertLastAssignedPartitionId, AssertDefaultSpecId,
                 AssertDefaultSortOrderId>;

// ---- updates
struct AssignUuid {
  std::string uuid;
};
struct UpgradeFormatVersion {
  int format_version;
};
struct AddSchema {
  types::Schema schema;
};
struct SetCurrentSchema {
  int schema_id;
};  // -1: the last one added
struct AddPartitionSpec {
  types::PartitionSpec spec;
};
struct SetDefaultSpec {
  int spec_id;
};  // -1: the last one added
struct AddSortOrder {
  types::SortOrder order;
};
struct SetDefaultSortOrder {
  int order_id;
};  // -1: the last one added
struct AddSnapshot {
  Snapshot snapshot;
};
struct SetSnapshotRef {
  std::string name;
  SnapshotRef ref;
};
struct RemoveSnapshots {
  std::vector<SnapshotId> ids;
};
struct RemoveSnapshotRef {
  std::string name;
};
struct SetLocation {
  std::string location;
};
struct SetProperties {
  Properties properties;
};
struct RemoveProperties {
  std::vector<std::string> keys;
};
struct SetStatistics {
  SnapshotId snapshot_id = 0;
  std::string json;
};  // the statistics file's object
struct RemoveStatistics {
  SnapshotId snapshot_id = 0;
};
struct SetPartitionStatistics {
  SnapshotId snapshot_id = 0;
  std::string json;
};
struct RemovePartitionStatistics {
  SnapshotId snapshot_id = 0;
};
struct RemovePartitionSpecs {
  std::vector<int> ids;
};
struct RemoveSchemas {
  std::vector<int> ids;
};
using Update =
    std::variant<AssignUuid, UpgradeFormatVersion, AddSchema, SetCurrentSchema, AddPartitionSpec,
                 SetDefaultSpec, AddSortOrder, SetDefaultSortOrder, AddSnapshot, SetSnapshotRef,
                 RemoveSnapshots, RemoveSnapshotRef, SetLocation, SetProperties, RemoveProperties,
                 SetStatistics, RemoveStatistics, SetPartitionStatistics, RemovePartitionStatistics,
                 RemovePartitionSpecs, RemoveSchemas>;

struct TableChange {
  std::vector<Requirement> requirements;
  std::vector<Update> updates;
};

// The first requirement that `base` breaks, in words; nullopt where all hold. `base` null: the
// table does not exist.
std::optional<std::string> broken_requirement(const TableMetadata* base,
                                              const std::vector<Requirement>&);

// Metadata after the updates. `base` null: a new table. Ids are re-assigned as Java's
// TableMetadata.Builder does; snapshot-log and refs are kept consistent, a snapshot whose sequence
// number is not newer than the table's is refused with Error{kConflict} (retryable). A format v1
// table becomes v2; v3 tables are refused. `previous_file` (if any) enters the metadata log,
// trimmed by write.metadata.previous-versions-max.
TableMetadata apply(const TableMetadata* base, const std::vector<Update>&, int64_t now_ms,
                    const std::optional<std::string>& previous_file);

std::string write_requirement(const Requirement&);  // JSON as in the REST specification
std::string write_update(const Update&);
Requirement parse_requirement(std::string_view json);
Update parse_update(std::string_view json);

}  // namespace firn::iceberg

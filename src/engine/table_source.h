// What a resolved TableScan points to: a table's state, pinned at resolution. The scan plans its
// files when the query runs.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "files/file_store.h"
#include "iceberg/metadata.h"
#include "table/position_set.h"
#include "table/scan.h"

namespace firn::plan {

// Columns that a scan can give beside the table's own, by the field ids that the specification
// reserves. They stand behind the others in TableScan::columns.
inline constexpr int kFileField = 2147483646;  // _file STRING: the data file's URI
inline constexpr int kPosField = 2147483645;   // _pos BIGINT: the row's position in it
inline constexpr int kFirstReservedField = 2147483447;

struct TableSource {
  std::shared_ptr<const iceberg::TableMetadata> metadata;
  std::optional<iceberg::SnapshotId> snapshot_id;  // absent: current of `metadata`
  files::FileStore* store = nullptr;
  std::shared_ptr<table::ManifestCache> manifests;
  // The files to read where whoever made the source has planned them (incremental reads); then the
  // schema is the current one.
  std::shared_ptr<const std::vector<table::ScanTask>> tasks;
  // Columns are those of the current schema although the snapshot is another: heads of branches.
  bool current_schema = false;
  // Statements that rewrite files read these alone (by URI), without these rows. Absent: all.
  std::shared_ptr<const std::set<std::string>> only_files;
  std::shared_ptr<const table::PositionSet> hidden_rows;
};

}  // namespace firn::plan

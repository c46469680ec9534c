// What a resolved TableScan points to: a table's state, pinned at resolution. The scan plans its
// files when the query runs.
#pragma once

#include <memory>
#include <optional>

#include "files/file_store.h"
#include "iceberg/metadata.h"
#include "table/scan.h"

namespace firn::plan {

struct TableSource {
  std::shared_ptr<const iceberg::TableMetadata> metadata;
  std::optional<iceberg::SnapshotId> snapshot_id;  // absent: current of `metadata`
  files::FileStore* store = nullptr;
  std::shared_ptr<table::ManifestCache> manifests;
  // The files to read where whoever made the source has planned them (incremental reads); then the
  // schema is the current one.
  std::shared_ptr<const std::vector<table::ScanTask>> tasks;
};

}  // namespace firn::plan

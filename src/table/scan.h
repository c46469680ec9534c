// Which files a scan must read: pruned at manifest list, manifest and file, deletes matched to
// their data files.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "iceberg/manifest.h"
#include "table/table.h"
#include "types/predicate.h"

namespace firn::table {

struct ScanRequest {
  std::optional<iceberg::SnapshotId> snapshot_id;  // absent: current
  types::Predicate filter;                         // over the scan schema's field ids
  bool current_schema = false;  // read the snapshot with the current schema, not with its own
};

struct ScanTask {
  std::shared_ptr<const iceberg::DataFile> file;  // shares the cached manifest: no copy a file
  iceberg::SequenceNumber sequence_number = 0;
  std::vector<std::shared_ptr<const iceberg::DataFile>>
      position_deletes;  // that apply to this file
  std::vector<std::shared_ptr<const iceberg::DataFile>> equality_deletes;
};

struct ScanPlan {
  types::Schema schema;  // current; the snapshot's where an older one than the current is named
  std::vector<ScanTask> tasks;
  int64_t manifests_total = 0, manifests_read = 0, files_total = 0,
          files_skipped = 0;  // shown by EXPLAIN
};

// Manifests are cached by path in `cache` (shared by all scans of a process). Deletion vectors (v3)
// are refused by name.
class ManifestCache;
std::shared_ptr<ManifestCache> make_manifest_cache(int64_t max_bytes);
ScanPlan plan_scan(const iceberg::TableMetadata&, files::FileStore&, const ScanRequest&,
                   ManifestCache* cache);

}  // namespace firn::table

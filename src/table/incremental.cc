// See incremental.h.
#include "table/incremental.h"

#include <set>

#include "base/error.h"
#include "table/manifest_cache.h"
#include "table/snapshot_files.h"
#include "table/token.h"

namespace firn::table {

std::vector<ScanTask> added_between(const iceberg::TableMetadata& metadata, files::FileStore& store,
                                    std::optional<iceberg::SnapshotId> after,
                                    iceberg::SnapshotId to, ManifestCache* cache) {
  if (metadata.snapshot_by_id(to) == nullptr)
    throw_invalid("snapshot " + std::to_string(to) +
                  " is not in the table's metadata: it has been expired or never was");
  std::vector<const iceberg::Snapshot*> range;  // newest first
  bool reached = !after;
  for (const iceberg::Snapshot* snapshot : ancestry(metadata, to)) {
    if (after && snapshot->id == *after) {
      reached = true;
      break;
    }
    range.push_back(snapshot);
    if (after && snapshot->parent == after) reached = true;
  }
  if (!reached)
    throw_invalid("Starting snapshot (exclusive) " + std::to_string(*after) +
                  " is not a parent ancestor of end snapshot " + std::to_string(to));
  std::vector<ScanTask> tasks;
  for (auto at = range.rbegin(); at != range.rend(); ++at) {
    const iceberg::Snapshot& snapshot = **at;
    if (snapshot.operation != "append") continue;
    for (const iceberg::ManifestFile& row : manifests_of(store, metadata, snapshot)) {
      if (row.is_deletes || row.added_snapshot_id != snapshot.id) continue;
      const auto manifest =
          cache != nullptr ? cache->get(store, row)
                           : std::make_shared<const iceberg::Manifest>(load_manifest(store, row));
      for (const iceberg::ManifestEntry& entry : manifest->entries) {
        if (entry.status != iceberg::EntryStatus::kAdded || entry.snapshot_id != snapshot.id)
          continue;
        ScanTask& task = tasks.emplace_back();
        task.file = {manifest, &entry.data_file};
        task.sequence_number = entry.sequence_number.value_or(0);
      }
    }
  }
  return tasks;
}

}  // namespace firn::table

// See expire.h.
#include "table/expire.h"

#include <algorithm>
#include <set>
#include <unordered_set>

#include "table/snapshot_files.h"
#include "table/token.h"

namespace firn::table {

namespace {

using iceberg::Snapshot;
using iceberg::SnapshotId;

std::vector<const Snapshot*> line_of(const iceberg::TableMetadata& metadata,
                                     const std::string& branch) {
  const Snapshot* head = metadata.head_of(branch);
  return head == nullptr ? std::vector<const Snapshot*>{} : ancestry(metadata, head->id);
}

// Snapshots that refs other than `branch` need: a tag its own, a branch its whole line.
std::unordered_set<SnapshotId> needed_by_others(const iceberg::TableMetadata& metadata,
                                                const std::string& branch) {
  std::unordered_set<SnapshotId> needed;
  for (const auto& [name, ref] : metadata.refs) {
    if (name == branch) continue;
    if (!ref.is_branch) {
      needed.insert(ref.snapshot_id);
      continue;
    }
    for (const Snapshot* snapshot : ancestry(metadata, ref.snapshot_id))
      needed.insert(snapshot->id);
  }
  return needed;
}

bool dropped_files(const Snapshot& snapshot) {
  if (snapshot.operation != "append") return true;
  const auto replaced = snapshot.summary.find("manifests-replaced");
  return replaced != snapshot.summary.end() && replaced->second != "0";
}

// Manifests of `expired` that its successor has no more, and data files that the successor deleted.
void add_dropped(files::FileStore& store, const iceberg::TableMetadata& metadata,
                 const Snapshot& expired, const Snapshot& successor, std::set<std::string>& freed) {
  const auto newer = manifests_of(store, metadata, successor);
  std::unordered_set<std::string> still_there;
  for (const auto& row : newer) still_there.insert(row.path);
  for (const auto& row : manifests_of(store, metadata, expired)) {
    if (!still_there.contains(row.path)) freed.insert(row.path);
  }
  for (const auto& row : newer) {
    if (row.added_snapshot_id != successor.id || row.deleted_files_count == 0) continue;
    for (const auto& entry : load_manifest(store, row).entries) {
      if (entry.status == iceberg::EntryStatus::kDeleted && entry.snapshot_id == successor.id) {
        freed.insert(entry.data_file.file_path);
      }
    }
  }
}

}  // namespace

std::vector<SnapshotId> expirable(const iceberg::TableMetadata& metadata, const ExpiryRule& rule) {
  std::vector<const Snapshot*> line = line_of(metadata, rule.branch);
  if (line.size() <= static_cast<size_t>(std::max(rule.keep_newest, 0))) return {};
  const std::unordered_set<SnapshotId> needed = needed_by_others(metadata, rule.branch);
  std::vector<SnapshotId> old;
  for (size_t i = line.size(); i > static_cast<size_t>(std::max(rule.keep_newest, 0)); --i) {
    const SnapshotId id = line[i - 1]->id;
    if (needed.contains(id) || std::ranges::find(rule.keep, id) != rule.keep.end()) break;
    old.push_back(id);
  }
  return old;
}

std::vector<std::string> freed_by(files::FileStore& store, const iceberg::TableMetadata& metadata,
                                  const std::string& branch,
                                  const std::vector<SnapshotId>& expired) {
  const std::vector<const Snapshot*> line = line_of(metadata, branch);  // newest first
  const bool one_line = metadata.refs.size() <= 1 && line.size() == metadata.snapshots.size();
  const std::unordered_set<SnapshotId> gone(expired.begin(), expired.end());
  std::set<std::string> freed;
  for (size_t i = 0; i < line.size(); ++i) {
    const Snapshot& snapshot = *line[i];
    if (!gone.contains(snapshot.id)) continue;
    if (!snapshot.manifest_list.empty()) freed.insert(snapshot.manifest_list);
    if (one_line && i > 0 && dropped_files(*line[i - 1])) {
      add_dropped(store, metadata, snapshot, *line[i - 1], freed);
    }
  }
  return {freed.begin(), freed.end()};
}

}  // namespace firn::table

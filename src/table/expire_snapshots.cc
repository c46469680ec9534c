// See expire_snapshots.h.
#include "table/expire_snapshots.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "base/error.h"
#include "conf/conf.h"
#include "table/retry.h"
#include "table/snapshot_files.h"
#include "table/token.h"

namespace firn::table {
namespace {

using iceberg::Snapshot;
using iceberg::SnapshotId;
using iceberg::TableMetadata;

constexpr const char* kMain = "main";

std::set<SnapshotId> needed(const TableMetadata& metadata, const ExpireRequest& request,
                            const std::vector<std::string>& dropped_refs, int64_t now_ms) {
  const int64_t older_than = request.older_than_ms.value_or(
      now_ms - number_property(metadata.properties, "history.expire.max-snapshot-age-ms",
                               5LL * 24 * 3600 * 1000));
  const auto retain = static_cast<size_t>(std::max<int64_t>(
      1, request.retain_last
             ? *request.retain_last
             : number_property(metadata.properties, "history.expire.min-snapshots-to-keep", 1)));
  std::set<SnapshotId> keep, referenced;
  for (const auto& [name, ref] : metadata.refs) {
    if (std::ranges::find(dropped_refs, name) != dropped_refs.end()) continue;
    keep.insert(ref.snapshot_id);
    if (!ref.is_branch) {
      referenced.insert(ref.snapshot_id);
      continue;
    }
    const int64_t oldest = ref.max_snapshot_age_ms ? now_ms - *ref.max_snapshot_age_ms : older_than;
    const size_t at_least =
        ref.min_snapshots_to_keep ? static_cast<size_t>(*ref.min_snapshots_to_keep) : retain;
    size_t kept = 0;
    bool keeping = true;
    for (const Snapshot* one : ancestry(metadata, ref.snapshot_id)) {
      referenced.insert(one->id);
      keeping = keeping && (kept < at_least || one->timestamp_ms >= oldest);
      if (!keeping) continue;
      keep.insert(one->id);
      ++kept;
    }
  }
  for (const Snapshot& one : metadata.snapshots) {  // staged ones, and those that were rolled back
    if (!referenced.contains(one.id) && one.timestamp_ms >= older_than) keep.insert(one.id);
  }
  return keep;
}

// "statistics-path" of a statistics file's JSON object.
std::optional<std::string> statistics_path(const std::string& object) {
  constexpr std::string_view kKey = "\"statistics-path\":";
  const size_t at = object.find(kKey);
  if (at == std::string::npos) return std::nullopt;
  const size_t from = object.find('"', at + kKey.size());
  const size_t to = from == std::string::npos ? from : object.find('"', from + 1);
  if (to == std::string::npos) return std::nullopt;
  return object.substr(from + 1, to - from - 1);
}

struct Reachable {
  std::set<std::string> lists, statistics;
  std::map<std::string, iceberg::ManifestFile> manifests;
};

Reachable reachable(files::FileStore& store, const TableMetadata& metadata,
                    const std::set<SnapshotId>& ids, bool inside) {
  Reachable found;
  for (const Snapshot& snapshot : metadata.snapshots) {
    if (ids.contains(snapshot.id) != inside) continue;
    if (!snapshot.manifest_list.empty()) found.lists.insert(snapshot.manifest_list);
    try {
      for (iceberg::ManifestFile& row : manifests_of(store, metadata, snapshot)) {
        std::string path = row.path;
        found.manifests.emplace(std::move(path), std::move(row));
      }
    } catch (const Error& error) {
      if (!inside || error.code() != Code::kNotFound) throw;  // an earlier expiry was cut short
    }
  }
  return found;
}

// The files that manifests name, by content. `live`: without those that they say are gone.
std::map<std::string, iceberg::Content> files_in(
    files::FileStore& store, const std::vector<const iceberg::ManifestFile*>& manifests,
    bool live) {
  std::map<std::string, iceberg::Content> files;
  for (const iceberg::ManifestFile* row : manifests) {
    try {
      for (const iceberg::ManifestEntry& entry : load_manifest(store, *row).entries) {
        if (!live || entry.status != iceberg::EntryStatus::kDeleted)
          files.emplace(entry.data_file.file_path, entry.data_file.content);
      }
    } catch (const Error& error) {
      // Of what goes, an earlier expiry may have taken parts; what stays must be read whole.
      if (live || error.code() != Code::kNotFound) throw;
    }
  }
  return files;
}

struct Freed {
  ExpireResult counts;
  std::vector<std::string> files;  // referrers last
};

Freed freed_files(files::FileStore& store, const TableMetadata& before,
                  const std::set<SnapshotId>& gone) {
  Freed freed;
  const Reachable old = reachable(store, before, gone, true);
  const Reachable kept = reachable(store, before, gone, false);
  std::vector<const iceberg::ManifestFile*> dropped, staying;
  for (const auto& [path, row] : old.manifests)
    if (!kept.manifests.contains(path)) dropped.push_back(&row);
  for (const auto& [path, row] : kept.manifests) staying.push_back(&row);
  if (!dropped.empty()) {
    const auto candidates = files_in(store, dropped, false);
    const auto live = files_in(store, staying, true);
    for (const auto& [path, content] : candidates) {
      if (live.contains(path)) continue;
      freed.files.push_back(path);
      ++(content == iceberg::Content::kData              ? freed.counts.data_files
         : content == iceberg::Content::kPositionDeletes ? freed.counts.position_delete_files
                                                         : freed.counts.equality_delete_files);
    }
  }
  for (const iceberg::ManifestFile* row : dropped) freed.files.push_back(row->path);
  freed.counts.manifests = static_cast<int64_t>(dropped.size());
  for (const std::string& list : old.lists) {
    if (kept.lists.contains(list)) continue;
    freed.files.push_back(list);
    ++freed.counts.manifest_lists;
  }
  for (const std::string& object : before.statistics) {
    for (const SnapshotId id : gone) {
      if (object.find("\"snapshot-id\":" + std::to_string(id)) == std::string::npos) continue;
      if (auto path = statistics_path(object)) {
        freed.files.push_back(std::move(*path));
        ++freed.counts.statistics;
      }
    }
  }
  return freed;
}

}  // namespace

ExpirePlan plan_expiry(const TableMetadata& metadata, const ExpireRequest& request,
                       int64_t now_ms) {
  ExpirePlan plan;
  const int64_t default_age = number_property(metadata.properties, "history.expire.max-ref-age-ms",
                                              std::numeric_limits<int64_t>::max());
  for (const auto& [name, ref] : metadata.refs) {
    if (name == kMain) continue;
    const Snapshot* snapshot = metadata.snapshot_by_id(ref.snapshot_id);
    const int64_t most = ref.max_ref_age_ms.value_or(default_age);
    if (snapshot == nullptr || now_ms - snapshot->timestamp_ms > most) plan.refs.push_back(name);
  }
  const std::set<SnapshotId> keep = needed(metadata, request, plan.refs, now_ms);
  for (const SnapshotId id : request.ids) {
    std::string users;
    for (const auto& [name, ref] : metadata.refs) {
      const bool dropped = std::ranges::find(plan.refs, name) != plan.refs.end();
      if (ref.snapshot_id == id && !dropped) users += (users.empty() ? "" : ", ") + name;
    }
    if (!users.empty())
      throw_invalid("Cannot expire " + std::to_string(id) + ". Still referenced by refs: [" +
                    users + "]");
  }
  for (const Snapshot& one : metadata.snapshots) {
    const bool asked = std::ranges::find(request.ids, one.id) != request.ids.end();
    if (asked || !keep.contains(one.id)) plan.snapshots.push_back(one.id);
  }
  return plan;
}

ExpireResult expire_snapshots(Table& table, const ExpireRequest& request, Clock& clock,
                              Random& random, StopToken stop) {
  if (!conf::bool_of(table.metadata().properties, "gc.enabled"))
    throw_invalid(
        "Cannot expire snapshots: GC is disabled (deleting files may corrupt other "
        "tables)");
  Attempts attempts(retry_policy(table.metadata().properties), clock, random, std::move(stop));
  std::string reason;
  while (attempts.next()) {
    if (attempts.made() > 1) table.refresh();
    const auto base = table.shared_metadata();
    const ExpirePlan plan = plan_expiry(*base, request, clock.now_ms());
    if (plan.snapshots.empty() && plan.refs.empty()) return {};
    const Freed freed =
        freed_files(table.store(), *base, {plan.snapshots.begin(), plan.snapshots.end()});
    iceberg::TableChange change;
    change.requirements.push_back(iceberg::AssertTableUuid{base->table_uuid});
    for (const auto& [name, ref] : base->refs)
      change.requirements.push_back(iceberg::AssertRefSnapshotId{name, ref.snapshot_id});
    for (const std::string& name : plan.refs)
      change.updates.push_back(iceberg::RemoveSnapshotRef{name});
    if (!plan.snapshots.empty()) change.updates.push_back(iceberg::RemoveSnapshots{plan.snapshots});
    Reply reply = table.pointer().commit(change);
    if (reply.kind == ReplyKind::kUnknown)
      throw Error("COMMIT_UNKNOWN", {{"table", table.name()}, {"reason", reply.reason}});
    if (reply.kind == ReplyKind::kCommitted) {
      if (reply.state) table.adopt(std::move(*reply.state));
      remove_files(table.store(), freed.files);
      return freed.counts;
    }
    reason = reply.reason;
  }
  throw Error("COMMIT_CONFLICT", {{"table", table.name()}, {"reason", reason}});
}

}  // namespace firn::table

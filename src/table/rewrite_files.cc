// See rewrite_files.h.
#include "table/rewrite_files.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_set>

#include "base/error.h"
#include "table/change_summary.h"
#include "table/delete_index.h"
#include "table/proposal.h"
#include "table/snapshot_files.h"
#include "table/token.h"

namespace firn::table {
namespace {

using iceberg::ManifestEntry;
using iceberg::ManifestFile;

// A rule forbids the commit: no further attempt.
struct Forbidden {
  std::string reason;
};

class Rewrite {
 public:
  Rewrite(Table& table, const RewriteRequest& request, Clock& clock, Random& random)
      : table_(table),
        request_(request),
        clock_(clock),
        random_(random),
        snapshot_id_(random_snapshot_id(random, table.metadata())),
        files_(table.store(), table.metadata_location(), snapshot_id_, random) {
    for (const auto& file : request.removed) removed_.insert(file->file_path);
    for (const auto& file : request.removed_deletes) removed_.insert(file->file_path);
  }

  CommitOutcome run(StopToken stop) {
    const Operation operation = {
        .snapshot_id = snapshot_id_,
        .branch = request_.branch,
        .already_in = [](const iceberg::TableMetadata&) { return std::optional<Committed>(); },
        .propose = [this](const iceberg::TableMetadata& base, int attempt)
            -> std::optional<Proposal> { return propose(base, attempt); },
    };
    try {
      return run_commit(table_, operation, files_, clock_, random_, std::move(stop));
    } catch (const Forbidden& forbidden) {
      return Conflict{forbidden.reason};
    }
  }

 private:
  Proposal propose(const iceberg::TableMetadata& base, int attempt) {
    const iceberg::Snapshot* parent = parent_for(base, request_.branch);
    if (parent == nullptr) throw Forbidden{"the table has been emptied meanwhile"};
    const iceberg::SequenceNumber next = base.last_sequence_number + 1;
    check_deletes(base, *parent);
    std::vector<ManifestFile> rows = added_manifests(base, next);
    std::unordered_set<std::string> missing(removed_.begin(), removed_.end());
    ChangeCounts counts;
    for (const auto& file : request_.added) counts.add(file);
    for (const auto& deletes : request_.added_deletes) counts.add(deletes.file);
    int64_t replaced = 0, kept = 0;
    const size_t created_for_added = rows.size();
    const std::vector<ManifestFile> older = manifests_of(table_.store(), base, *parent);
    iceberg::SequenceNumber oldest = request_.added.empty() ? next : request_.data_sequence_number;
    for (const bool deletes : {false, true}) {  // data first: it says which deletes are of no use
      for (const ManifestFile& row : older) {
        if (row.is_deletes != deletes) continue;
        auto changed = without_removed(row, missing, next, oldest, counts);
        changed ? ++replaced : ++kept;
        const ManifestFile& now = rows.emplace_back(changed ? std::move(*changed) : row);
        const bool live = now.added_files_count != 0 || now.existing_files_count != 0;
        if (!deletes && live) oldest = std::min(oldest, now.min_sequence_number);
      }
    }
    if (!missing.empty()) throw Forbidden{"Missing required files to delete: " + *missing.begin()};
    const auto created = static_cast<int64_t>(created_for_added) + replaced;
    return propose_snapshot(
        table_.store(), files_, base,
        {.snapshot_id = snapshot_id_,
         .branch = request_.branch,
         .operation = "replace",
         .summary = counts.summary(parent, {{"manifests-created", std::to_string(created)},
                                            {"manifests-kept", std::to_string(kept)},
                                            {"manifests-replaced", std::to_string(replaced)}}),
         .rows = std::move(rows),
         .attempt = attempt,
         .now_ms = clock_.now_ms(),
         .max_snapshots = 0,
         .keep_snapshots = {}});
  }

  // The row of the manifest without the removed files (marked DELETED), and without deletes that
  // are older than `oldest`, the oldest data; nullopt where it has none of them.
  std::optional<ManifestFile> without_removed(const ManifestFile& row,
                                              std::unordered_set<std::string>& missing,
                                              iceberg::SequenceNumber next,
                                              iceberg::SequenceNumber oldest,
                                              ChangeCounts& counts) {
    if (row.is_deletes && request_.removed_deletes.empty() && row.min_sequence_number >= oldest)
      return std::nullopt;
    iceberg::Manifest manifest = load_manifest(table_.store(), row);
    bool touched = false;
    std::erase_if(manifest.entries, [](const ManifestEntry& entry) {
      return entry.status == iceberg::EntryStatus::kDeleted;
    });
    for (ManifestEntry& entry : manifest.entries) {
      const bool aimless = row.is_deletes && entry.sequence_number.value_or(0) < oldest;
      if (aimless || removed_.contains(entry.data_file.file_path)) {
        entry.data_file.spec_id = row.partition_spec_id;
        counts.remove(entry.data_file);
        entry.status = iceberg::EntryStatus::kDeleted;
        entry.snapshot_id = snapshot_id_;
        missing.erase(entry.data_file.file_path);
        touched = true;
      } else {
        entry.status = iceberg::EntryStatus::kExisting;
      }
    }
    if (!touched) return std::nullopt;
    manifest.header.format_version = 2;
    return files_.write(manifest, next);
  }

  // The new files keep the data sequence number of the rows that they hold.
  std::vector<ManifestFile> added_manifests(const iceberg::TableMetadata& base,
                                            iceberg::SequenceNumber next) {
    std::map<int, iceberg::Manifest> by_spec;
    for (const iceberg::DataFile& file : request_.added) {
      iceberg::Manifest& manifest = by_spec[file.spec_id];
      if (manifest.entries.empty())
        manifest.header = {2, base.schema(), base.spec_by_id(file.spec_id), false};
      ManifestEntry entry;
      entry.status = iceberg::EntryStatus::kAdded;
      entry.snapshot_id = snapshot_id_;
      entry.sequence_number = request_.data_sequence_number;
      entry.data_file = file;
      manifest.entries.push_back(std::move(entry));
    }
    std::vector<ManifestFile> rows;
    for (const auto& [spec, manifest] : by_spec) rows.push_back(files_.write(manifest, next));
    by_spec.clear();
    for (const RewrittenDeletes& deletes : request_.added_deletes) {
      iceberg::Manifest& manifest = by_spec[deletes.file.spec_id];
      manifest.header = {2, base.schema(), base.spec_by_id(deletes.file.spec_id), true};
      manifest.entries.push_back({iceberg::EntryStatus::kAdded,
                                  snapshot_id_,
                                  deletes.data_sequence_number,
                                  {},
                                  deletes.file});
    }
    for (const auto& [spec, manifest] : by_spec) rows.push_back(files_.write(manifest, next));
    return rows;
  }

  // Position deletes that others have committed since, for one of the removed files.
  void check_deletes(const iceberg::TableMetadata& base, const iceberg::Snapshot& parent) {
    std::set<iceberg::SnapshotId> newer;
    bool reached = false;
    for (const iceberg::Snapshot* one : ancestry(base, parent.id)) {
      reached = one->id == request_.since;
      if (reached) break;
      newer.insert(one->id);
    }
    if (!reached)
      throw Forbidden{"the snapshot that was compacted is no longer in the branch's history"};
    if (newer.empty()) return;
    DeleteIndex index;
    for (const ManifestFile& row : manifests_of(table_.store(), base, parent)) {
      if (!row.is_deletes || !newer.contains(row.added_snapshot_id)) continue;
      const auto manifest =
          std::make_shared<const iceberg::Manifest>(load_manifest(table_.store(), row));
      for (const ManifestEntry& entry : manifest->entries) {
        const bool added = entry.status == iceberg::EntryStatus::kAdded && entry.snapshot_id &&
                           newer.contains(*entry.snapshot_id);
        if (added)
          index.add({manifest, &entry.data_file}, entry.sequence_number.value_or(0),
                    base.spec_by_id(entry.data_file.spec_id).is_unpartitioned());
      }
    }
    if (index.empty()) return;
    for (const auto& file : request_.removed) {
      if (!index.find(*file, request_.data_sequence_number).position_deletes.empty())
        throw Forbidden{"Cannot commit, found new delete for replaced data file: " +
                        file->file_path};
    }
  }

  Table& table_;
  const RewriteRequest& request_;
  Clock& clock_;
  Random& random_;
  const iceberg::SnapshotId snapshot_id_;
  SnapshotFiles files_;
  std::unordered_set<std::string> removed_;
};

}  // namespace

CommitOutcome rewrite_files(Table& table, const RewriteRequest& request, Clock& clock,
                            Random& random, StopToken stop) {
  return Rewrite(table, request, clock, random).run(std::move(stop));
}

}  // namespace firn::table

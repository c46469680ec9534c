// See change.h.
#include "table/change.h"

#include <algorithm>
#include <map>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "table/change_summary.h"
#include "table/conflict_check.h"
#include "table/manifest_merge.h"
#include "table/partition_key.h"
#include "table/proposal.h"
#include "table/snapshot_files.h"

namespace firn::table {
namespace {

using iceberg::DataFile;
using iceberg::EntryStatus;
using iceberg::ManifestFile;
using types::Predicate;

constexpr int kFilePathFieldId = 2147483546;  // of file_path in position delete files

// The one data file that a position delete file is about, where it says so.
const std::string* only_target(const DataFile& file) {
  if (file.content != iceberg::Content::kPositionDeletes) return nullptr;
  if (file.referenced_data_file) return &*file.referenced_data_file;
  const auto lower = file.lower_bounds.find(kFilePathFieldId);
  const auto upper = file.upper_bounds.find(kFilePathFieldId);
  const bool one = lower != file.lower_bounds.end() && upper != file.upper_bounds.end() &&
                   lower->second == upper->second;
  return one ? &lower->second : nullptr;
}

class Change {
 public:
  Change(Table& table, const ChangeRequest& request, Clock& clock, Random& random)
      : table_(table),
        request_(request),
        clock_(clock),
        random_(random),
        files_(table.store(), table.metadata_location(), request.snapshot_id, random),
        merger_(table.store(), files_, request.snapshot_id) {
    for (const auto& file : request.removed_files) removed_paths_.insert(file->file_path);
    for (const auto& file : request.removed_files) removed_specs_.insert(file->spec_id);
    if (request.replace_partitions) {
      for (const DataFile& file : request.added_files)
        replaced_.insert(partition_key(file.spec_id, file.partition));
    }
  }

  CommitOutcome run(StopToken stop) {
    const Operation operation = {
        .snapshot_id = request_.snapshot_id,
        .branch = request_.branch,
        .already_in = [](const iceberg::TableMetadata&) { return std::optional<Committed>(); },
        .propose = [this](const iceberg::TableMetadata& base,
                          int attempt) { return propose(base, attempt); },
    };
    return run_commit(table_, operation, files_, clock_, random_, std::move(stop));
  }

 private:
  // A manifest without the entries that go, written once and reused by later attempts.
  struct Filtered {
    std::optional<ManifestFile> row;  // absent: nothing of it goes
    iceberg::SequenceNumber stamped = 0;
    std::vector<DataFile> removed;
  };

  std::optional<Proposal> propose(const iceberg::TableMetadata& base, int attempt) {
    const iceberg::SequenceNumber next = base.last_sequence_number + 1;
    const iceberg::Snapshot* parent = parent_for(base, request_.branch);
    check_conflicts(table_.store(), table_.name(), base, parent, request_);
    ChangeCounts counts;
    for (const DataFile& file : request_.added_files) counts.add(file);
    for (const DataFile& file : request_.added_deletes) counts.add(file);
    std::vector<ManifestFile> data = new_manifests(base, next), deletes = new_deletes(base, next);
    const bool adds_data = !data.empty(), adds_deletes = !deletes.empty();
    bool removes = false;
    if (parent != nullptr) removes = filter_older(base, *parent, next, data, deletes, counts);
    const bool deletes_rows =
        request_.delete_where || request_.replace_partitions || !request_.removed_files.empty();
    if (!adds_data && !adds_deletes && !removes && !request_.staged) return std::nullopt;

    std::vector<ManifestFile> rows = merge_as_properties_say(std::move(data), base.properties,
                                                             merger_, request_.snapshot_id, next);
    rows.insert(rows.end(), deletes.begin(), deletes.end());
    return propose_snapshot(table_.store(), files_, base,
                            {.snapshot_id = request_.snapshot_id,
                             .branch = request_.branch,
                             .operation = operation(adds_data, adds_deletes, deletes_rows),
                             .summary = counts.summary(parent, extra_summary()),
                             .rows = std::move(rows),
                             .attempt = attempt,
                             .now_ms = clock_.now_ms(),
                             .max_snapshots = 0,
                             .keep_snapshots = {},
                             .staged = request_.staged});
  }

  std::string operation(bool adds_data, bool adds_deletes, bool deletes_rows) const {
    if (!request_.operation.empty()) return request_.operation;
    if (adds_data && !adds_deletes && !deletes_rows) return "append";
    if (!adds_data && (adds_deletes || deletes_rows)) return "delete";
    return "overwrite";
  }

  iceberg::Properties extra_summary() const {
    iceberg::Properties extra = request_.summary;
    if (request_.replace_partitions) extra["replace-partitions"] = "true";
    return extra;
  }

  std::vector<ManifestFile> new_manifests(const iceberg::TableMetadata& base,
                                          iceberg::SequenceNumber next) {
    if (!data_) data_ = files_.write_added(base, request_.added_files, next);
    for (ManifestFile& row : *data_) restamp(row, data_stamp_, next);
    data_stamp_ = next;
    return *data_;
  }

  std::vector<ManifestFile> new_deletes(const iceberg::TableMetadata& base,
                                        iceberg::SequenceNumber next) {
    if (!deletes_) {
      std::map<int, iceberg::Manifest> by_spec;
      for (const DataFile& file : request_.added_deletes) {
        iceberg::Manifest& manifest = by_spec[file.spec_id];
        manifest.header = {2, base.schema(), base.spec_by_id(file.spec_id), true};
        manifest.entries.push_back({EntryStatus::kAdded, request_.snapshot_id, {}, {}, file});
      }
      deletes_.emplace();
      for (const auto& [spec, manifest] : by_spec)
        deletes_->push_back(files_.write(manifest, next));
    }
    for (ManifestFile& row : *deletes_) restamp(row, deletes_stamp_, next);
    deletes_stamp_ = next;
    return *deletes_;
  }

  // The parent's manifests without what goes, behind the new ones. True where something goes.
  bool filter_older(const iceberg::TableMetadata& base, const iceberg::Snapshot& parent,
                    iceberg::SequenceNumber next, std::vector<ManifestFile>& data,
                    std::vector<ManifestFile>& deletes, ChangeCounts& counts) {
    std::vector<ManifestFile> older_deletes;
    std::set<std::string> missing = removed_paths_, gone;
    bool removes = false;
    for (const ManifestFile& row : manifests_of(table_.store(), base, parent)) {
      if (row.is_deletes) {
        older_deletes.push_back(row);
        continue;
      }
      if (row.added_files_count == 0 && row.existing_files_count == 0) continue;  // all are gone
      if (!may_hold(row, missing)) {
        data.push_back(row);
        continue;
      }
      Filtered& filtered = filter_data(base, row, next);
      data.push_back(filtered.row ? *filtered.row : row);
      for (const DataFile& file : filtered.removed) {
        missing.erase(file.file_path);
        gone.insert(file.file_path);
        counts.remove(file);
        removes = true;
      }
    }
    if (!missing.empty()) {
      throw Error("COMMIT_CONFLICT",
                  {{"table", table_.name()},
                   {"reason", "missing required files to delete: " + *missing.begin()}});
    }
    iceberg::SequenceNumber oldest = next;  // of live data
    for (const ManifestFile& row : data) oldest = std::min(oldest, row.min_sequence_number);
    for (const ManifestFile& row : older_deletes) {
      if (gone.empty()) {
        deletes.push_back(row);
        continue;
      }
      const Filtered filtered = filter_deletes(base, row, gone, oldest, next);
      deletes.push_back(filtered.row ? *filtered.row : row);
      for (const DataFile& file : filtered.removed) counts.remove(file);
    }
    return removes;
  }

  bool may_hold(const ManifestFile& row, const std::set<std::string>& missing) const {
    if (request_.delete_where || request_.replace_partitions) return true;
    return !missing.empty() && removed_specs_.contains(row.partition_spec_id);
  }

  Filtered& filter_data(const iceberg::TableMetadata& base, const ManifestFile& row,
                        iceberg::SequenceNumber next) {
    const auto [it, is_new] = filtered_.try_emplace(row.path);
    Filtered& filtered = it->second;
    if (is_new) {
      const types::PartitionSpec& spec = base.spec_by_id(row.partition_spec_id);
      filtered =
          filter_manifest(row, next, [&](const DataFile& file) { return goes(base, spec, file); });
    } else if (filtered.row) {
      restamp(*filtered.row, filtered.stamped, next);
      filtered.stamped = next;
    }
    return filtered;
  }

  bool goes(const iceberg::TableMetadata& base, const types::PartitionSpec& spec,
            const DataFile& file) const {
    if (removed_paths_.contains(file.file_path)) return true;
    if (request_.replace_partitions) {
      return replaced_.contains(partition_key(file.spec_id, file.partition)) ||
             (base.spec().is_unpartitioned() && spec.is_unpartitioned());
    }
    if (!request_.delete_where) return false;
    if (request_.delete_where->op == types::PredicateOp::kTrue) return true;
    const types::BoundsById bounds = exact_bounds(file, base.schema(), spec);
    if (!types::may_match(*request_.delete_where, base.schema(), bounds)) return false;
    const Predicate projected =
        types::project_inclusive(*request_.delete_where, base.schema(), spec);
    if (!types::matches_partition(projected, spec, file.partition)) return false;
    if (types::must_match(*request_.delete_where, base.schema(), bounds)) return true;
    throw_invalid("Cannot delete file where some, but not all, rows match filter " +
                  types::to_string(*request_.delete_where, base.schema()) + ": " + file.file_path);
  }

  Filtered filter_deletes(const iceberg::TableMetadata& base, const ManifestFile& row,
                          const std::set<std::string>& gone, iceberg::SequenceNumber oldest,
                          iceberg::SequenceNumber next) {
    (void)base;
    iceberg::Manifest manifest = load_manifest(table_.store(), row);
    std::set<std::string> dangling;
    for (const auto& entry : manifest.entries) {
      if (entry.status == EntryStatus::kDeleted) continue;
      const std::string* target = only_target(entry.data_file);
      const bool aimless = target != nullptr && gone.contains(*target);
      if (aimless || entry.sequence_number.value_or(0) < oldest)
        dangling.insert(entry.data_file.file_path);
    }
    if (dangling.empty()) return {};
    return filter_manifest(row, next,
                           [&](const DataFile& file) { return dangling.contains(file.file_path); });
  }

  template <class Goes>
  Filtered filter_manifest(const ManifestFile& row, iceberg::SequenceNumber next, Goes goes) {
    Filtered filtered;
    iceberg::Manifest manifest = load_manifest(table_.store(), row);
    std::erase_if(manifest.entries, [](const iceberg::ManifestEntry& entry) {
      return entry.status == EntryStatus::kDeleted;
    });
    for (iceberg::ManifestEntry& entry : manifest.entries) {
      entry.data_file.spec_id = row.partition_spec_id;
      if (goes(std::as_const(entry.data_file))) {
        entry.status = EntryStatus::kDeleted;
        entry.snapshot_id = request_.snapshot_id;
        filtered.removed.push_back(entry.data_file);
      } else {
        entry.status = EntryStatus::kExisting;
      }
    }
    if (filtered.removed.empty()) return filtered;
    manifest.header.format_version = 2;
    filtered.row = files_.write(manifest, next);
    filtered.stamped = next;
    return filtered;
  }

  Table& table_;
  const ChangeRequest& request_;
  Clock& clock_;
  Random& random_;
  SnapshotFiles files_;
  ManifestMerger merger_;
  std::set<std::string> removed_paths_;
  std::set<int> removed_specs_;
  std::unordered_set<std::string> replaced_;  // partition keys
  std::optional<std::vector<ManifestFile>> data_, deletes_;
  iceberg::SequenceNumber data_stamp_ = 0, deletes_stamp_ = 0;
  std::map<std::string, Filtered> filtered_;  // data manifests, by path
};

}  // namespace

CommitOutcome change_files(Table& table, const ChangeRequest& request, Clock& clock, Random& random,
                           StopToken stop) {
  if (request.snapshot_id != 0) return Change(table, request, clock, random).run(std::move(stop));
  ChangeRequest pinned = request;
  pinned.snapshot_id = random_snapshot_id(random, table.metadata());
  return Change(table, pinned, clock, random).run(std::move(stop));
}

}  // namespace firn::table

// See manifest_merge.h.
#include "table/manifest_merge.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "table/proposal.h"
#include "table/retry.h"
#include "table/summary.h"

namespace firn::table {

namespace {

using iceberg::ManifestFile;
using Rows = std::vector<ManifestFile>;

constexpr int64_t kDefaultTargetBytes = 8 * 1024 * 1024;
constexpr int kClassBase = 64;

int64_t target_bytes(const iceberg::Properties& properties) {
  return number_property(properties, "commit.manifest.target-size-bytes", kDefaultTargetBytes);
}

// Consecutive rows of at most `target` bytes together, packed from the oldest, so that the newest
// bin stays the small one.
std::vector<Rows> pack(const Rows& rows, int64_t target) {
  std::vector<Rows> bins;
  int64_t bytes = 0;
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    if (bins.empty() || bytes + row->length > target) {
      bins.emplace_back();
      bytes = 0;
    }
    bins.back().push_back(*row);
    bytes += row->length;
  }
  for (auto& bin : bins) std::reverse(bin.begin(), bin.end());
  std::reverse(bins.begin(), bins.end());
  return bins;
}

std::optional<int64_t> live_files(const ManifestFile& row) {
  if (!row.added_files_count || !row.existing_files_count) return std::nullopt;
  return int64_t{*row.added_files_count} + *row.existing_files_count;
}

struct LiveCounts {
  int64_t files = 0, rows = 0;
  bool operator==(const LiveCounts&) const = default;
};

LiveCounts live_counts(const Rows& rows) {
  LiveCounts counts;
  for (const auto& row : rows) {
    counts.files += live_files(row).value_or(0);
    counts.rows += row.added_rows_count.value_or(0) + row.existing_rows_count.value_or(0);
  }
  return counts;
}

int size_class(int64_t files) {
  int size = 0;
  for (int64_t limit = kClassBase; files >= limit; limit *= kClassBase) ++size;
  return size;
}

// Data manifests that may be merged, by spec and size class.
std::map<std::pair<int, int>, Rows> size_classes(const Rows& rows, int64_t target) {
  std::map<std::pair<int, int>, Rows> classes;
  for (const auto& row : rows) {
    const std::optional<int64_t> files = live_files(row);
    if (row.is_deletes || !files || row.length * 2 > target) continue;
    classes[{row.partition_spec_id, size_class(*files)}].push_back(row);
  }
  return classes;
}

std::vector<std::string> paths_of(const Rows& rows) {
  std::vector<std::string> paths;
  for (const auto& row : rows) paths.push_back(row.path);
  return paths;
}

}  // namespace

ManifestFile ManifestMerger::merge(const Rows& rows, iceberg::SequenceNumber next) {
  auto [it, is_new] = done_.try_emplace(paths_of(rows));
  Merged& merged = it->second;
  if (!is_new) {
    restamp(merged.row, merged.stamped, next);
    merged.stamped = next;
    return merged.row;
  }
  iceberg::Manifest all;
  for (const auto& row : rows) {
    iceberg::Manifest manifest = load_manifest(store_, row);
    if (all.entries.empty()) all.header = manifest.header;  // the newest: rows come newest first
    for (auto& entry : manifest.entries) {
      if (entry.snapshot_id == snapshot_id_) {
        // Inherited at commit time, on whatever attempt it succeeds.
        if (entry.status == iceberg::EntryStatus::kAdded)
          entry.sequence_number = entry.file_sequence_number = {};
      } else if (entry.status == iceberg::EntryStatus::kDeleted) {
        continue;
      } else {
        entry.status = iceberg::EntryStatus::kExisting;
      }
      all.entries.push_back(std::move(entry));
      ++entries_processed_;
    }
  }
  all.header.format_version = 2;
  merged.row = files_.write(all, next);
  merged.stamped = next;
  return merged.row;
}

Rows merge_as_properties_say(Rows rows, const iceberg::Properties& properties,
                             ManifestMerger& merger, iceberg::SnapshotId own,
                             iceberg::SequenceNumber next) {
  const auto enabled = properties.find("commit.manifest-merge.enabled");
  if (enabled != properties.end() && enabled->second == "false") return rows;
  const int64_t target = target_bytes(properties);
  const int64_t min_count = number_property(properties, "commit.manifest.min-count-to-merge", 100);
  std::map<int, Rows> data_by_spec;
  Rows result, deletes;
  for (auto& row : rows)
    (row.is_deletes ? deletes : data_by_spec[row.partition_spec_id]).push_back(std::move(row));
  for (const auto& [spec_id, data] : data_by_spec) {
    for (const Rows& bin : pack(data, target)) {
      const bool has_new = std::ranges::any_of(
          bin, [own](const ManifestFile& row) { return row.added_snapshot_id == own; });
      if (bin.size() == 1 || (has_new && static_cast<int64_t>(bin.size()) < min_count)) {
        result.insert(result.end(), bin.begin(), bin.end());
      } else {
        result.push_back(merger.merge(bin, next));
      }
    }
  }
  // This snapshot's manifests first.
  std::stable_partition(result.begin(), result.end(),
                        [own](const ManifestFile& row) { return row.added_snapshot_id == own; });
  result.insert(result.end(), std::make_move_iterator(deletes.begin()),
                std::make_move_iterator(deletes.end()));
  return result;
}

namespace {

class ManifestMerge {
 public:
  ManifestMerge(Table& table, const MergeRequest& request, Clock& clock, Random& random)
      : table_(table),
        request_(request),
        clock_(clock),
        random_(random),
        snapshot_id_(random_snapshot_id(random, table.metadata())),
        files_(table.store(), table.metadata_location(), snapshot_id_, random),
        merger_(table.store(), files_, snapshot_id_) {}

  CommitOutcome run(StopToken stop) {
    const Operation operation = {
        .snapshot_id = snapshot_id_,
        .branch = request_.branch,
        .already_in = [](const iceberg::TableMetadata&) { return std::optional<Committed>(); },
        .propose = [this](const iceberg::TableMetadata& base,
                          int attempt) { return propose(base, attempt); },
    };
    return run_commit(table_, operation, files_, clock_, random_, std::move(stop));
  }

 private:
  std::optional<Proposal> propose(const iceberg::TableMetadata& base, int attempt) {
    const iceberg::Snapshot* head = base.head_of(request_.branch);
    if (head == nullptr) return std::nullopt;
    const Rows rows = manifests_of(table_.store(), base, *head);
    choose(base, rows);
    if (bins_.empty()) return std::nullopt;

    std::set<std::string> replaced;
    for (const auto& bin : bins_) replaced.insert(bin.begin(), bin.end());
    Rows after;
    for (const auto& row : rows) {
      if (!replaced.contains(row.path)) after.push_back(row);
    }
    const size_t kept = after.size();
    for (const auto& bin : bins_)
      after.push_back(merger_.merge(rows_at(rows, bin), base.last_sequence_number + 1));
    if (live_counts(rows) != live_counts(after)) {
      throw_corrupt("table " + table_.name() + ": the counts in manifest list " +
                    head->manifest_list +
                    " differ from the manifests' entries; manifests are not merged");
    }
    const iceberg::Properties extra = {
        {"manifests-created", std::to_string(bins_.size())},
        {"manifests-kept", std::to_string(kept)},
        {"manifests-replaced", std::to_string(replaced.size())},
        {"entries-processed", std::to_string(merger_.entries_processed())}};
    return propose_snapshot(table_.store(), files_, base,
                            {.snapshot_id = snapshot_id_,
                             .branch = request_.branch,
                             .operation = "replace",
                             .summary = replace_summary(head, extra),
                             .rows = std::move(after),
                             .attempt = attempt,
                             .now_ms = clock_.now_ms(),
                             .max_snapshots = request_.max_snapshots,
                             .keep_snapshots = request_.keep_snapshots});
  }

  // Keeps what an earlier attempt has merged as long as all of it is still in the table.
  void choose(const iceberg::TableMetadata& base, const Rows& rows) {
    std::set<std::string> present;
    for (const auto& row : rows) present.insert(row.path);
    const bool valid = std::ranges::all_of(bins_, [&present](const std::vector<std::string>& bin) {
      return std::ranges::all_of(
          bin, [&present](const std::string& path) { return present.contains(path); });
    });
    if (!bins_.empty() && valid) return;
    bins_.clear();
    const int64_t target = target_bytes(base.properties);
    for (const auto& [key, members] : size_classes(rows, target)) {
      if (static_cast<int>(members.size()) < request_.min_count) continue;
      for (const Rows& bin : pack(members, target)) {
        if (bin.size() > 1) bins_.push_back(paths_of(bin));
      }
    }
  }

  static Rows rows_at(const Rows& rows, const std::vector<std::string>& paths) {
    const std::set<std::string> wanted(paths.begin(), paths.end());
    Rows found;
    for (const auto& row : rows) {
      if (wanted.contains(row.path)) found.push_back(row);
    }
    return found;
  }

  Table& table_;
  const MergeRequest& request_;
  Clock& clock_;
  Random& random_;
  const iceberg::SnapshotId snapshot_id_;
  SnapshotFiles files_;
  ManifestMerger merger_;
  std::vector<std::vector<std::string>> bins_;  // paths of the manifests that become one
};

}  // namespace

bool needs_merge(Table& table, const MergeRequest& request) {
  const iceberg::Snapshot* head = table.metadata().head_of(request.branch);
  if (head == nullptr) return false;
  const Rows rows = manifests_of(table.store(), table.metadata(), *head);
  const auto classes = size_classes(rows, target_bytes(table.metadata().properties));
  return std::ranges::any_of(classes, [&request](const auto& each) {
    return static_cast<int>(each.second.size()) >= request.min_count;
  });
}

CommitOutcome merge_manifests(Table& table, const MergeRequest& request, Clock& clock,
                              Random& random, StopToken stop) {
  return ManifestMerge(table, request, clock, random).run(std::move(stop));
}

}  // namespace firn::table

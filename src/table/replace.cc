// One OVERWRITE snapshot: manifests of the new files, and every live entry of the old manifests
// marked DELETED.
#include "table/replace.h"

#include "table/proposal.h"
#include "table/snapshot_files.h"
#include "table/summary.h"

namespace firn::table {
namespace {

struct Removed {
  int64_t data_files = 0, delete_files = 0, records = 0, bytes = 0;
};

class Replace {
 public:
  Replace(Table& table, const ReplaceRequest& request, Clock& clock, Random& random)
      : table_(table),
        request_(request),
        clock_(clock),
        random_(random),
        snapshot_id_(random_snapshot_id(random, table.metadata())),
        files_(table.store(), table.metadata_location(), snapshot_id_, random) {}

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
    const iceberg::SequenceNumber next = base.last_sequence_number + 1;
    const iceberg::Snapshot* parent = parent_for(base, request_.branch);
    std::vector<iceberg::ManifestFile> rows = files_.write_added(base, request_.files, next);
    Removed removed;
    if (parent != nullptr) {
      for (const iceberg::ManifestFile& row : manifests_of(table_.store(), base, *parent)) {
        iceberg::Manifest manifest = without_rows(row, removed);
        if (!manifest.entries.empty()) rows.push_back(files_.write(manifest, next));
      }
    }
    return propose_snapshot(table_.store(), files_, base,
                            {.snapshot_id = snapshot_id_,
                             .branch = request_.branch,
                             .operation = "overwrite",
                             .summary = summary(removed),
                             .rows = std::move(rows),
                             .attempt = attempt,
                             .now_ms = clock_.now_ms(),
                             .max_snapshots = request_.max_snapshots,
                             .keep_snapshots = {}});
  }

  // The manifest with its live entries marked DELETED; sequence numbers stay as they were.
  iceberg::Manifest without_rows(const iceberg::ManifestFile& row, Removed& removed) const {
    iceberg::Manifest manifest = load_manifest(table_.store(), row);
    std::erase_if(manifest.entries, [](const iceberg::ManifestEntry& entry) {
      return entry.status == iceberg::EntryStatus::kDeleted;
    });
    for (iceberg::ManifestEntry& entry : manifest.entries) {
      entry.status = iceberg::EntryStatus::kDeleted;
      entry.snapshot_id = snapshot_id_;
      removed.bytes += entry.data_file.file_size_in_bytes;
      if (row.is_deletes) {
        ++removed.delete_files;
      } else {
        ++removed.data_files;
        removed.records += entry.data_file.record_count;
      }
    }
    manifest.header.format_version = 2;
    return manifest;
  }

  // Nothing of the table before stays, so the totals are the new files'.
  iceberg::Properties summary(const Removed& removed) const {
    const SummaryCounts counts = count_added(request_.files);
    iceberg::Properties result = append_summary(nullptr, counts, request_.summary);
    if (removed.data_files > 0) {
      result["deleted-data-files"] = std::to_string(removed.data_files);
      result["deleted-records"] = std::to_string(removed.records);
    }
    if (removed.delete_files > 0) {
      result["removed-delete-files"] = std::to_string(removed.delete_files);
    }
    if (removed.bytes > 0) result["removed-files-size"] = std::to_string(removed.bytes);
    return result;
  }

  Table& table_;
  const ReplaceRequest& request_;
  Clock& clock_;
  Random& random_;
  const iceberg::SnapshotId snapshot_id_;
  SnapshotFiles files_;
};

}  // namespace

CommitOutcome replace_all(Table& table, const ReplaceRequest& request, Clock& clock, Random& random,
                          StopToken stop) {
  return Replace(table, request, clock, random).run(std::move(stop));
}

}  // namespace firn::table

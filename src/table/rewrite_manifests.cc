// See rewrite_manifests.h.
#include "table/rewrite_manifests.h"

#include <algorithm>
#include <set>

#include "table/manifest_merge.h"
#include "table/proposal.h"
#include "table/retry.h"
#include "table/snapshot_files.h"
#include "table/summary.h"

namespace firn::table {
namespace {

using iceberg::ManifestFile;
using Rows = std::vector<ManifestFile>;

constexpr int64_t kTargetBytes = 8 << 20;

class ManifestRewrite {
 public:
  ManifestRewrite(Table& table, std::optional<int> spec_id, RewrittenManifests& counts,
                  Clock& clock, Random& random)
      : table_(table),
        spec_id_(spec_id.value_or(table.metadata().default_spec_id)),
        counts_(counts),
        clock_(clock),
        random_(random),
        snapshot_id_(random_snapshot_id(random, table.metadata())),
        files_(table.store(), table.metadata_location(), snapshot_id_, random),
        merger_(table.store(), files_, snapshot_id_) {}

  CommitOutcome run(StopToken stop) {
    const Operation operation = {
        .snapshot_id = snapshot_id_,
        .branch = "main",
        .already_in = [](const iceberg::TableMetadata&) { return std::optional<Committed>(); },
        .propose = [this](const iceberg::TableMetadata& base,
                          int attempt) { return propose(base, attempt); },
    };
    return run_commit(table_, operation, files_, clock_, random_, std::move(stop));
  }

 private:
  std::optional<Proposal> propose(const iceberg::TableMetadata& base, int attempt) {
    counts_ = {};
    const iceberg::Snapshot* head = base.current_snapshot();
    if (head == nullptr) return std::nullopt;
    Rows after;
    const Rows before = manifests_of(table_.store(), base, *head);
    for (const bool deletes : {false, true}) {
      Rows chosen;
      for (const ManifestFile& row : before) {
        if (row.is_deletes != deletes) continue;
        if (row.partition_spec_id == spec_id_) {
          chosen.push_back(row);
        } else {
          after.push_back(row);
        }
      }
      pack(chosen, base, after);
    }
    if (counts_.rewritten == 0) return std::nullopt;
    const auto kept = static_cast<int64_t>(after.size()) - counts_.added;
    const iceberg::Properties extra = {
        {"manifests-created", std::to_string(counts_.added)},
        {"manifests-kept", std::to_string(kept)},
        {"manifests-replaced", std::to_string(counts_.rewritten)},
        {"entries-processed", std::to_string(merger_.entries_processed())}};
    return propose_snapshot(table_.store(), files_, base,
                            {.snapshot_id = snapshot_id_,
                             .branch = "main",
                             .operation = "replace",
                             .summary = replace_summary(head, extra),
                             .rows = std::move(after),
                             .attempt = attempt,
                             .now_ms = clock_.now_ms(),
                             .max_snapshots = 0,
                             .keep_snapshots = {}});
  }

  // One manifest of fitting size is left alone.
  void pack(const Rows& chosen, const iceberg::TableMetadata& base, Rows& after) {
    const int64_t target =
        number_property(base.properties, "commit.manifest.target-size-bytes", kTargetBytes);
    if (chosen.size() <= 1) {
      after.insert(after.end(), chosen.begin(), chosen.end());
      return;
    }
    Rows bin;
    int64_t bytes = 0;
    const auto close = [&] {
      if (bin.size() == 1) {
        after.push_back(bin.front());
      } else if (!bin.empty()) {
        after.push_back(merger_.merge(bin, base.last_sequence_number + 1));
        counts_.rewritten += static_cast<int>(bin.size());
        ++counts_.added;
      }
      bin.clear();
      bytes = 0;
    };
    for (const ManifestFile& row : chosen) {
      if (!bin.empty() && bytes + row.length > target) close();
      bin.push_back(row);
      bytes += row.length;
    }
    close();
  }

  Table& table_;
  const int spec_id_;
  RewrittenManifests& counts_;
  Clock& clock_;
  Random& random_;
  const iceberg::SnapshotId snapshot_id_;
  SnapshotFiles files_;
  ManifestMerger merger_;
};

}  // namespace

CommitOutcome rewrite_manifests(Table& table, std::optional<int> spec_id,
                                RewrittenManifests& counts, Clock& clock, Random& random,
                                StopToken stop) {
  return ManifestRewrite(table, spec_id, counts, clock, random).run(std::move(stop));
}

}  // namespace firn::table

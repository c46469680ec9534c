// See append.h.
#include "table/append.h"

#include <utility>

#include "base/error.h"
#include "table/manifest_merge.h"
#include "table/proposal.h"
#include "table/summary.h"
#include "table/token.h"

namespace firn::table {

namespace {

void check_uuid(const iceberg::TableMetadata& metadata, const std::string& table_name,
                const AppendRequest& request) {
  if (!request.expected_table_uuid || *request.expected_table_uuid == metadata.table_uuid) return;
  throw Error("STREAM_TABLE_RECREATED",
              {{"table", table_name},
               {"query", request.token ? request.token->query_id : "(none)"},
               {"found", metadata.table_uuid},
               {"expected", *request.expected_table_uuid}});
}

// One append: what is written once and reused by every attempt.
class Append {
 public:
  Append(Table& table, const AppendRequest& request, Clock& clock, Random& random)
      : table_(table),
        request_(request),
        clock_(clock),
        random_(random),
        counts_(count_added(request.files)),
        files_(table.store(), table.metadata_location(), request.snapshot_id, random),
        merger_(table.store(), files_, request.snapshot_id) {}

  CommitOutcome run(StopToken stop) {
    const Operation operation = {
        .snapshot_id = request_.snapshot_id,
        .branch = request_.branch,
        .already_in = [this](const iceberg::TableMetadata& base) { return already_in(base); },
        .propose = [this](const iceberg::TableMetadata& base, int attempt)
            -> std::optional<Proposal> { return propose(base, attempt); },
    };
    return run_commit(table_, operation, files_, clock_, random_, std::move(stop));
  }

 private:
  std::optional<Committed> already_in(const iceberg::TableMetadata& base) const {
    check_uuid(base, table_.name(), request_);
    if (!request_.token) return std::nullopt;
    const TokenDecision decision = decide(base, table_.name(), *request_.token, request_.branch);
    const auto* done = std::get_if<DoneBefore>(&decision);
    if (done == nullptr) return std::nullopt;
    return Committed{done->snapshot_id, true};
  }

  Proposal propose(const iceberg::TableMetadata& base, int attempt) {
    const iceberg::SequenceNumber next = base.last_sequence_number + 1;
    const iceberg::Snapshot* parent = parent_for(base, request_.branch);
    std::vector<iceberg::ManifestFile> rows = new_manifests(base, next);
    if (parent != nullptr) {
      auto older = manifests_of(table_.store(), base, *parent);
      rows.insert(rows.end(), std::make_move_iterator(older.begin()),
                  std::make_move_iterator(older.end()));
    }
    const size_t before = rows.size();
    if (!request_.fast) {
      rows = merge_as_properties_say(std::move(rows), base.properties, merger_,
                                     request_.snapshot_id, next);
    }
    const int64_t now_ms = clock_.now_ms();
    SnapshotDraft draft = {
        .snapshot_id = request_.snapshot_id,
        .branch = request_.branch,
        .operation = "append",
        .summary = append_summary(parent, counts_, extra_summary(before, rows.size())),
        .rows = std::move(rows),
        .attempt = attempt,
        .now_ms = now_ms,
        .max_snapshots = request_.max_snapshots,
        .keep_snapshots = request_.keep_snapshots,
        .staged = request_.staged};
    Proposal proposal = propose_snapshot(table_.store(), files_, base, std::move(draft));
    if (request_.token) {
      for (auto& update : token_updates(base, *request_.token, request_.branch, now_ms)) {
        proposal.change.updates.push_back(std::move(update));
      }
    }
    return proposal;
  }

  iceberg::Properties extra_summary(size_t manifests_before, size_t manifests_after) const {
    iceberg::Properties extra = request_.summary;
    if (manifests_after < manifests_before) {
      extra["manifests-replaced"] = std::to_string(manifests_before - manifests_after + 1);
    }
    if (request_.token) {
      extra[kQueryIdKey] = request_.token->query_id;
      extra[kEpochIdKey] = std::to_string(request_.token->epoch);
    }
    return extra;
  }

  // Written at the first attempt; later ones only get their new
  // sequence number.
  std::vector<iceberg::ManifestFile> new_manifests(const iceberg::TableMetadata& base,
                                                   iceberg::SequenceNumber next) {
    if (!written_) written_ = files_.write_added(base, request_.files, next);
    for (auto& row : *written_) restamp(row, stamped_, next);
    stamped_ = next;
    return *written_;
  }

  Table& table_;
  const AppendRequest& request_;
  Clock& clock_;
  Random& random_;
  const SummaryCounts counts_;
  SnapshotFiles files_;
  ManifestMerger merger_;
  std::optional<std::vector<iceberg::ManifestFile>> written_;
  iceberg::SequenceNumber stamped_ = 0;
};

}  // namespace

CommitOutcome append(Table& table, const AppendRequest& request, Clock& clock, Random& random,
                     StopToken stop) {
  if (request.snapshot_id != 0) return Append(table, request, clock, random).run(std::move(stop));
  AppendRequest pinned = request;
  pinned.snapshot_id = random_snapshot_id(random, table.metadata());
  return Append(table, pinned, clock, random).run(std::move(stop));
}

}  // namespace firn::table

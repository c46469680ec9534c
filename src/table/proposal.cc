// See proposal.h.
#include "table/proposal.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "table/expire.h"
#include "table/retry.h"
#include "table/token.h"

namespace firn::table {

namespace {

using iceberg::SnapshotId;

// Grows with each change of a table.
using Age = std::pair<iceberg::SequenceNumber, int64_t>;
Age age_of(const iceberg::TableMetadata& metadata) {
  return {metadata.last_sequence_number, metadata.last_updated_ms};
}

// One run of the commit loop: what the attempts so far have left behind.
class CommitRun {
 public:
  CommitRun(Table& table, const Operation& operation, SnapshotFiles& files)
      : table_(table), operation_(operation), files_(files) {}

  CommitOutcome run(Attempts& attempts) {
    while (attempts.next()) {
      if (!refresh()) continue;
      if (auto committed = already_in()) return *committed;
      std::optional<Proposal> proposal;
      if (!propose(attempts.made(), proposal)) continue;
      if (!proposal) return nothing_to_do();
      if (auto committed = attempt(*proposal)) return *committed;
    }
    return give_up();
  }

  // After an exception that ended the loop: files go only where nothing of ours can be in the
  // table. A refused request may be there too, where something on the way sent it twice.
  void abandon() {
    if (proposals_.empty()) files_.remove_all();
  }

 private:
  // False where the catalog does not answer while an outcome is open: that is no reason to stop.
  bool refresh() {
    try {
      table_.refresh();
      return true;
    } catch (const Error& error) {
      if (unknown_heads_.empty() || error.code() == Code::kNotFound) throw;
      reason_ = error.message();
      return false;
    }
  }

  // False where the table has moved on meanwhile: others' expiry takes the files of older states.
  bool propose(int attempt, std::optional<Proposal>& proposal) {
    const std::string base = table_.state().metadata_file;
    try {
      proposal = operation_.propose(table_.metadata(), attempt);
      return true;
    } catch (const Error& error) {
      if (error.code() != Code::kNotFound || !refresh() || table_.state().metadata_file == base)
        throw;
      reason_ = error.message();
      return false;
    }
  }

  std::optional<Committed> already_in() {
    const iceberg::TableMetadata& metadata = table_.metadata();
    if (metadata.snapshot_by_id(operation_.snapshot_id) != nullptr)
      return found(operation_.snapshot_id);
    std::optional<Committed> done = operation_.already_in(metadata);
    if (!done) return std::nullopt;
    done->conflicts = conflicts_;
    // Whose files that snapshot refers to is known only while it is there.
    if (const auto* snapshot = metadata.snapshot_by_id(done->snapshot_id);
        snapshot != nullptr && !files_.wrote_list(snapshot->manifest_list)) {
      files_.remove_all();
    }
    return done;
  }

  std::optional<Committed> attempt(Proposal& proposal) {
    const std::optional<SnapshotId> base_head = proposal.base_head;
    newest_base_ = std::max(newest_base_, age_of(table_.metadata()));
    proposals_.push_back(std::move(proposal));
    // Open until the reply says otherwise, so that an exception leaves all files.
    unknown_heads_.push_back(base_head);
    Reply reply = table_.pointer().commit(proposals_.back().change);
    if (reply.kind == ReplyKind::kCommitted && reply.state &&
        reply.state->metadata->snapshot_by_id(operation_.snapshot_id) == nullptr) {
      reply = {ReplyKind::kUnknown, std::nullopt,
               "the reply is another request's: its metadata does not have snapshot " +
                   std::to_string(operation_.snapshot_id)};
    }
    if (reply.kind == ReplyKind::kUnknown) {
      reason_ = reply.reason;
      spdlog::warn("commit to {}: outcome unknown: {}", table_.name(), reply.reason);
      return std::nullopt;
    }
    unknown_heads_.pop_back();
    if (reply.kind == ReplyKind::kConflict) {
      reason_ = reply.reason;
      ++conflicts_;
      return std::nullopt;
    }
    if (reply.state) {
      table_.adopt(std::move(*reply.state));
      return found(operation_.snapshot_id);  // by this attempt, or by an earlier one
    }
    tidy(proposals_.back());
    return Committed{operation_.snapshot_id, false, conflicts_};
  }

  // The snapshot is in the table: an attempt of ours of unknown outcome landed, or another process
  // did the same work.
  Committed found(SnapshotId id) {
    const std::string& list = table_.metadata().snapshot_by_id(id)->manifest_list;
    const auto ours = std::ranges::find(proposals_, list, &Proposal::manifest_list);
    if (ours != proposals_.end()) {
      tidy(*ours);
      return {id, false, conflicts_};
    }
    files_.remove_all();
    return {id, true, conflicts_};
  }

  void tidy(const Proposal& committed) {
    files_.remove_others(committed.manifest_list, committed.rows);
    remove_files(table_.store(), committed.freed);
  }

  CommitOutcome nothing_to_do() {
    if (!unknown_heads_.empty()) return Unknown{reason_, operation_.snapshot_id};
    if (proposals_.empty() || has_moved_on()) files_.remove_all();
    return Committed{0, false, conflicts_};
  }

  CommitOutcome give_up() {
    if (unknown_heads_.empty()) return refused();
    Unknown unknown{reason_, operation_.snapshot_id};
    if (!refresh()) return unknown;
    if (auto committed = already_in()) return *committed;
    if (!proven_absent()) return unknown;
    files_.remove_all();
    return Conflict{reason_};
  }

  // Each attempt was answered with a conflict. That does not prove that none is in the table: where
  // something on the way repeats a request, the repetition is refused because the request landed.
  CommitOutcome refused() {
    if (!proposals_.empty()) {
      try {
        table_.refresh();
      } catch (const Error& error) {
        return Conflict{reason_ + "; then: " + error.message()};  // nobody knows: the files stay
      }
      if (auto committed = already_in()) return *committed;
      if (!has_moved_on()) return Conflict{reason_};
    }
    files_.remove_all();
    return Conflict{reason_};
  }

  // A catalog that answers from a copy may give a state that is older than one that it gave before.
  // What such a state lacks is not absent.
  bool has_moved_on() const { return age_of(table_.metadata()) > newest_base_; }

  // Nothing of ours is there, and no attempt that may still be under way fits the branch any more.
  bool proven_absent() const {
    if (!has_moved_on()) return false;
    const iceberg::Snapshot* head = table_.metadata().head_of(operation_.branch);
    const std::optional<SnapshotId> now = head ? std::optional(head->id) : std::nullopt;
    return std::ranges::find(unknown_heads_, now) == unknown_heads_.end();
  }

  Table& table_;
  const Operation& operation_;
  SnapshotFiles& files_;
  std::vector<Proposal> proposals_;
  std::vector<std::optional<SnapshotId>>
      unknown_heads_;  // branch heads of attempts whose outcome is open
  Age newest_base_;    // of all attempts
  int conflicts_ = 0;
  std::string reason_ = "no attempt was made";
};

}  // namespace

CommitOutcome run_commit(Table& table, const Operation& operation, SnapshotFiles& files,
                         Clock& clock, Random& random, StopToken stop) {
  CommitRun run(table, operation, files);
  Attempts attempts(retry_policy(table.metadata().properties), clock, random, std::move(stop));
  try {
    return run.run(attempts);
  } catch (...) {
    run.abandon();
    throw;
  }
}

const iceberg::Snapshot* parent_for(const iceberg::TableMetadata& metadata,
                                    const std::string& branch) {
  const auto ref = metadata.refs.find(branch);
  if (ref == metadata.refs.end()) return metadata.current_snapshot();
  if (!ref->second.is_branch)
    throw_invalid("\"" + branch + "\" is a tag: only a branch can be written to");
  const iceberg::Snapshot* head = metadata.snapshot_by_id(ref->second.snapshot_id);
  if (head == nullptr) {
    throw_corrupt("branch " + branch + " refers to snapshot " +
                  std::to_string(ref->second.snapshot_id) + ", which the metadata does not have");
  }
  return head;
}

Proposal propose_snapshot(files::FileStore& store, SnapshotFiles& files,
                          const iceberg::TableMetadata& base, SnapshotDraft draft) {
  if (base.format_version > 2) {
    throw_unsupported("writing to a table of format version " +
                      std::to_string(base.format_version) + " (versions 1 and 2 are written)");
  }
  const iceberg::Snapshot* parent = parent_for(base, draft.branch);
  const iceberg::Snapshot* head = base.head_of(draft.branch);
  Proposal proposal;
  if (head != nullptr) proposal.base_head = head->id;

  iceberg::Snapshot snapshot;
  snapshot.id = draft.snapshot_id;
  if (parent != nullptr) snapshot.parent = parent->id;
  snapshot.sequence_number = base.last_sequence_number + 1;
  // Clocks of writers differ; the log of snapshots must not run backwards.
  snapshot.timestamp_ms = std::max(draft.now_ms, base.last_updated_ms);
  snapshot.operation = std::move(draft.operation);
  snapshot.summary = std::move(draft.summary);
  snapshot.schema_id = base.current_schema_id;
  snapshot.manifest_list = files.write_list(draft.attempt,
                                            {.format_version = 2,
                                             .snapshot_id = snapshot.id,
                                             .parent_snapshot_id = snapshot.parent,
                                             .sequence_number = snapshot.sequence_number,
                                             .first_row_id = {}},
                                            draft.rows);
  proposal.manifest_list = snapshot.manifest_list;
  proposal.rows = std::move(draft.rows);

  iceberg::TableChange& change = proposal.change;
  change.requirements = {iceberg::AssertTableUuid{base.table_uuid}};
  if (!draft.staged)
    change.requirements.push_back(iceberg::AssertRefSnapshotId{draft.branch, proposal.base_head});
  if (base.format_version < 2) change.updates.push_back(iceberg::UpgradeFormatVersion{2});
  const auto ref = base.refs.find(draft.branch);
  iceberg::SnapshotRef moved = ref != base.refs.end() ? ref->second : iceberg::SnapshotRef{};
  moved.snapshot_id = snapshot.id;
  change.updates.push_back(iceberg::AddSnapshot{std::move(snapshot)});
  if (!draft.staged) change.updates.push_back(iceberg::SetSnapshotRef{draft.branch, moved});
  if (draft.max_snapshots > 0) {
    // The new one counts too.
    const auto expired =
        expirable(base, {draft.branch, draft.max_snapshots - 1, draft.keep_snapshots});
    if (!expired.empty()) {
      proposal.freed = freed_by(store, base, draft.branch, expired);
      change.updates.push_back(iceberg::RemoveSnapshots{expired});
    }
  }
  return proposal;
}

}  // namespace firn::table

// One new snapshot on its way into a table: what it changes, what it wrote, and the commit loop
// that all kinds share.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/stop_token.h"
#include "table/append.h"
#include "table/snapshot_files.h"

namespace firn::table {

// One attempt's change. Its manifest list stands in the store already.
struct Proposal {
  iceberg::TableChange change;
  std::string manifest_list;
  std::vector<iceberg::ManifestFile> rows;
  std::optional<iceberg::SnapshotId> base_head;
  std::vector<std::string> freed;  // to be removed once this is committed
};

// What is special about an operation.
struct Operation {
  iceberg::SnapshotId snapshot_id = 0;  // stable over attempts
  std::string branch;
  // Where the work is done already (a replay), its outcome. Throws where a rule forbids the commit.
  std::function<std::optional<Committed>(const iceberg::TableMetadata&)> already_in;
  // The next attempt against this metadata; nullopt: there is nothing (left) to do.
  std::function<std::optional<Proposal>(const iceberg::TableMetadata&, int attempt)> propose;
};

// Refreshes, asks the operation, commits; retries conflicts and unknown outcomes with the same
// snapshot id as commit.retry.* says; removes the files that no longer count, but none while the
// outcome is unknown.
CommitOutcome run_commit(Table&, const Operation&, SnapshotFiles&, Clock&, Random&, StopToken);

// What every new snapshot's change holds: requirements (uuid, ref), the snapshot, the ref, the
// expiry.
struct SnapshotDraft {
  iceberg::SnapshotId snapshot_id = 0;
  std::string branch;
  std::string operation;
  iceberg::Properties summary;
  std::vector<iceberg::ManifestFile> rows;
  int attempt = 0;
  int64_t now_ms = 0;
  int max_snapshots = 0;
  std::vector<iceberg::SnapshotId> keep_snapshots;
  bool staged = false;  // no branch moves: the snapshot is published later
};
Proposal propose_snapshot(files::FileStore&, SnapshotFiles&, const iceberg::TableMetadata&,
                          SnapshotDraft);

// The snapshot that a commit to `branch` builds on: its head, or main's where the branch is new.
// Error where `branch` is a tag.
const iceberg::Snapshot* parent_for(const iceberg::TableMetadata&, const std::string& branch);

}  // namespace firn::table

// Appending data files in one snapshot, with the commit loop, and the token that makes a streaming
// commit exactly once.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/stop_token.h"
#include "iceberg/manifest.h"
#include "table/table.h"

namespace firn::table {

struct Committed {
  iceberg::SnapshotId snapshot_id = 0;
  bool was_done_before = false;
  int conflicts = 0;  // attempts that others' commits made void
};
struct Conflict {
  std::string reason;
};  // retries exhausted, or a rule forbids it
struct Unknown {  // may have happened: keep all files, decide later
  std::string reason;
  iceberg::SnapshotId snapshot_id = 0;  // what to look for
};
using CommitOutcome = std::variant<Committed, Conflict, Unknown>;

// Who appends: a streaming query's epoch (see docs/architecture.md, "Exactly once").
struct Token {
  std::string query_id;             // the checkpoint's id
  std::string checkpoint_location;  // for messages
  int64_t epoch = 0;
  std::optional<int64_t>
      last_written_epoch;            // L: the newest epoch the ledger says wrote to this table
  std::string source_offsets;        // JSON, for the property
  bool go_on_after_restore = false;  // the user said so: a lost token does not stop the query
};

struct AppendRequest {
  iceberg::SnapshotId snapshot_id = 0;  // 0: drawn at random; prepared records pin it
  std::string branch = "main";
  std::vector<iceberg::DataFile> files;  // partition values and spec_id filled in
  iceberg::Properties summary;           // extra keys
  std::optional<Token> token;
  std::optional<std::string> expected_table_uuid;  // of the prepared record
  // Streams: each append writes ADDED-only manifests of its own (fast append); else small manifests
  // are merged as commit.manifest-merge.enabled and commit.manifest.min-count-to-merge say.
  bool fast = true;
  // Streaming tables: expire snapshots inside the commit so that at most this many stay. 0: none.
  int max_snapshots = 0;
  std::vector<iceberg::SnapshotId> keep_snapshots;  // never expired here: somebody reads them
  bool staged = false;  // the snapshot enters no branch (write, audit, publish)
};

// Retries as commit.retry.num-retries, min-wait-ms, max-wait-ms and total-timeout-ms say. After
// Unknown the same request (its snapshot id pinned) may be given again: whatever of it is under way
// lands once. Token rules are checked on every attempt against the refreshed table: done before
// → Committed{was_done_before}; a token from the future, a lost token or another table uuid throws
// Error{STREAM_CHECKPOINT_BEHIND_TABLE, STREAM_TABLE_RESTORED, STREAM_TABLE_RECREATED}. Data files
// are never deleted here.
CommitOutcome append(Table&, const AppendRequest&, Clock&, Random&, StopToken = {});

// The newest token of `query_id` on `branch`: property or summaries along the ancestry.
std::optional<int64_t> newest_token(const iceberg::TableMetadata&, const std::string& query_id,
                                    const std::string& branch);

}  // namespace firn::table

// Compaction's commit: data files out, files with the same rows in, in one REPLACE snapshot.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/stop_token.h"
#include "table/append.h"
#include "table/table.h"

namespace firn::table {

struct RewrittenDeletes {
  iceberg::DataFile file;
  iceberg::SequenceNumber data_sequence_number = 0;  // the newest of the files that it stands for
};

struct RewriteRequest {
  std::string branch = "main";
  iceberg::SnapshotId since = 0;  // the snapshot whose files were read
  std::vector<std::shared_ptr<const iceberg::DataFile>> removed;
  std::vector<iceberg::DataFile> added;
  // Of the snapshot that was read: equality deletes that others commit meanwhile go on to hold for
  // the new files, as they did for the old ones.
  iceberg::SequenceNumber data_sequence_number = 0;
  std::vector<std::shared_ptr<const iceberg::DataFile>> removed_deletes;
  std::vector<RewrittenDeletes> added_deletes;
};

// Delete files that are older than all data go in the same snapshot. Others' appends stay: each
// attempt goes by the table's newest state. Conflict where a file is no longer there or a position
// delete was committed for one of them since; then, and only then, the added files are the caller's
// to remove. Outcomes and retries as append's.
CommitOutcome rewrite_files(Table&, const RewriteRequest&, Clock&, Random&, StopToken = {});

}  // namespace firn::table

// Replacing a table's rows in one snapshot: INSERT OVERWRITE of everything, the refresh of a
// materialized view.
#pragma once

#include <vector>

#include "base/clock.h"
#include "base/stop_token.h"
#include "table/append.h"
#include "table/table.h"

namespace firn::table {

struct ReplaceRequest {
  std::string branch = "main";
  std::vector<iceberg::DataFile> files;  // the new rows; may be empty
  iceberg::Properties summary;           // extra keys
  int max_snapshots = 0;                 // as in AppendRequest
};

// One OVERWRITE snapshot: all live data and delete files out, `files` in. Isolation: whatever was
// committed before the attempt that wins is replaced, as INSERT OVERWRITE of an unpartitioned table
// does in Spark. Outcomes and retries as append's.
CommitOutcome replace_all(Table&, const ReplaceRequest&, Clock&, Random&, StopToken = {});

}  // namespace firn::table

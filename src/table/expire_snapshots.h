// Expiry as a statement asks for it: which snapshots may go by age, number and references, and the
// files that nothing refers to afterwards.
#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/stop_token.h"
#include "table/table.h"

namespace firn::table {

struct ExpireRequest {
  std::optional<int64_t> older_than_ms;  // absent: history.expire.max-snapshot-age-ms ago
  std::optional<int> retain_last;        // absent: history.expire.min-snapshots-to-keep
  std::vector<iceberg::SnapshotId> ids;  // these too, whatever their age
};

struct ExpireResult {
  int64_t data_files = 0, position_delete_files = 0, equality_delete_files = 0;
  int64_t manifests = 0, manifest_lists = 0, statistics = 0;
};

// Ids of the snapshots that may go, and names of the references that are too old to stay. What
// branches and tags need stays. Error FIRN_INVALID_INPUT where one of `ids` is needed.
struct ExpirePlan {
  std::vector<iceberg::SnapshotId> snapshots;
  std::vector<std::string> refs;
};
ExpirePlan plan_expiry(const iceberg::TableMetadata&, const ExpireRequest&, int64_t now_ms);

// Commits, then removes the files that only expired snapshots referred to. Retries conflicts.
// Throws COMMIT_CONFLICT, COMMIT_UNKNOWN (no file is removed then), FIRN_INVALID_INPUT where
// gc.enabled is false.
ExpireResult expire_snapshots(Table&, const ExpireRequest&, Clock&, Random&, StopToken = {});

}  // namespace firn::table

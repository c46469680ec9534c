// All manifests of a table's current snapshot packed anew, as the procedure rewrite_manifests does.
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/stop_token.h"
#include "table/append.h"
#include "table/table.h"

namespace firn::table {

struct RewrittenManifests {
  int rewritten = 0, added = 0;
};

// Manifests of `spec_id` (absent: the default spec), data and deletes apart, become as few as
// commit.manifest.target-size-bytes allows, in one REPLACE snapshot. Rows and live counts stay.
// `counts` says what was done; nothing to do: Committed with snapshot id 0.
CommitOutcome rewrite_manifests(Table&, std::optional<int> spec_id, RewrittenManifests& counts,
                                Clock&, Random&, StopToken = {});

}  // namespace firn::table

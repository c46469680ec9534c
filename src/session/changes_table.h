// The metadata table changes: the rows that each snapshot of a range added and removed (Iceberg's
// IncrementalChangelogScan).
#pragma once

#include <string>
#include <vector>

#include "session/session.h"

namespace firn::session {

// The table's columns with _change_type, _change_ordinal and _commit_snapshot_id behind them.
// Options: start-snapshot-id (exclusive), end-snapshot-id (inclusive), start-timestamp,
// end-timestamp (ms). Rewrites that change no rows are passed over; snapshots with delete files
// are refused, as Iceberg does.
plan::RelationPtr changes_table(Session&, std::shared_ptr<const iceberg::TableMetadata>,
                                const plan::Options& options, std::vector<std::string> qualifier,
                                plan::IdSource& fresh);

}  // namespace firn::session

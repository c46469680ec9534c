// What appends added to a table between two snapshots.
#pragma once

#include <optional>
#include <vector>

#include "table/scan.h"

namespace firn::table {

// The data files that the append snapshots in (`after`, `to`] added, `after` absent: from the
// table's beginning. Other operations are passed over, as Iceberg's incremental append scan does.
// Error FIRN_INVALID_INPUT where `after` is no ancestor of `to` (or no parent of its line's oldest
// snapshot that is left).
std::vector<ScanTask> added_between(const iceberg::TableMetadata&, files::FileStore&,
                                    std::optional<iceberg::SnapshotId> after,
                                    iceberg::SnapshotId to, ManifestCache*);

}  // namespace firn::table

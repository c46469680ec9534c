// What others committed between two snapshots, held against a change's rules (specification of the
// reference implementation's MergingSnapshotProducer).
#pragma once

#include <string>
#include <vector>

#include "table/change.h"

namespace firn::table {

// Throws COMMIT_CONFLICT naming the file and the rule. `parent`: what the new snapshot builds on.
void check_conflicts(files::FileStore&, const std::string& table_name,
                     const iceberg::TableMetadata& base, const iceberg::Snapshot* parent,
                     const ChangeRequest&);

}  // namespace firn::table

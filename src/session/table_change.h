// Changes of a table's metadata, committed; and the replacement of a whole table.
#pragma once

#include <functional>

#include "session/session.h"
#include "table/append.h"
#include "table/table.h"

namespace firn::session {

// The table, for a change of its metadata. Error EXPECT_TABLE_NOT_VIEW for views,
// TABLE_OR_VIEW_NOT_FOUND.
table::Table open_for_change(Session&, const plan::NameParts& name, const std::string& operation);

// Commits what `make` says of the table's newest state, and asks it again where somebody else was
// quicker. Throws COMMIT_CONFLICT, COMMIT_UNKNOWN.
using MakeChange = std::function<iceberg::TableChange(const iceberg::TableMetadata&)>;
void change_table(Session&, table::Table&, const MakeChange& make);

// CREATE OR REPLACE TABLE of a table that is there: new columns, partitioning and properties and
// the rows of `query` (null: none) in one commit. Its history stays: old snapshots can be read.
// Columns that keep their name keep their id. Returns the number of rows.
int64_t replace_table(Session&, const catalog::TableName&, const plan::TableDefinition&,
                      const plan::RelationPtr& query, const StopToken&);

// Throws COMMIT_CONFLICT, COMMIT_UNKNOWN.
iceberg::SnapshotId committed(const table::Table&, const table::CommitOutcome&);

}  // namespace firn::session

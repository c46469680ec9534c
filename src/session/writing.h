// Batch writes: a query's rows into a table, as one snapshot.
#pragma once

#include "session/session.h"
#include "session/target.h"
#include "table/table.h"

namespace firn::session {

// Runs `query` (resolved), stored by the table's columns, into data files that nobody refers to
// yet.
WrittenFiles write_query(Session&, const table::Table&, const plan::RelationPtr& query,
                         bool by_name, const StopToken&);

// Runs `query` (resolved) and appends its rows; returns how many. `by_name`: columns are matched by
// name, else by position. Throws COMMIT_CONFLICT, COMMIT_UNKNOWN.
int64_t append_query(Session&, table::Table&, const plan::RelationPtr& query, bool by_name,
                     const StopToken&);

// As append_query, with the table's rows replaced in the same snapshot.
int64_t replace_with_query(Session&, table::Table&, const plan::RelationPtr& query, bool by_name,
                           const StopToken&);

// DataFrameWriter.save, INSERT OVERWRITE DIRECTORY (write_files.cc).
Result write_files(Session&, const plan::WriteFiles&, const StopToken&);

}  // namespace firn::session

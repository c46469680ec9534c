// Rows of a data file that equality delete files remove, found as positions: one semi join a set of
// columns.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/duck.h"
#include "table/scan.h"

namespace firn::engine {

// Positions in no order, perhaps repeated. NULL equals NULL. Reads the equality columns of the data
// file and of the delete files that apply to it. Throws UNSUPPORTED_FEATURE where an equality
// column stands in a struct.
std::vector<int64_t> rows_deleted_by_equality(duckdb::ClientContext& context,
                                              const types::Schema& schema,
                                              const table::ScanTask& task);

}  // namespace firn::engine

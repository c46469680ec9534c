// Rows of a data file that equality delete files remove, found as positions: one semi join a set of
// columns.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "engine/duck.h"
#include "table/scan.h"

namespace firn::engine {

// Of one scan. Safe for concurrent use.
class EqualityDeletes {
 public:
  // Positions in no order, perhaps repeated. NULL equals NULL. Reads the equality columns of the
  // data file and of the delete files that apply to it. Throws UNSUPPORTED_FEATURE where an
  // equality column stands in a struct, FIRN_CORRUPT where a delete file lacks one.
  std::vector<int64_t> rows_of(duckdb::ClientContext& context, const types::Schema& schema,
                               const table::ScanTask& task);

 private:
  // A column that a file lacks would be read as NULL, and NULL equals NULL.
  void check_columns(duckdb::Connection& connection, const std::vector<std::string>& paths,
                     const std::vector<int>& ids);

  std::mutex mutex_;
  std::set<std::string> checked_;  // delete files; guarded by mutex_
};

}  // namespace firn::engine

// analyze() of a table function: what it gives for the arguments of one call, asked of a worker
// while the query is resolved.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/stop_token.h"
#include "python/worker.h"

namespace firn::python {

struct TableArgument {
  std::string name;                       // "" where positional
  std::string type_json;                  // Spark's schema JSON
  std::optional<std::string> value_json;  // of a constant, as DataType.fromInternal() takes it
  bool is_table = false;
};

struct TableAnalysis {
  struct Order {
    std::string column;
    bool ascending = true;
    std::optional<bool> nulls_first;
  };
  std::string schema_json;
  std::string pickled;  // the AnalyzeResult
  bool single_partition = false;
  std::vector<std::string> partition_by;
  std::vector<Order> order_by;
  std::vector<std::pair<std::string, std::string>> select;  // SQL and its alias
};

// Throws TABLE_VALUED_FUNCTION_FAILED_TO_ANALYZE_IN_PYTHON with what the function raised.
TableAnalysis analyze_table_function(const WorkerOptions& options, const std::string& name,
                                     const std::string& zone, const std::string& command,
                                     const std::vector<TableArgument>& arguments,
                                     const StopToken& stop);

}  // namespace firn::python

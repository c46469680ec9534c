// How an Iceberg schema stands in a Parquet file that firn writes: DuckDB types with real names,
// field ids, and the leaves in the order in which Parquet numbers its columns.
#pragma once

#include <string>
#include <vector>

#include "engine/duck.h"
#include "iceberg/metrics.h"
#include "types/schema.h"

namespace firn::engine {

struct ParquetLeaf {
  int field_id = 0;
  types::Type type;
  bool repeated = false;  // below a list or map: counts, but no bounds
  iceberg::MetricsMode mode;
  std::vector<int> path;  // from the root: indexes of struct children (not repeated leaves only)
};

struct ParquetLayout {
  std::vector<types::Field> fields;
  duckdb::vector<std::string> names;
  duckdb::vector<duckdb::LogicalType> types;
  duckdb::ChildFieldIDs field_ids;
  std::vector<ParquetLeaf> leaves;
};

// Throws UNSUPPORTED_FEATURE naming the column: v3 types, columns whose names differ by case only.
ParquetLayout parquet_layout(const types::Schema& schema, const iceberg::Properties& properties);

// The DuckDB type of an Iceberg type, struct children by name.
duckdb::LogicalType to_duckdb_type(const types::Type& type, const std::string& column);

}  // namespace firn::engine

// Parquet files in place: their schema as Spark reads it, and the query over DuckDB's scan that
// gives a FileScan's columns.
#pragma once

#include <string>
#include <vector>

#include "engine/duck.h"
#include "engine/file_paths.h"
#include "engine/file_scan.h"

namespace firn::engine {

// Of the first file, or with mergeSchema of all. Files that Spark wrote say their schema
// themselves. Throws FAILED_READ_FILE.*, CANNOT_MERGE_SCHEMAS.
types::DataType parquet_schema(files::FileStore& store, const std::vector<PlacedFile>& files,
                               const formats::Options& options);

// In DuckDB's SQL, columns named as the engine names them. Columns are found by name, nested ones
// too; what a file lacks is NULL. Throws FAILED_READ_FILE.PARQUET_COLUMN_DATA_TYPE_MISMATCH.
std::string parquet_query(files::FileStore& store, const plan::FileScan& scan);

// The expression that turns `value`, of the type that the file has, into one of the plan's type.
std::string adapted_column(const std::string& value, const duckdb::LogicalType& from,
                           const types::DataType& to, const std::string& column,
                           const std::string& file);

// No rows, of the scan's types.
std::string empty_query(const plan::FileScan& scan);

// Functions that those queries call.
void register_parquet_functions(duckdb::DatabaseInstance& instance);

}  // namespace firn::engine

// Delta tables: the log's files read, the state at a version, and the query over its Parquet files.
#pragma once

#include <string>

#include "engine/duck.h"
#include "engine/file_scan.h"

namespace firn::engine {

// The table's columns at the version that the options say (versionAsOf, timestampAsOf; else the
// newest). `version` gets it. Throws PATH_NOT_FOUND, FIRN_INVALID_INPUT where there is no such
// version.
types::DataType delta_schema(files::FileStore& store, const std::string& path,
                             const formats::Options& options, int64_t& version);

// In DuckDB's SQL, columns named as the engine names them; deletion vectors are applied.
std::string delta_query(files::FileStore& store, const plan::FileScan& scan);

void register_delta_functions(duckdb::DatabaseInstance& instance);

}  // namespace firn::engine

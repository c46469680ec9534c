// Files queried in place (csv.`path`, json, parquet, text): their schema as Spark would infer it,
// and DuckDB's reader for them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "files/file_store.h"
#include "plan/relation.h"
#include "types/data_type.h"

namespace firn::engine {

// A struct with the files' columns, partition columns last. Spark's defaults: CSV without header
// has _c0, _c1, … of strings (header, inferSchema change that); JSON columns stand in alphabetical
// order; Parquet as in the first file; text has `value`. Throws PATH_NOT_FOUND,
// UNABLE_TO_INFER_SCHEMA, UNSUPPORTED_DATASOURCE_FOR_DIRECT_QUERY, UNSUPPORTED_FEATURE naming an
// option.
types::DataType file_schema(files::FileStore& store, const std::string& format,
                            const std::vector<std::string>& paths,
                            const std::map<std::string, std::string>& options);

// The query that reads a FileScan's columns, named as the engine names them, in DuckDB's SQL.
std::string file_query(files::FileStore& store, const plan::FileScan& scan);

}  // namespace firn::engine

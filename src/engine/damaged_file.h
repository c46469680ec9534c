// Damaged Parquet files: what DuckDB's reader throws over them becomes an error that names the
// file.
#pragma once

#include <string>

#include "engine/duck.h"

namespace firn::engine {

// To be called where an exception of a reader was caught. An error of the file store goes on as it
// is, as do interruption and want of memory; everything else is FAILED_READ_FILE with the path.
[[noreturn]] void rethrow_naming(duckdb::ClientContext& context, const std::string& path);

// Does so in a function that is DuckDB's Parquet scan.
void name_damaged_files(duckdb::TableFunction& function);

}  // namespace firn::engine

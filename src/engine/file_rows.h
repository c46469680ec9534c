// Rows of files by the readers of `formats`, as a DuckDB table function: parts of files in
// parallel, in the files' order.
#pragma once

#include "engine/duck.h"
#include "engine/file_scan.h"

namespace firn::engine {

// What the scan's options carry, else inferred anew.
FileSchema schema_of_scan(files::FileStore& store, const plan::FileScan& scan);

duckdb::unique_ptr<duckdb::FunctionData> bind_file_rows(files::FileStore& store,
                                                        const plan::FileScan& scan,
                                                        duckdb::vector<duckdb::LogicalType>& types,
                                                        duckdb::vector<std::string>& names);
// Without name, bind and info.
duckdb::TableFunction file_rows_function();

}  // namespace firn::engine

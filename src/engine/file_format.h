// Types of columns in files, named as in the file, and pieces of DuckDB's SQL about them.
#pragma once

#include <string>

#include "engine/duck.h"
#include "types/data_type.h"

namespace firn::engine {

// Spark's type ⇄ DuckDB's with the names of struct children. Throws UNSUPPORTED_FEATURE naming the
// column.
types::DataType spark_type(const duckdb::LogicalType& type, const std::string& column,
                           bool sort_fields);
duckdb::LogicalType named_type(const types::DataType& type);

std::string quoted_identifier(const std::string& identifier);
std::string literal(const std::string& text);

}  // namespace firn::engine

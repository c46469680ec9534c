// What DuckDB's Parquet writer has no option for: required columns, byte arrays of one length, and
// decimals in as few bytes as their precision needs.
#pragma once

#include "engine/duck.h"
#include "engine/parquet_layout.h"

namespace firn::engine {

// Before the first row group. `fields` are the columns of the writer, in order. Afterwards a column
// stands in the file as the specification's table of Parquet types has it; rows with a NULL in a
// required place must have been refused before (engine/row_checks.h).
void conform_columns(duckdb::ParquetWriter& writer, const std::vector<types::Field>& fields);

// Bytes of a decimal of more than 18 digits in a Parquet file.
uint32_t decimal_bytes(int precision);

}  // namespace firn::engine

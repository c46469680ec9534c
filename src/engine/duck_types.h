// The one table Spark type → DuckDB type, and values both ways.
#pragma once

#include "engine/duck.h"
#include "types/data_type.h"
#include "types/value.h"

namespace firn::engine {

// Year-month intervals are INTEGER, day-time intervals BIGINT, both instants TIMESTAMPTZ
// (TIMESTAMP) and TIMESTAMP (NTZ) in µs, struct children f0, f1, … whatever their Spark names, VOID
// is "NULL".
duckdb::LogicalType to_duckdb(const types::DataType& type);

// A constant of exactly to_duckdb(type). Throws FIRN_INTERNAL where value and type do not belong
// together.
duckdb::Value to_duckdb(const types::Value& value, const types::DataType& type);

}  // namespace firn::engine

// One value as people and programs read it: Spark's show() for tables, Spark's cast to STRING,
// JSON.
#pragma once

#include <string>

#include "kernels/column.h"
#include "kernels/time_zone.h"
#include "types/data_type.h"

namespace firn::app {

// As Spark 4's show() prints it: NULL, [1, 2], {a -> 1}, {1, x}, binary as [DE AD].
void append_shown(std::string& out, const kernels::ColumnView& column, uint64_t row,
                  const types::DataType& type, const kernels::TimeZone& zone);

// As Spark's cast to STRING writes it (binary in base64); the value is not NULL.
void append_plain(std::string& out, const kernels::ColumnView& column, uint64_t row,
                  const types::DataType& type, const kernels::TimeZone& zone);

// JSON: numbers and booleans as such (NaN and infinities as strings), decimals, dates, timestamps
// and intervals as strings, binary as base64, structs and maps as objects.
void append_json(std::string& out, const kernels::ColumnView& column, uint64_t row,
                 const types::DataType& type, const kernels::TimeZone& zone);

}  // namespace firn::app

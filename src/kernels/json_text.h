// Values as JSON text: to_json and JSON files.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "kernels/column.h"
#include "kernels/datetime_pattern.h"
#include "kernels/time_zone.h"
#include "types/data_type.h"

namespace firn::kernels {

struct JsonStyle {
  std::shared_ptr<const TimeZone> zone;
  bool keep_nulls = false;
  std::optional<DateTimePattern> timestamps, local_timestamps, dates;
};

// Appends the row's value, null where it has none.
void append_json(std::string& out, const ColumnView& column, uint64_t row,
                 const types::DataType& type, const JsonStyle& style);

}  // namespace firn::kernels

// Schemas as JSON, as Spark writes and sends them.
#pragma once

#include <string_view>

#include "types/data_type.h"

namespace firn::sql {

// Throws INVALID_JSON_DATA_TYPE.
types::DataType parse_schema_json(std::string_view text);

}  // namespace firn::sql

// Spark's schemas as JSON: {"type":"struct","fields":[…]}.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "types/data_type.h"

namespace firn::formats {

// Also a bare type's name ("integer", "decimal(10,2)"). Throws FIRN_INVALID_INPUT where the text is
// no such schema.
types::DataType parse_schema_json(std::string_view json);
std::vector<std::string> parse_text_list(std::string_view json);  // ["a", "b"]
std::string text_list(const std::vector<std::string>& texts);

}  // namespace firn::formats

// A string of JSON, written as Jackson writes it.
#pragma once

#include <string>
#include <string_view>

namespace firn {

// Appends "text" with quotes; control characters become escapes, all else stays as it is.
void append_json_string(std::string& out, std::string_view text);
std::string json_quoted(std::string_view text);

}  // namespace firn

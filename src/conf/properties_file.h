// Files in the form of spark-defaults.conf: the grammar of java.util.Properties.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace firn::conf {

using Property = std::pair<std::string, std::string>;

// In the file's order; blanks at a value's end are cut off, as Spark does. A later line of the same
// key wins when they are set in order. Throws FIRN_INVALID_INPUT with the line's number. `name` is
// for messages.
std::vector<Property> parse_properties(std::string_view text, std::string_view name);
// Throws FIRN_NOT_FOUND or FIRN_IO naming the path.
std::vector<Property> read_properties_file(const std::string& path);

}  // namespace firn::conf

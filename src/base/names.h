// Names of several parts: catalog.namespace.table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace firn {

std::string dotted(const std::vector<std::string>& parts);      // a.b.c
std::string backquoted(const std::vector<std::string>& parts);  // `a`.`b`.`c`, as messages show it
std::vector<std::string> split_dots(std::string_view dotted);   // no quotes; "" is one empty part

}  // namespace firn

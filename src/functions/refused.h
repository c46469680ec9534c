// Functions of Spark that firn knows by name only.
#pragma once

#include <string_view>

namespace firn::functions {

bool is_refused(std::string_view lower_case_name);

}  // namespace firn::functions

// Letters of ASCII in another case; every other byte stays. No locale has a say.
#pragma once

#include <string>
#include <string_view>

namespace firn {

std::string lower_case(std::string_view text);
std::string upper_case(std::string_view text);

}  // namespace firn

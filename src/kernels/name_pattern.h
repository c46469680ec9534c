// Java's regular expressions over names, possessive quantifiers included.
#pragma once

#include <optional>
#include <string_view>

namespace firn::kernels {

// Whether the pattern matches the whole name; nullopt where it is no regular expression.
std::optional<bool> matches_name(std::string_view pattern, std::string_view name, bool any_case);

}  // namespace firn::kernels

// One line of CSV.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace firn::kernels {

// The fields of a line; nullopt where a field is empty or the text for NULL. `style`: separator,
// quote, escape, text for NULL, text for "", trim at the left, trim at the right, quote all; each
// closed by \x1F.
std::vector<std::optional<std::string>> split_csv(std::string_view line, std::string_view style);

}  // namespace firn::kernels

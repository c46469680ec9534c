// Texts that may not be UTF-8.
#pragma once

#include <string_view>

#include "kernels/arena.h"

namespace firn::kernels {

bool is_valid_utf8(std::string_view text);

// Broken sequences become U+FFFD, as Java's decoder has it: one for each maximal part of a
// sequence. The result lives in the arena.
std::string_view replace_broken_utf8(std::string_view text, Arena& arena);

}  // namespace firn::kernels

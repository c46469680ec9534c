// What a target does with bytes that nobody has checked: an Error is an answer, all but those that
// say that firn is wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace firn::fuzz {

// False where it ended in an Error.
template <class Action>
bool attempt(Action action) {
  try {
    action();
    return true;
  } catch (const Error& error) {
    if (error.code() == Code::kInternal) throw;
    return false;
  }
}

// The pieces between separators; one at least.
inline std::vector<std::string_view> pieces(std::string_view text, char separator) {
  std::vector<std::string_view> found;
  while (true) {
    const size_t end = text.find(separator);
    found.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return found;
    text.remove_prefix(end + 1);
  }
}

}  // namespace firn::fuzz

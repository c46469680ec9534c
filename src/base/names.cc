// Names of several parts, joined and split.
#include "base/names.h"

#include <algorithm>

namespace firn {

std::string dotted(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text.append(text.empty() ? "" : ".").append(part);
  return text;
}

std::string backquoted(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "`" : ".`") + part + "`";
  return text;
}

std::vector<std::string> split_dots(std::string_view dotted) {
  std::vector<std::string> parts;
  for (size_t at = 0; at <= dotted.size();) {
    const size_t end = std::min(dotted.find('.', at), dotted.size());
    parts.emplace_back(dotted.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

}  // namespace firn

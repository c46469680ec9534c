// Names of temporary views as keys: lower case, global ones with their database in front.
#include "session/view_names.h"

namespace firn::session {
namespace {

std::string in_lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return text;
}

}  // namespace

std::optional<std::string> temporary_view_key(const plan::NameParts& name) {
  if (name.size() == 1) return in_lower_case(name[0]);
  if (name.size() == 2 && in_lower_case(name[0]) == kGlobalTemp)
    return std::string(kGlobalTemp) + "." + in_lower_case(name[1]);
  return std::nullopt;
}

bool is_global_view(const std::string& key) {
  return key.starts_with(std::string(kGlobalTemp) + ".");
}

std::string view_name(const std::string& key) {
  return is_global_view(key) ? key.substr(std::string(kGlobalTemp).size() + 1) : key;
}

}  // namespace firn::session

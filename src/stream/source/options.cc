// Options by name.
#include "stream/source/options.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "base/error.h"
#include "base/nearest.h"

namespace firn::stream {

FormatOptions::FormatOptions(const std::string& format,
                             const std::map<std::string, std::string>& options,
                             const std::vector<std::string>& known)
    : format_(format) {
  for (const auto& [name, value] : options) {
    const std::string key = lower_case(name);
    const bool found = known.empty() || key.starts_with("__") ||
                       std::any_of(known.begin(), known.end(),
                                   [&](const auto& k) { return lower_case(k) == key; });
    if (!found) throw_unknown_option("option of the streaming source " + format, name, known);
    values_[key] = value;
  }
}

std::optional<std::string> FormatOptions::text(const std::string& name) const {
  const auto found = values_.find(lower_case(name));
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<int64_t> FormatOptions::number(const std::string& name, int64_t least) const {
  const auto given = text(name);
  if (!given) return std::nullopt;
  int64_t value = 0;
  const char* const end = given->data() + given->size();
  const auto [stop, problem] = std::from_chars(given->data(), end, value);
  if (problem != std::errc() || stop != end || value < least)
    throw_invalid("option " + name + " of the streaming source " + format_ + " is '" + *given +
                  "'; it must be a whole number of at least " + std::to_string(least));
  return value;
}

bool FormatOptions::flag(const std::string& name, bool otherwise) const {
  const auto given = text(name);
  if (!given) return otherwise;
  const std::string word = lower_case(*given);
  if (word == "true") return true;
  if (word == "false") return false;
  throw_invalid("option " + name + " of the streaming source " + format_ + " is '" + *given +
                "'; it must be true or false");
}

}  // namespace firn::stream

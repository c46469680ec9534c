// Reading of options.
#include "formats/options.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "base/error.h"

namespace firn::formats {

Options::Options(const std::map<std::string, std::string>& values) {
  for (const auto& [name, value] : values) values_[lower_case(name)] = value;
}

std::optional<std::string> Options::find(const std::string& name) const {
  const auto found = values_.find(lower_case(name));
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

std::string Options::text(const std::string& name, const std::string& otherwise) const {
  return find(name).value_or(otherwise);
}

std::string Options::text(const std::string& name, const std::string& alias,
                          const std::string& otherwise) const {
  const auto value = find(name);
  return value ? *value : text(alias, otherwise);
}

bool Options::flag(const std::string& name, bool otherwise) const {
  const auto value = find(name);
  if (!value) return otherwise;
  const std::string word = lower_case(*value);
  if (word != "true" && word != "false")
    throw_invalid(name + " flag can be true or false, not '" + *value + "'");
  return word == "true";
}

int64_t Options::number(const std::string& name, int64_t otherwise) const {
  const auto value = find(name);
  if (!value) return otherwise;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error != std::errc() || end != value->data() + value->size())
    throw_invalid(name + " should be an integer. Found " + *value);
  return number;
}

double Options::fraction(const std::string& name, double otherwise) const {
  const auto value = find(name);
  if (!value) return otherwise;
  double number = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error != std::errc() || end != value->data() + value->size())
    throw_invalid(name + " should be a number. Found " + *value);
  return number;
}

char Options::character(const std::string& name, char otherwise) const {
  const auto value = find(name);
  if (!value) return otherwise;
  if (value->empty()) return '\0';
  if (value->size() > 1) throw_invalid(name + " cannot be more than one character");
  return value->front();
}

std::shared_ptr<const kernels::TimeZone> Options::zone() const {
  const std::string id = text("timezone", "UTC");
  auto zone = kernels::find_time_zone(id);
  if (zone == nullptr) throw Error("INVALID_TIMEZONE", {{"timeZone", id}});
  return zone;
}

std::shared_ptr<const kernels::DateTimePattern> Options::pattern(const std::string& name) const {
  const auto value = find(name);
  if (!value) return nullptr;
  return std::make_shared<const kernels::DateTimePattern>(*value);
}

ParseMode parse_mode(const Options& options) {
  const std::string word = lower_case(options.text("mode", "PERMISSIVE"));
  if (word == "dropmalformed") return ParseMode::kDropMalformed;
  return word == "failfast" ? ParseMode::kFailFast : ParseMode::kPermissive;
}

std::string corrupt_column(const Options& options) {
  return options.text("columnNameOfCorruptRecord", "_corrupt_record");
}

std::string line_separator(const Options& options, size_t longest) {
  const auto separator = options.find("lineSep");
  if (!separator) return "";
  if (separator->empty()) throw_invalid("'lineSep' cannot be an empty string.");
  if (longest > 0 && separator->size() > longest)
    throw_invalid("'lineSep' can contain only 1 character.");
  return *separator;
}

}  // namespace firn::formats

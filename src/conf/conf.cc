// Typed look-ups and the values of a session.
#include "conf/conf.h"

#include <utility>

#include "base/error.h"
#include "base/memory_budget.h"
#include "conf/value_text.h"

namespace firn::conf {
namespace {

const Key& row_of(std::string_view key) {
  const Key* row = find_key(key);
  if (row == nullptr) {
    throw Error("FIRN_INTERNAL",
                {{"what", "the configuration key " + std::string(key) + " is not registered"}});
  }
  return *row;
}

std::string_view text_of(const Values& values, std::string_view key, const Key& row) {
  const auto found = values.find(std::string(key));
  return found != values.end() ? std::string_view(found->second) : row.fallback;
}

// Reads with `parse`; on failure the registry's check says what is wrong.
template <typename Parse>
auto read(const Values& values, std::string_view key, Parse parse) {
  const std::string_view text = text_of(values, key, row_of(key));
  const auto parsed = parse(text);
  if (!parsed) {
    check_value(key, text);
    throw Error("FIRN_INTERNAL", {{"what", "the configuration key " + std::string(key) +
                                               " is read as another type than it has"}});
  }
  return *parsed;
}

std::optional<int64_t> parse_share_of_memory(std::string_view text) {
  if (const std::optional<double> percent = parse_percent(text)) {
    return static_cast<int64_t>(static_cast<double>(memory_of_this_machine()) * *percent / 100);
  }
  return parse_bytes(text);
}

}  // namespace

bool bool_of(const Values& values, std::string_view key) {
  return read(values, key, parse_boolean);
}
int64_t long_of(const Values& values, std::string_view key) {
  return read(values, key, parse_long);
}
double double_of(const Values& values, std::string_view key) {
  return read(values, key, parse_double);
}
int64_t bytes_of(const Values& values, std::string_view key) {
  return read(values, key, parse_share_of_memory);
}
int64_t millis_of(const Values& values, std::string_view key) {
  const int64_t unit = row_of(key).type == KeyType::kSeconds ? 1000 : 1;
  return read(values, key, [unit](std::string_view text) { return parse_millis(text, unit); });
}
std::string string_of(const Values& values, std::string_view key) {
  return std::string(text_of(values, key, row_of(key)));
}

void Conf::set(const std::string& key, std::string value) {
  check_value(key, value);
  values_[key] = std::move(value);
}

void Conf::set_all(const Values& values) {
  for (const auto& [key, value] : values) set(key, value);
}

void Conf::unset(const std::string& key) { values_.erase(key); }

std::optional<std::string> Conf::get(std::string_view key) const {
  if (const auto found = values_.find(std::string(key)); found != values_.end()) {
    return found->second;
  }
  const Key* row = find_key(key);
  if (row == nullptr || row->fallback.empty()) return std::nullopt;
  return std::string(row->fallback);
}

std::string Conf::at(std::string_view key) const {
  if (std::optional<std::string> value = get(key)) return *std::move(value);
  throw Error("SQL_CONF_NOT_FOUND", {{"sqlConf", "\"" + std::string(key) + "\""}});
}

bool Conf::is_set(std::string_view key) const { return values_.contains(std::string(key)); }

Values Conf::with_prefix(std::string_view prefix) const {
  Values found;
  for (auto row = values_.lower_bound(std::string(prefix));
       row != values_.end() && row->first.starts_with(prefix); ++row) {
    found.emplace(row->first.substr(prefix.size()), row->second);
  }
  return found;
}

}  // namespace firn::conf

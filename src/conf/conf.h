// A set of configuration values by key, read through the registry's types and defaults.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "conf/registry.h"

namespace firn::conf {

using Values = std::map<std::string, std::string>;  // also the shape of a table's properties

// What `values` say of a key, else the registry's default. Throw INVALID_CONF_VALUE.TYPE_MISMATCH
// where the text is no such value; asking for a key without a row, or without a value and default,
// is a bug of ours.
bool bool_of(const Values& values, std::string_view key);
int64_t long_of(const Values& values, std::string_view key);
double double_of(const Values& values, std::string_view key);
int64_t bytes_of(const Values& values,
                 std::string_view key);  // also percentages of this machine's memory
int64_t millis_of(const Values& values, std::string_view key);
std::string string_of(const Values& values, std::string_view key);  // "" where neither is there

// A session's configuration. A plain value: copy it to give a session its own.
class Conf {
 public:
  // Checks the value (check_value) and keeps it.
  void set(const std::string& key, std::string value);
  void set_all(const Values& values);
  void unset(const std::string& key);

  // The value set, else the registry's default; nullopt where there is neither.
  std::optional<std::string> get(std::string_view key) const;
  // As get(); throws SQL_CONF_NOT_FOUND.
  std::string at(std::string_view key) const;
  bool is_set(std::string_view key) const;

  bool get_bool(std::string_view key) const { return bool_of(values_, key); }
  int64_t get_long(std::string_view key) const { return long_of(values_, key); }
  double get_double(std::string_view key) const { return double_of(values_, key); }
  int64_t get_bytes(std::string_view key) const { return bytes_of(values_, key); }
  int64_t get_millis(std::string_view key) const { return millis_of(values_, key); }
  std::string get_string(std::string_view key) const { return string_of(values_, key); }

  const Values& values() const { return values_; }  // those that were set
  // Keys that begin with `prefix`, without it: with_prefix("spark.sql.catalog.lake.") → {"type",
  // "uri", …}.
  Values with_prefix(std::string_view prefix) const;

 private:
  Values values_;
};

}  // namespace firn::conf

// A JSON value together with the way to it, so that every error names its field.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "iceberg/metadata.h"

namespace firn::iceberg {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;  // what is written: fields in the order they were put

// Throws Error{kCorrupt} "<document>: …". Nesting is bounded, so that no later recursion can
// overflow the stack.
Json parse_json(std::string_view text, std::string_view document);
// Compact text. Throws Error{kInvalidInput} where a string is not UTF-8.
std::string dump_json(const OrderedJson& value);

class JsonCursor {
 public:
  // `value` outlives the cursor and its children. `document` is what errors call it: "table
  // metadata".
  JsonCursor(const Json& value, std::string document);

  const Json& json() const { return *value_; }
  bool has(const char* name) const;  // present and not null
  // The object or array under `name`; throws where it is missing.
  JsonCursor at(const char* name) const;
  std::optional<JsonCursor> find(const char* name) const;  // nullopt where absent or null

  // Scalars under `name`. Integers must be integers in range.
  int64_t required_long(const char* name) const;
  int required_int(const char* name) const;
  bool required_bool(const char* name) const;
  std::string required_string(const char* name) const;
  std::optional<int64_t> optional_long(const char* name) const;
  std::optional<int> optional_int(const char* name) const;
  std::optional<std::string> optional_string(const char* name) const;

  // The value itself.
  int64_t as_long() const;
  int as_int() const;
  bool as_bool() const;
  const std::string& as_string() const;

  void expect_object() const;
  // Calls `each` with every element; throws where the value is no array.
  void for_each(const std::function<void(const JsonCursor&)>& each) const;
  // Calls `each` with every member; throws where the value is no object.
  void for_each_member(
      const std::function<void(const std::string&, const JsonCursor&)>& each) const;
  Properties as_string_map() const;
  std::vector<int> as_ints() const;

  [[noreturn]] void fail(std::string_view what) const;  // "<document>: <path> <what>"
  [[noreturn]] void fail_at(const char* name, std::string_view what) const;

 private:
  JsonCursor(const Json& value, std::string document, std::string path);
  const Json* member(const char* name) const;  // nullptr where absent or null
  const Json& required(const char* name) const;
  std::string path_to(std::string_view name) const;

  const Json* value_;
  std::string document_;
  std::string path_;
};

}  // namespace firn::iceberg

// JSON access with errors that name the field.
#include "iceberg/json_cursor.h"

#include <fmt/format.h>

#include <limits>

#include "base/error.h"

namespace firn::iceberg {

namespace {

constexpr int kMaxNesting = 200;

// Brackets are counted before parsing: neither the parser's nor our own recursion may depend on the
// input.
void check_nesting(std::string_view text, std::string_view document) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '}' || c == ']') --depth;
    if ((c == '{' || c == '[') && ++depth > kMaxNesting) {
      throw_corrupt(fmt::format("{}: JSON is nested deeper than {} levels", document, kMaxNesting));
    }
  }
}

std::optional<int64_t> integer_of(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<uint64_t>();
    if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
    return static_cast<int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<int64_t>();
  return std::nullopt;
}

bool fits_int(int64_t value) {
  return value >= std::numeric_limits<int>::min() && value <= std::numeric_limits<int>::max();
}

}  // namespace

Json parse_json(std::string_view text, std::string_view document) {
  check_nesting(text, document);
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const Json::exception& error) {
    throw_corrupt(fmt::format("{}: not valid JSON: {}", document, error.what()));
  }
}

std::string dump_json(const OrderedJson& value) {
  try {
    return value.dump();
  } catch (const OrderedJson::exception& error) {
    throw_invalid(
        fmt::format("a name, comment or property cannot be written as JSON: {}", error.what()));
  }
}

JsonCursor::JsonCursor(const Json& value, std::string document)
    : JsonCursor(value, std::move(document), "") {}

JsonCursor::JsonCursor(const Json& value, std::string document, std::string path)
    : value_(&value), document_(std::move(document)), path_(std::move(path)) {}

std::string JsonCursor::path_to(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

void JsonCursor::fail(std::string_view what) const {
  throw_corrupt(path_.empty() ? fmt::format("{}: {}", document_, what)
                              : fmt::format("{}: {} {}", document_, path_, what));
}

void JsonCursor::fail_at(const char* name, std::string_view what) const {
  throw_corrupt(fmt::format("{}: {} {}", document_, path_to(name), what));
}

const Json* JsonCursor::member(const char* name) const {
  expect_object();
  const auto found = value_->find(name);
  return found == value_->end() || found->is_null() ? nullptr : &*found;
}

const Json& JsonCursor::required(const char* name) const {
  const Json* found = member(name);
  if (found == nullptr) fail_at(name, "is missing");
  return *found;
}

bool JsonCursor::has(const char* name) const { return member(name) != nullptr; }

JsonCursor JsonCursor::at(const char* name) const {
  return JsonCursor(required(name), document_, path_to(name));
}

std::optional<JsonCursor> JsonCursor::find(const char* name) const {
  const Json* found = member(name);
  if (found == nullptr) return std::nullopt;
  return JsonCursor(*found, document_, path_to(name));
}

int64_t JsonCursor::required_long(const char* name) const {
  const auto number = integer_of(required(name));
  if (!number) fail_at(name, "is not an integer of 64 bits");
  return *number;
}

int JsonCursor::required_int(const char* name) const {
  const int64_t number = required_long(name);
  if (!fits_int(number)) fail_at(name, "is not an integer of 32 bits");
  return static_cast<int>(number);
}

bool JsonCursor::required_bool(const char* name) const {
  const Json& found = required(name);
  if (!found.is_boolean()) fail_at(name, "is not a boolean");
  return found.get<bool>();
}

std::string JsonCursor::required_string(const char* name) const {
  const Json& found = required(name);
  if (!found.is_string()) fail_at(name, "is not a string");
  return found.get_ref<const std::string&>();
}

std::optional<int64_t> JsonCursor::optional_long(const char* name) const {
  return has(name) ? std::optional(required_long(name)) : std::nullopt;
}

std::optional<int> JsonCursor::optional_int(const char* name) const {
  return has(name) ? std::optional(required_int(name)) : std::nullopt;
}

std::optional<std::string> JsonCursor::optional_string(const char* name) const {
  return has(name) ? std::optional(required_string(name)) : std::nullopt;
}

int64_t JsonCursor::as_long() const {
  const auto number = integer_of(*value_);
  if (!number) fail("is not an integer of 64 bits");
  return *number;
}

int JsonCursor::as_int() const {
  const int64_t number = as_long();
  if (!fits_int(number)) fail("is not an integer of 32 bits");
  return static_cast<int>(number);
}

bool JsonCursor::as_bool() const {
  if (!value_->is_boolean()) fail("is not a boolean");
  return value_->get<bool>();
}

const std::string& JsonCursor::as_string() const {
  if (!value_->is_string()) fail("is not a string");
  return value_->get_ref<const std::string&>();
}

void JsonCursor::expect_object() const {
  if (!value_->is_object()) fail("is not a JSON object");
}

void JsonCursor::for_each(const std::function<void(const JsonCursor&)>& each) const {
  if (!value_->is_array()) fail("is not a JSON array");
  size_t index = 0;
  for (const Json& element : *value_) {
    each(JsonCursor(element, document_, fmt::format("{}[{}]", path_, index++)));
  }
}

void JsonCursor::for_each_member(
    const std::function<void(const std::string&, const JsonCursor&)>& each) const {
  expect_object();
  for (const auto& [name, value] : value_->items()) {
    each(name, JsonCursor(value, document_, path_to(name)));
  }
}

// Without a cursor for every member: summaries of many snapshots are most of a metadata file.
Properties JsonCursor::as_string_map() const {
  expect_object();
  Properties properties;
  for (const auto& [name, value] : value_->items()) {
    if (!value.is_string()) fail_at(name.c_str(), "is not a string");
    properties.emplace_hint(properties.end(), name, value.get_ref<const std::string&>());
  }
  return properties;
}

std::vector<int> JsonCursor::as_ints() const {
  std::vector<int> numbers;
  for_each([&](const JsonCursor& element) { numbers.push_back(element.as_int()); });
  return numbers;
}

}  // namespace firn::iceberg

// JSON as text, for what is printed: one object a line.
#pragma once

#include <string>
#include <string_view>

namespace firn::app {

// "text" with quotes; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

// {"a":1,"b":"x"}: fields in the order they are added.
class JsonObject {
 public:
  JsonObject& add(std::string_view name, std::string_view text);
  JsonObject& add(std::string_view name, const char* text) {
    return add(name, std::string_view(text));
  }
  JsonObject& add(std::string_view name, const std::string& text) {
    return add(name, std::string_view(text));
  }
  JsonObject& add(std::string_view name, int64_t number);
  JsonObject& add(std::string_view name, int number) { return add(name, int64_t{number}); }
  JsonObject& add(std::string_view name, double number);
  JsonObject& add(std::string_view name, bool value);
  // `json` is JSON already: an object, an array.
  JsonObject& add_json(std::string_view name, std::string_view json);
  std::string text() const { return text_ + "}"; }

 private:
  void name(std::string_view name);

  std::string text_ = "{";
};

// [a,b] of texts that are JSON already.
class JsonArray {
 public:
  JsonArray& add_json(std::string_view json);
  JsonArray& add(std::string_view text);
  std::string text() const { return text_ + "]"; }

 private:
  std::string text_ = "[";
};

}  // namespace firn::app

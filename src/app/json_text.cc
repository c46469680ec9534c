// Escaping and the small builders of printed JSON.
#include "app/json_text.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

namespace firn::app {
namespace {

// Length of the UTF-8 sequence at text[at], 0 where it is none.
size_t sequence_length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  const size_t length = first < 0x80                     ? 1
                        : first >= 0xC2 && first <= 0xDF ? 2
                        : (first & 0xF0) == 0xE0         ? 3
                        : first >= 0xF0 && first <= 0xF4 ? 4
                                                         : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
  }
  if (first == 0xE0 && byte(at + 1) < 0xA0) return 0;
  if (first == 0xED && byte(at + 1) > 0x9F) return 0;
  if (first == 0xF0 && byte(at + 1) < 0x90) return 0;
  if (first == 0xF4 && byte(at + 1) > 0x8F) return 0;
  return length;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    const size_t length = sequence_length(text, at);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (length == 1 && static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else {
      out += text.substr(at, length);
    }
    at += length == 0 ? 1 : length;
  }
  out += '"';
}

void JsonObject::name(std::string_view name) {
  if (text_.size() > 1) text_ += ',';
  append_json_string(text_, name);
  text_ += ':';
}

JsonObject& JsonObject::add(std::string_view key, std::string_view text) {
  name(key);
  append_json_string(text_, text);
  return *this;
}

JsonObject& JsonObject::add(std::string_view key, int64_t number) {
  name(key);
  text_ += std::to_string(number);
  return *this;
}

JsonObject& JsonObject::add(std::string_view key, double number) {
  name(key);
  text_ += std::isfinite(number) ? fmt::format("{}", number) : "null";
  return *this;
}

JsonObject& JsonObject::add(std::string_view key, bool value) {
  name(key);
  text_ += value ? "true" : "false";
  return *this;
}

JsonObject& JsonObject::add_json(std::string_view key, std::string_view json) {
  name(key);
  text_ += json;
  return *this;
}

JsonArray& JsonArray::add_json(std::string_view json) {
  if (text_.size() > 1) text_ += ',';
  text_ += json;
  return *this;
}

JsonArray& JsonArray::add(std::string_view text) {
  std::string quoted;
  append_json_string(quoted, text);
  return add_json(quoted);
}

}  // namespace firn::app

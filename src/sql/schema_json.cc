// Schemas as JSON, as Spark writes them: {"type":"struct","fields":[…]}, "integer",
// {"type":"array",…}.
#include "sql/schema_json.h"

#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "sql/parser.h"

namespace firn::sql {
namespace {

using types::DataType;

constexpr int kMaxDepth = 500;

// Reads one JSON text. Names that mean nothing here are skipped, whatever their value.
class SchemaReader {
 public:
  explicit SchemaReader(std::string_view text) : text_(text) {}

  DataType whole() {
    DataType type = data_type(0);
    skip_space();
    if (at_ != text_.size()) fail();
    return type;
  }

 private:
  [[noreturn]] void fail() const {
    throw Error("INVALID_JSON_DATA_TYPE", {{"invalidType", std::string(text_.substr(0, 500))}});
  }

  // What an object says of a type, in whatever order its names come.
  struct Parts {
    std::string kind;              // "type" as text
    std::optional<DataType> type;  // "type" as an object, of a field
    std::optional<DataType> element, key, value, storage;
    std::optional<std::vector<types::StructField>> fields;
    std::string name, comment;
    bool nullable = true;
  };

  DataType data_type(int depth) {
    if (depth > kMaxDepth) fail();
    if (peek() == '"') return parse_data_type(string());
    return type_of(object(depth));
  }

  DataType type_of(Parts parts) const {
    if (parts.kind == "struct" && parts.fields)
      return DataType::structure(std::move(*parts.fields));
    if (parts.kind == "array" && parts.element)
      return DataType::array(std::move(*parts.element), parts.nullable);
    if (parts.kind == "map" && parts.key && parts.value)
      return DataType::map(std::move(*parts.key), std::move(*parts.value), parts.nullable);
    if (parts.kind == "udt" && parts.storage) return std::move(*parts.storage);
    fail();
  }

  Parts object(int depth) {
    Parts parts;
    expect('{');
    if (accept('}')) return parts;
    do {
      const std::string name = string();
      expect(':');
      member(name, parts, depth);
    } while (accept(','));
    expect('}');
    return parts;
  }

  void member(const std::string& name, Parts& parts, int depth) {
    if (name == "type") {
      if (peek() == '"') {
        parts.kind = string();
      } else {
        parts.type = data_type(depth + 1);
      }
    } else if (name == "elementType") {
      parts.element = data_type(depth + 1);
    } else if (name == "keyType") {
      parts.key = data_type(depth + 1);
    } else if (name == "valueType") {
      parts.value = data_type(depth + 1);
    } else if (name == "sqlType") {
      parts.storage = data_type(depth + 1);
    } else if (name == "containsNull" || name == "valueContainsNull" || name == "nullable") {
      parts.nullable = boolean();
    } else if (name == "name") {
      parts.name = string();
    } else if (name == "comment" && peek() == '"') {
      parts.comment = string();
    } else if (name == "metadata" && peek() == '{') {
      parts.comment = object(depth + 1).comment;
    } else if (name == "fields" && peek() == '[') {
      parts.fields = fields(depth);
    } else {
      skip_value(depth + 1);
    }
  }

  std::vector<types::StructField> fields(int depth) {
    std::vector<types::StructField> all;
    expect('[');
    if (accept(']')) return all;
    do {
      Parts parts = object(depth + 1);
      DataType type = parts.type ? std::move(*parts.type) : parse_data_type(parts.kind);
      all.push_back(
          {std::move(parts.name), std::move(type), parts.nullable, std::move(parts.comment)});
    } while (accept(','));
    expect(']');
    return all;
  }

  void skip_value(int depth) {
    if (depth > kMaxDepth) fail();
    switch (peek()) {
      case '"':
        (void)string();
        return;
      case '{':
        ++at_;
        if (accept('}')) return;
        do {
          (void)string();
          expect(':');
          skip_value(depth + 1);
        } while (accept(','));
        expect('}');
        return;
      case '[':
        ++at_;
        if (accept(']')) return;
        do {
          skip_value(depth + 1);
        } while (accept(','));
        expect(']');
        return;
      default: {  // a number or a word
        const size_t begin = at_;
        while (at_ < text_.size() &&
               std::string_view(",]} \t\r\n").find(text_[at_]) == std::string_view::npos)
          ++at_;
        if (at_ == begin) fail();
      }
    }
  }

  bool boolean() {
    skip_space();
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"true", true},
                                      std::pair<std::string_view, bool>{"false", false}}) {
      if (text_.substr(at_, word.size()) != word) continue;
      at_ += word.size();
      return value;
    }
    fail();
  }

  std::string string() {
    expect('"');
    std::string out;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] != '\\') {
        out += text_[at_++];
        continue;
      }
      if (++at_ >= text_.size()) fail();
      escape(out);
    }
    if (at_ >= text_.size()) fail();
    ++at_;
    return out;
  }

  void escape(std::string& out) {
    constexpr std::string_view kEscapes = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
    const char c = text_[at_++];
    if (const size_t found = kEscapes.find(c); found != std::string_view::npos) {
      out += kMeanings[found];
      return;
    }
    if (c != 'u') fail();
    uint32_t code = hex();
    if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
      at_ += 2;
      code = 0x10000 + ((code - 0xD800) << 10) + (hex() - 0xDC00);
    }
    append_utf8(out, code);
  }

  uint32_t hex() {
    uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      if (at_ >= text_.size()) fail();
      const char c = text_[at_++];
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) fail();
      code = code << 4 | static_cast<uint32_t>(digit);
    }
    return code;
  }

  static void append_utf8(std::string& out, uint32_t code) {
    if (code < 0x80) {
      out += static_cast<char>(code);
      return;
    }
    if (code < 0x800) {
      out += static_cast<char>(0xC0 | code >> 6);
    } else {
      if (code < 0x10000) {
        out += static_cast<char>(0xE0 | code >> 12);
      } else {
        out += static_cast<char>(0xF0 | (code >> 18 & 7));
        out += static_cast<char>(0x80 | (code >> 12 & 63));
      }
      out += static_cast<char>(0x80 | (code >> 6 & 63));
    }
    out += static_cast<char>(0x80 | (code & 63));
  }

  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
  }
  char peek() {
    skip_space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail();
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

types::DataType parse_schema_json(std::string_view text) { return SchemaReader(text).whole(); }

}  // namespace firn::sql

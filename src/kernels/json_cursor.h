// A cursor over one JSON text that reads as Jackson does with Spark's settings, and stores wanted
// values as it goes.
#pragma once

#include <string_view>

#include "kernels/json_value.h"

namespace firn::kernels {

enum class JsonStatus : uint8_t {
  kOk,
  kBadValue,  // the text is sound, a value does not fit: null there (or in a part of it), reading
              // goes on
  kBroken,    // the text is no JSON from here on
};

class JsonCursor {
 public:
  JsonCursor(std::string_view text, const JsonOptions& options, const TimeZone& zone, Arena& arena)
      : at_(text.data()),
        end_(text.data() + text.size()),
        options_(options),
        zone_(zone),
        arena_(arena) {}

  void skip_blanks() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    if (options_.allow_comments && at_ < end_ && *at_ == '/') skip_comments();
  }
  bool at_end() const { return at_ >= end_; }
  char peek() const { return *at_; }
  const char* position() const { return at_; }

  // The value at the cursor into `sink`'s row; on kBadValue what could not be read is null. A JSON
  // null gives null.
  JsonStatus store(const JsonShape&, uint64_t row, JsonSink&, int depth);
  // The object at the cursor as the one element of an array.
  JsonStatus store_alone(const JsonShape& array, uint64_t row, JsonSink&);
  JsonStatus skip(int depth);  // over any value, checked
  // The object at the cursor: its fields into the sink's children.
  JsonStatus store_object(const JsonShape&, uint64_t row, JsonSink&, int depth);
  // Any scalar at the cursor. False where it is none.
  bool scalar_token(JsonToken& token, std::string_view& text);
  bool is_container() const { return *at_ == '{' || *at_ == '['; }
  // Steps into the container at the cursor; then next_member until `done`, read_key before each
  // value of an object.
  void enter() { ++at_; }
  bool next_member(bool& first, char close, bool& done);  // ',' or the closing bracket
  bool read_key(std::string_view& key);
  // A string's content (the cursor stands on its quote); unescaped into the arena where it must be.
  bool read_string(std::string_view& out);

 private:
  JsonStatus store_array(const JsonShape&, uint64_t row, JsonSink&, int depth);
  JsonStatus store_map(const JsonShape&, uint64_t row, JsonSink&, int depth);
  JsonStatus store_token(const JsonShape&, uint64_t row, JsonSink&);
  void skip_comments();
  std::string_view compact(std::string_view text);
  const char* string_end(char quote) const;
  bool read_escaped(const char* start, char quote, std::string_view& out);
  bool read_escape(char*& out);
  bool read_unicode(char*& out);
  const char* at_;
  const char* end_;
  const JsonOptions& options_;
  const TimeZone& zone_;
  Arena& arena_;
};

}  // namespace firn::kernels

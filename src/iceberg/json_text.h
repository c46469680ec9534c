// JSON written straight to text, for documents of very many alike parts: a table's metadata holds
// a thousand snapshots, and is written anew by each commit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace firn::iceberg {

// Compact, as dump_json() prints. Throws Error{kInvalidInput} where a string is not UTF-8.
class JsonText {
 public:
  explicit JsonText(std::string& out) : out_(out) {}

  void open(char bracket);
  void close(char bracket) {
    out_ += bracket;
    is_first_ = false;
  }
  // A member's name; its value follows.
  void key(std::string_view name);
  // Elements of an array, or values of members.
  void text(std::string_view value);
  void number(int64_t value);
  void json(std::string_view value);  // JSON already

  void member(std::string_view name, std::string_view value) { key(name), text(value); }
  void member(std::string_view name, int64_t value) { key(name), number(value); }

 private:
  void separate();

  std::string& out_;
  bool is_first_ = true;  // of its object or array: no comma before it
};

}  // namespace firn::iceberg

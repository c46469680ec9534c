// See json_text.h.
#include "iceberg/json_text.h"

#include <algorithm>
#include <charconv>

#include "iceberg/json_cursor.h"

namespace firn::iceberg {

namespace {

bool stands_as_it_is(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

}  // namespace

void JsonText::separate() {
  if (!is_first_) out_ += ',';
  is_first_ = false;
}

void JsonText::open(char bracket) {
  separate();
  out_ += bracket;
  is_first_ = true;
}

void JsonText::key(std::string_view name) {
  text(name);
  out_ += ':';
  is_first_ = true;  // the value follows without a comma
}

void JsonText::text(std::string_view value) {
  separate();
  if (!std::all_of(value.begin(), value.end(), stands_as_it_is)) {
    out_ += dump_json(OrderedJson(value));
    return;
  }
  out_ += '"';
  out_ += value;
  out_ += '"';
}

void JsonText::number(int64_t value) {
  separate();
  char digits[24];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
  out_.append(digits, end);
}

void JsonText::json(std::string_view value) {
  separate();
  out_ += value;
}

}  // namespace firn::iceberg

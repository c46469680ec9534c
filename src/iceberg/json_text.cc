// See json_text.h.
#include "iceberg/json_text.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "iceberg/json_cursor.h"

namespace firn::iceberg {

namespace {

constexpr uint64_t kOnes = 0x0101010101010101U, kHighs = 0x8080808080808080U;

// Some byte of `word` is `byte`. (May say so wrongly where a byte below it is.)
constexpr uint64_t has_byte(uint64_t word, unsigned char byte) {
  const uint64_t different = word ^ (kOnes * byte);
  return (different - kOnes) & ~different & kHighs;
}

// Eight bytes a step: ASCII without control characters, quotes and backslashes.
bool stands_as_it_is(std::string_view text) {
  uint64_t other = 0;
  for (size_t at = 0; at < text.size(); at += sizeof(uint64_t)) {
    uint64_t word = kOnes * ' ';
    std::memcpy(&word, text.data() + at, std::min(sizeof word, text.size() - at));
    other |= (word & kHighs) | ((word - kOnes * ' ') & ~word & kHighs) | has_byte(word, '"') |
             has_byte(word, '\\') | has_byte(word, 0x7f);
  }
  return other == 0;
}

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
  if (!stands_as_it_is(value)) {
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

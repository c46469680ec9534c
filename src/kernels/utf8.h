// Code points in UTF-8 text. Broken bytes count as one code point each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace firn::kernels {

inline bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

inline size_t count_code_points(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += !is_continuation(c);
  return count;
}

// Byte offset of the code point `count` steps behind byte `from`; text.size() where there are
// fewer.
inline size_t advance(std::string_view text, size_t from, size_t count) {
  for (; count > 0 && from < text.size(); --count) {
    ++from;
    while (from < text.size() && is_continuation(text[from])) ++from;
  }
  return from;
}

// The code point at byte `at`, which then moves behind it.
uint32_t next_code_point(std::string_view text, size_t& at);
void append_code_point(std::string& out, uint32_t code_point);

}  // namespace firn::kernels

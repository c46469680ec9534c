// Numbers and text as Java writes and reads them.
#include "kernels/number_text.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace firn::kernels {
namespace {

// Shortest digits that read back as the same number, in Java's layout: plain from 1E-3 up to 1E7,
// else with an exponent.
template <class T>
std::string shortest(T value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  if (value == 0) return std::signbit(value) ? "-0.0" : "0.0";
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<size_t>(end - buffer));
  const size_t e = text.find('e');
  int exponent = 0;
  const size_t digits_of_exponent = e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(text.data() + digits_of_exponent, text.data() + text.size(), exponent);
  const bool negative = text[0] == '-';
  std::string digits;
  for (const char c : text.substr(0, e)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  std::string result = negative ? "-" : "";
  if (exponent >= -3 && exponent < 7) {
    if (exponent < 0) {
      result += "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
    } else {
      const auto point = static_cast<size_t>(exponent) + 1;
      while (digits.size() < point + 1) digits += '0';
      result += digits.substr(0, point) + "." + digits.substr(point);
    }
    return result;
  }
  if (digits.size() == 1) {  // Java shows two digits: those nearest to the number, 4.9E-324
    std::snprintf(buffer, sizeof(buffer), "%.1e", std::fabs(static_cast<double>(value)));
    const std::string_view nearest(buffer);
    digits = {nearest[0], nearest[2]};
    exponent = std::atoi(nearest.data() + nearest.find('e') + 1);
  }
  result += digits.substr(0, 1) + "." + digits.substr(1);
  return result + "E" + std::to_string(exponent);
}

bool is_blank(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; }

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

template <class T>
std::optional<T> parse_floating(std::string_view text) {
  text = trim_blanks(text);
  std::string_view unsigned_text = text;
  bool negative = false;
  if (!unsigned_text.empty() && (unsigned_text[0] == '+' || unsigned_text[0] == '-')) {
    negative = unsigned_text[0] == '-';
    unsigned_text.remove_prefix(1);
  }
  if (unsigned_text.empty()) return std::nullopt;
  if (equals_ignoring_case(unsigned_text, "inf") ||
      equals_ignoring_case(unsigned_text, "infinity")) {
    return negative ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
  }
  if (equals_ignoring_case(text, "nan")) return std::numeric_limits<T>::quiet_NaN();
  if (unsigned_text[0] != '.' && (unsigned_text[0] < '0' || unsigned_text[0] > '9'))
    return std::nullopt;
  // Java reads a type suffix: 1.0d, 1f.
  const char last = unsigned_text.back();
  if (unsigned_text.size() > 1 && (last == 'd' || last == 'D' || last == 'f' || last == 'F'))
    unsigned_text.remove_suffix(1);
  T value = 0;
  const char* const stop = unsigned_text.data() + unsigned_text.size();
  const auto [end, error] = std::from_chars(unsigned_text.data(), stop, value);
  if (end != stop) return std::nullopt;
  if (error == std::errc::result_out_of_range) {  // to zero or infinity, as Java
    const std::string copy(unsigned_text);
    value = sizeof(T) == sizeof(float) ? static_cast<T>(std::strtof(copy.c_str(), nullptr))
                                       : static_cast<T>(std::strtod(copy.c_str(), nullptr));
  } else if (error != std::errc()) {
    return std::nullopt;
  }
  return negative ? -value : value;
}

}  // namespace

std::string java_text(double value) { return shortest(value); }
std::string java_text(float value) { return shortest(value); }

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<int64_t> parse_integer(std::string_view text, bool fraction) {
  text = trim_blanks(text);
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.empty()) return std::nullopt;
  int64_t value = 0;  // negative all along: its range is one larger
  size_t at = 0;
  for (; at < text.size() && text[at] != '.'; ++at) {
    if (text[at] < '0' || text[at] > '9') return std::nullopt;
    if (__builtin_mul_overflow(value, int64_t{10}, &value) ||
        __builtin_sub_overflow(value, int64_t{text[at] - '0'}, &value)) {
      return std::nullopt;
    }
  }
  if (at < text.size()) {
    if (!fraction) return std::nullopt;
    for (++at; at < text.size(); ++at) {
      if (text[at] < '0' || text[at] > '9') return std::nullopt;
    }
  }
  if (negative) return value;
  if (value == std::numeric_limits<int64_t>::min()) return std::nullopt;
  return -value;
}

std::optional<double> parse_double(std::string_view text) { return parse_floating<double>(text); }
std::optional<float> parse_float(std::string_view text) { return parse_floating<float>(text); }

std::optional<bool> parse_boolean(std::string_view text) {
  text = trim_blanks(text);
  for (const std::string_view yes : {"t", "true", "y", "yes", "1"}) {
    if (equals_ignoring_case(text, yes)) return true;
  }
  for (const std::string_view no : {"f", "false", "n", "no", "0"}) {
    if (equals_ignoring_case(text, no)) return false;
  }
  return std::nullopt;
}

}  // namespace firn::kernels

// Reading of decimals, dates, timestamps and hexadecimal bytes as Spark reads them in typed
// literals.
#include "sql/literal_values.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "sql/token.h"
#include "types/calendar.h"

namespace firn::sql {
namespace {

constexpr int kMaxPrecision = 38;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

// Takes min to max digits off the front of `text`.
std::optional<int64_t> take_digits(std::string_view& text, size_t min, size_t max) {
  size_t count = 0;
  int64_t value = 0;
  while (count < max && count < text.size() && is_digit(text[count]))
    value = value * 10 + (text[count++] - '0');
  if (count < min || (count < text.size() && is_digit(text[count]))) return std::nullopt;
  text.remove_prefix(count);
  return value;
}

bool take_char(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// The date at the front; what follows is left in `text`.
std::optional<int64_t> take_date(std::string_view& text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
  const auto year = take_digits(text, 4, 7);
  if (!year) return std::nullopt;
  int64_t month = 1, day = 1;
  if (take_char(text, '-')) {
    const auto read = take_digits(text, 1, 2);
    if (!read) return std::nullopt;
    month = *read;
    if (take_char(text, '-')) {
      const auto read_day = take_digits(text, 1, 2);
      if (!read_day) return std::nullopt;
      day = *read_day;
    }
  }
  if (month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  const types::CivilDate date{negative ? -*year : *year, static_cast<int>(month),
                              static_cast<int>(day)};
  const int64_t days = types::days_from_civil(date);
  if (types::civil_from_days(days).day != date.day) return std::nullopt;  // 30 February
  return days;
}

// hh[:mm[:ss[.ffffff]]] at the front; digits beyond microseconds are cut off.
std::optional<int64_t> take_time(std::string_view& text) {
  const auto hour = take_digits(text, 1, 2);
  if (!hour || *hour > 23) return std::nullopt;
  int64_t minute = 0, second = 0, micros = 0;
  if (take_char(text, ':')) {
    const auto read = take_digits(text, 1, 2);
    if (!read || *read > 59) return std::nullopt;
    minute = *read;
    if (take_char(text, ':')) {
      const auto read_second = take_digits(text, 1, 2);
      if (!read_second || *read_second > 59) return std::nullopt;
      second = *read_second;
      if (take_char(text, '.')) {
        int64_t unit = 100'000;
        for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), unit /= 10)
          micros += (text.front() - '0') * unit;
      }
    }
  }
  return ((*hour * 60 + minute) * 60 + second) * types::kMicrosPerSecond + micros;
}

bool is_zone(std::string_view zone) {
  return std::all_of(zone.begin(), zone.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/' || c == '_' || c == '+' ||
           c == '-' || c == ':';
  });
}

}  // namespace

size_t count_digits(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), is_digit));
}

std::optional<DecimalLiteral> parse_decimal(std::string_view text) {
  const bool negative = take_char(text, '-');
  std::string digits;
  int64_t scale = 0;
  bool fraction = false;
  size_t i = 0;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    if (text[i] == '.') {
      fraction = true;
      continue;
    }
    digits += text[i];
    if (fraction) ++scale;
  }
  if (i < text.size()) {
    std::string_view exponent = text.substr(i + 1);
    take_char(exponent, '+');
    int power = 0;
    if (std::from_chars(exponent.data(), exponent.data() + exponent.size(), power).ec !=
        std::errc())
      return std::nullopt;
    scale -= power;
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (scale < 0) {
    if (!digits.empty() && digits.size() + static_cast<size_t>(-scale) > kMaxPrecision)
      return std::nullopt;
    if (!digits.empty()) digits.append(static_cast<size_t>(-scale), '0');
    scale = 0;
  }
  if (scale > kMaxPrecision || digits.size() > kMaxPrecision) return std::nullopt;
  DecimalLiteral result;
  for (const char c : digits) result.value.unscaled = result.value.unscaled * 10 + (c - '0');
  if (negative) result.value.unscaled = -result.value.unscaled;
  result.scale = static_cast<int>(scale);
  result.precision = std::max({1, static_cast<int>(digits.size()), result.scale});
  return result;
}

std::optional<int32_t> parse_date(std::string_view text) {
  text = trimmed(text);
  const auto days = take_date(text);
  if (!days) return std::nullopt;
  if (!text.empty() && text.front() != ' ' && text.front() != 'T') return std::nullopt;
  return static_cast<int32_t>(*days);
}

std::optional<TimestampLiteral> parse_timestamp(std::string_view text) {
  text = trimmed(text);
  const auto days = take_date(text);
  if (!days) return std::nullopt;
  TimestampLiteral result;
  int64_t time = 0;
  if (take_char(text, 'T') || take_char(text, ' ')) {
    const auto read = take_time(text);
    if (!read) return std::nullopt;
    time = *read;
  }
  result.zone = std::string(trimmed(text));
  if (!is_zone(result.zone)) return std::nullopt;
  if (__builtin_mul_overflow(*days, types::kMicrosPerDay, &result.micros)) return std::nullopt;
  if (__builtin_add_overflow(result.micros, time, &result.micros)) return std::nullopt;
  return result;
}

std::optional<types::Bytes> parse_hex(std::string_view text) {
  const std::string digits = (text.size() % 2 == 1 ? "0" : "") + std::string(text);
  types::Bytes bytes;
  for (size_t i = 0; i < digits.size(); i += 2) {
    unsigned char byte = 0;
    const auto end = std::from_chars(&digits[i], &digits[i] + 2, byte, 16);
    if (end.ec != std::errc() || end.ptr != &digits[i] + 2) return std::nullopt;
    bytes.data += static_cast<char>(byte);
  }
  return bytes;
}

}  // namespace firn::sql

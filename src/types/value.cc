// Values: Iceberg's order, and the text people see.
#include "types/value.h"

#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "base/error.h"
#include "types/calendar.h"
#include "types/type.h"

namespace firn::types {
namespace {

// -NaN < -infinity < … < -0.0 < +0.0 < … < infinity < NaN, whatever a NaN's payload.
template <typename Float>
std::strong_ordering compare_floats(Float a, Float b) {
  const auto rank = [](Float x) { return std::isnan(x) ? (std::signbit(x) ? -1 : 1) : 0; };
  if (rank(a) != 0 || rank(b) != 0) return rank(a) <=> rank(b);
  return std::strong_order(a, b);
}

// Bytes compare as unsigned numbers, as char_traits<char> does.
std::strong_ordering compare_bytes(std::string_view a, std::string_view b) {
  return a.compare(b) <=> 0;
}

std::string date_text(int64_t days) {
  const CivilDate date = civil_from_days(days);
  return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

// units: of one second; digits: of the fraction.
std::string time_text(int64_t since_midnight, int64_t units, int digits) {
  const int64_t seconds = since_midnight / units;
  const int64_t fraction = since_midnight % units;
  std::string text =
      fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (fraction != 0) text += fmt::format(".{:0{}}", fraction, digits);
  return text;
}

std::string timestamp_text(int64_t since_1970, int64_t units, int digits) {
  const int64_t per_day = 86'400 * units;
  const int64_t days = floor_div(since_1970, per_day);
  const int64_t rest = since_1970 % per_day;
  return date_text(days) + "T" + time_text(rest < 0 ? rest + per_day : rest, units, digits);
}

std::string decimal_text(__int128 unscaled, int scale) {
  const bool negative = unscaled < 0;
  unsigned __int128 rest = negative ? -static_cast<unsigned __int128>(unscaled)
                                    : static_cast<unsigned __int128>(unscaled);
  std::string digits;
  for (; rest != 0; rest /= 10) digits.insert(digits.begin(), static_cast<char>('0' + rest % 10));
  if (digits.size() <= static_cast<size_t>(scale)) {
    digits.insert(0, static_cast<size_t>(scale) + 1 - digits.size(), '0');
  }
  if (scale > 0) digits.insert(digits.size() - static_cast<size_t>(scale), ".");
  return negative ? "-" + digits : digits;
}

std::string base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i) {
      group = group << 8 | (at + i < bytes.size() ? static_cast<uint8_t>(bytes[at + i]) : 0);
    }
    for (size_t i = 0; i < 4; ++i) {
      text += at + i <= bytes.size() ? kDigits[group >> (18 - 6 * i) & 63] : '=';
    }
  }
  return text;
}

std::string uuid_text(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", static_cast<uint8_t>(bytes[i]));
  }
  return text;
}

template <typename Float>
std::string float_text(Float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string long_text(int64_t value, TypeId type) {
  switch (type) {
    case TypeId::kTime:
      return time_text(value, kMicrosPerSecond, 6);
    case TypeId::kTimestamp:
      return timestamp_text(value, kMicrosPerSecond, 6);
    case TypeId::kTimestamptz:
      return timestamp_text(value, kMicrosPerSecond, 6) + "Z";
    case TypeId::kTimestampNs:
      return timestamp_text(value, 1000 * kMicrosPerSecond, 9);
    case TypeId::kTimestamptzNs:
      return timestamp_text(value, 1000 * kMicrosPerSecond, 9) + "Z";
    default:
      return std::to_string(value);
  }
}

struct HumanText {
  const Type& type;
  std::string operator()(Null) const { return "null"; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(int32_t value) const {
    return type.id() == TypeId::kDate ? date_text(value) : std::to_string(value);
  }
  std::string operator()(int64_t value) const { return long_text(value, type.id()); }
  std::string operator()(float value) const { return float_text(value); }
  std::string operator()(double value) const { return float_text(value); }
  std::string operator()(const Decimal& value) const {
    return decimal_text(value.unscaled, type.id() == TypeId::kDecimal ? type.scale() : 0);
  }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(const Bytes& value) const {
    return type.id() == TypeId::kUuid ? uuid_text(value.data) : base64(value.data);
  }
};

struct SameAlternative {
  template <typename T>
  std::strong_ordering operator()(const T& a, const T& b) const {
    if constexpr (std::is_floating_point_v<T>)
      return compare_floats(a, b);
    else if constexpr (std::is_same_v<T, std::string>)
      return compare_bytes(a, b);
    else if constexpr (std::is_same_v<T, Bytes>)
      return compare_bytes(a.data, b.data);
    else if constexpr (std::is_same_v<T, Decimal>) {
      return a.unscaled < b.unscaled   ? std::strong_ordering::less
             : a.unscaled > b.unscaled ? std::strong_ordering::greater
                                       : std::strong_ordering::equal;
    } else {
      return a <=> b;
    }
  }
  template <typename T, typename U>
  std::strong_ordering operator()(const T&, const U&) const {
    check_failed("a.index() == b.index()", "values of different types do not compare", __FILE__,
                 __LINE__);
  }
};

}  // namespace

std::strong_ordering compare(const Value& a, const Value& b) {
  if (is_null(a) || is_null(b)) return is_null(b) <=> is_null(a);
  return std::visit(SameAlternative(), a, b);
}

std::string to_human(const Value& value, const Type& type) {
  return std::visit(HumanText{type}, value);
}

}  // namespace firn::types

// Default values ⇄ JSON: one row a type (Appendix D, "JSON single-value serialization").
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <limits>

#include "base/error.h"
#include "iceberg/schema_json.h"

namespace firn::iceberg {

namespace {

using types::Bytes;
using types::Decimal;
using types::Type;
using types::TypeId;
using types::Value;

constexpr int64_t kSecondsPerDay = 86400;

// Reads fixed-width pieces of ISO text; every failure is one error that shows the whole text.
class IsoReader {
 public:
  IsoReader(const JsonCursor& json, const char* form)
      : json_(json), form_(form), rest_(json.as_string()) {}

  int digits(size_t width) {
    int number = 0;
    if (rest_.size() < width) fail();
    for (size_t i = 0; i < width; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') fail();
      number = number * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(width);
    return number;
  }
  bool accept(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  void expect(std::string_view text) {
    if (!accept(text)) fail();
  }
  // Digits after the point, as a number of 10^-width seconds.
  int64_t fraction(int width) {
    if (!accept(".")) return scale(0, width);
    int64_t number = 0;
    int count = 0;
    while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9') {
      if (++count > width) fail();
      number = number * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    if (count == 0) fail();
    return scale(number, width - count);
  }
  void finish() {
    if (!rest_.empty()) fail();
  }
  [[noreturn]] void fail() const {
    json_.fail(fmt::format("is '{}', not of the form {}", json_.as_string(), form_));
  }

 private:
  static int64_t scale(int64_t number, int places) {
    for (int i = 0; i < places; ++i) number *= 10;
    return number;
  }
  const JsonCursor& json_;
  const char* form_;
  std::string_view rest_;
};

int64_t days_of(IsoReader& reader) {
  const bool negative = reader.accept("-");
  const int year = reader.digits(4);
  reader.expect("-");
  const int month = reader.digits(2);
  reader.expect("-");
  const int day = reader.digits(2);
  const std::chrono::year_month_day date{std::chrono::year(negative ? -year : year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) reader.fail();
  return std::chrono::sys_days(date).time_since_epoch().count();
}

int64_t seconds_of_day(IsoReader& reader) {
  const int hour = reader.digits(2);
  reader.expect(":");
  const int minute = reader.digits(2);
  const int second = reader.accept(":") ? reader.digits(2) : 0;
  if (hour > 23 || minute > 59 || second > 59) reader.fail();
  return hour * 3600 + minute * 60 + second;
}

Value date_from(const JsonCursor& json) {
  IsoReader reader(json, "2017-11-16");
  const int64_t days = days_of(reader);
  reader.finish();
  return static_cast<int32_t>(days);
}

Value time_from(const JsonCursor& json) {
  IsoReader reader(json, "22:31:08.123456");
  const int64_t seconds = seconds_of_day(reader);
  const int64_t micros = reader.fraction(6);
  reader.finish();
  return seconds * 1000000 + micros;
}

Value timestamp_from(const JsonCursor& json, bool with_zone, int fraction_digits) {
  IsoReader reader(json,
                   with_zone ? "2017-11-16T22:31:08.123456+00:00" : "2017-11-16T22:31:08.123456");
  const int64_t days = days_of(reader);
  reader.expect("T");
  const int64_t seconds = seconds_of_day(reader);
  const int64_t fraction = reader.fraction(fraction_digits);
  if (with_zone && !reader.accept("Z")) reader.expect("+00:00");
  reader.finish();
  const __int128 unit = fraction_digits == 9 ? 1000000000 : 1000000;
  const __int128 value = (__int128{days} * kSecondsPerDay + seconds) * unit + fraction;
  if (value < std::numeric_limits<int64_t>::min() || value > std::numeric_limits<int64_t>::max()) {
    json.fail("is out of the type's range");
  }
  return static_cast<int64_t>(value);
}

// "14.20"; the scale must be the type's.
Value decimal_from(const JsonCursor& json, const Type& type) {
  std::string_view text = json.as_string();
  const auto wrong = [&] {
    json.fail(fmt::format("is '{}', not a value of {}", json.as_string(), type.to_string()));
  };
  const bool negative = text.starts_with("-");
  if (negative) text.remove_prefix(1);
  __int128 unscaled = 0;
  int digits = 0;
  int scale = -1;
  for (const char c : text) {
    if (c == '.' && scale < 0) {
      scale = 0;
      continue;
    }
    if (c < '0' || c > '9' || digits > 38) wrong();
    unscaled = unscaled * 10 + (c - '0');
    if (unscaled != 0) ++digits;
    if (scale >= 0) ++scale;
  }
  if (std::max(scale, 0) != type.scale() || digits > type.precision() || text.empty() || scale == 0)
    wrong();
  return Decimal{negative ? -unscaled : unscaled};
}

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Bytes bytes_from(const JsonCursor& json, std::optional<size_t> length) {
  const std::string& text = json.as_string();
  if (text.size() % 2 != 0 || (length && text.size() != *length * 2))
    json.fail("is not hexadecimal of the type's length");
  Bytes bytes;
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = nibble(text[i]);
    const int low = nibble(text[i + 1]);
    if (high < 0 || low < 0) json.fail("is not hexadecimal");
    bytes.data.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

Bytes uuid_from(const JsonCursor& json) {
  const std::string& text = json.as_string();
  Bytes bytes;
  if (text.size() != 36) json.fail("is not a UUID");
  for (size_t i = 0; i < text.size();) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i++] != '-') json.fail("is not a UUID");
      continue;
    }
    const int high = nibble(text[i]);
    const int low = nibble(text[i + 1]);
    if (high < 0 || low < 0) json.fail("is not a UUID");
    bytes.data.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return bytes;
}

std::string hex_of(const std::string& bytes) {
  std::string text;
  for (const unsigned char c : bytes) text += fmt::format("{:02x}", c);
  return text;
}

std::string date_text(int64_t days) {
  constexpr int64_t kFirst = -719162;  // 0001-01-01
  constexpr int64_t kLast = 2932896;   // 9999-12-31
  if (days < kFirst || days > kLast)
    throw_invalid("a default before year 1 or after year 9999 has no ISO text");
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string time_text(int64_t units, int64_t units_per_second) {
  const int64_t seconds = units / units_per_second;
  const int64_t fraction = units % units_per_second;
  return fmt::format("{:02}:{:02}:{:02}.{:0{}}", seconds / 3600, seconds / 60 % 60, seconds % 60,
                     fraction, units_per_second == 1000000 ? 6 : 9);
}

std::string timestamp_text(int64_t units, int64_t units_per_second, std::string_view zone) {
  const int64_t per_day = kSecondsPerDay * units_per_second;
  int64_t days = units / per_day;
  if (units % per_day < 0) --days;
  const auto of_day = static_cast<int64_t>(units - __int128{days} * per_day);
  return fmt::format("{}T{}{}", date_text(days), time_text(of_day, units_per_second), zone);
}

std::string uuid_text(const std::string& bytes) {
  std::string text = hex_of(bytes);
  for (const size_t at : {8, 13, 18, 23}) text.insert(at, "-");
  return text;
}

std::string decimal_text(Decimal value, int scale) {
  const bool negative = value.unscaled < 0;
  unsigned __int128 rest = negative ? -static_cast<unsigned __int128>(value.unscaled)
                                    : static_cast<unsigned __int128>(value.unscaled);
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest != 0 || digits.size() <= static_cast<size_t>(scale));
  if (scale > 0) digits.insert(digits.size() - static_cast<size_t>(scale), ".");
  return negative ? "-" + digits : digits;
}

double number_from(const JsonCursor& json) {
  if (!json.json().is_number()) json.fail("is not a number");
  return json.json().get<double>();
}

}  // namespace

Value single_value_from(const JsonCursor& json, const Type& type) {
  if (json.json().is_null()) return types::Null{};
  switch (type.id()) {
    case TypeId::kBoolean:
      return json.as_bool();
    case TypeId::kInt:
      return static_cast<int32_t>(json.as_int());
    case TypeId::kLong:
      return json.as_long();
    case TypeId::kFloat:
      return static_cast<float>(number_from(json));
    case TypeId::kDouble:
      return number_from(json);
    case TypeId::kDecimal:
      return decimal_from(json, type);
    case TypeId::kDate:
      return date_from(json);
    case TypeId::kTime:
      return time_from(json);
    case TypeId::kTimestamp:
      return timestamp_from(json, false, 6);
    case TypeId::kTimestamptz:
      return timestamp_from(json, true, 6);
    case TypeId::kTimestampNs:
      return timestamp_from(json, false, 9);
    case TypeId::kTimestamptzNs:
      return timestamp_from(json, true, 9);
    case TypeId::kString:
      return json.as_string();
    case TypeId::kUuid:
      return uuid_from(json);
    case TypeId::kFixed:
      return bytes_from(json, static_cast<size_t>(type.length()));
    case TypeId::kBinary:
      return bytes_from(json, std::nullopt);
    default:
      json.fail(fmt::format("must be null: {} has no default", type.to_string()));
  }
}

OrderedJson single_value_to_json(const Value& value, const Type& type) {
  if (types::is_null(value)) return nullptr;
  switch (type.id()) {
    case TypeId::kBoolean:
      return std::get<bool>(value);
    case TypeId::kInt:
      return std::get<int32_t>(value);
    case TypeId::kLong:
      return std::get<int64_t>(value);
    case TypeId::kFloat:
      return std::get<float>(value);
    case TypeId::kDouble:
      return std::get<double>(value);
    case TypeId::kDecimal:
      return decimal_text(std::get<Decimal>(value), type.scale());
    case TypeId::kDate:
      return date_text(std::get<int32_t>(value));
    case TypeId::kTime:
      return time_text(std::get<int64_t>(value), 1000000);
    case TypeId::kTimestamp:
      return timestamp_text(std::get<int64_t>(value), 1000000, "");
    case TypeId::kTimestamptz:
      return timestamp_text(std::get<int64_t>(value), 1000000, "+00:00");
    case TypeId::kTimestampNs:
      return timestamp_text(std::get<int64_t>(value), 1000000000, "");
    case TypeId::kTimestamptzNs:
      return timestamp_text(std::get<int64_t>(value), 1000000000, "+00:00");
    case TypeId::kString:
      return std::get<std::string>(value);
    case TypeId::kUuid:
      return uuid_text(std::get<Bytes>(value).data);
    case TypeId::kFixed:
    case TypeId::kBinary:
      return hex_of(std::get<Bytes>(value).data);
    default:
      throw_invalid(fmt::format("a default of type {} must be null", type.to_string()));
  }
}

}  // namespace firn::iceberg

// Conversions of JSON scalars, as the converters of Spark's JacksonParser do them.
#include "kernels/json_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>
#include <new>
#include <string>

#include "base/error.h"
#include "kernels/timestamp_text.h"

namespace firn::kernels {
namespace {

using types::DataTypeId;

Physical decimal_physical(int precision) {
  if (precision <= 4) return Physical::kInt16;
  if (precision <= 9) return Physical::kInt32;
  return precision <= 18 ? Physical::kInt64 : Physical::kInt128;
}

template <class T>
bool store(JsonSink& sink, uint64_t row, T value) {
  static_cast<T*>(sink.data)[row] = value;
  return true;
}

template <class T>
bool store_integer(JsonToken token, std::string_view text, JsonSink& sink, uint64_t row) {
  if (token != JsonToken::kInteger) return false;
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && store<T>(sink, row, value);
}

// Jackson's getByteValue takes 128 to 255 too, and gives the byte with those bits.
bool store_byte(JsonToken token, std::string_view text, JsonSink& sink, uint64_t row) {
  if (token != JsonToken::kInteger) return false;
  int16_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= -128 &&
         value <= 255 && store<int8_t>(sink, row, static_cast<int8_t>(value));
}

template <class T>
bool non_numeric(std::string_view text, T& value) {
  if (text == "NaN")
    value = std::numeric_limits<T>::quiet_NaN();
  else if (text == "Infinity" || text == "+Infinity" || text == "+INF")
    value = std::numeric_limits<T>::infinity();
  else if (text == "-Infinity" || text == "-INF")
    value = -std::numeric_limits<T>::infinity();
  else
    return false;
  return true;
}

template <class T>
bool store_floating(const JsonShape& shape, JsonToken token, std::string_view text, JsonSink& sink,
                    uint64_t row) {
  T value = 0;
  if (token == JsonToken::kString && !shape.non_numeric_texts) return false;
  if (token == JsonToken::kString || token == JsonToken::kNonNumeric)
    return non_numeric(text, value) && store<T>(sink, row, value);
  if (token != JsonToken::kInteger && token != JsonToken::kFraction) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {  // as Java: to zero or to infinity
    const std::string copy(text);
    value = sizeof(T) == sizeof(float) ? static_cast<T>(std::strtof(copy.c_str(), nullptr))
                                       : static_cast<T>(std::strtod(copy.c_str(), nullptr));
  }
  return store<T>(sink, row, value);
}

bool store_unscaled(const JsonShape& shape, __int128 value, JsonSink& sink, uint64_t row) {
  switch (shape.physical) {
    case Physical::kInt16:
      return store<int16_t>(sink, row, static_cast<int16_t>(value));
    case Physical::kInt32:
      return store<int32_t>(sink, row, static_cast<int32_t>(value));
    case Physical::kInt64:
      return store<int64_t>(sink, row, static_cast<int64_t>(value));
    default:
      return store<Int128Cell>(sink, row, value);
  }
}

// A decimal's digits, rounded half up to the scale; false where it needs more than `precision`
// digits.
bool store_decimal(const JsonShape& shape, JsonToken token, std::string_view text, JsonSink& sink,
                   uint64_t row) {
  std::string plain;  // without the commas between thousands
  if (token == JsonToken::kString) {
    if (text.find(',') != std::string_view::npos) {
      std::ranges::copy_if(text, std::back_inserter(plain), [](char c) { return c != ','; });
      text = plain;
    }
    bool integer = false;
    if (scan_number(text.data(), text.data() + text.size(), integer) != text.size() || text.empty())
      return false;
  } else if (token != JsonToken::kInteger && token != JsonToken::kFraction) {
    return false;
  }
  const bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  const size_t e = text.find_first_of("eE");
  int64_t exponent = 0;
  if (e != std::string_view::npos) {
    std::string_view digits = text.substr(e + 1);
    if (digits.front() == '+') digits.remove_prefix(1);
    if (std::from_chars(digits.data(), digits.data() + digits.size(), exponent).ec != std::errc())
      return false;
    text = text.substr(0, e);
  }
  const size_t dot = text.find('.');
  const int64_t whole =
      static_cast<int64_t>(dot == std::string_view::npos ? text.size() : dot) + exponent;
  const int64_t wanted = whole + shape.scale;  // how many of the digits count
  __int128 value = 0, limit = 1;
  for (int i = 0; i < shape.precision; ++i) limit *= 10;
  int64_t position = 0;
  bool round_up = false;
  for (char c : text) {
    if (c == '.') continue;
    if (position < wanted)
      value = value * 10 + (c - '0');
    else if (position == wanted)
      round_up = c >= '5';
    ++position;
    if (value >= limit) return false;
  }
  for (; position < wanted && value != 0; ++position) {
    value *= 10;
    if (value >= limit) return false;
  }
  if (round_up) ++value;
  return value < limit && store_unscaled(shape, negative ? -value : value, sink, row);
}

int64_t json_instant_of(const DateTimePattern::Parsed& parsed, const TimeZone& zone) {
  if (parsed.offset_seconds) return parsed.local_us - int64_t{1000000} * *parsed.offset_seconds;
  const auto named = parsed.zone_id.empty() ? nullptr : find_time_zone(parsed.zone_id);
  return (named != nullptr ? *named : zone).to_utc(parsed.local_us);
}

bool store_timestamp(const JsonShape& shape, JsonToken token, std::string_view text, JsonSink& sink,
                     uint64_t row, const TimeZone& zone) {
  if (token == JsonToken::kInteger) {  // seconds since 1970
    int64_t seconds = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), seconds).ec != std::errc())
      return false;
    return store<int64_t>(sink, row,
                          static_cast<int64_t>(static_cast<uint64_t>(seconds) * 1000000U));
  }
  if (token != JsonToken::kString) return false;
  if (shape.pattern != nullptr) {
    const auto parsed = shape.pattern->parse(text);
    if (parsed || !shape.fallback)
      return parsed && store<int64_t>(sink, row, json_instant_of(*parsed, zone));
  }
  const auto value = parse_timestamp(text, zone);
  return value && store<int64_t>(sink, row, *value);
}

int32_t days_of_local(int64_t local_us) {
  constexpr int64_t kDay = 86'400'000'000;
  return static_cast<int32_t>(local_us / kDay - (local_us % kDay < 0 ? 1 : 0));
}

bool store_date(const JsonShape& shape, JsonToken token, std::string_view text, JsonSink& sink,
                uint64_t row) {
  if (token != JsonToken::kString || text.empty()) return false;
  if (shape.pattern != nullptr) {
    const auto parsed = shape.pattern->parse(text);
    if (parsed || !shape.fallback)
      return parsed && store<int32_t>(sink, row, days_of_local(parsed->local_us));
  }
  if (const auto days = parse_date(text)) return store<int32_t>(sink, row, *days);
  int32_t days = 0;  // days since 1970 as text, as Spark 1.5 wrote them
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), days);
  return error == std::errc() && end == text.data() + text.size() &&
         store<int32_t>(sink, row, days);
}

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

bool store_binary(JsonToken token, std::string_view text, JsonSink& sink, uint64_t row,
                  Arena& arena) {
  if (token != JsonToken::kString || text.size() % 4 != 0) return false;
  char* const out = arena.allocate(text.size() / 4 * 3 + 1);
  uint32_t size = 0;
  for (size_t at = 0; at < text.size(); at += 4) {
    uint32_t bits = 0;
    int pads = 0;
    for (size_t i = 0; i < 4; ++i) {
      const char c = text[at + i];
      const int digit = base64_digit(c);
      if (c == '=' && i >= 2 && at + 4 == text.size())
        ++pads;
      else if (digit < 0 || pads > 0)
        return false;
      bits = bits << 6 | static_cast<uint32_t>(digit < 0 ? 0 : digit);
    }
    for (int i = 0; i < 3 - pads; ++i) out[size++] = static_cast<char>(bits >> (16 - 8 * i) & 0xff);
  }
  return store<StringRef>(sink, row, StringRef(out, size));
}

}  // namespace

Physical physical_of(const types::DataType& type) {
  switch (type.id()) {
    case DataTypeId::kBoolean:
      return Physical::kBool;
    case DataTypeId::kByte:
      return Physical::kInt8;
    case DataTypeId::kShort:
      return Physical::kInt16;
    case DataTypeId::kNull:
    case DataTypeId::kInteger:
    case DataTypeId::kDate:
    case DataTypeId::kYearMonthInterval:
      return Physical::kInt32;
    case DataTypeId::kFloat:
      return Physical::kFloat;
    case DataTypeId::kDouble:
      return Physical::kDouble;
    case DataTypeId::kDecimal:
      return decimal_physical(type.precision());
    case DataTypeId::kString:
    case DataTypeId::kBinary:
      return Physical::kString;
    case DataTypeId::kArray:
    case DataTypeId::kMap:
      return Physical::kList;
    case DataTypeId::kStruct:
      return Physical::kStruct;
    default:
      return Physical::kInt64;
  }
}

JsonShape make_shape(const types::DataType& type) {
  JsonShape shape;
  shape.id = type.id();
  shape.physical = physical_of(type);
  switch (type.id()) {
    case DataTypeId::kYearMonthInterval:
    case DataTypeId::kDayTimeInterval:
      throw_unsupported("from_json with a field of type " + type.simple_string());
    case DataTypeId::kDecimal:
      shape.precision = type.precision();
      shape.scale = type.scale();
      break;
    case DataTypeId::kArray:
      shape.children.push_back(make_shape(type.element()));
      break;
    case DataTypeId::kMap:
      if (type.key().id() != DataTypeId::kString)
        throw_unsupported("from_json with a map key of type " + type.key().simple_string() +
                          "; use STRING keys");
      shape.children.push_back(make_shape(type.key()));
      shape.children.push_back(make_shape(type.value()));
      break;
    case DataTypeId::kStruct:
      for (const types::StructField& field : type.fields()) {
        shape.names.push_back(field.name);
        shape.children.push_back(make_shape(field.type));
      }
      break;
    default:
      break;
  }
  return shape;
}

void add_patterns(JsonShape& shape, const JsonOptions& options) {
  if (shape.id == DataTypeId::kDate) shape.pattern = options.dates;
  if (shape.id == DataTypeId::kTimestamp) shape.pattern = options.timestamps;
  if (shape.id == DataTypeId::kTimestampNtz) shape.pattern = options.local_timestamps;
  shape.fallback = options.fallback;
  shape.non_numeric_texts = options.allow_non_numeric_numbers;
  for (JsonShape& child : shape.children) add_patterns(child, options);
}

void set_null(JsonSink& sink, uint64_t row) {
  sink.validity[row >> 6] &= ~(uint64_t{1} << (row & 63));
  if (sink.physical == Physical::kStruct) {
    for (JsonSink& child : sink.children) set_null(child, row);
  } else if (sink.physical == Physical::kList) {
    static_cast<ListEntry*>(sink.data)[row] = {sink.used, 0};
  } else if (sink.physical == Physical::kString) {
    static_cast<StringRef*>(sink.data)[row] = StringRef();
  }
}

size_t scan_number(const char* at, const char* end, bool& integer, bool leading_zeros) {
  const char* const start = at;
  const auto digit = [&] { return at < end && *at >= '0' && *at <= '9'; };
  const auto digits = [&] {
    const char* const first = at;
    while (digit()) ++at;
    return at > first;
  };
  integer = true;
  if (at < end && *at == '-') ++at;
  if (!digit()) return 0;
  if (*at == '0') {
    ++at;
    if (digit() && !leading_zeros) return 0;
    digits();
  } else {
    digits();
  }
  if (at < end && *at == '.') {
    integer = false;
    ++at;
    if (!digits()) return 0;
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    integer = false;
    ++at;
    if (at < end && (*at == '+' || *at == '-')) ++at;
    if (!digits()) return 0;
  }
  return static_cast<size_t>(at - start);
}

bool store_scalar(const JsonShape& shape, JsonToken token, std::string_view text, uint64_t row,
                  JsonSink& sink, Arena& arena, const TimeZone& zone) {
  switch (shape.id) {
    case DataTypeId::kString:
      // Made where it lies: a copy would read it back at another width than it was written.
      new (static_cast<StringRef*>(sink.data) + row)
          StringRef(text.data(), static_cast<uint32_t>(text.size()));
      return true;
    case DataTypeId::kBoolean:
      return (token == JsonToken::kTrue || token == JsonToken::kFalse) &&
             store<bool>(sink, row, token == JsonToken::kTrue);
    case DataTypeId::kByte:
      return store_byte(token, text, sink, row);
    case DataTypeId::kShort:
      return store_integer<int16_t>(token, text, sink, row);
    case DataTypeId::kInteger:
      return store_integer<int32_t>(token, text, sink, row);
    case DataTypeId::kLong:
      return store_integer<int64_t>(token, text, sink, row);
    case DataTypeId::kFloat:
      return store_floating<float>(shape, token, text, sink, row);
    case DataTypeId::kDouble:
      return store_floating<double>(shape, token, text, sink, row);
    case DataTypeId::kDecimal:
      return store_decimal(shape, token, text, sink, row);
    case DataTypeId::kTimestamp:
      return store_timestamp(shape, token, text, sink, row, zone);
    case DataTypeId::kTimestampNtz: {
      if (token != JsonToken::kString) return false;
      if (shape.pattern != nullptr) {
        const auto parsed = shape.pattern->parse(text);
        return parsed && store<int64_t>(sink, row, parsed->local_us);
      }
      const auto value = parse_timestamp_ntz(text, false);
      return value && store<int64_t>(sink, row, *value);
    }
    case DataTypeId::kDate:
      return store_date(shape, token, text, sink, row);
    case DataTypeId::kBinary:
      return store_binary(token, text, sink, row, arena);
    default:
      return false;
  }
}

}  // namespace firn::kernels

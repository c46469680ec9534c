// Primitive values in Avro.
#include "iceberg/avro_value.h"

#include <fmt/format.h>

#include <limits>

#include "base/error.h"

namespace firn::iceberg {

namespace {

using types::Bytes;
using types::Decimal;
using types::Null;
using types::Type;
using types::TypeId;
using types::Value;

Decimal decimal_from(AvroValue& value) {
  const std::string bytes = value.as_bytes();
  if (bytes.empty() || bytes.size() > 16) {
    value.decoder().fail(fmt::format("{}: a decimal of {} bytes", value.field(), bytes.size()));
  }
  unsigned __int128 unscaled = (bytes[0] & 0x80) != 0 ? ~static_cast<unsigned __int128>(0) : 0;
  for (const unsigned char c : bytes) unscaled = unscaled << 8 | c;
  return {static_cast<__int128>(unscaled)};
}

// Some writers keep UUIDs as text.
Bytes uuid_from_text(AvroValue& value) {
  const std::string text = value.as_string();
  Bytes bytes;
  int high = -1;
  for (const char c : text) {
    if (c == '-') continue;
    const size_t digit = std::string_view("0123456789abcdef").find(static_cast<char>(c | 0x20));
    if (digit == std::string_view::npos)
      value.decoder().fail(fmt::format("{} is not a UUID", value.field()));
    if (high < 0) {
      high = static_cast<int>(digit);
    } else {
      bytes.data.push_back(static_cast<char>(high << 4 | static_cast<int>(digit)));
      high = -1;
    }
  }
  if (bytes.data.size() != 16 || high >= 0)
    value.decoder().fail(fmt::format("{} is not a UUID", value.field()));
  return bytes;
}

Value long_from(AvroValue& value) {
  const AvroLogical logical = value.node().logical;
  const int64_t number = value.as_long();
  if (logical != AvroLogical::kTimestampMillis) return number;
  int64_t micros = 0;
  if (__builtin_mul_overflow(number, int64_t{1000}, &micros)) {
    value.decoder().fail(fmt::format("{} is out of range", value.field()));
  }
  return micros;
}

Value int_from(AvroValue& value) {
  const int32_t number = value.as_int();
  if (value.node().logical == AvroLogical::kTimeMillis) return int64_t{number} * 1000;
  return number;
}

enum class Held { kBool, kInt32, kInt64, kFloat, kDouble, kDecimal, kString, kBytes, kNone };

Held held_by(TypeId id) {
  switch (id) {
    case TypeId::kBoolean:
      return Held::kBool;
    case TypeId::kInt:
    case TypeId::kDate:
      return Held::kInt32;
    case TypeId::kLong:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz:
    case TypeId::kTimestampNs:
    case TypeId::kTimestamptzNs:
      return Held::kInt64;
    case TypeId::kFloat:
      return Held::kFloat;
    case TypeId::kDouble:
      return Held::kDouble;
    case TypeId::kDecimal:
      return Held::kDecimal;
    case TypeId::kString:
      return Held::kString;
    case TypeId::kUuid:
    case TypeId::kFixed:
    case TypeId::kBinary:
      return Held::kBytes;
    default:
      return Held::kNone;
  }
}

Held held_in(const Value& value) {
  static constexpr Held kByIndex[] = {Held::kNone,    Held::kBool,   Held::kInt32,
                                      Held::kInt64,   Held::kFloat,  Held::kDouble,
                                      Held::kDecimal, Held::kString, Held::kBytes};
  static_assert(std::size(kByIndex) == std::variant_size_v<Value>);
  return kByIndex[value.index()];
}

__int128 decimal_limit(int precision) {
  __int128 limit = 1;
  for (int i = 0; i < precision; ++i) limit *= 10;
  return limit;
}

size_t fixed_length(const Type& type) {
  return type.id() == TypeId::kUuid ? 16 : static_cast<size_t>(type.length());
}

void put_decimal(AvroEncoder& out, Decimal value, int precision) {
  const __int128 limit = decimal_limit(precision);
  int bytes = 1;
  while (bytes < 16 && (__int128{1} << (8 * bytes - 1)) < limit) ++bytes;
  FIRN_CHECK(value.unscaled < limit && value.unscaled > -limit, "a decimal fits its precision");
  std::string raw;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    raw.push_back(static_cast<char>(value.unscaled >> shift));
  out.put_raw(raw);
}

void put_bytes(AvroEncoder& out, const std::string& data, const Type& type) {
  if (type.id() == TypeId::kBinary) return out.put_bytes(data);
  FIRN_CHECK(data.size() == fixed_length(type), "a fixed value has its type's length");
  out.put_raw(data);
}

// A value that its type cannot hold would be written as another one.
void check_fits(const Value& value, const Type& type, const AvroValue& source) {
  if (const auto* decimal = std::get_if<Decimal>(&value)) {
    const __int128 limit = decimal_limit(type.precision());
    if (decimal->unscaled >= limit || decimal->unscaled <= -limit)
      source.fail_kind(type.to_string().c_str());
  }
  if (const auto* bytes = std::get_if<Bytes>(&value);
      bytes != nullptr && type.id() != TypeId::kBinary) {
    if (bytes->data.size() != fixed_length(type)) source.fail_kind(type.to_string().c_str());
  }
}

Value converted(Value value, const Type& type, const AvroValue& source) {
  const Held want = held_by(type.id());
  const Held have = held_in(value);
  if (types::is_null(value) || want == have) return value;
  if (want == Held::kInt64 && have == Held::kInt32) return int64_t{std::get<int32_t>(value)};
  if (want == Held::kDouble && have == Held::kFloat)
    return static_cast<double>(std::get<float>(value));
  if (want == Held::kString && have == Held::kBytes) return std::move(std::get<Bytes>(value).data);
  if (want == Held::kBytes && have == Held::kString)
    return Bytes{std::move(std::get<std::string>(value))};
  if (want == Held::kInt32 && have == Held::kInt64) {
    const int64_t number = std::get<int64_t>(value);
    if (number >= std::numeric_limits<int32_t>::min() &&
        number <= std::numeric_limits<int32_t>::max()) {
      return static_cast<int32_t>(number);
    }
  }
  source.fail_kind(type.to_string().c_str());
}

}  // namespace

Value read_avro_value(AvroValue& value) {
  const AvroNode& node = value.node();
  switch (node.kind) {
    case AvroKind::kNull:
      return Null{};
    case AvroKind::kBoolean:
      return value.as_boolean();
    case AvroKind::kInt:
      return int_from(value);
    case AvroKind::kLong:
      return long_from(value);
    case AvroKind::kFloat:
      return value.as_float();
    case AvroKind::kDouble:
      return value.as_double();
    case AvroKind::kEnum:
      return value.as_string();
    case AvroKind::kString:
      if (node.logical == AvroLogical::kUuid) return uuid_from_text(value);
      return value.as_string();
    case AvroKind::kBytes:
    case AvroKind::kFixed:
      if (node.logical == AvroLogical::kDecimal) return decimal_from(value);
      return Bytes{value.as_bytes()};
    default:
      value.fail_kind("a primitive");
  }
}

Value conform(Value value, const Type& type, const AvroValue& source) {
  Value result = converted(std::move(value), type, source);
  check_fits(result, type, source);
  return result;
}

Value widened(const Value& value, const Type& type) {
  const auto* const single = std::get_if<float>(&value);
  if (single != nullptr && held_by(type.id()) == Held::kDouble) return Value(double{*single});
  const auto* const narrow = std::get_if<int32_t>(&value);
  return narrow != nullptr && held_by(type.id()) == Held::kInt64 ? Value(int64_t{*narrow}) : value;
}

void write_avro_value(AvroEncoder& out, const Value& value, const Type& type) {
  FIRN_CHECK(held_in(value) == held_by(type.id()) && !types::is_null(value),
             "a value is of its type");
  switch (held_in(value)) {
    case Held::kBool:
      return out.put_boolean(std::get<bool>(value));
    case Held::kInt32:
      return out.put_long(std::get<int32_t>(value));
    case Held::kInt64:
      return out.put_long(std::get<int64_t>(value));
    case Held::kFloat:
      return out.put_float(std::get<float>(value));
    case Held::kDouble:
      return out.put_double(std::get<double>(value));
    case Held::kDecimal:
      return put_decimal(out, std::get<Decimal>(value), type.precision());
    case Held::kString:
      return out.put_bytes(std::get<std::string>(value));
    case Held::kBytes:
      return put_bytes(out, std::get<Bytes>(value).data, type);
    case Held::kNone:
      break;
  }
}

}  // namespace firn::iceberg

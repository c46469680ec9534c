// The binary form of single values (specification, Appendix D), which manifests hold as bounds.
#include <bit>
#include <cstring>
#include <optional>

#include "base/error.h"
#include "types/calendar.h"
#include "types/type.h"
#include "types/value.h"

namespace firn::types {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they stand");

template <typename Number>
std::string number_bytes(Number number) {
  return std::string(reinterpret_cast<const char*>(&number), sizeof(number));
}

template <typename Number>
Number number_from(std::string_view bytes) {
  Number number;
  std::memcpy(&number, bytes.data(), sizeof(number));
  return number;
}

// Two's complement, big-endian, as few bytes as hold the sign.
std::string decimal_bytes(__int128 unscaled) {
  std::string bytes;
  for (int shift = 120; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(static_cast<unsigned __int128>(unscaled) >> shift & 0xFF);
  }
  const auto top_bit = [&](size_t at) { return static_cast<uint8_t>(bytes[at]) >> 7; };
  size_t skip = 0;
  while (skip < 15) {
    const char sign = unscaled < 0 ? '\xFF' : '\0';
    if (bytes[skip] != sign || top_bit(skip + 1) != (unscaled < 0 ? 1 : 0)) break;
    ++skip;
  }
  return bytes.substr(skip);
}

std::optional<__int128> decimal_from(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  const bool negative = static_cast<uint8_t>(bytes[0]) >> 7 != 0;
  while (bytes.size() > 16 && bytes[0] == (negative ? '\xFF' : '\0')) bytes.remove_prefix(1);
  if (bytes.size() > 16) return std::nullopt;
  unsigned __int128 bits = negative ? ~static_cast<unsigned __int128>(0) : 0;
  for (const char byte : bytes) bits = bits << 8 | static_cast<uint8_t>(byte);
  return static_cast<__int128>(bits);
}

// A date's four bytes in a column that is a timestamp now; units: of a day.
std::optional<int64_t> timestamp_from_days(int32_t days, int64_t units) {
  int64_t since_1970 = 0;
  if (__builtin_mul_overflow(static_cast<int64_t>(days), units, &since_1970)) return std::nullopt;
  return since_1970;
}

std::optional<Value> timestamp_from(std::string_view bytes, int64_t units_per_day) {
  if (bytes.size() == 8) return number_from<int64_t>(bytes);
  if (bytes.size() != 4) return std::nullopt;
  return timestamp_from_days(number_from<int32_t>(bytes), units_per_day);
}

std::optional<Value> value_from(std::string_view bytes, const Type& type) {
  switch (type.id()) {
    case TypeId::kBoolean:
      if (bytes.size() != 1) return std::nullopt;
      return bytes[0] != 0;
    case TypeId::kInt:
    case TypeId::kDate:
      if (bytes.size() != 4) return std::nullopt;
      return number_from<int32_t>(bytes);
    case TypeId::kLong:
      if (bytes.size() == 4) return static_cast<int64_t>(number_from<int32_t>(bytes));
      [[fallthrough]];
    case TypeId::kTime:
    case TypeId::kTimestamptz:
    case TypeId::kTimestamptzNs:
      if (bytes.size() != 8) return std::nullopt;
      return number_from<int64_t>(bytes);
    case TypeId::kTimestamp:
      return timestamp_from(bytes, kMicrosPerDay);
    case TypeId::kTimestampNs:
      return timestamp_from(bytes, 1000 * kMicrosPerDay);
    case TypeId::kFloat:
      if (bytes.size() != 4) return std::nullopt;
      return number_from<float>(bytes);
    case TypeId::kDouble:
      if (bytes.size() == 4) return static_cast<double>(number_from<float>(bytes));
      if (bytes.size() != 8) return std::nullopt;
      return number_from<double>(bytes);
    case TypeId::kDecimal: {
      const std::optional<__int128> unscaled = decimal_from(bytes);
      if (!unscaled) return std::nullopt;
      return Decimal{*unscaled};
    }
    case TypeId::kString:
      return std::string(bytes);
    case TypeId::kUuid:
      if (bytes.size() != 16) return std::nullopt;
      return Bytes{std::string(bytes)};
    case TypeId::kFixed:  // bounds may be truncated
      if (bytes.size() > static_cast<size_t>(type.length())) return std::nullopt;
      return Bytes{std::string(bytes)};
    case TypeId::kBinary:
      return Bytes{std::string(bytes)};
    default:
      throw_unsupported("single values of type " + type.to_string());
  }
}

template <typename T>
const T& expect(const Value& value, const Type& type) {
  const T* held = std::get_if<T>(&value);
  if (held == nullptr) {
    throw Error("FIRN_INTERNAL",
                {{"what", "a value of another type was given for " + type.to_string()}});
  }
  return *held;
}

}  // namespace

std::string to_single_value_bytes(const Value& value, const Type& type) {
  switch (type.id()) {
    case TypeId::kBoolean:
      return std::string(1, expect<bool>(value, type) ? '\1' : '\0');
    case TypeId::kInt:
    case TypeId::kDate:
      return number_bytes(expect<int32_t>(value, type));
    case TypeId::kLong:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz:
    case TypeId::kTimestampNs:
    case TypeId::kTimestamptzNs:
      return number_bytes(expect<int64_t>(value, type));
    case TypeId::kFloat:
      return number_bytes(expect<float>(value, type));
    case TypeId::kDouble:
      return number_bytes(expect<double>(value, type));
    case TypeId::kDecimal:
      return decimal_bytes(expect<Decimal>(value, type).unscaled);
    case TypeId::kString:
      return expect<std::string>(value, type);
    case TypeId::kUuid:
    case TypeId::kFixed:
    case TypeId::kBinary:
      return expect<Bytes>(value, type).data;
    default:
      throw_unsupported("single values of type " + type.to_string());
  }
}

Value from_single_value_bytes(std::string_view bytes, const Type& type) {
  if (std::optional<Value> value = value_from(bytes, type)) return *std::move(value);
  throw_corrupt("a value of type " + type.to_string() + " has " + std::to_string(bytes.size()) +
                " bytes");
}

}  // namespace firn::types

// One value of an Iceberg type, as it stands in partitions, bounds, defaults and predicates.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace firn::types {

class Type;

struct Decimal {  // unscaled value; precision and scale stand in the type
  __int128 unscaled = 0;
  bool operator==(const Decimal&) const = default;
  auto operator<=>(const Decimal&) const = default;
};
struct Bytes {  // binary, fixed and uuid (16 bytes, big-endian)
  std::string data;
  bool operator==(const Bytes&) const = default;
  auto operator<=>(const Bytes&) const = default;
};
struct Null {
  bool operator==(const Null&) const = default;
  auto operator<=>(const Null&) const = default;
};

// int and date are int32_t (date: days since 1970-01-01); long, time, timestamps are int64_t
// (time: µs of the day; timestamp(tz): µs; *_ns: ns since 1970); string is std::string in UTF-8.
using Value =
    std::variant<Null, bool, int32_t, int64_t, float, double, Decimal, std::string, Bytes>;

inline bool is_null(const Value& value) { return std::holds_alternative<Null>(value); }

// Iceberg's order: -NaN < … < -0.0 < +0.0 < … < NaN; strings and bytes unsigned byte-wise; nulls
// first. Both values must be of the same alternative (or null).
std::strong_ordering compare(const Value& a, const Value& b);

// Specification, Appendix D "Single-value serialization": binary form for bounds. Null is not
// allowed.
std::string to_single_value_bytes(const Value& value, const Type& type);
// Accepts values written before a type promotion (4 bytes for long, float for double, …). Throws
// Error{kCorrupt}.
Value from_single_value_bytes(std::string_view bytes, const Type& type);

// For people and partition paths: dates as 2017-11-16, timestamps in ISO form, decimals with scale,
// bytes in base64.
std::string to_human(const Value& value, const Type& type);

}  // namespace firn::types

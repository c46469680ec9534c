// The values inside literals' quotes: decimals, dates, timestamps, bytes, intervals. nullopt where
// the text is none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "types/value.h"

namespace firn::sql {

struct DecimalLiteral {
  types::Decimal value;
  int precision = 1;
  int scale = 0;
};
// "1.50" is DECIMAL(3,2), "1e3" DECIMAL(4,0). nullopt beyond 38 digits.
std::optional<DecimalLiteral> parse_decimal(std::string_view text);
size_t count_digits(std::string_view text);

// [+-]yyyy[-m[-d[ T…]]], as Spark reads DATE '…'. Days since 1970.
std::optional<int32_t> parse_date(std::string_view text);

struct TimestampLiteral {
  int64_t micros = 0;  // of the local time, were it UTC
  std::string zone;    // "", or as written: Z, +02:00, Europe/Berlin
};
std::optional<TimestampLiteral> parse_timestamp(std::string_view text);

std::optional<types::Bytes> parse_hex(std::string_view text);

}  // namespace firn::sql

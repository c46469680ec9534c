// uses: kernels types base
// Any text as a number, a date, a time, a zone. What is read and written again reads as the same.
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "attempt.h"
#include "kernels/decimal.h"
#include "kernels/number_pattern.h"
#include "kernels/number_text.h"
#include "kernels/time_zone.h"
#include "kernels/timestamp_text.h"
#include "kernels/value_text.h"

namespace kernels = firn::kernels;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const auto paris = kernels::find_time_zone("Europe/Paris");
  (void)kernels::parse_boolean(text);
  for (const bool fraction : {false, true}) {
    const auto integer = kernels::parse_integer(text, fraction);
    if (integer)
      FIRN_CHECK(kernels::parse_integer(std::to_string(*integer), false) == integer, "an integer");
  }
  if (const auto number = kernels::parse_double(text)) {
    const auto again = kernels::parse_double(kernels::java_text(*number));
    FIRN_CHECK(again && (*number != *number ||
                         std::bit_cast<int64_t>(*again) == std::bit_cast<int64_t>(*number)),
               "a double");
  }
  if (const auto number = kernels::parse_float(text)) {
    const auto again = kernels::parse_float(kernels::java_text(*number));
    FIRN_CHECK(again && (*number != *number ||
                         std::bit_cast<int32_t>(*again) == std::bit_cast<int32_t>(*number)),
               "a float");
  }
  for (const auto& [precision, scale] : {std::pair(38, 0), {38, 38}, {10, 2}}) {
    bool overflow = false;
    if (const auto number = kernels::parse_decimal(text, precision, scale, overflow))
      FIRN_CHECK(kernels::parse_decimal(kernels::decimal_text(*number, scale), precision, scale,
                                        overflow) == number,
                 "a decimal");
  }
  if (const auto date = kernels::parse_date(text)) {
    std::string written;
    kernels::append_date(written, *date);
    FIRN_CHECK(kernels::parse_date(written) == date, "a date");
  }
  (void)kernels::parse_timestamp(text, *paris);
  (void)kernels::parse_timestamp(text, *paris, 19000);
  (void)kernels::parse_timestamp_ntz(text, false);
  if (const auto instant = kernels::parse_timestamp_ntz(text, true)) {
    std::string written;
    kernels::append_local_timestamp(written, *instant);
    FIRN_CHECK(kernels::parse_timestamp_ntz(written, false) == instant, "a timestamp");
  }
  if (text.size() < 64) {
    if (const auto zone = kernels::find_time_zone(text)) {
      (void)zone->offset_at(0);
      (void)zone->to_utc(1700000000000000);
    }
  }
  const size_t line = std::min(text.find('\n'), text.size());
  firn::fuzz::attempt([&] {
    const kernels::NumberPattern pattern = kernels::parse_number_pattern(text.substr(0, line));
    if (const auto number =
            kernels::parse_number(pattern, text.substr(std::min(line + 1, text.size()))))
      (void)kernels::format_number(pattern, *number, pattern.scale());
  });
  return 0;
}

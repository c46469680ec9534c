// Configuration values as people write them: numbers, sizes, times, as Spark reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace firn::conf {

// nullopt where the text is no such value. Blanks around it are ignored.
std::optional<bool> parse_boolean(std::string_view text);  // true, false; any case
std::optional<int32_t> parse_int(std::string_view text);
std::optional<int64_t> parse_long(std::string_view text);
std::optional<double> parse_double(std::string_view text);
// "1024", "64k", "128MB", "1g", "2t": powers of 1024.
std::optional<int64_t> parse_bytes(std::string_view text);
// "75%" → 75; 0 to 100.
std::optional<double> parse_percent(std::string_view text);
// "100ms", "10s", "5min", "2 hours", "1d"; a bare number is in units of `unit_ms`. Result in
// milliseconds.
std::optional<int64_t> parse_millis(std::string_view text, int64_t unit_ms);

}  // namespace firn::conf

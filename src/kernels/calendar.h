// Dates and local times as numbers: days since 1970-01-01 and µs, in the proleptic Gregorian
// calendar.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "kernels/time_zone.h"

namespace firn::kernels {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

constexpr int64_t floor_div(int64_t a, int64_t b) {
  return a / b - ((a % b != 0) && ((a < 0) != (b < 0)) ? 1 : 0);
}
constexpr int64_t floor_mod(int64_t a, int64_t b) {
  const int64_t rest = a % b;
  return rest != 0 && ((rest < 0) != (b < 0)) ? rest + b : rest;
}

struct Date {
  int64_t year = 1970;
  int month = 1, day = 1;
};
Date date_of(int64_t days);
int64_t days_of(const Date& date);
int days_in_month(int64_t year, int month);
// Months added; the day is cut to the new month's last.
int64_t add_months(int64_t days, int64_t months);
int day_of_year(int64_t days);
int iso_week(int64_t days);
int64_t iso_week_year(int64_t days);
inline int weekday_from_monday(int64_t days) {
  return static_cast<int>(floor_mod(days + 3, 7));
}  // Monday is 0

enum class Unit : uint8_t {
  kMicrosecond,
  kMillisecond,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,
  kMonth,
  kQuarter,
  kYear,
};
// "MON", "mm", "yyyy", "day" … in any case; nullopt where unknown.
std::optional<Unit> parse_unit(std::string_view text);
// Length of the units of fixed length in µs (a day has 24 hours); 0 for months and longer.
int64_t micros_of(Unit unit);
// Start of the unit that a local time falls into.
int64_t truncate_local(int64_t local_us, Unit unit);

}  // namespace firn::kernels

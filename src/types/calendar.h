// Days, months and hours since 1970 with floor semantics: what lies before 1970 counts down from
// -1.
#pragma once

#include <cstdint>

namespace firn::types {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerHour = 3'600 * kMicrosPerSecond;
inline constexpr int64_t kMicrosPerDay = 24 * kMicrosPerHour;

template <typename Integer>
constexpr Integer floor_div(Integer a, Integer b) {
  return a / b - ((a % b != 0 && (a % b < 0) != (b < 0)) ? 1 : 0);
}

struct CivilDate {
  int64_t year = 1970;
  int month = 1;
  int day = 1;
};

// The proleptic Gregorian calendar over the whole range of a 32-bit day count.
constexpr CivilDate civil_from_days(int64_t days) {
  const int64_t shifted = days + 719'468;  // since 0000-03-01
  const int64_t era = floor_div<int64_t>(shifted, 146'097);
  const int64_t day_of_era = shifted - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  CivilDate date;
  date.day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  date.month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

constexpr int64_t days_from_civil(CivilDate date) {
  const int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const int64_t era = floor_div<int64_t>(year, 400);
  const int64_t year_of_era = year - era * 400;
  const int64_t shifted_month = date.month > 2 ? date.month - 3 : date.month + 9;
  const int64_t day_of_year = (153 * shifted_month + 2) / 5 + date.day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

constexpr int32_t years_since_1970(int64_t days) {
  return static_cast<int32_t>(civil_from_days(days).year - 1970);
}

constexpr int32_t months_since_1970(int64_t days) {
  const CivilDate date = civil_from_days(days);
  return static_cast<int32_t>((date.year - 1970) * 12 + date.month - 1);
}

}  // namespace firn::types

// Calendar arithmetic.
#include "kernels/calendar.h"

#include <algorithm>
#include <string>

#include "kernels/timestamp_text.h"

namespace firn::kernels {

Date date_of(int64_t days) {
  Date date;
  civil_from_days(days, date.year, date.month, date.day);
  return date;
}

int64_t days_of(const Date& date) { return days_from_civil(date.year, date.month, date.day); }

int days_in_month(int64_t year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap =
      (floor_mod(year, 4) == 0 && floor_mod(year, 100) != 0) || floor_mod(year, 400) == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

int64_t add_months(int64_t days, int64_t months) {
  Date date = date_of(days);
  const int64_t total = date.year * 12 + date.month - 1 + months;
  date.year = floor_div(total, 12);
  date.month = static_cast<int>(floor_mod(total, 12)) + 1;
  date.day = std::min(date.day, days_in_month(date.year, date.month));
  return days_of(date);
}

int day_of_year(int64_t days) {
  return static_cast<int>(days - days_from_civil(date_of(days).year, 1, 1)) + 1;
}

int64_t iso_week_year(int64_t days) { return date_of(days - weekday_from_monday(days) + 3).year; }

int iso_week(int64_t days) {
  const int64_t thursday = days - weekday_from_monday(days) + 3;
  return (day_of_year(thursday) - 1) / 7 + 1;
}

std::optional<Unit> parse_unit(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  struct Row {
    std::string_view name;
    Unit unit;
  };
  static constexpr Row kRowsOfCalendar[] = {
      {"YEAR", Unit::kYear},
      {"YYYY", Unit::kYear},
      {"YY", Unit::kYear},
      {"QUARTER", Unit::kQuarter},
      {"MONTH", Unit::kMonth},
      {"MON", Unit::kMonth},
      {"MM", Unit::kMonth},
      {"WEEK", Unit::kWeek},
      {"DAY", Unit::kDay},
      {"DD", Unit::kDay},
      {"DAYOFYEAR", Unit::kDay},
      {"HOUR", Unit::kHour},
      {"MINUTE", Unit::kMinute},
      {"SECOND", Unit::kSecond},
      {"MILLISECOND", Unit::kMillisecond},
      {"MICROSECOND", Unit::kMicrosecond},
  };
  for (const Row& row : kRowsOfCalendar) {
    if (row.name == upper) return row.unit;
  }
  return std::nullopt;
}

int64_t micros_of(Unit unit) {
  constexpr int64_t kMicros[] = {1,
                                 1000,
                                 kMicrosPerSecond,
                                 60 * kMicrosPerSecond,
                                 3600 * kMicrosPerSecond,
                                 kMicrosPerDay,
                                 7 * kMicrosPerDay,
                                 0,
                                 0,
                                 0};
  return kMicros[static_cast<size_t>(unit)];
}

int64_t truncate_local(int64_t local_us, Unit unit) {
  if (unit < Unit::kWeek) return local_us - floor_mod(local_us, micros_of(unit));
  const int64_t days = floor_div(local_us, kMicrosPerDay);
  Date date = date_of(days);
  date.day = 1;
  switch (unit) {
    case Unit::kWeek:
      return (days - weekday_from_monday(days)) * kMicrosPerDay;
    case Unit::kQuarter:
      date.month = (date.month - 1) / 3 * 3 + 1;
      break;
    case Unit::kYear:
      date.month = 1;
      break;
    default:
      break;
  }
  return days_of(date) * kMicrosPerDay;
}

}  // namespace firn::kernels

// Reading dates and timestamps: one segment scanner, as Spark's
// SparkDateTimeUtils.parseTimestampString defines the grammar.
#include "kernels/timestamp_text.h"

#include <array>
#include <limits>
#include <string>

#include "kernels/calendar.h"

namespace firn::kernels {
namespace {

constexpr int64_t kMicrosPerDay = 86400 * kMicrosPerSecond;

bool is_blank_before_time(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }

std::string_view trim_text(std::string_view text) {
  while (!text.empty() && is_blank_before_time(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank_before_time(text.back())) text.remove_suffix(1);
  return text;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What stands in the text: up to seven numbers and a zone.
struct Parts {
  int64_t year = 0;
  int month = 1, day = 1, hour = 0, minute = 0, second = 0, micros = 0;
  bool has_date = false;
  std::string_view zone;
};

// Reads between `low` and `high` digits.
bool digits(std::string_view& text, int low, int high, int& out) {
  int count = 0, value = 0;
  while (count < high && !text.empty() && is_digit(text.front())) {
    value = value * 10 + (text.front() - '0');
    text.remove_prefix(1);
    ++count;
  }
  out = value;
  return count >= low;
}

bool eat(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

bool scan_date(std::string_view& text, Parts& parts) {
  bool negative = false;
  if (eat(text, '-'))
    negative = true;
  else
    eat(text, '+');
  int year = 0;
  if (!digits(text, 4, 7, year)) return false;
  parts.year = negative ? -year : year;
  parts.has_date = true;
  if (!eat(text, '-')) return true;
  if (!digits(text, 1, 2, parts.month)) return false;
  if (!eat(text, '-')) return true;
  return digits(text, 1, 2, parts.day);
}

bool scan_time(std::string_view& text, Parts& parts) {
  if (!digits(text, 1, 2, parts.hour)) return false;
  if (!eat(text, ':')) {  // the hour alone is enough behind a date
    parts.zone = trim_text(text);
    text = {};
    return parts.has_date;
  }
  if (!digits(text, 1, 2, parts.minute)) return false;
  if (eat(text, ':')) {
    if (!digits(text, 1, 2, parts.second)) return false;
    if (eat(text, '.')) {
      int count = 0;
      while (!text.empty() && is_digit(text.front())) {
        if (count < 6) parts.micros = parts.micros * 10 + (text.front() - '0');
        ++count;
        text.remove_prefix(1);
      }
      for (; count < 6; ++count) parts.micros *= 10;
    }
  }
  parts.zone = trim_text(text);
  text = {};
  return true;
}

bool scan(std::string_view text, Parts& parts) {
  text = trim_text(text);
  if (text.empty()) return false;
  if (eat(text, 'T')) return scan_time(text, parts);
  if (text.size() >= 3 && is_digit(text[0]) &&
      (text[1] == ':' || (is_digit(text[1]) && text[2] == ':')))
    return scan_time(text, parts);
  if (!scan_date(text, parts)) return false;
  if (text.empty()) return true;
  if (!eat(text, 'T') && !eat(text, ' ')) return false;
  return !text.empty() && scan_time(text, parts);
}

bool in_range(const Parts& parts) {
  return is_valid_date(parts.year, parts.month, parts.day) && parts.hour < 24 &&
         parts.minute < 60 && parts.second < 60;
}

std::optional<int64_t> local_micros(const Parts& parts, int64_t days) {
  const int64_t seconds = parts.hour * 3600 + parts.minute * 60 + parts.second;
  int64_t result = 0;
  if (__builtin_mul_overflow(days, kMicrosPerDay, &result)) return std::nullopt;
  if (__builtin_add_overflow(result, seconds * kMicrosPerSecond + parts.micros, &result))
    return std::nullopt;
  return result;
}

// "Z", "+hh:mm", "-h:m", "+hh": seconds from UTC. Other spellings are for the zone database.
std::optional<int32_t> fixed_offset(std::string_view zone) {
  if (zone == "Z") return 0;
  if (zone.size() < 2 || (zone[0] != '+' && zone[0] != '-')) return std::nullopt;
  const int sign = zone[0] == '-' ? -1 : 1;
  zone.remove_prefix(1);
  int hours = 0, minutes = 0, seconds = 0;
  if (!digits(zone, 1, 2, hours)) return std::nullopt;
  if (eat(zone, ':') && !digits(zone, 1, 2, minutes)) return std::nullopt;
  if (eat(zone, ':') && !digits(zone, 2, 2, seconds)) return std::nullopt;
  if (!zone.empty() || hours > 18 || minutes > 59 || seconds > 59) return std::nullopt;
  return sign * (hours * 3600 + minutes * 60 + seconds);
}

int two(const char* at) { return (at[0] - '0') * 10 + (at[1] - '0'); }

// The shape that machines write: yyyy-mm-dd[T ]hh:mm:ss[.f…](Z). Everything else takes the scanner.
bool scan_fast(std::string_view text, Parts& parts) {
  if (text.size() < 20 || text.back() != 'Z') return false;
  const char* at = text.data();
  static constexpr std::array<int, 14> kDigits = {0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18};
  for (int position : kDigits) {
    if (!is_digit(at[position])) return false;
  }
  if (at[4] != '-' || at[7] != '-' || (at[10] != 'T' && at[10] != ' ') || at[13] != ':' ||
      at[16] != ':')
    return false;
  parts.year = two(at) * 100 + two(at + 2);
  parts.month = two(at + 5);
  parts.day = two(at + 8);
  parts.hour = two(at + 11);
  parts.minute = two(at + 14);
  parts.second = two(at + 17);
  size_t position = 19;
  if (at[position] == '.') {
    int count = 0;
    for (++position; is_digit(at[position]); ++position, ++count) {
      if (count < 6) parts.micros = parts.micros * 10 + (at[position] - '0');
    }
    for (; count < 6; ++count) parts.micros *= 10;
  }
  return position == text.size() - 1;
}

}  // namespace

int64_t days_from_civil(int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned day_of_year =
      (153U * static_cast<unsigned>(month + (month > 2 ? -3 : 9)) + 2) / 5 +
      static_cast<unsigned>(day) - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + static_cast<int64_t>(day_of_era) - 719468;
}

void civil_from_days(int64_t days, int64_t& year, int& month, int& day) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const auto day_of_era = static_cast<unsigned>(days - era * 146097);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted = (5 * day_of_year + 2) / 153;
  day = static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1);
  month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  year = static_cast<int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0);
}

bool is_valid_date(int64_t year, int month, int day) {
  static constexpr std::array<int, 13> kDays = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return false;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day <= kDays[static_cast<size_t>(month)] + (month == 2 && leap ? 1 : 0);
}

std::optional<int32_t> parse_date(std::string_view text) {
  text = trim_text(text);
  Parts parts;
  if (!scan_date(text, parts)) return std::nullopt;
  if (!text.empty() && text.front() != 'T' && text.front() != ' ') return std::nullopt;
  if (!is_valid_date(parts.year, parts.month, parts.day)) return std::nullopt;
  const int64_t days = days_from_civil(parts.year, parts.month, parts.day);
  if (days < std::numeric_limits<int32_t>::min() || days > std::numeric_limits<int32_t>::max())
    return std::nullopt;
  return static_cast<int32_t>(days);
}

std::optional<int64_t> parse_timestamp(std::string_view text, const TimeZone& zone,
                                       std::optional<int32_t> today_days) {
  Parts parts;
  if (scan_fast(text, parts)) {
    if (!in_range(parts)) return std::nullopt;
    return local_micros(parts, days_from_civil(parts.year, parts.month, parts.day));
  }
  parts = {};
  if (!scan(text, parts) || !in_range(parts)) return std::nullopt;
  if (!parts.has_date && !today_days) return std::nullopt;
  const auto local = local_micros(
      parts, parts.has_date ? days_from_civil(parts.year, parts.month, parts.day) : *today_days);
  if (!local) return std::nullopt;
  if (parts.zone.empty()) return zone.to_utc(*local);
  if (const auto offset = fixed_offset(parts.zone)) return *local - *offset * kMicrosPerSecond;
  const auto named = find_time_zone(parts.zone);
  if (named == nullptr) return std::nullopt;
  return named->to_utc(*local);
}

std::optional<int64_t> parse_timestamp_ntz(std::string_view text, bool allow_zone) {
  Parts parts;
  if (!scan(text, parts) || !in_range(parts) || !parts.has_date) return std::nullopt;
  if (!parts.zone.empty() && !allow_zone) return std::nullopt;
  return local_micros(parts, days_from_civil(parts.year, parts.month, parts.day));
}

}  // namespace firn::kernels

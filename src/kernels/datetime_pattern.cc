// Patterns such as yyyy-MM-dd HH:mm:ss.SSSXXX.
#include "kernels/datetime_pattern.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>

#include "base/error.h"
#include "kernels/calendar.h"
#include "kernels/timestamp_text.h"

namespace firn::kernels {
namespace {

constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
constexpr std::string_view kDays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                      "Friday", "Saturday", "Sunday"};
constexpr std::string_view kQuarters[] = {"1st quarter", "2nd quarter", "3rd quarter",
                                          "4th quarter"};

// Letters that Spark knows, and the largest count of each.
struct LetterRow {
  char letter;
  int most;
};
constexpr LetterRow kLetters[] = {{'G', 4}, {'y', 6}, {'M', 4}, {'L', 4}, {'d', 2}, {'D', 3},
                                  {'E', 4}, {'F', 1}, {'a', 1}, {'H', 2}, {'h', 2}, {'K', 2},
                                  {'k', 2}, {'m', 2}, {'s', 2}, {'S', 9}, {'Q', 4}, {'q', 4},
                                  {'X', 5}, {'x', 5}, {'Z', 5}, {'z', 4}, {'O', 4}, {'V', 2}};

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

void append_number(std::string& out, int64_t value, int width) {
  char digits[24];
  const int size =
      std::snprintf(digits, sizeof(digits), "%0*lld", width, static_cast<long long>(value));
  out.append(digits, static_cast<size_t>(size));
}

void append_offset(std::string& out, int32_t seconds, int count, bool z_for_zero) {
  if (z_for_zero && seconds == 0) {
    out += 'Z';
    return;
  }
  const int32_t total = std::abs(seconds);
  out += seconds < 0 ? '-' : '+';
  append_number(out, total / 3600, 2);
  const bool colon = count == 3 || count == 5;
  const int minutes = total / 60 % 60, rest = total % 60;
  if (count > 1 || minutes != 0) {
    if (colon) out += ':';
    append_number(out, minutes, 2);
  }
  if (count > 3 && rest != 0) {
    if (colon) out += ':';
    append_number(out, rest, 2);
  }
}

}  // namespace

struct DateTimePattern::Fields {
  std::optional<int64_t> year;
  int month = 1, day = 1;
  std::optional<int> day_of_year, weekday, clock_hour;  // clock_hour: of a 12-hour clock, 0 … 11
  int hour = 0, minute = 0, second = 0;
  int64_t micros = 0;
  std::optional<bool> afternoon;
  std::optional<int32_t> offset;
  std::string zone;
};

DateTimePattern::DateTimePattern(std::string_view pattern) {
  const auto refuse = [&](const char* condition, const std::string& c) {
    throw Error(condition, {{"pattern", "'" + std::string(pattern) + "'"}, {"c", "'" + c + "'"}});
  };
  // Patterns that Spark's older formatter took.
  const auto recognised = [&] {
    throw Error("INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION",
                {{"pattern", "'" + std::string(pattern) + "'"},
                 {"config", "\"spark.sql.legacy.timeParserPolicy\""},
                 {"docroot", "https://spark.apache.org/docs/latest"}});
  };
  const auto literal = [&](char c) {
    if (items_.empty() || items_.back().letter != 0) items_.push_back({});
    items_.back().text += c;
  };
  for (size_t i = 0; i < pattern.size();) {
    const char c = pattern[i];
    if (c == '\'') {
      size_t end = pattern.find('\'', i + 1);
      if (end == i + 1) literal('\'');
      for (size_t from = i + 1;; from = end + 1, end = pattern.find('\'', from)) {
        if (end == std::string_view::npos) refuse("INVALID_DATETIME_PATTERN.WITH_SUGGESTION", "'");
        for (size_t j = from; j < end; ++j) literal(pattern[j]);
        const bool doubled = end > i + 1 && end + 1 < pattern.size() && pattern[end + 1] == '\'';
        if (!doubled) break;
        literal('\'');
        ++end;
      }
      i = end + 1;
    } else if (c == '[' || c == ']') {
      items_.push_back({c, 1, ""});
      ++i;
    } else if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      size_t end = i;
      while (end < pattern.size() && pattern[end] == c) ++end;
      const auto row = std::find_if(std::begin(kLetters), std::end(kLetters),
                                    [&](const LetterRow& r) { return r.letter == c; });
      if (std::string_view("YwWu").find(c) != std::string_view::npos) recognised();
      if (c == 'e' || c == 'c')
        throw Error("INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_WEEK_BASED_PATTERN",
                    {{"c", std::string(1, c)}});
      if (row == std::end(kLetters))
        refuse("INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER", std::string(1, c));
      if (static_cast<int>(end - i) > row->most)
        refuse("INVALID_DATETIME_PATTERN.LENGTH", std::string(1, c));
      items_.push_back({c, static_cast<int>(end - i), ""});
      i = end;
    } else if (c == '#' || c == '{' || c == '}') {
      recognised();
    } else {
      literal(c);
      ++i;
    }
  }
}

void DateTimePattern::format(std::string& out, int64_t local_us, int32_t offset_seconds,
                             std::string_view zone_id) const {
  for (const Item& item : items_) format_item(out, item, local_us, offset_seconds, zone_id);
}

void DateTimePattern::format_item(std::string& out, const Item& item, int64_t local_us,
                                  int32_t offset_seconds, std::string_view zone_id) const {
  const int64_t days = floor_div(local_us, kMicrosPerDay),
                micros = floor_mod(local_us, kMicrosPerDay);
  const Date date = date_of(days);
  const int hour = static_cast<int>(micros / 3'600'000'000);
  switch (item.letter) {
    case 0:
      out += item.text;
      break;
    case 'y':
    case 'u': {
      const int64_t year = item.letter == 'y' && date.year <= 0 ? 1 - date.year : date.year;
      if (item.count == 2) {
        append_number(out, floor_mod(year, 100), 2);
        break;
      }
      if (year < 0)
        out += '-';
      else if (year > 9999 && item.count >= 4)
        out += '+';
      append_number(out, std::llabs(year), item.count);
      break;
    }
    case 'M':
    case 'L':
      if (item.count <= 2)
        append_number(out, date.month, item.count);
      else
        out += item.count == 3 ? kMonths[date.month - 1].substr(0, 3) : kMonths[date.month - 1];
      break;
    case 'd':
      append_number(out, date.day, item.count);
      break;
    case 'D':
      append_number(out, day_of_year(days), item.count);
      break;
    case 'F':
      append_number(out, (date.day - 1) % 7 + 1, 1);
      break;
    case 'E': {
      const std::string_view name = kDays[weekday_from_monday(days)];
      out += item.count < 4 ? name.substr(0, 3) : name;
      break;
    }
    case 'Q':
    case 'q': {
      const int quarter = (date.month + 2) / 3;
      if (item.count <= 2)
        append_number(out, quarter, item.count);
      else
        out +=
            item.count == 3 ? "Q" + std::to_string(quarter) : std::string(kQuarters[quarter - 1]);
      break;
    }
    case 'G':
      out += item.count == 4 ? (date.year > 0 ? "Anno Domini" : "Before Christ")
                             : (date.year > 0 ? "AD" : "BC");
      break;
    case 'a':
      out += hour < 12 ? "AM" : "PM";
      break;
    case 'H':
      append_number(out, hour, item.count);
      break;
    case 'k':
      append_number(out, hour == 0 ? 24 : hour, item.count);
      break;
    case 'K':
      append_number(out, hour % 12, item.count);
      break;
    case 'h':
      append_number(out, hour % 12 == 0 ? 12 : hour % 12, item.count);
      break;
    case 'm':
      append_number(out, micros / 60'000'000 % 60, item.count);
      break;
    case 's':
      append_number(out, micros / kMicrosPerSecond % 60, item.count);
      break;
    case 'S': {
      char digits[16];
      std::snprintf(digits, sizeof(digits), "%06d000", static_cast<int>(micros % kMicrosPerSecond));
      out.append(digits, static_cast<size_t>(item.count));
      break;
    }
    case 'X':
      append_offset(out, offset_seconds, item.count, true);
      break;
    case 'x':
      append_offset(out, offset_seconds, item.count, false);
      break;
    case 'Z':
      if (item.count == 4) {
        out += "GMT";
        if (offset_seconds != 0) append_offset(out, offset_seconds, 3, false);
      } else {
        append_offset(out, offset_seconds, item.count == 5 ? 5 : 2, item.count == 5);
      }
      break;
    case 'O':
      out += "GMT";
      if (offset_seconds == 0) break;
      if (item.count == 4) {
        append_offset(out, offset_seconds, 3, false);
      } else {
        out += offset_seconds < 0 ? '-' : '+';
        append_number(out, std::abs(offset_seconds) / 3600, 1);
        if (std::abs(offset_seconds) / 60 % 60 != 0)
          out += ':', append_number(out, std::abs(offset_seconds) / 60 % 60, 2);
      }
      break;
    case 'V':
    case 'z':
      out += zone_id;
      break;
    default:
      break;  // brackets
  }
}

namespace {

bool is_number(char letter, int count) {
  if (std::string_view("MLQq").find(letter) != std::string_view::npos) return count <= 2;
  return letter != 0 && std::string_view("yudDFHhKkmsS").find(letter) != std::string_view::npos;
}

// Digits at `at`, at least `least`, at most `most`.
std::optional<int64_t> read_number(std::string_view text, size_t& at, int least, int most) {
  int64_t value = 0;
  int digits = 0;
  while (digits < most && at < text.size() && text[at] >= '0' && text[at] <= '9') {
    value = value * 10 + (text[at++] - '0');
    ++digits;
  }
  if (digits < least) return std::nullopt;
  return value;
}

// Index of the name at `at`; short ones have three letters.
template <size_t n>
std::optional<int> read_name(const std::string_view (&names)[n], bool full, std::string_view text,
                             size_t& at) {
  for (size_t i = 0; i < n; ++i) {
    const std::string_view name = full ? names[i] : names[i].substr(0, 3);
    if (!equal_ignoring_case(text.substr(at, name.size()), name)) continue;
    at += name.size();
    return static_cast<int>(i);
  }
  return std::nullopt;
}

// "+01:30", "+0130", "+01"; Z where `zulu`.
std::optional<int32_t> read_offset(std::string_view text, size_t& at, bool zulu, bool colon) {
  if (zulu && at < text.size() && (text[at] == 'Z' || text[at] == 'z')) return ++at, 0;
  if (at >= text.size() || (text[at] != '+' && text[at] != '-')) return std::nullopt;
  const int32_t sign = text[at++] == '-' ? -1 : 1;
  const auto hours = read_number(text, at, 2, 2);
  if (!hours) return std::nullopt;
  int64_t minutes = 0;
  const size_t before = at;
  if (colon && at < text.size() && text[at] == ':') ++at;
  if (const auto read = read_number(text, at, 2, 2); read)
    minutes = *read;
  else
    at = before;
  if (*hours > 18 || minutes > 59) return std::nullopt;
  return sign * static_cast<int32_t>(*hours * 3600 + minutes * 60);
}

}  // namespace

bool DateTimePattern::next_is_number(size_t item) const {
  return item + 1 < items_.size() && is_number(items_[item + 1].letter, items_[item + 1].count);
}

bool DateTimePattern::parse_item(size_t index, std::string_view text, size_t& at,
                                 Fields& fields) const {
  const Item& item = items_[index];
  const auto number = [&](int most) {
    return read_number(text, at, item.count,
                       item.count == 1 && !next_is_number(index) ? most : item.count);
  };
  const auto store = [&](std::optional<int64_t> value, int low, int high, int& field) {
    if (!value || *value < low || *value > high) return false;
    field = static_cast<int>(*value);
    return true;
  };
  int scratch = 0;
  switch (item.letter) {
    case 0:
      if (!equal_ignoring_case(text.substr(at, item.text.size()), item.text)) return false;
      at += item.text.size();
      return true;
    case 'y':
    case 'u': {
      const bool sign =
          at < text.size() && (text[at] == '-' || (text[at] == '+' && item.count >= 4));
      const bool negative = sign && text[at] == '-';
      if (sign) ++at;
      const int most = item.count == 2 || next_is_number(index) ? item.count
                       : sign                                   ? 6
                       : item.count < 4                         ? 6
                                                                : std::max(4, item.count);
      const auto year = read_number(text, at, item.count == 1 ? 1 : item.count, most);
      if (!year) return false;
      fields.year = item.count == 2 ? 2000 + *year : negative ? -*year : *year;
      return true;
    }
    case 'M':
    case 'L':
      if (item.count <= 2) return store(number(2), 1, 12, fields.month);
      if (const auto month = read_name(kMonths, item.count == 4, text, at); month)
        return fields.month = *month + 1, true;
      return false;
    case 'd':
      return store(number(2), 1, 31, fields.day);
    case 'D':
      if (!store(number(3), 1, 366, scratch)) return false;
      fields.day_of_year = scratch;
      return true;
    case 'E':
      fields.weekday = read_name(kDays, item.count == 4, text, at);
      return fields.weekday.has_value();
    case 'H':
      return store(number(2), 0, 23, fields.hour);
    case 'k':
      if (!store(number(2), 1, 24, fields.hour)) return false;
      fields.hour %= 24;
      return true;
    case 'h':
      if (!store(number(2), 1, 12, scratch)) return false;
      fields.clock_hour = scratch % 12;
      return true;
    case 'K':
      if (!store(number(2), 0, 11, scratch)) return false;
      fields.clock_hour = scratch;
      return true;
    case 'm':
      return store(number(2), 0, 59, fields.minute);
    case 's':
      return store(number(2), 0, 59, fields.second);
    case 'S': {
      const size_t before = at;
      const auto fraction = read_number(text, at, 1, item.count);
      if (!fraction) return false;
      fields.micros = *fraction;
      for (size_t digits = at - before; digits < 6; ++digits) fields.micros *= 10;
      for (size_t digits = at - before; digits > 6; --digits) fields.micros /= 10;
      return true;
    }
    case 'a': {
      const std::string_view half = text.substr(at, 2);
      if (!equal_ignoring_case(half, "AM") && !equal_ignoring_case(half, "PM")) return false;
      fields.afternoon = equal_ignoring_case(half, "PM");
      at += 2;
      return true;
    }
    case 'X':
      return (fields.offset = read_offset(text, at, true, item.count == 3 || item.count == 5))
          .has_value();
    case 'x':
      return (fields.offset = read_offset(text, at, false, item.count == 3 || item.count == 5))
          .has_value();
    case 'Z':
      return (fields.offset = read_offset(text, at, item.count == 5, item.count == 5)).has_value();
    case 'O':
      if (!equal_ignoring_case(text.substr(at, 3), "GMT")) return false;
      at += 3;
      fields.offset = at < text.size() && (text[at] == '+' || text[at] == '-')
                          ? read_offset(text, at, false, true)
                          : 0;
      return fields.offset.has_value();
    case 'V':
    case 'z': {
      size_t end = at;
      while (end < text.size() &&
             (std::isalnum(static_cast<unsigned char>(text[end])) != 0 ||
              std::string_view("/_+-:").find(text[end]) != std::string_view::npos))
        ++end;
      if (end == at || !find_time_zone(text.substr(at, end - at))) return false;
      fields.zone = std::string(text.substr(at, end - at));
      at = end;
      return true;
    }
    default:
      return false;  // G, F, Q: Spark cannot resolve a date from them either
  }
}

bool DateTimePattern::parse_items(size_t item, size_t end, std::string_view text, size_t& at,
                                  Fields& fields) const {
  while (item < end) {
    if (items_[item].letter == '[') {
      size_t close = item + 1;
      for (int depth = 1; close < end; ++close) {
        if (items_[close].letter == '[') ++depth;
        if (items_[close].letter == ']' && --depth == 0) break;
      }
      Fields tried = fields;
      size_t reached = at;
      if (parse_items(item + 1, close, text, reached, tried)) {
        fields = tried;
        at = reached;
      }
      item = close + 1;
    } else {
      if (!parse_item(item, text, at, fields)) return false;
      ++item;
    }
  }
  return true;
}

std::optional<DateTimePattern::Parsed> DateTimePattern::parse(std::string_view text) const {
  Fields fields;
  size_t at = 0;
  if (!parse_items(0, items_.size(), text, at, fields) || at != text.size()) return std::nullopt;
  const int64_t year = fields.year.value_or(1970);
  int64_t days = 0;
  if (fields.day_of_year) {
    days = days_from_civil(year, 1, 1) + *fields.day_of_year - 1;
    if (date_of(days).year != year) return std::nullopt;
  } else {
    if (!is_valid_date(year, fields.month, fields.day)) return std::nullopt;
    days = days_from_civil(year, fields.month, fields.day);
  }
  if (fields.weekday && *fields.weekday != weekday_from_monday(days)) return std::nullopt;
  if (fields.clock_hour)
    fields.hour = *fields.clock_hour + (fields.afternoon.value_or(false) ? 12 : 0);
  Parsed result;
  const int64_t of_day =
      (fields.hour * int64_t{3600} + fields.minute * int64_t{60} + fields.second) *
          kMicrosPerSecond +
      fields.micros;
  if (__builtin_mul_overflow(days, kMicrosPerDay, &result.local_us) ||
      __builtin_add_overflow(result.local_us, of_day, &result.local_us))
    return std::nullopt;  // a year that a timestamp does not reach
  result.offset_seconds = fields.offset;
  result.zone_id = fields.zone;
  return result;
}

}  // namespace firn::kernels

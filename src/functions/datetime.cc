// Functions over dates, timestamps and intervals.
#include "functions/rows.h"

namespace firn::functions {
namespace {

Function part(std::string_view name, std::vector<std::string_view> aliases,
              std::string_view documentation) {
  return {name,    std::move(aliases), Kind::kScalar, {date()}, fixed(DataTypeId::kInteger),
          kStrict, documentation};
}

}  // namespace

// clang-format off: one row a line
std::vector<Function> datetime_functions() {
  using enum DataTypeId;
  const Kind scalar = Kind::kScalar;
  const ArgRule moment = one_of({kTimestamp, kTimestampNtz});
  return {
    {"current_timestamp", {"now"}, scalar, {}, fixed(kTimestamp), kReplaced, "When the query started; in a stream, when its batch did."},
    {"localtimestamp", {}, scalar, {}, fixed(kTimestampNtz), kReplaced, "Local date and time when the query started."},
    {"current_date", {"curdate"}, scalar, {}, fixed(kDate), kReplaced, "The date when the query started, in the session's zone."},
    {"current_timezone", {}, scalar, {}, fixed(kString), kReplaced, "The session's time zone."},
    {"to_date", {}, scalar, {any(), optional(string())}, fixed(kDate), kZonedChecked, "The date of a string (in a pattern) or of a timestamp."},
    {"try_to_date", {}, scalar, {any(), optional(string())}, fixed(kDate), kZoned, "As to_date, NULL where the text is no date."},
    {"to_timestamp", {}, scalar, {any(), optional(string())}, fixed(kTimestamp), kZonedChecked, "The timestamp of a string (in a pattern) or of a date."},
    {"try_to_timestamp", {}, scalar, {any(), optional(string())}, fixed(kTimestamp), kZoned, "As to_timestamp, NULL where the text is none."},
    {"to_timestamp_ltz", {}, scalar, {any(), optional(string())}, fixed(kTimestamp), kZonedChecked, "As to_timestamp."},
    {"to_timestamp_ntz", {}, scalar, {any(), optional(string())}, fixed(kTimestampNtz), kZonedChecked, "The timestamp without zone of a string (in a pattern)."},
    {"date_format", {}, scalar, {timestamp(), string()}, fixed(kString), kZoned | kCanThrow, "In a pattern such as yyyy-MM-dd HH:mm:ss."},
    part("year", {}, "Year of a date."),
    part("month", {}, "Month of a date, 1 to 12."),
    part("day", {"dayofmonth"}, "Day of the month."),
    part("dayofweek", {}, "Day of the week, Sunday is 1."),
    part("weekday", {}, "Day of the week, Monday is 0."),
    part("dayofyear", {}, "Day of the year."),
    part("quarter", {}, "Quarter, 1 to 4."),
    part("weekofyear", {}, "Week of the year as ISO 8601 counts."),
    part("yearofweek", {}, "Year that the ISO week belongs to."),
    {"dayname", {}, scalar, {date()}, fixed(kString), kStrict, "Name of the day in three letters."},
    {"monthname", {}, scalar, {date()}, fixed(kString), kStrict, "Name of the month in three letters."},
    {"hour", {}, scalar, {moment}, fixed(kInteger), kZoned, "Hour in the session's zone."},
    {"minute", {}, scalar, {moment}, fixed(kInteger), kZoned, "Minute in the session's zone."},
    {"second", {}, scalar, {moment}, fixed(kInteger), kZoned, "Second, without its fraction."},
    {"second_with_fraction", {}, scalar, {moment}, fixed(DataType::decimal(8, 6)), kZoned | kInternal, "Second with microseconds, as EXTRACT(SECOND) gives it."},
    {"extract", {"date_part", "datepart"}, scalar, {foldable_string(), any()}, fixed(kInteger), kReplaced, "One field of a date, timestamp or interval."},
    {"interval_field", {}, scalar, {string(), interval()}, named("interval_field"), kStrict | kInternal, "One field of an interval: year, month, day, hour, minute or second."},
    {"date_add", {"dateadd"}, scalar, {date(), one_of({kInteger, kShort, kByte})}, fixed(kDate), kStrict, "Days added to a date."},
    {"date_sub", {}, scalar, {date(), one_of({kInteger, kShort, kByte})}, fixed(kDate), kStrict, "Days taken from a date."},
    {"datediff", {"date_diff"}, scalar, {date(), date()}, fixed(kInteger), kStrict, "Days from the second date to the first."},
    {"add_months", {}, scalar, {date(), integer()}, fixed(kDate), kStrict, "Months added; the day is cut to the month's last."},
    {"months_between", {}, scalar, {timestamp(), timestamp(), optional(boolean())}, fixed(kDouble), kZoned, "Months from the second to the first; rounded to 8 decimals unless the third argument is false."},
    {"timestampadd", {}, scalar, {foldable_string(), any(), moment}, type_of(2), kZoned, "As many units added to a timestamp."},
    {"timestampdiff", {}, scalar, {foldable_string(), moment, moment}, fixed(kLong), kZoned, "Whole units from the second argument to the third."},
    {"last_day", {}, scalar, {date()}, fixed(kDate), kStrict, "Last day of the month."},
    {"next_day", {}, scalar, {date(), string()}, fixed(kDate), kChecked, "The first later date on that day of the week."},
    {"trunc", {}, scalar, {date(), string()}, fixed(kDate), kStrict, "Start of the year, quarter, month or week; NULL for other units."},
    {"date_trunc", {}, scalar, {string(), one_of({kTimestamp})}, fixed(kTimestamp), kZoned, "Start of the unit that a timestamp falls into, in the session's zone."},
    {"unix_timestamp", {}, scalar, {optional(any()), optional(string())}, fixed(kLong), kZonedChecked, "Seconds since 1970; without arguments, now."},
    {"to_unix_timestamp", {}, scalar, {any(), optional(string())}, fixed(kLong), kZonedChecked, "Seconds since 1970."},
    {"from_unixtime", {}, scalar, {bigint(), optional(string())}, fixed(kString), kZoned | kCanThrow, "Seconds since 1970 in a pattern."},
    {"timestamp_seconds", {}, scalar, {numeric()}, fixed(kTimestamp), kNullOnNull | kCanThrow, "Timestamp of seconds since 1970."},
    {"timestamp_millis", {}, scalar, {integral()}, fixed(kTimestamp), kNullOnNull | kCanThrow, "Timestamp of milliseconds since 1970."},
    {"timestamp_micros", {}, scalar, {integral()}, fixed(kTimestamp), kStrict, "Timestamp of microseconds since 1970."},
    {"unix_seconds", {}, scalar, {timestamp()}, fixed(kLong), kStrict, "Seconds since 1970, rounded down."},
    {"unix_millis", {}, scalar, {timestamp()}, fixed(kLong), kStrict, "Milliseconds since 1970, rounded down."},
    {"unix_micros", {}, scalar, {timestamp()}, fixed(kLong), kStrict, "Microseconds since 1970."},
    {"unix_date", {}, scalar, {date()}, fixed(kInteger), kStrict, "Days since 1970-01-01."},
    {"date_from_unix_date", {}, scalar, {integer()}, fixed(kDate), kStrict, "Date of days since 1970-01-01."},
    {"from_utc_timestamp", {}, scalar, {timestamp(), string()}, fixed(kTimestamp), kNullOnNull | kCanThrow, "A time in UTC shown as the time of a zone."},
    {"to_utc_timestamp", {}, scalar, {timestamp(), string()}, fixed(kTimestamp), kNullOnNull | kCanThrow, "A time of a zone shown as the time in UTC."},
    {"convert_timezone", {}, scalar, {optional(string()), string(), exactly(kTimestampNtz)}, fixed(kTimestampNtz), kZoned | kCanThrow, "A local time of one zone in another."},
    {"make_date", {}, scalar, {integer(), integer(), integer()}, fixed(kDate), kChecked, "Date of year, month and day."},
    {"make_timestamp", {}, scalar, {integer(), integer(), integer(), integer(), integer(), exactly(kDecimal), optional(string())}, fixed(kTimestamp), kZonedChecked, "Timestamp of year, month, day, hour, minute, second and zone."},
    {"make_timestamp_ntz", {}, scalar, {integer(), integer(), integer(), integer(), integer(), exactly(kDecimal)}, fixed(kTimestampNtz), kChecked, "Timestamp without zone of its fields."},
    {"make_timestamp_ltz", {}, scalar, {integer(), integer(), integer(), integer(), integer(), exactly(kDecimal), optional(string())}, fixed(kTimestamp), kZonedChecked, "As make_timestamp."},
    {"try_make_timestamp", {}, scalar, {integer(), integer(), integer(), integer(), integer(), exactly(kDecimal), optional(string())}, fixed(kTimestamp), kZoned, "As make_timestamp, NULL where the fields form no time."},
    {"try_make_timestamp_ltz", {}, scalar, {integer(), integer(), integer(), integer(), integer(), exactly(kDecimal), optional(string())}, fixed(kTimestamp), kZoned, "As make_timestamp_ltz, NULL where the fields form no time."},
    {"try_make_timestamp_ntz", {}, scalar, {integer(), integer(), integer(), integer(), integer(), exactly(kDecimal)}, fixed(kTimestampNtz), kStrict, "As make_timestamp_ntz, NULL where the fields form no time."},
    {"window", {}, scalar, {any(), foldable_string(), optional(foldable_string()), optional(foldable_string())}, named("window"), kReplaced, "The tumbling or sliding window of a time: window length, slide, start offset."},
    {"session_window", {}, scalar, {any(), any()}, named("window"), kReplaced, "The session of a time: rows at most the gap apart stand in one."},
    {"window_time", {}, scalar, {structure()}, fixed(kTimestamp), kReplaced, "The event time of a window: its end less one microsecond."},
    // start of the tumbling window of a time: microseconds of length and offset are literals
    {"window_start", {}, scalar, {moment, bigint(), bigint()}, type_of(0), kStrict | kInternal, "time - (time - offset) mod length, the remainder never negative."},
    {"plus_micros", {}, scalar, {moment, bigint()}, type_of(0), kStrict | kInternal, "Microseconds added to a timestamp."},
  };
}
// clang-format on

}  // namespace firn::functions

// Functions over dates, timestamps and intervals, but for those with a pattern.
#include <cmath>
#include <limits>

#include "base/error.h"
#include "kernels/calendar.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"
#include "kernels/timestamp_text.h"
#include "kernels/zone_scratch.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using Text = std::string_view;
using types::DataTypeId;

bool has_zone(const types::DataType& type) { return type.id() == DataTypeId::kTimestamp; }

// ---- Fields of dates
template <int32_t (*f)(int64_t)>
void of_date(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int32_t>(in, rows, out, [](int32_t days) { return f(days); });
}
int32_t year(int64_t days) { return static_cast<int32_t>(date_of(days).year); }
int32_t month(int64_t days) { return date_of(days).month; }
int32_t day(int64_t days) { return date_of(days).day; }
int32_t quarter(int64_t days) { return (date_of(days).month + 2) / 3; }
int32_t dayofweek(int64_t days) { return static_cast<int32_t>(floor_mod(days + 4, 7)) + 1; }
int32_t weekday(int64_t days) { return weekday_from_monday(days); }
int32_t dayofyear(int64_t days) { return day_of_year(days); }
int32_t weekofyear(int64_t days) { return iso_week(days); }
int32_t yearofweek(int64_t days) { return static_cast<int32_t>(iso_week_year(days)); }
int32_t same(int64_t days) { return static_cast<int32_t>(days); }
int32_t last_day(int64_t days) {
  Date date = date_of(days);
  date.day = days_in_month(date.year, date.month);
  return static_cast<int32_t>(days_of(date));
}

constexpr const char* kDayNames[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr const char* kMonthNames[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
void dayname(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int32_t>(in, rows, out,
                    [](int32_t days) { return Text(kDayNames[weekday_from_monday(days)]); });
}
void monthname(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int32_t>(in, rows, out,
                    [](int32_t days) { return Text(kMonthNames[date_of(days).month - 1]); });
}

// ---- Fields of timestamps, in the call's zone
template <class F>
void of_local(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out,
              F&& f) {
  if (has_zone(info.arguments[0])) {
    const TimeZone& zone = zone_of(info, scratch);
    map_rows<int64_t>(in, rows, out, [&](int64_t t) { return f(zone.to_local(t)); });
  } else {
    map_rows<int64_t>(in, rows, out, [&](int64_t t) { return f(t); });
  }
}
void hour(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  of_local(info, scratch, in, rows, out, [](int64_t t) {
    return static_cast<int32_t>(floor_mod(t, kMicrosPerDay) / 3'600'000'000);
  });
}
void minute(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  of_local(info, scratch, in, rows, out, [](int64_t t) {
    return static_cast<int32_t>(floor_mod(t, 3'600'000'000) / 60'000'000);
  });
}
void second(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  of_local(info, scratch, in, rows, out, [](int64_t t) {
    return static_cast<int32_t>(floor_mod(t, 60'000'000) / kMicrosPerSecond);
  });
}
void second_with_fraction(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows,
                          Output& out) {
  of_local(info, scratch, in, rows, out,
           [](int64_t t) { return Decimal128{floor_mod(t, 60'000'000)}; });
}

// ---- Arithmetic of dates
void date_add(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int32_t, AnyInt>(
      in, rows, out, [](int32_t days, AnyInt n) { return static_cast<int32_t>(days + n.value); });
}
void date_sub(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int32_t, AnyInt>(
      in, rows, out, [](int32_t days, AnyInt n) { return static_cast<int32_t>(days - n.value); });
}
void datediff(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int32_t, int32_t>(in, rows, out, [](int32_t end, int32_t start) { return end - start; });
}
void add_months_to_date(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int32_t, int32_t>(in, rows, out, [](int32_t days, int32_t n) {
    return static_cast<int32_t>(add_months(days, n));
  });
}
void date_plus_days(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int32_t, int64_t>(in, rows, out, [](int32_t days, int64_t n) {
    return static_cast<int32_t>(days + n / kMicrosPerDay);
  });
}
void subtract_dates(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int32_t, int32_t>(in, rows, out, [](int32_t end, int32_t start) {
    return (int64_t{end} - start) * kMicrosPerDay;
  });
}
void trunc(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int32_t, Text>(in, rows, out, [](int32_t days, Text unit) -> std::optional<int32_t> {
    const std::optional<Unit> parsed = parse_unit(unit);
    if (!parsed || *parsed < Unit::kWeek) return std::nullopt;
    return static_cast<int32_t>(
        floor_div(truncate_local(days * kMicrosPerDay, *parsed), kMicrosPerDay));
  });
}
void next_day(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int32_t, Text>(in, rows, out, [&](int32_t days, Text name) -> std::optional<int32_t> {
    static constexpr const char* kNames[] = {"MONDAY", "TUESDAY",  "WEDNESDAY", "THURSDAY",
                                             "FRIDAY", "SATURDAY", "SUNDAY"};
    std::string upper(name);
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    for (int i = 0; i < 7; ++i) {
      const Text full = kNames[i];
      if (upper != full && upper != full.substr(0, 3) && upper != full.substr(0, 2)) continue;
      const int64_t ahead = floor_mod(i - weekday_from_monday(days), 7);
      return static_cast<int32_t>(days + (ahead == 0 ? 7 : ahead));
    }
    if (info.mode == Mode::kAnsi)
      throw Error("ILLEGAL_DAY_OF_WEEK", {{"string", std::string(name)}});
    return std::nullopt;
  });
}

[[noreturn]] void throw_out_of_bounds(const std::string& what) {
  throw Error("DATETIME_FIELD_OUT_OF_BOUNDS.WITH_SUGGESTION",
              {{"rangeMessage", what}, {"ansiConfig", "\"spark.sql.ansi.enabled\""}});
}
void make_date(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int32_t, int32_t, int32_t>(
      in, rows, out, [&](int32_t y, int32_t m, int32_t d) -> std::optional<int32_t> {
        if (is_valid_date(y, m, d)) return static_cast<int32_t>(days_from_civil(y, m, d));
        if (info.mode == Mode::kAnsi)
          throw_out_of_bounds("Invalid date " + std::to_string(y) + "-" + std::to_string(m) + "-" +
                              std::to_string(d));
        return std::nullopt;
      });
}

// ---- Arithmetic of timestamps
struct LocalTime {
  const CallInfo& info;
  const TimeZone* zone;  // nullptr: TIMESTAMP_NTZ
  int64_t to_local(int64_t t) const { return zone == nullptr ? t : zone->to_local(t); }
  int64_t from_local(int64_t t) const { return zone == nullptr ? t : zone->to_utc(t); }
};
LocalTime local_time(const CallInfo& info, size_t argument, Scratch& scratch) {
  return {info, has_zone(info.arguments[argument]) ? &zone_of(info, scratch) : nullptr};
}
int64_t plus_days(const LocalTime& local, int64_t t, int64_t days) {
  return days == 0 ? t : local.from_local(local.to_local(t) + days * kMicrosPerDay);
}
int64_t plus_months(const LocalTime& local, int64_t t, int64_t months) {
  if (months == 0) return t;
  const int64_t wall = local.to_local(t), days = floor_div(wall, kMicrosPerDay);
  return local.from_local(add_months(days, months) * kMicrosPerDay +
                          floor_mod(wall, kMicrosPerDay));
}
void timestamp_plus_interval(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows,
                             Output& out) {
  const LocalTime local = local_time(info, 0, scratch);
  map_rows<int64_t, int64_t>(in, rows, out, [&](int64_t t, int64_t interval) {
    return plus_days(local, t, interval / kMicrosPerDay) + interval % kMicrosPerDay;
  });
}
void timestamp_plus_months(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows,
                           Output& out) {
  const LocalTime local = local_time(info, 0, scratch);
  map_rows<int64_t, int32_t>(
      in, rows, out, [&](int64_t t, int32_t months) { return plus_months(local, t, months); });
}
void subtract_timestamps(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows,
                         Output& out) {
  const LocalTime local = local_time(info, 0, scratch);
  map_rows<int64_t, int64_t>(in, rows, out, [&](int64_t end, int64_t start) {
    return local.to_local(end) - local.to_local(start);
  });
}
void date_trunc(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  const LocalTime local = local_time(info, 1, scratch);
  map_rows<Text, int64_t>(in, rows, out, [&](Text name, int64_t t) -> std::optional<int64_t> {
    const std::optional<Unit> unit = parse_unit(name);
    if (!unit) return std::nullopt;
    // Below the hour every zone agrees but for offsets with seconds; stay in the instant's own
    // offset.
    if (*unit < Unit::kMinute) return t - floor_mod(t, micros_of(*unit));
    return local.from_local(truncate_local(local.to_local(t), *unit));
  });
}
Unit unit_or_throw(Text name, const char* function) {
  const std::optional<Unit> unit = parse_unit(name);
  if (!unit)
    throw_invalid(std::string(function) + " does not know the unit " + std::string(name) + ".");
  return *unit;
}
void timestampadd(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  const LocalTime local = local_time(info, 2, scratch);
  map_rows<Text, AnyInt, int64_t>(in, rows, out, [&](Text name, AnyInt n, int64_t t) {
    const Unit unit = unit_or_throw(name, "timestampadd");
    if (unit >= Unit::kMonth)
      return plus_months(local, t,
                         n.value * (unit == Unit::kYear      ? 12
                                    : unit == Unit::kQuarter ? 3
                                                             : 1));
    if (unit >= Unit::kDay) return plus_days(local, t, n.value * (unit == Unit::kWeek ? 7 : 1));
    int64_t micros = 0, result = 0;
    if (__builtin_mul_overflow(n.value, micros_of(unit), &micros) ||
        __builtin_add_overflow(t, micros, &result)) {
      throw Error("DATETIME_OVERFLOW", {{"operation", "add " + std::to_string(n.value) + " " +
                                                          std::string(name) + " to a timestamp"}});
    }
    return result;
  });
}
int64_t whole_months(int64_t start, int64_t end) {
  const Date a = date_of(floor_div(start, kMicrosPerDay)),
             b = date_of(floor_div(end, kMicrosPerDay));
  int64_t months = (b.year * 12 + b.month) - (a.year * 12 + a.month);
  const int64_t in_a = a.day * kMicrosPerDay + floor_mod(start, kMicrosPerDay),
                in_b = b.day * kMicrosPerDay + floor_mod(end, kMicrosPerDay);
  if (months > 0 && in_b < in_a) --months;
  if (months < 0 && in_b > in_a) ++months;
  return months;
}
void timestampdiff(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  const LocalTime local = local_time(info, 1, scratch);
  map_rows<Text, int64_t, int64_t>(in, rows, out, [&](Text name, int64_t start, int64_t end) {
    const Unit unit = unit_or_throw(name, "timestampdiff");
    const int64_t a = local.to_local(start), b = local.to_local(end);
    if (unit < Unit::kMonth) return (b - a) / micros_of(unit);
    return whole_months(a, b) / (unit == Unit::kYear ? 12 : unit == Unit::kQuarter ? 3 : 1);
  });
}
double months_between_local(int64_t a, int64_t b, bool round) {
  const int64_t days_a = floor_div(a, kMicrosPerDay), days_b = floor_div(b, kMicrosPerDay);
  const Date x = date_of(days_a), y = date_of(days_b);
  const auto months = static_cast<double>((x.year * 12 + x.month) - (y.year * 12 + y.month));
  const bool last =
      x.day == days_in_month(x.year, x.month) && y.day == days_in_month(y.year, y.month);
  if (x.day == y.day || last) return months;
  const int64_t seconds = (x.day - y.day) * int64_t{86400} +
                          floor_div(floor_mod(a, kMicrosPerDay), kMicrosPerSecond) -
                          floor_div(floor_mod(b, kMicrosPerDay), kMicrosPerSecond);
  const double result = months + static_cast<double>(seconds) / (31 * 86400.0);
  return round ? std::floor(result * 1e8 + 0.5) / 1e8 : result;
}
void months_between(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows,
                    Output& out) {
  const LocalTime local = local_time(info, 0, scratch);
  if (in.size() == 2) {
    map_rows<int64_t, int64_t>(in, rows, out, [&](int64_t a, int64_t b) {
      return months_between_local(local.to_local(a), local.to_local(b), true);
    });
  } else {
    map_rows<int64_t, int64_t, AnyInt>(in, rows, out, [&](int64_t a, int64_t b, AnyInt round) {
      return months_between_local(local.to_local(a), local.to_local(b), round.value != 0);
    });
  }
}

// ---- Windows: start of the window that a time falls into; length and offset in µs.
void window_start(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int64_t, int64_t, int64_t>(in, rows, out, [](int64_t t, int64_t length, int64_t offset) {
    return t - floor_mod(t - offset, length);
  });
}
void plus_micros(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int64_t, int64_t>(in, rows, out, [](int64_t t, int64_t micros) { return t + micros; });
}

// ---- Instants and numbers
template <int64_t unit>
void unix_units(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int64_t>(in, rows, out, [](int64_t t) { return floor_div(t, unit); });
}
int64_t scaled_timestamp(int64_t value, int64_t unit) {
  int64_t micros = 0;
  if (!__builtin_mul_overflow(value, unit, &micros)) return micros;
  throw Error("ARITHMETIC_OVERFLOW", {{"message", "long overflow"},
                                      {"alternative", ""},
                                      {"config", "\"spark.sql.ansi.enabled\""}});
}
template <int64_t unit>
void timestamp_of_units(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<AnyInt>(in, rows, out, [](AnyInt x) { return scaled_timestamp(x.value, unit); });
}
void timestamp_seconds(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows,
                       Output& out) {
  switch (info.arguments[0].id()) {
    case DataTypeId::kDecimal:
      return map_rows<Decimal128>(in, rows, out, [&](Decimal128 x) -> std::optional<int64_t> {
        const auto micros =
            (Wide(x.unscaled) * power_of_ten(6) / power_of_ten(info.arguments[0].scale())).narrow();
        return static_cast<int64_t>(micros.value_or(0));
      });
    case DataTypeId::kFloat:
    case DataTypeId::kDouble: {
      const bool single = info.arguments[0].id() == DataTypeId::kFloat;
      for (uint64_t row = 0; row < rows; ++row) {
        if (!in[0].is_valid(row)) {
          out.set_null(row);
          continue;
        }
        const double x =
            single ? static_cast<double>(in[0].values<float>()[row]) : in[0].values<double>()[row];
        if (std::isfinite(x))  // as Java casts: to the nearest LONG
          out.values<int64_t>()[row] = x * 1e6 >= 9223372036854775807.0 ? INT64_MAX
                                       : x * 1e6 <= -9223372036854775808.0
                                           ? INT64_MIN
                                           : static_cast<int64_t>(x * 1e6);
        else
          out.set_null(row);
      }
      return;
    }
    default:
      return timestamp_of_units<kMicrosPerSecond>(info, scratch, in, rows, out);
  }
}

// ---- Other zones
const TimeZone& named_zone(Scratch& scratch, Text name) {
  using Last = std::pair<std::string, std::shared_ptr<const TimeZone>>;
  if (!scratch.has_value()) scratch = Last();
  auto& last = *std::any_cast<Last>(&scratch);
  if (!last.second || last.first != name) {
    last = {std::string(name), find_time_zone(name)};
    if (!last.second) throw Error("INVALID_TIMEZONE", {{"timeZone", std::string(name)}});
  }
  return *last.second;
}
void from_utc_timestamp(const CallInfo&, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  map_rows<int64_t, Text>(
      in, rows, out, [&](int64_t t, Text zone) { return named_zone(scratch, zone).to_local(t); });
}
void to_utc_timestamp(const CallInfo&, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  map_rows<int64_t, Text>(
      in, rows, out, [&](int64_t t, Text zone) { return named_zone(scratch, zone).to_utc(t); });
}
void convert_timezone(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows,
                      Output& out) {
  const bool explicit_source = in.size() == 3;
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) {
      out.set_null(row);
      continue;
    }
    const Text source = explicit_source ? in[0].values<StringRef>()[row].view() : Text(info.zone);
    const Text target = in[in.size() - 2].values<StringRef>()[row].view();
    const int64_t instant =
        named_zone(scratch, source).to_utc(in[in.size() - 1].values<int64_t>()[row]);
    out.values<int64_t>()[row] = named_zone(scratch, target).to_local(instant);
  }
}
void make_timestamp(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows,
                    Output& out) {
  const bool ntz = info.result.id() == DataTypeId::kTimestampNtz;
  const Reader<Decimal128> seconds(in[5]);
  const Int128 unit = small_power_of_ten(info.arguments[5].scale());
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) {
      out.set_null(row);
      continue;
    }
    const auto part = [&](size_t i) { return in[i].values<int32_t>()[row]; };
    const auto micros = static_cast<int64_t>(seconds[row].unscaled * kMicrosPerSecond / unit);
    const bool valid = is_valid_date(part(0), part(1), part(2)) && part(3) >= 0 && part(3) < 24 &&
                       part(4) >= 0 && part(4) < 60 && micros >= 0 &&
                       micros <= 60 * kMicrosPerSecond;
    if (!valid) {
      if (info.mode == Mode::kAnsi && micros > 60 * kMicrosPerSecond &&
          micros < 61 * kMicrosPerSecond)
        throw Error("INVALID_FRACTION_OF_SECOND", {{"secAndMicros", std::to_string(micros)}});
      if (info.mode == Mode::kAnsi)
        throw_out_of_bounds("The fields of make_timestamp form no time");
      out.set_null(row);
      continue;
    }
    const int64_t local = days_from_civil(part(0), part(1), part(2)) * kMicrosPerDay +
                          (part(3) * int64_t{3600} + part(4) * int64_t{60}) * kMicrosPerSecond +
                          micros;
    const Text zone = in.size() > 6 ? in[6].values<StringRef>()[row].view() : Text(info.zone);
    out.values<int64_t>()[row] = ntz ? local : named_zone(scratch, zone).to_utc(local);
  }
}

// ---- Intervals
[[noreturn]] void throw_interval_overflow() {
  throw Error("INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION", {});
}

void store_interval(const CallInfo& info, Output& out, uint64_t row, std::optional<Int128> value) {
  const bool months = info.result.id() == DataTypeId::kYearMonthInterval;
  const Int128 low = months ? Int128{INT32_MIN} : Int128{INT64_MIN},
               high = months ? Int128{INT32_MAX} : Int128{INT64_MAX};
  if (!value || *value < low || *value > high) throw_interval_overflow();
  if (months)
    out.values<int32_t>()[row] = static_cast<int32_t>(*value);
  else
    out.values<int64_t>()[row] = static_cast<int64_t>(*value);
}
std::optional<Int128> rounded(double value) {
  if (!std::isfinite(value) || std::fabs(value) > 1e19) return std::nullopt;
  return static_cast<Int128>(std::round(value));  // half away from zero
}
template <bool divides>
void scale_interval(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  const Reader<AnyInt> intervals(in[0]);
  const DataTypeId type = info.arguments[1].id();
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) {
      out.set_null(row);
      continue;
    }
    const int64_t interval = intervals[row].value;
    if (type == DataTypeId::kDouble || type == DataTypeId::kFloat) {
      const double factor = type == DataTypeId::kFloat
                                ? static_cast<double>(in[1].values<float>()[row])
                                : in[1].values<double>()[row];
      if (divides && factor == 0)
        throw Error("INTERVAL_DIVIDED_BY_ZERO", {{"config", "\"spark.sql.ansi.enabled\""}});
      store_interval(info, out, row,
                     rounded(divides ? static_cast<double>(interval) / factor
                                     : static_cast<double>(interval) * factor));
      continue;
    }
    const bool decimal = type == DataTypeId::kDecimal;
    const Int128 number = decimal ? Reader<Decimal128>(in[1])[row].unscaled
                                  : Int128{Reader<AnyInt>(in[1])[row].value};
    const Wide unit = power_of_ten(decimal ? info.arguments[1].scale() : 0);
    if (divides && number == 0)
      throw Error("INTERVAL_DIVIDED_BY_ZERO", {{"config", "\"spark.sql.ansi.enabled\""}});
    const Wide result = divides ? divide_half_up(Wide(interval) * unit, Wide(number))
                                : divide_half_up(Wide(interval) * Wide(number), unit);
    store_interval(info, out, row, result.narrow());
  }
}
void make_year_month_interval(const CallInfo& info, Scratch&, Columns in, uint64_t rows,
                              Output& out) {
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) {
      out.set_null(row);
      continue;
    }
    Int128 months = 0;
    for (size_t i = 0; i < in.size(); ++i)
      months += Int128{in[i].values<int32_t>()[row]} * (i == 0 ? 12 : 1);
    store_interval(info, out, row, months);
  }
}
void make_dt_interval(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  constexpr int64_t kUnits[] = {kMicrosPerDay, 3600 * kMicrosPerSecond, 60 * kMicrosPerSecond};
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) {
      out.set_null(row);
      continue;
    }
    Int128 micros = 0;
    for (size_t i = 0; i < in.size() && i < 3; ++i)
      micros += Int128{in[i].values<int32_t>()[row]} * kUnits[i];
    if (in.size() > 3)
      micros += Reader<Decimal128>(in[3])[row].unscaled * kMicrosPerSecond /
                small_power_of_ten(info.arguments[3].scale());
    store_interval(info, out, row, micros);
  }
}
void interval_field(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  const bool months = info.arguments[1].id() == DataTypeId::kYearMonthInterval;
  const Reader<AnyInt> intervals(in[1]);
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) {
      out.set_null(row);
      continue;
    }
    const Unit unit = unit_or_throw(in[0].values<StringRef>()[row].view(), "EXTRACT");
    const int64_t value = intervals[row].value;
    int64_t field = 0;
    if (months)
      field = unit == Unit::kYear ? value / 12 : value % 12;
    else if (unit == Unit::kDay)
      field = value / kMicrosPerDay;
    else if (unit == Unit::kHour)
      field = value % kMicrosPerDay / 3'600'000'000;
    else if (unit == Unit::kMinute)
      field = value % 3'600'000'000 / 60'000'000;
    else
      field = value % 60'000'000;  // seconds: with six decimals
    if (info.result.id() == DataTypeId::kDecimal)
      write(out, row, Decimal128{field});
    else
      write(out, row, AnyInt{field});
  }
}

constexpr uint32_t kDatetimeStrict = kNullOnNull;
constexpr uint32_t kDatetimeThrowing = kNullOnNull | kFallible;
constexpr KernelRow kRowsOfDatetime[] = {
    {"year", of_date<year>, kDatetimeStrict},
    {"month", of_date<month>, kDatetimeStrict},
    {"day", of_date<day>, kDatetimeStrict},
    {"quarter", of_date<quarter>, kDatetimeStrict},
    {"dayofweek", of_date<dayofweek>, kDatetimeStrict},
    {"weekday", of_date<weekday>, kDatetimeStrict},
    {"dayofyear", of_date<dayofyear>, kDatetimeStrict},
    {"weekofyear", of_date<weekofyear>, kDatetimeStrict},
    {"yearofweek", of_date<yearofweek>, kDatetimeStrict},
    {"unix_date", of_date<same>, kDatetimeStrict},
    {"date_from_unix_date", of_date<same>, kDatetimeStrict},
    {"last_day", of_date<last_day>, kDatetimeStrict},
    {"dayname", dayname, kDatetimeStrict},
    {"monthname", monthname, kDatetimeStrict},
    {"hour", hour, kDatetimeStrict},
    {"minute", minute, kDatetimeStrict},
    {"second", second, kDatetimeStrict},
    {"second_with_fraction", second_with_fraction, kDatetimeStrict},
    {"date_add", date_add, kDatetimeStrict},
    {"date_sub", date_sub, kDatetimeStrict},
    {"datediff", datediff, kDatetimeStrict},
    {"add_months", add_months_to_date, kDatetimeStrict},
    {"date_plus_months", add_months_to_date, kDatetimeStrict},
    {"date_plus_days", date_plus_days, kDatetimeStrict},
    {"subtract_dates", subtract_dates, kDatetimeStrict},
    {"trunc", trunc, kDatetimeStrict},
    {"next_day", next_day, kDatetimeThrowing},
    {"make_date", make_date, kDatetimeThrowing},
    {"timestamp_plus_interval", timestamp_plus_interval, kDatetimeStrict},
    {"timestamp_plus_months", timestamp_plus_months, kDatetimeStrict},
    {"subtract_timestamps", subtract_timestamps, kDatetimeStrict},
    {"date_trunc", date_trunc, kDatetimeStrict},
    {"timestampadd", timestampadd, kDatetimeThrowing},
    {"timestampdiff", timestampdiff, kDatetimeThrowing},
    {"months_between", months_between, kDatetimeStrict},
    {"window_start", window_start, kDatetimeStrict},
    {"plus_micros", plus_micros, kDatetimeStrict},
    {"unix_seconds", unix_units<kMicrosPerSecond>, kDatetimeStrict},
    {"unix_millis", unix_units<1000>, kDatetimeStrict},
    {"unix_micros", unix_units<1>, kDatetimeStrict},
    {"timestamp_seconds", timestamp_seconds, kDatetimeThrowing},
    {"timestamp_millis", timestamp_of_units<1000>, kDatetimeThrowing},
    {"timestamp_micros", timestamp_of_units<1>, kDatetimeStrict},
    {"from_utc_timestamp", from_utc_timestamp, kDatetimeThrowing},
    {"to_utc_timestamp", to_utc_timestamp, kDatetimeThrowing},
    {"convert_timezone", convert_timezone, kDatetimeThrowing},
    {"make_timestamp", make_timestamp, kDatetimeThrowing},
    {"make_timestamp_ntz", make_timestamp, kDatetimeThrowing},
    {"multiply_interval", scale_interval<false>, kDatetimeThrowing},
    {"divide_interval", scale_interval<true>, kDatetimeThrowing},
    {"make_year_month_interval", make_year_month_interval, kDatetimeThrowing},
    {"make_dt_interval", make_dt_interval, kDatetimeThrowing},
    {"interval_field", interval_field, kDatetimeStrict},
};

}  // namespace

const TimeZone& zone_of(const CallInfo& info, Scratch& scratch) {
  using Zone = std::shared_ptr<const TimeZone>;
  if (!scratch.has_value()) {
    Zone zone = find_time_zone(info.zone);
    if (!zone) throw Error("INVALID_TIMEZONE", {{"timeZone", info.zone}});
    scratch = std::move(zone);
  }
  return **std::any_cast<Zone>(&scratch);
}

std::span<const KernelRow> datetime_kernels() { return kRowsOfDatetime; }

}  // namespace firn::kernels

// Operators: arithmetic, comparison, logic, bits, and the internal ones that resolution makes of
// them.
#include "functions/rows.h"

namespace firn::functions {
namespace {

const DataType kYearMonth = DataTypeId::kYearMonthInterval;
const DataType kDayTime = DataTypeId::kDayTimeInterval;

}  // namespace

// clang-format off: one row a line
std::vector<Function> operator_functions() {
  using enum DataTypeId;
  const Kind scalar = Kind::kScalar;
  return {
    {"+", {}, scalar, {any(), any()}, named("add"), kChecked, "Sum of two numbers or intervals. Dates and timestamps plus days or intervals become internal functions."},
    {"-", {}, scalar, {any(), any()}, named("subtract"), kChecked, "Difference of two numbers or intervals."},
    {"*", {}, scalar, {any(), any()}, named("multiply"), kChecked, "Product of two numbers."},
    {"/", {}, scalar, {any(), any()}, named("divide"), kChecked, "Quotient; DOUBLE unless an operand is DECIMAL. Zero divisor: error in ANSI mode, else NULL."},
    {"div", {}, scalar, {any(), any()}, named("integral_divide"), kChecked, "Quotient without its fraction, BIGINT."},
    {"%", {"mod"}, scalar, {any(), any()}, named("remainder"), kChecked, "Remainder with the sign of the dividend."},
    {"pmod", {}, scalar, {any(), any()}, named("remainder"), kChecked, "Remainder that is never negative for a positive divisor."},
    {"negative", {"unary -"}, scalar, {any()}, type_of(0), kChecked, "The value with its sign turned."},
    {"positive", {}, scalar, {any()}, type_of(0), kStrict | kReplaced, "The value itself."},
    {"=", {"=="}, scalar, {common(), common()}, fixed(kBoolean), kStrict, "Equal; NULL where a side is NULL."},
    {"<=>", {"equal_null"}, scalar, {common(), common()}, fixed(kBoolean), kPure, "Equal, where NULL equals NULL."},
    {"!=", {"<>"}, scalar, {common(), common()}, fixed(kBoolean), kStrict, "Not equal; NULL where a side is NULL."},
    {"<", {}, scalar, {common(), common()}, fixed(kBoolean), kStrict, "Less; NaN is greater than every number."},
    {"<=", {}, scalar, {common(), common()}, fixed(kBoolean), kStrict, "Less or equal."},
    {">", {}, scalar, {common(), common()}, fixed(kBoolean), kStrict, "Greater."},
    {">=", {}, scalar, {common(), common()}, fixed(kBoolean), kStrict, "Greater or equal."},
    {"and", {}, scalar, {boolean(), boolean()}, fixed(kBoolean), kPure, "Both are true, in three-valued logic."},
    {"or", {}, scalar, {boolean(), boolean()}, fixed(kBoolean), kPure, "One is true, in three-valued logic."},
    {"not", {"!"}, scalar, {boolean()}, fixed(kBoolean), kStrict, "Logical negation."},
    {"between", {}, scalar, {any(), any(), any()}, fixed(kBoolean), kReplaced, "a >= b AND a <= c."},
    {"&", {}, scalar, {any(), any()}, named("bits"), kStrict, "Bitwise AND."},
    {"|", {}, scalar, {any(), any()}, named("bits"), kStrict, "Bitwise OR."},
    {"^", {}, scalar, {any(), any()}, named("bits"), kStrict, "Bitwise exclusive OR."},
    {"~", {}, scalar, {integral()}, type_of(0), kStrict, "Bitwise complement."},
    {"shiftleft", {"<<"}, scalar, {one_of({kInteger, kLong}), integer()}, type_of(0), kStrict, "Bits moved to the left."},
    {"shiftright", {">>"}, scalar, {one_of({kInteger, kLong}), integer()}, type_of(0), kStrict, "Bits moved to the right, the sign kept."},
    {"shiftrightunsigned", {">>>"}, scalar, {one_of({kInteger, kLong}), integer()}, type_of(0), kStrict, "Bits moved to the right, zeros moved in."},
    {"isnull", {}, scalar, {any()}, fixed(kBoolean), kPure, "Whether the value is NULL."},
    {"isnotnull", {}, scalar, {any()}, fixed(kBoolean), kPure, "Whether the value is not NULL."},
    {"isnan", {}, scalar, {one_of({kDouble, kFloat})}, fixed(kBoolean), kPure, "Whether the value is NaN; false for NULL."},
    // ---- internal: what resolution makes of date and interval arithmetic and of a[b]
    {"timestamp_plus_interval", {}, scalar, {any(), any()}, type_of(0), kZoned | kInternal, "TIMESTAMP plus day-time interval: whole days by the calendar of the zone, the rest as time."},
    {"timestamp_plus_months", {}, scalar, {any(), any()}, type_of(0), kZoned | kInternal, "TIMESTAMP plus year-month interval, in the calendar of the zone."},
    {"date_plus_months", {}, scalar, {any(), any()}, fixed(kDate), kStrict | kInternal, "DATE plus year-month interval."},
    {"date_plus_days", {}, scalar, {any(), any()}, fixed(kDate), kStrict | kInternal, "DATE plus day-time interval of whole days."},
    {"subtract_dates", {}, scalar, {date(), date()}, fixed(DataType::day_time(0, 0)), kStrict | kInternal, "Days between two dates as an interval."},
    {"subtract_timestamps", {}, scalar, {any(), any()}, fixed(kDayTime), kZoned | kInternal, "Time between two timestamps as an interval."},
    {"multiply_interval", {}, scalar, {any(), any()}, named("interval_of_first"), kNullOnNull | kCanThrow | kInternal, "Interval times number."},
    {"divide_interval", {}, scalar, {any(), any()}, named("interval_of_first"), kNullOnNull | kCanThrow | kInternal, "Interval divided by number."},
    {"array_item", {}, scalar, {array(), integer()}, element_of(0), kChecked | kInternal, "a[i], from 0; outside: error in ANSI mode, else NULL."},
    {"map_item", {}, scalar, {map(), any()}, named("map_value"), kStrict | kInternal, "m[key]; NULL where the key is missing."},
    {"array_field", {}, scalar, {array(), integer()}, named("array_field"), kStrict | kInternal, "One field of each struct of an array; the field's index is a literal."},
    {"make_year_month_interval", {"make_ym_interval"}, scalar, {optional(integer()), optional(integer())}, fixed(kYearMonth), kNullOnNull | kCanThrow, "Interval of years and months."},
    {"make_dt_interval", {}, scalar, {optional(integer()), optional(integer()), optional(integer()), optional(exactly(kDecimal))}, fixed(kDayTime), kNullOnNull | kCanThrow, "Interval of days, hours, minutes and seconds."},
  };
}
// clang-format on

}  // namespace firn::functions

// Spark's rules for types. Spark's sources: AnsiTypeCoercion, TypeCoercion, Cast.canAnsiCast,
// DecimalType.
#include "plan/coercion.h"

#include <algorithm>

namespace firn::plan {
namespace {

using enum DataTypeId;

bool is_atomic(const DataType& type) { return !type.is_nested() && type.id() != kNull; }

bool holds(const DataType& decimal, const DataType& integral) {
  const DataType needed = decimal_for(integral);
  return decimal.precision() - decimal.scale() >= needed.precision() - needed.scale() &&
         decimal.scale() >= needed.scale();
}

DataType wider_datetime(const DataType& a, const DataType& b) {
  if (a.id() == kTimestamp || b.id() == kTimestamp) return kTimestamp;
  return kTimestampNtz;
}

using Rule = std::optional<DataType> (*)(const DataType&, const DataType&, bool ansi);

std::optional<DataType> complex(const DataType& a, const DataType& b, bool ansi, Rule rule) {
  if (a.id() != b.id()) return std::nullopt;
  if (a.id() == kArray) {
    const auto element = rule(a.element(), b.element(), ansi);
    if (!element) return std::nullopt;
    return DataType::array(*element, a.contains_null() || b.contains_null());
  }
  if (a.id() == kMap) {
    const auto key = rule(a.key(), b.key(), ansi);
    const auto value = rule(a.value(), b.value(), ansi);
    if (!key || !value) return std::nullopt;
    return DataType::map(*key, *value, a.contains_null() || b.contains_null());
  }
  if (a.id() != kStruct || a.fields().size() != b.fields().size()) return std::nullopt;
  std::vector<types::StructField> fields;
  for (size_t i = 0; i < a.fields().size(); ++i) {
    const types::StructField &left = a.fields()[i], &right = b.fields()[i];
    const auto type = rule(left.type, right.type, ansi);
    const bool same_name = std::equal(
        left.name.begin(), left.name.end(), right.name.begin(), right.name.end(),
        [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
    if (!type || !same_name) return std::nullopt;
    fields.push_back({left.name, *type, left.nullable || right.nullable, ""});
  }
  return DataType::structure(std::move(fields));
}

std::optional<DataType> tightest(const DataType& a, const DataType& b, bool ansi) {
  if (a == b) return a;
  if (a.id() == kNull) return b;
  if (b.id() == kNull) return a;
  if (a.is_integral() && b.id() == kDecimal) return holds(b, a) ? std::optional(b) : std::nullopt;
  if (b.is_integral() && a.id() == kDecimal) return holds(a, b) ? std::optional(a) : std::nullopt;
  if (a.is_numeric() && b.is_numeric() && a.id() != kDecimal && b.id() != kDecimal) {
    const DataTypeId wider = std::max(a.id(), b.id());
    return wider == kFloat && ansi ? kDouble : wider;
  }
  if (is_datetime(a) && is_datetime(b)) return wider_datetime(a, b);
  if (a.id() == b.id() && is_interval(a)) {
    const int start = std::min(a.interval_start(), b.interval_start()),
              end = std::max(a.interval_end(), b.interval_end());
    return a.id() == kYearMonthInterval ? DataType::year_month(start, end)
                                        : DataType::day_time(start, end);
  }
  return complex(a, b, ansi, tightest);
}

std::optional<DataType> decimal_common(const DataType& a, const DataType& b) {
  if (a.id() != kDecimal && b.id() != kDecimal) return std::nullopt;
  const auto side = [](const DataType& type) -> std::optional<DataType> {
    if (type.id() == kDecimal) return type;
    if (type.is_integral()) return decimal_for(type);
    return std::nullopt;
  };
  if ((is_float(a) && b.id() == kDecimal) || (is_float(b) && a.id() == kDecimal)) return kDouble;
  const auto left = side(a), right = side(b);
  if (!left || !right) return std::nullopt;
  return wider_decimal(*left, *right);
}

// ANSI: a string is read as the other side's kind.
std::optional<DataType> string_ansi(const DataType& a, const DataType& b) {
  if (b.id() == kString && a.id() != kString) return string_ansi(b, a);
  if (a.id() != kString) return std::nullopt;
  if (b.is_integral()) return kLong;
  if (b.is_numeric()) return kDouble;
  if (b.id() == kNull) return kString;
  if (is_interval(b)) return std::nullopt;
  if (is_atomic(b)) return b;
  return std::nullopt;
}

// Non-ANSI: everything but binary and boolean becomes a string.
std::optional<DataType> string_legacy(const DataType& a, const DataType& b) {
  const auto promotes = [](const DataType& type) {
    return is_atomic(type) && type.id() != kBinary && type.id() != kBoolean;
  };
  if (a.id() == kString && promotes(b)) return kString;
  if (b.id() == kString && promotes(a)) return kString;
  return std::nullopt;
}

// Cast tables, by source: which targets there are.
bool in(DataTypeId id, std::initializer_list<DataTypeId> ids) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

bool atomic_cast(const DataType& from, const DataType& to, bool ansi) {
  const DataTypeId t = to.id();
  switch (from.id()) {
    case kString:
      return is_atomic(to);
    case kBinary:
      return t == kString || (!ansi && to.is_integral());
    case kBoolean:
      return to.is_numeric() || t == kString || (!ansi && t == kTimestamp);
    case kDate:
      return in(t, {kString, kTimestamp, kTimestampNtz}) ||
             (!ansi && (to.is_numeric() || t == kBoolean));
    case kTimestamp:
      return in(t, {kString, kDate, kTimestampNtz}) || to.is_numeric() || (!ansi && t == kBoolean);
    case kTimestampNtz:
      return in(t, {kString, kDate, kTimestamp});
    case kYearMonthInterval:
    case kDayTimeInterval:
      return t == kString || to.is_integral() || t == kDecimal;
    default:
      break;
  }
  if (!from.is_numeric()) return false;
  if (to.is_numeric() || t == kString || t == kBoolean || t == kTimestamp) return true;
  if (is_interval(to)) return from.is_integral() || from.id() == kDecimal;
  return t == kBinary && from.is_integral() && !ansi;
}

}  // namespace

bool is_float(const DataType& type) { return type.id() == kFloat || type.id() == kDouble; }
bool is_datetime(const DataType& type) {
  return type.id() == kDate || type.id() == kTimestamp || type.id() == kTimestampNtz;
}
bool is_interval(DataTypeId id) { return id == kYearMonthInterval || id == kDayTimeInterval; }

DataType bounded_decimal(int precision, int scale) {
  return DataType::decimal(std::min(precision, 38), std::min(scale, 38));
}

DataType adjusted_decimal(int precision, int scale) {
  if (precision <= 38) return DataType::decimal(precision, scale);
  const int whole = precision - scale;
  return DataType::decimal(38, std::max(38 - whole, std::min(scale, 6)));
}

DataType decimal_for(const DataType& type) {
  switch (type.id()) {
    case kByte:
      return DataType::decimal(3, 0);
    case kShort:
      return DataType::decimal(5, 0);
    case kInteger:
      return DataType::decimal(10, 0);
    case kLong:
      return DataType::decimal(20, 0);
    case kFloat:
      return DataType::decimal(14, 7);
    case kDouble:
      return DataType::decimal(30, 15);
    case kDecimal:
      return type;
    default:
      return DataType::decimal(38, 18);
  }
}

DataType wider_decimal(const DataType& a, const DataType& b) {
  const int scale = std::max(a.scale(), b.scale());
  const int whole = std::max(a.precision() - a.scale(), b.precision() - b.scale());
  return whole + scale <= 38 ? DataType::decimal(whole + scale, scale)
                             : adjusted_decimal(whole + scale, scale);
}

std::optional<DataType> common_type(const DataType& a, const DataType& b, bool ansi) {
  if (const auto type = tightest(a, b, ansi)) return type;
  if (const auto type = decimal_common(a, b)) return type;
  if (const auto type = ansi ? string_ansi(a, b) : string_legacy(a, b)) return type;
  return complex(a, b, ansi, common_type);
}

std::optional<DataType> tightest_type(const DataType& a, const DataType& b, bool ansi) {
  if (const auto type = tightest(a, b, ansi)) return type;
  if (const auto type = decimal_common(a, b)) return type;
  return complex(a, b, ansi, tightest_type);
}

std::optional<DataType> element_type(const DataType& a, const DataType& b, bool ansi) {
  if (const auto type = tightest(a, b, ansi)) return type;
  return complex(a, b, ansi, element_type);
}

std::optional<DataType> common_type(const std::vector<DataType>& types, bool ansi) {
  DataType result;
  // Non-ANSI promotion to string is not associative: strings go first, as in Spark.
  std::vector<DataType> order = types;
  if (!ansi)
    std::stable_partition(order.begin(), order.end(),
                          [](const DataType& type) { return type.id() == kString; });
  for (const DataType& type : order) {
    const auto next = common_type(result, type, ansi);
    if (!next) return std::nullopt;
    result = *next;
  }
  return result;
}

std::optional<DataType> comparison_type(const DataType& a, const DataType& b, bool ansi) {
  if (ansi) return common_type(a, b, ansi);
  const auto with_string = [](const DataType& other) -> std::optional<DataType> {
    if (other.id() == kNull || other.id() == kString) return kString;
    if (other.id() == kDecimal) return kDouble;
    if (is_atomic(other)) return other;
    return std::nullopt;
  };
  if (a.id() == kString && b.id() != kString) return with_string(b);
  if (b.id() == kString && a.id() != kString) return with_string(a);
  if (a.id() == kBoolean && b.is_numeric()) return b;
  if (b.id() == kBoolean && a.is_numeric()) return a;
  return common_type(a, b, ansi);
}

bool can_cast(const DataType& from, const DataType& to, bool ansi) {
  if (from.same_ignoring_nullability(to) || from.id() == kNull) return true;
  if (to.id() == kNull) return false;
  if (to.id() == kString && from.is_nested()) return true;
  if (from.id() == kArray && to.id() == kArray) return can_cast(from.element(), to.element(), ansi);
  if (from.id() == kMap && to.id() == kMap)
    return can_cast(from.key(), to.key(), ansi) && can_cast(from.value(), to.value(), ansi) &&
           (ansi || from.key().id() != kString || to.key().id() == kString ||
            to.key().id() == kBinary);
  if (from.id() == kStruct && to.id() == kStruct) {
    if (from.fields().size() != to.fields().size()) return false;
    for (size_t i = 0; i < from.fields().size(); ++i)
      if (!can_cast(from.fields()[i].type, to.fields()[i].type, ansi)) return false;
    return true;
  }
  if (from.is_nested() || to.is_nested()) return false;
  if (from.id() == to.id()) return true;  // decimals, intervals of one kind
  return atomic_cast(from, to, ansi);
}

bool can_store(const DataType& from, const DataType& to) {
  if (from.same_ignoring_nullability(to) || from.id() == kNull) return true;
  if (from.is_numeric() && to.is_numeric()) return true;
  if (to.id() == kString) return is_atomic(from) || from.is_nested();
  if (is_datetime(from) && is_datetime(to)) return true;
  if (is_interval(from) && from.id() == to.id()) return true;
  if (from.id() == kArray && to.id() == kArray) return can_store(from.element(), to.element());
  if (from.id() == kMap && to.id() == kMap)
    return can_store(from.key(), to.key()) && can_store(from.value(), to.value());
  if (from.id() != kStruct || to.id() != kStruct || from.fields().size() != to.fields().size())
    return false;
  for (size_t i = 0; i < from.fields().size(); ++i)
    if (!can_store(from.fields()[i].type, to.fields()[i].type)) return false;
  return true;
}

std::optional<DataType> implicit_type(const DataType& from, DataTypeId to, bool ansi) {
  if (from.id() == to) return from;
  if (from.is_nested() || to >= kArray)
    return from.id() == kNull ? std::optional(DataType(to)) : std::nullopt;
  if (from.id() == kNull) return to;
  if (to == kDecimal && from.is_numeric()) return decimal_for(from);
  const DataType target = to == kDecimal ? DataType::decimal(38, 18) : DataType(to);
  if (from.id() == kString) return target;  // read as that type
  if (!ansi) {
    if (from.is_numeric() && target.is_numeric()) return target;
    if (is_datetime(from) && is_datetime(target)) return target;
    if (to == kString && is_atomic(from)) return target;
    return std::nullopt;
  }
  if (is_float(from) || from.id() == kDecimal)
    if (target.is_integral()) return std::nullopt;
  if (can_store(from, target)) return target;
  return std::nullopt;
}

bool is_orderable(const DataType& type) {
  switch (type.id()) {
    case kMap:
      return false;
    case kArray:
      return is_orderable(type.element());
    case kStruct:
      return std::all_of(
          type.fields().begin(), type.fields().end(),
          [](const types::StructField& member) { return is_orderable(member.type); });
    default:
      return true;
  }
}

}  // namespace firn::plan

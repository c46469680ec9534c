// Values of every type as Spark's cast to STRING writes them.
#include "kernels/value_text.h"

#include <cstdio>
#include <cstdlib>

#include "base/error.h"
#include "kernels/elementwise.h"
#include "kernels/number_text.h"
#include "kernels/timestamp_text.h"

namespace firn::kernels {
namespace {

using types::DataType;
using types::DataTypeId;

constexpr int64_t kMicrosOfDay = 86'400'000'000;

void append_padded(std::string& out, int64_t value, int width) {
  char digits[24];
  const int length =
      std::snprintf(digits, sizeof(digits), "%0*lld", width, static_cast<long long>(value));
  out.append(digits, static_cast<size_t>(length));
}

void append_child(std::string& out, const ColumnView& column, uint64_t row, const DataType& type,
                  const TextStyle& style) {
  if (column.is_valid(row))
    append_text(out, column, row, type, style);
  else
    out += "null";
}

void append_nested(std::string& out, const ColumnView& column, uint64_t row, const DataType& type,
                   const TextStyle& style) {
  if (type.id() == DataTypeId::kStruct) {
    out += '{';
    for (size_t i = 0; i < type.fields().size(); ++i) {
      if (i > 0) out += ", ";
      append_child(out, column.children[i], row, type.fields()[i].type, style);
    }
    out += '}';
    return;
  }
  const ListEntry entry = column.values<ListEntry>()[row];
  const ColumnView& elements = column.children[0];
  const bool map = type.id() == DataTypeId::kMap;
  out += map ? '{' : '[';
  for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
    if (i > entry.offset) out += ", ";
    if (map) {
      append_child(out, elements.children[0], i, type.key(), style);
      out += " -> ";
      append_child(out, elements.children[1], i, type.value(), style);
    } else {
      append_child(out, elements, i, type.element(), style);
    }
  }
  out += map ? '}' : ']';
}

}  // namespace

std::string decimal_java_text(Int128 value, int scale) {
  std::string digits = decimal_text(Wide(value < 0 ? -value : value), 0);
  const int64_t adjusted = static_cast<int64_t>(digits.size()) - 1 - scale;
  if (adjusted >= -6) return decimal_text(Wide(value), scale);
  std::string text = value < 0 ? "-" : "";
  text += digits[0];
  if (digits.size() > 1) text += "." + digits.substr(1);
  return text + "E" + std::to_string(adjusted);
}

void append_date(std::string& out, int64_t days) {
  int64_t year = 0;
  int month = 0, day = 0;
  civil_from_days(days, year, month, day);
  if (year > 9999) out += '+';
  if (year < 0) {
    out += '-';
    year = -year;
  }
  append_padded(out, year, 4);
  out += '-';
  append_padded(out, month, 2);
  out += '-';
  append_padded(out, day, 2);
}

void append_local_timestamp(std::string& out, int64_t local_us) {
  int64_t days = local_us / kMicrosOfDay, rest = local_us % kMicrosOfDay;
  if (rest < 0) {
    rest += kMicrosOfDay;
    --days;
  }
  append_date(out, days);
  out += ' ';
  append_padded(out, rest / 3'600'000'000, 2);
  out += ':';
  append_padded(out, rest / 60'000'000 % 60, 2);
  out += ':';
  append_padded(out, rest / 1'000'000 % 60, 2);
  int64_t fraction = rest % 1'000'000;
  if (fraction == 0) return;
  int digits = 6;
  while (fraction % 10 == 0) fraction /= 10, --digits;
  out += '.';
  append_padded(out, fraction, digits);
}

std::string year_month_text(int32_t months, const DataType& type) {
  const std::string sign = months < 0 ? "-" : "";
  const int64_t total = std::llabs(months);
  if (type.interval_start() == 0 && type.interval_end() == 0)
    return "INTERVAL '" + sign + std::to_string(total / 12) + "' YEAR";
  if (type.interval_start() == 1) return "INTERVAL '" + sign + std::to_string(total) + "' MONTH";
  return "INTERVAL '" + sign + std::to_string(total / 12) + "-" + std::to_string(total % 12) +
         "' YEAR TO MONTH";
}

std::string day_time_text(int64_t micros, const DataType& type) {
  static constexpr const char* kNames[] = {"DAY", "HOUR", "MINUTE", "SECOND"};
  static constexpr uint64_t kUnits[] = {86'400'000'000, 3'600'000'000, 60'000'000, 1'000'000};
  const int start = type.interval_start(), end = type.interval_end();
  uint64_t rest =
      micros < 0 ? uint64_t{0} - static_cast<uint64_t>(micros) : static_cast<uint64_t>(micros);
  std::string text = micros < 0 ? "-" : "";
  for (int field = start; field <= end; ++field) {
    const uint64_t count = rest / kUnits[field];
    rest %= kUnits[field];
    if (field > start) text += field == 1 ? " " : ":";
    append_padded(text, static_cast<int64_t>(count), field == start ? 1 : 2);
    if (field == start && start > 0 && count < 10) text.insert(text.size() - 1, "0");
  }
  if (end == 3 && rest != 0) {
    int digits = 6;
    while (rest % 10 == 0) rest /= 10, --digits;
    text += '.';
    append_padded(text, static_cast<int64_t>(rest), digits);
  }
  std::string unit = kNames[start];
  if (start != end) unit += std::string(" TO ") + kNames[end];
  return "INTERVAL '" + text + "' " + unit;
}

void append_text(std::string& out, const ColumnView& column, uint64_t row, const DataType& type,
                 const TextStyle& style) {
  switch (type.id()) {
    case DataTypeId::kNull:
      out += "null";
      return;
    case DataTypeId::kBoolean:
      out += column.values<uint8_t>()[row] != 0 ? "true" : "false";
      return;
    case DataTypeId::kByte:
    case DataTypeId::kShort:
    case DataTypeId::kInteger:
    case DataTypeId::kLong:
      out += std::to_string(Reader<AnyInt>(column)[row].value);
      return;
    case DataTypeId::kFloat:
      out += java_text(column.values<float>()[row]);
      return;
    case DataTypeId::kDouble:
      out += java_text(column.values<double>()[row]);
      return;
    case DataTypeId::kDecimal: {
      const Int128 value = Reader<Decimal128>(column)[row].unscaled;
      out += style.plain_decimals ? decimal_text(Wide(value), type.scale())
                                  : decimal_java_text(value, type.scale());
      return;
    }
    case DataTypeId::kString:
    case DataTypeId::kBinary:
      out += column.values<StringRef>()[row].view();
      return;
    case DataTypeId::kDate:
      append_date(out, column.values<int32_t>()[row]);
      return;
    case DataTypeId::kTimestamp: {
      const int64_t instant = column.values<int64_t>()[row];
      append_local_timestamp(out, style.zone == nullptr ? instant : style.zone->to_local(instant));
      return;
    }
    case DataTypeId::kTimestampNtz:
      append_local_timestamp(out, column.values<int64_t>()[row]);
      return;
    case DataTypeId::kYearMonthInterval:
      out += year_month_text(column.values<int32_t>()[row], type);
      return;
    case DataTypeId::kDayTimeInterval:
      out += day_time_text(column.values<int64_t>()[row], type);
      return;
    default:
      append_nested(out, column, row, type, style);
  }
}

std::string literal_text(const ColumnView& column, uint64_t row, const DataType& type,
                         const TextStyle& style) {
  std::string text;
  append_text(text, column, row, type, style);
  switch (type.id()) {
    case DataTypeId::kString:
      return "'" + text + "'";
    case DataTypeId::kByte:
      return text + "Y";
    case DataTypeId::kShort:
      return text + "S";
    case DataTypeId::kLong:
      return text + "L";
    case DataTypeId::kDouble:
      return text + "D";
    case DataTypeId::kDecimal:
      return text + "BD";
    case DataTypeId::kFloat:
      return "CAST(" + text + " AS FLOAT)";
    case DataTypeId::kDate:
      return "DATE '" + text + "'";
    case DataTypeId::kTimestamp:
      return "TIMESTAMP '" + text + "'";
    case DataTypeId::kTimestampNtz:
      return "TIMESTAMP_NTZ '" + text + "'";
    default:
      return text;
  }
}

}  // namespace firn::kernels

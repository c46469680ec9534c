// Values → JSON, as Spark's JacksonGenerator writes them.
#include "kernels/json_text.h"

#include <cmath>

#include "base/json_string.h"
#include "kernels/calendar.h"

#include "kernels/nested.h"
#include "kernels/value_text.h"

namespace firn::kernels {

using Text = std::string_view;
using types::DataType;
using types::DataTypeId;

namespace {

void append_base64(std::string& out, Text bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  out += '"';
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](size_t at) {
      return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0u;
    };
    const uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    for (size_t digit = 0; digit < 4; ++digit)
      out += i + digit > bytes.size() ? '=' : kDigits[group >> (18 - 6 * digit) & 63];
  }
  out += '"';
}

void append_time(std::string& out, const ColumnView& column, uint64_t row, const DataType& type,
                 const JsonStyle& style) {
  const bool date = type.id() == DataTypeId::kDate;
  out += '"';
  if (date) {
    const int64_t days = column.values<int32_t>()[row];
    if (style.dates)
      style.dates->format(out, days * kMicrosPerDay, 0, "UTC");
    else
      append_date(out, days);
  } else {
    const int64_t instant = column.values<int64_t>()[row];
    const bool zoned = type.id() == DataTypeId::kTimestamp;
    const int32_t offset = zoned ? style.zone->offset_at(instant) : 0;
    static const DateTimePattern kZoned("yyyy-MM-dd'T'HH:mm:ss.SSSXXX"),
        kLocal("yyyy-MM-dd'T'HH:mm:ss.SSS");
    const DateTimePattern& pattern = zoned && style.timestamps ? *style.timestamps
                                     : zoned                   ? kZoned
                                     : style.local_timestamps  ? *style.local_timestamps
                                                               : kLocal;
    pattern.format(out, instant + offset * kMicrosPerSecond, offset, style.zone->id());
  }
  out += '"';
}

void append_members(std::string& out, const ColumnView& column, uint64_t row, const DataType& type,
                    const JsonStyle& style) {
  bool first = true;
  out += '{';
  const auto member = [&](Text key, const ColumnView& value, uint64_t at,
                          const DataType& value_type) {
    if (!first) out += ',';
    first = false;
    append_json_string(out, key);
    out += ':';
    append_json(out, value, at, value_type, style);
  };
  if (type.id() == DataTypeId::kStruct) {
    for (size_t i = 0; i < type.fields().size(); ++i) {
      if (column.children[i].is_valid(row) || style.keep_nulls)
        member(type.fields()[i].name, column.children[i], row, type.fields()[i].type);
    }
  } else {
    const ListEntry entry = list_at(column, row);
    const ColumnView& pairs = column.children[0];
    std::string key;
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
      key.clear();
      append_text(key, pairs.children[0], i, type.key(), {style.zone.get(), true});
      member(key, pairs.children[1], i, type.value());
    }
  }
  out += '}';
}

}  // namespace

void append_json(std::string& out, const ColumnView& column, uint64_t row, const DataType& type,
                 const JsonStyle& style) {
  if (!column.is_valid(row)) {
    out += "null";
    return;
  }
  switch (type.id()) {
    case DataTypeId::kString:
      return append_json_string(out, column.values<StringRef>()[row].view());
    case DataTypeId::kBinary:
      return append_base64(out, column.values<StringRef>()[row].view());
    case DataTypeId::kDate:
    case DataTypeId::kTimestamp:
    case DataTypeId::kTimestampNtz:
      return append_time(out, column, row, type, style);
    case DataTypeId::kFloat:
    case DataTypeId::kDouble: {
      const double value = type.id() == DataTypeId::kFloat
                               ? static_cast<double>(column.values<float>()[row])
                               : column.values<double>()[row];
      if (!std::isfinite(value)) out += '"';
      append_text(out, column, row, type, {style.zone.get(), true});
      if (!std::isfinite(value)) out += '"';
      return;
    }
    case DataTypeId::kYearMonthInterval:
    case DataTypeId::kDayTimeInterval: {
      std::string text;
      append_text(text, column, row, type, {style.zone.get(), true});
      return append_json_string(out, text);
    }
    case DataTypeId::kStruct:
    case DataTypeId::kMap:
      return append_members(out, column, row, type, style);
    case DataTypeId::kArray: {
      const ListEntry entry = list_at(column, row);
      out += '[';
      for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
        if (i > entry.offset) out += ',';
        append_json(out, column.children[0], i, type.element(), style);
      }
      out += ']';
      return;
    }
    default:
      append_text(out, column, row, type, {style.zone.get(), true});
  }
}

}  // namespace firn::kernels

// Values of every type as text; the leaves are the kernels' own.
#include "app/cell_text.h"

#include <cmath>
#include <string_view>

#include "app/json_text.h"
#include "kernels/shown_text.h"

namespace firn::app {
namespace {

using kernels::ColumnView;
using kernels::ListEntry;
using kernels::StringRef;
using kernels::TimeZone;
using types::DataType;
using types::DataTypeId;

std::string_view bytes_of(const ColumnView& column, uint64_t row) {
  return column.values<StringRef>()[row].view();
}

void append_base64(std::string& out, std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    for (size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k) out += k <= count ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
}

void append_leaf(std::string& out, const ColumnView& column, uint64_t row, const DataType& type,
                 const TimeZone& zone) {
  kernels::append_text(out, column, row, type, {&zone, true});
}

bool is_real(const DataType& type) {
  return type.id() == DataTypeId::kFloat || type.id() == DataTypeId::kDouble;
}

bool is_finite(const ColumnView& column, uint64_t row, const DataType& type) {
  return type.id() == DataTypeId::kFloat ? std::isfinite(column.values<float>()[row])
                                         : std::isfinite(column.values<double>()[row]);
}

}  // namespace

void append_shown(std::string& out, const ColumnView& column, uint64_t row, const DataType& type,
                  const TimeZone& zone) {
  kernels::append_shown(out, column, row, type, {&zone, true});
}

void append_plain(std::string& out, const ColumnView& column, uint64_t row, const DataType& type,
                  const TimeZone& zone) {
  if (type.id() == DataTypeId::kBinary)
    append_base64(out, bytes_of(column, row));
  else
    append_leaf(out, column, row, type, zone);
}

void append_json(std::string& out, const ColumnView& column, uint64_t row, const DataType& type,
                 const TimeZone& zone) {
  if (!column.is_valid(row) || type.id() == DataTypeId::kNull) {
    out += "null";
    return;
  }
  if (type.id() == DataTypeId::kStruct) {
    out += '{';
    for (size_t i = 0; i < type.fields().size(); ++i) {
      if (i > 0) out += ',';
      append_json_string(out, type.fields()[i].name);
      out += ':';
      append_json(out, column.children[i], row, type.fields()[i].type, zone);
    }
    out += '}';
    return;
  }
  if (type.id() == DataTypeId::kArray || type.id() == DataTypeId::kMap) {
    const bool is_map = type.id() == DataTypeId::kMap;
    const ListEntry entry = column.values<ListEntry>()[row];
    out += is_map ? '{' : '[';
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
      if (i > entry.offset) out += ',';
      if (is_map) {
        std::string key;
        append_plain(key, column.children[0].children[0], i, type.key(), zone);
        append_json_string(out, key);
        out += ':';
        append_json(out, column.children[0].children[1], i, type.value(), zone);
      } else {
        append_json(out, column.children[0], i, type.element(), zone);
      }
    }
    out += is_map ? '}' : ']';
    return;
  }
  std::string text;
  append_plain(text, column, row, type, zone);
  const bool bare = type.id() == DataTypeId::kBoolean || type.is_integral() ||
                    (is_real(type) && is_finite(column, row, type));
  if (bare)
    out += text;
  else
    append_json_string(out, text);
}

}  // namespace firn::app

// Values as show() prints them: the leaves are those of the cast to STRING.
#include "kernels/shown_text.h"

#include <string_view>

namespace firn::kernels {
namespace {

using types::DataType;
using types::DataTypeId;

void append_hex(std::string& out, std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  out += '[';
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (i > 0) out += ' ';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  out += ']';
}

}  // namespace

void append_shown(std::string& out, const ColumnView& column, uint64_t row, const DataType& type,
                  const TextStyle& style) {
  if (!column.is_valid(row) || type.id() == DataTypeId::kNull) {
    out += "NULL";
    return;
  }
  if (type.id() == DataTypeId::kBinary)
    return append_hex(out, column.values<StringRef>()[row].view());
  if (type.id() == DataTypeId::kStruct) {
    out += '{';
    for (size_t i = 0; i < type.fields().size(); ++i) {
      if (i > 0) out += ", ";
      append_shown(out, column.children[i], row, type.fields()[i].type, style);
    }
    out += '}';
    return;
  }
  if (type.id() != DataTypeId::kArray && type.id() != DataTypeId::kMap)
    return append_text(out, column, row, type, style);
  const bool is_map = type.id() == DataTypeId::kMap;
  const ListEntry entry = column.values<ListEntry>()[row];
  out += is_map ? '{' : '[';
  for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
    if (i > entry.offset) out += ", ";
    if (is_map) {
      append_shown(out, column.children[0].children[0], i, type.key(), style);
      out += " -> ";
      append_shown(out, column.children[0].children[1], i, type.value(), style);
    } else {
      append_shown(out, column.children[0], i, type.element(), style);
    }
  }
  out += is_map ? '}' : ']';
}

}  // namespace firn::kernels

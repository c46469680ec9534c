// A value of any type as bytes whose order is Spark's: nulls first within arrays and structs, NaN
// greatest, 0.0 and -0.0 equal.
#include <bit>
#include <cmath>
#include <limits>

#include "kernels/elementwise.h"
#include "kernels/nested.h"

namespace firn::kernels {
namespace {

// Big-endian.
template <class Unsigned>
void append_number(std::string& key, Unsigned value) {
  for (int shift = static_cast<int>(sizeof(Unsigned) * 8) - 8; shift >= 0; shift -= 8)
    key += static_cast<char>(value >> shift & 0xff);
}

template <class Unsigned, class T>
void append_floating(std::string& key, T value) {
  if (std::isnan(value)) value = std::numeric_limits<T>::quiet_NaN();
  if (value == 0) value = 0;
  constexpr Unsigned kSign = Unsigned{1} << (sizeof(T) * 8 - 1);
  const auto bits = std::bit_cast<Unsigned>(value);
  append_number(key, (bits & kSign) != 0 ? static_cast<Unsigned>(~bits)
                                         : static_cast<Unsigned>(bits | kSign));
}

// The end goes before every byte; a zero byte is followed by 0xff.
void append_bytes(std::string& key, std::string_view bytes) {
  for (const char c : bytes) {
    key += c;
    if (c == '\0') key += '\xff';
  }
  key.append(2, '\0');
}

}  // namespace

void append_order_key(std::string& key, const ColumnView& column, uint64_t row) {
  if (!column.is_valid(row)) {
    key += '\1';
    return;
  }
  key += '\2';
  switch (column.physical) {
    case Physical::kBool:
      key += column.values<uint8_t>()[row] != 0 ? '\1' : '\0';
      return;
    case Physical::kFloat:
      return append_floating<uint32_t>(key, column.values<float>()[row]);
    case Physical::kDouble:
      return append_floating<uint64_t>(key, column.values<double>()[row]);
    case Physical::kString:
      return append_bytes(key, column.values<StringRef>()[row].view());
    case Physical::kStruct:
      for (const ColumnView& child : column.children) append_order_key(key, child, row);
      return;
    case Physical::kList: {
      const ListEntry entry = list_at(column, row);
      for (uint64_t i = 0; i < entry.length; ++i)
        append_order_key(key, column.children[0], entry.offset + i);
      key += '\0';  // before each element that a longer one has
      return;
    }
    case Physical::kInt128: {
      const auto bits =
          static_cast<unsigned __int128>(static_cast<Int128>(column.values<Int128Cell>()[row]));
      append_number(key, static_cast<uint64_t>(bits >> 64) ^ uint64_t{1} << 63);
      return append_number(key, static_cast<uint64_t>(bits));
    }
    default:
      append_number(key,
                    static_cast<uint64_t>(Reader<AnyInt>(column)[row].value) ^ uint64_t{1} << 63);
  }
}

}  // namespace firn::kernels

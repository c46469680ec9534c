// Copying, comparing and ordering values of any type.
#include "kernels/nested.h"

#include <cmath>
#include <cstring>

#include "kernels/elementwise.h"

namespace firn::kernels {
namespace {

size_t width_of(Physical physical) {
  switch (physical) {
    case Physical::kBool:
    case Physical::kInt8:
      return 1;
    case Physical::kInt16:
      return 2;
    case Physical::kInt32:
    case Physical::kFloat:
      return 4;
    case Physical::kInt64:
    case Physical::kDouble:
      return 8;
    default:
      return 16;
  }
}

template <class T>
int order(T a, T b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

template <class T>
int order_floating(T a, T b) {
  if (std::isnan(a) || std::isnan(b)) return order(std::isnan(a), std::isnan(b));
  return order(a, b);
}

int compare_lists(const ColumnView& a, ListEntry x, const ColumnView& b, ListEntry y) {
  for (uint64_t i = 0; i < x.length && i < y.length; ++i) {
    if (const int result = compare_values(a, x.offset + i, b, y.offset + i); result != 0)
      return result;
  }
  return order(x.length, y.length);
}

}  // namespace

void gather(const ColumnView& in, std::span<const uint64_t> rows, Output& out) {
  for (uint64_t i = 0; i < rows.size(); ++i) {
    if (rows[i] == kNoRow || !in.is_valid(rows[i])) out.set_null(i);
  }
  if (in.physical == Physical::kStruct) {
    for (size_t child = 0; child < in.children.size(); ++child)
      gather(in.children[child], rows, out.child(child));
    return;
  }
  if (in.physical == Physical::kList) {
    ListGather list(in.children[0], out);
    for (uint64_t i = 0; i < rows.size(); ++i) {
      if (rows[i] != kNoRow && in.is_valid(rows[i])) {
        const ListEntry entry = list_at(in, rows[i]);
        for (uint64_t element = 0; element < entry.length; ++element)
          list.add(entry.offset + element);
      }
      list.end_row(i);
    }
    list.finish();
    return;
  }
  const size_t width = width_of(in.physical);
  auto* const to = static_cast<char*>(static_cast<void*>(out.values<char>()));
  const auto* const from = static_cast<const char*>(in.data);
  for (uint64_t i = 0; i < rows.size(); ++i) {
    if (rows[i] == kNoRow)
      std::memset(to + i * width, 0, width);
    else
      std::memcpy(to + i * width, from + rows[i] * width, width);
  }
}

int compare_values(const ColumnView& a, uint64_t x, const ColumnView& b, uint64_t y) {
  const bool valid_a = a.is_valid(x), valid_b = b.is_valid(y);
  if (!valid_a || !valid_b) return order(valid_a, valid_b);
  switch (a.physical) {
    case Physical::kBool:
      return order(a.values<uint8_t>()[x] != 0, b.values<uint8_t>()[y] != 0);
    case Physical::kFloat:
      return order_floating(a.values<float>()[x], b.values<float>()[y]);
    case Physical::kDouble:
      return order_floating(a.values<double>()[x], b.values<double>()[y]);
    case Physical::kInt128:
      return order(a.values<Int128Cell>()[x], b.values<Int128Cell>()[y]);
    case Physical::kString:
      return order(a.values<StringRef>()[x].view().compare(b.values<StringRef>()[y].view()), 0);
    case Physical::kList:
      return compare_lists(a.children[0], list_at(a, x), b.children[0], list_at(b, y));
    case Physical::kStruct:
      for (size_t i = 0; i < a.children.size(); ++i) {
        if (const int result = compare_values(a.children[i], x, b.children[i], y); result != 0)
          return result;
      }
      return 0;
    default:
      return order(Reader<AnyInt>(a)[x].value, Reader<AnyInt>(b)[y].value);
  }
}

uint64_t hash_of(const ColumnView& column, uint64_t row) {
  constexpr uint64_t kPrime = 0x9E3779B97F4A7C15;
  if (!column.is_valid(row)) return kPrime;
  switch (column.physical) {
    case Physical::kFloat:
    case Physical::kDouble: {
      const double value = column.physical == Physical::kFloat
                               ? static_cast<double>(column.values<float>()[row])
                               : column.values<double>()[row];
      return std::isnan(value) ? 1 : std::hash<double>()(value);
    }
    case Physical::kInt128:
      return static_cast<uint64_t>(column.values<Int128Cell>()[row]) * kPrime;
    case Physical::kString:
      return std::hash<std::string_view>()(column.values<StringRef>()[row].view());
    case Physical::kList: {
      const ListEntry entry = list_at(column, row);
      uint64_t hash = entry.length;
      for (uint64_t i = 0; i < entry.length; ++i)
        hash = hash * kPrime + hash_of(column.children[0], entry.offset + i);
      return hash;
    }
    case Physical::kStruct: {
      uint64_t hash = 7;
      for (const ColumnView& child : column.children) hash = hash * kPrime + hash_of(child, row);
      return hash;
    }
    default:
      return static_cast<uint64_t>(Reader<AnyInt>(column)[row].value) * kPrime;
  }
}

}  // namespace firn::kernels

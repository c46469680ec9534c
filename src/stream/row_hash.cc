// Column by column; each column's hash is chained into the row's.
#include "stream/row_hash.h"

#include <bit>
#include <cmath>
#include <limits>

namespace firn::stream {
namespace {

using kernels::ColumnView;
using kernels::Physical;

template <class T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

Hash128 chain(const Hash128& before, std::string_view bytes) {
  Hash128 hash = hash128(bytes, before.first);
  hash.second ^= std::rotl(before.second, 17);
  return hash;
}

Hash128 hash_value(const ColumnView& column, uint64_t row, const Hash128& before);

Hash128 hash_list(const ColumnView& column, uint64_t row, Hash128 hash) {
  const kernels::ListEntry entry = column.values<kernels::ListEntry>()[row];
  hash = chain(hash, bytes_of(entry.length));
  for (uint64_t i = 0; i < entry.length; ++i)
    hash = hash_value(column.children[0], entry.offset + i, hash);
  return hash;
}

Hash128 hash_value(const ColumnView& column, uint64_t row, const Hash128& before) {
  if (!column.is_valid(row)) return chain(before, "\x01null");
  switch (column.physical) {
    case Physical::kBool:
    case Physical::kInt8:
      return chain(before, bytes_of(column.values<int8_t>()[row]));
    case Physical::kInt16:
      return chain(before, bytes_of(column.values<int16_t>()[row]));
    case Physical::kInt32:
      return chain(before, bytes_of(column.values<int32_t>()[row]));
    case Physical::kInt64:
      return chain(before, bytes_of(column.values<int64_t>()[row]));
    case Physical::kInt128:
      return chain(before, bytes_of(column.values<kernels::Int128Cell>()[row]));
    case Physical::kFloat:
      return chain(before, bytes_of(canonical(column.values<float>()[row])));
    case Physical::kDouble:
      return chain(before, bytes_of(canonical(column.values<double>()[row])));
    case Physical::kString:
      return chain(before, column.values<kernels::StringRef>()[row].view());
    case Physical::kList:
      return hash_list(column, row, before);
    case Physical::kStruct:
      break;
  }
  Hash128 hash = before;
  for (const ColumnView& child : column.children) hash = hash_value(child, row, hash);
  return hash;
}

}  // namespace

void hash_rows(const std::vector<ColumnView>& columns, uint64_t rows, std::vector<Hash128>& out) {
  out.assign(rows, Hash128{});
  for (const ColumnView& column : columns) {
    for (uint64_t row = 0; row < rows; ++row) out[row] = hash_value(column, row, out[row]);
  }
}

}  // namespace firn::stream

// One walk over nested values in each direction.
#include "stream/state/value_codec.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "stream/row_hash.h"

namespace firn::stream {
namespace {

using kernels::ColumnView;
using kernels::ListEntry;
using kernels::Output;
using kernels::Physical;
using kernels::StringRef;

static_assert(std::endian::native == std::endian::little, "values are kept as they stand");

template <class T>
void append_fixed(const T& value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Bytes of a fixed-width value; 0 for others.
constexpr size_t width_of(Physical physical) {
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
    case Physical::kInt128:
      return 16;
    default:
      return 0;
  }
}

template <bool kCanonical>
void append(const ColumnView& column, uint64_t row, std::string& out) {
  if (!column.is_valid(row)) {
    out += '\0';
    return;
  }
  out += '\1';
  if (kCanonical && column.physical == Physical::kDouble)
    return append_fixed(canonical(column.values<double>()[row]), out);
  if (kCanonical && column.physical == Physical::kFloat)
    return append_fixed(canonical(column.values<float>()[row]), out);
  if (const size_t width = width_of(column.physical); width != 0) {
    out.append(column.values<char>() + row * width, width);
  } else if (column.physical == Physical::kString) {
    const StringRef& text = column.values<StringRef>()[row];
    append_fixed(text.length, out);
    out.append(text.view());
  } else if (column.physical == Physical::kList) {
    const ListEntry entry = column.values<ListEntry>()[row];
    append_fixed(static_cast<uint32_t>(entry.length), out);
    for (uint64_t i = 0; i < entry.length; ++i)
      append<kCanonical>(column.children[0], entry.offset + i, out);
  } else {
    for (const ColumnView& child : column.children) append<kCanonical>(child, row, out);
  }
}

std::string_view take(std::string_view& bytes, size_t size) {
  if (bytes.size() < size) throw_corrupt("a value that a stream keeps in its state is cut off");
  const std::string_view taken = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return taken;
}

uint32_t take_length(std::string_view& bytes) {
  uint32_t length = 0;
  std::memcpy(&length, take(bytes, sizeof length).data(), sizeof length);
  return length;
}

// NULL of a struct is NULL of its fields: whoever looks at a field alone must see it.
void set_null(const types::DataType& type, Output& out, uint64_t row) {
  out.set_null(row);
  if (out.physical() == Physical::kList) out.values<ListEntry>()[row] = {out.child(0).size(), 0};
  if (out.physical() != Physical::kStruct) return;
  for (size_t i = 0; i < type.fields().size(); ++i)
    set_null(type.fields()[i].type, out.child(i), row);
}

types::DataType element_type(const types::DataType& list) {
  if (list.id() != types::DataTypeId::kMap) return list.element();
  return types::DataType::structure({{"key", list.key()}, {"value", list.value()}});
}

}  // namespace

void append_value(const ColumnView& column, uint64_t row, std::string& out) {
  append<false>(column, row, out);
}

void append_key(const ColumnView& column, uint64_t row, std::string& out) {
  append<true>(column, row, out);
}

void take_value(std::string_view& bytes, const types::DataType& type, Output& out, uint64_t row) {
  if (take(bytes, 1)[0] == '\0') return set_null(type, out, row);
  if (const size_t width = width_of(out.physical()); width != 0) {
    std::memcpy(out.values<char>() + row * width, take(bytes, width).data(), width);
  } else if (out.physical() == Physical::kString) {
    const uint32_t length = take_length(bytes);
    out.set_string(row, take(bytes, length));
  } else if (out.physical() == Physical::kList) {
    const uint32_t length = take_length(bytes);
    if (length > bytes.size()) take(bytes, length);  // every element has a byte at least
    const uint64_t begin = out.child(0).size();
    out.resize(begin + length);
    out.values<ListEntry>()[row] = {begin, length};
    const types::DataType element = element_type(type);
    for (uint32_t i = 0; i < length; ++i) take_value(bytes, element, out.child(0), begin + i);
  } else {
    for (size_t i = 0; i < type.fields().size(); ++i)
      take_value(bytes, type.fields()[i].type, out.child(i), row);
  }
}

void append_window_end(std::optional<int64_t> micros, std::string& out) {
  out += micros ? '\0' : '\1';
  const uint64_t ordered = static_cast<uint64_t>(micros.value_or(0)) ^ uint64_t { 1 } << 63;
  append_fixed(__builtin_bswap64(ordered), out);
}

std::optional<int64_t> take_window_end(std::string_view& bytes) {
  const bool is_null = take(bytes, 1)[0] != '\0';
  uint64_t ordered = 0;
  std::memcpy(&ordered, take(bytes, sizeof ordered).data(), sizeof ordered);
  if (is_null) return std::nullopt;
  return static_cast<int64_t>(__builtin_bswap64(ordered) ^ uint64_t{1} << 63);
}

}  // namespace firn::stream

// zorder(bytes of a text, column, …): a key whose order keeps rows together that are near in every
// column. The bits of the columns' ordered bytes, taken in turn (Iceberg's ZOrderByteUtils).
#include <algorithm>
#include <bit>
#include <cmath>

#include "base/error.h"
#include "kernels/kernels.h"

namespace firn::kernels {
namespace {

using types::DataTypeId;

constexpr uint64_t kSignBit = uint64_t{1} << 63;

// Bytes that order as the numbers do; NULL is all zeros.
std::string big_endian_bytes(uint64_t bits) {
  std::string bytes(8, '\0');
  for (int i = 7; i >= 0; --i, bits >>= 8) bytes[static_cast<size_t>(i)] = static_cast<char>(bits);
  return bytes;
}
std::string ordered_integer(int64_t value) {
  return big_endian_bytes(static_cast<uint64_t>(value) ^ kSignBit);
}
std::string ordered_double(double value) {
  const double settled = std::isnan(value) ? std::nan("") : value;
  const auto bits = std::bit_cast<uint64_t>(settled);
  return big_endian_bytes(bits ^ ((bits & kSignBit) != 0 ? ~uint64_t{0} : kSignBit));
}

std::string ordered_bytes(const ColumnView& column, DataTypeId type, uint64_t row,
                          size_t text_bytes) {
  const bool is_text = type == DataTypeId::kString || type == DataTypeId::kBinary;
  if (!column.is_valid(row)) return std::string(is_text ? text_bytes : 8, '\0');
  if (is_text) {
    std::string bytes(column.values<StringRef>()[row].view().substr(0, text_bytes));
    bytes.resize(text_bytes);
    return bytes;
  }
  switch (column.physical) {
    case Physical::kBool: {
      std::string bytes(8, '\0');
      if (column.values<uint8_t>()[row] != 0) bytes[0] = '\x81';
      return bytes;
    }
    case Physical::kInt8:
      return ordered_integer(column.values<int8_t>()[row]);
    case Physical::kInt16:
      return ordered_integer(column.values<int16_t>()[row]);
    case Physical::kInt32:
      return ordered_integer(column.values<int32_t>()[row]);
    case Physical::kInt64:
      return ordered_integer(column.values<int64_t>()[row]);
    case Physical::kFloat:
      return ordered_double(column.values<float>()[row]);
    case Physical::kDouble:
      return ordered_double(column.values<double>()[row]);
    default:
      throw_unsupported("a Z-order of columns of this type");
  }
}

void zorder(const CallInfo& info, Scratch&, std::span<const ColumnView> in, uint64_t rows,
            Output& out) {
  std::vector<std::string> parts(in.size() - 1);
  std::string key;
  for (uint64_t row = 0; row < rows; ++row) {
    const auto text_bytes = static_cast<size_t>(in[0].values<int32_t>()[row]);
    size_t longest = 0, total = 0;
    for (size_t i = 0; i < parts.size(); ++i) {
      parts[i] = ordered_bytes(in[i + 1], info.arguments[i + 1].id(), row, text_bytes);
      longest = std::max(longest, parts[i].size());
      total += parts[i].size();
    }
    key.assign(total, '\0');
    size_t bit = 0;  // of the key, from its left
    for (size_t source = 0; source < longest * 8; ++source) {
      for (const std::string& part : parts) {
        if (source / 8 >= part.size()) continue;
        const int set = (static_cast<unsigned char>(part[source / 8]) >> (7 - source % 8)) & 1;
        key[bit / 8] = static_cast<char>(key[bit / 8] | (set << (7 - bit % 8)));
        ++bit;
      }
    }
    out.set_string(row, key);
  }
}

constexpr KernelRow kRowsOfZOrder[] = {{"zorder", zorder, kNoFlags}};

}  // namespace

std::span<const KernelRow> zorder_kernels() { return kRowsOfZOrder; }

}  // namespace firn::kernels

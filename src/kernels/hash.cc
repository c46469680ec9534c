// hash (Murmur3), xxhash64 over values of any type as Spark computes them; digests of bytes.
#include <openssl/evp.h>
#include <zlib.h>

#include <bit>
#include <cmath>

#include "base/error.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"
#include "kernels/murmur3.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using Text = std::string_view;
using types::DataType;
using types::DataTypeId;

// Java's BigInteger.toByteArray: big-endian two's complement without superfluous sign bytes.
std::string big_integer_bytes(Int128 value) {
  std::string bytes(16, '\0');
  for (int i = 0; i < 16; ++i)
    bytes[static_cast<size_t>(15 - i)] = static_cast<char>(value >> (8 * i));
  size_t skip = 0;
  while (skip < 15) {
    const auto byte = static_cast<unsigned char>(bytes[skip]),
               next = static_cast<unsigned char>(bytes[skip + 1]);
    if (!((byte == 0 && next < 0x80) || (byte == 0xFF && next >= 0x80))) break;
    ++skip;
  }
  return bytes.substr(skip);
}

struct XxHash64 {
  using Hash = uint64_t;
  static constexpr uint64_t kP1 = 0x9E3779B185EBCA87, kP2 = 0xC2B2AE3D27D4EB4F,
                            kP3 = 0x165667B19E3779F9, kP4 = 0x85EBCA77C2B2AE63,
                            kP5 = 0x27D4EB2F165667C5;
  static uint64_t finish(uint64_t h) {
    h ^= h >> 33;
    h *= kP2;
    h ^= h >> 29;
    h *= kP3;
    return h ^ h >> 32;
  }
  static uint64_t round(uint64_t h, uint64_t input) { return std::rotl(h + input * kP2, 31) * kP1; }
  static uint64_t integer(int32_t value, uint64_t seed) {
    const uint64_t h = seed + kP5 + 4;
    return finish(
        std::rotl(h ^ static_cast<uint64_t>(static_cast<uint32_t>(value)) * kP1, 23) * kP2 + kP3);
  }
  static uint64_t longer(int64_t value, uint64_t seed) {
    const uint64_t h = seed + kP5 + 8;
    return finish(std::rotl(h ^ round(0, static_cast<uint64_t>(value)), 27) * kP1 + kP4);
  }
  static uint64_t bytes(Text text, uint64_t seed) {
    const char* at = text.data();
    const char* const end = at + text.size();
    uint64_t h = seed + kP5;
    if (text.size() >= 32) {
      uint64_t v[4] = {seed + kP1 + kP2, seed + kP2, seed, seed - kP1};
      for (; end - at >= 32; at += 32) {
        for (int i = 0; i < 4; ++i) v[i] = round(v[i], load_bytes<uint64_t>(at + 8 * i));
      }
      h = std::rotl(v[0], 1) + std::rotl(v[1], 7) + std::rotl(v[2], 12) + std::rotl(v[3], 18);
      for (const uint64_t lane : v) h = (h ^ round(0, lane)) * kP1 + kP4;
    }
    h += text.size();
    for (; end - at >= 8; at += 8)
      h = std::rotl(h ^ round(0, load_bytes<uint64_t>(at)), 27) * kP1 + kP4;
    if (end - at >= 4) {
      h = std::rotl(h ^ static_cast<uint64_t>(load_bytes<uint32_t>(at)) * kP1, 23) * kP2 + kP3;
      at += 4;
    }
    for (; at < end; ++at)
      h = std::rotl(h ^ static_cast<uint64_t>(static_cast<unsigned char>(*at)) * kP5, 11) * kP1;
    return finish(h);
  }
};

template <class H>
typename H::Hash hash_value(const ColumnView& column, uint64_t row, const DataType& type,
                            typename H::Hash seed) {
  if (!column.is_valid(row)) return seed;
  switch (type.id()) {
    case DataTypeId::kNull:
      return seed;
    case DataTypeId::kBoolean:
      return H::integer(column.values<uint8_t>()[row] != 0 ? 1 : 0, seed);
    case DataTypeId::kByte:
    case DataTypeId::kShort:
    case DataTypeId::kInteger:
    case DataTypeId::kDate:
    case DataTypeId::kYearMonthInterval:
      return H::integer(static_cast<int32_t>(Reader<AnyInt>(column)[row].value), seed);
    case DataTypeId::kLong:
    case DataTypeId::kTimestamp:
    case DataTypeId::kTimestampNtz:
    case DataTypeId::kDayTimeInterval:
      return H::longer(column.values<int64_t>()[row], seed);
    case DataTypeId::kFloat: {
      const float value = column.values<float>()[row];
      if (value == 0) return H::integer(0, seed);
      return H::integer(std::isnan(value) ? 0x7fc00000 : std::bit_cast<int32_t>(value), seed);
    }
    case DataTypeId::kDouble: {
      const double value = column.values<double>()[row];
      if (value == 0) return H::longer(0, seed);
      return H::longer(std::isnan(value) ? 0x7ff8000000000000 : std::bit_cast<int64_t>(value),
                       seed);
    }
    case DataTypeId::kDecimal: {
      const Int128 value = Reader<Decimal128>(column)[row].unscaled;
      if (type.precision() <= 18) return H::longer(static_cast<int64_t>(value), seed);
      return H::bytes(big_integer_bytes(value), seed);
    }
    case DataTypeId::kString:
    case DataTypeId::kBinary:
      return H::bytes(column.values<StringRef>()[row].view(), seed);
    case DataTypeId::kStruct:
      for (size_t i = 0; i < type.fields().size(); ++i)
        seed = hash_value<H>(column.children[i], row, type.fields()[i].type, seed);
      return seed;
    case DataTypeId::kArray: {
      const ListEntry entry = column.values<ListEntry>()[row];
      for (uint64_t i = 0; i < entry.length; ++i)
        seed = hash_value<H>(column.children[0], entry.offset + i, type.element(), seed);
      return seed;
    }
    case DataTypeId::kMap: {
      const ListEntry entry = column.values<ListEntry>()[row];
      for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
        seed = hash_value<H>(column.children[0].children[0], i, type.key(), seed);
        seed = hash_value<H>(column.children[0].children[1], i, type.value(), seed);
      }
      return seed;
    }
  }
  return seed;
}

template <class H, class Result>
void hash_all(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  for (uint64_t row = 0; row < rows; ++row) {
    typename H::Hash hash = 42;
    for (size_t i = 0; i < in.size(); ++i)
      hash = hash_value<H>(in[i], row, info.arguments[i], hash);
    out.values<Result>()[row] = static_cast<Result>(hash);
  }
}

// ---- Digests
std::string digest(const EVP_MD* algorithm, Text bytes) {
  unsigned char result[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), result, &size, algorithm, nullptr) != 1) {
    throw_unsupported("this digest: the system's OpenSSL refuses it");
  }
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < size; ++i) text += {kHex[result[i] >> 4], kHex[result[i] & 15]};
  return text;
}
void md5(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [](Text bytes) { return digest(EVP_md5(), bytes); });
}
void sha1(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [](Text bytes) { return digest(EVP_sha1(), bytes); });
}
void sha2(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text, int32_t>(in, rows, out,
                          [](Text bytes, int32_t bits) -> std::optional<std::string> {
                            switch (bits) {
                              case 224:
                                return digest(EVP_sha224(), bytes);
                              case 0:
                              case 256:
                                return digest(EVP_sha256(), bytes);
                              case 384:
                                return digest(EVP_sha384(), bytes);
                              case 512:
                                return digest(EVP_sha512(), bytes);
                              default:
                                return std::nullopt;
                            }
                          });
}
void checksum(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [](Text bytes) {
    return static_cast<int64_t>(
        ::crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
  });
}

constexpr KernelRow kRowsOfHash[] = {
    {"hash", hash_all<Murmur3, int32_t>, kNoFlags},
    {"xxhash64", hash_all<XxHash64, int64_t>, kNoFlags},
    {"md5", md5, kNullOnNull},
    {"sha1", sha1, kNullOnNull},
    {"sha2", sha2, kNullOnNull},
    {"crc32", checksum, kNullOnNull},
};

}  // namespace

std::span<const KernelRow> hash_kernels() { return kRowsOfHash; }

}  // namespace firn::kernels

// The 32-bit hash of Appendix B: Murmur3, x86 variant, seed 0. Values that promote keep their hash.
#include <bit>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "types/calendar.h"
#include "types/transform.h"

namespace firn::types {
namespace {

uint32_t scramble(uint32_t block) { return std::rotl(block * 0xCC9E2D51U, 15) * 0x1B873593U; }

int32_t murmur3(std::string_view bytes) {
  uint32_t hash = 0;
  size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4) {
    uint32_t block;
    std::memcpy(&block, bytes.data() + at, 4);
    hash = std::rotl(hash ^ scramble(block), 13) * 5 + 0xE6546B64U;
  }
  uint32_t tail = 0;
  for (size_t i = bytes.size(); i > at; --i) tail = tail << 8 | static_cast<uint8_t>(bytes[i - 1]);
  hash ^= scramble(tail);
  hash ^= static_cast<uint32_t>(bytes.size());
  hash = (hash ^ hash >> 16) * 0x85EBCA6BU;
  hash = (hash ^ hash >> 13) * 0xC2B2AE35U;
  return static_cast<int32_t>(hash ^ hash >> 16);
}

int32_t hash_long(int64_t value) {
  return murmur3(std::string_view(reinterpret_cast<const char*>(&value), sizeof(value)));
}

int32_t hash_double(double value) {
  if (std::isnan(value)) return hash_long(0x7FF8000000000000LL);
  return hash_long(std::bit_cast<int64_t>(value == 0 ? 0.0 : value));
}

struct Hash {
  const Type& type;
  int32_t operator()(Null) const {
    check_failed("!is_null(value)", "null has no bucket hash", __FILE__, __LINE__);
  }
  int32_t operator()(bool value) const { return hash_long(value ? 1 : 0); }
  int32_t operator()(int32_t value) const { return hash_long(value); }
  int32_t operator()(int64_t value) const {
    const bool nanos = type.id() == TypeId::kTimestampNs || type.id() == TypeId::kTimestamptzNs;
    return hash_long(nanos ? floor_div<int64_t>(value, 1000) : value);
  }
  int32_t operator()(float value) const { return hash_double(value); }
  int32_t operator()(double value) const { return hash_double(value); }
  int32_t operator()(const Decimal& value) const {
    return murmur3(to_single_value_bytes(value, Type::decimal(38, 0)));
  }
  int32_t operator()(const std::string& value) const { return murmur3(value); }
  int32_t operator()(const Bytes& value) const { return murmur3(value.data); }
};

}  // namespace

int32_t bucket_hash_of_bytes(std::string_view bytes) { return murmur3(bytes); }

int32_t bucket_hash_of_long(int64_t value) { return hash_long(value); }

int32_t bucket_hash(const Type& source, const Value& value) {
  return std::visit(Hash{source}, value);
}

}  // namespace firn::types

// A fast 128-bit hash of bytes, for keys of which only the hash is kept. Not for hostile input that
// looks for collisions and never on disk without its version: MurmurHash3, x64 variant, which is in
// the public domain.
#pragma once

#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace firn {

struct Hash128 {
  uint64_t first = 0;
  uint64_t second = 0;
  bool operator==(const Hash128&) const = default;
  auto operator<=>(const Hash128&) const = default;
};

namespace hash128_detail {

inline constexpr uint64_t kMix1 = 0x87C37B91114253D5ULL;
inline constexpr uint64_t kMix2 = 0x4CF5AD432745937FULL;

inline uint64_t scramble1(uint64_t block) { return std::rotl(block * kMix1, 31) * kMix2; }
inline uint64_t scramble2(uint64_t block) { return std::rotl(block * kMix2, 33) * kMix1; }

inline uint64_t finish(uint64_t hash) {
  hash = (hash ^ hash >> 33) * 0xFF51AFD7ED558CCDULL;
  hash = (hash ^ hash >> 33) * 0xC4CEB9FE1A85EC53ULL;
  return hash ^ hash >> 33;
}

}  // namespace hash128_detail

inline Hash128 hash128(std::string_view bytes, uint64_t seed = 0) {
  namespace detail = hash128_detail;
  static_assert(std::endian::native == std::endian::little, "blocks are read as they stand");
  Hash128 hash{seed, seed};
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint64_t block[2];
  for (; left >= 16; at += 16, left -= 16) {
    std::memcpy(block, at, 16);
    hash.first = std::rotl(hash.first ^ detail::scramble1(block[0]), 27) + hash.second;
    hash.first = hash.first * 5 + 0x52DCE729;
    hash.second = std::rotl(hash.second ^ detail::scramble2(block[1]), 31) + hash.first;
    hash.second = hash.second * 5 + 0x38495AB5;
  }
  block[0] = block[1] = 0;
  if (left > 0) std::memcpy(block, at, left);
  hash.first ^= detail::scramble1(block[0]) ^ bytes.size();
  hash.second ^= detail::scramble2(block[1]) ^ bytes.size();
  hash.first += hash.second;
  hash.second += hash.first;
  hash.first = detail::finish(hash.first);
  hash.second = detail::finish(hash.second);
  hash.first += hash.second;
  hash.second += hash.first;
  return hash;
}

}  // namespace firn

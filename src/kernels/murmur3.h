// Murmur3 as Spark computes it, for values and for sketches.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace firn::kernels {

template <class T>
T load_bytes(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

// Murmur3_x86_32 in the variant of Spark's Murmur3_x86_32.hashUnsafeBytes: tail bytes one by one,
// signed.
struct Murmur3 {
  using Hash = uint32_t;
  static uint32_t mix_k(uint32_t k) { return std::rotl(k * 0xcc9e2d51, 15) * 0x1b873593; }
  static uint32_t mix_h(uint32_t h, uint32_t k) { return std::rotl(h ^ k, 13) * 5 + 0xe6546b64; }
  static uint32_t finish(uint32_t h, uint32_t length) {
    h ^= length;
    h ^= h >> 16;
    h *= 0x85ebca6b;
    h ^= h >> 13;
    h *= 0xc2b2ae35;
    return h ^ h >> 16;
  }
  static uint32_t integer(int32_t value, uint32_t seed) {
    return finish(mix_h(seed, mix_k(static_cast<uint32_t>(value))), 4);
  }
  static uint32_t longer(int64_t value, uint32_t seed) {
    const auto bits = static_cast<uint64_t>(value);
    return finish(mix_h(mix_h(seed, mix_k(static_cast<uint32_t>(bits))),
                        mix_k(static_cast<uint32_t>(bits >> 32))),
                  8);
  }
  static uint32_t bytes(std::string_view text, uint32_t seed) {
    uint32_t h = seed;
    size_t i = 0;
    for (; i + 4 <= text.size(); i += 4) h = mix_h(h, mix_k(load_bytes<uint32_t>(text.data() + i)));
    for (; i < text.size(); ++i)
      h = mix_h(
          h, mix_k(static_cast<uint32_t>(static_cast<int32_t>(static_cast<signed char>(text[i])))));
    return finish(h, static_cast<uint32_t>(text.size()));
  }
};

}  // namespace firn::kernels

// A binary fuse filter with 8-bit fingerprints (Graf, Lemire: "Binary Fuse Filters"): about 9 bits
// a key, one false hit in 256, no misses. Built once over distinct keys, then immutable.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace firn::stream {

class FuseFilter {
 public:
  FuseFilter() = default;
  // `read_keys` gives distinct 64-bit hashes, well mixed, in any order. It is asked again where a
  // seed does not fit, which is rare: keeping them would be most of the memory.
  explicit FuseFilter(const std::function<std::vector<uint64_t>()>& read_keys);
  bool may_contain(uint64_t key) const {
    if (fingerprints_.empty()) return false;
    const uint64_t hash = mix(key, seed_);
    const Slots slots = slots_of(hash);
    return (fingerprint(hash) ^ fingerprints_[slots.a] ^ fingerprints_[slots.b] ^
            fingerprints_[slots.c]) == 0;
  }
  int64_t memory_bytes() const { return static_cast<int64_t>(fingerprints_.size()); }
  // For files: as bytes, and nothing where bytes are no filter.
  void append_to(std::string& out) const;
  static std::optional<FuseFilter> parse(std::string_view bytes);

 private:
  struct Slots {
    uint32_t a, b, c;
  };
  static uint64_t mix(uint64_t key, uint64_t seed) {
    uint64_t h = key + seed;
    h = (h ^ h >> 33) * 0xff51afd7ed558ccdULL;
    h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ULL;
    return h ^ h >> 33;
  }
  static uint8_t fingerprint(uint64_t hash) { return static_cast<uint8_t>(hash ^ hash >> 32); }
  Slots slots_of(uint64_t hash) const {
    const auto high =
        static_cast<uint64_t>(static_cast<unsigned __int128>(hash) * segment_count_length_ >> 64);
    const auto a = static_cast<uint32_t>(high);
    const uint32_t mask = segment_length_ - 1;
    const uint32_t b = (a + segment_length_) ^ (static_cast<uint32_t>(hash >> 18) & mask);
    const uint32_t c = (a + 2 * segment_length_) ^ (static_cast<uint32_t>(hash) & mask);
    return {a, b, c};
  }
  void size_for(uint64_t count);
  bool try_build(std::vector<uint64_t>& hashes);  // destroys them

  uint64_t seed_ = 0x726b2b9d438b9d4dULL;
  uint32_t segment_length_ = 0;
  uint32_t segment_count_length_ = 0;
  std::vector<uint8_t> fingerprints_;
};

}  // namespace firn::stream

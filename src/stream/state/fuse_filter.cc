// Construction by peeling: slots that only one key uses are taken off until none is left, then
// filled in reverse.
#include "stream/state/fuse_filter.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace firn::stream {

void FuseFilter::size_for(uint64_t count) {
  // Sizes as the paper gives them for three hashes.
  const double n = static_cast<double>(std::max<uint64_t>(count, 2));
  segment_length_ = std::min<uint32_t>(
      uint32_t{1} << static_cast<uint32_t>(std::floor(std::log(n) / std::log(3.33) + 2.25)),
      262144);
  const double factor = std::max(1.125, 0.875 + 0.25 * std::log(1000000.0) / std::log(n));
  const auto capacity = static_cast<uint64_t>(std::llround(n * factor));
  uint64_t segments = (capacity + segment_length_ - 1) / segment_length_;
  segments = segments <= 2 ? 1 : segments - 2;
  segment_count_length_ = static_cast<uint32_t>(segments) * segment_length_;
  fingerprints_.assign(segment_count_length_ + 2 * segment_length_, 0);
}

bool FuseFilter::try_build(const std::vector<uint64_t>& keys) {
  const size_t slots = fingerprints_.size();
  std::vector<uint8_t> count(slots, 0);
  std::vector<uint64_t> hashes(slots, 0);  // xor of the hashes that use the slot
  for (const uint64_t key : keys) {
    const uint64_t hash = mix(key, seed_);
    const Slots at = slots_of(hash);
    for (const uint32_t slot : {at.a, at.b, at.c}) {
      if (++count[slot] == 0) return false;  // 256 keys in one slot: a bad seed
      hashes[slot] ^= hash;
    }
  }
  std::vector<uint32_t> alone;
  for (uint32_t slot = 0; slot < slots; ++slot) {
    if (count[slot] == 1) alone.push_back(slot);
  }
  std::vector<std::pair<uint64_t, uint32_t>> order;
  order.reserve(keys.size());
  while (!alone.empty()) {
    const uint32_t slot = alone.back();
    alone.pop_back();
    if (count[slot] != 1) continue;
    const uint64_t hash = hashes[slot];
    order.emplace_back(hash, slot);
    const Slots at = slots_of(hash);
    for (const uint32_t other : {at.a, at.b, at.c}) {
      hashes[other] ^= hash;
      if (--count[other] == 1) alone.push_back(other);
    }
  }
  if (order.size() != keys.size()) return false;
  for (auto entry = order.rbegin(); entry != order.rend(); ++entry) {
    const auto& [hash, slot] = *entry;
    const Slots at = slots_of(hash);
    fingerprints_[slot] = 0;
    fingerprints_[slot] = static_cast<uint8_t>(fingerprint(hash) ^ fingerprints_[at.a] ^
                                               fingerprints_[at.b] ^ fingerprints_[at.c]);
  }
  return true;
}

FuseFilter::FuseFilter(const std::vector<uint64_t>& keys) {
  if (keys.empty()) return;
  size_for(keys.size());
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (try_build(keys)) return;
    seed_ = mix(seed_, 0x9e3779b97f4a7c15ULL + static_cast<uint64_t>(attempt));
    std::fill(fingerprints_.begin(), fingerprints_.end(), uint8_t{0});
  }
  FIRN_CHECK(false, "a fuse filter needs distinct keys");
}

}  // namespace firn::stream

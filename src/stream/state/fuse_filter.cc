// Construction by peeling: slots that only one key uses are taken off until none is left, then
// filled in reverse.
#include "stream/state/fuse_filter.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <deque>

#include "base/error.h"

namespace firn::stream {
namespace {

constexpr uint32_t kLongestSegment = 262144;

}  // namespace

void FuseFilter::size_for(uint64_t count) {
  // Sizes as the paper gives them for three hashes.
  const double n = static_cast<double>(std::max<uint64_t>(count, 2));
  segment_length_ = std::min<uint32_t>(
      uint32_t{1} << static_cast<uint32_t>(std::floor(std::log(n) / std::log(3.33) + 2.25)),
      kLongestSegment);
  const double factor = std::max(1.125, 0.875 + 0.25 * std::log(1000000.0) / std::log(n));
  const auto capacity = static_cast<uint64_t>(std::llround(n * factor));
  uint64_t segments = (capacity + segment_length_ - 1) / segment_length_;
  segments = segments <= 2 ? 1 : segments - 2;
  segment_count_length_ = static_cast<uint32_t>(segments) * segment_length_;
  fingerprints_.assign(segment_count_length_ + 2 * segment_length_, 0);
}

namespace {

// Sorts by the highest bits, in place (American flag sort): hashes that are near each other use
// slots that are near each other, and building is a matter of cache misses.
void sort_by_high_bits(std::vector<uint64_t>& hashes) {
  constexpr int kBits = 9;
  constexpr size_t kBuckets = size_t{1} << kBits;
  const auto bucket_of = [](uint64_t hash) { return static_cast<size_t>(hash >> (64 - kBits)); };
  std::vector<size_t> next(kBuckets, 0), end(kBuckets, 0);
  for (const uint64_t hash : hashes) ++end[bucket_of(hash)];
  for (size_t i = 1; i < kBuckets; ++i) end[i] += end[i - 1];
  for (size_t i = 1; i < kBuckets; ++i) next[i] = end[i - 1];
  for (size_t i = 0; i < kBuckets; ++i) {
    while (next[i] < end[i]) {
      uint64_t hash = hashes[next[i]];
      for (size_t of = bucket_of(hash); of != i; of = bucket_of(hash))
        std::swap(hash, hashes[next[of]++]);
      hashes[next[i]++] = hash;
    }
  }
}

constexpr size_t kSortedFrom = 1 << 18;  // fewer keys than these fit the caches anyway

}  // namespace

bool FuseFilter::try_build(std::vector<uint64_t>& hashes) {
  const size_t slots = fingerprints_.size(), keys = hashes.size();
  if (keys >= kSortedFrom) sort_by_high_bits(hashes);
  std::vector<uint8_t> count(slots, 0);
  std::vector<uint64_t> sums(slots, 0);  // xor of the hashes that use the slot
  for (const uint64_t hash : hashes) {
    const Slots at = slots_of(hash);
    for (const uint32_t slot : {at.a, at.b, at.c}) {
      if (++count[slot] == 0) return false;  // 256 keys in one slot: a bad seed
      sums[slot] ^= hash;
    }
  }
  // From here on `hashes` holds them in the order in which they were taken off, and `place` tells
  // which of its three slots each had for itself.
  std::vector<uint8_t> place(keys);
  std::deque<uint32_t> alone;  // first in, first out: slots near each other come after each other
  for (uint32_t slot = 0; slot < slots; ++slot) {
    if (count[slot] == 1) alone.push_back(slot);
  }
  size_t taken = 0;
  while (!alone.empty()) {
    const uint32_t slot = alone.front();
    alone.pop_front();
    if (count[slot] != 1) continue;
    const uint64_t hash = sums[slot];
    const Slots at = slots_of(hash);
    hashes[taken] = hash;
    place[taken++] = slot == at.a ? 0 : slot == at.b ? 1 : 2;
    for (const uint32_t other : {at.a, at.b, at.c}) {
      sums[other] ^= hash;
      if (--count[other] == 1) alone.push_back(other);
    }
  }
  if (taken != keys) return false;
  while (taken-- > 0) {
    const uint64_t hash = hashes[taken];
    const Slots at = slots_of(hash);
    const uint32_t slot = place[taken] == 0 ? at.a : place[taken] == 1 ? at.b : at.c;
    fingerprints_[slot] = 0;
    fingerprints_[slot] = static_cast<uint8_t>(fingerprint(hash) ^ fingerprints_[at.a] ^
                                               fingerprints_[at.b] ^ fingerprints_[at.c]);
  }
  return true;
}

FuseFilter::FuseFilter(const std::function<std::vector<uint64_t>()>& read_keys) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::vector<uint64_t> hashes = read_keys();
    if (hashes.empty()) return;
    size_for(hashes.size());
    for (uint64_t& hash : hashes) hash = mix(hash, seed_);
    if (try_build(hashes)) return;
    seed_ = mix(seed_, 0x9e3779b97f4a7c15ULL + static_cast<uint64_t>(attempt));
  }
  FIRN_CHECK(false, "a fuse filter needs distinct keys");
}

// Seed and the two lengths, then the fingerprints.
void FuseFilter::append_to(std::string& out) const {
  const uint64_t head[] = {seed_, segment_length_, segment_count_length_};
  out.append(reinterpret_cast<const char*>(head), sizeof head);
  out.append(reinterpret_cast<const char*>(fingerprints_.data()), fingerprints_.size());
}

std::optional<FuseFilter> FuseFilter::parse(std::string_view bytes) {
  uint64_t head[3];
  if (bytes.size() < sizeof head) return std::nullopt;
  std::memcpy(head, bytes.data(), sizeof head);
  bytes.remove_prefix(sizeof head);
  const uint64_t length = head[1], count_length = head[2];
  const bool is_empty = bytes.empty() && length == 0 && count_length == 0;
  // Slots are found by masking with the length and multiplying by the number of segments.
  const bool fits = std::has_single_bit(length) && length <= kLongestSegment &&
                    count_length % length == 0 && count_length > 0 &&
                    bytes.size() == count_length + 2 * length;
  if (!is_empty && !fits) return std::nullopt;
  FuseFilter filter;
  filter.seed_ = head[0];
  filter.segment_length_ = static_cast<uint32_t>(length);
  filter.segment_count_length_ = static_cast<uint32_t>(count_length);
  filter.fingerprints_.assign(bytes.begin(), bytes.end());
  return filter;
}

}  // namespace firn::stream

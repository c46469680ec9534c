// Random numbers, texts and orders. With a seed they are those that Spark draws for the first
// partition.
#include <array>
#include <cmath>
#include <cstdlib>

#include "kernels/elements.h"
#include "kernels/kernels.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;

uint32_t scala_murmur(const unsigned char* data, size_t size, uint32_t seed) {
  const auto rotate = [](uint32_t x, int by) { return x << by | x >> (32 - by); };
  uint32_t h = seed;
  for (size_t i = 0; i + 4 <= size; i += 4) {
    uint32_t k = 0;
    std::memcpy(&k, data + i, 4);
    h = rotate(h ^ rotate(k * 0xcc9e2d51, 15) * 0x1b873593, 13) * 5 + 0xe6546b64;
  }
  h ^= static_cast<uint32_t>(size);
  h ^= h >> 16;
  h *= 0x85ebca6b;
  h ^= h >> 13;
  h *= 0xc2b2ae35;
  return h ^ h >> 16;
}

// Spark's XORShiftRandom.
class XorShift {
 public:
  // The seed's bytes, big-endian, hashed twice.
  explicit XorShift(int64_t seed) {
    std::array<unsigned char, 8> bytes{};
    for (size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<unsigned char>(seed >> (56 - 8 * i));
    const uint32_t low = scala_murmur(bytes.data(), bytes.size(), 0x3c074a61);
    const uint32_t high = scala_murmur(bytes.data(), bytes.size(), low);
    seed_ = static_cast<uint64_t>(high) << 32 | low;
  }
  int32_t next(int bits) {
    uint64_t next_seed = seed_ ^ (seed_ << 21);
    next_seed ^= next_seed >> 35;
    next_seed ^= next_seed << 4;
    seed_ = next_seed;
    return static_cast<int32_t>(next_seed & ((uint64_t{1} << bits) - 1));
  }
  double next_double() {
    return static_cast<double>((static_cast<int64_t>(next(26)) << 27) + next(27)) * 0x1.0p-53;
  }
  double next_gaussian() {
    if (has_next_) {
      has_next_ = false;
      return next_;
    }
    double v1 = 0, v2 = 0, s = 0;
    do {
      v1 = 2 * next_double() - 1;
      v2 = 2 * next_double() - 1;
      s = v1 * v1 + v2 * v2;
    } while (s >= 1 || s == 0);
    const double factor = std::sqrt(-2 * std::log(s) / s);
    next_ = v2 * factor;
    has_next_ = true;
    return v1 * factor;
  }

 private:
  uint64_t seed_;
  double next_ = 0;
  bool has_next_ = false;
};

XorShift& generator(const CallInfo& info, Scratch& scratch) {
  if (!scratch.has_value()) scratch = XorShift(info.seed);
  return *std::any_cast<XorShift>(&scratch);
}
void rand(const CallInfo& info, Scratch& scratch, Columns, uint64_t rows, Output& out) {
  XorShift& random = generator(info, scratch);
  for (uint64_t row = 0; row < rows; ++row) out.values<double>()[row] = random.next_double();
}
void randn(const CallInfo& info, Scratch& scratch, Columns, uint64_t rows, Output& out) {
  XorShift& random = generator(info, scratch);
  for (uint64_t row = 0; row < rows; ++row) out.values<double>()[row] = random.next_gaussian();
}
void randstr(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  constexpr std::string_view kLetters =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  XorShift& random = generator(info, scratch);
  for (uint64_t row = 0; row < rows; ++row) {
    std::string text;
    for (int32_t i = 0; i < in[0].values<int32_t>()[row]; ++i)
      text += kLetters[static_cast<size_t>(std::abs(random.next(32) % 62))];
    out.set_string(row, text);
  }
}
void uuid(const CallInfo& info, Scratch& scratch, Columns, uint64_t rows, Output& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  XorShift& random = generator(info, scratch);
  for (uint64_t row = 0; row < rows; ++row) {
    char text[36];
    for (int i = 0; i < 36; ++i) {
      const int digit = random.next(4);
      text[i] = i == 8 || i == 13 || i == 18 || i == 23 ? '-'
                : i == 14                               ? '4'
                                                        : kHex[i == 19 ? 8 + (digit & 3) : digit];
    }
    out.set_string(row, std::string_view(text, sizeof(text)));
  }
}

// The Mersenne Twister with 32 bits, seeded with the two halves of a number.
class Twister {
 public:
  explicit Twister(int64_t seed) {
    const std::array<uint32_t, 2> key{static_cast<uint32_t>(static_cast<uint64_t>(seed) >> 32),
                                      static_cast<uint32_t>(seed)};
    state_[0] = 19650218;
    for (uint32_t i = 1; i < kSize; ++i) state_[i] = 1812433253U * folded(i) + i;
    uint32_t i = 1;
    const auto advance = [&] {
      if (++i < kSize) return;
      state_[0] = state_[kSize - 1];
      i = 1;
    };
    for (uint32_t k = 0; k < kSize; ++k) {
      state_[i] = (state_[i] ^ (folded(i) * 1664525U)) + key[k % 2] + k % 2;
      advance();
    }
    for (uint32_t k = 1; k < kSize; ++k) {
      state_[i] = (state_[i] ^ (folded(i) * 1566083941U)) - i;
      advance();
    }
    state_[0] = 0x80000000U;
  }
  // Below `bound`, which is positive.
  uint32_t below(uint32_t bound) {
    if ((bound & (bound - 1)) == 0)
      return static_cast<uint32_t>(static_cast<uint64_t>(bound) * (next() >> 1) >> 31);
    for (;;) {
      const uint32_t drawn = next() >> 1, rest = drawn % bound;
      if (static_cast<uint64_t>(drawn) - rest + (bound - 1) <= INT32_MAX) return rest;
    }
  }

 private:
  static constexpr uint32_t kSize = 624;
  uint32_t folded(uint32_t i) const { return state_[i - 1] ^ (state_[i - 1] >> 30); }
  uint32_t next() {
    if (at_ == kSize) renew();
    uint32_t y = state_[at_++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680U;
    y ^= (y << 15) & 0xefc60000U;
    return y ^ (y >> 18);
  }
  void renew() {
    for (uint32_t k = 0; k < kSize; ++k) {
      const uint32_t y = (state_[k] & 0x80000000U) | (state_[(k + 1) % kSize] & 0x7fffffffU);
      state_[k] = state_[(k + 397) % kSize] ^ (y >> 1) ^ ((y & 1U) != 0 ? 0x9908b0dfU : 0U);
    }
    at_ = 0;
  }

  std::array<uint32_t, kSize> state_{};
  uint32_t at_ = kSize;
};

void shuffle(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  if (!scratch.has_value()) scratch = Twister(info.seed);
  Twister& random = *std::any_cast<Twister>(&scratch);
  ListGather list(in[0].children[0], out);
  std::vector<uint64_t> order;
  each_to_list(in.first(1), rows, list, [&](uint64_t, ListEntry entry) {
    order.resize(entry.length);
    for (uint64_t i = 0; i < entry.length; ++i) {
      const uint64_t j = random.below(static_cast<uint32_t>(i + 1));
      order[i] = order[j];
      order[j] = entry.offset + i;
    }
    for (const uint64_t i : order) list.add(i);
  });
}

constexpr KernelRow kRowsOfRandom[] = {
    {"rand", rand, kNotConstant},
    {"randn", randn, kNotConstant},
    {"randstr", randstr, kNullOnNull | kNotConstant},
    {"uuid", uuid, kNotConstant},
    {"shuffle", shuffle, kNullOnNull | kSlices | kNotConstant},
};

}  // namespace

std::span<const KernelRow> random_kernels() { return kRowsOfRandom; }

}  // namespace firn::kernels

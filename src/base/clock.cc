// The system's clock, and random numbers by the xoshiro256** generator.
#include "base/clock.h"

#include <bit>
#include <mutex>
#include <random>
#include <thread>

namespace firn {
namespace {

template <typename Unit>
int64_t since_epoch() {
  return std::chrono::duration_cast<Unit>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

uint64_t splitmix64(uint64_t& state) {
  uint64_t z = (state += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

uint64_t xoshiro256(uint64_t (&s)[4]) {
  const uint64_t result = std::rotl(s[1] * 5, 7) * 9;
  const uint64_t shifted = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= shifted;
  s[3] = std::rotl(s[3], 45);
  return result;
}

}  // namespace

int64_t SystemClock::now_ms() { return since_epoch<std::chrono::milliseconds>(); }
int64_t SystemClock::now_us() { return since_epoch<std::chrono::microseconds>(); }
std::chrono::steady_clock::time_point SystemClock::steady() {
  return std::chrono::steady_clock::now();
}
void SystemClock::sleep_for(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

SystemRandom::SystemRandom() {
  std::random_device device;
  for (uint64_t& word : state_) word = (static_cast<uint64_t>(device()) << 32) | device();
  state_[0] |= 1;  // never all zero
}
// One generator serves all sessions of a process, on any thread.
uint64_t SystemRandom::next() {
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  return xoshiro256(state_);
}

SeededRandom::SeededRandom(uint64_t seed) {
  for (uint64_t& word : state_) word = splitmix64(seed);
}
uint64_t SeededRandom::next() { return xoshiro256(state_); }

std::string random_uuid(Random& random) {
  constexpr char kHex[] = "0123456789abcdef";
  uint64_t words[2] = {random.next(), random.next()};
  words[0] = (words[0] & ~0xF000ULL) | 0x4000ULL;        // version 4
  words[1] = (words[1] & ~(3ULL << 62)) | (2ULL << 62);  // variant 1
  std::string text;
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) text += '-';
    text += kHex[(words[nibble / 16] >> (60 - 4 * (nibble % 16))) & 15];
  }
  return text;
}

}  // namespace firn

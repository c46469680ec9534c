// Time and randomness behind seams, so that tests replay and simulations own them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace firn {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t now_ms() = 0;  // since 1970-01-01 UTC
  virtual int64_t now_us() = 0;
  virtual std::chrono::steady_clock::time_point steady() = 0;
  virtual void sleep_for(std::chrono::milliseconds) = 0;
};

class SystemClock final : public Clock {
 public:
  int64_t now_ms() override;
  int64_t now_us() override;
  std::chrono::steady_clock::time_point steady() override;
  void sleep_for(std::chrono::milliseconds) override;
};

class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t next() = 0;
};

class SystemRandom final : public Random {  // seeded from the operating system
 public:
  SystemRandom();
  uint64_t next() override;

 private:
  uint64_t state_[4];
};

class SeededRandom final : public Random {  // the same seed gives the same sequence
 public:
  explicit SeededRandom(uint64_t seed);
  uint64_t next() override;

 private:
  uint64_t state_[4];
};

std::string random_uuid(Random&);  // RFC 4122 version 4, lower case

}  // namespace firn

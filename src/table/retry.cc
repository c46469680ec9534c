// See retry.h.
#include "table/retry.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace firn::table {

int64_t number_property(const iceberg::Properties& properties, const char* key, int64_t otherwise) {
  const auto found = properties.find(key);
  if (found == properties.end()) return otherwise;
  const std::string& text = found->second;
  int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) {
    throw_invalid("table property " + std::string(key) + " is \"" + text +
                  "\": a whole number is needed");
  }
  return number;
}

RetryPolicy retry_policy(const iceberg::Properties& properties) {
  const RetryPolicy defaults;
  return {
      .retries = static_cast<int>(
          number_property(properties, "commit.retry.num-retries", defaults.retries)),
      .min_wait_ms = number_property(properties, "commit.retry.min-wait-ms", defaults.min_wait_ms),
      .max_wait_ms = number_property(properties, "commit.retry.max-wait-ms", defaults.max_wait_ms),
      .total_timeout_ms =
          number_property(properties, "commit.retry.total-timeout-ms", defaults.total_timeout_ms),
  };
}

bool Attempts::next() {
  throw_if_stopped(stop_);
  if (made_ == 0) {
    made_ = 1;
    return true;
  }
  if (made_ > policy_.retries) return false;
  const int doublings = std::min(made_ - 1, 30);
  const int64_t wait = std::clamp(policy_.min_wait_ms << doublings, policy_.min_wait_ms,
                                  std::max(policy_.min_wait_ms, policy_.max_wait_ms));
  const int64_t jitter =
      wait < 10 ? 0 : static_cast<int64_t>(random_.next() % static_cast<uint64_t>(wait / 10));
  const auto spent =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady() - started_).count();
  if (spent + wait + jitter > policy_.total_timeout_ms) return false;
  // In slices, so that a stop is noticed.
  for (int64_t left = wait + jitter; left > 0; left -= 200) {
    clock_.sleep_for(std::chrono::milliseconds(std::min<int64_t>(left, 200)));
    throw_if_stopped(stop_);
  }
  ++made_;
  return true;
}

}  // namespace firn::table

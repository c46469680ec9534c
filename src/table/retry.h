// The attempts of one commit: how many, how long to wait between them (commit.retry.* of the
// table's properties).
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "base/stop_token.h"
#include "iceberg/metadata.h"

namespace firn::table {

struct RetryPolicy {
  int retries = 4;
  int64_t min_wait_ms = 100;
  int64_t max_wait_ms = 60'000;
  int64_t total_timeout_ms = 30 * 60'000;
};

// Error FIRN_INVALID_INPUT naming the property whose value is not a number.
RetryPolicy retry_policy(const iceberg::Properties&);

// A whole number of the table's properties. Error FIRN_INVALID_INPUT naming the property.
int64_t number_property(const iceberg::Properties&, const char* key, int64_t otherwise);

class Attempts {
 public:
  Attempts(RetryPolicy policy, Clock& clock, Random& random, StopToken stop)
      : policy_(policy),
        clock_(clock),
        random_(random),
        stop_(std::move(stop)),
        started_(clock.steady()) {}

  // True where another attempt is allowed; waits before every one but the first: doubling, with up
  // to 10 % of jitter. Throws Error{OPERATION_CANCELED}.
  bool next();
  int made() const { return made_; }  // attempts begun

 private:
  const RetryPolicy policy_;
  Clock& clock_;
  Random& random_;
  const StopToken stop_;
  const std::chrono::steady_clock::time_point started_;
  int made_ = 0;
};

}  // namespace firn::table

// Reads a range ahead on a thread of its own, up to a bound of memory, so that fetching and
// decoding overlap.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/stop_token.h"
#include "stream/source/source.h"

namespace firn::stream {

// What a batch holds, about.
int64_t memory_bytes(const SourceBatch&);

class Prefetch {
 public:
  // Up to `max_bytes` wait to be taken (one batch may be larger), and one more batch is read.
  Prefetch(std::unique_ptr<RangeReader> reader, int64_t max_bytes, StopToken stop);
  ~Prefetch();  // stops the reading
  // nullopt at the end of the range; rethrows what the reader threw.
  std::optional<SourceBatch> next();
  int64_t most_bytes() const;  // that ever waited

 private:
  void run(const StopToken& stop);

  std::unique_ptr<RangeReader> reader_;
  const int64_t max_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<SourceBatch> batches_;     // guarded by mutex_
  int64_t bytes_ = 0, most_bytes_ = 0;  // of batches_; guarded by mutex_
  bool ended_ = false;                  // guarded by mutex_
  std::exception_ptr failure_;          // guarded by mutex_
  StopSource stop_;
  std::stop_callback<std::function<void()>> link_;  // the query's stop reaches the reader
  std::thread thread_;
};

}  // namespace firn::stream

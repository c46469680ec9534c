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

class Prefetch {
 public:
  Prefetch(std::unique_ptr<RangeReader> reader, size_t max_batches, StopToken stop);
  ~Prefetch();  // stops the reading
  // nullopt at the end of the range; rethrows what the reader threw.
  std::optional<SourceBatch> next();

 private:
  void run(const StopToken& stop);

  std::unique_ptr<RangeReader> reader_;
  const size_t max_batches_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<SourceBatch> batches_;  // guarded by mutex_
  bool ended_ = false;               // guarded by mutex_
  std::exception_ptr failure_;       // guarded by mutex_
  StopSource stop_;
  std::stop_callback<std::function<void()>> link_;  // the query's stop reaches the reader
  std::thread thread_;
};

}  // namespace firn::stream

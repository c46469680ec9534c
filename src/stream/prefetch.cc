// One producer, one consumer.
#include "stream/prefetch.h"

#include <chrono>

namespace firn::stream {

Prefetch::Prefetch(std::unique_ptr<RangeReader> reader, size_t max_batches, StopToken stop)
    : reader_(std::move(reader)),
      max_batches_(max_batches),
      link_(stop, [this] { stop_.request_stop(); }),
      thread_([this] { run(stop_.get_token()); }) {}

Prefetch::~Prefetch() {
  stop_.request_stop();
  {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }
  thread_.join();
}

void Prefetch::run(const StopToken& stop) {
  try {
    while (auto batch = reader_->next(stop)) {
      std::unique_lock lock(mutex_);
      while (batches_.size() >= max_batches_ && !stop.stop_requested())
        changed_.wait_for(lock, std::chrono::milliseconds(50));
      throw_if_stopped(stop);
      batches_.push_back(std::move(*batch));
      changed_.notify_all();
    }
  } catch (...) {  // the thread's door: next() rethrows it
    const std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

std::optional<SourceBatch> Prefetch::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ended_ || !batches_.empty(); });
  if (batches_.empty()) {
    if (failure_ != nullptr) std::rethrow_exception(failure_);
    return std::nullopt;
  }
  std::optional<SourceBatch> batch = std::move(batches_.front());
  batches_.pop_front();
  changed_.notify_all();
  return batch;
}

}  // namespace firn::stream

// One producer, one consumer.
#include "stream/prefetch.h"

#include <algorithm>
#include <chrono>

namespace firn::stream {

int64_t memory_bytes(const SourceBatch& batch) {
  if (const auto* const rows = std::get_if<engine::Chunk>(&batch)) return rows->memory_bytes();
  return std::get<std::shared_ptr<const engine::RecordBatch>>(batch)->memory_bytes;
}

Prefetch::Prefetch(std::unique_ptr<RangeReader> reader, int64_t max_bytes, StopToken stop)
    : reader_(std::move(reader)),
      max_bytes_(max_bytes),
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
      const int64_t bytes = memory_bytes(*batch);
      std::unique_lock lock(mutex_);
      while (!batches_.empty() && bytes_ + bytes > max_bytes_ && !stop.stop_requested())
        changed_.wait_for(lock, std::chrono::milliseconds(50));
      throw_if_stopped(stop);
      bytes_ += bytes;
      most_bytes_ = std::max(most_bytes_, bytes_);
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
  bytes_ -= memory_bytes(*batch);
  changed_.notify_all();
  return batch;
}

int64_t Prefetch::most_bytes() const {
  const std::lock_guard lock(mutex_);
  return most_bytes_;
}

}  // namespace firn::stream

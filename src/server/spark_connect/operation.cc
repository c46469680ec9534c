// The buffer of responses of one execution.
#include "server/spark_connect/operation.h"

#include <spark/connect/base.pb.h>

#include <algorithm>

namespace firn::server::spark_connect {
namespace {

constexpr int64_t kMostUnsentBytes = 32 << 20;   // then the producer waits
constexpr int64_t kMostRetriedBytes = 10 << 20;  // sent, kept for a client that asks again
constexpr auto kStopCheck = std::chrono::milliseconds(200);

Status error_status(const char* condition, Params params = {}) {
  return status_of(Error(condition, std::move(params)), "");
}

}  // namespace

Operation::Operation(OperationOptions options) : options_(std::move(options)) {}

bool Operation::has_tag(const std::string& tag) const {
  return std::find(options_.tags.begin(), options_.tags.end(), tag) != options_.tags.end();
}

void Operation::keep(::spark::connect::ExecutePlanResponse& response,
                     std::unique_lock<std::mutex>& lock) {
  response.set_session_id(options_.session_id);
  response.set_server_side_session_id(options_.server_side_session_id);
  response.set_operation_id(options_.id);
  response.set_response_id(random_uuid(random_));
  auto bytes = std::make_shared<const std::string>(response.SerializeAsString());
  kept_bytes_ += static_cast<int64_t>(bytes->size());
  unsent_bytes_ += static_cast<int64_t>(bytes->size());
  kept_.push_back({response.response_id(), std::move(bytes)});
  const std::shared_ptr<Listener> listener = listener_.lock();
  lock.unlock();
  if (listener) listener->wake();
}

void Operation::send(::spark::connect::ExecutePlanResponse& response) {
  std::unique_lock<std::mutex> lock(mutex_);
  while (unsent_bytes_ > kMostUnsentBytes && !stop_.stop_requested())
    changed_.wait_for(lock, kStopCheck);
  throw_if_stopped(stop_.get_token());
  keep(response, lock);
}

void Operation::send_if_idle(::spark::connect::ExecutePlanResponse& response) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (finish_ || attached_ == nullptr || unsent_bytes_ > 0) return;
  keep(response, lock);
}

void Operation::complete() {
  ::spark::connect::ExecutePlanResponse response;
  response.mutable_result_complete();
  std::unique_lock<std::mutex> lock(mutex_);
  if (finish_) return;
  finish_ = Status{};
  if (attached_ == nullptr) detached_ = std::chrono::steady_clock::now();
  keep(response, lock);
}

void Operation::fail(Status status) {
  std::shared_ptr<Listener> listener;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (finish_) return;
    finish_ = std::move(status);
    listener = listener_.lock();
  }
  if (listener) listener->wake();
}

int64_t Operation::attach(std::weak_ptr<Listener> listener, const std::string& last_id) {
  std::shared_ptr<Listener> previous;
  int64_t cursor = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (last_id.empty()) {
      cursor = 0;
      if (first_ > 0) {
        throw Error("INVALID_CURSOR.POSITION_NOT_AVAILABLE", {{"responseId", ""}, {"index", "0"}});
      }
    } else {
      const auto found = std::find_if(kept_.begin(), kept_.end(),
                                      [&](const Kept& kept) { return kept.id == last_id; });
      // What was released is gone together with its id; the client may still name the last one.
      if (found == kept_.end() && last_id != last_released_)
        throw Error("INVALID_CURSOR.POSITION_NOT_FOUND", {{"responseId", last_id}});
      cursor = found == kept_.end() ? first_ : first_ + (found - kept_.begin()) + 1;
    }
    previous = listener_.lock();
    listener_ = listener;
    attached_ = listener.lock().get();
  }
  if (previous) previous->wake();  // it finds that it is not the one any more
  return cursor;
}

Operation::Next Operation::next(int64_t cursor, const Listener* listener) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (attached_ != listener) return {nullptr, error_status("INVALID_CURSOR.DISCONNECTED")};
  if (cursor < first_) {
    return {nullptr, error_status("INVALID_CURSOR.POSITION_NOT_AVAILABLE",
                                  {{"responseId", ""}, {"index", std::to_string(cursor)}})};
  }
  const auto at = static_cast<size_t>(cursor - first_);
  if (at >= kept_.size()) return {nullptr, finish_};
  const Bytes bytes = kept_[at].bytes;
  if (cursor >= sent_) {
    sent_ = cursor + 1;
    unsent_bytes_ -= static_cast<int64_t>(bytes->size());
    changed_.notify_all();
    drop_sent();
  }
  return {bytes, std::nullopt};
}

// Of what was sent only the newest stays, and of an execution that cannot be reattached nothing.
void Operation::drop_sent() {
  const int64_t most = options_.reattachable ? kMostRetriedBytes : 0;
  int64_t retried = kept_bytes_ - unsent_bytes_;
  while (first_ < sent_ && retried > most) {
    const auto bytes = static_cast<int64_t>(kept_.front().bytes->size());
    // The last one sent stays where it may be asked for again.
    if (options_.reattachable && first_ + 1 == sent_) return;
    last_released_ = kept_.front().id;
    retried -= bytes;
    kept_bytes_ -= bytes;
    kept_.pop_front();
    ++first_;
  }
}

void Operation::detach(const Listener* listener) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (attached_ != listener) return;
  attached_ = nullptr;
  listener_.reset();
  detached_ = std::chrono::steady_clock::now();
}

void Operation::release_until(const std::string& response_id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::find_if(kept_.begin(), kept_.end(),
                                  [&](const Kept& kept) { return kept.id == response_id; });
  if (found == kept_.end()) return;
  const auto count = found - kept_.begin() + 1;
  for (auto kept = kept_.begin(); kept != kept_.begin() + count; ++kept) {
    const auto bytes = static_cast<int64_t>(kept->bytes->size());
    kept_bytes_ -= bytes;
    if (first_ >= sent_) unsent_bytes_ -= bytes;
    ++first_;
  }
  sent_ = std::max(sent_, first_);
  last_released_ = response_id;
  kept_.erase(kept_.begin(), kept_.begin() + count);
  changed_.notify_all();
}

bool Operation::interrupt() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (finish_) return false;
  }
  stop_.request_stop();
  changed_.notify_all();
  return true;
}

bool Operation::finished() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return finish_.has_value();
}

std::optional<std::chrono::steady_clock::time_point> Operation::detached_since() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (attached_ != nullptr) return std::nullopt;
  return detached_;
}

}  // namespace firn::server::spark_connect

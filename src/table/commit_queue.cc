// See commit_queue.h.
#include "table/commit_queue.h"

#include <utility>

#include "base/error.h"

namespace firn::table {

CommitQueue::CommitQueue(Table table, Clock& clock, std::chrono::milliseconds yield)
    : clock_(clock), yield_(yield), table_(std::move(table)), state_(table_.state()) {
  thread_ = std::thread([this] { run(); });
}

CommitQueue::~CommitQueue() {
  {
    const std::lock_guard lock(mutex_);
    stop_.request_stop();
  }
  wake_.notify_all();
  thread_.join();
  for (auto& entry : entries_)
    entry.outcome.set_exception(std::make_exception_ptr(Error("OPERATION_CANCELED")));
}

std::future<CommitOutcome> CommitQueue::submit(Change change) {
  Entry entry{std::move(change), {}};
  std::future<CommitOutcome> outcome = entry.outcome.get_future();
  {
    const std::lock_guard lock(mutex_);
    entries_.push_back(std::move(entry));
  }
  wake_.notify_one();
  return outcome;
}

State CommitQueue::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void CommitQueue::run() {
  while (true) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stop_.stop_requested() || !entries_.empty(); });
    if (stop_.stop_requested()) return;
    Entry entry = std::move(entries_.front());
    entries_.pop_front();
    lock.unlock();
    run_one(std::move(entry));
  }
}

void CommitQueue::run_one(Entry entry) {
  try {
    CommitOutcome outcome = entry.change(table_, stop_.get_token());
    const auto* committed = std::get_if<Committed>(&outcome);
    const bool foreign_writer = committed != nullptr && committed->conflicts > 0;
    {
      const std::lock_guard lock(mutex_);
      state_ = table_.state();
    }
    entry.outcome.set_value(std::move(outcome));
    if (foreign_writer) clock_.sleep_for(yield_);
  } catch (...) {
    entry.outcome.set_exception(std::current_exception());
  }
}

}  // namespace firn::table

// One queue of changes a table in this process: ingest, merges, expiry and property changes take
// turns, so that they never conflict with each other.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/stop_token.h"
#include "table/append.h"
#include "table/table.h"

namespace firn::table {

class CommitQueue {
 public:
  using Change = std::function<CommitOutcome(Table&, const StopToken&)>;

  // `clock` outlives the queue. After a commit that met others' conflicts the queue pauses for
  // `yield`, so that a foreign writer with few retries gets its turn.
  CommitQueue(Table table, Clock& clock,
              std::chrono::milliseconds yield = std::chrono::milliseconds(100));
  // Finishes the running change, cancels those that have not begun (OPERATION_CANCELED).
  ~CommitQueue();
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  // Changes run one after the other in the order of the calls; what one throws is in its future.
  std::future<CommitOutcome> submit(Change change);
  // The table as the last change left it. Waits for none.
  State state() const;

 private:
  struct Entry {
    Change change;
    std::promise<CommitOutcome> outcome;
  };
  void run();
  void run_one(Entry entry);

  Clock& clock_;
  const std::chrono::milliseconds yield_;
  Table table_;  // the thread's own
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Entry> entries_;  // guarded by mutex_
  State state_;                // guarded by mutex_
  StopSource stop_;
  std::thread thread_;
};

}  // namespace firn::table

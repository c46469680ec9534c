// The thread that sends the demo's events: the bulk, then, once the watermark has passed them, the
// late ones; and what it has to hear of the query's progress for that.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "app/demo/broker.h"
#include "app/demo/events.h"
#include "base/stop_token.h"
#include "stream/query.h"

namespace firn::app {

inline constexpr const char* kDemoTopic = "booking_events";
inline constexpr int64_t kWatermarkDelayMs = int64_t{24} * 3600 * 1000;

// How far the query is: told by its progress, or by its checkpoint after a restart.
struct QueryState {
  std::optional<int64_t> watermark_ms;  // that the newest committed batch was judged with
  std::map<std::string, int64_t> totals;
  int64_t events_read = 0;  // before a restart, of the sequence that the generator gives
  int64_t total(const char* name) const;
};

class DemoFeed {
 public:
  // `rate`: events a second, 0 as fast as possible. `done` is called once the query has committed
  // everything, or sending failed.
  DemoFeed(EmbeddedBroker& broker, const EventOptions& events, int64_t rate, QueryState state,
           std::function<void()> done);
  ~DemoFeed();

  // A query that goes on must find its old offsets: what it read before is sent when this returns.
  void start();
  void heard(const stream::Progress& progress);
  // Ends the thread and throws what ended sending, if anything did.
  void finish();

  const EventCounts& counts() const { return generator_.counts(); }  // after finish()
  const QueryState& state() const { return state_; }                 // after finish()

 private:
  void run();
  // Up to the `count`-th event of all.
  void send_until(int64_t count, int64_t rate);
  bool wait_until(const std::function<bool()>& reached);

  const int64_t events_;
  const int64_t rate_;
  const std::function<void()> done_;
  const int partitions_;
  EventGenerator generator_;
  EventProducer producer_;
  StopSource stop_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  QueryState state_;            // guarded by mutex_
  std::exception_ptr failure_;  // guarded by mutex_
  std::thread thread_;
};

// Partitions that hold all events of a demo; the events go round them in turn.
int demo_partitions(int64_t events);
// How many events of the sequence must be there for a partition's first `offset` records.
int64_t events_up_to(int partition, int64_t offset, int partitions);

}  // namespace firn::app

// The streaming queries of one session: started, watched, stopped. Front ends (Spark Connect, SQL)
// come here.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "session/session.h"
#include "stream/query.h"

namespace firn::session {

// DataStreamWriter.start() and toTable().
struct StreamWrite {
  plan::RelationPtr query;  // unresolved
  std::string format;       // "": iceberg with `table`, else spark.sql.sources.default
  std::string output_mode;  // "": append
  std::string name;
  std::string path;       // start(path)
  plan::NameParts table;  // toTable(table): made where it is not there
  std::vector<std::string> partition_by;
  plan::Options options;
  stream::Trigger trigger;
  std::string continuous_interval;  // trigger(continuous=…): refused
  // foreachBatch: called with each batch.
  std::function<void(stream::SinkBatch, const StopToken&)> foreach_batch;
};

// "30 seconds", "1 minute 30 seconds" → milliseconds. Throws FIRN_INVALID_INPUT.
int64_t parse_trigger_interval(const std::string& text);

struct StreamingEvent {
  enum class Kind : uint8_t { kStarted, kProgress, kIdle, kTerminated } kind = Kind::kStarted;
  std::string json;  // as Spark's listener events
};

// Events on their way to one listener that is somewhere else. Safe for concurrent use.
class EventBus {
 public:
  void put(const StreamingEvent& event);
  // Waits; nullopt once the bus is closed and empty. Throws OPERATION_CANCELED.
  std::optional<StreamingEvent> next(const StopToken& stop);
  void close();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<StreamingEvent> events_;  // GUARDED_BY(mutex_)
  bool closed_ = false;                // GUARDED_BY(mutex_)
};

// One run of a query. Safe for concurrent use.
class StreamingQuery {
 public:
  using Emit = std::function<void(StreamingEvent)>;
  StreamingQuery(std::unique_ptr<stream::Query> query, std::string name, Clock& clock,
                 std::string explained);
  ~StreamingQuery();  // stop()

  std::string id() const { return id_; }
  std::string run_id() const { return run_id_; }
  const std::string& name() const { return name_; }  // "" where it has none

  bool is_active() const;
  stream::Status status() const;
  std::vector<std::string> recent_progress() const;  // JSON, oldest first, the newest 100
  std::optional<Error> exception() const;            // STREAM_FAILED
  const std::string& explained() const { return explained_; }
  // Waits for the end of the query's thread: the batch under way is finished or given up.
  void stop();
  // False where it runs on after `timeout_ms`. Throws STREAM_FAILED.
  bool await_termination(std::optional<int64_t> timeout_ms, const StopToken& stop);
  // Throws STREAM_FAILED.
  void process_all_available(const StopToken& stop);
  int64_t ended_ms() const;  // 0 while it runs

 private:
  friend class StreamingQueries;
  void start(Emit emit, std::function<void(StreamingQuery&)> ended);
  void run(const Emit& emit);
  void observe(const stream::Progress& progress);
  void idle();
  std::shared_ptr<stream::Query> running() const;
  std::string started_json() const;

  Clock& clock_;
  std::shared_ptr<stream::Query> query_;  // null once it has ended. GUARDED_BY(mutex_)
  const std::string id_, run_id_, name_, explained_;
  const int64_t started_ms_;
  Emit emit_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool active_ = true;              // GUARDED_BY(mutex_)
  int64_t ended_ms_ = 0;            // GUARDED_BY(mutex_)
  int64_t last_event_ms_;           // GUARDED_BY(mutex_)
  std::deque<std::string> recent_;  // GUARDED_BY(mutex_)
  std::optional<Error> failure_;    // GUARDED_BY(mutex_)
  StopSource stop_;
  std::mutex joining_;
  std::thread thread_;
};

// Safe for concurrent use, but start() and close() use the session: one call at a time with it.
class StreamingQueries {
 public:
  StreamingQueries();
  ~StreamingQueries();  // stops all

  // The query runs when this returns; errors of the plan, the target and the checkpoint are thrown,
  // later ones are the query's exception(). `started` gets the JSON of its start event.
  std::shared_ptr<StreamingQuery> start(Session& session, StreamWrite write,
                                        std::string* started = nullptr);
  std::vector<std::shared_ptr<StreamingQuery>> active() const;
  // Running or ended less than an hour ago; nullptr otherwise.
  std::shared_ptr<StreamingQuery> find(const std::string& id, const std::string& run_id) const;
  std::shared_ptr<StreamingQuery> find_active(const std::string& id) const;
  // Until any query has ended since the last reset. Throws its STREAM_FAILED.
  bool await_any_termination(std::optional<int64_t> timeout_ms, const StopToken& stop);
  void reset_terminated();
  // Events of all queries. One bus at a time: opening another closes the one before.
  std::shared_ptr<EventBus> open_bus();
  void close_bus();
  bool has_listeners() const;
  void stop_all();

 private:
  void emit(const StreamingEvent& event);
  void ended(const StreamingQuery& query);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<StreamingQuery>> queries_;  // GUARDED_BY(mutex_)
  bool any_ended_ = false;                                // GUARDED_BY(mutex_)
  std::optional<Error> ended_with_;                       // GUARDED_BY(mutex_)
  mutable std::mutex listening_;
  std::shared_ptr<EventBus> bus_;           // null: nobody listens. GUARDED_BY(listening_)
  std::unique_ptr<engine::Engine> engine_;  // of streams; made at the first start
};

}  // namespace firn::session

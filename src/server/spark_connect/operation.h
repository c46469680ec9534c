// One execution of a plan: what it answers is kept until the client has it, so that a cut
// connection can be taken up again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/stop_token.h"
#include "server/spark_connect/status.h"

namespace spark::connect {
class ExecutePlanResponse;
}

namespace firn::server::spark_connect {

// The connection that listens. wake() may come from any thread and must not block.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void wake() = 0;
};

struct OperationOptions {
  std::string session_id, server_side_session_id;  // of the client; said in each response
  std::string id;
  std::vector<std::string> tags;
  bool reattachable = false;
  bool may_chunk_batches = false;
  int64_t chunk_bytes = 0;  // the client's wish; 0: none
};

// Safe for concurrent use. One producer, at most one listener at a time.
class Operation {
 public:
  using Bytes = std::shared_ptr<const std::string>;

  explicit Operation(OperationOptions options);

  const OperationOptions& options() const { return options_; }
  const std::string& id() const { return options_.id; }
  bool has_tag(const std::string& tag) const;

  // ---- The producer
  StopToken stop_token() const { return stop_.get_token(); }
  // Fills in ids and keeps the response. Waits while too much is unsent; throws OPERATION_CANCELED
  // once the operation is interrupted or given up.
  void send(::spark::connect::ExecutePlanResponse& response);
  // As send(), but drops the response where it would have to wait or nobody listens.
  void send_if_idle(::spark::connect::ExecutePlanResponse& response);
  void complete();  // ResultComplete, the last response
  void fail(Status status);

  // ---- The listener
  // The position after the response `last_id` ("": the first). Whoever listened before is cut off.
  // Throws INVALID_CURSOR.*.
  int64_t attach(std::weak_ptr<Listener> listener, const std::string& last_id);
  struct Next {
    Bytes bytes;                   // the response at the cursor
    std::optional<Status> finish;  // the end of the stream, where there is no response any more
  };  // neither: wait for wake()
  Next next(int64_t cursor, const Listener* listener);
  void detach(const Listener* listener);

  // ---- Others
  void release_until(const std::string& response_id);
  // False where it had ended already.
  bool interrupt();
  bool finished() const;
  // Since when nobody listens; nullopt while somebody does.
  std::optional<std::chrono::steady_clock::time_point> detached_since() const;
  std::chrono::steady_clock::time_point started() const { return started_; }

 private:
  struct Kept {
    std::string id;
    Bytes bytes;
  };
  void keep(::spark::connect::ExecutePlanResponse& response, std::unique_lock<std::mutex>& lock);
  void drop_sent();

  const OperationOptions options_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  SystemRandom random_;  // GUARDED_BY(mutex_)
  StopSource stop_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Kept> kept_;             // GUARDED_BY(mutex_)
  int64_t first_ = 0;                 // position of kept_.front(). GUARDED_BY(mutex_)
  int64_t sent_ = 0;                  // position after the last one sent. GUARDED_BY(mutex_)
  int64_t kept_bytes_ = 0;            // GUARDED_BY(mutex_)
  int64_t unsent_bytes_ = 0;          // GUARDED_BY(mutex_)
  std::string last_released_;         // id of the response before kept_.front(). GUARDED_BY(mutex_)
  std::optional<Status> finish_;      // GUARDED_BY(mutex_)
  std::weak_ptr<Listener> listener_;  // GUARDED_BY(mutex_)
  const Listener* attached_ = nullptr;                         // GUARDED_BY(mutex_)
  std::chrono::steady_clock::time_point detached_ = started_;  // GUARDED_BY(mutex_)
};

}  // namespace firn::server::spark_connect

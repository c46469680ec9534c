// Threads for requests: as many as there are requests, up to a bound, with stacks that deep plans
// need. gRPC's own threads never wait.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace firn::server::spark_connect {

class Workers {
 public:
  Workers() = default;
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers();  // close()

  // The task catches what it throws.
  void run(std::function<void()> task);
  // Runs what was given, then waits for the threads.
  void close();

 private:
  static void* enter(void* workers);
  void work();
  void start_thread();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;  // GUARDED_BY(mutex_)
  int threads_ = 0, idle_ = 0;               // GUARDED_BY(mutex_)
  bool closing_ = false;                     // GUARDED_BY(mutex_)
};

}  // namespace firn::server::spark_connect

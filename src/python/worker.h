// A Python process that runs functions of the user: started once, used by one run at a time, killed
// when it is late, when the run is cancelled or when it breaks the protocol.
//
// Both sides send frames: 8 bytes of length (little endian), then the bytes. Length 0 ends a
// stream; kFailure announces one more frame, the error as JSON {class, message, traceback}.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/stop_token.h"

namespace firn::python {

struct WorkerOptions {
  std::string interpreter;               // "" = FIRN_PYTHON, PYSPARK_PYTHON, then python3
  std::string path;                      // more folders for sys.path, ':' between them
  int64_t memory_bytes = 0;              // bound of its address space; 0: none
  std::chrono::milliseconds timeout{0};  // for one answer; 0: none
  auto operator<=>(const WorkerOptions&) const = default;
};

// One thread sends, one thread receives.
class Worker {
 public:
  explicit Worker(
      WorkerOptions options);  // throws FIRN_PYTHON_WORKER where the interpreter does not start
  ~Worker();                   // kills
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void send(std::string_view frame);  // not empty; blocks while the worker is busy
  void send_end();
  // nullopt at the end of the stream. Throws FIRN_PYTHON_EXCEPTION with the traceback,
  // FIRN_PYTHON_WORKER where the process died or was late, OPERATION_CANCELED.
  std::optional<std::string> receive(const StopToken& stop);
  void kill();  // from any thread; both sides then fail
  const WorkerOptions& options() const { return options_; }

 private:
  std::string died();
  void read(char* into, size_t size, const StopToken& stop);

  const WorkerOptions options_;
  int socket_ = -1;
  int pid_ = -1;
};

// Idle workers of the process. Safe for concurrent use.
class WorkerPool {
 public:
  static WorkerPool& instance();
  // An idle worker of these options or a new one. Waits while as many as allowed are busy.
  std::unique_ptr<Worker> take(const WorkerOptions& options, const StopToken& stop);
  // A worker whose last stream ended well comes back; nullptr: it is gone.
  void give_back(std::unique_ptr<Worker> worker);
  void set_limit(int workers);

 private:
  struct Body;
  WorkerPool();
  std::shared_ptr<Body> body_;
};

// The texts of worker.py and worker_groups.py: one program, worker_groups.py first.
std::string_view worker_script();
std::string_view worker_groups_script();

}  // namespace firn::python

// The user's foreachBatch function, in the stock client's own worker: a Python process of the query
// that opens the same session again and reads each batch by an id.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/stop_token.h"

namespace firn::server::spark_connect {

struct ForeachBatchOptions {
  std::string python;          // executable
  std::string python_version;  // "3.11": what the function was pickled with
  std::string connect_url;     // of this server, with the user's id
  std::string session_id;
  std::string function;  // pickled
};

// Not safe for concurrent use. The process ends with the object.
class ForeachBatchWorker {
 public:
  // Starts the process and hands it the function. Throws FOREACH_BATCH_USER_FUNCTION_ERROR with the
  // worker's traceback, FIRN_IO where there is no Python.
  explicit ForeachBatchWorker(const ForeachBatchOptions& options, const StopToken& stop);
  ~ForeachBatchWorker();
  ForeachBatchWorker(const ForeachBatchWorker&) = delete;
  ForeachBatchWorker& operator=(const ForeachBatchWorker&) = delete;

  // Runs the function on the DataFrame of this id. A stop kills the process: OPERATION_CANCELED.
  void run(const std::string& data_frame_id, int64_t batch_id, const StopToken& stop);

 private:
  void start_process(const ForeachBatchOptions& options, const std::string& secret, int port);
  void accept_worker(int listener, const std::string& secret, const StopToken& stop);
  void end_process();
  void write_bytes(const std::string& bytes);
  void write_text(const std::string& text);
  std::string read_bytes(size_t count, const StopToken& stop);
  int32_t read_int(const StopToken& stop);
  void read_answer(const StopToken& stop);
  bool has_ended();

  pid_t process_ = -1;
  int socket_ = -1;
};

}  // namespace firn::server::spark_connect

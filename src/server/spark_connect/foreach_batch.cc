// The protocol of pyspark.sql.connect.streaming.worker.foreach_batch_worker: numbers are
// big-endian, texts stand behind their length in four bytes.
#include "server/spark_connect/foreach_batch.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

extern char** environ;

namespace firn::server::spark_connect {
namespace {

constexpr int kStepMs = 100;  // between looks at the stop token
constexpr int kConnectPatienceMs = 60000;
constexpr int32_t kExceptionThrown = -2;

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }
  int release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

std::string reason() { return std::generic_category().message(errno); }

// A loopback socket that listens on a free port.
int listen_on_loopback(int& port) {
  Descriptor made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (made.get() < 0) throw_io("no socket for the foreachBatch worker: " + reason());
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(made.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(made.get(), 1) != 0 ||
      ::getsockname(made.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw_io("no port for the foreachBatch worker: " + reason());
  port = ntohs(address.sin_port);
  return made.release();
}

// True once there is something to read (or the other side is gone).
bool is_readable(int socket, int milliseconds) {
  pollfd poll{socket, POLLIN, 0};
  return ::poll(&poll, 1, milliseconds) > 0;
}

std::string big_endian(uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
  return text;
}

}  // namespace

ForeachBatchWorker::ForeachBatchWorker(const ForeachBatchOptions& options, const StopToken& stop) {
  SystemRandom random;
  const std::string secret = random_uuid(random);
  int port = 0;
  const Descriptor listener(listen_on_loopback(port));
  start_process(options, secret, port);
  try {
    accept_worker(listener.get(), secret, stop);
    read_int(stop);  // the worker's pid
    write_text(options.python_version);
    write_text(options.session_id);
    write_text(options.function);
    read_answer(stop);
  } catch (...) {
    end_process();
    throw;
  }
}

ForeachBatchWorker::~ForeachBatchWorker() { end_process(); }

void ForeachBatchWorker::start_process(const ForeachBatchOptions& options,
                                       const std::string& secret, int port) {
  std::vector<std::string> variables = {
      "SPARK_CONNECT_LOCAL_URL=" + options.connect_url,
      "PYTHON_WORKER_FACTORY_PORT=" + std::to_string(port),
      "PYTHON_WORKER_FACTORY_SECRET=" + secret,
      "PYTHONUNBUFFERED=YES",
  };
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string_view variable(*one);
    if (!variable.starts_with("SPARK_REMOTE=") &&
        !variable.starts_with("SPARK_CONNECT_LOCAL_URL=") &&
        !variable.starts_with("PYTHON_WORKER_FACTORY_") &&
        !variable.starts_with("PYTHONUNBUFFERED="))
      variables.emplace_back(variable);
  }
  std::vector<char*> environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  std::string words[] = {options.python, "-m",
                         "pyspark.sql.connect.streaming.worker.foreach_batch_worker"};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  const int problem = ::posix_spawnp(&process_, options.python.c_str(), nullptr, nullptr, arguments,
                                     environment.data());
  if (problem != 0) {
    process_ = -1;
    throw_io("Python for foreachBatch can't be started (" + options.python + ": " +
             std::generic_category().message(problem) + "); set PYSPARK_PYTHON");
  }
}

void ForeachBatchWorker::accept_worker(int listener, const std::string& secret,
                                       const StopToken& stop) {
  for (int waited = 0; !is_readable(listener, kStepMs); waited += kStepMs) {
    throw_if_stopped(stop);
    if (has_ended())
      throw_io(
          "the Python process of foreachBatch ended before it connected; is pyspark installed "
          "for it, and PYSPARK_PYTHON the right one?");
    if (waited > kConnectPatienceMs)
      throw_io("the Python process of foreachBatch did not connect within a minute");
  }
  socket_ = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (socket_ < 0) throw_io("the foreachBatch worker's connection failed: " + reason());
  const auto size = static_cast<uint32_t>(read_int(stop));
  if (size > 1024 || read_bytes(size, stop) != secret)
    throw_io("somebody else connected in place of the foreachBatch worker");
  write_text("ok");
}

void ForeachBatchWorker::run(const std::string& data_frame_id, int64_t batch_id,
                             const StopToken& stop) {
  write_text(data_frame_id);
  write_bytes(big_endian(static_cast<uint64_t>(batch_id), 8));
  try {
    read_answer(stop);
  } catch (const Error& error) {
    if (error.code() == Code::kCancelled) end_process();  // it would go on with the batch
    throw;
  }
}

void ForeachBatchWorker::read_answer(const StopToken& stop) {
  const int32_t answer = read_int(stop);
  if (answer == 0) return;
  std::string text = "the worker answered " + std::to_string(answer);
  if (answer == kExceptionThrown) {
    const auto size = static_cast<uint32_t>(read_int(stop));
    text = read_bytes(size, stop);
  }
  throw Error("FOREACH_BATCH_USER_FUNCTION_ERROR", {{"reason", text}});
}

int32_t ForeachBatchWorker::read_int(const StopToken& stop) {
  const std::string bytes = read_bytes(4, stop);
  uint32_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return static_cast<int32_t>(value);
}

std::string ForeachBatchWorker::read_bytes(size_t count, const StopToken& stop) {
  std::string bytes(count, '\0');
  for (size_t at = 0; at < count;) {
    throw_if_stopped(stop);
    if (!is_readable(socket_, kStepMs)) continue;
    const ssize_t got = ::recv(socket_, bytes.data() + at, count - at, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      throw Error("FOREACH_BATCH_USER_FUNCTION_ERROR",
                  {{"reason", "the Python process of the function has died"}});
    at += static_cast<size_t>(got);
  }
  return bytes;
}

void ForeachBatchWorker::write_text(const std::string& text) {
  write_bytes(big_endian(text.size(), 4) + text);
}

void ForeachBatchWorker::write_bytes(const std::string& bytes) {
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t sent =
        socket_ < 0 ? -1 : ::send(socket_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR && socket_ >= 0) continue;
    if (sent < 0)
      throw Error("FOREACH_BATCH_USER_FUNCTION_ERROR",
                  {{"reason", "the Python process of the function has died"}});
    at += static_cast<size_t>(sent);
  }
}

bool ForeachBatchWorker::has_ended() {
  if (process_ < 0) return true;
  if (::waitpid(process_, nullptr, WNOHANG) != process_) return false;
  process_ = -1;
  return true;
}

void ForeachBatchWorker::end_process() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

}  // namespace firn::server::spark_connect

// Worker processes: start, frames, death.
#include "python/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "base/error.h"

namespace firn::python {
namespace {

constexpr uint64_t kFailure = ~uint64_t{0};
constexpr uint64_t kMaxFrame = uint64_t{4} << 30;
constexpr int kWorkerDescriptor = 3;
constexpr int kPollMs = 50;

std::string interpreter_of(const WorkerOptions& options) {
  if (!options.interpreter.empty()) return options.interpreter;
  for (const char* name : {"FIRN_PYTHON", "PYSPARK_PYTHON"})
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  return "python3";
}

[[noreturn]] void throw_worker(const std::string& what) {
  throw Error("FIRN_PYTHON_WORKER", {{"what", what}});
}

// Between fork and exec: only what is safe there.
[[noreturn]] void become_python(int socket, const WorkerOptions& options, const char* interpreter,
                                const char* script, const char* path) {
  ::setpgid(0, 0);  // Ctrl-C in the terminal is ours to handle
  if (socket == kWorkerDescriptor) {
    ::fcntl(socket, F_SETFD, 0);
  } else {
    ::dup2(socket, kWorkerDescriptor);
  }
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  if (options.memory_bytes > 0) {
    const rlimit bound{static_cast<rlim_t>(options.memory_bytes),
                       static_cast<rlim_t>(options.memory_bytes)};
    ::setrlimit(RLIMIT_AS, &bound);
  }
  ::execlp(interpreter, interpreter, "-c", script, path, static_cast<char*>(nullptr));
  ::_exit(127);
}

}  // namespace

Worker::Worker(WorkerOptions options) : options_(std::move(options)) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    throw_worker(std::string("a socket for the Python worker: ") + std::strerror(errno));
  const std::string interpreter = interpreter_of(options_);
  const std::string script = std::string(worker_groups_script()) + std::string(worker_script());
  pid_ = ::fork();
  if (pid_ == 0)
    become_python(pair[1], options_, interpreter.c_str(), script.c_str(), options_.path.c_str());
  ::close(pair[1]);
  socket_ = pair[0];
  if (pid_ < 0) {
    ::close(socket_);
    throw_worker(std::string("the Python worker cannot be started: ") + std::strerror(errno));
  }
}

Worker::~Worker() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  if (socket_ >= 0) ::close(socket_);
}

void Worker::kill() { ::shutdown(socket_, SHUT_RDWR); }

// Why the other end is gone.
std::string Worker::died() {
  int status = 0;
  for (int tries = 0; tries < 100; ++tries) {
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return "the Python interpreter '" + interpreter_of(options_) +
               "' cannot be run: set FIRN_PYTHON (or spark.pyspark.python) to one that has "
               "pyspark, pandas and pyarrow";
      if (WIFSIGNALED(status))
        return "the Python worker was ended by signal " + std::to_string(WTERMSIG(status)) + " (" +
               strsignal(WTERMSIG(status)) + ")";
      return "the Python worker exited unexpectedly with code " +
             std::to_string(WEXITSTATUS(status));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return "the Python worker closed its connection";
}

void Worker::send(std::string_view frame) {
  const uint64_t length = frame.size();
  std::string head(reinterpret_cast<const char*>(&length), sizeof length);
  for (std::string_view part : {std::string_view(head), frame}) {
    while (!part.empty()) {
      const ssize_t sent = ::send(socket_, part.data(), part.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0)
        throw_worker("the Python worker does not take its input");  // receive() knows why
      part.remove_prefix(static_cast<size_t>(sent));
    }
  }
}

void Worker::send_end() { send({}); }

void Worker::read(char* into, size_t size, const StopToken& stop) {
  const auto begin = std::chrono::steady_clock::now();
  while (size > 0) {
    throw_if_stopped(stop);
    pollfd waiting{socket_, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, kPollMs);
    if (ready == 0) {
      if (options_.timeout.count() > 0 &&
          std::chrono::steady_clock::now() - begin > options_.timeout)
        throw_worker("the Python worker gave no answer for " +
                     std::to_string(options_.timeout.count() / 1000) +
                     " s and was killed (firn.python.timeout)");
      continue;
    }
    const ssize_t got = ::recv(socket_, into, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw_worker(died());
    into += got;
    size -= static_cast<size_t>(got);
  }
}

std::optional<std::string> Worker::receive(const StopToken& stop) {
  uint64_t length = 0;
  read(reinterpret_cast<char*>(&length), sizeof length, stop);
  if (length == 0) return std::nullopt;
  const bool failed = length == kFailure;
  if (failed) read(reinterpret_cast<char*>(&length), sizeof length, stop);
  if (length > kMaxFrame) throw_worker("the Python worker broke the protocol");
  std::string frame(length, '\0');
  read(frame.data(), frame.size(), stop);
  if (!failed) return frame;
  const auto error = nlohmann::json::parse(frame, nullptr, false);
  const auto is_text = [&](const char* name) {
    return !error.contains(name) || error[name].is_string();
  };
  if (!error.is_object() || !is_text("traceback") || !is_text("message"))
    throw_worker("the Python worker broke the protocol");
  throw Error("FIRN_PYTHON_EXCEPTION", {{"traceback", error.value("traceback", "")},
                                        {"message", error.value("message", "")}});
}

// ---- the pool

struct WorkerPool::Body {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::multimap<WorkerOptions, std::unique_ptr<Worker>> idle;  // guarded by mutex
  int busy = 0;                                                // guarded by mutex
  int limit = 8;                                               // guarded by mutex
};

WorkerPool::WorkerPool() : body_(std::make_shared<Body>()) {
  body_->limit = std::max(4, 2 * static_cast<int>(std::thread::hardware_concurrency()));
}

WorkerPool& WorkerPool::instance() {
  static WorkerPool pool;
  return pool;
}

std::unique_ptr<Worker> WorkerPool::take(const WorkerOptions& options, const StopToken& stop) {
  std::unique_lock lock(body_->mutex);
  body_->changed.wait(lock, stop, [&] { return body_->busy < body_->limit; });
  throw_if_stopped(stop);
  ++body_->busy;
  if (const auto found = body_->idle.find(options); found != body_->idle.end()) {
    std::unique_ptr<Worker> worker = std::move(found->second);
    body_->idle.erase(found);
    return worker;
  }
  lock.unlock();
  try {
    return std::make_unique<Worker>(options);
  } catch (...) {
    give_back(nullptr);
    throw;
  }
}

void WorkerPool::give_back(std::unique_ptr<Worker> worker) {
  const std::lock_guard lock(body_->mutex);
  --body_->busy;
  if (worker && static_cast<int>(body_->idle.size()) < body_->limit)
    body_->idle.emplace(worker->options(), std::move(worker));
  body_->changed.notify_one();
}

void WorkerPool::set_limit(int workers) {
  const std::lock_guard lock(body_->mutex);
  body_->limit = workers;
  body_->changed.notify_all();
}

}  // namespace firn::python

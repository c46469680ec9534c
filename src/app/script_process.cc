// Finding Python, starting it, waiting for it.
#include "app/script_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/error.h"

namespace firn::app {
namespace {

constexpr auto kPatience = std::chrono::seconds(10);
constexpr auto kTick = std::chrono::milliseconds(5);

bool is_program(const std::string& path) { return access(path.c_str(), X_OK) == 0; }

std::string on_path(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::string rest = path == nullptr ? "/usr/bin:/bin" : path;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(':'), rest.size());
    const std::string candidate = rest.substr(0, end) + "/" + name;
    if (end > 0 && is_program(candidate)) return candidate;
    rest.erase(0, std::min(end + 1, rest.size()));
  }
  return "";
}

[[noreturn]] void no_python(const std::string& looked) {
  throw Error("FIRN_NOT_FOUND",
              {{"what", "there is no Python to run the script with (" + looked +
                            "); name one with --conf firn.python=/path/to/python or FIRN_PYTHON, "
                            "with the package pyspark-client installed"}});
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

// Between fork and exec of a process with threads: only what is safe there.
[[noreturn]] void become(char* const* arguments, char* const* environment, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(127);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGPIPE, SIGINT, SIGQUIT, SIGTERM}) signal(number, SIG_DFL);
  execve(arguments[0], arguments, environment);
  _exit(127);
}

}  // namespace

std::string find_python(const std::string& configured) {
  std::string named = configured;
  for (const char* variable : {"FIRN_PYTHON", "PYSPARK_PYTHON"}) {
    const char* const value = std::getenv(variable);
    if (named.empty() && value != nullptr) named = value;
  }
  if (!named.empty()) {
    const std::string found = named.find('/') == std::string::npos ? on_path(named) : named;
    if (found.empty() || !is_program(found)) no_python(named + " is no program");
    return found;
  }
  if (const char* const env = std::getenv("VIRTUAL_ENV"); env != nullptr) {
    const std::string candidate = std::string(env) + "/bin/python";
    if (is_program(candidate)) return candidate;
  }
  for (const char* name : {"python3", "python"}) {
    if (std::string found = on_path(name); !found.empty()) return found;
  }
  no_python("VIRTUAL_ENV, python3 on PATH");
}

std::string find_python_packages() {
  namespace fs = std::filesystem;
  std::vector<fs::path> candidates;
  if (const char* const named = std::getenv("FIRN_PYTHON_PACKAGES"); named != nullptr)
    candidates.emplace_back(named);
  std::error_code failed;
  const fs::path folder = fs::read_symlink("/proc/self/exe", failed).parent_path();
  candidates.push_back(folder / "../.." / "python");  // build/release/firn
  candidates.push_back(folder / "../..");             // site-packages/firn/bin/firn
  candidates.push_back(folder / "../share/firn/python");
  for (const fs::path& candidate : candidates) {
    if (fs::exists(candidate / "firn" / "launcher.py", failed))
      return fs::weakly_canonical(candidate, failed).string();
  }
  throw Error("FIRN_NOT_FOUND",
              {{"what", "firn's Python packages are not beside the program " + folder.string() +
                            "; set FIRN_PYTHON_PACKAGES to the folder that holds them"}});
}

ChildProcess::ChildProcess(const std::vector<std::string>& arguments,
                           const std::vector<std::string>& environment) {
  const std::vector<char*> argument_pointers = pointers(arguments);
  const std::vector<char*> environment_pointers = pointers(environment);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) throw_io(std::string("cannot start ") + arguments[0] + ": " + strerror(errno));
  if (pid_ == 0) become(argument_pointers.data(), environment_pointers.data(), parent);
}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void ChildProcess::pass_on_stop() {
  const bool from_terminal = isatty(STDIN_FILENO) != 0 && tcgetpgrp(STDIN_FILENO) == getpgrp();
  // To its first thread: taken by another one, the signal would not end a call that Python waits
  // in.
  if (!from_terminal) syscall(SYS_tgkill, pid_, pid_, SIGINT);
}

int ChildProcess::wait(const StopToken& stop) {
  std::chrono::steady_clock::time_point deadline{};
  for (;;) {
    int status = 0;
    const pid_t ended = waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) {
      pid_ = -1;
      return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    if (ended < 0 && errno != EINTR) {
      pid_ = -1;
      throw_io(std::string("waiting for Python: ") + strerror(errno));
    }
    const auto now = std::chrono::steady_clock::now();
    if (stop.stop_requested() && deadline == std::chrono::steady_clock::time_point{}) {
      deadline = now + kPatience;
      pass_on_stop();
    } else if (stop.stop_requested() && now > deadline) {
      kill(pid_, SIGKILL);
    }
    std::this_thread::sleep_for(kTick);
  }
}

}  // namespace firn::app

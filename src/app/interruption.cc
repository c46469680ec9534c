// A thread that waits for signals, which every other thread blocks.
#include "app/interruption.h"

#include <csignal>
#include <ctime>

namespace firn::app {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

Interruption::Interruption() {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  thread_ = std::thread([this] { wait_for_signals(); });
}

Interruption::~Interruption() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  thread_.join();
}

void Interruption::wait_for_signals() {
  const sigset_t set = stop_signals();
  for (;;) {
    const timespec wait{0, 50'000'000};
    const int signal = sigtimedwait(&set, nullptr, &wait);
    const std::lock_guard lock(mutex_);
    if (closing_) return;
    if (signal <= 0) continue;
    if (source_.stop_requested()) {
      // Asked twice: the default action, in this thread.
      std::signal(signal, SIG_DFL);
      pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
      std::raise(signal);
    }
    source_.request_stop();
  }
}

StopToken Interruption::token() const {
  const std::lock_guard lock(mutex_);
  return source_.get_token();
}

void Interruption::renew() {
  const std::lock_guard lock(mutex_);
  if (source_.stop_requested()) source_ = StopSource();
}

void Interruption::request() {
  const std::lock_guard lock(mutex_);
  source_.request_stop();
}

}  // namespace firn::app

// SIGINT and SIGTERM: the first asks what runs to stop, the second ends the process.
#pragma once

#include <mutex>
#include <thread>

#include "base/stop_token.h"

namespace firn::app {

// Made in main before any other thread, so that all of them leave the signals to it.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  StopToken token() const;
  bool requested() const { return token().stop_requested(); }
  // What starts now is not stopped by a signal that came before (a prompt's next statement).
  void renew();
  // Stops what runs, as a signal does.
  void request();

 private:
  void wait_for_signals();

  mutable std::mutex mutex_;
  StopSource source_;     // guarded by mutex_
  bool closing_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace firn::app

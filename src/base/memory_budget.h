// The memory limit of the process, dealt out in named shares: who needs much memory reserves it
// first.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/stop_token.h"

namespace firn {

class MemoryShare;

// Bytes held until destruction.
class MemoryReservation {
 public:
  MemoryReservation() = default;
  MemoryReservation(MemoryReservation&& other) noexcept;
  MemoryReservation& operator=(MemoryReservation&& other) noexcept;
  ~MemoryReservation();
  int64_t bytes() const { return bytes_; }
  void release();

 private:
  friend class MemoryShare;
  MemoryReservation(std::shared_ptr<MemoryShare> share, int64_t bytes);
  std::shared_ptr<MemoryShare> share_;
  int64_t bytes_ = 0;
};

// Safe for many threads.
class MemoryShare : public std::enable_shared_from_this<MemoryShare> {
 public:
  MemoryShare(std::string name, int64_t limit) : name_(std::move(name)), limit_(limit) {}

  const std::string& name() const { return name_; }
  int64_t limit() const { return limit_; }
  int64_t used() const;
  int64_t peak() const;

  std::optional<MemoryReservation> try_reserve(int64_t bytes);
  // Throws FIRN_RESOURCE with the share's name where it does not fit.
  MemoryReservation reserve(int64_t bytes);
  // Waits until it fits. More than the whole share is let in when nothing else is held, so that one
  // huge item passes. Throws OPERATION_CANCELED where a stop is requested meanwhile.
  MemoryReservation wait_and_reserve(int64_t bytes, const StopToken& stop);

 private:
  friend class MemoryReservation;
  void give_back(int64_t bytes);
  void take(int64_t bytes);  // under mutex_

  const std::string name_;
  const int64_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable_any freed_;
  int64_t used_ = 0;  // guarded by mutex_
  int64_t peak_ = 0;  // guarded by mutex_
};

class MemoryBudget {
 public:
  explicit MemoryBudget(int64_t limit) : limit_(limit) {}

  int64_t limit() const { return limit_; }
  int64_t unshared() const;
  // Throws FIRN_RESOURCE where the shares would exceed the budget.
  std::shared_ptr<MemoryShare> add_share(const std::string& name, int64_t bytes);
  std::vector<std::shared_ptr<const MemoryShare>> shares() const;

 private:
  const int64_t limit_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<MemoryShare>> shares_;  // guarded by mutex_
};

// The memory this process may use: of its control group, else of the machine.
int64_t memory_of_this_machine();

}  // namespace firn

// Reservations against named shares of the memory limit.
#include "base/memory_budget.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <utility>

namespace firn {
namespace {

[[noreturn]] void refuse(std::string what) {
  throw Error("FIRN_RESOURCE", {{"what", std::move(what)}});
}

}  // namespace

MemoryReservation::MemoryReservation(std::shared_ptr<MemoryShare> share, int64_t bytes)
    : share_(std::move(share)), bytes_(bytes) {}

MemoryReservation::MemoryReservation(MemoryReservation&& other) noexcept
    : share_(std::move(other.share_)), bytes_(std::exchange(other.bytes_, 0)) {}

MemoryReservation& MemoryReservation::operator=(MemoryReservation&& other) noexcept {
  if (this != &other) {
    release();
    share_ = std::move(other.share_);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

MemoryReservation::~MemoryReservation() { release(); }

void MemoryReservation::release() {
  if (share_) share_->give_back(bytes_);
  share_.reset();
  bytes_ = 0;
}

int64_t MemoryShare::used() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return used_;
}

int64_t MemoryShare::peak() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return peak_;
}

void MemoryShare::take(int64_t bytes) {
  used_ += bytes;
  peak_ = std::max(peak_, used_);
}

void MemoryShare::give_back(int64_t bytes) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    used_ -= bytes;
  }
  freed_.notify_all();
}

std::optional<MemoryReservation> MemoryShare::try_reserve(int64_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (bytes > limit_ - used_) return std::nullopt;
  take(bytes);
  return MemoryReservation(shared_from_this(), bytes);
}

MemoryReservation MemoryShare::reserve(int64_t bytes) {
  if (std::optional<MemoryReservation> reserved = try_reserve(bytes)) return *std::move(reserved);
  refuse(
      fmt::format("{} needs {} bytes more memory than its share of {} bytes has left ({} in "
                  "use). Raise firn.memory.limit, or do less at once",
                  name_, bytes, limit_, used()));
}

MemoryReservation MemoryShare::wait_and_reserve(int64_t bytes, const StopToken& stop) {
  std::unique_lock<std::mutex> lock(mutex_);
  const bool fits = freed_.wait(lock, stop, [&] { return used_ == 0 || bytes <= limit_ - used_; });
  if (!fits) throw Error("OPERATION_CANCELED");
  take(bytes);
  return MemoryReservation(shared_from_this(), bytes);
}

int64_t MemoryBudget::unshared() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  int64_t left = limit_;
  for (const auto& share : shares_) left -= share->limit();
  return left;
}

std::shared_ptr<MemoryShare> MemoryBudget::add_share(const std::string& name, int64_t bytes) {
  const int64_t left = unshared();
  if (bytes > left) {
    refuse(
        fmt::format("The memory share {} of {} bytes does not fit: {} of {} bytes are left. "
                    "Raise firn.memory.limit",
                    name, bytes, left, limit_));
  }
  auto share = std::make_shared<MemoryShare>(name, bytes);
  const std::lock_guard<std::mutex> lock(mutex_);
  shares_.push_back(share);
  return share;
}

std::vector<std::shared_ptr<const MemoryShare>> MemoryBudget::shares() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {shares_.begin(), shares_.end()};
}

int64_t memory_of_this_machine() {
  const int64_t installed =
      static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<int64_t>(sysconf(_SC_PAGESIZE));
  int64_t limit = installed;
  for (const char* file :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    int64_t bytes = 0;
    if (std::ifstream(file) >> bytes && bytes > 0) limit = std::min(limit, bytes);
  }
  return limit;
}

}  // namespace firn

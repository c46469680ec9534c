// Detached threads, counted; one that has been idle for a while ends.
#include "server/spark_connect/workers.h"

#include <pthread.h>

#include <chrono>
#include <utility>

namespace firn::server::spark_connect {
namespace {

constexpr int kMostThreads = 512;
constexpr size_t kStackBytes = size_t{128} << 20;  // of address space: touched as far as plans nest
constexpr auto kIdle = std::chrono::seconds(10);

}  // namespace

Workers::~Workers() { close(); }

void Workers::run(std::function<void()> task) {
  const std::lock_guard<std::mutex> lock(mutex_);
  tasks_.push_back(std::move(task));
  if (static_cast<int>(tasks_.size()) > idle_ && threads_ < kMostThreads) start_thread();
  changed_.notify_one();
}

void Workers::start_thread() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread;
  // Where the system has no thread more, one of those that run takes the task.
  if (pthread_create(&thread, &attributes, enter, this) == 0) ++threads_;
  pthread_attr_destroy(&attributes);
}

void* Workers::enter(void* workers) {
  static_cast<Workers*>(workers)->work();
  return nullptr;
}

void Workers::work() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    if (tasks_.empty()) {
      if (closing_) break;
      ++idle_;
      const bool called =
          changed_.wait_for(lock, kIdle, [&] { return closing_ || !tasks_.empty(); });
      --idle_;
      if (!called) break;
      continue;
    }
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
  --threads_;
  changed_.notify_all();
}

void Workers::close() {
  std::unique_lock<std::mutex> lock(mutex_);
  closing_ = true;
  changed_.notify_all();
  changed_.wait(lock, [&] { return threads_ == 0; });
}

}  // namespace firn::server::spark_connect

// The queue of a thread pool and its workers.
#include "base/thread_pool.h"

#include <pthread.h>

#include "base/error.h"

namespace firn {

ThreadPool::ThreadPool(size_t threads, const std::string& name) {
  FIRN_CHECK(threads > 0, "a pool has at least one thread");
  threads_.reserve(threads);
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { run(); });
    pthread_setname_np(threads_.back().native_handle(), name.substr(0, 15).c_str());
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::push(std::function<void()> task) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    FIRN_CHECK(!closing_, "a pool that is being closed takes no tasks");
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
}

void ThreadPool::run() {
  while (true) {
    std::function<void()> task;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return closing_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace firn

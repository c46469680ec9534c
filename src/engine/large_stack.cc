// A thread with a stack of half a gigabyte of address space; pages are touched only as far as the
// recursion goes.
#include "engine/large_stack.h"

#include <pthread.h>

#include <cstddef>
#include <exception>

#include "base/error.h"

namespace firn::engine {
namespace {

constexpr size_t kStackBytes = size_t{512} << 20;

struct Job {
  const std::function<void()>& body;
  std::exception_ptr failure;
};

void* run_job(void* argument) {
  Job& job = *static_cast<Job*>(argument);
  try {
    job.body();
  } catch (...) {
    job.failure = std::current_exception();
  }
  return nullptr;
}

}  // namespace

void on_large_stack(const std::function<void()>& body) {
  Job job{body, nullptr};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  pthread_t thread;
  const int failed = pthread_create(&thread, &attributes, run_job, &job);
  pthread_attr_destroy(&attributes);
  if (failed != 0)
    throw Error("FIRN_RESOURCE",
                {{"what", "No thread with a large stack could be started to plan the query."}});
  pthread_join(thread, nullptr);
  if (job.failure) std::rethrow_exception(job.failure);
}

}  // namespace firn::engine

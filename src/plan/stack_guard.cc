// The bounds of a thread's stack, asked for once a thread.
#include "plan/stack_guard.h"

#include <pthread.h>

#include <cstddef>
#include <cstdint>

#include "base/error.h"

namespace firn::plan {
namespace {

constexpr size_t kReserve = size_t{1} << 20;  // for what one level calls, and for errors

struct StackBounds {
  StackBounds() {
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
    void* address = nullptr;
    size_t size = 0;
    if (pthread_attr_getstack(&attributes, &address, &size) == 0) {
      low = reinterpret_cast<uintptr_t>(address);
      high = low + size;
    }
    pthread_attr_destroy(&attributes);
  }
  uintptr_t low = 0, high = 0;
};

}  // namespace

void check_stack() {
  thread_local const StackBounds bounds;
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (here < bounds.low || here >= bounds.high) return;  // a stack of somebody's own
  if (here - bounds.low < kReserve && bounds.high - bounds.low > 2 * kReserve)
    throw Error("FAILED_TO_PARSE_TOO_COMPLEX", {});
}

}  // namespace firn::plan

// What the sanitizers are told of fibers: AddressSanitizer which stack is in use, ThreadSanitizer
// which fiber runs (and that a switch by itself orders nothing: two fibers race as two threads
// would). In other builds nothing is done.
#pragma once

#include <sys/mman.h>

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#elif defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
extern "C" {
void __tsan_ignore_thread_begin();
void __tsan_ignore_thread_end();
}
#endif

namespace firn::simulation {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif

// A stack that may be switched to: the thread's own, or that of a fiber.
class SwitchableStack {
 public:
#if defined(__SANITIZE_ADDRESS__)
  void set(void* bottom, size_t bytes) { bottom_ = bottom, bytes_ = bytes; }
  // Right before and right after the switch.
  void leave_for(const SwitchableStack& next, bool for_good = false) {
    ::__sanitizer_start_switch_fiber(for_good ? nullptr : &fake_, next.bottom_, next.bytes_);
  }
  void arrived_from(SwitchableStack& last) {
    ::__sanitizer_finish_switch_fiber(fake_, &last.bottom_, &last.bytes_);
  }
  void clear() { ::__asan_unpoison_memory_region(bottom_, bytes_); }

 private:
  const void* bottom_ = nullptr;
  size_t bytes_ = 0;
  void* fake_ = nullptr;
#elif defined(__SANITIZE_THREAD__)
  // Of a fiber; the thread's own one is asked for with `bottom` null.
  void set(void* bottom, size_t) {
    state_ = bottom == nullptr ? ::__tsan_get_current_fiber() : ::__tsan_create_fiber(0);
  }
  void leave_for(const SwitchableStack& next, bool = false) {
    ::__tsan_switch_to_fiber(next.state_, ::__tsan_switch_to_fiber_no_sync);
  }
  void arrived_from(SwitchableStack&) {}
  void clear() { ::__tsan_destroy_fiber(state_); }

 private:
  void* state_ = nullptr;
#else
  void set(void*, size_t) {}
  void leave_for(const SwitchableStack&, bool = false) {}
  void arrived_from(SwitchableStack&) {}
  void clear() {}
#endif
};

// What comes before released(x) is seen after acquired(x): where a thread begins, and where it is
// joined.
#if defined(__SANITIZE_THREAD__)
inline void acquired(void* by) { ::__tsan_acquire(by); }
inline void released(void* by) { ::__tsan_release(by); }

// The fibers' own books are kept by whoever runs: one at a time, without locks.
class Unseen {
 public:
  Unseen() { ::__tsan_ignore_thread_begin(); }
  ~Unseen() { ::__tsan_ignore_thread_end(); }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;
};
#else
inline void acquired(void*) {}
inline void released(void*) {}
class Unseen {
 public:
  Unseen() {}
  ~Unseen() {}
};
#endif

}  // namespace firn::simulation

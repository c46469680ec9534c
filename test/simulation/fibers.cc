// See fibers.h. The functions at the end replace those of the C library for the whole program;
// outside of a simulation they hand on.
#include "fibers.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <future>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fiber_switches.h"

namespace firn::simulation {

namespace {

constexpr size_t kStackBytes = (kIsSanitized ? 4096 : 512) * 1024;
constexpr size_t kLargeStackBytes = 64 << 20;  // for who asks for more; pages that are not touched
                                               // take no memory
constexpr uint64_t kMostSwitches = 3'000'000;

// What the C++ runtime keeps for each thread: exceptions that are being handled.
struct ExceptionState {
  void* caught = nullptr;
  unsigned int uncaught = 0;
};

ExceptionState& exception_state() {
  return *reinterpret_cast<ExceptionState*>(__cxxabiv1::__cxa_get_globals());
}

// Stacks that nobody uses, by their size.
std::vector<void*>& stack_pool(size_t bytes) {
  static std::map<size_t, std::vector<void*>> pools;
  return pools[bytes];
}

void* take_stack(size_t bytes) {
  std::vector<void*>& pool = stack_pool(bytes);
  if (!pool.empty()) {
    void* const stack = pool.back();
    pool.pop_back();
    return stack;
  }
  void* const stack = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stack == MAP_FAILED) std::terminate();
  return stack;
}

void give_stack(void* stack, size_t bytes) {
  if (kIsSanitized) {
    ::munmap(stack, bytes);  // and what is known of it is forgotten
  } else {
    stack_pool(bytes).push_back(stack);
  }
}

}  // namespace

enum class FiberState { kReady, kBlocked, kDone };

struct Fibers::Fiber {
  ucontext_t context;
  void* stack = nullptr;
  size_t stack_bytes = 0;
  SwitchableStack seen;
  std::function<void()> body;
  int group = 0;
  FiberState state = FiberState::kReady;
  const void* waits_for = nullptr;
  bool may_time_out = false, timed_out = false;
  bool is_joined = false, is_detached = false;
  ExceptionState exceptions;
};

struct Fibers::Body {
  explicit Body(uint64_t seed) : random(seed) {}

  SeededRandom random;
  ucontext_t home{};
  SwitchableStack home_seen;
  ExceptionState home_exceptions;
  std::vector<std::unique_ptr<Fiber>>
      fibers;  // in the order of their making, those that are over left out
  std::set<int> frozen;
  Fiber* current = nullptr;
  uint64_t switches = 0;
  size_t stack_bytes = kStackBytes;

  Fiber* make(int group, std::function<void()> body, size_t stack_bytes);
  Fiber* choose();
  void leave();  // the current fiber gives its turn away
  bool block(const void* on, bool may_time_out);
  void wake(const void* on);
  bool has(const Fiber* fiber) const;
  void sweep();
};

namespace {
Fibers::Body* running = nullptr;  // the simulation under way; touched by its thread alone
thread_local bool in_fiber = false;

extern "C" void begin_fiber() {
  Fibers::Fiber* self = nullptr;
  {
    const Unseen unseen;
    self = running->current;
  }
  self->seen.arrived_from(running->home_seen);
  acquired(self);
  self->body();
  self->body = nullptr;
  released(self);
  {
    const Unseen unseen;
    self->state = FiberState::kDone;
    running->wake(self);
  }
  running->leave();
  std::terminate();  // a fiber that is over does not run
}
}  // namespace

Fibers::Fiber* Fibers::Body::make(int group, std::function<void()> body, size_t stack_bytes) {
  const Unseen unseen;
  auto fiber = std::make_unique<Fiber>();
  fiber->stack = take_stack(stack_bytes);
  fiber->stack_bytes = stack_bytes;
  fiber->body = std::move(body);
  fiber->group = group;
  ::getcontext(&fiber->context);
  fiber->context.uc_stack.ss_sp = fiber->stack;
  fiber->context.uc_stack.ss_size = stack_bytes;
  fiber->context.uc_link = nullptr;
  ::makecontext(&fiber->context, begin_fiber, 0);
  fiber->context.uc_stack.ss_size = 0;  // AddressSanitizer's swapcontext would forget what it holds
  fiber->seen.set(fiber->stack, stack_bytes);
  released(fiber.get());
  fibers.push_back(std::move(fiber));
  return fibers.back().get();
}

Fibers::Fiber* Fibers::Body::choose() {
  const Unseen unseen;
  std::vector<Fiber*> ready, sleeping;
  for (const auto& fiber : fibers) {
    if (frozen.contains(fiber->group)) continue;
    if (fiber->state == FiberState::kReady) ready.push_back(fiber.get());
    if (fiber->state == FiberState::kBlocked && fiber->may_time_out)
      sleeping.push_back(fiber.get());
  }
  if (!ready.empty()) return ready[random.next() % ready.size()];
  if (sleeping.empty()) return nullptr;
  Fiber* const fiber = sleeping[random.next() % sleeping.size()];
  fiber->timed_out = true;
  fiber->state = FiberState::kReady;
  return fiber;
}

void Fibers::Body::leave() {
  Fiber* self = nullptr;
  bool is_for_good = false;
  {
    const Unseen unseen;
    self = current;
    is_for_good = self->state == FiberState::kDone;
  }
  self->seen.leave_for(home_seen, is_for_good);
  ::swapcontext(&self->context, &home);
  self->seen.arrived_from(home_seen);
}

bool Fibers::Body::block(const void* on, bool may_time_out) {
  const Unseen unseen;
  Fiber& self = *current;
  self.state = FiberState::kBlocked;
  self.waits_for = on;
  self.may_time_out = may_time_out;
  self.timed_out = false;
  leave();
  return !self.timed_out;
}

void Fibers::Body::wake(const void* on) {
  const Unseen unseen;
  for (const auto& fiber : fibers) {
    if (fiber->state == FiberState::kBlocked && fiber->waits_for == on)
      fiber->state = FiberState::kReady;
  }
}

bool Fibers::Body::has(const Fiber* wanted) const {
  const Unseen unseen;
  for (const auto& fiber : fibers) {
    if (fiber.get() == wanted) return true;
  }
  return false;
}

// Fibers that are over and that nobody joins any more go; their stacks are used again.
void Fibers::Body::sweep() {
  const Unseen unseen;
  std::erase_if(fibers, [this](std::unique_ptr<Fiber>& fiber) {
    if (fiber->state != FiberState::kDone || fiber.get() == current) return false;
    if (fiber->stack != nullptr) {
      fiber->seen.clear();
      give_stack(std::exchange(fiber->stack, nullptr), fiber->stack_bytes);
    }
    return fiber->is_joined || fiber->is_detached;
  });
}

Fibers::Fibers(uint64_t seed) : body_(std::make_unique<Body>(seed)) {}
Fibers::~Fibers() = default;

void Fibers::use_large_stacks() { body_->stack_bytes = kLargeStackBytes; }

std::string Fibers::run(std::function<void()> first) {
  Body& body = *body_;
  running = &body;
  body.home_seen.set(nullptr, 0);
  body.make(0, std::move(first), body.stack_bytes)->is_detached = true;
  std::string problem;
  while (!body.fibers.empty()) {
    const Unseen unseen;
    Fiber* const next = body.choose();
    if (next == nullptr) problem = "every thread waits: nobody can go on";
    if (++body.switches > kMostSwitches) problem = "it does not come to an end";
    if (!problem.empty()) break;
    body.current = next;
    in_fiber = true;
    body.home_exceptions = std::exchange(exception_state(), next->exceptions);
    body.home_seen.leave_for(next->seen);
    ::swapcontext(&body.home, &next->context);
    body.home_seen.arrived_from(next->seen);
    next->exceptions = std::exchange(exception_state(), body.home_exceptions);
    in_fiber = false;
    body.current = nullptr;
    if (next->state == FiberState::kDone) {
      acquired(next);
      body.sweep();
    }
  }
  running = nullptr;
  if (!problem.empty()) static_cast<void>(body_.release());  // their stacks hold objects
  return problem;
}

void Fibers::spawn(int group, std::function<void()> body) {
  body_->make(group, std::move(body), body_->stack_bytes)->is_detached = true;
}

void Fibers::step() {
  const Unseen unseen;
  if (body_->random.next() % 3 == 0) body_->leave();
}

void Fibers::yield() { body_->leave(); }

void Fibers::wait(const std::function<bool()>& condition) {
  while (!condition()) body_->leave();
}

void Fibers::freeze(int group) {
  const Unseen unseen;
  body_->frozen.insert(group);
}
void Fibers::thaw(int group) {
  const Unseen unseen;
  body_->frozen.erase(group);
}

bool Fibers::is_over(int group) const {
  const Unseen unseen;
  for (const auto& fiber : body_->fibers) {
    if (fiber->group == group && fiber->state != FiberState::kDone) return false;
  }
  return true;
}

namespace {

// The C library's own function of that name, or what a sanitizer has put before it.
template <class Function>
Function* original(const char* name, const char* version = nullptr) {
  void* found = nullptr;
  if (kIsSanitized) found = ::dlsym(RTLD_DEFAULT, (std::string("__interceptor_") + name).c_str());
  if (found == nullptr && version != nullptr) found = ::dlvsym(RTLD_NEXT, name, version);
  if (found == nullptr) found = ::dlsym(RTLD_NEXT, name);
  return reinterpret_cast<Function*>(found);
}

Fibers::Fiber* as_fiber(pthread_t thread) {
  auto* const fiber = reinterpret_cast<Fibers::Fiber*>(thread);
  return in_fiber && running->has(fiber) ? fiber : nullptr;
}

template <class Lock>
int lock_in_fiber(Lock* lock, int (*try_lock)(Lock*)) {
  for (;;) {
    const int result = try_lock(lock);
    if (result != EBUSY) return result;
    running->block(lock, false);
  }
}

}  // namespace
}  // namespace firn::simulation

using firn::simulation::as_fiber;
using firn::simulation::in_fiber;
using firn::simulation::lock_in_fiber;
using firn::simulation::original;
using firn::simulation::running;

extern "C" {

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) {
  static auto* const hand_on = original<decltype(pthread_create)>("pthread_create", "GLIBC_2.34");
  if (!in_fiber) return hand_on(thread, attributes, start, argument);
  const int group = running->current->group;
  size_t stack_bytes = running->stack_bytes;
  if (size_t wanted = 0; attributes != nullptr &&
                         ::pthread_attr_getstacksize(attributes, &wanted) == 0 &&
                         wanted > stack_bytes)
    stack_bytes = firn::simulation::kLargeStackBytes;
  *thread = reinterpret_cast<pthread_t>(
      running->make(group, [start, argument] { start(argument); }, stack_bytes));
  return 0;
}

int pthread_join(pthread_t thread, void** result) {
  static auto* const hand_on = original<decltype(pthread_join)>("pthread_join", "GLIBC_2.34");
  auto* const fiber = as_fiber(thread);
  if (fiber == nullptr) return hand_on(thread, result);
  const firn::simulation::Unseen unseen;
  while (fiber->state != firn::simulation::FiberState::kDone) running->block(fiber, false);
  firn::simulation::acquired(fiber);
  fiber->is_joined = true;
  running->sweep();
  return 0;
}

int pthread_detach(pthread_t thread) {
  static auto* const hand_on = original<decltype(pthread_detach)>("pthread_detach", "GLIBC_2.34");
  auto* const fiber = as_fiber(thread);
  if (fiber == nullptr) return hand_on(thread);
  fiber->is_detached = true;
  return 0;
}

// ThreadSanitizer asks for it before it knows the thread.
__attribute__((no_sanitize("thread"))) pthread_t pthread_self() {
  static decltype(pthread_self)* hand_on = nullptr;
  if (hand_on == nullptr)
    hand_on = reinterpret_cast<decltype(pthread_self)*>(::dlsym(RTLD_NEXT, "pthread_self"));
  return in_fiber ? reinterpret_cast<pthread_t>(running->current) : hand_on();
}

// Of a fiber, what holds of the thread that runs them all: its stack is not the fiber's, and
// whoever looks at stacks sees that.
int pthread_getattr_np(pthread_t thread, pthread_attr_t* attributes) noexcept {
  static auto* const hand_on = original<decltype(pthread_getattr_np)>("pthread_getattr_np");
  static auto* const real_self = original<decltype(pthread_self)>("pthread_self");
  return hand_on(as_fiber(thread) != nullptr ? real_self() : thread, attributes);
}

int pthread_mutex_lock(pthread_mutex_t* mutex) {
  static auto* const hand_on = original<decltype(pthread_mutex_lock)>("pthread_mutex_lock");
  return in_fiber ? lock_in_fiber(mutex, pthread_mutex_trylock) : hand_on(mutex);
}

int pthread_mutex_unlock(pthread_mutex_t* mutex) {
  static auto* const hand_on = original<decltype(pthread_mutex_unlock)>("pthread_mutex_unlock");
  const int result = hand_on(mutex);
  if (in_fiber) running->wake(mutex);
  return result;
}

int pthread_rwlock_rdlock(pthread_rwlock_t* lock) {
  static auto* const hand_on = original<decltype(pthread_rwlock_rdlock)>("pthread_rwlock_rdlock");
  return in_fiber ? lock_in_fiber(lock, pthread_rwlock_tryrdlock) : hand_on(lock);
}

int pthread_rwlock_wrlock(pthread_rwlock_t* lock) {
  static auto* const hand_on = original<decltype(pthread_rwlock_wrlock)>("pthread_rwlock_wrlock");
  return in_fiber ? lock_in_fiber(lock, pthread_rwlock_trywrlock) : hand_on(lock);
}

int pthread_rwlock_unlock(pthread_rwlock_t* lock) {
  static auto* const hand_on = original<decltype(pthread_rwlock_unlock)>("pthread_rwlock_unlock");
  const int result = hand_on(lock);
  if (in_fiber) running->wake(lock);
  return result;
}

int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  static auto* const hand_on =
      original<decltype(pthread_cond_wait)>("pthread_cond_wait", "GLIBC_2.3.2");
  if (!in_fiber) return hand_on(condition, mutex);
  ::pthread_mutex_unlock(mutex);
  running->block(condition, false);
  return lock_in_fiber(mutex, pthread_mutex_trylock);
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                           const struct timespec* until) {
  static auto* const hand_on =
      original<decltype(pthread_cond_timedwait)>("pthread_cond_timedwait", "GLIBC_2.3.2");
  if (!in_fiber) return hand_on(condition, mutex, until);
  ::pthread_mutex_unlock(mutex);
  const bool woken = running->block(condition, true);
  const int result = lock_in_fiber(mutex, pthread_mutex_trylock);
  return result != 0 ? result : woken ? 0 : ETIMEDOUT;
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const struct timespec* until) {
  static auto* const hand_on = original<decltype(pthread_cond_clockwait)>("pthread_cond_clockwait");
  if (!in_fiber) return hand_on(condition, mutex, clock, until);
  return ::pthread_cond_timedwait(condition, mutex, until);
}

int pthread_cond_signal(pthread_cond_t* condition) {
  static auto* const hand_on =
      original<decltype(pthread_cond_signal)>("pthread_cond_signal", "GLIBC_2.3.2");
  if (!in_fiber) return hand_on(condition);
  running->wake(condition);  // all: a wait may end without a reason
  return 0;
}

int pthread_cond_broadcast(pthread_cond_t* condition) {
  static auto* const hand_on =
      original<decltype(pthread_cond_broadcast)>("pthread_cond_broadcast", "GLIBC_2.3.2");
  if (!in_fiber) return hand_on(condition);
  running->wake(condition);
  return 0;
}

int sched_yield() {
  static auto* const hand_on = original<decltype(sched_yield)>("sched_yield");
  if (!in_fiber) return hand_on();
  running->leave();
  return 0;
}

int nanosleep(const struct timespec* time, struct timespec* left) {
  static auto* const hand_on = original<decltype(nanosleep)>("nanosleep");
  if (!in_fiber) return hand_on(time, left);
  running->leave();
  return 0;
}

}  // extern "C"

// What std::future waits with.
namespace std {

bool __atomic_futex_unsigned_base::_M_futex_wait_until(unsigned* address, unsigned value,
                                                       bool has_timeout, chrono::seconds,
                                                       chrono::nanoseconds) {
  while (__atomic_load_n(address, __ATOMIC_ACQUIRE) == value) {
    if (!in_fiber) {
      ::sched_yield();
      if (has_timeout) return false;
    } else if (!running->block(address, has_timeout)) {
      return false;
    }
  }
  return true;
}

bool __atomic_futex_unsigned_base::_M_futex_wait_until_steady(unsigned* address, unsigned value,
                                                              bool has_timeout,
                                                              chrono::seconds seconds,
                                                              chrono::nanoseconds nanoseconds) {
  return _M_futex_wait_until(address, value, has_timeout, seconds, nanoseconds);
}

void __atomic_futex_unsigned_base::_M_futex_notify_all(unsigned* address) {
  if (in_fiber) running->wake(address);
}

}  // namespace std

// Threads of the code under test as fibers of one thread: who runs is drawn from a seed, so that a
// run replays exactly. While a Fibers object runs, pthread's calls and what std::future waits with
// come here instead of to the C library.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"

namespace firn::simulation {

class Fibers {
 public:
  // `group` of fiber 0 is 0; threads are of the group that made them.
  explicit Fibers(uint64_t seed);
  ~Fibers();
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;

  // For code that recurses deeper than 512 KB allow. Before run().
  void use_large_stacks();
  // `body` and all threads that come from it, to their ends. "": all ended; else why it stopped
  // before (nobody can run, too many steps): then the fibers' memory is lost, and their objects are
  // never destroyed.
  std::string run(std::function<void()> body);

  // The rest is called from within run().
  // A thread of another group, for which nobody need wait.
  void spawn(int group, std::function<void()> body);
  // Perhaps another fiber's turn.
  void step();
  void yield();
  // Until it holds, while others run.
  void wait(const std::function<bool()>& condition);
  // A frozen group does not run.
  void freeze(int group);
  void thaw(int group);
  // No fiber of the group is left.
  bool is_over(int group) const;

  struct Fiber;
  struct Body;

 private:
  std::unique_ptr<Body> body_;
};

}  // namespace firn::simulation

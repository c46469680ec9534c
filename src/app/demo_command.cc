// firn demo.
#include "app/command.h"
#include "base/error.h"

namespace firn::app {

Action declare_demo(CLI::App&, Interruption&) {
  return []() -> int { throw_unsupported("firn demo"); };
}

}  // namespace firn::app

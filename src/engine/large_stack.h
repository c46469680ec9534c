// Runs a function on a thread with a large stack: DuckDB's binder and optimizer recurse once per
// level of a plan.
#pragma once

#include <functional>

namespace firn::engine {

// Waits for it; an exception comes out here.
void on_large_stack(const std::function<void()>& body);

}  // namespace firn::engine

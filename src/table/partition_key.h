// One partition of a table as a key for look-ups.
#pragma once

#include <string>
#include <vector>

#include "types/value.h"

namespace firn::table {

// Equal for equal tuples of one spec, also where an int of an old manifest meets a long of a new
// one.
std::string partition_key(int spec_id, const std::vector<types::Value>& partition);

}  // namespace firn::table

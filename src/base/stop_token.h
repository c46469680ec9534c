// A request to stop that travels through file, worker and commit calls. std::stop_token with a way
// to throw.
#pragma once

#include <stop_token>

#include "base/error.h"

namespace firn {

using StopSource = std::stop_source;
using StopToken = std::stop_token;

// Throws Error{OPERATION_CANCELED} when a stop was requested.
inline void throw_if_stopped(const StopToken& token) {
  if (token.stop_requested()) throw Error("OPERATION_CANCELED");
}

}  // namespace firn

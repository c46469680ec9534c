// Chunks with memory of their own.
#pragma once

#include "engine/chunk.h"

namespace firn::engine {

// The same rows, strings included, for who keeps them longer than where they come from lives: a
// chunk of a Kafka source points into its client's messages, and the client cannot end before them.
Chunk copy_of(const Chunk& chunk);

}  // namespace firn::engine

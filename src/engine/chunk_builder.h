// Makes chunks value by value, for those who may not see the engine's headers: state that comes
// back as rows.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/chunk.h"
#include "kernels/kernel.h"
#include "types/data_type.h"

namespace firn::engine {

class ChunkBuilder {
 public:
  explicit ChunkBuilder(const std::vector<types::DataType>& columns);
  ~ChunkBuilder();

  // A column of kChunkRows rows, all valid. Until finish().
  kernels::Output& column(size_t index);
  // The first `rows` rows; the builder is as new then.
  Chunk finish(uint64_t rows);

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace firn::engine

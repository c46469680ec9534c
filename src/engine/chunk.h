// A batch of rows (at most 2,048) in the engine's vectors, for those who may not see the engine's
// headers: state operators, sinks, printers. Movable; the memory that its strings point into lives
// as long as the chunk.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/column.h"
#include "types/data_type.h"

namespace firn::engine {

inline constexpr uint64_t kChunkRows = 2048;

class Chunk {
 public:
  Chunk();
  Chunk(Chunk&&) noexcept;
  Chunk& operator=(Chunk&&) noexcept;
  ~Chunk();

  uint64_t size() const;
  uint64_t column_count() const;
  // Flattens the column where the engine made it constant or dictionary. Valid until the chunk
  // changes.
  kernels::ColumnView column(uint64_t index) const;
  // Keeps only these rows, in their order (no copy: a selection over the same vectors).
  void select(std::span<const uint32_t> rows);
  // Keeps only the first `count` columns.
  void keep_columns(uint64_t count);
  // Shares vectors (and the owners of their memory) with another chunk.
  Chunk share() const;
  // No rows any more, and a hold on nothing; the vectors stay to be filled again.
  void clear();
  int64_t memory_bytes() const;

  struct Body;  // engine only
  Body& body() { return *body_; }
  const Body& body() const { return *body_; }

 private:
  std::unique_ptr<Body> body_;
};

}  // namespace firn::engine

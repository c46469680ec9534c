// DuckDB's own deep copy of vectors.
#include "engine/chunk_copy.h"

#include "engine/chunk_body.h"

namespace firn::engine {

Chunk copy_of(const Chunk& chunk) {
  const duckdb::DataChunk& from = chunk.body().chunk;
  Chunk made;
  duckdb::DataChunk& to = made.body().chunk;
  to.Initialize(duckdb::Allocator::DefaultAllocator(), from.GetTypes());
  from.Copy(to, 0);
  return made;
}

}  // namespace firn::engine

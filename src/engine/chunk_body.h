// What stands behind a Chunk: a DuckDB DataChunk and the owners of memory that its strings point
// into. Engine only.
#pragma once

#include <memory>
#include <vector>

#include "engine/chunk.h"
#include "engine/duck.h"

namespace firn::engine {

struct Chunk::Body {
  duckdb::DataChunk chunk;
  // What string payloads live in besides the vectors' own buffers (Kafka messages, mapped files).
  // Handed on with the rows.
  std::vector<std::shared_ptr<const void>> owners;
};

// A chunk with empty, writable vectors of these types.
void initialize(Chunk& chunk, const duckdb::vector<duckdb::LogicalType>& types);

// Makes the vector flat. Strings behind a selection stay where they are (DuckDB's own Flatten
// copies them).
void flatten(duckdb::Vector& vector, uint64_t size);

// A view of a vector's first `size` rows; flattens it.
kernels::ColumnView view_of(duckdb::Vector& vector, uint64_t size);

// Strings of the vector, or of its children, keep `owner` alive.
void hold(duckdb::Vector& vector, std::shared_ptr<const void> owner);

// Gives these columns of `chunk`'s rows to `out`: vectors by reference; string and nested vectors
// also hold on to the owners, so that whoever keeps a reference to such a vector keeps the memory.
// Indexes beyond the columns (DuckDB's row ids) give NULLs.
void lend(Chunk& chunk, const std::vector<uint64_t>& columns, duckdb::DataChunk& out);

}  // namespace firn::engine

// Chunks under construction: fresh vectors and an Output over each.
#include "engine/chunk_builder.h"

#include <utility>

#include "engine/duck_types.h"
#include "engine/vector_output.h"

namespace firn::engine {

struct ChunkBuilder::Body {
  duckdb::vector<duckdb::LogicalType> types;
  Chunk chunk;
  std::vector<std::unique_ptr<VectorOutput>> columns;

  void renew() {
    columns.clear();
    initialize(chunk, types);
    for (duckdb::Vector& vector : chunk.body().chunk.data)
      columns.push_back(std::make_unique<VectorOutput>(vector, kChunkRows));
  }
};

ChunkBuilder::ChunkBuilder(const std::vector<types::DataType>& columns)
    : body_(std::make_unique<Body>()) {
  for (const types::DataType& type : columns) body_->types.push_back(to_duckdb(type));
  body_->renew();
}
ChunkBuilder::~ChunkBuilder() = default;

kernels::Output& ChunkBuilder::column(size_t index) { return *body_->columns.at(index); }

Chunk ChunkBuilder::finish(uint64_t rows) {
  FIRN_CHECK(rows <= kChunkRows, "a chunk holds 2,048 rows");
  body_->chunk.body().chunk.SetCardinality(rows);
  Chunk finished = std::move(body_->chunk);
  body_->renew();
  return finished;
}

}  // namespace firn::engine

// Rows in memory, or spilled, as a relation: local relations, cached and checkpointed DataFrames,
// the batch of a foreachBatch, the memory sink.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/chunk.h"
#include "engine/engine.h"
#include "plan/relation.h"
#include "types/data_type.h"

namespace firn::engine {
class BufferedRows;
}

namespace firn::plan {

// Immutable once made; scans share its chunks' vectors, on any number of threads.
struct RowSet {
  std::vector<types::DataType> types;
  std::vector<engine::Chunk> chunks;
  std::shared_ptr<const engine::BufferedRows> buffered;  // in the place of chunks, where many
  int64_t rows = 0;
  int64_t bytes = 0;
};

}  // namespace firn::plan

namespace firn::engine {

// Takes the chunks as they are; each has columns of `types`.
std::shared_ptr<const plan::RowSet> make_row_set(std::vector<types::DataType> types,
                                                 std::vector<Chunk> chunks);
// Pulls a stream to its end. Throws the query's Error. Beyond `most_bytes` the rows go into buffers
// that count against the engine's memory and spill.
inline constexpr int64_t kMostUnbufferedBytes = 32 << 20;
std::shared_ptr<const plan::RowSet> collect_rows(RowStream& stream,
                                                 int64_t most_bytes = kMostUnbufferedBytes);

// The resolved relation of these rows; each call has attributes of its own.
plan::RelationPtr row_set_relation(std::shared_ptr<const plan::RowSet> rows,
                                   std::vector<plan::Attribute> columns);

}  // namespace firn::engine

// Where a query's batches go that do not end in one Iceberg commit: files, memory, the console, a
// function of the user's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/stop_token.h"
#include "engine/chunk.h"
#include "plan/relation.h"

namespace firn::stream {

struct SinkBatch {
  int64_t id = 0;
  std::vector<plan::Attribute> columns;
  std::vector<engine::Chunk> chunks;  // all rows, in order
};

class BatchSink {
 public:
  virtual ~BatchSink() = default;
  virtual std::string description() const = 0;  // as Spark's progress names it
  // One batch at a time, in order, empty ones too, after the batch's offsets stand in the log. A
  // batch comes again, with the same id and the same range, where the process ended before it was
  // committed: what adds it must either notice or be repeatable. What it throws ends the query.
  virtual void add_batch(SinkBatch batch, const StopToken& stop) = 0;
};

}  // namespace firn::stream

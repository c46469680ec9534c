// The end of a pipelined plan (scan, filters, projections): chunks go to the puller with their
// strings shared, not copied, and the pipeline waits while nobody pulls.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/chunk_body.h"
#include "engine/duck.h"

namespace firn::engine {

// Between the pipeline (push) and the puller (pop). Safe for one of each.
class ChunkQueue {
 public:
  // False where the queue is full: the task must block; `interrupt` wakes it at the next pop.
  bool push(duckdb::DataChunk& chunk, const duckdb::InterruptState& interrupt);
  bool pop(Chunk& out);
  // Until a chunk is there, but not for long: the end of the query does not wake it.
  void wait();
  // Of a run that is given up: whatever is and will be pushed is dropped, until the next run opens
  // it.
  void close();
  void open();

 private:
  static constexpr size_t kCapacity = 4;
  std::mutex mutex_;
  std::condition_variable pushed_;
  bool open_ = true;                             // GUARDED_BY(mutex_)
  std::deque<Chunk> chunks_;                     // GUARDED_BY(mutex_)
  std::vector<duckdb::InterruptState> blocked_;  // GUARDED_BY(mutex_)
};

// Whether the strings of the plan's result live in vectors' own buffers: nothing but projections
// and filters over a slot.
bool is_pipelined(duckdb::PhysicalOperator& root);

// For ClientConfig::get_result_collector.
duckdb::unique_ptr<duckdb::PhysicalOperator> make_chunk_collector(
    duckdb::PreparedStatementData& data, std::shared_ptr<ChunkQueue> queue);

}  // namespace firn::engine

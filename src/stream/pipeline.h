// A query's stages, built once: decoder → shared stages → tee → each target's stages → its writer.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/record_source.h"
#include "engine/table_writer.h"
#include "plan/streaming.h"
#include "stream/query.h"
#include "stream/stage.h"

namespace firn::stream {

class Pipeline {
 public:
  virtual ~Pipeline() = default;

  // Starts an epoch: lateness and window closing go by these.
  virtual void begin_epoch(int64_t late_ms, int64_t watermark_ms, int64_t batch_time_ms) = 0;
  // Decodes and pushes; slices are flushed as they fill. Gives the number of rows.
  virtual int64_t push(SourceBatch batch) = 0;
  // Flushes the last slice, closes windows. Afterwards the writers hold the epoch's rows.
  virtual void end_epoch() = 0;

  virtual bool is_stateful() const = 0;
  virtual int64_t next_watermark_ms() const = 0;
  virtual bool has_watermark() const = 0;
  virtual const StageCounters& counters() const = 0;
  virtual int64_t malformed() const = 0;
  virtual std::vector<int64_t> target_rows() const = 0;  // of this epoch
  virtual int64_t state_keys() const = 0;
  virtual int64_t state_bytes() const = 0;

  // The writers with the epoch's rows (null where none came); the pipeline goes on with fresh ones.
  virtual std::vector<std::unique_ptr<engine::TableWriter>> take_writers() = 0;
  // The rows of targets with a sink, likewise.
  virtual std::vector<std::vector<engine::Chunk>> take_batches() = 0;
  virtual void restore_state(const std::string& version) = 0;
  virtual std::string prepare_state(int64_t epoch) = 0;
  virtual void collect_state(const std::string& version, int64_t epoch) = 0;
};

// Stages over the engine. What is given outlives the pipeline.
std::unique_ptr<Pipeline> make_pipeline(const std::vector<Target>&, const plan::StreamCut&,
                                        const std::string& checkpoint, Services,
                                        const StopToken& stop);

}  // namespace firn::stream

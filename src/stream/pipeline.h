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
  Pipeline(const std::vector<Target>&, const plan::StreamCut&, const std::string& checkpoint,
           Services, const StopToken& stop);
  ~Pipeline();

  // Starts an epoch: lateness and window closing go by these.
  void begin_epoch(int64_t late_ms, int64_t watermark_ms);
  // Decodes and pushes; slices are flushed as they fill.
  void push(const std::shared_ptr<const engine::RecordBatch>& batch);
  // Flushes the last slice, closes windows. Afterwards the writers hold the epoch's rows.
  void end_epoch();

  bool is_stateful() const { return !states_.empty(); }
  int64_t next_watermark_ms() const { return event_time_.next_watermark_ms(); }
  bool has_watermark() const { return watermarks_ > 0; }
  const StageCounters& counters() const { return counters_; }
  int64_t malformed() const;
  std::vector<int64_t> target_rows() const;  // of this epoch
  int64_t state_keys() const;
  int64_t state_bytes() const;

  // The writers with the epoch's rows (null where none came); the pipeline goes on with fresh ones.
  std::vector<std::unique_ptr<engine::TableWriter>> take_writers();
  void restore_state(const std::string& version);
  std::string prepare_state(int64_t epoch);
  void collect_state(const std::string& version, int64_t epoch);

 private:
  class Sink;
  Stage& build(const std::vector<plan::StreamStage>& stages, Stage& last);

  StageSurroundings surroundings_;
  EventTime event_time_;
  StageCounters counters_;
  std::unique_ptr<engine::RecordDecoder> decoder_;
  std::vector<std::unique_ptr<Stage>> stages_;
  std::vector<StageState*> states_;
  std::vector<std::unique_ptr<Sink>> sinks_;
  Stage* first_ = nullptr;
  int watermarks_ = 0, operators_ = 0;
  std::vector<engine::Chunk> slice_;  // decoded chunks of the slice under way, reused
  size_t slice_size_ = 0;
};

}  // namespace firn::stream

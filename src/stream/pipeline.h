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
  void begin_epoch(int64_t late_ms, int64_t watermark_ms, int64_t batch_time_ms);
  // Decodes and pushes; slices are flushed as they fill. Gives the number of rows.
  int64_t push(SourceBatch batch);
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
  // The rows of targets with a sink, likewise.
  std::vector<std::vector<engine::Chunk>> take_batches();
  void restore_state(const std::string& version);
  std::string prepare_state(int64_t epoch);
  void collect_state(const std::string& version, int64_t epoch);

 private:
  class Sink;       // the end of a target's stages
  class TableSink;  // … that writes an Iceberg table's files
  class BatchCollector;
  void push_records(const std::shared_ptr<const engine::RecordBatch>& batch);
  void push_rows(engine::Chunk& rows);
  void end_chunk();
  Stage& build(const std::vector<plan::StreamStage>& stages, Stage& last);

  StageSurroundings surroundings_;
  EventTime event_time_;
  StageCounters counters_;
  std::unique_ptr<engine::RecordDecoder> decoder_;  // null: the source hands out rows
  std::vector<std::unique_ptr<Stage>> stages_;
  std::vector<StageState*> states_;
  std::vector<std::unique_ptr<Sink>> sinks_;
  Stage* first_ = nullptr;
  int watermarks_ = 0, operators_ = 0;
  std::vector<engine::Chunk> slice_;  // decoded chunks of the slice under way, reused
  size_t slice_size_ = 0;
  bool keeps_rows_ = false;  // a sink holds on to rows: decoded chunks are not used again
};

}  // namespace firn::stream

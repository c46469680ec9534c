// The stages of a running stream: chunks are pushed from one to the next, from the decoder to the
// writer.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/chunk.h"
#include "engine/engine.h"
#include "files/file_store.h"
#include "plan/streaming.h"

namespace firn::stream {

// Event time over a query, as Spark has it: the watermark of batch N comes from the batches before
// N; rows of batch N are late by the watermark of batch N-1. All in milliseconds.
struct EventTime {
  int64_t late_ms = 0;        // rows at or before are late in this batch
  int64_t watermark_ms = 0;   // of this batch: closes windows
  int64_t batch_time_us = 0;  // current_timestamp() of this batch
  std::map<int, int64_t>
      newest_ms;  // by watermark operator: newest event time seen minus its delay
  // The next batch's watermark: the least over the operators, never going back.
  int64_t next_watermark_ms() const;
};

struct StageCounters {  // of one epoch
  int64_t late = 0, duplicates = 0, dropped = 0;
  std::map<std::string, int64_t> expectations_failed;
};

class Stage {
 public:
  virtual ~Stage() = default;
  virtual void push(engine::Chunk& chunk) = 0;
  // A slice of the input is complete: everything that was held back goes on.
  virtual void flush() = 0;
  // The epoch's input is complete (a flush came before).
  virtual void end_epoch() = 0;
};

// A stage's state over epochs.
class StageState {
 public:
  virtual ~StageState() = default;
  virtual std::string name() const = 0;  // folder below state/
  virtual void restore(const std::string& version) = 0;
  virtual std::string prepare(int64_t epoch) = 0;
  virtual void collect(const std::string& version, int64_t epoch) = 0;
  virtual int64_t keys() const = 0;
  virtual int64_t memory_bytes() const = 0;
};

struct StageSurroundings {
  engine::Engine& engine;
  files::FileStore& store;
  Random& random;
  std::string checkpoint;  // folder URI
  EventTime& event_time;
  StageCounters& counters;
  const StopToken& stop;
  // A plan with its tables as they stand now; null: what they were when the query started.
  std::function<plan::RelationPtr(const plan::RelationPtr&)> refresh;
};

// Types of the parameters that every plan of a stage is prepared with: the batch's time.
std::vector<types::DataType> batch_parameters();

// Chunks of one slice, handed to a prepared plan and pushed on. `next` outlives the stage.
std::unique_ptr<Stage> make_segment_stage(const plan::SegmentStage&, StageSurroundings,
                                          Stage& next);
std::unique_ptr<Stage> make_watermark_stage(const plan::WatermarkStage&, int operator_number,
                                            StageSurroundings, Stage& next);

// A stage with state: the state belongs to the stage and lives as long.
struct StatefulStage {
  std::unique_ptr<Stage> stage;
  StageState* state = nullptr;
};
StatefulStage make_dedup_stage(const plan::DedupStage&, int operator_number, StageSurroundings,
                               Stage& next);
StatefulStage make_aggregate_stage(const plan::AggregateStage&, int operator_number,
                                   StageSurroundings, Stage& next);

// Several targets behind one stage: each gets every chunk.
std::unique_ptr<Stage> make_tee_stage(std::vector<Stage*> targets);

}  // namespace firn::stream

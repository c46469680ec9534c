// Building and driving the stages.
#include "stream/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/log.h"

namespace firn::stream {
namespace {

using Json = nlohmann::json;

// A run of a prepared segment: up to 65,536 rows, or as many as hold so much of their messages.
constexpr size_t kSliceChunks = 32;
constexpr int64_t kSliceBytes = 8 << 20;  // what was decoded is still in the caches then
constexpr uint64_t kRowGroupRows =
    65536;  // small row groups stay in the caches; compaction makes larger ones

struct FieldRow {
  const char* name;
  engine::RecordField field;
};
constexpr FieldRow kFields[] = {
    {"", engine::RecordField::kJson},
    {"key", engine::RecordField::kKey},
    {"value", engine::RecordField::kValue},
    {"topic", engine::RecordField::kTopic},
    {"partition", engine::RecordField::kPartition},
    {"offset", engine::RecordField::kOffset},
    {"timestamp", engine::RecordField::kTimestamp},
    {"timestampType", engine::RecordField::kTimestampType},
    {"headers", engine::RecordField::kHeaders},
};

engine::RecordField field_of(const std::string& name) {
  for (const FieldRow& row : kFields) {
    if (name == row.name) return row.field;
  }
  throw Error("FIRN_INTERNAL", {{"what", "a stream source has no column " + name}});
}

struct ModeRow {
  const char* name;
  engine::JsonMode mode;
};
constexpr ModeRow kModes[] = {{"PERMISSIVE", engine::JsonMode::kPermissive},
                              {"FAILFAST", engine::JsonMode::kFailFast},
                              {"DROPMALFORMED", engine::JsonMode::kDropMalformed}};

engine::RecordDecoderOptions decoder_options(const plan::StreamCut& cut) {
  engine::RecordDecoderOptions options;
  for (const plan::SourceColumn& column : cut.columns)
    options.columns.push_back(field_of(column.field));
  if (cut.json) {
    options.json.schema = cut.json->schema;
    options.json.corrupt_record_column = cut.json->corrupt_record_column;
    options.json.time_zone = cut.json->time_zone;
    for (const ModeRow& row : kModes) {
      if (cut.json->mode == row.name) options.json.mode = row.mode;
    }
  }
  return options;
}

// The expectations of a target as one more segment: its columns, then a boolean for each.
std::optional<plan::SegmentStage> expectation_segment(const Target& target) {
  if (target.expectations.empty()) return std::nullopt;
  constexpr int kSlot = 1000000;
  const std::vector<plan::Attribute>& columns = target.plan->output;
  const auto relation = [](plan::RelationNode node, std::vector<plan::Attribute> output) {
    return std::make_shared<const plan::Relation>(
        plan::Relation{std::move(node), std::move(output), true, true, {}});
  };
  std::vector<plan::ExprPtr> expressions;
  std::vector<plan::Attribute> output = columns;
  for (const plan::Attribute& column : columns) {
    expressions.push_back(std::make_shared<const plan::Expr>(
        plan::Expr{plan::ColumnRef{column}, column.type, column.nullable, true, false, false, {}}));
  }
  for (size_t i = 0; i < target.expectations.size(); ++i) {
    const plan::ExprPtr& predicate = target.expectations[i].predicate;
    const plan::AttributeId id{(int64_t{1} << 40) + static_cast<int64_t>(i)};
    const std::string name = "expectation" + std::to_string(i);
    expressions.push_back(
        std::make_shared<const plan::Expr>(plan::Expr{plan::Alias{predicate, name, id},
                                                      predicate->type,
                                                      true,
                                                      true,
                                                      predicate->can_throw,
                                                      predicate->is_volatile,
                                                      {}}));
    output.push_back({id, name, predicate->type, true, {}});
  }
  return plan::SegmentStage{
      relation(plan::Project{std::move(expressions), relation(plan::Slot{kSlot, columns}, columns)},
               std::move(output)),
      kSlot};
}

std::string stage_text(const plan::StreamStage& stage) {
  if (const auto* segment = std::get_if<plan::SegmentStage>(&stage))
    return "segment " + plan::to_string(*segment->plan);
  if (const auto* watermark = std::get_if<plan::WatermarkStage>(&stage))
    return fmt::format("watermark column {} delay {} us", watermark->column, watermark->delay_us);
  if (const auto* dedup = std::get_if<plan::DedupStage>(&stage))
    return fmt::format("deduplication columns {}", fmt::join(dedup->keys, ", "));
  const auto& aggregate = std::get<plan::AggregateStage>(stage);
  return "aggregation " + plan::to_string(*aggregate.partial) + " " +
         plan::to_string(*aggregate.final);
}

// What is built, for the log: the same from whichever front the query came.
void log_stages(const std::vector<Target>& targets, const plan::StreamCut& cut) {
  std::string columns;
  for (const plan::SourceColumn& column : cut.columns)
    columns +=
        " " + (column.field.empty() ? "json " + cut.json->schema.simple_string() : column.field);
  log_debug("stage: source {}{}", cut.source.format, columns);
  for (const plan::StreamStage& stage : cut.shared) log_debug("stage: {}", stage_text(stage));
  for (size_t i = 0; i < targets.size(); ++i) {
    for (const plan::StreamStage& stage : cut.targets[i].stages)
      log_debug("stage: {}", stage_text(stage));
    log_debug("stage: {} {}", targets[i].sink != nullptr ? "sink" : "table", targets[i].name);
  }
}

class StagePipeline final : public Pipeline {
 public:
  StagePipeline(const std::vector<Target>&, const plan::StreamCut&, const std::string& checkpoint,
                Services, const StopToken& stop);

  void begin_epoch(int64_t late_ms, int64_t watermark_ms, int64_t batch_time_ms) override;
  int64_t push(SourceBatch batch) override;
  void end_epoch() override;
  bool is_stateful() const override { return !states_.empty(); }
  int64_t next_watermark_ms() const override { return event_time_.next_watermark_ms(); }
  bool has_watermark() const override { return watermarks_ > 0; }
  const StageCounters& counters() const override { return counters_; }
  int64_t malformed() const override;
  std::vector<int64_t> target_rows() const override;
  int64_t state_keys() const override;
  int64_t state_bytes() const override;
  std::vector<std::unique_ptr<engine::TableWriter>> take_writers() override;
  std::vector<std::vector<engine::Chunk>> take_batches() override;
  void restore_state(const std::string& version) override;
  std::string prepare_state(int64_t epoch) override;
  void collect_state(const std::string& version, int64_t epoch) override;

 private:
  class Sink;       // the end of a target's stages
  class TableSink;  // … that writes an Iceberg table's files
  class BatchCollector;
  void push_records(const std::shared_ptr<const engine::RecordBatch>& batch);
  void push_rows(engine::Chunk& rows);
  void end_chunk();
  void flush_slice();
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
  int64_t slice_bytes_ = 0;  // of the messages behind them
  bool keeps_rows_ = false;  // a sink holds on to rows: decoded chunks are not used again
};

// Counts, checks expectations, hands on.
class StagePipeline::Sink : public Stage {
 public:
  Sink(const Target& target, StageCounters& counters) : target_(target), counters_(counters) {}

  void push(engine::Chunk& chunk) final {
    if (!target_.expectations.empty()) check_expectations(chunk);
    if (chunk.size() == 0) return;
    rows_ += static_cast<int64_t>(chunk.size());
    take(chunk);
  }
  void flush() final {}
  void end_epoch() final {}

  int64_t rows() const { return rows_; }
  // The epoch's rows, in the one form or the other; the sink is as new then.
  std::unique_ptr<engine::TableWriter> take_writer() {
    rows_ = 0;
    return end_writer();
  }
  virtual std::vector<engine::Chunk> take_batch() { return {}; }

 protected:
  virtual void take(engine::Chunk& chunk) = 0;
  virtual std::unique_ptr<engine::TableWriter> end_writer() { return nullptr; }

  const Target& target_;

 private:
  // A row violates an expectation unless its predicate is true (NULL violates, as in Databricks'
  // pipelines).
  void check_expectations(engine::Chunk& chunk) {
    const uint64_t columns = chunk.column_count() - target_.expectations.size();
    std::vector<uint8_t> keep(chunk.size(), 1);
    for (size_t i = 0; i < target_.expectations.size(); ++i) {
      const TargetExpectation& expectation = target_.expectations[i];
      const kernels::ColumnView holds = chunk.column(columns + i);
      for (uint64_t row = 0; row < chunk.size(); ++row) {
        if (holds.is_valid(row) && holds.values<bool>()[row]) continue;
        ++counters_.expectations_failed[target_.name + "." + expectation.name];
        if (expectation.on_violation == plan::OnViolation::kFailUpdate) {
          throw Error("EXPECTATION_VIOLATED",
                      {{"expectation", expectation.name}, {"table", target_.name}});
        }
        if (expectation.on_violation == plan::OnViolation::kDropRow) keep[row] = 0;
      }
    }
    chunk.keep_columns(columns);
    std::vector<uint32_t> rows;
    for (uint32_t row = 0; row < keep.size(); ++row) {
      if (keep[row] != 0) rows.push_back(row);
    }
    counters_.dropped += static_cast<int64_t>(keep.size() - rows.size());
    if (rows.size() < keep.size()) chunk.select(rows);
  }

  StageCounters& counters_;
  int64_t rows_ = 0;
};

class StagePipeline::BatchCollector final : public Sink {
 public:
  using Sink::Sink;
  std::vector<engine::Chunk> take_batch() override { return std::exchange(chunks_, {}); }

 private:
  void take(engine::Chunk& chunk) override { chunks_.push_back(chunk.share()); }
  std::vector<engine::Chunk> chunks_;
};

class StagePipeline::TableSink final : public Sink {
 public:
  TableSink(const Target& target, Services services, StageCounters& counters)
      : Sink(target, counters), services_(services), writer_id_(random_uuid(services.random)) {}

 private:
  void take(engine::Chunk& chunk) override {
    if (writer_ == nullptr) writer_ = make_writer();
    writer_->append(chunk);
  }
  std::unique_ptr<engine::TableWriter> end_writer() override { return std::move(writer_); }

  std::unique_ptr<engine::TableWriter> make_writer() {
    const iceberg::TableMetadata& metadata = target_.table->metadata();
    engine::TableWriterOptions options;
    options.schema = metadata.schema();
    options.spec = metadata.spec();
    options.properties = metadata.properties;
    options.data_location = target_.table->data_location();
    // Fresh in every process: a replay never overwrites.
    options.file_prefix = fmt::format("{:05}-0-{}", ++writers_, writer_id_);
    options.row_group_rows = kRowGroupRows;
    options.instance = writer_instance_;
    return engine::make_table_writer(options, services_.store);
  }

  Services services_;
  std::string writer_id_;
  int64_t writers_ = 0;
  std::unique_ptr<engine::TableWriter> writer_;
  const std::shared_ptr<engine::WriterInstance> writer_instance_ = engine::make_writer_instance();
};

StagePipeline::StagePipeline(const std::vector<Target>& targets, const plan::StreamCut& cut,
                             const std::string& checkpoint, Services services,
                             const StopToken& stop)
    : surroundings_{services.engine, services.store, services.random, checkpoint, event_time_,
                    counters_,       stop,           services.refresh},
      slice_(kSliceChunks) {
  if (cut.source.format == "kafka") decoder_ = engine::make_record_decoder(decoder_options(cut));
  FIRN_CHECK(targets.size() == cut.targets.size(), "each target has its stages");
  log_stages(targets, cut);
  std::vector<Stage*> heads;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (targets[i].sink != nullptr) {
      sinks_.push_back(std::make_unique<BatchCollector>(targets[i], counters_));
      keeps_rows_ = true;
    } else {
      sinks_.push_back(std::make_unique<TableSink>(targets[i], services, counters_));
    }
    std::vector<plan::StreamStage> stages = cut.targets[i].stages;
    if (auto checks = expectation_segment(targets[i])) stages.emplace_back(std::move(*checks));
    heads.push_back(&build(stages, *sinks_.back()));
  }
  if (heads.size() > 1) {
    stages_.push_back(make_tee_stage(heads));
    heads = {stages_.back().get()};
  }
  first_ = &build(cut.shared, *heads.front());
}

// Last to first, since each needs the next one.
Stage& StagePipeline::build(const std::vector<plan::StreamStage>& stages, Stage& last) {
  Stage* next = &last;
  for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) {
    std::unique_ptr<Stage> made;
    StatefulStage stateful;
    if (const auto* segment = std::get_if<plan::SegmentStage>(&*stage)) {
      made = make_segment_stage(*segment, surroundings_, *next);
    } else if (const auto* watermark = std::get_if<plan::WatermarkStage>(&*stage)) {
      made = make_watermark_stage(*watermark, watermarks_++, surroundings_, *next);
    } else if (const auto* dedup = std::get_if<plan::DedupStage>(&*stage)) {
      stateful = make_dedup_stage(*dedup, operators_++, surroundings_, *next);
    } else {
      stateful = make_aggregate_stage(std::get<plan::AggregateStage>(*stage), operators_++,
                                      surroundings_, *next);
    }
    if (stateful.stage != nullptr) {
      states_.push_back(stateful.state);
      made = std::move(stateful.stage);
    }
    stages_.push_back(std::move(made));
    next = stages_.back().get();
  }
  return *next;
}

void StagePipeline::begin_epoch(int64_t late_ms, int64_t watermark_ms, int64_t batch_time_ms) {
  event_time_.late_ms = late_ms;
  event_time_.watermark_ms = watermark_ms;
  event_time_.batch_time_us = batch_time_ms * 1000;
  counters_ = {};
}

int64_t StagePipeline::push(SourceBatch batch) {
  if (auto* const rows = std::get_if<engine::Chunk>(&batch)) {
    const auto count = static_cast<int64_t>(rows->size());
    push_rows(*rows);
    return count;
  }
  const auto& records = std::get<std::shared_ptr<const engine::RecordBatch>>(batch);
  push_records(records);
  return static_cast<int64_t>(records->records.size());
}

void StagePipeline::push_records(const std::shared_ptr<const engine::RecordBatch>& batch) {
  for (uint64_t from = 0; from < batch->records.size();) {
    engine::Chunk& chunk = slice_[slice_size_];
    if (keeps_rows_) chunk = engine::Chunk();
    from += decoder_->decode(batch, from, chunk);
    engine::Chunk shared = chunk.share();
    first_->push(shared);
    if (from == batch->records.size()) slice_bytes_ += batch->memory_bytes;
    end_chunk();
  }
}

void StagePipeline::push_rows(engine::Chunk& rows) {
  if (rows.size() == 0) return;
  first_->push(rows);
  end_chunk();
}

void StagePipeline::end_chunk() {
  if (++slice_size_ == kSliceChunks || slice_bytes_ >= kSliceBytes) flush_slice();
}

void StagePipeline::flush_slice() {
  first_->flush();
  for (engine::Chunk& chunk : slice_) chunk.clear();  // the messages go
  slice_size_ = 0;
  slice_bytes_ = 0;
}

void StagePipeline::end_epoch() {
  flush_slice();
  first_->end_epoch();
}

int64_t StagePipeline::malformed() const { return decoder_ ? decoder_->malformed() : 0; }

std::vector<int64_t> StagePipeline::target_rows() const {
  std::vector<int64_t> rows;
  for (const auto& sink : sinks_) rows.push_back(sink->rows());
  return rows;
}

int64_t StagePipeline::state_keys() const {
  int64_t keys = 0;
  for (const StageState* state : states_) keys += state->keys();
  return keys;
}

int64_t StagePipeline::state_bytes() const {
  int64_t bytes = 0;
  for (const StageState* state : states_) bytes += state->memory_bytes();
  return bytes;
}

std::vector<std::unique_ptr<engine::TableWriter>> StagePipeline::take_writers() {
  std::vector<std::unique_ptr<engine::TableWriter>> writers;
  for (const auto& sink : sinks_) writers.push_back(sink->take_writer());
  return writers;
}

std::vector<std::vector<engine::Chunk>> StagePipeline::take_batches() {
  std::vector<std::vector<engine::Chunk>> batches;
  for (const auto& sink : sinks_) batches.push_back(sink->take_batch());
  return batches;
}

// A version is a JSON object of the operators' versions, by their names.
void StagePipeline::restore_state(const std::string& version) {
  const Json json = version.empty() ? Json::object() : Json::parse(version, nullptr, false);
  const auto is_text = [](const Json& state) { return state.is_string(); };
  if (!json.is_object() || !std::all_of(json.begin(), json.end(), is_text))
    throw Error("STREAM_CHECKPOINT_CORRUPT",
                {{"location", surroundings_.checkpoint},
                 {"reason", "the prepared record's state is no JSON object of texts"}});
  for (StageState* state : states_) state->restore(json.value(state->name(), std::string()));
}

std::string StagePipeline::prepare_state(int64_t epoch) {
  Json json = Json::object();
  for (StageState* state : states_) json[state->name()] = state->prepare(epoch);
  return json.dump();
}

void StagePipeline::collect_state(const std::string& version, int64_t epoch) {
  const Json json = Json::parse(version, nullptr, false);
  for (StageState* state : states_) state->collect(json.value(state->name(), std::string()), epoch);
}

}  // namespace

std::unique_ptr<Pipeline> make_pipeline(const std::vector<Target>& targets,
                                        const plan::StreamCut& cut, const std::string& checkpoint,
                                        Services services, const StopToken& stop) {
  return std::make_unique<StagePipeline>(targets, cut, checkpoint, std::move(services), stop);
}

}  // namespace firn::stream

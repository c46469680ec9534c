// Segments, watermarks, tees.
#include "stream/stage.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "plan/build.h"
#include "plan/resolve.h"

namespace firn::stream {
namespace {

constexpr int64_t kNone = std::numeric_limits<int64_t>::min();

int64_t floor_ms(int64_t micros) { return micros >= 0 ? micros / 1000 : -((-micros + 999) / 1000); }

bool reads_tables(const plan::Relation& relation) {
  if (std::holds_alternative<plan::TableScan>(relation.node)) return true;
  const auto children = plan::children_of(relation);
  return std::any_of(children.begin(), children.end(),
                     [](const plan::RelationPtr& child) { return reads_tables(*child); });
}

class SegmentRunner final : public Stage, private engine::ChunkSource {
 public:
  SegmentRunner(const plan::SegmentStage& stage, StageSurroundings surroundings, Stage& next)
      : stage_(stage),
        engine_(surroundings.engine),
        refresh_(reads_tables(*stage.plan) ? surroundings.refresh : nullptr),
        event_time_(surroundings.event_time),
        stop_(surroundings.stop),
        next_(next) {
    if (!refresh_) prepared_ = prepare(stage.plan);
  }

  void push(engine::Chunk& chunk) override { held_.push_back(chunk.share()); }

  void flush() override {
    if (stage_.whole_epoch) return;
    run();
    next_.flush();
    held_.clear();  // after the run: the rows' memory is theirs
  }

  void end_epoch() override {
    if (stage_.whole_epoch) {
      run();
      next_.flush();
      held_.clear();
    }
    if (refresh_) prepared_.reset();  // the tables beside the stream are read anew in each batch
    next_.end_epoch();
  }

 private:
  std::unique_ptr<engine::Prepared> prepare(const plan::RelationPtr& plan) {
    return engine_.prepare(plan, batch_parameters());
  }

  void run() {
    if (held_.empty()) return;
    if (prepared_ == nullptr) prepared_ = prepare(refresh_(stage_.plan));
    at_ = 0;
    engine::Bindings bindings;
    bindings.slots[stage_.slot] = this;
    bindings.parameters = {event_time_.batch_time_us};
    const auto rows = prepared_->run(bindings, stop_);
    engine::Chunk out;
    while (rows->next(out)) next_.push(out);
  }

  bool pull(engine::Chunk& out) override {
    if (at_ == held_.size()) return false;
    out = held_[at_++].share();
    return true;
  }

  plan::SegmentStage stage_;
  engine::Engine& engine_;
  std::function<plan::RelationPtr(const plan::RelationPtr&)> refresh_;
  const EventTime& event_time_;
  std::unique_ptr<engine::Prepared> prepared_;
  const StopToken& stop_;
  Stage& next_;
  std::vector<engine::Chunk> held_;
  size_t at_ = 0;
};

class WatermarkRunner final : public Stage {
 public:
  WatermarkRunner(const plan::WatermarkStage& stage, int number, StageSurroundings surroundings,
                  Stage& next)
      : stage_(stage), number_(number), event_time_(surroundings.event_time), next_(next) {}

  void push(engine::Chunk& chunk) override {
    const kernels::ColumnView column = chunk.column(static_cast<uint64_t>(stage_.column));
    const auto* const micros = column.values<int64_t>();
    for (uint64_t row = 0; row < column.size; ++row) {
      if (column.is_valid(row)) newest_us_ = std::max(newest_us_, micros[row]);
    }
    next_.push(chunk);
  }
  void flush() override { next_.flush(); }
  void end_epoch() override {
    if (newest_us_ != kNone)
      event_time_.newest_ms[number_] = floor_ms(newest_us_) - stage_.delay_us / 1000;
    next_.end_epoch();
  }

 private:
  plan::WatermarkStage stage_;
  int number_;
  EventTime& event_time_;
  Stage& next_;
  int64_t newest_us_ = kNone;
};

class TeeRunner final : public Stage {
 public:
  explicit TeeRunner(std::vector<Stage*> targets) : targets_(std::move(targets)) {}
  void push(engine::Chunk& chunk) override {
    for (Stage* target : targets_) {
      engine::Chunk own = chunk.share();  // a target may select rows: the others must not see it
      target->push(own);
    }
  }
  void flush() override {
    for (Stage* target : targets_) target->flush();
  }
  void end_epoch() override {
    for (Stage* target : targets_) target->end_epoch();
  }

 private:
  std::vector<Stage*> targets_;
};

}  // namespace

std::vector<types::DataType> batch_parameters() {
  static_assert(plan::kBatchTimeParameter == 0);
  return {types::DataTypeId::kTimestamp};
}

int64_t EventTime::next_watermark_ms() const {
  int64_t least = std::numeric_limits<int64_t>::max();
  for (const auto& [number, milliseconds] : newest_ms) least = std::min(least, milliseconds);
  return newest_ms.empty() ? watermark_ms : std::max(watermark_ms, least);
}

std::unique_ptr<Stage> make_segment_stage(const plan::SegmentStage& stage,
                                          StageSurroundings surroundings, Stage& next) {
  return std::make_unique<SegmentRunner>(stage, surroundings, next);
}

std::unique_ptr<Stage> make_watermark_stage(const plan::WatermarkStage& stage, int number,
                                            StageSurroundings surroundings, Stage& next) {
  return std::make_unique<WatermarkRunner>(stage, number, surroundings, next);
}

std::unique_ptr<Stage> make_tee_stage(std::vector<Stage*> targets) {
  return std::make_unique<TeeRunner>(std::move(targets));
}

}  // namespace firn::stream

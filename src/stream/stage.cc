// Segments, watermarks, deduplication, tees.
#include "stream/stage.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "stream/row_hash.h"

namespace firn::stream {
namespace {

constexpr int64_t kNone = std::numeric_limits<int64_t>::min();

int64_t floor_ms(int64_t micros) { return micros >= 0 ? micros / 1000 : -((-micros + 999) / 1000); }

class SegmentRunner final : public Stage, private engine::ChunkSource {
 public:
  SegmentRunner(const plan::SegmentStage& stage, StageSurroundings surroundings, Stage& next)
      : prepared_(surroundings.engine.prepare(stage.plan)),
        slot_(stage.slot),
        stop_(surroundings.stop),
        next_(next) {}

  void push(engine::Chunk& chunk) override { held_.push_back(chunk.share()); }

  void flush() override {
    if (!held_.empty()) {
      at_ = 0;
      engine::Bindings bindings;
      bindings.slots[slot_] = this;
      const auto rows = prepared_->run(bindings, stop_);
      engine::Chunk out;
      while (rows->next(out)) next_.push(out);
    }
    next_.flush();
    held_.clear();  // after the run: the rows' memory is theirs
  }

  void end_epoch() override { next_.end_epoch(); }

 private:
  bool pull(engine::Chunk& out) override {
    if (at_ == held_.size()) return false;
    out = held_[at_++].share();
    return true;
  }

  std::unique_ptr<engine::Prepared> prepared_;
  int slot_;
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

class DedupRunner final : public Stage, public StageState {
 public:
  DedupRunner(const plan::DedupStage& stage, int number, StageSurroundings surroundings,
              Stage& next)
      : stage_(stage),
        name_(std::to_string(number)),
        event_time_(surroundings.event_time),
        counters_(surroundings.counters),
        next_(next),
        keys_({files::join_uri(surroundings.checkpoint, "state/" + name_)}, surroundings.store,
              surroundings.random) {}

  void push(engine::Chunk& chunk) override {
    drop_late(chunk);
    if (chunk.size() == 0) return;
    std::vector<kernels::ColumnView> columns;
    for (const int key : stage_.keys) columns.push_back(chunk.column(static_cast<uint64_t>(key)));
    hash_rows(columns, chunk.size(), hashes_);
    keys_.insert(hashes_, is_new_);
    selection_.clear();
    for (uint32_t row = 0; row < is_new_.size(); ++row) {
      if (is_new_[row] != 0) selection_.push_back(row);
    }
    counters_.duplicates += static_cast<int64_t>(is_new_.size() - selection_.size());
    if (selection_.empty()) return;
    if (selection_.size() < is_new_.size()) chunk.select(selection_);
    next_.push(chunk);
  }
  void flush() override { next_.flush(); }
  void end_epoch() override { next_.end_epoch(); }

  std::string name() const override { return name_; }
  void restore(const std::string& version) override { keys_.restore(version); }
  std::string prepare(int64_t epoch) override { return keys_.prepare(epoch); }
  void collect(const std::string& version, int64_t epoch) override {
    keys_.collect(version, epoch);
  }
  int64_t keys() const override { return keys_.keys(); }
  int64_t memory_bytes() const override { return keys_.memory_bytes(); }

 private:
  void drop_late(engine::Chunk& chunk) {
    if (!stage_.event_time) return;
    const kernels::ColumnView column = chunk.column(static_cast<uint64_t>(*stage_.event_time));
    const auto* const micros = column.values<int64_t>();
    selection_.clear();
    for (uint32_t row = 0; row < column.size; ++row) {
      if (!column.is_valid(row) || micros[row] > event_time_.late_ms * 1000)
        selection_.push_back(row);
    }
    counters_.late += static_cast<int64_t>(column.size - selection_.size());
    if (selection_.size() < column.size) chunk.select(selection_);
  }

  plan::DedupStage stage_;
  std::string name_;
  EventTime& event_time_;
  StageCounters& counters_;
  Stage& next_;
  KeySet keys_;
  std::vector<Hash128> hashes_;
  std::vector<uint8_t> is_new_;
  std::vector<uint32_t> selection_;
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

StatefulStage make_dedup_stage(const plan::DedupStage& stage, int number,
                               StageSurroundings surroundings, Stage& next) {
  auto runner = std::make_unique<DedupRunner>(stage, number, surroundings, next);
  StageState* const state = runner.get();
  return {std::move(runner), state};
}

std::unique_ptr<Stage> make_tee_stage(std::vector<Stage*> targets) {
  return std::make_unique<TeeRunner>(std::move(targets));
}

}  // namespace firn::stream

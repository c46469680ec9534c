// Deduplication: for ever, by a set of keys on disk, or for as long as the watermark's delay.
#include "base/error.h"
#include "stream/row_hash.h"
#include "stream/stage.h"
#include "stream/state/expiring_keys.h"
#include "stream/state/key_set.h"

namespace firn::stream {
namespace {

class DedupBase : public Stage, public StageState {
 public:
  DedupBase(const plan::DedupStage& stage, int number, StageSurroundings surroundings, Stage& next)
      : stage_(stage),
        name_(std::to_string(number)),
        event_time_(surroundings.event_time),
        counters_(surroundings.counters),
        next_(next) {}

  void push(engine::Chunk& chunk) final {
    drop_late(chunk);
    if (chunk.size() == 0) return;
    std::vector<kernels::ColumnView> columns;
    for (const int key : stage_.keys) columns.push_back(chunk.column(static_cast<uint64_t>(key)));
    hash_rows(columns, chunk.size(), hashes_);
    look_up(chunk);
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
  std::string name() const final { return name_; }

 protected:
  // Fills is_new_ for the rows of the chunk, whose hashes are in hashes_.
  virtual void look_up(engine::Chunk& chunk) = 0;

  plan::DedupStage stage_;
  std::string name_;
  EventTime& event_time_;
  StageCounters& counters_;
  Stage& next_;
  std::vector<Hash128> hashes_;
  std::vector<uint8_t> is_new_;

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

  std::vector<uint32_t> selection_;
};

class DedupRunner final : public DedupBase {
 public:
  DedupRunner(const plan::DedupStage& stage, int number, StageSurroundings surroundings,
              Stage& next)
      : DedupBase(stage, number, surroundings, next),
        keys_({files::join_uri(surroundings.checkpoint, "state/" + name_)}, surroundings.store,
              surroundings.random) {}

  void restore(const std::string& version) override { keys_.restore(version); }
  std::string prepare(int64_t epoch) override { return keys_.prepare(epoch); }
  void collect(const std::string& version, int64_t epoch) override {
    keys_.collect(version, epoch);
  }
  int64_t keys() const override { return keys_.keys(); }
  int64_t memory_bytes() const override { return keys_.memory_bytes(); }

 private:
  void look_up(engine::Chunk&) override { keys_.insert(hashes_, is_new_); }

  KeySet keys_;
};

class DedupWithinRunner final : public DedupBase {
 public:
  DedupWithinRunner(const plan::DedupStage& stage, int number, StageSurroundings surroundings,
                    Stage& next)
      : DedupBase(stage, number, surroundings, next),
        keys_(files::join_uri(surroundings.checkpoint, "state/" + name_), surroundings.store,
              surroundings.random) {}

  void end_epoch() override {
    keys_.expire(event_time_.watermark_ms * 1000);
    next_.end_epoch();
  }
  void restore(const std::string& version) override { keys_.restore(version); }
  std::string prepare(int64_t epoch) override { return keys_.prepare(epoch); }
  void collect(const std::string& version, int64_t epoch) override {
    keys_.collect(version, epoch);
  }
  int64_t keys() const override { return keys_.keys(); }
  int64_t memory_bytes() const override { return keys_.memory_bytes(); }

 private:
  void look_up(engine::Chunk& chunk) override {
    FIRN_CHECK(stage_.event_time, "deduplication within the watermark has an event time");
    const kernels::ColumnView times = chunk.column(static_cast<uint64_t>(*stage_.event_time));
    const auto* const micros = times.values<int64_t>();
    is_new_.resize(hashes_.size());
    for (uint64_t row = 0; row < hashes_.size(); ++row) {
      const int64_t time = times.is_valid(row) ? micros[row] : 0;  // as Spark takes NULL
      is_new_[row] = keys_.insert(hashes_[row], time + *stage_.within_us) ? 1 : 0;
    }
  }

  ExpiringKeys keys_;
};

template <class Runner>
StatefulStage made(std::unique_ptr<Runner> runner) {
  StageState* const state = runner.get();
  return {std::move(runner), state};
}

}  // namespace

StatefulStage make_dedup_stage(const plan::DedupStage& stage, int number,
                               StageSurroundings surroundings, Stage& next) {
  if (stage.within_us)
    return made(std::make_unique<DedupWithinRunner>(stage, number, surroundings, next));
  return made(std::make_unique<DedupRunner>(stage, number, surroundings, next));
}

}  // namespace firn::stream

// Aggregation: each slice's partial results are merged into state. Append mode: windows that the
// watermark has passed go out once and are gone. Update mode: groups that a batch changed go out,
// and closed windows are dropped. Complete mode: all groups go out, and stay.
#include <filesystem>
#include <set>
#include <utility>

#include "base/error.h"
#include "engine/chunk_builder.h"
#include "stream/stage.h"
#include "stream/state/state_merge.h"
#include "stream/state/value_codec.h"
#include "stream/state/window_state.h"

namespace firn::stream {
namespace {

using kernels::ColumnView;

// A group's key in state is its window's end and its other keys; behind that stands what kind of
// entry it is: the states, or an element of a set (count(DISTINCT x)): the state's number, the
// element.
constexpr char kStates = '\0', kElement = '\1', kBehindElements = '\2';

constexpr size_t kMostStates = 256;           // a state's number is one byte
constexpr size_t kAggregateSliceChunks = 32;  // closed windows go on in slices, as input does
constexpr size_t kElementBatch = 4096;        // elements looked up at once

class ChunkList final : public engine::ChunkSource {
 public:
  void add(engine::Chunk chunk) { chunks_.push_back(std::move(chunk)); }
  bool empty() const { return chunks_.empty(); }
  size_t size() const { return chunks_.size(); }
  void clear() {
    chunks_.clear();
    at_ = 0;
  }

 private:
  bool pull(engine::Chunk& out) override {
    if (at_ == chunks_.size()) return false;
    out = chunks_[at_++].share();
    return true;
  }

  std::vector<engine::Chunk> chunks_;
  size_t at_ = 0;
};

// Of the columns that a plan of projections reads.
std::vector<types::DataType> slot_types(const plan::Relation& relation) {
  if (const auto* slot = std::get_if<plan::Slot>(&relation.node)) {
    std::vector<types::DataType> result;
    for (const plan::Attribute& column : slot->columns) result.push_back(column.type);
    return result;
  }
  const auto* node = std::get_if<plan::Project>(&relation.node);
  FIRN_CHECK(node != nullptr, "merged states are only projected");
  return slot_types(*node->child);
}

std::string scratch_folder(const std::string& checkpoint) {
  const std::string scheme = files::scheme_of(checkpoint);
  if (scheme.empty() || scheme == "file")
    return files::local_path(files::join_uri(checkpoint, "scratch"));
  return (std::filesystem::temp_directory_path() / "firn-scratch").string();
}

// State's entries back as rows of keys and states.
class ClosedRows {
 public:
  ClosedRows(const plan::AggregateStage& stage, std::vector<types::DataType> types)
      : stage_(stage), types_(std::move(types)), builder_(types_) {}

  // A new row; the one before is complete then.
  void begin(std::string_view key, std::string_view states) {
    FIRN_CHECK(rows_ < engine::kChunkRows, "closed rows are taken when the chunk is full");
    const uint64_t row = rows_++;
    const std::optional<int64_t> end = take_window_end(key);
    if (stage_.window_end) {
      kernels::Output& end_column = builder_.column(static_cast<size_t>(*stage_.window_end));
      if (end)
        end_column.values<int64_t>()[row] = *end;
      else
        end_column.set_null(row);
    }
    const auto keys = static_cast<size_t>(stage_.keys);
    for (size_t i = 0; i < keys; ++i)
      if (static_cast<int>(i) != stage_.window_end)
        take_value(key, types_[i], builder_.column(i), row);
    for (size_t i = 0; i < stage_.merges.size(); ++i)
      if (stage_.merges[i] == "distinct")
        builder_.column(keys + i).values<int64_t>()[row] = 0;
      else
        take_value(states, types_[keys + i], builder_.column(keys + i), row);
  }
  // Of the newest row.
  void count_element(size_t state) {
    ++builder_.column(static_cast<size_t>(stage_.keys) + state).values<int64_t>()[rows_ - 1];
  }
  uint64_t rows() const { return rows_; }
  engine::Chunk take() { return builder_.finish(std::exchange(rows_, 0)); }

 private:
  const plan::AggregateStage& stage_;
  std::vector<types::DataType> types_;
  engine::ChunkBuilder builder_;
  uint64_t rows_ = 0;
};

class AggregateRunner final : public Stage, public StageState {
 public:
  AggregateRunner(const plan::AggregateStage& stage, int number, StageSurroundings surroundings,
                  Stage& next)
      : stage_(stage),
        name_(std::to_string(number)),
        event_time_(surroundings.event_time),
        counters_(surroundings.counters),
        stop_(surroundings.stop),
        next_(next),
        partial_(surroundings.engine.prepare(stage.partial, batch_parameters())),
        final_(surroundings.engine.prepare(stage.final, batch_parameters())),
        closed_(stage_, slot_types(*stage.final)),
        state_({files::join_uri(surroundings.checkpoint, "state/" + name_),
                scratch_folder(surroundings.checkpoint)},
               surroundings.store, surroundings.random) {}

  void push(engine::Chunk& chunk) override { held_.add(chunk.share()); }

  void flush() override {
    if (!held_.empty()) {
      engine::Bindings bindings;
      bindings.slots[stage_.partial_slot] = &held_;
      bindings.parameters = {event_time_.batch_time_us};
      const auto rows = partial_->run(bindings, stop_);
      engine::Chunk chunk;
      while (rows->next(chunk)) merge(chunk);
    }
    held_.clear();  // after the run: the rows' memory is theirs
    next_.flush();
  }

  void end_epoch() override {
    const auto take = [&](std::string_view key, std::string_view value) { take_entry(key, value); };
    const int64_t watermark_us = event_time_.watermark_ms * 1000;
    switch (stage_.mode) {
      case plan::OutputMode::kAppend:
        state_.close(watermark_us, take);
        break;
      case plan::OutputMode::kUpdate:
        for (const std::string& group : changed_)
          state_.visit(group + kStates, group + kBehindElements, take);
        changed_.clear();
        if (stage_.window_end)
          state_.close(watermark_us, [](std::string_view, std::string_view) {});
        break;
      case plan::OutputMode::kComplete:
        state_.visit("", "", take);
    }
    group_.clear();
    if (closed_.rows() > 0) ready_.add(closed_.take());
    send_closed();
    next_.end_epoch();
  }

  std::string name() const override { return name_; }
  void restore(const std::string& version) override { state_.restore(version); }
  std::string prepare(int64_t epoch) override { return state_.prepare(epoch); }
  void collect(const std::string& version, int64_t epoch) override {
    state_.collect(version, epoch);
  }
  int64_t keys() const override { return state_.keys(); }
  int64_t memory_bytes() const override { return state_.memory_bytes(); }

 private:
  // ---- in
  void merge(const engine::Chunk& chunk) {
    columns_.clear();
    for (uint64_t i = 0; i < chunk.column_count(); ++i) columns_.push_back(chunk.column(i));
    keep_in_time(chunk.size());
    if (rows_.empty()) return;
    merge_groups();
    for (size_t i = 0; i < stage_.merges.size(); ++i)
      if (stage_.merges[i] == "distinct") merge_elements(i);
  }

  // A window is late when its end is at or before the watermark of the batch before. Complete mode
  // keeps every group, so that nothing is late.
  void keep_in_time(uint64_t size) {
    const ColumnView* const ends =
        stage_.window_end ? &columns_[static_cast<size_t>(*stage_.window_end)] : nullptr;
    const auto* const counts = columns_.back().values<int64_t>();
    const bool drops = stage_.mode != plan::OutputMode::kComplete;
    rows_.clear();
    prefixes_.clear();
    for (uint64_t row = 0; row < size; ++row) {
      std::optional<int64_t> end;
      if (ends != nullptr && ends->is_valid(row)) end = ends->values<int64_t>()[row];
      if (drops && end && *end <= event_time_.late_ms * 1000) {
        counters_.late += counts[row];
        continue;
      }
      std::string prefix;
      append_window_end(end, prefix);
      for (size_t i = 0; i < static_cast<size_t>(stage_.keys); ++i)
        if (static_cast<int>(i) != stage_.window_end) append_key(columns_[i], row, prefix);
      if (stage_.mode == plan::OutputMode::kUpdate) changed_.insert(prefix);
      rows_.push_back(row);
      prefixes_.push_back(std::move(prefix));
    }
  }

  const ColumnView& state_column(size_t state) const {
    return columns_[static_cast<size_t>(stage_.keys) + state];
  }

  void merge_groups() {
    std::vector<std::string> keys;
    for (const std::string& prefix : prefixes_) keys.push_back(prefix + kStates);
    std::vector<StateColumn> merged;
    for (size_t i = 0; i < stage_.merges.size(); ++i)
      if (stage_.merges[i] != "distinct")
        merged.push_back({stage_.merges[i], state_column(i).physical});
    std::vector<std::optional<std::string>> kept;
    state_.read(keys, kept);
    std::vector<WindowState::Entry> entries(keys.size());
    for (size_t at = 0; at < keys.size(); ++at) {
      std::string fresh;
      for (size_t i = 0; i < stage_.merges.size(); ++i)
        if (stage_.merges[i] != "distinct") append_value(state_column(i), rows_[at], fresh);
      entries[at].key = std::move(keys[at]);
      entries[at].is_new = !kept[at];
      if (kept[at])
        merge_states(merged, *kept[at], fresh, entries[at].value);
      else
        entries[at].value = std::move(fresh);
    }
    state_.write(entries);
  }

  void merge_elements(size_t state) {
    const ColumnView& sets = state_column(state);
    std::vector<std::string> keys;
    for (size_t at = 0; at < rows_.size(); ++at) {
      if (!sets.is_valid(rows_[at])) continue;
      const kernels::ListEntry set = sets.values<kernels::ListEntry>()[rows_[at]];
      for (uint64_t i = 0; i < set.length; ++i) {
        std::string key = prefixes_[at] + kElement + static_cast<char>(state);
        append_key(sets.children[0], set.offset + i, key);
        keys.push_back(std::move(key));
        if (keys.size() == kElementBatch) add_elements(keys);
      }
    }
    add_elements(keys);
  }

  void add_elements(std::vector<std::string>& keys) {
    std::vector<std::optional<std::string>> kept;
    state_.read(keys, kept);
    std::vector<WindowState::Entry> entries;
    for (size_t i = 0; i < keys.size(); ++i)
      if (!kept[i]) entries.push_back({std::move(keys[i]), "", true});
    keys.clear();
    if (!entries.empty()) state_.write(entries);
  }

  // ---- out
  // Entries come in order: a group's states, then its elements.
  void take_entry(std::string_view key, std::string_view value) {
    if (!group_.empty() && key.starts_with(group_) && key[group_.size()] == kElement)
      return closed_.count_element(static_cast<unsigned char>(key[group_.size() + 1]));
    FIRN_CHECK(!key.empty() && key.back() == kStates, "an element of a set without its group");
    if (closed_.rows() == engine::kChunkRows) {
      ready_.add(closed_.take());
      if (ready_.size() == kAggregateSliceChunks) send_closed();
    }
    group_ = key.substr(0, key.size() - 1);
    closed_.begin(group_, value);
  }

  void send_closed() {
    if (!ready_.empty()) {
      engine::Bindings bindings;
      bindings.slots[stage_.final_slot] = &ready_;
      bindings.parameters = {event_time_.batch_time_us};
      const auto rows = final_->run(bindings, stop_);
      engine::Chunk chunk;
      while (rows->next(chunk)) next_.push(chunk);
    }
    next_.flush();
    ready_.clear();
  }

  plan::AggregateStage stage_;
  std::string name_;
  EventTime& event_time_;
  StageCounters& counters_;
  const StopToken& stop_;
  Stage& next_;
  std::unique_ptr<engine::Prepared> partial_, final_;
  ChunkList held_, ready_;
  ClosedRows closed_;
  std::string group_;              // of the newest closed row
  std::set<std::string> changed_;  // update mode: the groups of this epoch
  WindowState state_;
  std::vector<ColumnView> columns_;  // of the partial result being merged
  std::vector<uint64_t> rows_;       // of it, those in time
  std::vector<std::string> prefixes_;
};

}  // namespace

StatefulStage make_aggregate_stage(const plan::AggregateStage& stage, int number,
                                   StageSurroundings surroundings, Stage& next) {
  if (stage.merges.size() > kMostStates)
    throw_unsupported("more than 256 aggregates in one aggregation over a stream");
  auto runner = std::make_unique<AggregateRunner>(stage, number, surroundings, next);
  StageState* const state = runner.get();
  return {std::move(runner), state};
}

}  // namespace firn::stream

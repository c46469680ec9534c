// Cuts one plan over a Slot into stages. For the cut of streams only.
#pragma once

#include <map>

#include "plan/build.h"
#include "plan/streaming.h"

namespace firn::plan {

class StageBuilder {
 public:
  StageBuilder(int64_t first_id, OutputMode mode) : next_id_(first_id), mode_(mode) {}

  // `columns`: what the stage before hands out.
  void start(std::vector<Attribute> columns);
  // The columns after the last stage. `exact`: they are the plan's output, in order; else they may
  // be more.
  std::vector<Attribute> run(const RelationPtr& plan, bool exact);
  std::vector<StreamStage> take() { return std::move(stages_); }

 private:
  class AggregateParts;
  enum class Time : uint8_t { kMoment, kWindow };  // event time itself, or a window of it

  RelationPtr open(
      const RelationPtr& plan);  // the plan over the current Slot, stages for what is below
  std::vector<Attribute> close(const RelationPtr& plan, bool exact);
  RelationPtr deduplicate(const std::vector<AttributeId>& keys, bool within_watermark,
                          const RelationPtr& child);
  RelationPtr complete_only(const Relation& node, const char* what);
  RelationPtr aggregate(const Aggregate& node, const RelationPtr& child);
  void trace(const std::vector<ExprPtr>& expressions);
  std::optional<Time> time_of(const Expr& expr) const;
  bool is_event_time(const Expr& expr) const;
  RelationPtr slot() const;
  std::optional<int> index_of(AttributeId id) const;
  AttributeId fresh() { return AttributeId{next_id_++}; }

  int64_t next_id_;
  OutputMode mode_;
  bool aggregated_ = false;          // an aggregation stands below what is built
  bool whole_epoch_ = false;         // the segment being built needs all rows of an epoch
  std::optional<int64_t> delay_us_;  // of the newest watermark
  std::vector<Attribute> columns_;   // of the current Slot
  std::vector<StreamStage> stages_;
  std::map<AttributeId, Time> times_;  // kept over runs: targets read what the shared part marked
};

}  // namespace firn::plan

// The cut of streaming plans: at the source, at state operators, and where several targets part.
// What lies between the cuts are segments: plans over a Slot that are prepared once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "plan/relation.h"

namespace firn::plan {

// from_json(cast(value as string), schema) directly over the source, done by the source itself.
struct PushedJson {
  types::DataType schema;             // the wanted fields only
  std::string mode;                   // PERMISSIVE, FAILFAST, DROPMALFORMED
  std::string corrupt_record_column;  // "" = none
  std::string time_zone;
};

// What the source hands out: its own columns by their name in the source schema ("value", "offset",
// …), or the pushed JSON struct.
struct SourceColumn {
  Attribute attribute;
  std::string field;  // "" = the pushed JSON struct
};

enum class OutputMode : uint8_t { kAppend, kComplete, kUpdate };
std::string_view name_of(OutputMode);                           // "append"
std::optional<OutputMode> parse_output_mode(std::string_view);  // in any case

struct SegmentStage {
  RelationPtr plan;  // over Slot{id = slot}; its output is the stage's
  int slot = 0;
  bool whole_epoch = false;  // needs all rows of an epoch at once (ORDER BY, LIMIT)
};
struct WatermarkStage {
  int column = 0;  // of the stage's input
  int64_t delay_us = 0;
};
struct DedupStage {
  std::vector<int> keys;             // columns of the stage's input
  std::optional<int64_t> within_us;  // dropDuplicatesWithinWatermark: how long a key is remembered
  std::optional<int>
      event_time;  // the watermark's column where there is one: late rows are dropped
};
// Aggregation. `partial` aggregates one slice of the input, which comes in
// through Slot{partial_slot}: its columns are the keys, the states, and the number of rows. `final`
// turns the merged keys and states of what goes out (append: closed windows; update: groups that
// changed; complete: all groups), which come in through Slot{final_slot} (no
// number of rows; a "distinct" state is a BIGINT there), into the output.
struct AggregateStage {
  RelationPtr partial;
  int partial_slot = 0;
  RelationPtr final;
  int final_slot = 0;
  int keys = 0;  // how many leading columns of the partial result are keys
  std::vector<std::string>
      merges;  // one a state: sum, wrapping_sum, min, max, distinct (an array that is a set)
  std::optional<int> window_end;  // the key that closes a group once the watermark reaches it
  OutputMode mode = OutputMode::kAppend;
};
using StreamStage = std::variant<SegmentStage, WatermarkStage, DedupStage, AggregateStage>;

struct StreamTarget {
  std::vector<StreamStage> stages;  // from the shared columns to the target's columns
};

struct StreamCut {
  StreamSource source;
  std::vector<SourceColumn> columns;  // of the decoder, in order: the only ones that anybody needs
  std::optional<PushedJson> json;
  std::vector<StreamStage> shared;    // computed once, before the targets part (may be empty)
  std::vector<StreamTarget> targets;  // one a plan given
};

// All plans read the same StreamSource node (pointer-equal relation); relations that all of them
// share above it are computed once. Throws Error naming what a stream can't do (sort, limit, joins
// of streams, aggregation without watermark …).
StreamCut cut_streams(const std::vector<RelationPtr>& resolved,
                      OutputMode mode = OutputMode::kAppend);

// The source of a resolved streaming plan; nullptr where there is none.
RelationPtr find_stream_source(const RelationPtr& plan);

}  // namespace firn::plan

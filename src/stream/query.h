// One streaming query: a source, a shared decoding step, one or several targets; micro-batches,
// each exactly once.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/stop_token.h"
#include "engine/engine.h"
#include "plan/command.h"
#include "plan/relation.h"
#include "plan/resolve.h"
#include "stream/ledger.h"
#include "stream/source/source.h"
#include "table/table.h"

namespace firn::stream {

struct TriggerAsap {};  // as fast as possible (default)
struct TriggerProcessingTime {
  int64_t interval_ms = 0;
};
struct TriggerAvailableNow {};
struct TriggerOnce {};
using Trigger = std::variant<TriggerAsap, TriggerProcessingTime, TriggerAvailableNow, TriggerOnce>;

struct TargetExpectation {
  std::string name;
  plan::ExprPtr predicate;
  plan::OnViolation on_violation = plan::OnViolation::kKeep;
};  // resolved over the target's columns; plan::OnViolation

struct Target {
  std::string name;                     // qualified, for messages and progress
  std::shared_ptr<table::Table> table;  // exists already
  plan::RelationPtr plan;  // resolved, streaming, assigned to the table's schema, rewritten
  std::vector<TargetExpectation> expectations;
};

struct QueryOptions {
  std::string name;        // of the flow, for progress
  std::string checkpoint;  // folder URI
  Trigger trigger;
  std::map<std::string, std::string> conf;  // Spark's confs that the offset log carries
  int64_t max_records_per_epoch = 1000000;  // firn's own cap where maxOffsetsPerTrigger is not set
  std::string crash_at;  // tests: "<step>:<n>" ends the process with SIGKILL at that step
};

struct TargetProgress {
  std::string table;
  int64_t rows = 0;
  std::optional<int64_t> snapshot_id;
  std::map<std::string, int64_t> expectations_failed;
};
struct Progress {  // one a batch
  std::string query_id, run_id, name;
  int64_t epoch = 0;
  int64_t timestamp_ms = 0;
  int64_t rows_in = 0, rows_out = 0, rejected = 0, late = 0, duplicates = 0, malformed = 0;
  double rows_per_second = 0, seconds = 0;
  std::vector<TargetProgress> targets;
  std::vector<PartitionLag> lag;
  std::optional<int64_t> watermark_ms;
  int64_t state_keys = 0, state_bytes = 0;
  std::map<std::string, double> stage_ms;  // fetch, decode, run, state, write, prepare, commit
  std::map<std::string, int64_t> totals;   // cumulative since the checkpoint began
};

class Query {
 public:
  virtual ~Query() = default;
  // Runs in the caller's thread until the trigger is done (available-now, once), the stop token
  // fires (the batch under way is finished or abandoned, no partial commit) or an Error ends it.
  virtual void run(const StopToken&) = 0;
  virtual std::string id() const = 0;          // the checkpoint's
  virtual Progress last_progress() const = 0;  // safe from other threads
};

struct Services {
  engine::Engine& engine;
  files::FileStore& store;
  Clock& clock;
  Random& random;
};

// `on_progress` is called after each batch, from the query's threads.
std::unique_ptr<Query> make_query(QueryOptions, std::vector<Target>, Services,
                                  std::function<void(const Progress&)> on_progress);

}  // namespace firn::stream

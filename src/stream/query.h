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
#include "plan/streaming.h"
#include "stream/ledger.h"
#include "stream/sink/sink.h"
#include "stream/source/source.h"
#include "table/table.h"

namespace firn::stream {

class Pipeline;

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
  std::shared_ptr<table::Table> table;  // exists already; null: `sink` takes the rows
  std::shared_ptr<BatchSink> sink;
  plan::RelationPtr plan;  // resolved, streaming, assigned to the table's schema, rewritten
  std::vector<TargetExpectation> expectations;
};

struct QueryOptions {
  std::string name;        // of the flow, for progress
  std::string checkpoint;  // folder URI
  Trigger trigger;
  plan::OutputMode output_mode = plan::OutputMode::kAppend;
  std::map<std::string, std::string> conf;  // Spark's confs that the offset log carries
  int64_t max_records_per_epoch = 1000000;  // firn's own cap where maxOffsetsPerTrigger is not set
  std::string crash_at;  // tests: "<step>:<n>" ends the process with SIGKILL at that step
};

struct TargetProgress {
  std::string table;  // or the sink's description
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
  std::map<std::string, int64_t> failed_merges;  // of small manifests, by table, since the start
  std::string source, start_offset, end_offset, latest_offset;
  bool is_stateful = false;
};

// What a query is doing, in Spark's words.
struct Status {
  std::string message = "Initializing sources";
  bool is_data_available = false, is_trigger_active = false;
};

// Called from the query's threads.
struct QueryEvents {
  std::function<void(const Progress&)> progress;  // after each batch
  std::function<void()> idle;                     // a round found nothing to do
};

class Query {
 public:
  virtual ~Query() = default;
  // Runs in the caller's thread until the trigger is done (available-now, once), the stop token
  // fires (the batch under way is finished or abandoned, no partial commit) or an Error ends it.
  virtual void run(const StopToken&) = 0;
  virtual std::string id() const = 0;  // the checkpoint's
  virtual std::string run_id() const = 0;
  // Safe from other threads:
  virtual Progress last_progress() const = 0;
  virtual Status status() const = 0;
  // Until a round that began after the call has asked the source and found nothing, and everything
  // is committed; false where the query ended or was stopped before.
  virtual bool process_all_available(const StopToken&) = 0;
};

struct Services {
  engine::Engine& engine;
  files::FileStore& store;
  Clock& clock;
  Random& random;
  // A table by the name that a StreamSource or TableScan has, as it stands now. Safe for concurrent
  // use.
  std::function<table::Table(const std::vector<std::string>& name)> open_table;
  // A plan with its TableScans as the tables stand now; null: they stay as they were resolved.
  std::function<plan::RelationPtr(const plan::RelationPtr&)> refresh;
};

// Opens the checkpoint and checks the plans; the source is asked when the query runs. Throws
// STREAM_CHECKPOINT_IN_USE, and what plan::cut_streams throws.
std::unique_ptr<Query> make_query(QueryOptions, std::vector<Target>, Services, QueryEvents);

// What reads and evaluates, where that is not to follow from the targets' plans: simulations give
// doubles, and targets without a plan.
struct QueryParts {
  std::function<std::unique_ptr<Source>()> source;
  std::function<std::unique_ptr<Pipeline>(const StopToken& stop)> pipeline;
};
std::unique_ptr<Query> make_query(QueryOptions, std::vector<Target>, QueryParts, Services,
                                  QueryEvents);

}  // namespace firn::stream

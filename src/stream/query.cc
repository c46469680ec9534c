// The micro-batch loop: plan a range, run it through the pipeline, hand the epoch to the committer,
// go on with the next one while it commits. The offset log's entry is written by the committer,
// before anything of the epoch is prepared: what runs ahead of it is work that a crash throws away.
#include "stream/query.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/error.h"
#include "base/log.h"
#include "stream/epoch.h"
#include "stream/pipeline.h"
#include "stream/prefetch.h"
#include "stream/source/formats.h"
#include "table/token.h"

namespace firn::stream {
namespace {

using Steady = std::chrono::steady_clock;

constexpr int64_t kPrefetchBytes = 16 << 20;
constexpr int kIdleWaitMs = 100;
constexpr int64_t kCollectEvery = 16;

// What Spark records with every offset entry; kept as found in a checkpoint that is there.
struct ConfRow {
  const char* key;
  const char* value;
};
constexpr ConfRow kOffsetConfs[] = {
    {"spark.sql.streaming.stateStore.providerClass",
     "org.apache.spark.sql.execution.streaming.state.HDFSBackedStateStoreProvider"},
    {"spark.sql.streaming.flatMapGroupsWithState.stateFormatVersion", "2"},
    {"spark.sql.streaming.multipleWatermarkPolicy", "min"},
    {"spark.sql.streaming.aggregation.stateFormatVersion", "2"},
    {"spark.sql.streaming.join.stateFormatVersion", "2"},
    {"spark.sql.streaming.statefulOperator.useStrictDistribution", "true"},
    {"spark.sql.shuffle.partitions", "200"},
};

double milliseconds_since(Steady::time_point start) {
  return std::chrono::duration<double, std::milli>(Steady::now() - start).count();
}

std::vector<CommitTarget> commit_targets(const std::vector<Target>& targets, Clock& clock) {
  std::vector<CommitTarget> result;
  for (const Target& target : targets) {
    CommitTarget one;
    one.name = target.name;
    one.sink = target.sink;
    if (one.sink != nullptr) {
      one.columns = target.plan->output;
      result.push_back(std::move(one));
      continue;
    }
    one.queue = std::make_shared<table::CommitQueue>(*target.table, clock);
    one.table_uuid = target.table->metadata().table_uuid;
    const auto& properties = target.table->metadata().properties;
    if (const auto found = properties.find("firn.stream.max-snapshots"); found != properties.end())
      one.max_snapshots = std::stoi(found->second);
    result.push_back(std::move(one));
  }
  return result;
}

class MicroBatchQuery final : public Query {
 public:
  // No `parts`: they follow from the targets' plans.
  MicroBatchQuery(QueryOptions options, std::vector<Target> targets,
                  std::optional<QueryParts> parts, Services services, QueryEvents events)
      : options_(std::move(options)),
        targets_(std::move(targets)),
        services_(std::move(services)),
        events_(std::move(events)),
        run_id_(random_uuid(services_.random)) {
    for (const Target& target : targets_) fills_sinks_ |= target.sink != nullptr;
    parts_ = parts ? std::move(*parts) : planned_parts();
    ledger_ = open_ledger(services_.store, options_.checkpoint, services_.random);
  }

  std::string id() const override { return ledger_->query_id(); }
  std::string run_id() const override { return run_id_; }

  Progress last_progress() const override {
    const std::lock_guard lock(mutex_);
    return last_;
  }

  Status status() const override {
    const std::lock_guard lock(mutex_);
    return status_;
  }

  bool process_all_available(const StopToken& stop) override {
    std::unique_lock lock(mutex_);
    const int64_t wanted = ++rounds_wanted_;
    while (rounds_idle_ < wanted && !ended_ && !stop.stop_requested())
      changed_.wait_for(lock, std::chrono::milliseconds(50));
    return rounds_idle_ >= wanted;
  }

  void run(const StopToken& stop) override {
    stop_ = stop;
    const Ending ending(*this);
    open();
    const std::stop_callback link(stop, [this] { committer_->stop_waiting(); });
    try {
      recover();
      loop();
    } catch (const Error& error) {
      if (error.code() != Code::kCancelled)
        throw;  // a stop: what is prepared is finished below, the rest abandoned
    }
    try {
      committer_->drain();
    } catch (const Error& error) {
      if (error.code() != Code::kCancelled) throw;
      log_info("{}: stopped in the middle of a batch; the next start goes on from the checkpoint",
               options_.name);
    }
  }

 private:
  // Wakes those who wait for a query that ends, however it ends.
  class Ending {
   public:
    explicit Ending(MicroBatchQuery& query) : query_(query) {}
    ~Ending() {
      const std::lock_guard lock(query_.mutex_);
      query_.ended_ = true;
      query_.status_.is_trigger_active = false;
      query_.changed_.notify_all();
    }
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;

   private:
    MicroBatchQuery& query_;
  };

  void set_status(const std::string& message, bool trigger_active, bool data_available) {
    const std::lock_guard lock(mutex_);
    status_ = {message, data_available, trigger_active};
  }

  // ---- start
  QueryParts planned_parts() {
    std::vector<plan::RelationPtr> plans;
    for (const Target& target : targets_) plans.push_back(target.plan);
    cut_ = plan::cut_streams(plans, options_.output_mode);
    QueryParts parts;
    parts.source = [this] {
      std::vector<std::string> wanted;
      for (const plan::SourceColumn& column : cut_.columns) wanted.push_back(column.field);
      return make_source(cut_.source,
                         {services_.engine, services_.store, services_.clock, services_.open_table,
                          files::join_uri(options_.checkpoint, "sources/0"), std::move(wanted)});
    };
    parts.pipeline = [this](const StopToken& stop) {
      return make_pipeline(targets_, cut_, options_.checkpoint, services_, stop);
    };
    return parts;
  }

  void open() {
    source_ = parts_.source();
    pipeline_ = parts_.pipeline(stop_);
    committer_ = std::make_unique<Committer>(
        Committer::Seams{*ledger_, services_.clock, services_.random},
        commit_targets(targets_, services_.clock), CrashPoint(options_.crash_at),
        [this](const Epoch& epoch, Progress progress) { committed(epoch, std::move(progress)); });
  }

  // Where the query's first batch starts; nullopt where that is not known yet.
  std::optional<std::string> first_position() {
    return source_->keeps_its_start() ? source_->initial_offsets(stop_)
                                      : ledger_->initial_offsets();
  }

  void recover() {
    const std::optional<OffsetEntry> offsets = ledger_->latest_offsets();
    const std::optional<CommitEntry> commit = ledger_->latest_commit();
    if (!offsets) {
      const auto initial = first_position();
      position_ = initial ? *initial : source_->initial_offsets(stop_);
      if (!initial) ledger_->write_initial_offsets(position_);
      return;
    }
    if (offsets->source_offsets.size() != 1)
      throw Error(
          "STREAM_CHECKPOINT_CORRUPT",
          {{"location", options_.checkpoint},
           {"reason", "it has offsets of " + std::to_string(offsets->source_offsets.size()) +
                          " sources, this query has one"}});
    conf_ = offsets->conf;
    const int64_t done = commit ? commit->epoch : -1;
    if (done < offsets->epoch - 1)
      throw Error("STREAM_CHECKPOINT_CORRUPT",
                  {{"location", options_.checkpoint},
                   {"reason", "batch " + std::to_string(offsets->epoch - 1) +
                                  " has offsets but was never committed"}});
    if (done >= offsets->epoch) return resume_after(*offsets, commit->next_watermark_ms);
    if (const auto record = ledger_->prepared(offsets->epoch)) {
      committer_->recover(*record, *offsets);
      return resume_after(*offsets, record->next_watermark_ms);
    }
    replay(*offsets);
  }

  // Epoch `offsets` is committed: the next one follows.
  void resume_after(const OffsetEntry& offsets, int64_t next_watermark_ms) {
    position_ = offsets.source_offsets.front();
    position_file_ =
        files::join_uri(options_.checkpoint, "offsets/" + std::to_string(offsets.epoch));
    next_epoch_ = offsets.epoch + 1;
    late_ms_ = offsets.watermark_ms;
    watermark_ms_ = next_watermark_ms;
    restore(offsets.epoch);
    log_info("{}: going on from the checkpoint after batch {}", options_.name, offsets.epoch);
  }

  // Epoch `offsets` was begun and nothing of it committed: it runs again over the same range, under
  // new names.
  void replay(const OffsetEntry& offsets) {
    const auto before = offsets.epoch == 0 ? std::nullopt : ledger_->offsets(offsets.epoch - 1);
    if (offsets.epoch > 0 && !before)
      throw Error("STREAM_CHECKPOINT_CORRUPT",
                  {{"location", options_.checkpoint},
                   {"reason",
                    "the offsets of batch " + std::to_string(offsets.epoch - 1) + " are missing"}});
    const auto initial = first_position();
    if (!before && !initial)
      throw Error("STREAM_CHECKPOINT_CORRUPT",
                  {{"location", options_.checkpoint}, {"reason", "sources/0/0 is missing"}});
    position_ = before ? before->source_offsets.front() : *initial;
    next_epoch_ = offsets.epoch;
    late_ms_ = before ? before->watermark_ms : 0;
    watermark_ms_ = offsets.watermark_ms;
    if (before) restore(before->epoch);
    log_info("{}: running batch {} again, which was begun but not committed", options_.name,
             offsets.epoch);
    replayed_ = offsets;
  }

  void restore(int64_t epoch) {
    const auto record = ledger_->prepared(epoch);
    if (!record) {
      if (pipeline_->is_stateful())
        throw_unsupported("the checkpoint " + options_.checkpoint +
                          " has no state of firn for batch " + std::to_string(epoch) +
                          ": only checkpoints of stateless queries move between Spark and firn");
      return;
    }
    pipeline_->restore_state(record->state);
    totals_ = record->counters;
    for (const Target& target : targets_) {
      for (const PreparedTarget& prepared : record->targets) {
        if (prepared.table != target.name) continue;
        const std::optional<int64_t> last =
            prepared.files.empty() ? prepared.last_written_epoch : std::optional(epoch);
        check_table(target, prepared, last, *record);
        committer_->set_last_written(prepared.table, last);
      }
    }
  }

  // A table that is not as the query left it (set back, made anew, ahead of an old checkpoint) is
  // told before anything of a new epoch is prepared, for this table or for another one.
  void check_table(const Target& target, const PreparedTarget& prepared,
                   const std::optional<int64_t>& last, const PreparedRecord& record) {
    if (target.table == nullptr) return;
    table::Table now = *target.table;
    now.refresh();
    if (last && now.metadata().table_uuid != prepared.table_uuid)
      throw Error("STREAM_TABLE_RECREATED", {{"table", target.name},
                                             {"query", ledger_->query_id()},
                                             {"found", now.metadata().table_uuid},
                                             {"expected", prepared.table_uuid}});
    table::decide(now.metadata(), target.name,
                  {.query_id = ledger_->query_id(),
                   .checkpoint_location = ledger_->folder(),
                   .epoch = record.epoch,
                   .last_written_epoch = last,
                   .source_offsets = record.source_offsets},
                  prepared.branch);
  }

  // ---- the loop
  void loop() {
    if (replayed_) run_epoch(std::string(replayed_->source_offsets.front()));  // outlives replayed_
    const bool finite = std::holds_alternative<TriggerAvailableNow>(options_.trigger) ||
                        std::holds_alternative<TriggerOnce>(options_.trigger);
    std::optional<std::string> last;
    if (finite) last = from_position([&] { return source_->latest(position_, stop_); });
    while (!stop_.stop_requested()) {
      const auto start = Steady::now();
      set_status("Getting offsets from " + source_->description(), true, false);
      const int64_t wanted = rounds_wanted();
      const std::string end = plan_range(
          wanted > 0 && !finite ? std::optional(source_->latest(position_, stop_)) : last);
      const bool has_data = !source_->same(position_, end);
      if (has_data) {
        set_status("Processing new data", true, true);
        run_epoch(end);
        if (std::holds_alternative<TriggerOnce>(options_.trigger)) break;
      } else if (pipeline_->is_stateful() && watermark_ms_ > late_ms_) {
        run_epoch(position_);  // no data, but the watermark moved: state advances, as with Spark's
                               // no-data batches
        if (finite && watermark_ms_ <= late_ms_) break;
        continue;
      } else if (finite) {
        break;
      } else {
        was_idle(wanted);
      }
      set_status(has_data ? "Waiting for next trigger" : "Waiting for data to arrive", false,
                 has_data);
      pace(start, !has_data);
    }
  }

  int64_t rounds_wanted() {
    const std::lock_guard lock(mutex_);
    return rounds_wanted_ > rounds_idle_ ? rounds_wanted_ : 0;
  }

  void was_idle(int64_t wanted) {
    if (wanted > 0) {
      committer_->drain();
      const std::lock_guard lock(mutex_);
      rounds_idle_ = wanted;
      changed_.notify_all();
    }
    if (events_.idle) events_.idle();
  }

  std::string plan_range(const std::optional<std::string>& last) {
    ReadLimit limit;
    const auto by_user = source_->max_records_per_batch();
    if (!std::holds_alternative<TriggerOnce>(options_.trigger))
      limit.max_records = by_user ? *by_user : options_.max_records_per_epoch;
    return from_position([&] {
      return last ? source_->bounded_end(position_, *last, limit)
                  : source_->next_end(position_, limit, stop_);
    });
  }

  // What a source cannot read of a position that came from the checkpoint, it cannot name.
  template <class Ask>
  std::string from_position(Ask&& ask) const {
    try {
      return ask();
    } catch (const Error& error) {
      if (position_file_.empty() || error.condition() != "FIRN_INVALID_INPUT") throw;
      throw Error("STREAM_CHECKPOINT_CORRUPT",
                  {{"location", position_file_}, {"reason", error.message()}});
    }
  }

  // Until the next trigger: at boundaries of the interval, or when something may have come.
  void pace(Steady::time_point start, bool idle) {
    if (const auto* interval = std::get_if<TriggerProcessingTime>(&options_.trigger);
        interval != nullptr && interval->interval_ms > 0) {
      const int64_t now = services_.clock.now_ms();
      const int64_t took = static_cast<int64_t>(milliseconds_since(start));
      const int64_t next = ((now - took) / interval->interval_ms + 1) * interval->interval_ms;
      sleep_until_ms(next);
    } else if (idle) {
      source_->wait(kIdleWaitMs, stop_);
    }
  }

  void sleep_until_ms(int64_t time) {
    while (!stop_.stop_requested()) {
      const int64_t left = time - services_.clock.now_ms();
      if (left <= 0) return;
      services_.clock.sleep_for(std::chrono::milliseconds(std::min<int64_t>(left, 50)));
    }
  }

  void run_epoch(const std::string& end) {
    const auto start = Steady::now();
    auto epoch = std::make_unique<Epoch>();
    epoch->number = next_epoch_;
    epoch->offsets =
        replayed_
            ? *replayed_
            : OffsetEntry{next_epoch_, watermark_ms_, services_.clock.now_ms(), confs(), {end}};
    Progress& progress = epoch->progress;
    pipeline_->begin_epoch(late_ms_, watermark_ms_, epoch->offsets.batch_timestamp_ms);
    const int64_t malformed = pipeline_->malformed();
    if (!source_->same(position_, end)) read_range(end, progress);
    const auto running = Steady::now();
    pipeline_->end_epoch();
    progress.stage_ms["run"] += milliseconds_since(running);
    progress.malformed = pipeline_->malformed() - malformed;
    epoch->next_watermark_ms = pipeline_->has_watermark() ? pipeline_->next_watermark_ms() : 0;
    describe(*epoch, end);
    epoch->writers = pipeline_->take_writers();
    epoch->batches = pipeline_->take_batches();
    const auto state = Steady::now();
    epoch->state = pipeline_->prepare_state(epoch->number);
    progress.stage_ms["state"] = milliseconds_since(state);
    progress.seconds = milliseconds_since(start) / 1000;
    const int64_t next_watermark = epoch->next_watermark_ms;
    committer_->submit(std::move(epoch), stop_);
    // A sink may change what the next batch reads (foreachBatch, a table beside the stream).
    if (fills_sinks_) committer_->drain();
    replayed_.reset();
    position_ = end;
    position_file_.clear();
    late_ms_ = watermark_ms_;
    watermark_ms_ = next_watermark;
    ++next_epoch_;
  }

  void read_range(const std::string& end, Progress& progress) {
    Prefetch reader(source_->read(position_, end), kPrefetchBytes, stop_);
    for (;;) {
      const auto waiting = Steady::now();
      std::optional<SourceBatch> batch = reader.next();
      progress.stage_ms["fetch"] += milliseconds_since(waiting);
      if (!batch) return;
      const auto running = Steady::now();
      progress.rows_in += pipeline_->push(std::move(*batch));
      progress.stage_ms["run"] += milliseconds_since(running);
    }
  }

  std::map<std::string, std::string> confs() {
    if (conf_.empty()) {
      conf_ = options_.conf;
      for (const ConfRow& row : kOffsetConfs) conf_.emplace(row.key, row.value);
    }
    return conf_;
  }

  // Everything about an epoch that is known before it commits.
  void describe(Epoch& epoch, const std::string& end) {
    Progress& progress = epoch.progress;
    const StageCounters& counters = pipeline_->counters();
    progress.query_id = ledger_->query_id();
    progress.run_id = run_id_;
    progress.name = options_.name;
    progress.epoch = epoch.number;
    progress.timestamp_ms = epoch.offsets.batch_timestamp_ms;
    progress.late = counters.late;
    progress.duplicates = counters.duplicates;
    progress.rejected = counters.dropped;
    for (const auto& [expectation, failed] : counters.expectations_failed)
      totals_["expectation." + expectation] += failed;
    const std::vector<int64_t> rows = pipeline_->target_rows();
    for (size_t i = 0; i < targets_.size(); ++i) {
      TargetProgress target{
          targets_[i].sink != nullptr ? targets_[i].sink->description() : targets_[i].name,
          rows[i],
          std::nullopt,
          {}};
      for (const TargetExpectation& expectation : targets_[i].expectations) {
        const auto failed =
            counters.expectations_failed.find(target.table + "." + expectation.name);
        target.expectations_failed[expectation.name] =
            failed == counters.expectations_failed.end() ? 0 : failed->second;
      }
      progress.targets.push_back(std::move(target));
      progress.rows_out += rows[i];
      totals_["rows." + targets_[i].name] += rows[i];
    }
    if (pipeline_->has_watermark()) progress.watermark_ms = epoch.offsets.watermark_ms;
    progress.state_keys = pipeline_->state_keys();
    progress.state_bytes = pipeline_->state_bytes();
    progress.lag = source_->lag(end);
    progress.is_stateful = pipeline_->is_stateful();
    progress.source = source_->description();
    progress.start_offset = position_;
    progress.end_offset = progress.latest_offset = end;
    totals_["rows_in"] += progress.rows_in;
    totals_["rows_out"] += progress.rows_out;
    totals_["late"] += progress.late;
    totals_["duplicates"] += progress.duplicates;
    totals_["rejected"] += progress.rejected;
    totals_["malformed"] += progress.malformed;
    progress.totals = epoch.counters = totals_;
  }

  // On the committing thread.
  void committed(const Epoch& epoch, Progress progress) {
    double seconds = progress.seconds;
    for (const auto& [stage, taken] : progress.stage_ms) {
      if (stage == "write" || stage == "prepare" || stage == "commit") seconds += taken / 1000;
    }
    progress.rows_per_second =
        progress.seconds > 0 ? static_cast<double>(progress.rows_in) / progress.seconds : 0;
    progress.seconds = seconds;
    if (epoch.number % kCollectEvery == 0) pipeline_->collect_state(epoch.state, epoch.number);
    {
      const std::lock_guard lock(mutex_);
      last_ = progress;
    }
    if (events_.progress) events_.progress(progress);
  }

  QueryOptions options_;
  std::vector<Target> targets_;
  Services services_;
  QueryEvents events_;
  bool fills_sinks_ = false;
  std::unique_ptr<Ledger> ledger_;
  std::string run_id_;
  StopToken stop_;

  plan::StreamCut cut_;  // where the parts follow from plans
  QueryParts parts_;
  std::unique_ptr<Source> source_;
  std::unique_ptr<Pipeline> pipeline_;
  std::map<std::string, std::string> conf_;
  std::map<std::string, int64_t> totals_;
  std::string position_;       // end of the last range that ran
  std::string position_file_;  // of the checkpoint, where position_ is from; "" later
  int64_t next_epoch_ = 0;
  int64_t late_ms_ = 0, watermark_ms_ = 0;  // of the next epoch
  std::optional<OffsetEntry>
      replayed_;  // the next epoch's entry where it stands in the log already

  mutable std::mutex mutex_;  // guards what follows, up to changed_
  Progress last_;
  Status status_;
  int64_t rounds_wanted_ = 0, rounds_idle_ = 0;  // of process_all_available()
  bool ended_ = false;
  std::condition_variable changed_;
  std::unique_ptr<Committer> committer_;  // last: its thread uses the others
};

}  // namespace

std::unique_ptr<Query> make_query(QueryOptions options, std::vector<Target> targets,
                                  Services services, QueryEvents events) {
  return std::make_unique<MicroBatchQuery>(std::move(options), std::move(targets), std::nullopt,
                                           std::move(services), std::move(events));
}

std::unique_ptr<Query> make_query(QueryOptions options, std::vector<Target> targets,
                                  QueryParts parts, Services services, QueryEvents events) {
  return std::make_unique<MicroBatchQuery>(std::move(options), std::move(targets), std::move(parts),
                                           std::move(services), std::move(events));
}

}  // namespace firn::stream

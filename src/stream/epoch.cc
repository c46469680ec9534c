// The commit of an epoch, step by step (docs/architecture.md, "Exactly once"): files durable →
// offset log → prepared record, put if absent → one commit a table, carrying the token → commit
// log.
#include "stream/epoch.h"

#include <unistd.h>
#include <csignal>

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "base/log.h"
#include "table/append.h"
#include "table/manifest_merge.h"

namespace firn::stream {
namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

// Adds the time between two points to a stage of the progress.
class StageTimer {
 public:
  StageTimer(Progress& progress, const char* stage)
      : slot_(progress.stage_ms[stage]), start_(std::chrono::steady_clock::now()) {}
  ~StageTimer() { slot_ += Milliseconds(std::chrono::steady_clock::now() - start_).count(); }
  StageTimer(const StageTimer&) = delete;
  StageTimer& operator=(const StageTimer&) = delete;

 private:
  double& slot_;
  std::chrono::steady_clock::time_point start_;
};

int64_t draw_snapshot_id(Random& random) { return static_cast<int64_t>(random.next() >> 1) | 1; }

}  // namespace

CrashPoint::CrashPoint(const std::string& text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return;
  step_ = text.substr(0, colon);
  epoch_ = std::stoll(text.substr(colon + 1));
}

void CrashPoint::reach(const std::string& step, int64_t epoch) const {
  if (epoch == epoch_ && step == step_) ::kill(::getpid(), SIGKILL);
}

Committer::Committer(Seams seams, std::vector<CommitTarget> targets, CrashPoint crash,
                     std::function<void(const Epoch&, Progress)> done)
    : seams_(seams),
      targets_(std::move(targets)),
      crash_(std::move(crash)),
      done_(std::move(done)),
      incarnation_(random_uuid(seams.random)),
      thread_([this] { run(); }) {}

Committer::~Committer() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void Committer::submit(std::unique_ptr<Epoch> epoch, const StopToken& stop) {
  std::unique_lock lock(mutex_);
  while (!waiting_.empty() && failure_ == nullptr && !stop.stop_requested())
    changed_.wait_for(lock, std::chrono::milliseconds(50));
  if (failure_ != nullptr) std::rethrow_exception(failure_);
  if (!waiting_.empty()) throw_if_stopped(stop);
  waiting_.push_back(std::move(epoch));
  changed_.notify_all();
}

void Committer::drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return failure_ != nullptr || (waiting_.empty() && !busy_); });
  if (failure_ != nullptr) std::rethrow_exception(failure_);
}

void Committer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    if (waiting_.empty() || failure_ != nullptr) return;
    const std::unique_ptr<Epoch> epoch = std::move(waiting_.front());
    waiting_.pop_front();
    busy_ = true;
    changed_.notify_all();
    lock.unlock();
    std::exception_ptr failure;
    try {
      commit(*epoch);
    } catch (...) {  // the thread's door: whoever submits or drains next rethrows it
      failure = std::current_exception();
    }
    lock.lock();
    busy_ = false;
    failure_ = failure;
    changed_.notify_all();
    if (failure != nullptr) return;
  }
}

void Committer::commit(Epoch& epoch) {
  PreparedRecord record;
  {
    const StageTimer timer(epoch.progress, "write");
    record = prepare(epoch);
  }
  crash_.reach("written", epoch.number);
  {
    const StageTimer timer(epoch.progress, "prepare");
    seams_.ledger.write_offsets(epoch.offsets);
    crash_.reach("offsets", epoch.number);
  }
  fill_sinks(epoch);
  crash_.reach("sinks", epoch.number);
  {
    const StageTimer timer(epoch.progress, "prepare");
    if (!seams_.ledger.put_prepared(record)) {
      throw Error("STREAM_CHECKPOINT_IN_USE",
                  {{"location", seams_.ledger.folder()},
                   {"owner", "whoever prepared epoch " + std::to_string(epoch.number)}});
    }
    crash_.reach("prepared", epoch.number);
  }
  {
    const StageTimer timer(epoch.progress, "commit");
    commit_targets(record, epoch.progress);
    crash_.reach("tables", epoch.number);
    seams_.ledger.write_commit({epoch.number, record.next_watermark_ms});
    crash_.reach("commit", epoch.number);
  }
  seams_.ledger.purge(epoch.number);
  done_(epoch, epoch.progress);
}

PreparedRecord Committer::prepare(Epoch& epoch) {
  PreparedRecord record;
  record.epoch = epoch.number;
  record.incarnation = incarnation_;
  record.source_offsets = epoch.offsets.source_offsets.front();
  record.watermark_ms = epoch.offsets.watermark_ms;
  record.next_watermark_ms = epoch.next_watermark_ms;
  record.state = epoch.state;
  record.counters = epoch.counters;
  for (size_t i = 0; i < targets_.size(); ++i) {
    if (targets_[i].sink != nullptr) continue;
    PreparedTarget target;
    target.table = targets_[i].name;
    target.table_uuid = targets_[i].table_uuid;
    target.snapshot_id = draw_snapshot_id(seams_.random);
    target.last_written_epoch = targets_[i].last_written_epoch;
    if (epoch.writers[i] != nullptr) target.files = epoch.writers[i]->finish();
    record.targets.push_back(std::move(target));
  }
  return record;
}

// Before the prepared record: with it the epoch counts as done, and a sink that was not filled
// would never be.
void Committer::fill_sinks(Epoch& epoch) {
  for (size_t i = 0; i < targets_.size(); ++i) {
    if (targets_[i].sink == nullptr) continue;
    const StageTimer timer(epoch.progress, "sink");
    targets_[i].sink->add_batch({epoch.number, targets_[i].columns, std::move(epoch.batches[i])},
                                stop_.get_token());
  }
}

void Committer::commit_targets(const PreparedRecord& record, Progress& progress) {
  for (size_t i = 0; i < record.targets.size(); ++i) {
    const PreparedTarget& prepared = record.targets[i];
    if (prepared.files.empty()) continue;
    const auto target = std::find_if(targets_.begin(), targets_.end(), [&](const CommitTarget& t) {
      return t.name == prepared.table;
    });
    if (target == targets_.end()) {
      throw Error(
          "STREAM_CHECKPOINT_CORRUPT",
          {{"location", seams_.ledger.folder()},
           {"reason", "epoch " + std::to_string(record.epoch) + " has prepared rows for table " +
                          prepared.table +
                          ", which the query no longer writes: run it once with that table"}});
    }
    see_merge(*target, progress);
    const int64_t snapshot = commit_target(*target, prepared, record);
    target->last_written_epoch = record.epoch;
    for (TargetProgress& one : progress.targets) {
      if (one.table == prepared.table) one.snapshot_id = snapshot;
    }
    crash_.reach("table" + std::to_string(i), record.epoch);
  }
}

// One table. Unknown is not failed: the same request is sent again until it is decided. Append
// looks for its snapshot first, and its snapshot id and ref assertion let it land only once.
int64_t Committer::commit_target(CommitTarget& target, const PreparedTarget& prepared,
                                 const PreparedRecord& record) {
  table::AppendRequest request;
  request.snapshot_id = prepared.snapshot_id;
  request.branch = prepared.branch;
  request.files = prepared.files;
  request.token = table::Token{seams_.ledger.query_id(),    seams_.ledger.folder(), record.epoch,
                               prepared.last_written_epoch, record.source_offsets,  false};
  request.expected_table_uuid = prepared.table_uuid;
  request.max_snapshots = target.max_snapshots;
  for (int attempt = 0;; ++attempt) {
    const table::CommitOutcome outcome =
        target.queue
            ->submit([&](table::Table& table, const StopToken& stop) -> table::CommitOutcome {
              return table::append(table, request, seams_.clock, seams_.random, stop);
            })
            .get();
    if (const auto* committed = std::get_if<table::Committed>(&outcome)) {
      merge_manifests(target);
      return committed->snapshot_id;
    }
    if (const auto* conflict = std::get_if<table::Conflict>(&outcome))
      throw Error("COMMIT_CONFLICT", {{"table", target.name}, {"reason", conflict->reason}});
    log_warn("epoch {}: the outcome of the commit to {} is unknown ({}); asking again",
             record.epoch, target.name, std::get<table::Unknown>(outcome).reason);
    pause(std::min(100 << std::min(attempt, 8), 30000));
  }
}

// Throws OPERATION_CANCELED as soon as stop_waiting() was called.
void Committer::pause(int milliseconds) {
  constexpr int kStep = 50;
  for (int left = milliseconds; left > 0; left -= kStep) {
    throw_if_stopped(stop_.get_token());
    seams_.clock.sleep_for(std::chrono::milliseconds(std::min(left, kStep)));
  }
  throw_if_stopped(stop_.get_token());
}

void Committer::set_last_written(const std::string& table, std::optional<int64_t> epoch) {
  for (CommitTarget& target : targets_) {
    if (target.name == table) target.last_written_epoch = epoch;
  }
}

void Committer::recover(const PreparedRecord& record, const OffsetEntry& offsets) {
  log_info("epoch {} was prepared by an earlier run; committing what it prepared", record.epoch);
  for (const PreparedTarget& prepared : record.targets) {
    for (CommitTarget& target : targets_) {
      if (target.name == prepared.table) target.last_written_epoch = prepared.last_written_epoch;
    }
  }
  Progress progress;
  commit_targets(record, progress);
  seams_.ledger.write_offsets(offsets);
  seams_.ledger.write_commit({record.epoch, record.next_watermark_ms});
}

// The outcome of a merge that has ended. A failure costs readers time and nobody rows: it is logged
// and counted, and the merge is tried again later.
void Committer::see_merge(CommitTarget& target, Progress& progress) {
  if (target.merge.valid() &&
      target.merge.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
    std::string reason;
    try {
      const table::CommitOutcome outcome = target.merge.get();
      if (const auto* conflict = std::get_if<table::Conflict>(&outcome)) reason = conflict->reason;
      if (const auto* unknown = std::get_if<table::Unknown>(&outcome))
        reason = "its outcome is unknown: " + unknown->reason;
    } catch (const std::exception& error) {  // a bug in the merge must not end the ingest
      reason = error.what();
    }
    if (!reason.empty()) {
      ++target.failed_merges;
      log_warn("merging the small manifests of {} failed ({}); it is tried again later",
               target.name, reason);
    }
  }
  if (target.failed_merges > 0) progress.failed_merges[target.name] = target.failed_merges;
}

// Small manifests are merged now and then, behind the ingest in the table's queue.
void Committer::merge_manifests(CommitTarget& target) {
  constexpr int kCommitsBetweenChecks = 25;
  if (++target.commits_since_merge < kCommitsBetweenChecks || target.merge.valid()) return;
  target.commits_since_merge = 0;
  table::MergeRequest request;
  request.max_snapshots = target.max_snapshots;
  Clock& clock = seams_.clock;
  Random& random = seams_.random;
  target.merge =
      target.queue->submit([request, &clock, &random](
                               table::Table& table, const StopToken& stop) -> table::CommitOutcome {
        if (!table::needs_merge(table, request)) return table::Committed{};
        return table::merge_manifests(table, request, clock, random, stop);
      });
}

}  // namespace firn::stream

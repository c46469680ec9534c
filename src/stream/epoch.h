// What one epoch has made and not yet committed, and the thread that commits epochs in their order,
// each exactly once.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/stop_token.h"
#include "engine/chunk.h"
#include "engine/table_writer.h"
#include "stream/ledger.h"
#include "stream/query.h"
#include "stream/sink/sink.h"
#include "table/commit_queue.h"

namespace firn::stream {

struct Epoch {
  int64_t number = 0;
  OffsetEntry offsets;
  int64_t next_watermark_ms = 0;
  std::string state;  // version of the operators' state, JSON
  std::vector<std::unique_ptr<engine::TableWriter>> writers;  // one a target; null: no row
  std::vector<std::vector<engine::Chunk>> batches;  // one a target: the rows of those with a sink
  Progress progress;                                // what is known before the commit
  std::map<std::string, int64_t> counters;          // cumulative
};

// A target as the committer sees it.
struct CommitTarget {
  std::string name;
  std::shared_ptr<BatchSink> sink;       // null: a table, and what follows is set
  std::vector<plan::Attribute> columns;  // of the sink
  std::shared_ptr<table::CommitQueue> queue;
  std::string table_uuid;
  int max_snapshots = 0;
  std::optional<int64_t> last_written_epoch;
  int commits_since_merge = 0;
  std::future<table::CommitOutcome> merge;  // valid while one runs
  int64_t failed_merges = 0;
};

// Ends the process (SIGKILL) at "<step>:<epoch>": the crash tests' way in. Steps: written, offsets,
// sinks, prepared, table<i>, tables, commit.
class CrashPoint {
 public:
  explicit CrashPoint(const std::string& text);
  void reach(const std::string& step, int64_t epoch) const;

 private:
  std::string step_;
  int64_t epoch_ = -1;
};

class Committer {
 public:
  struct Seams {
    Ledger& ledger;
    Clock& clock;
    Random& random;
  };
  // `done` is called on the committing thread after each epoch, with its progress completed.
  Committer(Seams, std::vector<CommitTarget>, CrashPoint,
            std::function<void(const Epoch&, Progress)> done);
  // Finishes what was submitted. Errors of the last epochs are lost here: call drain() to see them.
  ~Committer();

  // Waits while one epoch commits and another waits; rethrows what ended the committing thread.
  void submit(std::unique_ptr<Epoch> epoch, const StopToken&);
  // Until nothing is left; rethrows.
  void drain();
  // From any thread: sinks are asked to end early, and a commit whose outcome is unknown is not
  // asked about any more: the committing thread ends with OPERATION_CANCELED, and the next start
  // decides by the prepared record. Commits that get an answer are finished.
  void stop_waiting() { stop_.request_stop(); }
  // L of a table, as the ledger has it. Before the first submit().
  void set_last_written(const std::string& table, std::optional<int64_t> epoch);
  // Commits a record that an earlier process prepared: exactly what it says.
  void recover(const PreparedRecord&, const OffsetEntry&);

 private:
  void run();
  void commit(Epoch& epoch);
  PreparedRecord prepare(Epoch& epoch);
  void fill_sinks(Epoch& epoch);
  void commit_targets(const PreparedRecord&, Progress&);
  void pause(int milliseconds);
  int64_t commit_target(CommitTarget&, const PreparedTarget&, const PreparedRecord&);
  void merge_manifests(CommitTarget&);
  void see_merge(CommitTarget&, Progress&);

  Seams seams_;
  std::vector<CommitTarget> targets_;
  CrashPoint crash_;
  std::function<void(const Epoch&, Progress)> done_;
  const std::string incarnation_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Epoch>> waiting_;  // guarded by mutex_
  bool busy_ = false, closing_ = false;         // guarded by mutex_
  std::exception_ptr failure_;                  // guarded by mutex_
  StopSource stop_;
  std::thread thread_;
};

}  // namespace firn::stream

// The world that the stream runs in: what is durable (files, table pointers, the topic), a clock,
// faults drawn from a seed, and the processes that come and go in it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/stop_token.h"
#include "disk.h"
#include "fibers.h"
#include "files/file_store.h"
#include "table/table.h"

namespace firn::simulation {

// Thrown into every thread of a process that was killed, wherever it touches the world. Nothing
// catches it by type.
struct Killed {};

// What counts up while a run goes on; a fault happens where its counter reaches a number.
enum class Counter {
  kPoint,
  kCommit,
  kSecondTable,  // commits to the second table of an epoch
  kLoad,
  kPut,
  kFinish,
  kSync,
  kOpen,
  kRead,
  kPlan,
  kStart,
  kLast
};

struct FaultKind {
  const char* name;
  Counter counter;
  int span;    // numbers are drawn below it
  int weight;  // how often it is drawn, against the others
};
// All that can happen (environment.cc).
const std::vector<FaultKind>& fault_kinds();

struct Fault {
  const FaultKind* kind = nullptr;
  int64_t at = 0;
  uint64_t detail = 0;  // what the kind takes it for: how late, which table, how much
  bool has_happened = false;
};
std::string to_string(const Fault&);

class SimulatedClock final : public Clock {
 public:
  int64_t now_ms() override { return ms_; }
  int64_t now_us() override { return ms_ * 1000; }
  std::chrono::steady_clock::time_point steady() override {
    return std::chrono::steady_clock::time_point(std::chrono::milliseconds(ms_));
  }
  void sleep_for(std::chrono::milliseconds wait) override;
  Fibers* fibers = nullptr;

 private:
  int64_t ms_ = 1'700'000'000'000;
};

// One start of firn. Foreign ones (another engine, the operator) meet no faults.
struct Process {
  int number = 0;
  bool is_foreign = false;
  bool is_dead = false, is_paused = false, was_paused = false, is_over = false;
  bool is_judged = false;  // its end has been looked at
  std::string end;         // "done", "killed", or the error's condition
  std::string message;
  StopSource stop;
  bool is_calm = false;      // started where no faults come any more
  bool is_twin = false;      // one of two on copies of a checkpoint
  bool saw_stale = false;    // the catalog gave it a state that was not the newest
  int stale_loads = 0;       // that are still to come
  int commits = 0;           // that landed
  bool wrote_first = false;  // of an epoch's tables, and not yet the second
  std::map<std::string, table::Reply> withheld;  // by table: a reply that is overtaken
};

struct Record {
  int64_t id = 0;  // unique
  int64_t key = 0;
  int64_t time_ms = 0;
  bool is_poison = false;
};

struct Topic {
  std::vector<std::vector<Record>> partitions;
  std::vector<int64_t> first;  // older records are gone
};

struct TableEntry {
  table::State state;
  std::vector<table::State> history;  // older ones, oldest first
  std::set<int64_t> rolled_back;      // rows that a user took out again
};

struct LateCommit {
  std::string table;
  iceberg::TableChange change;
  int64_t due = 0;  // number of the point
};

// Which records a process got for a range.
struct Delivery {
  int process = 0;
  std::string start, end;
  std::vector<std::pair<int, int64_t>> records;  // partition, offset
};

struct World {
  World(uint64_t seed, std::vector<Fault> faults);

  // A place where a process can be hit: before and after each of its deeds. Throws Killed.
  void point(Process&, const std::string& what);
  // The fault of that kind that is due now, if any. `step` counts the counter up.
  Fault* due(Counter);
  void environment(const Fault&);  // what others do (environment.cc)
  void land_late(bool all = false);
  std::optional<std::string> apply(const std::string& table, const iceberg::TableChange&,
                                   files::FileStore&);
  // All processes are gone, and what was not synced is as the disk leaves it.
  void cut_power();
  void kill(Process&, const std::string& what);  // throws Killed
  // Something that a test wants to have happened: a fault's name where it made a difference.
  void took_effect(const std::string& what) { effects.insert(what); }
  void note(const Process*, const std::string& what);

  const uint64_t seed;
  SeededRandom random;  // of the processes
  SimulatedClock clock;
  Fibers fibers;
  std::vector<Fault> faults;
  std::map<Counter, int64_t> counts;
  void upkeep();  // another writer's rows and an expiry that leaves one snapshot, in each table
  bool upkeep_is_due = false;  // before the next start
  bool is_quiet = false;       // no faults any more
  bool traces = false;
  bool is_whole = false;   // with DuckDB and Parquet
  bool has_twins = false;  // two processes are at work on copies of a checkpoint
  std::vector<std::string> log;
  std::set<std::string> effects;

  std::string checkpoint;      // the folder that the stream goes on from
  std::unique_ptr<Disk> disk;  // where the power may be cut
  std::map<std::string, std::shared_ptr<const std::string>> files;
  std::map<std::string, std::vector<int64_t>> rows_read;  // by data file: none is written twice
  std::map<std::string, int> putters;                     // content of a prepared record → process
  std::map<std::string, TableEntry> tables;
  std::vector<LateCommit> late;
  Topic topic;
  bool fails_on_data_loss = true;
  std::vector<Delivery> deliveries;
  std::vector<std::unique_ptr<Process>> processes;
  Process others;                               // foreign
  std::map<Process*, int64_t> wakes;            // paused ones: at which point they go on
  std::map<int64_t, std::string> foreign_rows;  // of other writers, with their table
  std::string broken;                           // what was found wrong while the run went on
};

// The doubles, as a process sees them.
std::unique_ptr<files::FileStore> make_store(World&, Process&);
std::shared_ptr<table::Pointer> make_pointer(World&, Process&, files::FileStore&,
                                             const std::string& table);
table::Table open_table(World&, Process&, files::FileStore&, const std::string& table);

inline constexpr const char* kCheckpoint = "sim://checkpoint";  // at first
inline constexpr const char* kWarehouse = "sim://warehouse";

}  // namespace firn::simulation

// One run of the simulation while it goes on: the world, the operator, and what may be broken
// between two starts (disturb.cc).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "evaluator.h"
#include "scenario.h"
#include "world.h"

namespace firn::simulation {

// A checkpoint's files by their path below its folder.
using CheckpointFiles = std::map<std::string, std::shared_ptr<const std::string>>;

class Run {
 public:
  Run(uint64_t seed, const std::vector<Fault>& faults, bool is_whole);
  Outcome go(bool traces);

 private:
  int draw(int below) { return static_cast<int>(data_.next() % static_cast<uint64_t>(below)); }

  // ---- what there is (scenario.cc)
  void set_up();
  TableEntry new_table(const std::string& name, const iceberg::Properties& properties);
  void make_table(const std::string& name, const iceberg::Properties& properties) {
    world_.tables[name] = new_table(name, properties);
  }
  void produce(int count);

  // ---- one start of firn
  struct Start {
    std::string checkpoint;
    bool is_twin = false;
  };
  Process& start(const Start&);
  Process& start() { return start({world_.checkpoint}); }
  void live(Process&, const Start&);
  void query(Process&, const Start&);

  // ---- the operator, who starts firn anew however it ended
  void operate();
  bool faults_are_over();
  bool idle() const;
  void wait_for_all();
  void calm_down();
  bool had_company(const Process&) const;
  void look_at(Process&);

  // ---- what is broken while firn does not run (disturb.cc)
  CheckpointFiles checkpoint() const;
  void put_checkpoint(const std::string& folder, const CheckpointFiles&);
  void keep_copy();
  std::string probe();
  std::map<std::string, std::string> pointers() const;
  void disturb(const Fault&);
  void restore_copy(const Fault&);
  void run_twins();
  void tear(const Fault&);
  void restore_table(const std::string& name, const Fault&);
  void recreate_table(const std::string& name);
  void stops(const std::string& name, const TableEntry& good,
             const std::vector<std::string>& conditions);
  int64_t logged(const std::string& log) const;

  World world_;
  SeededRandom data_;
  Plan plan_;
  bool asap_ = false;
  int left_ = 0, tables_made_ = 0, calm_starts_ = 0, twins_made_ = 0;
  int64_t ids_ = 0, now_ = 1'600'000'000'000;
  std::string problem_;
  std::vector<CheckpointFiles> copies_;
};

}  // namespace firn::simulation

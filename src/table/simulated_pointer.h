// A table's pointer in memory that misbehaves on command: for tests of the commit loop and for
// simulations of crashes.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "table/table.h"

namespace firn::table {

enum class Fault {
  kNone,
  kConflict,   // refused, nothing changed
  kReplyLost,  // landed, but the caller hears "unknown"
  kLost,       // did not land; the caller hears "unknown"
  kLate,  // the caller hears "unknown"; it lands (if its requirements still hold) when land_late()
          // is called
  kRefused,    // the catalog throws Error{kPermission}
  kSentTwice,  // landed; the caller hears of the second copy of its request, which was refused
  kOldReply,   // did not land; the caller hears "committed", with the state as it was
};

class SimulatedPointer final : public Pointer {
 public:
  SimulatedPointer(std::string name, iceberg::TableMetadata metadata);

  std::string table_name() const override { return name_; }
  std::optional<State> load() override;
  Reply commit(const iceberg::TableChange&) override;

  // What happens to the next commits, in order; then all goes well.
  void plan(std::vector<Fault> faults);
  // Called before a commit is looked at, with its number (from 1): the place for another writer's
  // change.
  void before_commit(std::function<void(int)> hook) { hook_ = std::move(hook); }
  // Loads that fail with Error{kUnavailable} before the next one that answers.
  void fail_loads(int count);
  // The next loads answer with the state before the last two changes.
  void give_stale(int count);
  void drop();
  // Gives every commit that is still under way to the table; true where at least one still fitted.
  bool land_late();
  // A change by another writer, past faults and hooks. Error where its requirements fail.
  void change(const iceberg::TableChange&);
  int commits_seen() const;
  // What the last commit asked for.
  std::vector<iceberg::Requirement> last_requirements() const;
  iceberg::TableMetadata metadata();

 private:
  std::optional<std::string> apply(const iceberg::TableChange&);  // the reason where refused

  const std::string name_;
  mutable std::mutex mutex_;  // guards all below but the hook, which is set before threads begin
  std::optional<State> state_, before_, before_that_;
  std::deque<Fault> faults_;
  std::vector<iceberg::TableChange> late_;
  int version_ = 0;
  std::function<void(int)> hook_;
  int commits_seen_ = 0;
  std::vector<iceberg::Requirement> last_requirements_;
  int failing_loads_ = 0, stale_loads_ = 0;
};

}  // namespace firn::table

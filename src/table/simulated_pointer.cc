// See simulated_pointer.h.
#include "table/simulated_pointer.h"

#include <utility>

#include "base/error.h"

namespace firn::table {

SimulatedPointer::SimulatedPointer(std::string name, iceberg::TableMetadata metadata)
    : name_(std::move(name)),
      state_(State{"mem://simulated/0.metadata.json",
                   std::make_shared<const iceberg::TableMetadata>(std::move(metadata))}) {}

std::optional<State> SimulatedPointer::load() {
  const std::lock_guard lock(mutex_);
  if (failing_loads_ > 0) {
    --failing_loads_;
    throw Error("FIRN_UNAVAILABLE", {{"what", "the simulated catalog does not answer"}});
  }
  if (stale_loads_ > 0) {
    --stale_loads_;
    if (before_that_) return before_that_;
  }
  return state_;
}

Reply SimulatedPointer::commit(const iceberg::TableChange& change) {
  int number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = ++commits_seen_;
    last_requirements_ = change.requirements;
  }
  if (hook_) hook_(number);  // it may change the table
  const std::lock_guard lock(mutex_);
  Fault fault = Fault::kNone;
  if (!faults_.empty()) {
    fault = faults_.front();
    faults_.pop_front();
  }
  switch (fault) {
    case Fault::kConflict:
      return {ReplyKind::kConflict, std::nullopt, "simulated conflict"};
    case Fault::kLost:
      return {ReplyKind::kUnknown, std::nullopt, "simulated time-out"};
    case Fault::kRefused:
      throw Error("FIRN_PERMISSION", {{"what", "the simulated catalog refuses the commit"}});
    case Fault::kLate:
      late_.push_back(change);
      return {ReplyKind::kUnknown, std::nullopt, "simulated time-out"};
    case Fault::kOldReply:
      return {ReplyKind::kCommitted, state_, ""};
    case Fault::kNone:
    case Fault::kReplyLost:
    case Fault::kSentTwice:
      break;
  }
  if (auto refused = apply(change)) return {ReplyKind::kConflict, std::nullopt, *refused};
  if (fault == Fault::kReplyLost)
    return {ReplyKind::kUnknown, std::nullopt, "simulated lost reply"};
  if (fault == Fault::kSentTwice)
    return {ReplyKind::kConflict, std::nullopt, "simulated conflict of a repeated request"};
  return {ReplyKind::kCommitted, state_, ""};
}

void SimulatedPointer::plan(std::vector<Fault> faults) {
  const std::lock_guard lock(mutex_);
  faults_.assign(faults.begin(), faults.end());
}

void SimulatedPointer::give_stale(int count) {
  const std::lock_guard lock(mutex_);
  stale_loads_ = count;
}

void SimulatedPointer::drop() {
  const std::lock_guard lock(mutex_);
  state_.reset();
}

bool SimulatedPointer::land_late() {
  const std::lock_guard lock(mutex_);
  bool landed = false;
  for (const auto& change : std::exchange(late_, {})) landed = !apply(change) || landed;
  return landed;
}

void SimulatedPointer::change(const iceberg::TableChange& change) {
  const std::lock_guard lock(mutex_);
  const auto refused = apply(change);
  FIRN_CHECK(!refused, "a simulated writer's change fits");
}

void SimulatedPointer::fail_loads(int count) {
  const std::lock_guard lock(mutex_);
  failing_loads_ = count;
}

int SimulatedPointer::commits_seen() const {
  const std::lock_guard lock(mutex_);
  return commits_seen_;
}

std::vector<iceberg::Requirement> SimulatedPointer::last_requirements() const {
  const std::lock_guard lock(mutex_);
  return last_requirements_;
}

iceberg::TableMetadata SimulatedPointer::metadata() {
  const std::lock_guard lock(mutex_);
  FIRN_CHECK(state_.has_value(), "the simulated table is there");
  return *state_->metadata;
}

std::optional<std::string> SimulatedPointer::apply(const iceberg::TableChange& change) {
  const iceberg::TableMetadata* base = state_ ? state_->metadata.get() : nullptr;
  if (auto broken = iceberg::broken_requirement(base, change.requirements)) return broken;
  try {
    const int64_t now_ms = base ? base->last_updated_ms + 1 : 1;
    auto metadata = std::make_shared<const iceberg::TableMetadata>(
        iceberg::apply(base, change.updates, now_ms,
                       state_ ? std::optional(state_->metadata_file) : std::nullopt));
    before_that_ = std::exchange(before_, state_);
    state_ = State{"mem://simulated/" + std::to_string(++version_) + ".metadata.json",
                   std::move(metadata)};
    return std::nullopt;
  } catch (const Error& error) {
    // A snapshot id that is there already is the caller's mistake (kInvalidInput), unless it is
    // late.
    if (error.code() != Code::kConflict && error.code() != Code::kInvalidInput) throw;
    return error.message();
  }
}

}  // namespace firn::table

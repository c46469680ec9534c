// See next_state.h.
#include "catalog/next_state.h"

#include "base/error.h"

namespace firn::catalog {

namespace {

constexpr size_t kStatesKept = 1000;

}  // namespace

Proposed next_state(const std::optional<table::State>& base, const iceberg::TableChange& change,
                    int64_t now_ms, const NameFile& name_file) {
  const iceberg::TableMetadata* before = base ? base->metadata.get() : nullptr;
  if (auto broken = iceberg::broken_requirement(before, change.requirements))
    return table::Reply{table::ReplyKind::kConflict, std::nullopt, *broken};
  table::State next;
  try {
    next.metadata = std::make_shared<const iceberg::TableMetadata>(
        iceberg::apply(before, change.updates, now_ms, file_of(base)));
  } catch (const Error& error) {
    if (error.code() != Code::kConflict) throw;
    return table::Reply{table::ReplyKind::kConflict, std::nullopt, error.message()};
  }
  next.metadata_file = name_file(*next.metadata);
  return next;
}

std::optional<std::string> file_of(const std::optional<table::State>& state) {
  return state ? std::optional(state->metadata_file) : std::nullopt;
}

std::optional<table::State> StateCache::find(const TableName& name,
                                             const std::string& metadata_file) {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(name);
  if (found == states_.end() || found->second.metadata_file != metadata_file) return std::nullopt;
  return found->second;
}

void StateCache::put(const TableName& name, const table::State& state) {
  const std::lock_guard lock(mutex_);
  if (states_.size() >= kStatesKept) states_.clear();
  states_[name] = state;
}

void StateCache::forget(const TableName& name) {
  const std::lock_guard lock(mutex_);
  states_.erase(name);
}

std::string backquoted(const Namespace& space) {
  std::string text;
  for (const auto& part : space) text += (text.empty() ? "`" : ".`") + part + "`";
  return text;
}

std::string backquoted(const TableName& name) {
  return (name.space.empty() ? "" : backquoted(name.space) + ".") + "`" + name.name + "`";
}

}  // namespace firn::catalog

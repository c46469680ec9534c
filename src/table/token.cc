// See token.h.
#include "table/token.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "base/error.h"

namespace firn::table {

namespace {

constexpr const char* kPropertyPrefix = "firn.stream.";
constexpr std::string_view kOffsetsKey = "\"offsets\":";  // the last one, up to the closing brace
constexpr std::string_view kNoOffsets = "null";
constexpr int64_t kIdleMs = int64_t{90} * 24 * 3600 * 1000;

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end == text.data()) return std::nullopt;
  return number;
}

// A whole number of the property's JSON. "epoch" and "at" stand before "offsets", which may hold
// anything.
std::optional<int64_t> json_number(std::string_view json, std::string_view key) {
  const size_t at = json.find("\"" + std::string(key) + "\":");
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = json.substr(at + key.size() + 3);
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  return whole_number(rest);
}

struct Found {
  int64_t epoch = 0;
  iceberg::SnapshotId snapshot_id = 0;
};

std::optional<Found> in_summaries(const iceberg::TableMetadata& metadata,
                                  const std::string& query_id, const std::string& branch) {
  const iceberg::Snapshot* head = metadata.head_of(branch);
  if (head == nullptr) return std::nullopt;
  for (const iceberg::Snapshot* snapshot : ancestry(metadata, head->id)) {
    const auto query = snapshot->summary.find(kQueryIdKey);
    if (query == snapshot->summary.end() || query->second != query_id) continue;
    const auto epoch = snapshot->summary.find(kEpochIdKey);
    if (epoch == snapshot->summary.end()) continue;
    const auto number = whole_number(epoch->second);
    if (!number) {
      throw_corrupt("snapshot " + std::to_string(snapshot->id) + ": " + kEpochIdKey + " is \"" +
                    epoch->second + "\"");
    }
    return Found{*number, snapshot->id};
  }
  return std::nullopt;
}

std::optional<int64_t> in_properties(const iceberg::TableMetadata& metadata,
                                     const std::string& query_id, const std::string& branch) {
  const std::string key = token_property_key(query_id, branch);
  const auto property = metadata.properties.find(key);
  if (property == metadata.properties.end()) return std::nullopt;
  const auto epoch = json_number(property->second, "epoch");
  if (!epoch) throw_corrupt("table property " + key + ": no epoch in \"" + property->second + "\"");
  return epoch;
}

// The source offsets that the property has for `epoch`; nullopt where it tells none.
std::optional<std::string_view> offsets_in_properties(const iceberg::TableMetadata& metadata,
                                                      const Token& token,
                                                      const std::string& branch) {
  if (in_properties(metadata, token.query_id, branch) != token.epoch) return std::nullopt;
  const std::string_view json = metadata.properties.at(token_property_key(token.query_id, branch));
  const size_t at = json.find(kOffsetsKey);
  if (at == std::string_view::npos || !json.ends_with('}')) return std::nullopt;
  const size_t begin = at + kOffsetsKey.size();
  return json.substr(begin, json.size() - 1 - begin);
}

std::string text_of(const std::optional<int64_t>& epoch) {
  return epoch ? std::to_string(*epoch) : std::string("none");
}

}  // namespace

std::vector<const iceberg::Snapshot*> ancestry(const iceberg::TableMetadata& metadata,
                                               std::optional<iceberg::SnapshotId> head) {
  std::unordered_map<iceberg::SnapshotId, const iceberg::Snapshot*> by_id;
  by_id.reserve(metadata.snapshots.size());
  for (const auto& snapshot : metadata.snapshots) by_id.emplace(snapshot.id, &snapshot);
  std::vector<const iceberg::Snapshot*> line;
  while (head && line.size() <= metadata.snapshots.size()) {
    const auto found = by_id.find(*head);
    if (found == by_id.end()) break;
    line.push_back(found->second);
    head = found->second->parent;
  }
  return line;
}

std::string token_property_key(const std::string& query_id, const std::string& branch) {
  return kPropertyPrefix + query_id + "." + branch;
}

std::string token_property_value(const Token& token, int64_t now_ms) {
  const std::string offsets =
      token.source_offsets.empty() ? std::string(kNoOffsets) : token.source_offsets;
  return "{\"epoch\":" + std::to_string(token.epoch) + ",\"at\":" + std::to_string(now_ms) + "," +
         std::string(kOffsetsKey) + offsets + "}";
}

std::optional<int64_t> newest_token(const iceberg::TableMetadata& metadata,
                                    const std::string& query_id, const std::string& branch) {
  const std::optional<int64_t> property = in_properties(metadata, query_id, branch);
  const std::optional<Found> summary = in_summaries(metadata, query_id, branch);
  if (!summary) return property;
  return std::max(property.value_or(summary->epoch), summary->epoch);
}

namespace {

// A replay covers the same offsets. Others mean that two processes have the same epoch: each has a
// copy of the checkpoint, and what the table holds is not what this one has read.
void check_same_range(const iceberg::TableMetadata& metadata, const std::string& table_name,
                      const Token& token, const std::string& branch) {
  const auto held = offsets_in_properties(metadata, token, branch);
  if (!held || *held == kNoOffsets || token.source_offsets.empty() || *held == token.source_offsets)
    return;
  throw Error("STREAM_CHECKPOINT_BEHIND_TABLE",
              {{"table", table_name},
               {"query", token.query_id},
               {"location", token.checkpoint_location},
               {"table_epoch", std::to_string(token.epoch)},
               {"epoch", std::to_string(token.epoch) + " over other offsets"}});
}

}  // namespace

TokenDecision decide(const iceberg::TableMetadata& metadata, const std::string& table_name,
                     const Token& token, const std::string& branch) {
  const std::optional<int64_t> newest = newest_token(metadata, token.query_id, branch);
  const std::optional<int64_t>& last = token.last_written_epoch;
  if (newest == token.epoch) {
    check_same_range(metadata, table_name, token, branch);
    const std::optional<Found> found = in_summaries(metadata, token.query_id, branch);
    return DoneBefore{found && found->epoch == token.epoch ? found->snapshot_id : 0};
  }
  const bool behind = newest && (*newest > token.epoch || !last || *newest > *last);
  if (newest == last && !behind) return CommitNow{};
  if (behind) {
    throw Error("STREAM_CHECKPOINT_BEHIND_TABLE", {{"table", table_name},
                                                   {"query", token.query_id},
                                                   {"location", token.checkpoint_location},
                                                   {"table_epoch", text_of(newest)},
                                                   {"epoch", std::to_string(token.epoch)}});
  }
  if (token.go_on_after_restore) return CommitNow{};
  throw Error("STREAM_TABLE_RESTORED", {{"table", table_name},
                                        {"query", token.query_id},
                                        {"expected", text_of(last)},
                                        {"found", text_of(newest)}});
}

std::vector<iceberg::Update> token_updates(const iceberg::TableMetadata& metadata,
                                           const Token& token, const std::string& branch,
                                           int64_t now_ms) {
  const std::string own = token_property_key(token.query_id, branch);
  std::vector<std::string> idle;
  for (auto it = metadata.properties.lower_bound(kPropertyPrefix);
       it != metadata.properties.end() && it->first.starts_with(kPropertyPrefix); ++it) {
    const std::optional<int64_t> at = json_number(it->second, "at");
    if (it->first != own && at && *at < now_ms - kIdleMs) idle.push_back(it->first);
  }
  std::vector<iceberg::Update> updates;
  if (!idle.empty()) updates.push_back(iceberg::RemoveProperties{std::move(idle)});
  updates.push_back(iceberg::SetProperties{{{own, token_property_value(token, now_ms)}}});
  return updates;
}

}  // namespace firn::table

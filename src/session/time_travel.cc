// See time_travel.h.
#include "session/time_travel.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "base/error.h"
#include "session/constant.h"
#include "table/token.h"
#include "types/value.h"

namespace firn::session {
namespace {

using iceberg::SnapshotId;
using iceberg::TableMetadata;
using types::DataTypeId;

std::optional<int64_t> whole_number(const std::string& text) {
  int64_t value = 0;
  const char* last = text.data() + text.size();
  const auto [end, problem] = std::from_chars(text.data(), last, value);
  if (problem != std::errc() || end != last || text.empty()) return std::nullopt;
  return value;
}

int64_t required_number(const std::string& text, const std::string& what) {
  const auto value = whole_number(text);
  if (!value) throw_invalid(what + " must be a whole number, not '" + text + "'");
  return *value;
}

std::string shown_time(int64_t ms) {
  return types::to_human(types::Value(ms * 1000),
                         types::Type::primitive(types::TypeId::kTimestamptz));
}

class Chooser {
 public:
  Chooser(Session& session, std::shared_ptr<const TableMetadata> metadata) : session_(session) {
    state_.metadata = std::move(metadata);
  }

  void snapshot(SnapshotId id) {
    once();
    if (state_.metadata->snapshot_by_id(id) == nullptr)
      throw_invalid("Cannot find snapshot with ID " + std::to_string(id));
    state_.snapshot_id = id;
    is_past_ = true;
  }
  void as_of(int64_t ms) {
    once();
    const auto found = snapshot_as_of(*state_.metadata, ms);
    if (!found) throw_invalid("Cannot find a snapshot older than " + shown_time(ms));
    state_.snapshot_id = *found;
    is_past_ = true;
  }
  void as_of_text(const std::string& text) {
    const auto ms = whole_number(text);
    as_of(ms ? *ms : timestamp_value(session_, text) / 1000);
  }
  // Seconds since 1970 or a text, as Spark's timestampAsOf.
  void timestamp_as_of_text(const std::string& text) {
    const auto seconds = whole_number(text);
    as_of(seconds ? *seconds * 1000 : timestamp_value(session_, text) / 1000);
  }
  void tag(const std::string& name) {
    const iceberg::SnapshotRef* ref = find(name);
    if (ref == nullptr || ref->is_branch)
      throw_invalid("Cannot find matching tag with name " + name);
    snapshot(ref->snapshot_id);
  }
  void branch(const std::string& name) {
    const iceberg::SnapshotRef* ref = find(name);
    if (ref == nullptr || !ref->is_branch)
      throw_invalid("Cannot find matching branch with name " + name);
    once();
    // A branch is read with the table's current schema, as if it were main.
    auto as_main = std::make_shared<TableMetadata>(*state_.metadata);
    as_main->current_snapshot_id = ref->snapshot_id;
    state_.metadata = std::move(as_main);
    state_.snapshot_id = ref->snapshot_id;
  }
  // The option `branch` takes tags as well, as Iceberg's does.
  void branch_or_tag(const std::string& name) {
    const iceberg::SnapshotRef* ref = find(name);
    if (ref != nullptr && !ref->is_branch) return tag(name);
    branch(name);
  }
  // Where nothing else is chosen, and the branch is there already.
  void in_place_of_main(const std::string& name) {
    const iceberg::SnapshotRef* ref = find(name);
    if (!state_.travels && ref != nullptr && ref->is_branch) branch(name);
  }
  void version(const std::string& text) {
    if (const auto id = whole_number(text)) return snapshot(*id);
    const iceberg::SnapshotRef* ref = find(text);
    if (ref == nullptr)
      throw_invalid("Cannot find matching snapshot ID or reference name for version " + text);
    return ref->is_branch ? branch(text) : tag(text);
  }
  void between(const std::optional<std::string>& start, const std::optional<std::string>& end) {
    if (!start)
      throw_invalid(
          "Cannot set only end-snapshot-id for incremental scans. Please, set "
          "start-snapshot-id too.");
    once();
    state_.incremental = true;
    state_.after = required_number(*start, "start-snapshot-id");
    if (end) {
      state_.snapshot_id = required_number(*end, "end-snapshot-id");
    } else {
      state_.snapshot_id = state_.metadata->current_snapshot_id;
    }
  }

  // `of_rows`: a snapshot that was asked for is read with its own schema, also where it is still
  // the current one and the table's schema has moved on.
  TableState chosen(bool of_rows) {
    if (!state_.travels) state_.snapshot_id = state_.metadata->current_snapshot_id;
    const bool is_head = state_.snapshot_id == state_.metadata->current_snapshot_id;
    if (of_rows && is_past_ && is_head && state_.snapshot_id) {
      const std::optional<int> schema =
          state_.metadata->snapshot_by_id(*state_.snapshot_id)->schema_id;
      if (schema && *schema != state_.metadata->current_schema_id) {
        auto past = std::make_shared<TableMetadata>(*state_.metadata);
        past->current_schema_id = *schema;
        state_.metadata = std::move(past);
      }
    }
    return std::move(state_);
  }

 private:
  void once() {
    if (state_.travels)
      throw_invalid(
          "Can specify only one of snapshot-id, as-of-timestamp, branch, tag, VERSION AS OF, "
          "TIMESTAMP AS OF and start-snapshot-id");
    state_.travels = true;
  }
  const iceberg::SnapshotRef* find(const std::string& name) const {
    const auto found = state_.metadata->refs.find(name);
    return found == state_.metadata->refs.end() ? nullptr : &found->second;
  }

  Session& session_;
  TableState state_;
  bool is_past_ = false;  // a snapshot by id, time or tag; no branch
};

// TIMESTAMP AS OF expression.
types::Value time_of(Session& session, const plan::ExprPtr& expression) {
  try {
    return constant_value(session, expression, DataTypeId::kTimestamp);
  } catch (const Error& error) {
    if (error.condition() != "CAST_INVALID_INPUT") throw;
    throw Error("INVALID_TIME_TRAVEL_TIMESTAMP_EXPR.INPUT",
                {{"expr", "\"" + plan::pretty_name(*expression) + "\""}}, error.contexts());
  }
}

// The branch that the session reads in place of main: where the table publishes after an audit, a
// session sees what it has written.
std::string audited_branch(Session& session, const TableMetadata& metadata) {
  const auto enabled = metadata.properties.find("write.wap.enabled");
  if (enabled == metadata.properties.end() || enabled->second != "true") return "";
  return session.conf().get_string("spark.wap.branch");
}

struct TravelOption {
  const char* key;  // lower case
  void (*choose)(Chooser&, const std::string&);
};
constexpr TravelOption kTravelOptions[] = {
    {"snapshot-id",
     [](Chooser& chooser, const std::string& text) {
       chooser.snapshot(required_number(text, "snapshot-id"));
     }},
    {"as-of-timestamp",
     [](Chooser& chooser, const std::string& text) { chooser.as_of_text(text); }},
    {"timestampasof",
     [](Chooser& chooser, const std::string& text) { chooser.timestamp_as_of_text(text); }},
    {"versionasof", [](Chooser& chooser, const std::string& text) { chooser.version(text); }},
    {"branch", [](Chooser& chooser, const std::string& text) { chooser.branch_or_tag(text); }},
    {"tag", [](Chooser& chooser, const std::string& text) { chooser.tag(text); }},
};

constexpr TravelOption kSuffixes[] = {
    {"snapshot_id_",
     [](Chooser& chooser, const std::string& text) {
       chooser.snapshot(required_number(text, "snapshot_id_"));
     }},
    {"at_timestamp_",
     [](Chooser& chooser, const std::string& text) {
       chooser.as_of(required_number(text, "at_timestamp_"));
     }},
    {"branch_", [](Chooser& chooser, const std::string& text) { chooser.branch(text); }},
    {"tag_", [](Chooser& chooser, const std::string& text) { chooser.tag(text); }},
};

}  // namespace

bool is_state_suffix(const std::string& part) {
  return std::ranges::any_of(kSuffixes, [&](const TravelOption& row) {
    return lower_case(part).starts_with(row.key) && part.size() > std::string_view(row.key).size();
  });
}

std::optional<SnapshotId> snapshot_as_of(const TableMetadata& metadata, int64_t ms) {
  std::optional<SnapshotId> found;
  for (const iceberg::SnapshotLogEntry& entry : metadata.snapshot_log) {
    if (entry.timestamp_ms <= ms) found = entry.snapshot_id;
  }
  return found;
}

TableState state_of(Session& session, std::shared_ptr<const TableMetadata> metadata,
                    const plan::UnresolvedTable& table, const std::string& suffix, bool of_rows) {
  const std::string audited = audited_branch(session, *metadata);
  Chooser chooser(session, std::move(metadata));
  for (const TravelOption& row : kSuffixes) {
    if (lower_case(suffix).starts_with(row.key))
      row.choose(chooser, suffix.substr(std::string_view(row.key).size()));
  }
  if (table.version_as_of != nullptr) {
    const auto text = constant_value(session, table.version_as_of, DataTypeId::kString);
    if (types::is_null(text)) throw_invalid("VERSION AS OF NULL");
    chooser.version(std::get<std::string>(text));
  }
  if (table.timestamp_as_of != nullptr) {
    const auto us = time_of(session, table.timestamp_as_of);
    if (types::is_null(us)) throw_invalid("TIMESTAMP AS OF NULL");
    chooser.as_of(std::get<int64_t>(us) / 1000);
  }
  std::optional<std::string> start, end;
  for (const auto& [key, value] : table.options) {
    const std::string name = lower_case(key);
    for (const TravelOption& row : kTravelOptions) {
      if (name == row.key) row.choose(chooser, value);
    }
    if (name == "start-snapshot-id") start = value;
    if (name == "end-snapshot-id") end = value;
  }
  if (start || end) chooser.between(start, end);
  if (of_rows) chooser.in_place_of_main(audited);
  return chooser.chosen(of_rows);
}

}  // namespace firn::session

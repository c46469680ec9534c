// Procedures that move a table's branches to other snapshots.
#include <algorithm>

#include "base/error.h"
#include "iceberg/format.h"
#include "session/procedures.h"
#include "session/table_change.h"
#include "session/time_travel.h"
#include "table/append.h"
#include "table/change.h"
#include "table/snapshot_files.h"
#include "table/token.h"

namespace firn::session {
namespace {

using iceberg::Snapshot;
using iceberg::SnapshotId;
using iceberg::TableMetadata;
using types::DataTypeId;

using iceberg::kMain;
constexpr const char* kWapId = "wap.id";
constexpr const char* kPublishedWapId = "published-wap-id";
constexpr const char* kSourceSnapshot = "source-snapshot-id";

types::Value id_or_null(const std::optional<SnapshotId>& id) {
  return id ? types::Value(*id) : types::Value(types::Null{});
}

bool is_ancestor(const TableMetadata& metadata, std::optional<SnapshotId> head, SnapshotId id) {
  const auto line = table::ancestry(metadata, head);
  return std::ranges::any_of(line, [&](const Snapshot* one) { return one->id == id; });
}

iceberg::TableChange move_branch(const TableMetadata& base, const std::string& branch,
                                 SnapshotId to) {
  const auto found = base.refs.find(branch);
  const bool there = found != base.refs.end();
  iceberg::SnapshotRef ref = there ? found->second : iceberg::SnapshotRef{};
  iceberg::TableChange change;
  if (there && ref.snapshot_id == to) return change;
  change.requirements = {
      iceberg::AssertTableUuid{base.table_uuid},
      iceberg::AssertRefSnapshotId{branch, there ? std::optional(ref.snapshot_id) : std::nullopt}};
  ref.snapshot_id = to;
  change.updates = {iceberg::SetSnapshotRef{branch, std::move(ref)}};
  return change;
}

// Moves main to what `choose` says; previous and current id.
template <class Choose>
OutputRows set_main(const Call& call, Choose choose) {
  table::Table table = call.table();
  std::optional<SnapshotId> previous;
  SnapshotId current = 0;
  change_table(call.session, table, [&](const TableMetadata& base) {
    previous = base.current_snapshot_id;
    current = choose(base);
    return move_branch(base, kMain, current);
  });
  return {{id_or_null(previous), current}};
}

OutputRows rollback_to_snapshot(const Call& call) {
  const SnapshotId id = *call.arguments.number("snapshot_id");
  return set_main(call, [&](const TableMetadata& base) {
    if (base.snapshot_by_id(id) == nullptr)
      throw_invalid("Cannot roll back to unknown snapshot id: " + std::to_string(id));
    if (!is_ancestor(base, base.current_snapshot_id, id))
      throw_invalid("Cannot roll back to snapshot, not an ancestor of the current state: " +
                    std::to_string(id));
    return id;
  });
}

OutputRows rollback_to_timestamp(const Call& call) {
  const int64_t ms = *call.arguments.number("timestamp") / 1000;
  return set_main(call, [&](const TableMetadata& base) {
    for (const Snapshot* one : table::ancestry(base, base.current_snapshot_id)) {
      if (one->timestamp_ms < ms) return one->id;
    }
    throw_invalid("Cannot roll back, no valid snapshot older than: " + std::to_string(ms));
  });
}

OutputRows set_current_snapshot(const Call& call) {
  const auto id = call.arguments.number("snapshot_id");
  const std::string ref = call.arguments.text("ref");
  if (id.has_value() != ref.empty())
    throw_invalid("Either snapshot_id or ref must be provided, not both");
  return set_main(call, [&](const TableMetadata& base) {
    if (id) {
      if (base.snapshot_by_id(*id) == nullptr)
        throw_invalid("Cannot roll back to unknown snapshot id: " + std::to_string(*id));
      return *id;
    }
    const auto found = base.refs.find(ref);
    if (found == base.refs.end()) throw_invalid("Cannot find matching snapshot ID for ref " + ref);
    return found->second.snapshot_id;
  });
}

OutputRows fast_forward(const Call& call) {
  const std::string branch = call.arguments.text("branch"), to = call.arguments.text("to");
  table::Table table = call.table();
  std::optional<SnapshotId> previous;
  SnapshotId updated = 0;
  change_table(call.session, table, [&](const TableMetadata& base) {
    const auto target = base.refs.find(to);
    if (target == base.refs.end()) throw_invalid("Ref does not exist: " + to);
    const auto from = base.refs.find(branch);
    if (from != base.refs.end()) {
      if (!from->second.is_branch) throw_invalid("Ref " + branch + " is a tag not a branch");
      previous = from->second.snapshot_id;
      if (!is_ancestor(base, target->second.snapshot_id, *previous))
        throw_invalid("Cannot fast-forward: " + branch + " is not an ancestor of " + to);
    }
    updated = target->second.snapshot_id;
    return move_branch(base, branch, updated);
  });
  return {{branch, id_or_null(previous), updated}};
}

OutputRows ancestors_of(const Call& call) {
  const table::Table table = call.table();
  const TableMetadata& metadata = table.metadata();
  const auto id = call.arguments.number("snapshot_id");
  OutputRows rows;
  for (const Snapshot* one : table::ancestry(metadata, id ? id : metadata.current_snapshot_id))
    rows.push_back({one->id, one->timestamp_ms});
  return rows;
}

// ---- cherry-pick

std::vector<iceberg::DataFile> added_by(files::FileStore& store, const TableMetadata& metadata,
                                        const Snapshot& snapshot) {
  std::vector<iceberg::DataFile> files;
  for (const iceberg::ManifestFile& row : table::manifests_of(store, metadata, snapshot)) {
    if (row.added_snapshot_id != snapshot.id) continue;
    for (iceberg::ManifestEntry& entry : table::load_manifest(store, row).entries) {
      if (entry.status != iceberg::EntryStatus::kAdded || entry.snapshot_id != snapshot.id)
        continue;
      if (row.is_deletes)
        throw_unsupported("cherry-picking snapshot " + std::to_string(snapshot.id) +
                          ", which adds delete files");
      files.push_back(std::move(entry.data_file));
    }
  }
  return files;
}

void check_not_picked(const TableMetadata& metadata, const Snapshot& snapshot) {
  if (is_ancestor(metadata, metadata.current_snapshot_id, snapshot.id))
    throw_invalid("Cannot cherrypick snapshot " + std::to_string(snapshot.id) +
                  ": already an ancestor");
  const auto wap = snapshot.summary.find(kWapId);
  for (const Snapshot* one : table::ancestry(metadata, metadata.current_snapshot_id)) {
    const auto source = one->summary.find(kSourceSnapshot);
    if (source != one->summary.end() && source->second == std::to_string(snapshot.id))
      throw_invalid("Cannot cherrypick snapshot " + std::to_string(snapshot.id) +
                    ": already picked to create ancestor " + std::to_string(one->id));
    if (wap == snapshot.summary.end()) continue;
    for (const char* key : {kWapId, kPublishedWapId}) {
      const auto published = one->summary.find(key);
      if (published != one->summary.end() && published->second == wap->second)
        throw_invalid("Duplicate request to cherry pick wap id that was published already: " +
                      wap->second);
    }
  }
}

// What a picked snapshot says of where it comes from.
iceberg::Properties picked_summary(const Snapshot& snapshot) {
  iceberg::Properties summary = {{kSourceSnapshot, std::to_string(snapshot.id)}};
  const auto wap = snapshot.summary.find(kWapId);
  if (wap != snapshot.summary.end()) summary[kPublishedWapId] = wap->second;
  return summary;
}

// A dynamic overwrite replaces its partitions once more; nobody may have changed them since.
SnapshotId pick_replaced(const Call& call, table::Table& table, const Snapshot& snapshot) {
  table::ChangeRequest request;
  request.added_files = added_by(table.store(), table.metadata(), snapshot);
  request.replace_partitions = true;
  request.operation = "overwrite";
  request.summary = picked_summary(snapshot);
  table::ConflictRules rules;
  rules.since = snapshot.parent;
  rules.no_new_data = rules.no_new_deletes = rules.no_deleted_data = true;
  request.rules = std::move(rules);
  return committed(table, table::change_files(table, request, call.session.process().clock,
                                              call.session.process().random, call.stop));
}

SnapshotId pick(const Call& call, table::Table& table, SnapshotId id) {
  const Snapshot* snapshot = table.metadata().snapshot_by_id(id);
  if (snapshot == nullptr)
    throw_invalid("Cannot cherry-pick unknown snapshot ID: " + std::to_string(id));
  check_not_picked(table.metadata(), *snapshot);
  if (snapshot->parent == table.metadata().current_snapshot_id) {
    change_table(call.session, table, [&](const TableMetadata& base) {
      if (base.snapshot_by_id(id) == nullptr ||
          base.snapshot_by_id(id)->parent != base.current_snapshot_id)
        throw Error("COMMIT_CONFLICT",
                    {{"table", table.name()}, {"reason", "main has moved meanwhile"}});
      return move_branch(base, kMain, id);
    });
    return id;
  }
  const auto replaces = snapshot->summary.find("replace-partitions");
  if (snapshot->operation == "overwrite" && replaces != snapshot->summary.end() &&
      replaces->second == "true")
    return pick_replaced(call, table, *snapshot);
  if (snapshot->operation != "append")
    throw_invalid("Cannot cherry pick snapshot " + std::to_string(id) +
                  ": not append, dynamic overwrite, or fast-forward");
  table::AppendRequest request;
  request.files = added_by(table.store(), table.metadata(), *snapshot);
  request.fast = false;
  request.summary = picked_summary(*snapshot);
  return committed(table, table::append(table, request, call.session.process().clock,
                                        call.session.process().random, call.stop));
}

OutputRows cherrypick_snapshot(const Call& call) {
  table::Table table = call.table();
  const SnapshotId id = *call.arguments.number("snapshot_id");
  return {{id, pick(call, table, id)}};
}

OutputRows publish_changes(const Call& call) {
  table::Table table = call.table();
  const std::string wap_id = call.arguments.text("wap_id");
  std::optional<SnapshotId> source;
  for (const Snapshot& one : table.metadata().snapshots) {
    const auto found = one.summary.find(kWapId);
    if (found == one.summary.end() || found->second != wap_id) continue;
    if (source)
      throw_invalid("Cannot apply non-unique WAP ID. Found multiple snapshots with WAP ID '" +
                    wap_id + "'");
    source = one.id;
  }
  if (!source) throw_invalid("Cannot apply unknown WAP ID '" + wap_id + "'");
  return {{*source, pick(call, table, *source)}};
}

}  // namespace

std::vector<Procedure> snapshot_procedures() {
  using enum ParameterType;
  const Parameter table{"table", kString, true};
  const std::vector<OutputColumn> moved = {{"previous_snapshot_id", DataTypeId::kLong, false},
                                           {"current_snapshot_id", DataTypeId::kLong, false}};
  const std::vector<OutputColumn> picked = {{"source_snapshot_id", DataTypeId::kLong, false},
                                            {"current_snapshot_id", DataTypeId::kLong, false}};
  return {
      {"rollback_to_snapshot", {table, {"snapshot_id", kLong, true}}, moved, rollback_to_snapshot},
      {"rollback_to_timestamp",
       {table, {"timestamp", kTimestamp, true}},
       moved,
       rollback_to_timestamp},
      {"set_current_snapshot",
       {table, {"snapshot_id", kLong}, {"ref", kString}},
       {{"previous_snapshot_id", DataTypeId::kLong, true},
        {"current_snapshot_id", DataTypeId::kLong, false}},
       set_current_snapshot},
      {"cherrypick_snapshot", {table, {"snapshot_id", kLong, true}}, picked, cherrypick_snapshot},
      {"publish_changes", {table, {"wap_id", kString, true}}, picked, publish_changes},
      {"fast_forward",
       {table, {"branch", kString, true}, {"to", kString, true}},
       {{"branch_updated", DataTypeId::kString, false},
        {"previous_ref", DataTypeId::kLong, true},
        {"updated_ref", DataTypeId::kLong, false}},
       fast_forward},
      {"ancestors_of",
       {table, {"snapshot_id", kLong}},
       {{"snapshot_id", DataTypeId::kLong, true}, {"timestamp", DataTypeId::kLong, true}},
       ancestors_of},
  };
}

}  // namespace firn::session

// See changes_table.h.
#include "session/changes_table.h"

#include <charconv>
#include <set>

#include "base/ascii.h"
#include "base/error.h"
#include "engine/table_source.h"
#include "plan/build.h"
#include "session/row_builder.h"
#include "session/time_travel.h"
#include "table/manifest_cache.h"
#include "table/snapshot_files.h"
#include "table/token.h"

namespace firn::session {
namespace {

using iceberg::Snapshot;
using iceberg::SnapshotId;
using iceberg::TableMetadata;
using types::DataTypeId;

// Snapshots in (after, to]; nothing where `empty`.
struct ChangeRange {
  std::optional<SnapshotId> after, to;
  bool empty = false;
};

std::optional<int64_t> number_option(const plan::Options& options, const std::string& name) {
  for (const auto& [key, text] : options) {
    if (lower_case(key) != name) continue;
    int64_t value = 0;
    const char* last = text.data() + text.size();
    const auto [end, problem] = std::from_chars(text.data(), last, value);
    if (problem != std::errc() || end != last)
      throw_invalid(name + " must be a whole number, not '" + text + "'");
    return value;
  }
  return std::nullopt;
}

// What a range that begins at `ms` has before it.
std::optional<SnapshotId> before_time(const TableMetadata& metadata, int64_t ms) {
  const Snapshot* first = nullptr;  // the oldest that is not older than `ms`
  for (const Snapshot* one : table::ancestry(metadata, metadata.current_snapshot_id)) {
    if (one->timestamp_ms < ms) break;
    first = one;
  }
  if (first == nullptr) return metadata.current_snapshot_id;
  return first->timestamp_ms == ms ? std::optional(first->id) : first->parent;
}

ChangeRange change_range(const TableMetadata& metadata, const plan::Options& options) {
  ChangeRange range;
  range.after = number_option(options, "start-snapshot-id");
  range.to = number_option(options, "end-snapshot-id");
  const auto since = number_option(options, "start-timestamp");
  const auto until = number_option(options, "end-timestamp");
  if (range.after && since)
    throw_invalid("Cannot set both start-snapshot-id and start-timestamp for changelogs");
  if (range.to && until)
    throw_invalid("Cannot set both end-snapshot-id and end-timestamp for changelogs");
  if (since && until && *since >= *until)
    throw_invalid(
        "Cannot set start-timestamp to be greater than or equal to end-timestamp for changelogs");
  if (since) {
    const Snapshot* current = metadata.current_snapshot();
    if (current == nullptr || *since > current->timestamp_ms) range.empty = true;
    range.after = before_time(metadata, *since);
  }
  if (until) {
    range.to = snapshot_as_of(metadata, *until);
    if (range.after == range.to) range.empty = true;
  }
  if (!range.to) range.to = metadata.current_snapshot_id;
  range.empty |= !range.to.has_value();
  return range;
}

// Oldest first.
std::vector<const Snapshot*> changing_snapshots(const TableMetadata& metadata,
                                                const ChangeRange& range) {
  std::vector<const Snapshot*> found;
  if (metadata.snapshot_by_id(*range.to) == nullptr)
    throw_invalid("Cannot find end snapshot: " + std::to_string(*range.to));
  bool reached = !range.after;
  for (const Snapshot* snapshot : table::ancestry(metadata, range.to)) {
    if (range.after && snapshot->id == *range.after) {
      reached = true;
      break;
    }
    if (range.after && snapshot->parent == range.after) reached = true;
    if (snapshot->operation != "replace") found.insert(found.begin(), snapshot);
  }
  if (!reached)
    throw_invalid("Starting snapshot (exclusive) " + std::to_string(*range.after) +
                  " is not a parent ancestor of end snapshot " + std::to_string(*range.to));
  return found;
}

}  // namespace

plan::RelationPtr changes_table(Session& session, std::shared_ptr<const TableMetadata> metadata,
                                const plan::Options& options, std::vector<std::string> qualifier,
                                plan::IdSource& fresh) {
  Process& process = session.process();
  RowBuilder changes({{"file", DataTypeId::kString, false},
                      {"_change_type", DataTypeId::kString, false},
                      {"_change_ordinal", DataTypeId::kInteger, false},
                      {"_commit_snapshot_id", DataTypeId::kLong, false}});
  auto tasks = std::make_shared<std::vector<table::ScanTask>>();
  std::set<std::string> known;
  const ChangeRange range = change_range(*metadata, options);
  int64_t ordinal = 0;
  for (const Snapshot* snapshot :
       range.empty ? std::vector<const Snapshot*>() : changing_snapshots(*metadata, range)) {
    for (const iceberg::ManifestFile& row :
         table::manifests_of(process.store, *metadata, *snapshot)) {
      if (row.is_deletes)
        throw_unsupported("changes of snapshot " + std::to_string(snapshot->id) +
                          ", which has delete files (Delete files are currently not supported in "
                          "changelog scans)");
      if (row.added_snapshot_id != snapshot->id) continue;
      const auto manifest = process.manifests->get(process.store, row);
      for (const iceberg::ManifestEntry& entry : manifest->entries) {
        const bool added = entry.status == iceberg::EntryStatus::kAdded;
        if (entry.status == iceberg::EntryStatus::kExisting || entry.snapshot_id != snapshot->id)
          continue;
        changes.add({Cell(entry.data_file.file_path), Cell(added ? "INSERT" : "DELETE"),
                     Cell(ordinal), Cell(snapshot->id)});
        if (!known.insert(entry.data_file.file_path).second) continue;
        table::ScanTask& task = tasks->emplace_back();
        task.file = {manifest, &entry.data_file};
        task.sequence_number = entry.sequence_number.value_or(0);
      }
    }
    ++ordinal;
  }
  auto source = std::make_shared<plan::TableSource>();
  source->metadata = metadata;
  source->snapshot_id = metadata->current_snapshot_id;
  source->store = &process.store;
  source->manifests = process.manifests;
  source->tasks = std::move(tasks);
  plan::TableScan scan;
  scan.name = qualifier;
  scan.source = std::move(source);
  std::vector<plan::ExprPtr> outputs;
  for (const types::Field& field : metadata->schema().fields) {
    plan::Attribute attribute{fresh.next(), field.name, types::to_spark(field.type),
                              !field.required, qualifier};
    outputs.push_back(plan::column(attribute));
    scan.columns.push_back({std::move(attribute), field.id});
  }
  const plan::Attribute file{fresh.next(), "_file", DataTypeId::kString, false, {}};
  scan.columns.push_back({file, plan::kFileField});
  const plan::RelationPtr of_files = changes.finish(qualifier, fresh);
  plan::Join join;
  join.kind = plan::JoinKind::kInner;
  join.left = plan::finish(std::move(scan));
  join.right = of_files;
  join.condition = plan::call("=", {plan::column(file), plan::column(of_files->output[0])},
                              DataTypeId::kBoolean);
  for (size_t i = 1; i < of_files->output.size(); ++i)
    outputs.push_back(plan::column(of_files->output[i]));
  return plan::project(std::move(outputs), plan::finish(std::move(join)));
}

}  // namespace firn::session

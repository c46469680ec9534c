// The faults that there are, and what others do to the tables while the stream runs: compaction,
// expiry, merges, other writers, users.
#include <algorithm>

#include "base/error.h"
#include "evaluator.h"
#include "oracle.h"
#include "table/append.h"
#include "table/expire_snapshots.h"
#include "table/manifest_merge.h"
#include "table/rewrite_files.h"
#include "table/scan.h"

namespace firn::simulation {

const std::vector<FaultKind>& fault_kinds() {
  static const std::vector<FaultKind> kinds = {
      {"kill", Counter::kPoint, 900, 20},
      {"pause", Counter::kPoint, 900, 6},
      {"reply lost", Counter::kCommit, 25, 6},
      {"5xx", Counter::kCommit, 25, 4},
      {"late", Counter::kCommit, 25, 8},
      {"late beside a property", Counter::kCommit, 25, 4},
      {"409", Counter::kCommit, 25, 4},
      {"sent twice", Counter::kCommit, 25, 4},
      {"duplicated", Counter::kCommit, 25, 4},
      {"reply out of order", Counter::kCommit, 25, 8},
      {"refused", Counter::kCommit, 25, 1},
      {"no answer", Counter::kLoad, 40, 4},
      {"stale read", Counter::kLoad, 40, 8},
      {"put fails", Counter::kPut, 60, 3},
      {"put reply lost", Counter::kPut, 60, 4},
      {"disk full for a put", Counter::kPut, 60, 3},
      {"disk full", Counter::kFinish, 120, 3},
      {"breaks off", Counter::kFinish, 120, 3},
      {"read fails", Counter::kOpen, 120, 2},
      {"leader changes", Counter::kRead, 60, 2},
      {"broker restarts", Counter::kPlan, 20, 1},
      {"stale watermark", Counter::kPlan, 20, 3},
      {"compact", Counter::kPoint, 900, 6},
      {"killed in commit", Counter::kCommit, 25, 8},
      {"killed between tables", Counter::kSecondTable, 10, 4},
      {"power cut", Counter::kPoint, 900, 6},
      {"power cut in a sync", Counter::kSync, 900, 8},
      {"expire", Counter::kPoint, 900, 6},
      {"merge", Counter::kPoint, 900, 6},
      {"property", Counter::kPoint, 900, 5},
      {"foreign rows", Counter::kPoint, 900, 4},
      {"roll back", Counter::kPoint, 900, 2},
      {"truncate topic", Counter::kPoint, 900, 5},
      {"restore table", Counter::kStart, 8, 2},
      {"recreate table", Counter::kStart, 8, 2},
      {"copy checkpoint", Counter::kStart, 8, 3},
      {"two writers on copies", Counter::kStart, 8, 6},
      {"tear checkpoint", Counter::kStart, 8, 2},
  };
  return kinds;
}

std::string to_string(const Fault& fault) {
  return std::string(fault.kind->name) + "@" + std::to_string(fault.at) + "/" +
         std::to_string(fault.detail);
}

namespace {

// Others' work on one table.
struct Visit {
  World& world;
  const Fault& fault;
  std::string name;
  std::unique_ptr<files::FileStore> store;
  table::Table table;

  std::vector<table::ScanTask> tasks() {
    return table::plan_scan(table.metadata(), *store, {}, nullptr).tasks;
  }
  iceberg::DataFile write(const std::vector<int64_t>& ids) {
    const std::string uri = table.data_location() + "/other-" + random_uuid(world.random) + ".tiny";
    const std::string bytes = write_rows(ids);
    const auto file = store->create(uri, files::WriteMode::kCreateNew);
    file->write(bytes);
    file->finish();
    return describe_file(uri, ids, bytes.size());
  }
};

void compact(Visit& visit) {
  const auto tasks = visit.tasks();
  if (tasks.size() < 2) return;
  table::RewriteRequest request;
  request.since = visit.table.metadata().current_snapshot()->id;
  request.data_sequence_number = visit.table.metadata().last_sequence_number;
  std::vector<int64_t> ids;
  for (size_t i = 0; i < tasks.size() && i < 2 + visit.fault.detail % 5; ++i) {
    request.removed.push_back(tasks[i].file);
    const std::string& uri = tasks[i].file->file_path;
    const auto found = visit.world.files.find(uri);
    if (found == visit.world.files.end()) {
      visit.world.broken = visit.name + ": live file " + uri + " is missing";
      return;
    }
    for (const int64_t id : read_rows(uri, *found->second)) ids.push_back(id);
  }
  request.added.push_back(visit.write(ids));
  const auto outcome =
      table::rewrite_files(visit.table, request, visit.world.clock, visit.world.random);
  if (std::holds_alternative<table::Committed>(outcome)) visit.world.took_effect("compact");
}

void merge(Visit& visit) {
  table::MergeRequest request;
  request.min_count = 2 + static_cast<int>(visit.fault.detail % 3);
  const auto before = visit.table.state().metadata_file;
  table::merge_manifests(visit.table, request, visit.world.clock, visit.world.random);
  if (visit.table.state().metadata_file != before) visit.world.took_effect("merge");
}

void expire(Visit& visit) {
  table::ExpireRequest request;
  request.older_than_ms = visit.world.clock.now_ms() + 1;
  request.retain_last = 1 + static_cast<int>(visit.fault.detail % 3);
  const size_t before = visit.table.metadata().snapshots.size();
  table::expire_snapshots(visit.table, request, visit.world.clock, visit.world.random);
  if (visit.table.metadata().snapshots.size() < before) visit.world.took_effect("expire");
}

void set_property(Visit& visit) {
  visit.table.pointer().commit(
      {{}, {iceberg::SetProperties{{{"owner", std::to_string(visit.fault.detail)}}}}});
  visit.world.took_effect("property");
}

void append_rows(Visit& visit) {
  const int64_t id = 1'000'000'000 + visit.fault.at;
  table::AppendRequest request;
  request.files.push_back(visit.write({id}));
  const auto outcome = table::append(visit.table, request, visit.world.clock, visit.world.random);
  if (!std::holds_alternative<table::Committed>(outcome)) return;
  visit.world.foreign_rows[id] = visit.name;
  visit.world.took_effect("foreign rows");
}

// A user sets the branch back by one snapshot: the rows are gone because somebody wanted it.
void roll_back(Visit& visit) {
  const iceberg::Snapshot* const head = visit.table.metadata().current_snapshot();
  if (head == nullptr || !head->parent ||
      visit.table.metadata().snapshot_by_id(*head->parent) == nullptr)
    return;
  const iceberg::SnapshotId parent = *head->parent;
  const std::vector<int64_t> before = rows_of(visit.world, visit.table.metadata(), head->id);
  std::vector<int64_t> gone, after = rows_of(visit.world, visit.table.metadata(), parent);
  std::set_difference(before.begin(), before.end(), after.begin(), after.end(),
                      std::back_inserter(gone));
  const auto reply =
      visit.table.pointer().commit({{iceberg::AssertRefSnapshotId{"main", head->id}},
                                    {iceberg::SetSnapshotRef{"main", {.snapshot_id = parent}}}});
  if (reply.kind != table::ReplyKind::kCommitted) return;
  visit.world.tables.at(visit.name).rolled_back.insert(gone.begin(), gone.end());
  visit.world.took_effect("roll back");
}

struct DeedRow {
  const char* name;
  void (*run)(Visit&);
};
constexpr DeedRow kDeeds[] = {{"compact", compact},
                              {"merge", merge},
                              {"expire", expire},
                              {"property", set_property},
                              {"foreign rows", append_rows},
                              {"roll back", roll_back}};

void truncate_topic(World& world, uint64_t detail) {
  if (world.has_twins) return;  // they must be given the same records
  const size_t partition = detail % world.topic.partitions.size();
  const auto size = static_cast<int64_t>(world.topic.partitions[partition].size());
  int64_t& first = world.topic.first[partition];
  const int64_t cut = size * static_cast<int64_t>(1 + detail / 16 % 10) / 10;
  if (cut > first) world.took_effect("truncate topic");
  first = std::max(first, cut);
}

}  // namespace

void World::upkeep() {
  for (auto& [name, entry] : tables) {
    const Fault fault{nullptr, 500'000'000 + ++counts[Counter::kLast], 0};
    auto store = make_store(*this, others);
    table::Table opened = open_table(*this, others, *store, name);
    Visit visit{*this, fault, name, std::move(store), std::move(opened)};
    append_rows(visit);
    visit.table.refresh();
    expire(visit);
  }
}

void World::environment(const Fault& fault) {
  const std::string name = fault.kind->name;
  if (name == "truncate topic") return truncate_topic(*this, fault.detail);
  const std::string table =
      fault.detail % 3 == 0 && tables.contains(kQuarantine) ? kQuarantine : kSilver;
  auto store = make_store(*this, others);
  table::Table opened = open_table(*this, others, *store, table);
  Visit visit{*this, fault, table, std::move(store), std::move(opened)};
  try {
    for (const DeedRow& row : kDeeds) {
      if (name == row.name) row.run(visit);
    }
  } catch (const Error& error) {
    if (error.code() != Code::kConflict)
      broken = std::string(fault.kind->name) + " of " + table + " failed: " + error.what();
  }
}

}  // namespace firn::simulation

// rewrite_data_files: files of one partition that are too small, too large or too full of deletes
// become files of the target size. The rows run through the engine like any query.
#include <algorithm>
#include <map>

#include "base/error.h"
#include "engine/table_source.h"
#include "engine/table_writer.h"
#include "session/procedures.h"
#include "session/rewrite_deletes.h"
#include "session/rewrite_options.h"
#include "session/rewrite_sort.h"
#include "session/table_change.h"
#include "sql/parser.h"
#include "table/manifest_cache.h"
#include "table/partition_key.h"
#include "table/retry.h"
#include "table/rewrite_files.h"
#include "table/scan.h"
#include "table/snapshot_files.h"

namespace firn::session {
namespace {

using table::ScanTask;
using types::DataTypeId;

constexpr int64_t kDefaultTarget = 512LL << 20;

// ---- which files

bool full_of_deletes(const ScanTask& task, const RewriteOptions& options) {
  const auto deletes =
      static_cast<int64_t>(task.position_deletes.size() + task.equality_deletes.size());
  if (deletes >= options.delete_files) return true;
  int64_t deleted = 0;
  for (const auto& file : task.position_deletes) {
    if (file->referenced_data_file) deleted += file->record_count;
  }
  return deleted > 0 && static_cast<double>(deleted) / static_cast<double>(std::max<int64_t>(
                                                           1, task.file->record_count)) >=
                            options.delete_ratio;
}

using FileGroup = std::vector<ScanTask>;

bool is_worth_it(const FileGroup& group, const RewriteOptions& options) {
  int64_t bytes = 0;
  for (const ScanTask& task : group) bytes += task.file->file_size_in_bytes;
  return is_worth_rewriting(options, static_cast<int64_t>(group.size()), bytes) ||
         std::ranges::any_of(group,
                             [&](const ScanTask& task) { return full_of_deletes(task, options); });
}

std::vector<FileGroup> groups_of(const std::vector<ScanTask>& tasks,
                                 const iceberg::TableMetadata& metadata,
                                 const RewriteOptions& options) {
  std::map<std::string, FileGroup> partitions;
  for (const ScanTask& task : tasks) {
    const int64_t size = task.file->file_size_in_bytes;
    const bool fits = size >= options.min_size && size <= options.max_size;
    if (!options.rewrite_all && fits && !full_of_deletes(task, options)) continue;
    // Files of older specs are written anew by the current one, all of them together.
    const bool current = task.file->spec_id == metadata.default_spec_id;
    partitions[current ? table::partition_key(task.file->spec_id, task.file->partition) : ""]
        .push_back(task);
  }
  std::vector<FileGroup> groups;
  for (auto& [key, members] : partitions) {
    FileGroup group;
    int64_t bytes = 0;
    for (ScanTask& task : members) {
      const int64_t size = task.file->file_size_in_bytes;
      if (!group.empty() && bytes + size > options.max_group) {
        if (is_worth_it(group, options)) groups.push_back(std::move(group));
        group.clear();
        bytes = 0;
      }
      bytes += size;
      group.push_back(std::move(task));
    }
    if (!group.empty() && is_worth_it(group, options)) groups.push_back(std::move(group));
  }
  return groups;
}

// ---- reading and writing

struct Branch {
  std::string name;
  std::optional<iceberg::SnapshotId> head;  // absent: no snapshot yet
};

struct TableRelation {
  plan::RelationPtr relation;
  std::vector<plan::ScanColumn> columns;
};

TableRelation relation_of(Session& session, const table::Table& table, const Branch& branch,
                          std::shared_ptr<const std::vector<ScanTask>> tasks) {
  auto source = std::make_shared<plan::TableSource>();
  source->metadata = table.shared_metadata();
  source->snapshot_id = branch.head;
  source->current_schema = true;
  source->store = &session.process().store;
  source->manifests = session.process().manifests;
  source->tasks = std::move(tasks);
  plan::TableScan scan;
  scan.name = {table.name()};
  scan.source = std::move(source);
  std::vector<plan::Attribute> output;
  for (const types::Field& field : table.metadata().schema().fields) {
    plan::Attribute attribute{
        session.ids().next(), field.name, types::to_spark(field.type), !field.required, {}};
    scan.columns.push_back({attribute, field.id});
    output.push_back(std::move(attribute));
  }
  TableRelation made;
  made.columns = scan.columns;
  made.relation = std::make_shared<const plan::Relation>(
      plan::Relation{std::move(scan), std::move(output), true, false, {}});
  return made;
}

std::vector<iceberg::DataFile> write_group(const Call& call, const table::Table& table,
                                           const Branch& branch, const FileGroup& group,
                                           const RewriteOptions& options, const RowOrder& order) {
  Session& session = call.session;
  const TableRelation relation =
      relation_of(session, table, branch, std::make_shared<const std::vector<ScanTask>>(group));
  engine::TableWriterOptions writer_options;
  writer_options.schema = table.metadata().schema();
  writer_options.spec = table.metadata().spec();
  writer_options.properties = table.metadata().properties;
  writer_options.properties["write.target-file-size-bytes"] = std::to_string(options.target);
  writer_options.data_location = table.data_location();
  writer_options.file_prefix = "00000-0-" + random_uuid(session.process().random);
  const auto writer = engine::make_table_writer(writer_options, session.process().store);
  const plan::RelationPtr rows_in = in_order(relation.relation, relation.columns, order, options);
  const auto rows = session.process().engine.run(plan::rewrite(rows_in), call.stop);
  engine::Chunk chunk;
  while (rows->next(chunk)) writer->append(chunk);
  return writer->finish();
}

Branch branch_of(const Call& call, const iceberg::TableMetadata& metadata) {
  Branch branch{call.arguments.text("branch", "main"), {}};
  const auto found = metadata.refs.find(branch.name);
  if (found != metadata.refs.end() && !found->second.is_branch)
    throw_invalid("Cannot rewrite data files for branch " + branch.name + ": it is a tag");
  if (found != metadata.refs.end()) branch.head = found->second.snapshot_id;
  if (branch.name == "main")
    branch.head = metadata.current_snapshot_id;
  else if (!branch.head)
    throw_invalid("Cannot rewrite data files for branch " + branch.name +
                  ": branch does not exist");
  return branch;
}

// As many groups, and as much of the last one, as the option max-files-to-rewrite lets through.
void limit_files(std::vector<FileGroup>& groups, int64_t files) {
  if (files == 0) return;
  for (size_t i = 0; i < groups.size(); ++i) {
    const auto size = static_cast<int64_t>(groups[i].size());
    if (files <= 0) {
      groups.resize(i);
      return;
    }
    if (size > files) groups[i].resize(static_cast<size_t>(files));
    files -= size;
  }
}

OutputRows rewrite_data_files(const Call& call) {
  table::Table table = call.table();
  const iceberg::TableMetadata& metadata = table.metadata();
  const RowOrder order = row_order(call, table);
  const RewriteOptions options = rewrite_options(
      call, order.kind,
      call.arguments.number("target_file_size_bytes")
          .value_or(table::number_property(metadata.properties, "write.target-file-size-bytes",
                                           kDefaultTarget)));
  const Branch branch = branch_of(call, metadata);
  const auto counts = [](int64_t removed, int64_t added, int64_t bytes, int64_t deletes) {
    return OutputRows{{removed, added, bytes, int64_t{0}, deletes}};
  };
  if (!branch.head) return counts(0, 0, 0, 0);
  Process& process = call.session.process();
  const table::ScanPlan plan =
      table::plan_scan(metadata, process.store, {branch.head, rewrite_filter(call, table), true},
                       process.manifests.get());
  table::RewriteRequest request;
  request.branch = branch.name;
  request.since = *branch.head;
  request.data_sequence_number = metadata.snapshot_by_id(*branch.head)->sequence_number;
  std::vector<std::string> written;
  int64_t bytes = 0;
  try {
    std::vector<FileGroup> groups = groups_of(plan.tasks, metadata, options);
    limit_files(groups, options.max_files);
    for (const FileGroup& group : groups) {
      for (iceberg::DataFile& file : write_group(call, table, branch, group, options, order)) {
        written.push_back(file.file_path);
        request.added.push_back(std::move(file));
      }
      for (const ScanTask& task : group) {
        bytes += task.file->file_size_in_bytes;
        request.removed.push_back(task.file);
      }
    }
  } catch (...) {
    table::remove_files(process.store, written);
    throw;
  }
  const auto removed = static_cast<int64_t>(request.removed.size());
  if (removed > 0) {
    const auto outcome =
        table::rewrite_files(table, request, process.clock, process.random, call.stop);
    if (std::holds_alternative<table::Conflict>(outcome))
      table::remove_files(process.store, written);
    committed(table, outcome);
  }
  int64_t dangling = 0;
  if (options.remove_dangling) {
    table.refresh();
    dangling = remove_dangling_deletes(call, table, branch.name);
  }
  return counts(removed, static_cast<int64_t>(written.size()), bytes, dangling);
}

}  // namespace

types::Predicate rewrite_filter(const Call& call, const table::Table& table) {
  const std::string where = call.arguments.text("where");
  if (where.empty()) return {};
  Session& session = call.session;
  const TableRelation relation = relation_of(session, table, {}, nullptr);
  SessionSurroundings surroundings(session);
  const plan::ExprPtr condition =
      plan::resolve_expression(sql::parse_expression(where), relation.relation->output,
                               session.resolve_options(), surroundings, session.ids());
  return plan::to_iceberg_predicate(*condition, relation.columns);
}

std::vector<Procedure> rewrite_procedures() {
  using enum ParameterType;
  const Parameter table{"table", kString, true};
  return {
      {"rewrite_data_files",
       {table,
        {"strategy", kString},
        {"sort_order", kString},
        {"options", kMap},
        {"where", kString},
        {"branch", kString},
        {"target_file_size_bytes", kLong}},
       {{"rewritten_data_files_count", DataTypeId::kInteger, false},
        {"added_data_files_count", DataTypeId::kInteger, false},
        {"rewritten_bytes_count", DataTypeId::kLong, false},
        {"failed_data_files_count", DataTypeId::kInteger, false},
        {"removed_delete_files_count", DataTypeId::kInteger, false}},
       rewrite_data_files},
  };
}

}  // namespace firn::session

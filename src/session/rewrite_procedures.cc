// rewrite_data_files: files of one partition that are too small, too large or too full of deletes
// become files of the target size. The rows run through the engine like any query.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>

#include "base/error.h"
#include "engine/table_source.h"
#include "engine/table_writer.h"
#include "session/procedures.h"
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
constexpr double kDeleteRatio = 0.3;

struct Options {
  int64_t target = kDefaultTarget, min_size = 0, max_size = 0;
  int64_t max_group = 100LL << 30;
  int64_t min_input_files = 5;
  int64_t delete_files = INT32_MAX;
  double delete_ratio = kDeleteRatio;
  bool rewrite_all = false;
};

struct RewriteOption {
  const char* name;
  void (*set)(Options&, const std::string& value);
};

int64_t whole(const std::string& text, const char* option) {
  int64_t number = 0;
  const char* last = text.data() + text.size();
  const auto [end, problem] = std::from_chars(text.data(), last, number);
  if (problem != std::errc() || end != last || number < 0)
    throw_invalid(std::string("option ") + option + " must be a whole number, not '" + text + "'");
  return number;
}

bool truth(const std::string& text) { return text == "true" || text == "TRUE" || text == "True"; }

// Options without a `set` have no meaning here: one process, one commit.
constexpr RewriteOption kRewriteOptions[] = {
    {"target-file-size-bytes",
     [](Options& o, const std::string& v) { o.target = whole(v, "target-file-size-bytes"); }},
    {"min-file-size-bytes",
     [](Options& o, const std::string& v) { o.min_size = whole(v, "min-file-size-bytes"); }},
    {"max-file-size-bytes",
     [](Options& o, const std::string& v) { o.max_size = whole(v, "max-file-size-bytes"); }},
    {"max-file-group-size-bytes",
     [](Options& o, const std::string& v) { o.max_group = whole(v, "max-file-group-size-bytes"); }},
    {"min-input-files",
     [](Options& o, const std::string& v) { o.min_input_files = whole(v, "min-input-files"); }},
    {"delete-file-threshold",
     [](Options& o, const std::string& v) { o.delete_files = whole(v, "delete-file-threshold"); }},
    {"delete-ratio-threshold",
     [](Options& o, const std::string& v) { o.delete_ratio = std::stod(v); }},
    {"rewrite-all", [](Options& o, const std::string& v) { o.rewrite_all = truth(v); }},
    {"use-starting-sequence-number", nullptr},  // always
    {"max-concurrent-file-group-rewrites", nullptr},
    {"partial-progress.enabled", nullptr},
    {"partial-progress.max-commits", nullptr},
    {"partial-progress.max-failed-commits", nullptr},
    {"rewrite-job-order", nullptr},
    {"remove-dangling-deletes", nullptr},
    {"compression-factor", nullptr},
    {"shuffle-partitions-per-file", nullptr},
    {"max-files-to-rewrite", nullptr},
};

Options options_of(const Call& call, const iceberg::TableMetadata& metadata) {
  Options options;
  options.target =
      table::number_property(metadata.properties, "write.target-file-size-bytes", kDefaultTarget);
  if (const auto direct = call.arguments.number("target_file_size_bytes")) options.target = *direct;
  bool min_given = false, max_given = false;
  const auto given = call.arguments.maps.find("options");
  if (given != call.arguments.maps.end()) {
    for (const auto& [key, value] : given->second) {
      const auto* row = std::ranges::find_if(
          kRewriteOptions, [&](const RewriteOption& one) { return key == one.name; });
      if (row == std::end(kRewriteOptions))
        throw_invalid("Cannot use options [" + key +
                      "], they are not supported by the action or the rewriter");
      if (row->set != nullptr) row->set(options, value);
      min_given |= key == "min-file-size-bytes";
      max_given |= key == "max-file-size-bytes";
    }
  }
  if (options.target < 1)
    throw_invalid("target-file-size-bytes is set to " + std::to_string(options.target) +
                  " but must be > 0");
  if (!min_given) options.min_size = options.target / 4 * 3;
  if (!max_given)
    options.max_size = static_cast<int64_t>(static_cast<double>(options.target) * 1.8);
  if (options.target <= options.min_size && min_given)
    throw_invalid("target-file-size-bytes must be greater than min-file-size-bytes");
  if (options.target >= options.max_size && max_given)
    throw_invalid("target-file-size-bytes must be less than max-file-size-bytes");
  return options;
}

// ---- which files

bool full_of_deletes(const ScanTask& task, const Options& options) {
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

bool is_worth_it(const FileGroup& group, const Options& options) {
  if (options.rewrite_all) return true;
  int64_t bytes = 0;
  for (const ScanTask& task : group) bytes += task.file->file_size_in_bytes;
  const auto count = static_cast<int64_t>(group.size());
  return (count > 1 && count >= options.min_input_files) || (count > 1 && bytes > options.target) ||
         bytes > options.max_size || std::ranges::any_of(group, [&](const ScanTask& task) {
           return full_of_deletes(task, options);
         });
}

std::vector<FileGroup> groups_of(const std::vector<ScanTask>& tasks,
                                 const iceberg::TableMetadata& metadata, const Options& options) {
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

struct TableRelation {
  plan::RelationPtr relation;
  std::vector<plan::ScanColumn> columns;
};

TableRelation relation_of(Session& session, const table::Table& table,
                          std::shared_ptr<const std::vector<ScanTask>> tasks) {
  auto source = std::make_shared<plan::TableSource>();
  source->metadata = table.shared_metadata();
  source->snapshot_id = table.metadata().current_snapshot_id;
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

types::Predicate where_of(const Call& call, const table::Table& table) {
  const std::string where = call.arguments.text("where");
  if (where.empty()) return {};
  Session& session = call.session;
  const TableRelation relation = relation_of(session, table, nullptr);
  SessionSurroundings surroundings(session);
  const plan::ExprPtr condition =
      plan::resolve_expression(sql::parse_expression(where), relation.relation->output,
                               session.resolve_options(), surroundings, session.ids());
  return plan::to_iceberg_predicate(*condition, relation.columns);
}

// The sort order that the call (or the table) asks for; empty: rows stay as they come.
std::vector<types::SortField> sort_fields(const Call& call, const table::Table& table) {
  std::string strategy = call.arguments.text("strategy");
  std::transform(strategy.begin(), strategy.end(), strategy.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string text = call.arguments.text("sort_order");
  if (!strategy.empty() && strategy != "binpack" && strategy != "sort")
    throw_invalid("unsupported strategy: " + strategy + ". Only binpack or sort is supported");
  if (strategy == "binpack" || (strategy.empty() && text.empty())) {
    if (!text.empty()) throw_invalid("Must use only one rewriter type (bin-pack, sort, zorder)");
    return {};
  }
  const iceberg::TableMetadata& metadata = table.metadata();
  if (text.empty()) {
    for (const types::SortOrder& order : metadata.sort_orders) {
      if (order.order_id == metadata.default_sort_order_id && !order.fields.empty())
        return order.fields;
    }
    throw_invalid("Cannot sort data without a valid sort order, table '" + table.name() +
                  "' is unsorted and no sort order is provided");
  }
  if (text.find("zorder") != std::string::npos)
    throw_unsupported("rewrite_data_files in Z-order; sort_order => 'a, b DESC' is there");
  const plan::Statement statement = sql::parse_statement("ALTER TABLE t WRITE ORDERED BY " + text);
  const auto& order = std::get<plan::WriteOrder>(std::get<plan::AlterTable>(statement.node).change);
  std::vector<types::SortField> fields;
  for (const plan::WriteOrder::Key& key : order.keys) {
    const types::Field* column = metadata.schema().find_ignoring_case(key.term.column);
    if (column == nullptr)
      throw_invalid("sort_order names the column " + key.term.column +
                    ", which the table does not have");
    if (key.term.transform != "identity")
      throw_unsupported("a transform in the sort order of rewrite_data_files (" +
                        key.term.transform + ")");
    fields.push_back({column->id, {}, key.ascending, key.nulls_first});
  }
  return fields;
}

plan::RelationPtr sorted(const TableRelation& relation,
                         const std::vector<types::SortField>& fields) {
  if (fields.empty()) return relation.relation;
  plan::Sort sort;
  for (const types::SortField& field : fields) {
    const auto column =
        std::ranges::find(relation.columns, field.source_id, &plan::ScanColumn::field_id);
    if (column == relation.columns.end() || field.transform.id != types::TransformId::kIdentity)
      throw_unsupported(
          "rewrite_data_files by a sort order with transforms or nested fields; give "
          "sort_order => 'column, …'");
    plan::Expr reference;
    reference.node = plan::ColumnRef{column->attribute};
    reference.type = column->attribute.type;
    reference.nullable = column->attribute.nullable;
    reference.resolved = true;
    sort.keys.push_back({std::make_shared<const plan::Expr>(std::move(reference)), field.ascending,
                         field.nulls_first});
  }
  sort.child = relation.relation;
  return std::make_shared<const plan::Relation>(
      plan::Relation{std::move(sort), relation.relation->output, true, false, {}});
}

std::vector<iceberg::DataFile> write_group(const Call& call, const table::Table& table,
                                           const FileGroup& group, const Options& options,
                                           const std::vector<types::SortField>& order) {
  Session& session = call.session;
  const TableRelation relation =
      relation_of(session, table, std::make_shared<const std::vector<ScanTask>>(group));
  engine::TableWriterOptions writer_options;
  writer_options.schema = table.metadata().schema();
  writer_options.spec = table.metadata().spec();
  writer_options.properties = table.metadata().properties;
  writer_options.properties["write.target-file-size-bytes"] = std::to_string(options.target);
  writer_options.data_location = table.data_location();
  writer_options.file_prefix = "00000-0-" + random_uuid(session.process().random);
  const auto writer = engine::make_table_writer(writer_options, session.process().store);
  const auto rows = session.process().engine.run(plan::rewrite(sorted(relation, order)), call.stop);
  engine::Chunk chunk;
  while (rows->next(chunk)) writer->append(chunk);
  return writer->finish();
}

OutputRows rewrite_data_files(const Call& call) {
  table::Table table = call.table();
  const iceberg::TableMetadata& metadata = table.metadata();
  const Options options = options_of(call, metadata);
  const std::vector<types::SortField> order = sort_fields(call, table);
  if (call.arguments.text("branch", "main") != "main")
    throw_unsupported("rewrite_data_files of another branch than main");
  const auto none = OutputRows{{int64_t{0}, int64_t{0}, int64_t{0}, int64_t{0}, int64_t{0}}};
  const iceberg::Snapshot* current = metadata.current_snapshot();
  if (current == nullptr) return none;
  Process& process = call.session.process();
  const table::ScanPlan plan = table::plan_scan(
      metadata, process.store, {{}, where_of(call, table)}, process.manifests.get());
  table::RewriteRequest request;
  request.since = current->id;
  request.data_sequence_number = current->sequence_number;
  std::vector<std::string> written;
  int64_t bytes = 0;
  try {
    for (const FileGroup& group : groups_of(plan.tasks, metadata, options)) {
      for (iceberg::DataFile& file : write_group(call, table, group, options, order)) {
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
  if (request.removed.empty()) return none;
  const auto removed = static_cast<int64_t>(request.removed.size());
  const auto outcome =
      table::rewrite_files(table, request, process.clock, process.random, call.stop);
  if (std::holds_alternative<table::Conflict>(outcome)) table::remove_files(process.store, written);
  committed(table, outcome);
  return {{removed, static_cast<int64_t>(written.size()), bytes, int64_t{0}, int64_t{0}}};
}

OutputRows rewrite_position_deletes(const Call& call) {
  const table::Table table = call.table();
  Process& process = call.session.process();
  if (const iceberg::Snapshot* current = table.metadata().current_snapshot()) {
    for (const iceberg::ManifestFile& row :
         table::manifests_of(process.store, table.metadata(), *current)) {
      if (row.is_deletes)
        throw_unsupported(
            "rewrite_position_delete_files of a table with delete files; rewrite_data_files with "
            "options => map('delete-file-threshold', '1') applies them");
    }
  }
  return {{int64_t{0}, int64_t{0}, int64_t{0}, int64_t{0}}};
}

}  // namespace

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
      {"rewrite_position_delete_files",
       {table, {"options", kMap}, {"where", kString}},
       {{"rewritten_delete_files_count", DataTypeId::kInteger, false},
        {"added_delete_files_count", DataTypeId::kInteger, false},
        {"rewritten_bytes_count", DataTypeId::kLong, false},
        {"added_bytes_count", DataTypeId::kLong, false}},
       rewrite_position_deletes},
  };
}

}  // namespace firn::session

// See target.h.
#include "session/target.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "base/error.h"
#include "engine/table_source.h"
#include "plan/build.h"

namespace firn::session {
namespace {

// Options that stand for a table property. Real spellings; whoever writes the property's own name
// as an option (write.parquet.compression-codec) means the same.
struct WriteOptionRow {
  const char* option;
  const char* property;
};
constexpr WriteOptionRow kPropertyOptions[] = {
    {"target-file-size-bytes", "write.target-file-size-bytes"},
    {"compression-codec", "write.parquet.compression-codec"},
    {"compression-level", "write.parquet.compression-level"},
    {"write-format", "write.format.default"},
    {"delete-granularity", "write.delete.granularity"},
    {"use-table-distribution-and-ordering", "use-table-distribution-and-ordering"},
};
constexpr std::string_view kSummaryPrefix = "snapshot-property.";

int64_t number(const std::string& option, const std::string& text) {
  int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size())
    throw_invalid("write option " + option + " is \"" + text + "\": a whole number is needed");
  return value;
}

void set_option(WriteOptions& options, const std::string& written, const std::string& value) {
  const std::string key = lower_case(written);
  for (const WriteOptionRow& row : kPropertyOptions) {
    if (key == row.option || key == row.property) options.properties[row.property] = value;
  }
  if (key.starts_with("write.")) options.properties[key] = value;
  if (key.starts_with(kSummaryPrefix)) options.summary[key.substr(kSummaryPrefix.size())] = value;
  if (key == "branch") options.branch = value;
  if (key == "overwrite-mode" || key == "partitionoverwritemode")
    options.overwrite_mode = lower_case(value);
  if (key == "isolation-level") options.isolation = lower_case(value);
  if (key == "validate-from-snapshot-id") options.validate_from = number(written, value);
  if (key == "output-spec-id") options.output_spec_id = static_cast<int>(number(written, value));
  if (key == "mergeschema" || key == "merge-schema")
    options.merge_schema = lower_case(value) == "true";
}

void check_format(const WriteOptions& options, const iceberg::Properties& properties) {
  const auto given = options.properties.find("write.format.default");
  const auto found =
      given != options.properties.end() ? given : properties.find("write.format.default");
  const bool none = given == options.properties.end() && found == properties.end();
  if (!none && lower_case(found->second) != "parquet")
    throw_unsupported("writing data files of format " + found->second +
                      " (write.format.default, write-format); parquet is written");
}

}  // namespace

WriteOptions write_options(Session& session, const plan::Options& given) {
  WriteOptions options;
  for (const auto& [key, value] : session.conf().with_prefix("spark.sql.iceberg."))
    set_option(options, key, value);
  for (const auto& [key, value] : given) set_option(options, key, value);
  if (!options.overwrite_mode.empty() && options.overwrite_mode != "static" &&
      options.overwrite_mode != "dynamic")
    throw_invalid("write option partitionOverwriteMode is \"" + options.overwrite_mode +
                  "\": static or dynamic is needed");
  return options;
}

std::string Target::property(const char* key, const char* otherwise) const {
  const auto option = options.properties.find(key);
  if (option != options.properties.end()) return option->second;
  const auto found = metadata().properties.find(key);
  return found == metadata().properties.end() ? otherwise : found->second;
}

Target open_target(Session& session, const plan::NameParts& parts, WriteOptions options) {
  catalog::Catalog& catalog = session.process().catalog;
  constexpr std::string_view kBranch = "branch_";
  catalog::TableName name = session.table_name(parts);
  plan::NameParts shown = session.full_name(parts);
  std::string branch;
  if (parts.size() > 1 && parts.back().starts_with(kBranch) && !catalog.load(name)) {
    const catalog::TableName whole =
        session.table_name(plan::NameParts(parts.begin(), parts.end() - 1));
    if (catalog.load(whole)) {
      name = whole;
      branch = parts.back().substr(kBranch.size());
    }
  }
  Target target{
      catalog::open_table(catalog, name), name, shown, "main", {}, {}, std::move(options)};
  target.now_us = session.process().clock.now_us();
  check_format(target.options, target.metadata().properties);
  use_branch(session, target, branch);
  return target;
}

void use_branch(Session& session, Target& target, const std::string& of_name) {
  std::string branch = of_name.empty() ? target.options.branch : of_name;
  if (!branch.empty() && branch != "main" && !target.metadata().refs.contains(branch))
    throw_invalid("Cannot use branch (does not exist): " + branch);
  if (target.property("write.wap.enabled", "false") == "true") {
    const std::string id = session.conf().get_string("spark.wap.id");
    const std::string wap_branch = session.conf().get_string("spark.wap.branch");
    if (!id.empty() && !wap_branch.empty())
      throw_invalid("Cannot set both WAP ID and branch, but got ID [" + id + "] and branch [" +
                    wap_branch + "]");
    if (!branch.empty() && branch != "main" && !wap_branch.empty())
      throw_invalid("Cannot write to both branch and WAP branch, but got branch [" + branch +
                    "] and WAP branch [" + wap_branch + "]");
    if (branch.empty()) branch = wap_branch;
    if (!id.empty()) target.wap_id = id;
  }
  if (!branch.empty()) target.branch = branch;
  refresh_head(target);
}

plan::ResolveOptions resolve_options(Session& session, const Target& target) {
  plan::ResolveOptions options = session.resolve_options();
  options.now_us = target.now_us;
  return options;
}

void refresh_head(Target& target) {
  const iceberg::TableMetadata& metadata = target.metadata();
  const iceberg::Snapshot* head = metadata.head_of(target.branch);
  if (head == nullptr && !metadata.refs.contains(target.branch)) head = metadata.current_snapshot();
  target.head = head != nullptr ? std::optional(head->id) : std::nullopt;
}

TargetScan scan_target(Session& session, const Target& target, const std::string& alias,
                       bool hidden, std::shared_ptr<const std::set<std::string>> only_files,
                       std::shared_ptr<const table::PositionSet> hidden_rows) {
  auto source = std::make_shared<plan::TableSource>();
  source->metadata = target.table.shared_metadata();
  source->snapshot_id = target.head;
  source->store = &session.process().store;
  source->manifests = session.process().manifests;
  source->current_schema = true;
  source->only_files = std::move(only_files);
  source->hidden_rows = std::move(hidden_rows);
  plan::TableScan scan;
  scan.name = target.shown;
  scan.source = std::move(source);
  const std::vector<std::string> qualifier =
      alias.empty() ? scan.name : std::vector<std::string>{alias};
  TargetScan result;
  const auto add = [&](const std::string& name, types::DataType type, bool nullable, int field) {
    plan::Attribute attribute{session.ids().next(), name, std::move(type), nullable, qualifier};
    scan.columns.push_back({attribute, field});
    return attribute;
  };
  for (const types::Field& field : target.metadata().schema().fields)
    result.columns.push_back(
        add(field.name, types::to_spark(field.type), !field.required, field.id));
  if (hidden) {
    result.file = add("_file", types::DataTypeId::kString, false, plan::kFileField);
    result.position = add("_pos", types::DataTypeId::kLong, false, plan::kPosField);
  }
  result.scanned = scan.columns;
  result.relation = plan::finish(std::move(scan));
  return result;
}

engine::TableWriterOptions writer_options(Session& session, const Target& target) {
  engine::TableWriterOptions options;
  options.schema = target.metadata().schema();
  options.spec = target.options.output_spec_id
                     ? target.metadata().spec_by_id(*target.options.output_spec_id)
                     : target.metadata().spec();
  options.properties = target.metadata().properties;
  for (const auto& [key, value] : target.options.properties) options.properties[key] = value;
  options.data_location = target.table.data_location();
  options.file_prefix = "00000-0-" + random_uuid(session.process().random);
  return options;
}

Error as_stored(const plan::RelationPtr& query, const Error& error) {
  const auto* project = std::get_if<plan::Project>(&query->node);
  const bool decimal = error.condition().starts_with("NUMERIC_VALUE_OUT_OF_RANGE.");
  if ((!decimal && error.condition() != "CAST_OVERFLOW") || project == nullptr) return error;
  const auto quoted = [](const types::DataType& type) { return "\"" + type.sql() + "\""; };
  const std::string goal = decimal ? "\"DECIMAL(" + error.params().at("precision") + "," +
                                         error.params().at("scale") + ")\""
                                   : error.params().at("targetType");
  const std::string given = decimal ? "" : error.params().at("sourceType");  // "": any
  for (const plan::ExprPtr& column : project->expressions) {
    const auto* alias = std::get_if<plan::Alias>(&column->node);
    if (alias == nullptr) continue;
    std::string source;
    const bool stores = plan::any_node(*alias->child, [&](const plan::Expr& expr) {
      const auto* cast = std::get_if<plan::Cast>(&expr.node);
      if (cast == nullptr || !cast->implicit || quoted(cast->type) != goal) return false;
      source = quoted(cast->child->type);
      return given.empty() || source == given;
    });
    if (stores)
      return Error(
          "CAST_OVERFLOW_IN_TABLE_INSERT",
          {{"sourceType", source}, {"targetType", goal}, {"columnName", "`" + alias->name + "`"}});
  }
  return error;
}

namespace {

// The order that the table asks its rows to be written in; null: none.
const types::SortOrder* order_of(const Target& target) {
  if (target.property("use-table-distribution-and-ordering", "true") == "false") return nullptr;
  const iceberg::TableMetadata& metadata = target.metadata();
  for (const types::SortOrder& order : metadata.sort_orders) {
    if (order.order_id == metadata.default_sort_order_id && !order.fields.empty()) return &order;
  }
  return nullptr;
}

// The query in the table's order, as far as columns alone make it: keys behind the first transform
// or nested field do not count.
struct Ordered {
  plan::RelationPtr query;
  std::optional<int> order_id;  // where the whole order is kept
};
Ordered in_order(const Target& target, const plan::RelationPtr& query) {
  const types::SortOrder* order = order_of(target);
  if (order == nullptr) return {query, std::nullopt};
  plan::Sort sort;
  const std::vector<types::Field>& columns = target.metadata().schema().fields;
  for (const types::SortField& key : order->fields) {
    const auto column = std::ranges::find(columns, key.source_id, &types::Field::id);
    if (column == columns.end() || key.transform.id != types::TransformId::kIdentity) break;
    const auto index = static_cast<size_t>(column - columns.begin());
    sort.keys.push_back({plan::column(query->output.at(index)), key.ascending, key.nulls_first});
  }
  if (sort.keys.empty()) return {query, std::nullopt};
  const bool whole = sort.keys.size() == order->fields.size();
  sort.child = query;
  return {plan::finish(std::move(sort)), whole ? std::optional(order->order_id) : std::nullopt};
}

}  // namespace

WrittenFiles write_rows(Session& session, const Target& target, const plan::RelationPtr& query,
                        const StopToken& stop) try {
  const Ordered ordered = in_order(target, query);
  const auto writer =
      engine::make_table_writer(writer_options(session, target), session.process().store);
  const auto rows = session.process().engine.run(plan::rewrite(ordered.query), stop);
  WrittenFiles written;
  engine::Chunk chunk;
  while (rows->next(chunk)) {
    written.rows += static_cast<int64_t>(chunk.size());
    writer->append(chunk);
  }
  written.files = writer->finish();
  // Zero: in no order.
  for (iceberg::DataFile& file : written.files) file.sort_order_id = ordered.order_id.value_or(0);
  return written;
} catch (const Error& error) {
  throw as_stored(query, error);
}

namespace {

void remove_written(Session& session, const std::vector<iceberg::DataFile>& files) {
  for (const iceberg::DataFile& file : files) {
    try {
      session.process().store.remove(file.file_path);
    } catch (const Error& error) {
      spdlog::warn("{} is no longer needed but could not be removed: {}", file.file_path,
                   error.message());
    }
  }
}

void settle(Session& session, const Target& target, const table::CommitOutcome& outcome,
            const std::vector<iceberg::DataFile>& files,
            const std::vector<iceberg::DataFile>& deletes) {
  if (const auto* conflict = std::get_if<table::Conflict>(&outcome)) {
    remove_written(session, files);
    remove_written(session, deletes);
    throw Error("COMMIT_CONFLICT", {{"table", target.table.name()}, {"reason", conflict->reason}});
  }
  if (const auto* unknown = std::get_if<table::Unknown>(&outcome))
    throw Error("COMMIT_UNKNOWN", {{"table", target.table.name()}, {"reason", unknown->reason}});
}

iceberg::Properties summary_of(const Target& target) {
  iceberg::Properties summary = target.options.summary;
  if (target.wap_id) summary["wap.id"] = *target.wap_id;
  return summary;
}

}  // namespace

void commit_change(Session& session, Target& target, table::ChangeRequest request,
                   const StopToken& stop) {
  request.branch = target.branch;
  request.staged = target.wap_id.has_value();
  for (const auto& [key, value] : summary_of(target)) request.summary[key] = value;
  settle(session, target,
         table::change_files(target.table, request, session.process().clock,
                             session.process().random, stop),
         request.added_files, request.added_deletes);
}

void commit_append(Session& session, Target& target, std::vector<iceberg::DataFile> files,
                   const StopToken& stop) {
  table::AppendRequest request;
  request.branch = target.branch;
  request.staged = target.wap_id.has_value();
  request.files = std::move(files);
  request.summary = summary_of(target);
  request.fast = false;
  settle(
      session, target,
      table::append(target.table, request, session.process().clock, session.process().random, stop),
      request.files, {});
}

}  // namespace firn::session

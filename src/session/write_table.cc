// INSERT in all its forms, and the writers of DataFrames: what is written, and what gives way.
#include <algorithm>

#include "base/ascii.h"
#include "base/error.h"
#include "plan/build.h"
#include "session/file_tables.h"
#include "session/row_level.h"
#include "session/statements.h"

namespace firn::session {
namespace {

using plan::ExprPtr;
using types::StructField;

std::string backquoted(const std::string& name) { return "`" + name + "`"; }

types::DataType type_of(const plan::RelationPtr& query) {
  std::vector<StructField> fields;
  for (const plan::Attribute& column : query->output)
    fields.push_back({column.name, column.type, true});
  return types::DataType::structure(std::move(fields));
}

// What gives way to the new rows.
struct Overwrite {
  enum class Kind : uint8_t { kNothing, kMatching, kPartitions } kind = Kind::kNothing;
  types::Predicate matching;
};

// The condition as a predicate that files can be chosen by.
types::Predicate overwrite_predicate(Session& session, const Target& target,
                                     const ExprPtr& unresolved) {
  if (unresolved == nullptr) return types::always_true();
  const TargetScan scan = scan_target(session, target, "", false);
  const ExprPtr condition = resolve_condition(session, target, unresolved, scan.columns);
  const plan::RelationPtr folded = plan::rewrite(plan::filter(condition, scan.relation));
  if (const auto* kept = std::get_if<plan::Filter>(&folded->node)) {
    if (auto exact = plan::exact_iceberg_predicate(*kept->condition, scan.scanned)) return *exact;
  }
  throw_invalid("Cannot convert the overwrite condition to a filter over files: " +
                plan::pretty_name(*condition));
}

std::optional<table::ConflictRules> rules_of(const Target& target, const types::Predicate& filter) {
  const std::string& level = target.options.isolation;
  if (level.empty() || level == "none") return std::nullopt;
  if (level != "serializable" && level != "snapshot")
    throw_invalid("write option isolation-level is \"" + level +
                  "\": serializable, snapshot or none is needed");
  table::ConflictRules rules;
  // Without a snapshot to start from, everything since the table began counts, as in Spark.
  rules.since = target.options.validate_from;
  rules.filter = filter;
  rules.no_new_data = level == "serializable";
  rules.no_new_deletes = rules.no_deleted_data = true;
  return rules;
}

// `query`: resolved. Returns the number of rows.
int64_t write_query(Session& session, Target& target, const plan::RelationPtr& query, bool by_name,
                    const Overwrite& overwrite, const StopToken& stop) {
  if (query->streaming)
    throw_invalid(
        "INSERT INTO reads a finite query; to fill " + target.table.name() +
        " from a stream write CREATE FLOW … AS INSERT INTO … and run the file with firn run");
  if (target.options.merge_schema && by_name) evolve_schema(session, target, type_of(query), true);
  const plan::RelationPtr assigned =
      plan::assign_to_table(query, types::to_spark(target.metadata().schema()), by_name,
                            target.table.name(), resolve_options(session, target), session.ids());
  WrittenFiles written = write_rows(session, target, assigned, stop);
  if (overwrite.kind == Overwrite::Kind::kNothing) {
    if (!written.files.empty()) commit_append(session, target, std::move(written.files), stop);
    return written.rows;
  }
  table::ChangeRequest request;
  request.added_files = std::move(written.files);
  if (overwrite.kind == Overwrite::Kind::kPartitions) {
    if (request.added_files.empty()) return 0;  // no partition, nothing to replace
    request.replace_partitions = true;
    request.operation = "overwrite";
  } else {
    request.delete_where = overwrite.matching;
  }
  request.rules = rules_of(target, overwrite.matching);
  commit_change(session, target, std::move(request), stop);
  return written.rows;
}

bool is_dynamic(Session& session, const Target& target) {
  if (!target.options.overwrite_mode.empty()) return target.options.overwrite_mode == "dynamic";
  return lower_case(session.conf().get_string("spark.sql.sources.partitionOverwriteMode")) ==
         "dynamic";
}

// DEFAULT, where it stands as a value of its own, is NULL: no column has another default.
plan::RelationPtr without_defaults(const plan::RelationPtr& query) {
  const auto settled = [](const ExprPtr& value) {
    return plan::is_default_keyword(*value) ? plan::null_of(types::DataTypeId::kNull) : value;
  };
  if (const auto* rows = std::get_if<plan::InlineTable>(&query->node)) {
    plan::InlineTable made = *rows;
    for (auto& row : made.rows)
      for (ExprPtr& value : row) value = settled(value);
    return plan::make(std::move(made), query->origin);
  }
  if (const auto* project = std::get_if<plan::Project>(&query->node)) {
    if (!std::holds_alternative<plan::OneRow>(project->child->node)) return query;
    plan::Project made = *project;
    for (ExprPtr& value : made.expressions) value = settled(value);
    return plan::make(std::move(made), query->origin);
  }
  return query;
}

// INSERT … PARTITION (…) and column lists: the query with the table's columns in order, or by name.
class InsertedQuery {
 public:
  InsertedQuery(Session& session, const Target& target, const plan::Insert& node)
      : session_(session), target_(target), node_(node) {
    by_name_ = node.by_name;
    partitions();
    query_ = session.resolve(without_defaults(node.query));
    if (!node.columns.empty()) name_columns();
    if (!static_.empty()) add_static();
  }
  const plan::RelationPtr& query() const { return query_; }
  bool by_name() const { return by_name_; }

  // p = 1 AND q IS NULL of the static values; null where there are none.
  ExprPtr static_condition() const {
    ExprPtr condition;
    for (const auto& [name, value] : static_) {
      const auto column = plan::make(plan::UnresolvedName{{name}, {}});
      const plan::Literal* constant = plan::as_literal(*value);
      const bool null = constant != nullptr && types::is_null(constant->value);
      plan::UnresolvedCall test;
      test.name = null ? "isnull" : "=";
      test.arguments = null ? std::vector<ExprPtr>{column} : std::vector<ExprPtr>{column, value};
      const ExprPtr one = plan::make(std::move(test));
      if (condition == nullptr) {
        condition = one;
      } else {
        plan::UnresolvedCall all;
        all.name = "and";
        all.arguments = {condition, one};
        condition = plan::make(std::move(all));
      }
    }
    return condition;
  }

 private:
  const types::Field* partition_source(const std::string& name) const {
    const iceberg::TableMetadata& metadata = target_.metadata();
    for (const types::PartitionField& field : metadata.spec().fields) {
      if (field.transform.id != types::TransformId::kIdentity) continue;
      const types::Field* source = metadata.schema().find(field.source_id);
      if (source != nullptr && lower_case(source->name) == lower_case(name)) return source;
    }
    return nullptr;
  }

  void partitions() {
    for (const auto& [name, value] : node_.partition) {
      const types::Field* source = partition_source(name);
      if (source == nullptr)
        throw Error("NON_PARTITION_COLUMN", {{"columnName", backquoted(name)}});
      if (value == nullptr) continue;
      for (const std::string& listed : node_.columns) {
        if (lower_case(listed) == lower_case(name))
          throw Error("STATIC_PARTITION_COLUMN_IN_INSERT_COLUMN_LIST",
                      {{"staticName", backquoted(name)}});
      }
      // Partition values are read as their column's type, whatever they are written as.
      const ExprPtr resolved = resolve_value(session_, target_, value, {});
      const types::DataType type = types::to_spark(source->type);
      const ExprPtr cast = plan::cast(resolved, type, plan::CastMode::kAnsi, false, value->origin,
                                      resolve_options(session_, target_).time_zone);
      const plan::RelationPtr folded = plan::rewrite(
          plan::project({named(session_, cast, source->name)}, plan::finish(plan::OneRow{})));
      const auto& only = std::get<plan::Project>(folded->node).expressions.front();
      const auto* alias = std::get_if<plan::Alias>(&only->node);
      static_.emplace_back(source->name, alias != nullptr ? alias->child : only);
    }
  }

  void name_columns() {
    const std::vector<plan::Attribute>& given = query_->output;
    std::string listed, data;
    for (const std::string& name : node_.columns)
      listed += (listed.empty() ? "" : ", ") + backquoted(name);
    for (const plan::Attribute& column : given)
      data += (data.empty() ? "" : ", ") + backquoted(column.name);
    if (given.size() != node_.columns.size()) {
      throw Error(given.size() < node_.columns.size()
                      ? "INSERT_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS"
                      : "INSERT_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS",
                  {{"tableName", table_text()}, {"tableColumns", listed}, {"dataColumns", data}});
    }
    std::vector<ExprPtr> columns;
    std::vector<std::string> seen;
    for (size_t i = 0; i < given.size(); ++i) {
      const std::string name = lower_case(node_.columns[i]);
      if (std::ranges::find(seen, name) != seen.end())
        throw Error("COLUMN_ALREADY_EXISTS", {{"columnName", backquoted(name)}});
      seen.push_back(name);
      check_known(node_.columns[i]);
      columns.push_back(named(session_, plan::column(given[i]), node_.columns[i]));
    }
    query_ = plan::project(std::move(columns), query_);
    by_name_ = true;
  }

  void check_known(const std::string& name) {
    std::vector<plan::Attribute> columns;
    for (const types::Field& field : target_.metadata().schema().fields)
      columns.push_back({session_.ids().next(), field.name, types::to_spark(field.type), true, {}});
    resolve_value(session_, target_, plan::make(plan::UnresolvedName{{name}, {}}), columns);
  }

  void add_static() {
    std::vector<ExprPtr> columns;
    size_t next = 0;
    const std::vector<plan::Attribute>& given = query_->output;
    for (const types::Field& field : target_.metadata().schema().fields) {
      const auto found =
          std::ranges::find(static_, field.name, [](const auto& s) { return s.first; });
      if (found != static_.end())
        columns.push_back(named(session_, found->second, field.name));
      else if (!by_name_ && next < given.size())
        columns.push_back(plan::column(given[next++]));
    }
    if (by_name_) next = 0;
    for (; next < given.size(); ++next) columns.push_back(plan::column(given[next]));
    query_ = plan::project(std::move(columns), query_);
  }

  std::string table_text() const {
    std::string text;
    for (const std::string& part : target_.name.space) text += backquoted(part) + ".";
    return text + backquoted(target_.name.name);
  }

  Session& session_;
  const Target& target_;
  const plan::Insert& node_;
  bool by_name_ = false;
  std::vector<std::pair<std::string, ExprPtr>> static_;  // values resolved and cast
  plan::RelationPtr query_;
};

Result wrote(const Target& target, int64_t rows) {
  return {{}, nullptr, "wrote " + std::to_string(rows) + " rows to " + target.table.name()};
}

// A new table with the query's rows. Where the rows fail, no half-made table stays.
Result create_and_fill(Session& session, const plan::WriteTable& node, const StopToken& stop) {
  const catalog::TableName name = session.table_name(node.table);
  const plan::RelationPtr query = session.resolve(node.query);
  create_defined_table(session, name, node.definition, type_of(query));
  // CREATE OR REPLACE overwrites, whether there was a table or not: the snapshot says so.
  Overwrite overwrite;
  if (node.mode == plan::WriteMode::kCreateOrReplace)
    overwrite = {Overwrite::Kind::kMatching, types::always_true()};
  try {
    Target target = open_target(session, node.table, write_options(session, node.options));
    return wrote(target, write_query(session, target, query, node.by_name, overwrite, stop));
  } catch (const Error& error) {
    if (error.code() != Code::kUnknownOutcome) session.process().catalog.drop_table(name, false);
    throw;
  }
}

// The table, or the table that a name ending with a branch is of.
bool exists_in_catalog(Session& session, const plan::NameParts& name) {
  catalog::Catalog& catalog = session.process().catalog;
  if (catalog.load(session.table_name(name))) return true;
  return name.size() > 1 && name.back().starts_with("branch_") &&
         catalog.load(session.table_name({name.begin(), name.end() - 1})).has_value();
}

Result replace_and_fill(Session& session, const plan::WriteTable& node, const StopToken& stop) {
  plan::CreateTable create;
  create.name = node.table;
  create.or_replace = true;
  create.definition = node.definition;
  create.query = node.query;
  return create_table(session, create, stop);
}

}  // namespace

Result insert(Session& session, const plan::Insert& node, const StopToken& stop) {
  if (const auto files = find_file_table(session, node.table))
    return insert_into_files(session, *files, node, stop);
  Target target = open_target(session, node.table, write_options(session, node.options));
  const InsertedQuery inserted(session, target, node);
  Overwrite overwrite;
  if (node.replace_where != nullptr) {
    overwrite = {Overwrite::Kind::kMatching,
                 overwrite_predicate(session, target, node.replace_where)};
  } else if (node.overwrite && is_dynamic(session, target)) {
    overwrite.kind = Overwrite::Kind::kPartitions;
  } else if (node.overwrite) {
    overwrite = {Overwrite::Kind::kMatching,
                 overwrite_predicate(session, target, inserted.static_condition())};
  }
  return wrote(target,
               write_query(session, target, inserted.query(), inserted.by_name(), overwrite, stop));
}

Result write_table(Session& session, const plan::WriteTable& node, const StopToken& stop) {
  using plan::WriteMode;
  if (find_file_table(session, node.table) ||
      (is_file_provider(node.definition.provider) && !exists_in_catalog(session, node.table)))
    return write_file_table(session, node, stop);
  WriteOptions options = write_options(session, node.options);
  const bool exists = exists_in_catalog(session, node.table);
  const std::string shown = "`" + session.table_name(node.table).to_string() + "`";
  switch (node.mode) {
    case WriteMode::kCreate:
      if (exists) throw Error("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", shown}});
      return create_and_fill(session, node, stop);
    case WriteMode::kIgnore:
      if (exists) return {};
      return create_and_fill(session, node, stop);
    case WriteMode::kReplace:
      if (!exists) throw Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", shown}});
      return replace_and_fill(session, node, stop);
    case WriteMode::kCreateOrReplace:
      if (!exists) return create_and_fill(session, node, stop);
      // The table stays, with what its definition says, where only partitions give way.
      if (options.overwrite_mode != "dynamic") return replace_and_fill(session, node, stop);
      break;
    case WriteMode::kAppend:
      if (!exists && node.create_if_absent) return create_and_fill(session, node, stop);
      break;
    default:
      break;
  }
  Target target = open_target(session, node.table, std::move(options));
  Overwrite overwrite;
  const bool all = node.mode == WriteMode::kOverwrite && node.condition == nullptr;
  if (node.mode == WriteMode::kOverwritePartitions || node.mode == WriteMode::kCreateOrReplace ||
      (all && is_dynamic(session, target))) {
    overwrite.kind = Overwrite::Kind::kPartitions;
  } else if (node.mode == WriteMode::kOverwrite) {
    overwrite = {Overwrite::Kind::kMatching, overwrite_predicate(session, target, node.condition)};
  }
  const plan::RelationPtr query = session.resolve(node.query);
  return wrote(target, write_query(session, target, query, node.by_name, overwrite, stop));
}

}  // namespace firn::session

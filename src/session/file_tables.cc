// See file_tables.h.
#include "session/file_tables.h"

#include <algorithm>
#include <set>

#include "base/ascii.h"
#include "base/error.h"
#include "base/names.h"
#include "engine/file_scan.h"
#include "formats/reader.h"
#include "formats/schema_json.h"
#include "plan/build.h"
#include "plan/file_columns.h"
#include "session/constant.h"
#include "session/row_builder.h"
#include "session/writing.h"

namespace firn::session {
namespace {

using catalog::FileTable;
using types::DataType;
using types::StructField;

constexpr const char* kProviders[] = {"parquet", "csv", "json", "orc", "avro", "text"};

bool same_word(const std::string& a, const std::string& b) {
  return lower_case(a) == lower_case(b);
}

std::string name_text(const catalog::TableName& name) { return "`" + name.to_string() + "`"; }

DataType schema_of(const FileTable& table) { return formats::parse_schema_json(table.schema); }

// Files that readers see: no _SUCCESS, no .crc.
bool has_files(files::FileStore& store, const std::string& folder) {
  return std::ranges::any_of(store.list(folder), [](const files::FileInfo& file) {
    const std::string name = file.uri.substr(file.uri.rfind('/') + 1);
    return !name.starts_with('_') && !name.starts_with('.');
  });
}

// The definition's columns with those that it is partitioned by behind the others.
DataType with_partitions_last(const DataType& columns, const std::vector<std::string>& partitions,
                              const std::string& table) {
  std::vector<StructField> fields, last;
  for (const StructField& field : columns.fields()) {
    const bool partition = std::ranges::any_of(
        partitions, [&](const std::string& name) { return same_word(name, field.name); });
    // Files may lack any column: all are nullable, as in Spark.
    (partition ? last : fields).push_back({field.name, field.type, true, field.comment});
  }
  for (const std::string& name : partitions) {
    const auto found = std::ranges::find_if(
        last, [&](const StructField& field) { return same_word(name, field.name); });
    if (found == last.end()) {
      std::string known;
      for (const StructField& field : columns.fields())
        known += (known.empty() ? "`" : ", `") + field.name + "`";
      throw Error("COLUMN_NOT_DEFINED_IN_TABLE", {{"colType", "partition"},
                                                  {"colName", "`" + name + "`"},
                                                  {"tableName", table},
                                                  {"tableCols", known}});
    }
    fields.push_back(*found);
  }
  if (!partitions.empty() && fields.size() == partitions.size())
    throw Error("ALL_PARTITION_COLUMNS_NOT_ALLOWED");
  return DataType::structure(std::move(fields));
}

std::vector<std::string> partition_names(const plan::TableDefinition& definition) {
  std::vector<std::string> names;
  for (const plan::PartitionTransform& field : definition.partitioned_by) {
    if (field.transform != "identity")
      throw_unsupported("the partition transform " + field.transform + " of a table USING " +
                        definition.provider + "; partition by columns, or make it USING iceberg");
    names.push_back(field.column);
  }
  return names;
}

DataType columns_of_query(const plan::Relation& query) {
  std::vector<StructField> fields;
  for (const plan::Attribute& column : query.output)
    fields.push_back({column.name, column.type, true, ""});
  return DataType::structure(std::move(fields));
}

// What the definition says, its columns apart.
FileTable defined_file_table(Session& session, const catalog::TableName& name,
                             const plan::TableDefinition& definition) {
  FileTable table;
  table.provider = lower_case(definition.provider);
  table.location = definition.location;
  table.comment = definition.comment;
  table.created_ms = session.process().clock.now_ms();
  for (const auto& [key, value] : definition.properties) {
    if (!key.starts_with("option."))
      table.properties[key] = value;
    else if (same_word(key, "option.path"))
      table.location = value;
    else
      table.options[lower_case(key.substr(std::string("option.").size()))] = value;
  }
  table.managed = table.location.empty();
  if (table.managed) table.location = session.process().catalog.default_location(name);
  return table;
}

engine::FileSchema inferred(Session& session, const FileTable& table) {
  engine::FileOptions options(table.options.begin(), table.options.end());
  return engine::describe_files(session.process().store, table.provider, {table.location}, options);
}

// The query's rows, as the table's columns, into the table's folder.
void write_rows_of(Session& session, const FileTable& table, const plan::RelationPtr& rows,
                   bool overwrite, bool keep_other_partitions, const StopToken& stop) {
  plan::WriteFiles write;
  write.format = table.provider;
  write.path = table.location;
  write.mode = overwrite ? plan::SaveMode::kOverwrite : plan::SaveMode::kAppend;
  write.partition_by = table.partition_columns;
  for (const auto& [key, value] : table.options) write.options.emplace_back(key, value);
  for (const auto& [key, value] : table.properties) {
    if (same_word(key, "parquet.compression") || same_word(key, "orc.compress"))
      write.options.emplace_back("compression", value);
  }
  if (keep_other_partitions) write.options.emplace_back("partitionOverwriteMode", "dynamic");
  write.query = rows;
  write_files(session, write, stop);
}

bool is_dynamic_overwrite(Session& session) {
  return lower_case(session.conf().get_string("spark.sql.sources.partitionOverwriteMode")) ==
         "dynamic";
}

}  // namespace

bool is_file_provider(const std::string& provider) {
  const std::string name = lower_case(provider);
  if (name.empty() || name == "iceberg") return false;
  if (std::ranges::find(kProviders, name) == std::end(kProviders))
    throw_unsupported("tables USING " + provider +
                      "; there are iceberg, parquet, csv, json, orc, avro, text");
  return true;
}

std::optional<FileTable> find_file_table(Session& session, const plan::NameParts& name) {
  return session.process().catalog.load_file_table(session.table_name(name));
}

plan::RelationPtr file_table_relation(Session& session, SessionSurroundings& surroundings,
                                      const FileTable& table, const plan::NameParts& name,
                                      plan::IdSource& fresh) {
  if (!has_files(session.process().store, table.location)) {
    const DataType schema = schema_of(table);
    std::vector<BuiltColumn> columns;
    for (const StructField& field : schema.fields()) columns.push_back({field.name, field.type});
    return RowBuilder(std::move(columns)).finish(name, fresh);
  }
  plan::UnresolvedTable files;
  files.parts = {table.provider, table.location};
  for (const auto& [key, value] : table.options) files.options.emplace_back(key, value);
  files.options.emplace_back(formats::kSchemaOption, table.schema);
  plan::Relation relation = *surroundings.find_table(files, fresh);
  for (plan::Attribute& column : relation.output) column.qualifier = name;
  return std::make_shared<const plan::Relation>(std::move(relation));
}

Result create_file_table(Session& session, const plan::CreateTable& node, const StopToken& stop) {
  catalog::Catalog& catalog = session.process().catalog;
  const catalog::TableName name = session.table_name(node.name);
  if (node.or_replace || node.replace_only)
    throw_unsupported("REPLACE TABLE of tables USING " + node.definition.provider +
                      "; drop the table first");
  const bool exists = catalog.load(name).has_value() || catalog.load_file_table(name).has_value();
  if (exists && node.if_not_exists)
    return {{}, nullptr, "table " + name.to_string() + " exists already"};
  if (exists) throw Error("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", name_text(name)}});
  FileTable table = defined_file_table(session, name, node.definition);
  table.partition_columns = partition_names(node.definition);
  plan::RelationPtr query;
  DataType columns = DataType::structure({});
  const bool occupied = (table.managed || node.query != nullptr) &&
                        has_files(session.process().store, table.location);
  if (occupied && table.managed)
    throw Error("LOCATION_ALREADY_EXISTS",
                {{"location", "'" + table.location + "'"}, {"identifier", name_text(name)}});
  if (occupied)
    throw_invalid(
        "CREATE-TABLE-AS-SELECT cannot create table with location to a non-empty "
        "directory " +
        table.location + "; create the table over it, and INSERT OVERWRITE");
  if (node.query != nullptr) {
    query = session.resolve(node.query);
    columns = columns_of_query(*query);
  } else if (!node.definition.columns.empty()) {
    columns = defined_columns(node.definition, columns);
  } else {
    if (table.managed) throw Error("UNABLE_TO_INFER_SCHEMA", {{"format", table.provider}});
    const engine::FileSchema found = inferred(session, table);
    columns = found.whole;
    if (table.partition_columns.empty()) {
      for (const StructField& field : found.partitions.fields())
        table.partition_columns.push_back(field.name);
    }
  }
  columns = with_partitions_last(columns, table.partition_columns, name_text(name));
  std::set<std::string> names;
  for (const StructField& column : columns.fields()) {
    if (!names.insert(lower_case(column.name)).second)
      throw Error("COLUMN_ALREADY_EXISTS", {{"columnName", "`" + lower_case(column.name) + "`"}});
  }
  table.schema = columns.json();
  if (!catalog.namespace_exists(name.space)) catalog.create_namespace(name.space, {});
  if (query != nullptr) write_rows_of(session, table, query, true, false, stop);
  catalog.create_file_table(name, table);
  return {{}, nullptr, "created table " + name.to_string()};
}

Result insert_into_files(Session& session, const FileTable& table, const plan::Insert& node,
                         const StopToken& stop) {
  if (node.replace_where != nullptr)
    throw_unsupported("INSERT … REPLACE WHERE of tables USING " + table.provider);
  for (const auto& [partition, value] : node.partition) {
    const bool known = std::ranges::any_of(
        table.partition_columns,
        [&, &wanted = partition](const auto& one) { return same_word(one, wanted); });
    if (!known)
      throw Error("PARTITIONS_NOT_FOUND",
                  {{"partitionList", "`" + partition + "`"},
                   {"tableName", name_text(session.table_name(node.table))}});
  }
  const DataType schema = schema_of(table);
  plan::RelationPtr query = session.resolve(node.query);
  bool by_name = node.by_name;
  if (!node.columns.empty()) {
    if (node.columns.size() != query->output.size())
      throw Error(query->output.size() < node.columns.size()
                      ? "INSERT_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS"
                      : "INSERT_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS",
                  {{"tableName", backquoted(node.table)},
                   {"tableColumns", dotted(node.columns)},
                   {"dataColumns", std::to_string(query->output.size()) + " columns"}});
    std::vector<plan::ExprPtr> columns;
    for (size_t i = 0; i < node.columns.size(); ++i)
      columns.push_back(
          plan::alias(plan::column(query->output[i]), node.columns[i], session.ids().next()));
    query = plan::project(std::move(columns), query);
    by_name = true;
  }
  // Static partitions are columns of one value, behind the others as partitions are.
  std::vector<plan::ExprPtr> columns;
  for (const plan::Attribute& column : query->output) columns.push_back(plan::column(column));
  size_t given = 0;
  bool statics = false;
  for (const StructField& field : schema.fields()) {
    const auto value = std::ranges::find_if(
        node.partition, [&](const auto& one) { return same_word(one.first, field.name); });
    if (value != node.partition.end() && value->second != nullptr) {
      const types::Value constant = constant_value(session, value->second, field.type);
      const auto at = by_name ? columns.size() : std::min(given, columns.size());
      columns.insert(
          columns.begin() + static_cast<long>(at),
          plan::alias(plan::literal(field.type, constant), field.name, session.ids().next()));
      statics = true;
    }
    ++given;
  }
  if (statics) query = plan::project(std::move(columns), query);
  const plan::RelationPtr rows =
      plan::assign_to_table(query, schema, by_name, session.table_name(node.table).to_string(),
                            session.resolve_options(), session.ids());
  write_rows_of(session, table, rows, node.overwrite, statics || is_dynamic_overwrite(session),
                stop);
  return {{}, nullptr, "wrote to " + session.table_name(node.table).to_string()};
}

Result write_file_table(Session& session, const plan::WriteTable& node, const StopToken& stop) {
  using plan::WriteMode;
  const auto table = find_file_table(session, node.table);
  const catalog::TableName name = session.table_name(node.table);
  if (!table) {
    plan::CreateTable create;
    create.name = node.table;
    create.definition = node.definition;
    create.query = node.query;
    for (const auto& [key, value] : node.options)
      create.definition.properties["option." + key] = value;
    return create_file_table(session, create, stop);
  }
  switch (node.mode) {
    case WriteMode::kCreate:
      throw Error("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", name_text(name)}});
    case WriteMode::kIgnore:
      return {};
    case WriteMode::kAppend:
    case WriteMode::kOverwrite:
    case WriteMode::kOverwritePartitions:
      break;
    case WriteMode::kReplace:
    case WriteMode::kCreateOrReplace: {  // saveAsTable(mode=overwrite): the table is made anew
      plan::DropTable drop;
      drop.name = node.table;
      drop_file_table(session, drop);
      return write_file_table(session, node, stop);
    }
  }
  if (node.condition != nullptr)
    throw_unsupported("overwriting by a condition in tables USING " + table->provider);
  plan::Insert insert;
  insert.table = node.table;
  insert.query = node.query;
  insert.by_name = node.by_name;
  insert.overwrite = node.mode != WriteMode::kAppend;
  return insert_into_files(session, *table, insert, stop);
}

std::optional<Result> drop_file_table(Session& session, const plan::DropTable& node) {
  const catalog::TableName name = session.table_name(node.name);
  const auto table = session.process().catalog.load_file_table(name);
  if (!table) return std::nullopt;
  session.process().catalog.drop_file_table(name);
  if (table->managed) session.process().store.remove_folder(table->location);
  return Result{{}, nullptr, "dropped table " + name.to_string()};
}

}  // namespace firn::session

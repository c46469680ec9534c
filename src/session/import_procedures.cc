// add_files, snapshot, migrate: Iceberg tables out of files that are there.
#include <algorithm>

#include "base/ascii.h"
#include "base/error.h"
#include "base/names.h"
#include "formats/schema_json.h"
#include "session/file_tables.h"
#include "session/import_files.h"
#include "session/procedures.h"
#include "session/streams.h"
#include "session/table_change.h"

namespace firn::session {
namespace {

using types::DataTypeId;

constexpr const char* kFileFormats[] = {"parquet", "orc", "avro", "csv", "json", "text"};

// A name with its quotes taken off: `parquet`.`/a/b.c` has two parts.
plan::NameParts name_parts(const Call& call, const std::string& argument) {
  const std::string text = call.arguments.text(argument);
  if (text.empty()) throw_invalid("Cannot handle an empty identifier for argument " + argument);
  return split_name(text);
}

void check_parallelism(const Call& call) {
  if (call.arguments.number("parallelism").value_or(1) < 1)
    throw_invalid("Parallelism should be larger than 0");
}

catalog::FileTable source_table(const Call& call, const plan::NameParts& name) {
  if (auto table = find_file_table(call.session, name)) return std::move(*table);
  if (call.session.process().catalog.load(call.session.table_name(name)))
    throw_invalid("Cannot use table " + dotted(name) +
                  " as a source of files: it is an Iceberg table; a table USING parquet is needed");
  throw Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", backquoted(name)}});
}

ImportSource add_files_source(const Call& call) {
  const plan::NameParts name = name_parts(call, "source_table");
  const bool is_path =
      name.size() == 2 &&
      std::ranges::find(kFileFormats, lower_case(name.front())) != std::end(kFileFormats);
  const auto below = [&](const std::string& folder) {
    return engine::expand_paths(call.session.process().store, {folder});
  };
  if (is_path) return {lower_case(name.front()), below(name.back())};
  const catalog::FileTable table = source_table(call, name);
  return {table.provider, below(table.location)};
}

OutputRows add_files(const Call& call) {
  check_parallelism(call);
  table::Table table = call.table();
  std::map<std::string, std::string> filter;
  const auto given = call.arguments.maps.find("partition_filter");
  if (given != call.arguments.maps.end()) filter = given->second;
  const int64_t added = import_files(call.session, table, add_files_source(call), filter,
                                     call.arguments.flag("check_duplicate_files", true), call.stop);
  // How many partitions they fall in is not told, as in Spark.
  return {{added, types::Null{}}};
}

// The table's files, before an Iceberg table puts its own beside them.
ImportSource files_of_table(const Call& call, const catalog::FileTable& table) {
  files::FileStore& store = call.session.process().store;
  if (store.list(table.location).empty()) return {table.provider, {}};
  return {table.provider, engine::expand_paths(store, {table.location})};
}

// An Iceberg table with the columns and partitions of a table of files, and its files in it.
int64_t make_from_files(const Call& call, const catalog::TableName& name,
                        const catalog::FileTable& source, const ImportSource& files,
                        iceberg::Properties properties, const std::string& location) {
  plan::TableDefinition definition;
  for (const std::string& column : source.partition_columns)
    definition.partitioned_by.push_back({"identity", {}, column});
  for (const auto& [key, value] : source.properties) definition.properties[key] = value;
  const auto given = call.arguments.maps.find("properties");
  if (given != call.arguments.maps.end())
    for (const auto& [key, value] : given->second) properties[key] = value;
  for (const auto& [key, value] : properties) definition.properties[key] = value;
  definition.comment = source.comment;
  definition.location = location;
  Session& session = call.session;
  table::Table table =
      create_defined_table(session, name, definition, formats::parse_schema_json(source.schema));
  try {
    if (files.files.empty()) return 0;
    return import_files(session, table, files, {}, true, call.stop);
  } catch (const Error& error) {
    if (error.code() != Code::kUnknownOutcome) session.process().catalog.drop_table(name, false);
    throw;
  }
}

OutputRows snapshot_table(const Call& call) {
  check_parallelism(call);
  const plan::NameParts name = name_parts(call, "source_table");
  const catalog::FileTable source = source_table(call, name);
  const catalog::TableName target = call.table_name();
  if (source.location == call.arguments.text("location"))
    throw_invalid("The snapshot table location cannot be the same as the source table location");
  return {{make_from_files(call, target, source, files_of_table(call, source),
                           {{"gc.enabled", "false"}, {"snapshot", "true"}},
                           call.arguments.text("location"))}};
}

// The table of files gives its name to the Iceberg table and stays as <name>_BACKUP_, unless it is
// dropped; the files stay where they are.
OutputRows migrate_table(const Call& call) {
  check_parallelism(call);
  catalog::Catalog& catalog = call.session.process().catalog;
  const catalog::TableName name = call.table_name();
  const auto source = catalog.load_file_table(name);
  if (!source)
    throw Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", "`" + name.to_string() + "`"}});
  catalog::TableName backup = name;
  backup.name = call.arguments.text("backup_table_name", name.name + "_BACKUP_");
  const bool drop_backup = call.arguments.flag("drop_backup", false);
  const ImportSource files = files_of_table(call, *source);
  catalog::FileTable kept = *source;
  kept.managed = false;  // the files are the Iceberg table's now
  // Metadata files will stand in the same folder.
  const bool named = std::ranges::all_of(
      files.files, [](const engine::PlacedFile& file) { return file.uri.ends_with(".parquet"); });
  if (named) kept.options.emplace("pathglobfilter", "*.parquet");
  catalog.create_file_table(backup, kept);
  catalog.drop_file_table(name);
  int64_t migrated = 0;
  try {
    migrated =
        make_from_files(call, name, *source, files, {{"migrated", "true"}}, source->location);
  } catch (const Error& error) {
    if (error.code() != Code::kUnknownOutcome) {
      catalog.create_file_table(name, *source);
      catalog.drop_file_table(backup);
    }
    throw;
  }
  if (drop_backup) catalog.drop_file_table(backup);
  return {{migrated}};
}

}  // namespace

std::vector<Procedure> import_procedures() {
  using enum ParameterType;
  const Parameter table{"table", kString, true};
  const Parameter source{"source_table", kString, true};
  const Parameter parallelism{"parallelism", kInt};
  return {
      {"add_files",
       {table,
        source,
        {"partition_filter", kMap},
        {"check_duplicate_files", kBoolean},
        parallelism},
       {{"added_files_count", DataTypeId::kLong, false},
        {"changed_partition_count", DataTypeId::kLong, true}},
       add_files},
      {"snapshot",
       {source, table, {"location", kString}, {"properties", kMap}, parallelism},
       {{"imported_files_count", DataTypeId::kLong, false}},
       snapshot_table},
      {"migrate",
       {table,
        {"properties", kMap},
        {"drop_backup", kBoolean},
        {"backup_table_name", kString},
        parallelism},
       {{"migrated_files_count", DataTypeId::kLong, false}},
       migrate_table},
  };
}

}  // namespace firn::session

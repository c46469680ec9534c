// Tables of files as DESCRIBE and SHOW CREATE TABLE print them.
#include <set>

#include "base/error.h"
#include "base/names.h"
#include "engine/file_paths.h"
#include "formats/schema_json.h"
#include "session/file_tables.h"
#include "session/table_text.h"

namespace firn::session {
namespace {

using types::Null;
using types::StructField;
using types::Value;

std::string escaped_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string pairs_of(const iceberg::Properties& properties) {
  std::string list;
  for (const auto& [key, value] : properties)
    list +=
        (list.empty() ? "  '" : ",\n  '") + escaped_text(key) + "' = '" + escaped_text(value) + "'";
  return "(\n" + list + ")\n";
}

Value comment_of(const StructField& field) {
  return field.comment.empty() ? Value(Null{}) : Value(field.comment);
}

}  // namespace

std::vector<std::string> column_names(const catalog::FileTable& table) {
  std::vector<std::string> names;
  const types::DataType schema = formats::parse_schema_json(table.schema);
  for (const StructField& field : schema.fields()) names.push_back(field.name);
  return names;
}

Result describe_file_table(Session& session, const plan::NameParts& name,
                           const catalog::FileTable& table, bool extended) {
  const types::DataType schema = formats::parse_schema_json(table.schema);
  const std::vector<StructField>& fields = schema.fields();
  TextRows rows;
  for (const StructField& field : fields)
    rows.push_back({field.name, field.type.simple_string(), comment_of(field)});
  const auto text = [](const char* words) { return Value(std::string(words)); };
  if (!table.partition_columns.empty()) {
    rows.push_back({text("# Partition Information"), text(""), text("")});
    rows.push_back({text("# col_name"), text("data_type"), text("comment")});
    for (size_t i = fields.size() - table.partition_columns.size(); i < fields.size(); ++i)
      rows.push_back({fields[i].name, fields[i].type.simple_string(), comment_of(fields[i])});
  }
  if (!extended) return describe_rows(session, std::move(rows));
  const plan::NameParts full = session.full_name(name);
  rows.push_back({text(""), text(""), text("")});
  rows.push_back({text("# Detailed Table Information"), text(""), text("")});
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) rows.push_back({text(key), value, text("")});
  };
  add("Catalog", full.front());
  add("Database", dotted({full.begin() + 1, full.end() - 1}));
  add("Table", full.back());
  add("Type", table.managed ? "MANAGED" : "EXTERNAL");
  add("Provider", table.provider);
  add("Comment", table.comment);
  add("Location", table.location);
  return describe_rows(session, std::move(rows));
}

Result show_file_partitions(Session& session, const plan::NameParts& name,
                            const catalog::FileTable& table) {
  if (table.partition_columns.empty())
    throw_invalid("SHOW PARTITIONS of " + dotted(session.full_name(name)) +
                  ", which is not partitioned");
  std::set<std::string> partitions;
  files::FileStore& store = session.process().store;
  if (!store.list(table.location).empty()) {
    for (const engine::PlacedFile& file : engine::expand_paths(store, {table.location})) {
      std::string text;
      for (const engine::PartitionValue& one : file.partition)
        text += (text.empty() ? "" : "/") + one.key + "=" + one.value;
      if (!text.empty()) partitions.insert(text);
    }
  }
  TextRows rows;
  for (const std::string& partition : partitions) rows.push_back({partition});
  return session.rows({session.column("partition", types::DataTypeId::kString)}, std::move(rows));
}

Result show_create_file_table(Session& session, const plan::NameParts& name,
                              const catalog::FileTable& table) {
  const types::DataType schema = formats::parse_schema_json(table.schema);
  std::string statement = "CREATE TABLE " + dotted(session.full_name(name)) + " (\n";
  for (const StructField& field : schema.fields())
    statement += "  " + field.name + " " + field.type.sql() +
                 (field.comment.empty() ? "" : " COMMENT '" + escaped_text(field.comment) + "'") +
                 (&field == &schema.fields().back() ? ")\n" : ",\n");
  statement += "USING " + table.provider + "\n";
  if (!table.options.empty()) statement += "OPTIONS " + pairs_of(table.options);
  if (!table.partition_columns.empty()) {
    std::string list;
    for (const std::string& column : table.partition_columns)
      list += (list.empty() ? "" : ", ") + column;
    statement += "PARTITIONED BY (" + list + ")\n";
  }
  if (!table.comment.empty()) statement += "COMMENT '" + escaped_text(table.comment) + "'\n";
  if (!table.managed) statement += "LOCATION '" + escaped_text(table.location) + "'\n";
  if (!table.properties.empty()) statement += "TBLPROPERTIES " + pairs_of(table.properties);
  return session.rows({session.column("createtab_stmt", types::DataTypeId::kString)},
                      {{statement}});
}

}  // namespace firn::session

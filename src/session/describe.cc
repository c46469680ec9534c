// SHOW TABLES, TBLPROPERTIES, CREATE TABLE, COLUMNS, PARTITIONS, VIEWS and DESCRIBE, in the shapes
// that Spark prints for Iceberg tables.
#include <algorithm>
#include <cctype>

#include "base/ascii.h"
#include "base/error.h"
#include "base/names.h"
#include "session/file_tables.h"
#include "session/session.h"
#include "session/table_text.h"
#include "session/view_names.h"

namespace firn::session {
namespace {

using types::DataTypeId;
using types::Null;
using types::Value;

std::string text(const char* constant) { return constant; }

bool matches_one(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    for (size_t skip = 0; skip <= text.size(); ++skip) {
      if (matches_one(text.substr(skip), pattern.substr(1))) return true;
    }
    return false;
  }
  return !text.empty() &&
         std::tolower(static_cast<unsigned char>(text.front())) ==
             std::tolower(static_cast<unsigned char>(pattern.front())) &&
         matches_one(text.substr(1), pattern.substr(1));
}

std::string escaped(const std::string& value) {
  std::string out;
  for (const char c : value) out += c == '\'' ? "\\'" : std::string(1, c);
  return out;
}

// Shown by DESCRIBE in rows of their own, not among the properties; in Spark's order.
constexpr const char* kReserved[] = {"comment", "location", "provider", "owner"};

bool is_reserved(const std::string& key) {
  return std::ranges::any_of(kReserved, [&](const char* one) { return key == one; });
}

std::string property_list(const iceberg::Properties& properties) {
  std::string out;
  for (const auto& [key, value] : properties) {
    if (!is_reserved(key)) out += (out.empty() ? "" : ",") + key + "=" + value;
  }
  return "[" + out + "]";
}

// Bytes of one value as Spark's planner guesses them.
int64_t guessed_size(const types::DataType& type) {
  switch (type.id()) {
    case DataTypeId::kBoolean:
    case DataTypeId::kByte:
    case DataTypeId::kNull:
      return 1;
    case DataTypeId::kShort:
      return 2;
    case DataTypeId::kInteger:
    case DataTypeId::kFloat:
    case DataTypeId::kDate:
    case DataTypeId::kYearMonthInterval:
      return 4;
    case DataTypeId::kDecimal:
      return type.precision() <= 18 ? 8 : 16;
    case DataTypeId::kString:
      return 20;
    case DataTypeId::kBinary:
      return 100;
    case DataTypeId::kArray:
      return guessed_size(type.element());
    case DataTypeId::kMap:
      return guessed_size(type.key()) + guessed_size(type.value());
    case DataTypeId::kStruct: {
      int64_t sum = 0;
      for (const types::StructField& field : type.fields()) sum += guessed_size(field.type);
      return sum;
    }
    default:
      return 8;
  }
}

types::DataType partition_struct(const iceberg::TableMetadata& metadata) {
  return types::to_spark(metadata.spec().partition_type(metadata.schema()));
}

void add_partitioning(const iceberg::TableMetadata& metadata, TextRows& rows) {
  std::vector<types::PartitionField> fields;
  for (const types::PartitionField& field : metadata.spec().fields)
    if (field.transform.id != types::TransformId::kVoid) fields.push_back(field);
  if (fields.empty()) return;
  const bool columns_only = std::ranges::all_of(fields, [](const types::PartitionField& field) {
    return field.transform.id == types::TransformId::kIdentity;
  });
  if (columns_only) {
    rows.push_back({text("# Partition Information"), text(""), text("")});
    rows.push_back({text("# col_name"), text("data_type"), text("comment")});
    for (const types::PartitionField& field : fields) {
      const types::Field* source = metadata.schema().find(field.source_id);
      if (source == nullptr) continue;
      rows.push_back({metadata.schema().name_of(field.source_id).value_or(source->name),
                      types::to_spark(source->type).simple_string(),
                      source->doc.empty() ? Value(Null{}) : Value(source->doc)});
    }
    return;
  }
  rows.push_back({text(""), text(""), text("")});
  rows.push_back({text("# Partitioning"), text(""), text("")});
  for (size_t i = 0; i < fields.size(); ++i)
    rows.push_back({"Part " + std::to_string(i),
                    transform_text(metadata.schema(), fields[i].source_id, fields[i].transform),
                    text("")});
}

void add_details(const std::string& name, const iceberg::TableMetadata& metadata, TextRows& rows) {
  rows.push_back({text(""), text(""), text("")});
  rows.push_back({text("# Metadata Columns"), text(""), text("")});
  rows.push_back({text("_spec_id"), text("int"), text("")});
  rows.push_back({text("_partition"), partition_struct(metadata).simple_string(), text("")});
  rows.push_back({text("_file"), text("string"), text("")});
  rows.push_back({text("_pos"), text("bigint"), text("")});
  rows.push_back({text("_deleted"), text("boolean"), text("")});
  rows.push_back({text(""), text(""), text("")});
  rows.push_back({text("# Detailed Table Information"), text(""), text("")});
  rows.push_back({text("Name"), name, text("")});
  rows.push_back({text("Type"), text("MANAGED"), text("")});
  const iceberg::Properties properties = shown_properties(metadata);
  for (const char* key : kReserved) {
    const auto found = properties.find(key);
    if (found == properties.end()) continue;
    std::string title = key;
    title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
    rows.push_back({title, found->second, text("")});
  }
  rows.push_back({text("Table Properties"), property_list(properties), text("")});
  int64_t records = 0;
  if (const iceberg::Snapshot* current = metadata.current_snapshot()) {
    const auto total = current->summary.find("total-records");
    if (total != current->summary.end()) records = std::stoll(total->second);
  }
  const int64_t bytes = records * guessed_size(types::to_spark(metadata.schema()));
  rows.push_back({text("Statistics"),
                  std::to_string(bytes) + " bytes, " + std::to_string(records) + " rows", Null{}});
}

Result describe_column(Session& session, const iceberg::TableMetadata& metadata,
                       const plan::NameParts& column) {
  const types::Field* field = metadata.schema().find_ignoring_case(dotted(column));
  if (field == nullptr) {
    std::string known;
    for (const types::Field& one : metadata.schema().fields)
      known += (known.empty() ? "`" : ", `") + one.name + "`";
    throw Error("UNRESOLVED_COLUMN.WITH_SUGGESTION",
                {{"objectName", backquoted(column)}, {"proposal", known}});
  }
  TextRows rows = {
      {text("col_name"), dotted(column)},
      {text("data_type"), types::to_spark(field->type).simple_string()},
      {text("comment"), field->doc.empty() ? text("NULL") : field->doc},
  };
  return session.rows({session.column("info_name", DataTypeId::kString),
                       session.column("info_value", DataTypeId::kString)},
                      std::move(rows));
}

// The view's properties with those that Spark shows beside them.
iceberg::Properties shown_view_properties(const iceberg::ViewMetadata& view) {
  iceberg::Properties shown = view.properties;
  shown.erase("comment");
  shown.erase("spark.query-column-names");
  shown.erase("create_engine_version");
  shown.erase("engine_version");
  shown["format-version"] = "1";
  shown["location"] = view.location;
  shown["provider"] = "iceberg";
  return shown;
}

// A view's columns, and what the catalog says of it.
TextRows view_rows(const iceberg::ViewMetadata& view, bool extended) {
  TextRows rows;
  for (const types::Field& field : view.schema().fields)
    rows.push_back({field.name, types::to_spark(field.type).simple_string(), field.doc});
  if (!extended) return rows;
  const auto property = [&](const char* key) {
    const auto found = view.properties.find(key);
    return found == view.properties.end() ? text("") : found->second;
  };
  rows.push_back({text(""), text(""), text("")});
  rows.push_back({text("# Detailed View Information"), text(""), text("")});
  rows.push_back({text("Comment"), property("comment"), text("")});
  const iceberg::ViewVersion& version = view.current();
  rows.push_back({text("View Catalog and Namespace"),
                  version.default_catalog + "." + dotted(version.default_namespace), text("")});
  std::string columns = property("spark.query-column-names");
  for (size_t at = columns.find(','); at != std::string::npos; at = columns.find(',', at + 2))
    columns.insert(at + 1, " ");
  rows.push_back({text("View Query Output Columns"), "[" + columns + "]", text("")});
  std::string list;
  for (const auto& [key, value] : shown_view_properties(view))
    list += (list.empty() ? "'" : ", '") + key + "' = '" + value + "'";
  rows.push_back({text("View Properties"), "[" + list + "]", text("")});
  const auto engine = version.summary.find("engine-name");
  const auto number = version.summary.find("engine-version");
  if (engine != version.summary.end())
    rows.push_back({text("Created By"),
                    engine->second + (number == version.summary.end() ? "" : " " + number->second),
                    text("")});
  return rows;
}

void add_extended(Session& session, const catalog::TableName& name, TextRows& rows) {
  const auto state = session.process().catalog.load(name);
  if (!state) return;
  const std::string space = dotted(session.without_catalog(name.space));
  std::string information =
      "Catalog: " + session.current_catalog() + "\nNamespace: " + space + "\nTable: " + name.name +
      "\nType: MANAGED\nProvider: iceberg\nLocation: " + state->metadata->location +
      "\nTable Properties: " + property_list(shown_properties(*state->metadata)) + "\n";
  rows.push_back({space, name.name, false, information});
}

}  // namespace

bool matches_pattern(const std::string& text, const std::string& pattern) {
  if (pattern.empty()) return true;
  for (size_t at = 0; at <= pattern.size();) {
    const size_t end = std::min(pattern.find('|', at), pattern.size());
    std::string one = pattern.substr(at, end - at);
    std::replace(one.begin(), one.end(), '%', '*');
    if (matches_one(text, one)) return true;
    at = end + 1;
  }
  return false;
}

Result describe_rows(Session& session, TextRows rows) {
  return session.rows({session.column("col_name", DataTypeId::kString),
                       session.column("data_type", DataTypeId::kString),
                       session.column("comment", DataTypeId::kString, true)},
                      std::move(rows));
}

std::string transform_text(const types::Schema& schema, int source_id,
                           const types::Transform& transform) {
  std::string column;
  for (const std::string& part : split_dots(schema.name_of(source_id).value_or("?")))
    column += (column.empty() ? "" : ".") + types::quote_if_needed(part);
  switch (transform.id) {
    case types::TransformId::kIdentity:
      return column;
    case types::TransformId::kYear:
      return "years(" + column + ")";
    case types::TransformId::kMonth:
      return "months(" + column + ")";
    case types::TransformId::kDay:
      return "days(" + column + ")";
    case types::TransformId::kHour:
      return "hours(" + column + ")";
    case types::TransformId::kBucket:
      return "bucket(" + std::to_string(transform.parameter) + ", " + column + ")";
    case types::TransformId::kTruncate:
      return "truncate(" + std::to_string(transform.parameter) + ", " + column + ")";
    default:
      return transform.to_string() + "(" + column + ")";
  }
}

namespace {

// As Iceberg writes the terms of a sort order, the width of truncate behind the column.
std::string sort_term(const types::Schema& schema, const types::SortField& field) {
  if (field.transform.id != types::TransformId::kTruncate)
    return transform_text(schema, field.source_id, field.transform);
  return "truncate(" + schema.name_of(field.source_id).value_or("?") + ", " +
         std::to_string(field.transform.parameter) + ")";
}

}  // namespace

iceberg::Properties shown_properties(const iceberg::TableMetadata& metadata) {
  iceberg::Properties shown = metadata.properties;
  const auto format = metadata.properties.find("write.format.default");
  shown["format"] =
      "iceberg/" + (format == metadata.properties.end() ? text("parquet") : format->second);
  shown["format-version"] = std::to_string(metadata.format_version);
  shown["current-snapshot-id"] =
      metadata.current_snapshot_id ? std::to_string(*metadata.current_snapshot_id) : text("none");
  shown["location"] = metadata.location;
  shown["provider"] = "iceberg";
  for (const types::SortOrder& order : metadata.sort_orders) {
    if (order.order_id != metadata.default_sort_order_id || order.fields.empty()) continue;
    std::string keys;
    for (const types::SortField& field : order.fields) {
      keys += (keys.empty() ? "" : ", ") + sort_term(metadata.schema(), field) +
              (field.ascending ? " ASC" : " DESC") +
              (field.nulls_first ? " NULLS FIRST" : " NULLS LAST");
    }
    shown["sort-order"] = keys;
  }
  if (!metadata.schema().identifier_field_ids.empty()) {
    std::string names;
    for (const int id : metadata.schema().identifier_field_ids)
      names += (names.empty() ? "" : ",") + metadata.schema().name_of(id).value_or("?");
    shown["identifier-fields"] = "[" + names + "]";
  }
  return shown;
}

table::State load_table(Session& session, const plan::NameParts& parts) {
  auto state = session.process().catalog.load(session.table_name(parts));
  if (!state) throw Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", backquoted(parts)}});
  return *state;
}

Result show_tables(Session& session, const plan::ShowTables& node) {
  TextRows rows;
  catalog::Catalog& catalog = session.process().catalog;
  const catalog::Namespace space = session.namespace_name(node.in);
  if (!catalog.namespace_exists(space) && !node.in.empty())
    throw Error("SCHEMA_NOT_FOUND",
                {{"schemaName", "`" + session.current_catalog() + "`." +
                                    backquoted(session.without_catalog(space))}});
  std::vector<catalog::TableName> tables = catalog.list_tables(space);
  for (catalog::TableName& table : catalog.list_file_tables(space))
    tables.push_back(std::move(table));
  std::ranges::sort(tables);
  for (const catalog::TableName& table : tables) {
    if (!matches_pattern(table.name, node.pattern)) continue;
    if (node.extended) {
      add_extended(session, table, rows);
    } else {
      rows.push_back({dotted(session.without_catalog(table.space)), table.name, false});
    }
  }
  std::vector<plan::Attribute> columns = {session.column("namespace", DataTypeId::kString),
                                          session.column("tableName", DataTypeId::kString),
                                          session.column("isTemporary", DataTypeId::kBoolean)};
  if (node.extended) columns.push_back(session.column("information", DataTypeId::kString));
  return session.rows(std::move(columns), std::move(rows));
}

Result show_views(Session& session, const plan::ShowViews& node) {
  TextRows rows;
  const bool global = node.in.size() == 1 && lower_case(node.in[0]) == kGlobalTemp;
  if (!global) {
    const catalog::Namespace space = session.namespace_name(node.in);
    for (const catalog::TableName& view : session.process().catalog.list_views(space)) {
      if (matches_pattern(view.name, node.pattern))
        rows.push_back({dotted(session.without_catalog(view.space)), view.name, false});
    }
  }
  for (const std::string& key : session.view_keys()) {
    if (is_global_view(key) && !global) continue;
    const std::string name = view_name(key);
    if (matches_pattern(name, node.pattern))
      rows.push_back({text(is_global_view(key) ? kGlobalTemp : ""), name, true});
  }
  return session.rows({session.column("namespace", DataTypeId::kString),
                       session.column("viewName", DataTypeId::kString),
                       session.column("isTemporary", DataTypeId::kBoolean)},
                      std::move(rows));
}

Result show_properties(Session& session, const plan::ShowTblProperties& node) {
  TextRows rows;
  iceberg::Properties properties;
  bool is_view = false;
  if (const auto view = session.process().catalog.load_view(session.table_name(node.table))) {
    properties = shown_view_properties(view->metadata);
    is_view = true;
  } else if (const auto files = find_file_table(session, node.table)) {
    properties = files->properties;
  } else {
    properties = shown_properties(*load_table(session, node.table).metadata);
  }
  if (node.key) {
    const auto found = properties.find(*node.key);
    rows.push_back({*node.key, found != properties.end()
                                   ? found->second
                                   : "Table " + dotted(session.full_name(node.table)) +
                                         " does not have property: " + *node.key});
  } else {
    for (const auto& [key, value] : properties) {
      if (is_view || !is_reserved(key)) rows.push_back({key, value});
    }
  }
  return session.rows(
      {session.column("key", DataTypeId::kString), session.column("value", DataTypeId::kString)},
      std::move(rows));
}

Result show_create_table(Session& session, const plan::ShowCreateTable& node) {
  const auto column = session.column("createtab_stmt", DataTypeId::kString);
  const std::string name = dotted(session.full_name(node.table));
  if (const auto view = session.process().catalog.load_view(session.table_name(node.table))) {
    std::string statement = "CREATE VIEW " + name + " (\n";
    for (const types::Field& field : view->metadata.schema().fields) {
      statement += "  " + field.name +
                   (field.doc.empty() ? "" : " COMMENT '" + escaped(field.doc) + "'") +
                   (&field == &view->metadata.schema().fields.back() ? ")\n" : ",\n");
    }
    const auto comment = view->metadata.properties.find("comment");
    if (comment != view->metadata.properties.end())
      statement += "COMMENT '" + escaped(comment->second) + "'\n";
    std::string list;
    for (const auto& [key, value] : shown_view_properties(view->metadata)) {
      if (key == "create_engine_version" || key == "engine_version") continue;
      list += (list.empty() ? "  '" : ",\n  '") + escaped(key) + "' = '" + escaped(value) + "'";
    }
    statement += "TBLPROPERTIES (\n" + list + ")\n";
    const iceberg::ViewVersion& version = view->metadata.current();
    if (!version.representations.empty())
      statement += "AS\n" + version.representations.front().sql + "\n";
    return session.rows({column}, {{statement}});
  }
  if (const auto files = find_file_table(session, node.table))
    return show_create_file_table(session, node.table, *files);
  const iceberg::TableMetadata metadata = *load_table(session, node.table).metadata;
  std::string statement = "CREATE TABLE " + name + " (\n";
  for (const types::Field& field : metadata.schema().fields) {
    statement += "  " + types::quote_if_needed(field.name) + " " +
                 types::to_spark(field.type).sql() + (field.required ? " NOT NULL" : "") +
                 (field.doc.empty() ? "" : " COMMENT '" + escaped(field.doc) + "'") +
                 (&field == &metadata.schema().fields.back() ? ")\n" : ",\n");
  }
  statement += "USING iceberg\n";
  std::string parts;
  for (const types::PartitionField& field : metadata.spec().fields) {
    if (field.transform.id == types::TransformId::kVoid) continue;
    parts += (parts.empty() ? "" : ", ") +
             transform_text(metadata.schema(), field.source_id, field.transform);
  }
  if (!parts.empty()) statement += "PARTITIONED BY (" + parts + ")\n";
  iceberg::Properties properties = shown_properties(metadata);
  if (properties.count("comment") > 0)
    statement += "COMMENT '" + escaped(properties["comment"]) + "'\n";
  statement += "LOCATION '" + escaped(metadata.location) + "'\n";
  std::string list;
  for (const auto& [key, value] : properties) {
    if (is_reserved(key)) continue;
    list += (list.empty() ? "" : ",\n") + std::string("  '") + escaped(key) + "' = '" +
            escaped(value) + "'";
  }
  statement += "TBLPROPERTIES (\n" + list + ")\n";
  return session.rows({column}, {{statement}});
}

Result show_columns(Session& session, const plan::ShowColumns& node) {
  TextRows rows;
  if (const auto files = find_file_table(session, node.table)) {
    for (std::string& column : column_names(*files)) rows.push_back({std::move(column)});
  } else {
    SessionSurroundings surroundings(session);
    const plan::RelationPtr found =
        surroundings.find_table({node.table, false, nullptr, nullptr, {}}, session.ids());
    if (found == nullptr) load_table(session, node.table);
    for (const plan::Attribute& column : found->output) rows.push_back({column.name});
  }
  return session.rows({session.column("col_name", DataTypeId::kString)}, std::move(rows));
}

Result show_partitions(Session& session, const plan::ShowPartitions& node) {
  if (const auto files = find_file_table(session, node.table))
    return show_file_partitions(session, node.table, *files);
  load_table(session, node.table);
  throw Error("INVALID_PARTITION_OPERATION.PARTITION_MANAGEMENT_IS_UNSUPPORTED",
              {{"name", backquoted(session.full_name(node.table))}});
}

Result describe_table(Session& session, const plan::Describe& node) {
  const catalog::TableName name = session.table_name(node.table);
  const std::string full = dotted(session.full_name(node.table));
  const bool temporary =
      node.table.size() == 1 && session.temporary_views().count(lower_case(node.table.front())) > 0;
  if (const auto state = temporary ? std::nullopt : session.process().catalog.load(name)) {
    const iceberg::TableMetadata& metadata = *state->metadata;
    if (!node.column.empty()) return describe_column(session, metadata, node.column);
    TextRows rows;
    for (const types::Field& field : metadata.schema().fields) {
      rows.push_back({field.name, types::to_spark(field.type).simple_string(),
                      field.doc.empty() ? Value(Null{}) : Value(field.doc)});
    }
    add_partitioning(metadata, rows);
    if (node.extended) add_details(full, metadata, rows);
    return describe_rows(session, std::move(rows));
  }
  if (const auto view = temporary ? std::nullopt : session.process().catalog.load_view(name))
    return describe_rows(session, view_rows(view->metadata, node.extended));
  const auto files = temporary ? std::nullopt : find_file_table(session, node.table);
  if (files && node.column.empty())
    return describe_file_table(session, node.table, *files, node.extended);
  SessionSurroundings surroundings(session);
  const plan::RelationPtr other =
      surroundings.find_table({node.table, false, nullptr, nullptr, {}}, session.ids());
  if (other == nullptr) load_table(session, node.table);
  TextRows rows;
  for (const plan::Attribute& column : other->output)
    rows.push_back({column.name, column.type.simple_string(), Null{}});
  return describe_rows(session, std::move(rows));
}

Result show_current_namespace(Session& session) {
  return session.rows({session.column("catalog", DataTypeId::kString),
                       session.column("namespace", DataTypeId::kString)},
                      {{session.current_catalog(), session.current_namespace()}});
}

Result describe_namespace(Session& session, const plan::DescribeNamespace& node) {
  const catalog::Namespace space = session.namespace_name(node.name);
  if (!session.process().catalog.namespace_exists(space))
    throw Error("SCHEMA_NOT_FOUND",
                {{"schemaName", "`" + session.current_catalog() + "`." +
                                    backquoted(session.without_catalog(space))}});
  iceberg::Properties properties = session.process().catalog.namespace_properties(space);
  const std::string catalog = node.name.size() > 1 && session.find_catalog(node.name.front())
                                  ? node.name.front()
                                  : session.current_catalog();
  TextRows rows = {{text("Catalog Name"), catalog},
                   {text("Namespace Name"), dotted(session.without_catalog(space))}};
  for (const char* key : {"comment", "location", "owner"}) {
    const auto found = properties.find(key);
    if (found == properties.end()) continue;
    std::string title = key;
    title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
    rows.push_back({title, found->second});
    properties.erase(found);
  }
  if (node.extended) {
    std::string list;
    for (const auto& [key, value] : properties)
      list += (list.empty() ? "(" : ", (") + key + "," + value + ")";
    rows.push_back({text("Properties"), list.empty() ? text("") : "(" + list + ")"});
  }
  return session.rows({session.column("info_name", DataTypeId::kString),
                       session.column("info_value", DataTypeId::kString, true)},
                      std::move(rows));
}

}  // namespace firn::session

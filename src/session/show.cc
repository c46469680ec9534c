// SHOW, DESCRIBE, EXPLAIN: rows in the shapes that Spark prints.
#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "session/session.h"

namespace firn::session {
namespace {

using types::DataTypeId;
using types::Value;
using Rows = std::vector<std::vector<Value>>;

// Spark's SHOW patterns: '*' any text, '|' alternatives, case ignored.
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

bool matches(const std::string& text, const std::string& pattern) {
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

std::string join(const catalog::Namespace& space) {
  std::string out;
  for (const std::string& part : space) out += (out.empty() ? "" : ".") + part;
  return out;
}

catalog::Namespace namespace_of(const Session& session, const catalog::Catalog& catalog,
                                const plan::NameParts& parts) {
  if (parts.empty()) return {session.current_namespace()};
  if (parts.size() > 1 && parts.front() == catalog.name()) return {parts.begin() + 1, parts.end()};
  return parts;
}

table::State load(Session& session, const plan::NameParts& parts) {
  const catalog::TableName name = session.table_name(parts);
  auto state = session.process().catalog.load(name);
  if (!state)
    throw Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", "`" + name.to_string() + "`"}});
  return *state;
}

// days(occurred_at), bucket(16, id), as Spark writes partition transforms.
std::string describe_transform(const types::Schema& schema, const types::PartitionField& field) {
  const std::string column = schema.name_of(field.source_id).value_or("?");
  switch (field.transform.id) {
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
      return "bucket(" + std::to_string(field.transform.parameter) + ", " + column + ")";
    case types::TransformId::kTruncate:
      return "truncate(" + std::to_string(field.transform.parameter) + ", " + column + ")";
    default:
      return field.transform.to_string() + "(" + column + ")";
  }
}

std::string property_list(const iceberg::Properties& properties) {
  std::string out;
  for (const auto& [key, value] : properties) out += (out.empty() ? "" : ",") + key + "=" + value;
  return "[" + out + "]";
}

Result describe_rows(Session& session, Rows rows) {
  return session.rows({session.column("col_name", DataTypeId::kString),
                       session.column("data_type", DataTypeId::kString),
                       session.column("comment", DataTypeId::kString, true)},
                      std::move(rows));
}

}  // namespace

Result show_catalogs(Session& session, const plan::ShowCatalogs& node) {
  Rows rows;
  if (matches(session.process().catalog.name(), node.pattern))
    rows.push_back({session.process().catalog.name()});
  return session.rows({session.column("catalog", DataTypeId::kString)}, std::move(rows));
}

Result show_namespaces(Session& session, const plan::ShowNamespaces& node) {
  Rows rows;
  catalog::Catalog& catalog = session.process().catalog;
  catalog::Namespace parent = node.in;
  if (!parent.empty() && parent.front() == catalog.name()) parent.erase(parent.begin());
  for (const catalog::Namespace& space : catalog.list_namespaces(parent)) {
    if (matches(join(space), node.pattern)) rows.push_back({join(space)});
  }
  return session.rows({session.column("namespace", DataTypeId::kString)}, std::move(rows));
}

Result show_tables(Session& session, const plan::ShowTables& node) {
  Rows rows;
  catalog::Catalog& catalog = session.process().catalog;
  const catalog::Namespace space = namespace_of(session, catalog, node.in);
  if (!catalog.namespace_exists(space) && !node.in.empty())
    throw Error("SCHEMA_NOT_FOUND",
                {{"schemaName", "`" + catalog.name() + "`.`" + join(space) + "`"}});
  for (const catalog::TableName& table : catalog.list_tables(space)) {
    if (matches(table.name, node.pattern)) rows.push_back({join(table.space), table.name, false});
  }
  return session.rows({session.column("namespace", DataTypeId::kString),
                       session.column("tableName", DataTypeId::kString),
                       session.column("isTemporary", DataTypeId::kBoolean)},
                      std::move(rows));
}

Result show_functions(Session& session, const plan::ShowFunctions& node) {
  std::vector<std::string> names;
  for (const functions::Function& function : functions::all_functions()) {
    if (matches(std::string(function.name), node.pattern)) names.emplace_back(function.name);
    for (const std::string_view alias : function.aliases) {
      if (matches(std::string(alias), node.pattern)) names.emplace_back(alias);
    }
  }
  std::sort(names.begin(), names.end());
  Rows rows;
  for (std::string& name : names) rows.push_back({std::move(name)});
  return session.rows({session.column("function", DataTypeId::kString)}, std::move(rows));
}

Result show_properties(Session& session, const plan::ShowTblProperties& node) {
  Rows rows;
  const table::State state = load(session, node.table);
  for (const auto& [key, value] : state.metadata->properties) {
    if (!node.key || *node.key == key) rows.push_back({key, value});
  }
  return session.rows(
      {session.column("key", DataTypeId::kString), session.column("value", DataTypeId::kString)},
      std::move(rows));
}

Result show_create_table(Session& session, const plan::ShowCreateTable& node) {
  const catalog::TableName name = session.table_name(node.table);
  const iceberg::TableMetadata metadata = *load(session, node.table).metadata;
  std::string text = "CREATE TABLE " + session.qualified(name) + " (\n";
  for (const types::Field& field : metadata.schema().fields) {
    text += "  " + field.name + " " + types::to_spark(field.type).sql() +
            (field.required ? " NOT NULL" : "") +
            (&field == &metadata.schema().fields.back() ? ")\n" : ",\n");
  }
  text += "USING iceberg\n";
  std::string parts;
  for (const types::PartitionField& field : metadata.spec().fields)
    parts += (parts.empty() ? "" : ", ") + describe_transform(metadata.schema(), field);
  if (!parts.empty()) text += "PARTITIONED BY (" + parts + ")\n";
  text += "LOCATION '" + metadata.location + "'\n";
  std::string properties;
  for (const auto& [key, value] : metadata.properties)
    properties +=
        (properties.empty() ? "" : ",\n") + std::string("  '") + key + "' = '" + value + "'";
  text += "TBLPROPERTIES (\n" + properties + ")\n";
  return session.rows({session.column("createtab_stmt", DataTypeId::kString)}, {{text}});
}

Result describe_table(Session& session, const plan::Describe& node) {
  SessionSurroundings surroundings(session);
  const catalog::TableName name = session.table_name(node.table);
  Rows rows;
  if (!session.process().catalog.load(name)) {  // a temporary view
    const plan::RelationPtr view =
        surroundings.find_table({node.table, false, nullptr, nullptr, {}}, session.ids());
    if (view == nullptr) load(session, node.table);
    for (const plan::Attribute& column : view->output)
      rows.push_back({column.name, column.type.simple_string(), types::Null{}});
    return describe_rows(session, std::move(rows));
  }
  const iceberg::TableMetadata metadata = *load(session, node.table).metadata;
  for (const types::Field& field : metadata.schema().fields) {
    rows.push_back({field.name, types::to_spark(field.type).simple_string(),
                    field.doc.empty() ? Value(types::Null{}) : Value(field.doc)});
  }
  const auto& partitioning = metadata.spec().fields;
  if (!partitioning.empty()) {
    rows.push_back({std::string(), std::string(), std::string()});
    rows.push_back({std::string("# Partitioning"), std::string(), std::string()});
    for (size_t i = 0; i < partitioning.size(); ++i)
      rows.push_back({"Part " + std::to_string(i),
                      describe_transform(metadata.schema(), partitioning[i]), std::string()});
  }
  if (node.extended) {
    rows.push_back({std::string(), std::string(), std::string()});
    rows.push_back({std::string("# Detailed Table Information"), std::string(), std::string()});
    rows.push_back({std::string("Name"), session.qualified(name), std::string()});
    rows.push_back({std::string("Type"), std::string("MANAGED"), std::string()});
    rows.push_back({std::string("Location"), metadata.location, std::string()});
    rows.push_back({std::string("Provider"), std::string("iceberg"), std::string()});
    rows.push_back(
        {std::string("Table Properties"), property_list(metadata.properties), std::string()});
  }
  return describe_rows(session, std::move(rows));
}

Result describe_query(Session& session, const plan::DescribeQuery& node) {
  Rows rows;
  const plan::RelationPtr resolved = session.resolve(node.query);
  for (const plan::Attribute& column : resolved->output)
    rows.push_back({column.name, column.type.simple_string(), types::Null{}});
  return describe_rows(session, std::move(rows));
}

Result explain(Session& session, const plan::Explain& node) {
  const auto* query = std::get_if<plan::Query>(&node.statement->node);
  if (query == nullptr) throw_unsupported("EXPLAIN of a statement that is no query");
  const plan::RelationPtr resolved = session.resolve(query->relation);
  const plan::RelationPtr rewritten = plan::rewrite(resolved);
  std::string text;
  if (node.mode != plan::ExplainMode::kSimple) {
    text += "== Parsed Logical Plan ==\n" + plan::to_string(*query->relation) + "\n";
    text += "== Analyzed Logical Plan ==\n" + plan::to_string(*resolved) + "\n";
    text += "== Optimized Logical Plan ==\n" + plan::to_string(*rewritten) + "\n";
  }
  if (rewritten->streaming) {
    if (text.empty()) text = "== Optimized Logical Plan ==\n" + plan::to_string(*rewritten) + "\n";
  } else {
    text += "== Lowered Plan ==\n" + session.process().engine.explain_lowered(rewritten) + "\n\n";
    text += "== Physical Plan ==\n" + session.process().engine.explain_physical(rewritten) + "\n";
  }
  return session.rows({session.column("plan", DataTypeId::kString)}, {{text}});
}

}  // namespace firn::session

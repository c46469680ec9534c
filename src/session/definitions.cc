// CREATE and DROP: what a definition means for the catalog.
#include <algorithm>
#include <set>

#include "base/ascii.h"
#include "base/error.h"
#include "session/file_tables.h"
#include "session/partitioning.h"
#include "session/session.h"
#include "session/table_change.h"
#include "session/view_names.h"
#include "session/views.h"
#include "session/writing.h"

namespace firn::session {
namespace {

using types::DataTypeId;
using types::StructField;

void check_provider(const std::string& provider) {
  if (!provider.empty() && lower_case(provider) != "iceberg")
    throw_unsupported("tables USING " + provider + "; firn makes Iceberg tables (USING iceberg)");
}

// Names of one level differ by more than their case.
void check_names(const types::DataType& columns) {
  std::set<std::string> names;
  for (const StructField& column : columns.fields()) {
    if (!names.insert(lower_case(column.name)).second)
      throw Error("COLUMN_ALREADY_EXISTS", {{"columnName", "`" + lower_case(column.name) + "`"}});
  }
}

}  // namespace

catalog::CreateRequest create_request(const plan::TableDefinition& definition,
                                      const types::DataType& columns) {
  check_provider(definition.provider);
  check_names(columns);
  catalog::CreateRequest request;
  request.schema = types::to_iceberg_schema(columns);
  for (const plan::PartitionTransform& written : definition.partitioned_by) {
    const plan::PartitionTransform partition = read_transform(written, request.schema);
    const types::Field* source = request.schema.find_ignoring_case(partition.column);
    if (source == nullptr)
      throw Error("FIRN_INVALID_INPUT",
                  {{"what", "PARTITIONED BY names the column " + partition.column +
                                ", which the table does not have"}});
    const types::Transform transform = transform_of(partition);
    if (!types::can_transform(transform, source->type))
      throw_invalid("the partition transform " + transform.to_string() +
                    " does not apply to column " + partition.column + " of type " +
                    source->type.to_string());
    request.partition_by.push_back({*request.schema.name_of(source->id), transform, ""});
  }
  request.properties = {{"write.parquet.compression-codec", "zstd"}};
  for (const auto& [key, value] : definition.properties) request.properties[key] = value;
  if (!definition.comment.empty()) request.properties["comment"] = definition.comment;
  if (!definition.location.empty()) request.location = definition.location;
  return request;
}

types::DataType defined_columns(const plan::TableDefinition& definition,
                                const types::DataType& query_type) {
  if (definition.columns.empty()) return query_type;
  std::vector<StructField> fields;
  for (const plan::ColumnDefinition& column : definition.columns) {
    if (column.default_value != nullptr)
      throw_unsupported("column defaults (column " + column.name +
                        "): they need Iceberg format version 3");
    fields.push_back({column.name, column.type, column.nullable, column.comment});
  }
  return types::DataType::structure(std::move(fields));
}

table::Table create_defined_table(Session& session, const catalog::TableName& name,
                                  const plan::TableDefinition& definition,
                                  const types::DataType& query_type) {
  catalog::Catalog& catalog = session.process().catalog;
  const types::DataType columns = defined_columns(definition, query_type);
  if (columns.fields().empty())
    throw_invalid("table " + name.to_string() + " would have no columns");
  if (!catalog.namespace_exists(name.space)) {
    try {
      catalog.create_namespace(name.space, {});
    } catch (const Error& error) {
      if (error.code() != Code::kAlreadyExists) throw;  // another process made it meanwhile
    }
  }
  if (catalog.load_file_table(name))
    throw Error("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", "`" + name.to_string() + "`"}});
  catalog::CreateRequest request = create_request(definition, columns);
  request.properties.emplace("owner", session.resolve_options().user);
  return catalog::create_table(catalog, name, request);
}

types::DataType columns_of(const plan::Relation& query) {
  std::vector<StructField> fields;
  for (const plan::Attribute& column : query.output)
    fields.push_back({column.name, column.type, true});
  return types::DataType::structure(std::move(fields));
}

// CREATE TABLE … LIKE: columns and partitioning of another table or view.
Result create_like(Session& session, const plan::CreateTable& node) {
  plan::TableDefinition definition = node.definition;
  const auto source = session.process().catalog.load(session.table_name(node.like));
  types::DataType columns;
  if (source) {
    columns = types::to_spark(source->metadata->schema());
    for (const types::PartitionField& field : source->metadata->spec().fields) {
      if (field.transform.id == types::TransformId::kVoid) continue;
      definition.partitioned_by.push_back(written_transform(
          field.transform, source->metadata->schema().name_of(field.source_id).value_or("")));
    }
  } else {
    SessionSurroundings surroundings(session);
    const plan::RelationPtr view =
        surroundings.find_table({node.like, false, nullptr, nullptr, {}}, session.ids());
    if (view == nullptr)
      throw Error("TABLE_OR_VIEW_NOT_FOUND",
                  {{"relationName", "`" + session.table_name(node.like).to_string() + "`"}});
    columns = columns_of(*view);
  }
  const catalog::TableName name = session.table_name(node.name);
  if (session.process().catalog.load(name)) {
    if (node.if_not_exists) return {{}, nullptr, "table " + name.to_string() + " exists already"};
    throw Error("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", "`" + name.to_string() + "`"}});
  }
  create_defined_table(session, name, definition, columns);
  return {{}, nullptr, "created table " + name.to_string()};
}

Result create_table(Session& session, const plan::CreateTable& node, const StopToken& stop) {
  catalog::Catalog& catalog = session.process().catalog;
  const catalog::TableName name = session.table_name(node.name);
  if (!node.like.empty()) return create_like(session, node);
  if (is_file_provider(node.definition.provider)) return create_file_table(session, node, stop);
  if (catalog.load_file_table(name)) {
    if (node.if_not_exists) return {{}, nullptr, "table " + name.to_string() + " exists already"};
    throw Error("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", "`" + name.to_string() + "`"}});
  }
  if (catalog.load(name)) {
    if (node.if_not_exists) return {{}, nullptr, "table " + name.to_string() + " exists already"};
    if (node.or_replace) {
      replace_table(session, name, node.definition, node.query, stop);
      return {{}, nullptr, "replaced table " + name.to_string()};
    }
    throw Error("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", "`" + name.to_string() + "`"}});
  }
  if (node.replace_only)
    throw Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", "`" + name.to_string() + "`"}});
  if (node.query == nullptr) {
    create_defined_table(session, name, node.definition, types::DataType::structure({}));
    return {{}, nullptr, "created table " + name.to_string()};
  }
  const plan::RelationPtr query = session.resolve(node.query);
  table::Table table = create_defined_table(session, name, node.definition, columns_of(*query));
  try {
    const int64_t rows = node.or_replace ? replace_with_query(session, table, query, false, stop)
                                         : append_query(session, table, query, false, stop);
    return {{},
            nullptr,
            "created table " + name.to_string() + " with " + std::to_string(rows) + " rows"};
  } catch (const Error& error) {
    if (error.code() != Code::kUnknownOutcome)
      catalog.drop_table(name, false);  // no half-made table stays
    throw;
  }
}

Result create_view(Session& session, const plan::CreateView& node) {
  if (!node.temporary) return create_catalog_view(session, node);
  const auto given = temporary_view_key(node.name);
  if (!given)
    throw_invalid("a temporary view has a name of one part, not " +
                  std::to_string(node.name.size()));
  const std::string& key = *given;
  const std::optional<TemporaryView> before = session.find_view(key);
  if (before && !node.or_replace) {
    if (node.if_not_exists) return {};
    throw Error("TEMP_TABLE_OR_VIEW_ALREADY_EXISTS",
                {{"relationName", "`" + node.name.back() + "`"}});
  }
  plan::RelationPtr query = node.query;
  if (!node.columns.empty())
    query = plan::make(plan::SubqueryAlias{node.name.back(), node.columns, query});
  session.cached().erase(key);
  session.put_view(key, {node.text, node.columns, query, nullptr, {}}, true);
  try {
    SessionSurroundings surroundings(session);
    surroundings.find_table({node.name, false, nullptr, nullptr, {}},
                            session.ids());  // errors come now, not at the first use
  } catch (...) {
    if (before)
      session.put_view(key, *before, true);
    else
      session.drop_view(key);
    throw;
  }
  return {{}, nullptr, "created temporary view " + node.name.back()};
}

Result create_namespace(Session& session, const plan::CreateNamespace& node) {
  const catalog::Namespace space = session.namespace_name(node.name);
  if (session.process().catalog.namespace_exists(space)) {
    if (node.if_not_exists) return {};
    throw Error("SCHEMA_ALREADY_EXISTS", {{"schemaName", "`" + space.back() + "`"}});
  }
  iceberg::Properties properties(node.properties.begin(), node.properties.end());
  if (!node.comment.empty()) properties["comment"] = node.comment;
  if (!node.location.empty()) properties["location"] = node.location;
  properties.emplace("owner", session.resolve_options().user);
  session.process().catalog.create_namespace(space, properties);
  return {{}, nullptr, "created namespace " + space.back()};
}

Result drop_namespace(Session& session, const plan::DropNamespace& node) {
  catalog::Catalog& catalog = session.process().catalog;
  const catalog::Namespace space = session.namespace_name(node.name);
  if (!catalog.namespace_exists(space)) {
    if (node.if_exists) return {};
    throw Error("SCHEMA_NOT_FOUND",
                {{"schemaName", "`" + catalog.name() + "`.`" + space.back() + "`"}});
  }
  if (node.cascade) {
    for (const catalog::TableName& table : catalog.list_tables(space))
      catalog.drop_table(table, false);
    for (const catalog::TableName& table : catalog.list_file_tables(space)) {
      plan::DropTable drop;
      drop.name = {catalog.name()};
      drop.name.insert(drop.name.end(), table.space.begin(), table.space.end());
      drop.name.push_back(table.name);
      drop_file_table(session, drop);
    }
    for (const catalog::TableName& view : catalog.list_views(space)) catalog.drop_view(view);
  }
  catalog.drop_namespace(space);
  return {};
}

Result drop_table(Session& session, const plan::DropTable& node) {
  const auto view = temporary_view_key(node.name);
  if (view && session.drop_view(*view)) return {};
  const catalog::TableName name = session.table_name(node.name);
  if (node.view) return drop_view(session, name, node.if_exists);
  if (!session.process().catalog.load(name)) {
    if (auto dropped = drop_file_table(session, node)) return std::move(*dropped);
    if (node.if_exists) return {};
    throw Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", "`" + name.to_string() + "`"}});
  }
  session.process().catalog.drop_table(name, node.purge);
  return {{}, nullptr, "dropped table " + name.to_string()};
}

}  // namespace firn::session

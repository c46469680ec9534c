// Views in the catalog: Iceberg view metadata, so that Spark's catalog on the same file reads them.
#include "session/views.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/error.h"
#include "base/names.h"
#include "base/version.h"
#include "sql/parser.h"

namespace firn::session {
namespace {

constexpr const char* kDialect = "spark";
constexpr const char* kColumnNames = "spark.query-column-names";

std::string quoted(const catalog::TableName& name) {
  std::string text;
  for (const std::string& part : name.space) text += "`" + part + "`.";
  return text + "`" + name.name + "`";
}

types::Schema view_schema(const plan::CreateView& node, const plan::Relation& query) {
  if (!node.columns.empty() && node.columns.size() != query.output.size()) {
    const bool few = node.columns.size() > query.output.size();
    std::string names, data;
    for (const std::string& name : node.columns)
      names += (names.empty() ? "`" : ", `") + name + "`";
    for (const plan::Attribute& column : query.output)
      data += (data.empty() ? "`" : ", `") + column.name + "`";
    throw Error(few ? "CREATE_VIEW_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS"
                    : "CREATE_VIEW_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS",
                {{"viewName", "`" + node.name.back() + "`"},
                 {"viewColumns", names},
                 {"dataColumns", data}});
  }
  std::vector<types::StructField> fields;
  for (size_t i = 0; i < query.output.size(); ++i) {
    const plan::Attribute& column = query.output[i];
    fields.push_back({node.columns.empty() ? column.name : node.columns[i], column.type,
                      column.nullable,
                      i < node.column_comments.size() ? node.column_comments[i] : ""});
  }
  return types::to_iceberg_schema(types::DataType::structure(std::move(fields)));
}

// The view with `schema` and the statement's text as its current version.
iceberg::ViewMetadata next_version(Session& session, const plan::CreateView& node,
                                   const std::optional<catalog::View>& before, types::Schema schema,
                                   const std::string& location) {
  Process& process = session.process();
  iceberg::ViewMetadata view = before ? before->metadata : iceberg::ViewMetadata{};
  if (!before) {
    view.uuid = random_uuid(process.random);
    view.location = location;
  }
  schema.schema_id = 0;
  const auto same = std::ranges::find_if(
      view.schemas, [&](const types::Schema& one) { return one.same_fields(schema); });
  if (same != view.schemas.end()) {
    schema.schema_id = same->schema_id;
  } else {
    for (const types::Schema& one : view.schemas)
      schema.schema_id = std::max(schema.schema_id, one.schema_id + 1);
    view.schemas.push_back(schema);
  }
  iceberg::ViewVersion version;
  for (const iceberg::ViewVersion& one : view.versions)
    version.id = std::max(version.id, one.id + 1);
  version.schema_id = schema.schema_id;
  version.timestamp_ms = process.clock.now_ms();
  version.summary = {{"engine-name", "firn"}, {"engine-version", kVersion}};
  version.default_catalog = session.current_catalog();
  version.default_namespace = split_dots(session.current_namespace());
  version.representations = {{node.text, kDialect}};
  view.current_version_id = version.id;
  view.version_log.push_back({version.timestamp_ms, version.id});
  view.versions.push_back(std::move(version));
  for (const auto& [key, value] : node.properties) view.properties[key] = value;
  if (!node.comment.empty()) view.properties["comment"] = node.comment;
  return view;
}

// Puts a session into the catalog and namespace that a view was defined in, for as long as it
// lives.
class DefinitionPlace {
 public:
  DefinitionPlace(Session& session, const iceberg::ViewVersion& version)
      : session_(session),
        catalog_(session.current_catalog()),
        namespace_(session.current_namespace()) {
    if (!version.default_catalog.empty() && session.find_catalog(version.default_catalog))
      session.use_catalog(version.default_catalog);
    std::string space;
    for (const std::string& part : version.default_namespace)
      space += (space.empty() ? "" : ".") + part;
    if (!space.empty()) session.use_namespace(space);
  }
  ~DefinitionPlace() {
    session_.use_catalog(catalog_);
    session_.use_namespace(namespace_);
  }
  DefinitionPlace(const DefinitionPlace&) = delete;
  DefinitionPlace& operator=(const DefinitionPlace&) = delete;

 private:
  Session& session_;
  const std::string catalog_, namespace_;
};

}  // namespace

Result create_catalog_view(Session& session, const plan::CreateView& node) {
  catalog::Catalog& catalog = session.process().catalog;
  const catalog::TableName name = session.table_name(node.name);
  if (catalog.load(name)) {
    if (node.if_not_exists) return {};
    if (node.or_replace)
      throw Error("EXPECT_VIEW_NOT_TABLE.NO_ALTERNATIVE",
                  {{"tableName", quoted(name)}, {"operation", "CREATE OR REPLACE VIEW"}});
    throw Error("VIEW_ALREADY_EXISTS", {{"relationName", quoted(name)}});
  }
  const std::optional<catalog::View> before = catalog.load_view(name);
  if (before && !node.or_replace) {
    if (node.if_not_exists) return {};
    throw Error("VIEW_ALREADY_EXISTS", {{"relationName", quoted(name)}});
  }
  if (!catalog.namespace_exists(name.space)) catalog.create_namespace(name.space, {});
  const plan::RelationPtr query = session.resolve(node.query);
  if (query->streaming)
    throw_unsupported("a view over a stream in the catalog; use CREATE TEMPORARY VIEW");
  iceberg::ViewMetadata view = next_version(session, node, before, view_schema(node, *query),
                                            catalog.default_location(name));
  std::string names;
  for (const plan::Attribute& column : query->output)
    names += (names.empty() ? "" : ",") + column.name;
  view.properties[kColumnNames] = names;
  catalog.put_view(name, before, view);
  return {{}, nullptr, (before ? "replaced view " : "created view ") + name.to_string()};
}

Result drop_view(Session& session, const catalog::TableName& name, bool if_exists) {
  catalog::Catalog& catalog = session.process().catalog;
  if (!catalog.load_view(name)) {
    if (if_exists) return {};
    throw Error("VIEW_NOT_FOUND", {{"relationName", quoted(name)}});
  }
  catalog.drop_view(name);
  return {{}, nullptr, "dropped view " + name.to_string()};
}

bool alter_view_properties(Session& session, const plan::AlterTableProperties& node) {
  catalog::Catalog& catalog = session.process().catalog;
  const catalog::TableName name = session.table_name(node.table);
  const std::optional<catalog::View> before = catalog.load_view(name);
  if (!before) {
    if (node.view && !catalog.load(name))
      throw Error("VIEW_NOT_FOUND", {{"relationName", quoted(name)}});
    return false;
  }
  iceberg::ViewMetadata view = before->metadata;
  for (const auto& [key, value] : node.set) view.properties[key] = value;
  for (const std::string& key : node.unset) view.properties.erase(key);
  catalog.put_view(name, before, view);
  return true;
}

plan::RelationPtr SessionSurroundings::find_catalog_view(const catalog::TableName& name,
                                                         plan::IdSource& fresh) {
  const std::optional<catalog::View> view = session_.process().catalog.load_view(name);
  if (!view) return nullptr;
  const iceberg::ViewVersion& version = view->metadata.current();
  const auto found = std::ranges::find_if(
      version.representations, [](const auto& one) { return lower_case(one.dialect) == kDialect; });
  if (found == version.representations.end())
    throw_unsupported("the view " + name.to_string() + ", which has no text in Spark's dialect");
  plan::Statement statement = sql::parse_statement(found->sql);
  auto* query = std::get_if<plan::Query>(&statement.node);
  if (query == nullptr) throw_corrupt("the view " + name.to_string() + " is no query");
  std::vector<std::string> columns;
  for (const types::Field& field : view->metadata.schema().fields) columns.push_back(field.name);
  enter_view(name.name);
  plan::RelationPtr resolved;
  {
    const DefinitionPlace place(session_, version);
    resolved = plan::resolve(
        plan::make(plan::SubqueryAlias{name.name, std::move(columns), query->relation}),
        session_.resolve_options(), *this, fresh);
  }
  --depth_;
  return resolved;
}

}  // namespace firn::session

// spark.catalog: asked and done while the message is translated; the answer is a relation of
// constants with Spark's columns.
#include <algorithm>
#include <functional>

#include "functions/function.h"
#include "server/spark_connect/translate_parts.h"

namespace firn::server::spark_connect {
namespace {

using plan::ExprPtr;
using plan::RelationPtr;
using types::DataType;
using types::DataTypeId;
using CatalogCase = proto::Catalog::CatTypeCase;

struct Column {
  const char* name;
  DataTypeId type;  // kArray: of STRING
  bool nullable = true;
};
constexpr Column kValue[] = {{"value", DataTypeId::kString}};
constexpr Column kFlag[] = {{"value", DataTypeId::kBoolean, false}};
constexpr Column kDatabase[] = {{"name", DataTypeId::kString},
                                {"catalog", DataTypeId::kString},
                                {"description", DataTypeId::kString},
                                {"locationUri", DataTypeId::kString}};
constexpr Column kTable[] = {
    {"name", DataTypeId::kString},      {"catalog", DataTypeId::kString},
    {"namespace", DataTypeId::kArray},  {"description", DataTypeId::kString},
    {"tableType", DataTypeId::kString}, {"isTemporary", DataTypeId::kBoolean, false}};
constexpr Column kFunction[] = {
    {"name", DataTypeId::kString},      {"catalog", DataTypeId::kString},
    {"namespace", DataTypeId::kArray},  {"description", DataTypeId::kString},
    {"className", DataTypeId::kString}, {"isTemporary", DataTypeId::kBoolean, false}};
constexpr Column kColumn[] = {{"name", DataTypeId::kString},
                              {"description", DataTypeId::kString},
                              {"dataType", DataTypeId::kString},
                              {"nullable", DataTypeId::kBoolean, false},
                              {"isPartition", DataTypeId::kBoolean, false},
                              {"isBucket", DataTypeId::kBoolean, false},
                              {"isCluster", DataTypeId::kBoolean, false}};
constexpr Column kCatalog[] = {{"name", DataTypeId::kString}, {"description", DataTypeId::kString}};

ExprPtr text_literal(std::string value) { return plan::string_literal(std::move(value)); }
ExprPtr nothing(DataType type = DataTypeId::kString) { return plan::null_of(std::move(type)); }
ExprPtr flag(bool value) { return plan::boolean_literal(value); }
ExprPtr text_or_null(const std::string& value) {
  return value.empty() ? nothing() : text_literal(value);
}
ExprPtr texts(const std::vector<std::string>& values) {
  const DataType type = DataType::array(DataTypeId::kString);
  std::vector<ExprPtr> items;
  for (const std::string& value : values) items.push_back(text_literal(value));
  if (items.empty())
    return plan::cast(plan::call("array", {}, DataType::array(DataType())), type,
                      plan::CastMode::kAnsi, true);
  return plan::call("array", std::move(items), type);
}

// Spark's patterns of names: * is any text, | parts alternatives, case does not matter.
bool matches_one(std::string_view name, std::string_view pattern) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] == '*') {
    for (size_t skip = 0; skip <= name.size(); ++skip)
      if (matches_one(name.substr(skip), pattern.substr(1))) return true;
    return false;
  }
  return !name.empty() && name[0] == pattern[0] && matches_one(name.substr(1), pattern.substr(1));
}
bool matches(const std::string& name, const std::string& pattern) {
  if (pattern.empty()) return true;
  for (size_t at = 0; at <= pattern.size();) {
    const size_t end = std::min(pattern.find('|', at), pattern.size());
    if (matches_one(lower_case(name), lower_case(pattern.substr(at, end - at)))) return true;
    at = end + 1;
  }
  return false;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += (all.empty() ? "" : ".") + part;
  return all;
}
std::string quoted(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += (all.empty() ? "`" : ".`") + part + "`";
  return all;
}

// One request: what the answers are made of.
class Asked {
 public:
  explicit Asked(session::Session& session) : session_(session) {}

  RelationPtr rows(std::span<const Column> columns, std::vector<std::vector<ExprPtr>> values) {
    plan::Rows made;
    for (const Column& column : columns)
      made.columns.push_back(session_.column(column.name,
                                             column.type == DataTypeId::kArray
                                                 ? DataType::array(DataTypeId::kString)
                                                 : DataType(column.type),
                                             column.nullable));
    made.rows = std::move(values);
    return plan::finish(std::move(made));
  }
  RelationPtr value(std::string one) { return rows(kValue, {{text_literal(std::move(one))}}); }
  RelationPtr answer(bool yes) { return rows(kFlag, {{flag(yes)}}); }
  RelationPtr done() { return rows(kValue, {}); }

  template <typename Node>
  void run(Node node, const char* what) {
    plan::Statement statement;
    statement.node = std::move(node);
    statement.text = what;
    session_.execute(statement);
  }

  catalog::Catalog& catalog() { return session_.process().catalog; }

  // "db" or "catalog.db" → the namespace.
  catalog::Namespace space_of(const std::string& name) {
    return session_.namespace_name(name.empty() ? std::vector<std::string>() : name_parts(name));
  }
  // As it is shown: without the catalog.
  std::vector<std::string> shown(const catalog::Namespace& space) {
    return session_.without_catalog(space);
  }
  bool is_global_temp(const std::string& name) { return lower_case(name) == "global_temp"; }
  // The current one is there before its first table is.
  bool exists_space(const catalog::Namespace& space) {
    return space == space_of("") || catalog().namespace_exists(space);
  }
  catalog::Namespace known_space(const std::string& name) {
    catalog::Namespace space = space_of(name);
    if (!exists_space(space))
      throw Error("SCHEMA_NOT_FOUND",
                  {{"schemaName", quoted({session_.current_catalog(),
                                          joined(session_.without_catalog(space))})}});
    return space;
  }
  std::vector<ExprPtr> database(const catalog::Namespace& space) {
    const auto properties = catalog().namespace_properties(space);
    const auto of = [&](const char* key) {
      const auto found = properties.find(key);
      return found == properties.end() ? std::string() : found->second;
    };
    std::string location = of("location");
    if (location.empty()) location = catalog().warehouse() + "/" + joined(shown(space));
    return {text_literal(joined(shown(space))), text_literal(session_.current_catalog()),
            text_or_null(of("comment")), text_literal(location)};
  }

  // The table's or view's name with its database in front, where one is given apart.
  std::vector<std::string> parts_of(const std::string& table, const std::string& database) {
    std::vector<std::string> parts = name_parts(table);
    if (!database.empty()) {
      std::vector<std::string> all = name_parts(database);
      all.insert(all.end(), parts.begin(), parts.end());
      return all;
    }
    return parts;
  }
  std::string view_key(const std::vector<std::string>& parts) {
    if (parts.size() == 1) return lower_case(parts[0]);
    return parts.size() == 2 && is_global_temp(parts[0]) ? "global_temp." + lower_case(parts[1])
                                                         : "";
  }
  bool is_view(const std::vector<std::string>& parts) {
    return session_.find_view(view_key(parts)).has_value();
  }
  [[noreturn]] static void throw_unknown(const std::vector<std::string>& parts) {
    throw Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", quoted(parts)}});
  }
  std::vector<ExprPtr> view_row(const std::string& key) {
    const bool global = key.starts_with("global_temp.");
    return {text_literal(global ? key.substr(12) : key),
            nothing(),
            global ? texts({"global_temp"}) : texts({}),
            nothing(),
            text_literal("TEMPORARY"),
            flag(true)};
  }
  std::vector<ExprPtr> table_row(const catalog::TableName& name) {
    std::string comment;
    if (const auto state = catalog().load(name)) {
      const auto found = state->metadata->properties.find("comment");
      if (found != state->metadata->properties.end()) comment = found->second;
    }
    const auto view = catalog().load_view(name);
    if (view) {
      const auto found = view->metadata.properties.find("comment");
      if (found != view->metadata.properties.end()) comment = found->second;
    }
    const auto files = catalog().load_file_table(name);
    if (files && !files->comment.empty()) comment = files->comment;
    return {text_literal(name.name),
            text_literal(session_.current_catalog()),
            texts(shown(name.space)),
            text_or_null(comment),
            text_literal(view                       ? "VIEW"
                         : files && !files->managed ? "EXTERNAL"
                                                    : "MANAGED"),
            flag(false)};
  }
  bool exists(const std::vector<std::string>& parts) {
    if (is_view(parts)) return true;
    try {
      const catalog::TableName name = session_.table_name(parts);
      return catalog().load(name).has_value() || catalog().load_view(name).has_value() ||
             catalog().load_file_table(name).has_value();
    } catch (const Error& error) {
      if (error.code() == Code::kNotFound) return false;
      throw;
    }
  }

  RelationPtr tables(const std::string& database, const std::string& pattern) {
    std::vector<std::vector<ExprPtr>> list;
    if (!is_global_temp(database)) {
      const catalog::Namespace space = known_space(database);
      std::vector<catalog::TableName> names;
      if (catalog().namespace_exists(space)) {
        names = catalog().list_tables(space);
        for (catalog::TableName& view : catalog().list_views(space))
          names.push_back(std::move(view));
        for (catalog::TableName& table : catalog().list_file_tables(space))
          names.push_back(std::move(table));
      }
      std::sort(names.begin(), names.end());
      for (const catalog::TableName& name : names)
        if (matches(name.name, pattern)) list.push_back(table_row(name));
    }
    for (const std::string& key : session_.view_keys()) {
      const bool global = key.starts_with("global_temp.");
      if (global != is_global_temp(database)) continue;
      if (matches(global ? key.substr(12) : key, pattern)) list.push_back(view_row(key));
    }
    return rows(kTable, std::move(list));
  }
  RelationPtr table(const std::vector<std::string>& parts) {
    if (is_view(parts)) return rows(kTable, {view_row(view_key(parts))});
    if (!exists(parts)) throw_unknown(parts);
    return rows(kTable, {table_row(session_.table_name(parts))});
  }
  RelationPtr columns(const std::vector<std::string>& parts) {
    if (!exists(parts)) throw_unknown(parts);
    std::vector<std::string> partitions;
    if (!is_view(parts))
      if (const auto state = catalog().load(session_.table_name(parts)))
        for (const types::PartitionField& field : state->metadata->spec().fields)
          partitions.push_back(state->metadata->schema().name_of(field.source_id).value_or(""));
    if (const auto files = catalog().load_file_table(session_.table_name(parts));
        files && !is_view(parts))
      partitions = files->partition_columns;
    plan::UnresolvedTable named;
    named.parts = parts;
    const RelationPtr resolved = session_.resolve(plan::make(std::move(named)));
    std::vector<std::vector<ExprPtr>> list;
    for (const plan::Attribute& column : resolved->output) {
      const bool partition =
          std::find(partitions.begin(), partitions.end(), column.name) != partitions.end();
      list.push_back({text_literal(column.name), nothing(),
                      text_literal(column.type.simple_string()), flag(column.nullable),
                      flag(partition), flag(false), flag(false)});
    }
    return rows(kColumn, std::move(list));
  }

  std::vector<ExprPtr> function_row(const functions::Function& function, std::string_view name) {
    return {text_literal(std::string(name)),
            nothing(),
            nothing(DataType::array(DataTypeId::kString)),
            text_or_null(std::string(function.documentation)),
            text_literal("org.apache.spark.sql.catalyst.expressions." + std::string(function.name)),
            flag(true)};
  }
  RelationPtr functions(const std::string& pattern) {
    std::vector<std::pair<std::string_view, const functions::Function*>> found;
    for (const functions::Function& function : functions::all_functions()) {
      if (function.flags & functions::kInternal) continue;
      found.emplace_back(function.name, &function);
      for (const std::string_view alias : function.aliases) found.emplace_back(alias, &function);
    }
    std::sort(found.begin(), found.end());
    std::vector<std::vector<ExprPtr>> list;
    for (const auto& [name, function] : found)
      if (matches(std::string(name), pattern)) list.push_back(function_row(*function, name));
    return rows(kFunction, std::move(list));
  }
  const functions::Function* find(const std::string& name) {
    return functions::find_function(name_parts(name).back());
  }

  bool drop_view(const std::string& name, bool global) {
    const std::string key = lower_case(name);
    return session_.drop_view(global ? "global_temp." + key : key);
  }

  // createTable and createExternalTable: made at once, its rows are the answer.
  template <typename Message>
  RelationPtr create(const Message& given, const std::string& comment) {
    plan::CreateTable made;
    made.name = name_parts(given.table_name());
    made.definition.provider = lower_case(given.source());
    made.definition.location = given.path();
    made.definition.comment = comment;
    if (given.has_schema()) {
      const types::DataType schema = data_type(given.schema());
      for (const types::StructField& field : schema.fields())
        made.definition.columns.push_back(
            {field.name, field.type, field.nullable, field.comment, nullptr});
    }
    for (const auto& [key, value] : given.options()) made.definition.properties[key] = value;
    plan::UnresolvedTable table;
    table.parts = made.name;
    run(std::move(made), "catalog.createTable");
    return plan::make(std::move(table));
  }

  void cache(const std::string& table, bool uncache) {
    if (!table.empty() && !exists(name_parts(table))) throw_unknown(name_parts(table));
    plan::CacheTable made;
    if (!table.empty()) made.name = name_parts(table);
    made.uncache = uncache;
    run(std::move(made), uncache ? "UNCACHE TABLE" : "CACHE TABLE");
  }

 private:
  session::Session& session_;
};

}  // namespace

RelationPtr Translation::catalog(const proto::Catalog& given) {
  session::Session& session = surroundings.session();
  Asked asked(session);
  switch (given.cat_type_case()) {
    case CatalogCase::kCurrentDatabase:
      return asked.value(session.current_namespace());
    case CatalogCase::kSetCurrentDatabase:
      asked.run(plan::Use{name_parts(given.set_current_database().db_name()), true}, "USE");
      return asked.done();
    case CatalogCase::kListDatabases: {
      std::vector<std::vector<ExprPtr>> list;
      std::vector<catalog::Namespace> spaces =
          asked.catalog().list_namespaces(session.namespace_name({session.current_catalog()}));
      std::sort(spaces.begin(), spaces.end());
      for (const catalog::Namespace& space : spaces)
        if (matches(joined(asked.shown(space)), given.list_databases().pattern()))
          list.push_back(asked.database(space));
      return asked.rows(kDatabase, std::move(list));
    }
    case CatalogCase::kListTables:
      return asked.tables(given.list_tables().db_name(), given.list_tables().pattern());
    case CatalogCase::kListFunctions:
      return asked.functions(given.list_functions().pattern());
    case CatalogCase::kListColumns:
      return asked.columns(
          asked.parts_of(given.list_columns().table_name(), given.list_columns().db_name()));
    case CatalogCase::kGetDatabase:
      return asked.rows(kDatabase,
                        {asked.database(asked.known_space(given.get_database().db_name()))});
    case CatalogCase::kGetTable:
      return asked.table(
          asked.parts_of(given.get_table().table_name(), given.get_table().db_name()));
    case CatalogCase::kGetFunction: {
      const std::string& name = given.get_function().function_name();
      const functions::Function* function = asked.find(name);
      if (function == nullptr)
        throw Error(
            "UNRESOLVED_ROUTINE",
            {{"routineName", quoted(name_parts(name))},
             {"searchPath", "[`system`.`builtin`, `system`.`session`, `" + asked.catalog().name() +
                                "`.`" + session.current_namespace() + "`]"}});
      return asked.rows(kFunction, {asked.function_row(*function, name_parts(name).back())});
    }
    case CatalogCase::kDatabaseExists:
      return asked.answer(asked.is_global_temp(given.database_exists().db_name()) ||
                          asked.exists_space(asked.space_of(given.database_exists().db_name())));
    case CatalogCase::kTableExists:
      return asked.answer(asked.exists(
          asked.parts_of(given.table_exists().table_name(), given.table_exists().db_name())));
    case CatalogCase::kFunctionExists:
      return asked.answer(asked.find(given.function_exists().function_name()) != nullptr);
    case CatalogCase::kCreateExternalTable:
      return asked.create(given.create_external_table(), "");
    case CatalogCase::kCreateTable:
      return asked.create(given.create_table(), given.create_table().description());
    case CatalogCase::kDropTempView:
      return asked.answer(asked.drop_view(given.drop_temp_view().view_name(), false));
    case CatalogCase::kDropGlobalTempView:
      return asked.answer(asked.drop_view(given.drop_global_temp_view().view_name(), true));
    case CatalogCase::kRecoverPartitions:
      if (!asked.exists(name_parts(given.recover_partitions().table_name())))
        Asked::throw_unknown(name_parts(given.recover_partitions().table_name()));
      return asked.done();  // an Iceberg table's metadata knows its partitions
    case CatalogCase::kIsCached:
      if (!asked.exists(name_parts(given.is_cached().table_name())))
        Asked::throw_unknown(name_parts(given.is_cached().table_name()));
      return asked.answer(
          session.cached().contains(session.cache_key(name_parts(given.is_cached().table_name()))));
    case CatalogCase::kCacheTable:
      asked.cache(given.cache_table().table_name(), false);
      return asked.done();
    case CatalogCase::kUncacheTable:
      asked.cache(given.uncache_table().table_name(), true);
      return asked.done();
    case CatalogCase::kClearCache:
      asked.cache("", true);
      return asked.done();
    case CatalogCase::kRefreshTable:
      asked.run(plan::RefreshTable{name_parts(given.refresh_table().table_name())}, "REFRESH");
      return asked.done();
    case CatalogCase::kRefreshByPath:
      return asked.done();  // nothing is kept of paths
    case CatalogCase::kCurrentCatalog:
      return asked.value(session.current_catalog());
    case CatalogCase::kSetCurrentCatalog:
      session.use_catalog(given.set_current_catalog().catalog_name());
      return asked.done();
    case CatalogCase::kListCatalogs: {
      std::vector<std::vector<ExprPtr>> list;
      for (const std::string& name : session.catalog_names())
        if (matches(name, given.list_catalogs().pattern()))
          list.push_back({text_literal(name), nothing()});
      return asked.rows(kCatalog, std::move(list));
    }
    default:
      refuse("the catalog request", given, "cat_type");
  }
}

}  // namespace firn::server::spark_connect

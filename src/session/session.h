// One user's session: confs, catalogs, temporary views; executes statements over everything below.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/stop_token.h"
#include "catalog/catalogs.h"
#include "conf/conf.h"
#include "engine/engine.h"
#include "plan/command.h"
#include "plan/resolve.h"
#include "table/scan.h"

namespace firn::session {

// What a statement gives: rows to pull (queries, SHOW, DESCRIBE …) or nothing but its effect.
struct Result {
  std::vector<plan::Attribute> columns;  // empty: no rows
  std::unique_ptr<engine::RowStream> rows;
  std::string message;  // for people, where there are no rows: "created table silver.booking"
};

class GlobalViews;  // temporary_views.h
std::shared_ptr<GlobalViews> make_global_views();

// What lives as long as the process and is shared by its sessions.
struct Process {
  files::FileStore& store;
  engine::Engine& engine;
  Clock& clock;
  Random& random;
  catalog::Catalogs& catalog;  // the default one, known as its name(), and those attached to it
  std::shared_ptr<table::ManifestCache> manifests;
  std::shared_ptr<GlobalViews> global_views = make_global_views();
};

struct TemporaryView {
  std::string text;
  std::vector<std::string> columns;
  plan::RelationPtr query;  // unresolved
  plan::RelationPtr
      resolved;  // streaming views: resolved once, so that all who read them share one pass
  // Set: rows that change (the memory sink), as they stand when it is asked.
  std::function<plan::RelationPtr(plan::IdSource& fresh)> rows;
};

class StreamingQueries;

// Not safe for concurrent use.
class Session {
 public:
  Session(Process process, conf::Conf conf);

  // Throws Error with the position in the statement's text.
  Result execute(const plan::Statement& statement, const StopToken& stop = {});

  // ---- for those who run pieces of a session: pipelines, EXPLAIN, writers
  Process& process() { return process_; }
  conf::Conf& conf() { return conf_; }
  plan::IdSource& ids() { return ids_; }
  plan::ResolveOptions resolve_options(bool streaming = false) const;
  plan::RelationPtr resolve(const plan::RelationPtr& unresolved, bool streaming = false);
  // "booking", "silver.booking", "firn.silver.booking" → the table's name in process().catalog.
  // (Names in attached catalogs begin with their key.)
  catalog::TableName table_name(const plan::NameParts& parts) const;
  // The same for a namespace; no parts: the current one.
  catalog::Namespace namespace_name(const plan::NameParts& parts) const;
  // Without the key of an attached catalog, as SHOW prints it.
  catalog::Namespace without_catalog(const catalog::Namespace& space) const;
  std::string qualified(const catalog::TableName& name) const;  // with the catalog
  // As a user wrote it, completed by the current catalog and namespace: "glue_catalog.db.t".
  plan::NameParts full_name(const plan::NameParts& parts) const;
  // The key of the catalog that this session calls `name`: "" for the default one (and for those
  // that stand for it here), nullopt where there is none. Catalogs are read from the conf.
  std::optional<std::string> find_catalog(const std::string& name) const;
  std::vector<std::string> catalog_names() const;
  // As the user calls it: what USE said, else spark.sql.defaultCatalog, else the default one's
  // name.
  std::string current_catalog() const;
  void use_catalog(const std::string& name);  // Error CATALOG_NOT_FOUND
  // Those of this session alone.
  std::map<std::string, TemporaryView>& temporary_views() { return views_; }
  // These and the global ones, by temporary_view_key().
  std::optional<TemporaryView> find_view(const std::string& key) const;
  bool put_view(const std::string& key, TemporaryView view, bool replace);  // false: it is there
  bool drop_view(const std::string& key);
  std::vector<std::string> view_keys() const;
  // Tables and views that were asked to be kept in memory, by cache_key().
  std::set<std::string>& cached() { return cached_; }
  std::string cache_key(const plan::NameParts& name) const;
  // spark.udf.register; by lower-case name.
  std::map<std::string, std::shared_ptr<const plan::PythonFunction>>& python_functions() {
    return python_functions_;
  }
  // spark.udtf.register.
  std::map<std::string, std::shared_ptr<const plan::PythonFunction>>& python_table_functions() {
    return python_table_functions_;
  }
  // The session's streaming queries; they end with the session.
  const std::shared_ptr<StreamingQueries>& streaming_queries();
  const std::string& current_namespace() const { return namespace_; }
  void use_namespace(std::string name) { namespace_ = std::move(name); }
  // Rows made by hand, run like any query.
  Result rows(std::vector<plan::Attribute> columns, std::vector<std::vector<types::Value>> values);
  plan::Attribute column(const std::string& name, types::DataType type, bool nullable = false);

 private:
  Process process_;
  conf::Conf conf_;
  const conf::Conf initial_;  // what RESET goes back to
  plan::IdSource ids_;
  std::string catalog_;                         // "" until USE names one
  std::string namespace_ = "default";           // parts joined by dots
  std::map<std::string, TemporaryView> views_;  // lower case
  std::set<std::string> cached_;
  std::map<std::string, std::shared_ptr<const plan::PythonFunction>> python_functions_;
  std::map<std::string, std::shared_ptr<const plan::PythonFunction>> python_table_functions_;
  std::shared_ptr<StreamingQueries> streams_;  // made when first asked for
};

// What resolution asks of a session.
class SessionSurroundings final : public plan::Surroundings {
 public:
  // `lenient`: tables give Iceberg's metadata columns (hidden_columns.h), and metadata tables show
  // the columns that scripts ask for (metadata_tables.h).
  explicit SessionSurroundings(Session& session, bool lenient = false)
      : session_(session), lenient_(lenient) {}
  plan::RelationPtr find_table(const plan::UnresolvedTable&, plan::IdSource& fresh) override;
  plan::RelationPtr find_table_function(
      const std::string& name, const std::vector<std::pair<std::string, plan::Literal>>& arguments,
      bool streaming, plan::IdSource& fresh) override;
  types::DataType parse_schema(const std::string& text) override;
  std::shared_ptr<const plan::PythonFunction> find_python_function(
      const std::string& name) override;
  std::shared_ptr<const plan::PythonFunction> find_python_table_function(
      const std::string& name) override;
  plan::PythonAnalysis analyze_python(const plan::PythonFunction& function,
                                      const std::vector<plan::PythonArgument>& arguments) override;
  plan::ExprPtr parse_expression(const std::string& text) override;
  std::vector<std::string> known_tables() override;

 private:
  plan::RelationPtr find_view(const plan::UnresolvedTable&, plan::IdSource& fresh);
  // Tables and views of catalogs, their metadata tables and snapshots (iceberg_relations.cc).
  plan::RelationPtr find_iceberg(const plan::UnresolvedTable&, plan::IdSource& fresh);
  plan::RelationPtr find_catalog_view(const catalog::TableName&, plan::IdSource& fresh);
  void enter_view(const std::string& name);  // counts depth_; refuses views that go in circles
  plan::RelationPtr find_files(const plan::UnresolvedTable&, plan::IdSource& fresh);

  Session& session_;
  const bool lenient_;
  int depth_ = 0;  // of views in views
};

// ---- statements by family; each throws or does it
Result create_table(Session&, const plan::CreateTable&, const StopToken&);
Result create_view(Session&, const plan::CreateView&);
Result create_namespace(Session&, const plan::CreateNamespace&);
Result drop_namespace(Session&, const plan::DropNamespace&);
Result drop_table(Session&, const plan::DropTable&);
Result alter_properties(Session&, const plan::AlterTableProperties&);
Result insert(Session&, const plan::Insert&, const StopToken&);
Result show_catalogs(Session&, const plan::ShowCatalogs&);
Result show_namespaces(Session&, const plan::ShowNamespaces&);
Result show_tables(Session&, const plan::ShowTables&);
Result show_functions(Session&, const plan::ShowFunctions&);
Result show_properties(Session&, const plan::ShowTblProperties&);
Result show_create_table(Session&, const plan::ShowCreateTable&);
Result describe_table(Session&, const plan::Describe&);
Result describe_query(Session&, const plan::DescribeQuery&);
Result explain(Session&, const plan::Explain&);
Result set_conf(Session&, const plan::SetConf&);
Result use(Session&, const plan::Use&);
Result alter_table(Session&, const plan::AlterTable&);
Result alter_namespace(Session&, const plan::AlterNamespace&);
Result call_procedure(Session&, const plan::CallProcedure&, const StopToken&);
Result show_columns(Session&, const plan::ShowColumns&);
Result show_partitions(Session&, const plan::ShowPartitions&);
Result show_views(Session&, const plan::ShowViews&);
Result show_current_namespace(Session&);
Result describe_namespace(Session&, const plan::DescribeNamespace&);
Result cache_table(Session&, const plan::CacheTable&);
Result analyze_table(Session&, const plan::AnalyzeTable&);

// Table and snapshot that a scan reads, as text to compare.
std::string snapshot_text(const plan::TableScan&);

// A new table as a definition says, with the columns of `query_type` where it names none.
table::Table create_defined_table(Session&, const catalog::TableName&, const plan::TableDefinition&,
                                  const types::DataType& query_type);
types::DataType defined_columns(const plan::TableDefinition&, const types::DataType& query_type);
catalog::CreateRequest create_request(const plan::TableDefinition&, const types::DataType& columns);

}  // namespace firn::session

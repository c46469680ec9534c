// One user's session: confs, catalogs, temporary views; executes statements over everything below.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/stop_token.h"
#include "catalog/catalog.h"
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

// What lives as long as the process and is shared by its sessions.
struct Process {
  files::FileStore& store;
  engine::Engine& engine;
  Clock& clock;
  Random& random;
  catalog::Catalog& catalog;  // the default one, known as its name()
  std::shared_ptr<table::ManifestCache> manifests;
};

struct TemporaryView {
  std::string text;
  std::vector<std::string> columns;
  plan::RelationPtr query;  // unresolved
  plan::RelationPtr
      resolved;  // streaming views: resolved once, so that all who read them share one pass
};

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
  // "booking", "silver.booking", "firn.silver.booking" → the table's name in the default catalog.
  // Error where the catalog is unknown.
  catalog::TableName table_name(const plan::NameParts& parts) const;
  std::string qualified(const catalog::TableName& name) const;  // with the catalog
  std::map<std::string, TemporaryView>& temporary_views() { return views_; }
  // spark.udf.register; by lower-case name.
  std::map<std::string, std::shared_ptr<const plan::PythonFunction>>& python_functions() {
    return python_functions_;
  }
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
  std::string namespace_ = "default";
  std::map<std::string, TemporaryView> views_;  // lower case
  std::map<std::string, std::shared_ptr<const plan::PythonFunction>> python_functions_;
};

// What resolution asks of a session.
class SessionSurroundings final : public plan::Surroundings {
 public:
  explicit SessionSurroundings(Session& session) : session_(session) {}
  plan::RelationPtr find_table(const plan::UnresolvedTable&, plan::IdSource& fresh) override;
  plan::RelationPtr find_table_function(
      const std::string& name, const std::vector<std::pair<std::string, plan::Literal>>& arguments,
      bool streaming, plan::IdSource& fresh) override;
  types::DataType parse_schema(const std::string& text) override;
  std::shared_ptr<const plan::PythonFunction> find_python_function(
      const std::string& name) override;
  std::vector<std::string> known_tables() override;

 private:
  plan::RelationPtr find_view(const plan::UnresolvedTable&, plan::IdSource& fresh);
  plan::RelationPtr find_files(const plan::UnresolvedTable&, plan::IdSource& fresh);

  Session& session_;
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

// Table and snapshot that a scan reads, as text to compare.
std::string snapshot_text(const plan::TableScan&);

// A new table as a definition says, with the columns of `query_type` where it names none.
table::Table create_defined_table(Session&, const catalog::TableName&, const plan::TableDefinition&,
                                  const types::DataType& query_type);
catalog::CreateRequest create_request(const plan::TableDefinition&, const types::DataType& columns);

}  // namespace firn::session

// Dispatch of statements, names, resolution.
#include "session/session.h"

#include "base/error.h"
#include "sql/parser.h"

namespace firn::session {
namespace {

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

}  // namespace

Session::Session(Process process, conf::Conf conf)
    : process_(std::move(process)), conf_(std::move(conf)), initial_(conf_) {}

plan::ResolveOptions Session::resolve_options(bool streaming) const {
  plan::ResolveOptions options;
  options.ansi = conf_.get_bool("spark.sql.ansi.enabled");
  options.case_sensitive = conf_.get_bool("spark.sql.caseSensitive");
  options.time_zone = conf_.get_string("spark.sql.session.timeZone");
  options.now_us = process_.clock.now_us();
  options.current_catalog = process_.catalog.name();
  options.current_namespace = namespace_;
  options.user = "root";
  options.seed = static_cast<int64_t>(process_.random.next());
  options.streaming_batch_time_parameter = streaming;
  return options;
}

plan::RelationPtr Session::resolve(const plan::RelationPtr& unresolved, bool streaming) {
  SessionSurroundings surroundings(*this);
  return plan::resolve(unresolved, resolve_options(streaming), surroundings, ids_);
}

catalog::TableName Session::table_name(const plan::NameParts& parts) const {
  if (parts.size() == 1) return {{namespace_}, parts[0]};
  const bool has_catalog = parts.size() > 2 && parts.front() == process_.catalog.name();
  if (parts.size() > 2 && !has_catalog && conf_.is_set("spark.sql.catalog." + parts.front())) {
    throw_unsupported("the catalog " + parts.front() + ": only the default catalog '" +
                      process_.catalog.name() + "' is there yet");
  }
  return {{parts.begin() + (has_catalog ? 1 : 0), parts.end() - 1}, parts.back()};
}

std::string Session::qualified(const catalog::TableName& name) const {
  return process_.catalog.name() + "." + name.to_string();
}

plan::Attribute Session::column(const std::string& name, types::DataType type, bool nullable) {
  return {ids_.next(), name, std::move(type), nullable, {}};
}

Result Session::rows(std::vector<plan::Attribute> columns,
                     std::vector<std::vector<types::Value>> values) {
  plan::Rows made{columns, {}};
  for (const auto& row : values) {
    std::vector<plan::ExprPtr> expressions;
    for (size_t i = 0; i < row.size(); ++i) {
      plan::Expr literal{plan::Literal{columns[i].type, row[i]},
                         columns[i].type,
                         types::is_null(row[i]),
                         true,
                         false,
                         false,
                         {}};
      expressions.push_back(std::make_shared<const plan::Expr>(std::move(literal)));
    }
    made.rows.push_back(std::move(expressions));
  }
  plan::Relation relation{std::move(made), columns, true, false, {}};
  const auto shared = std::make_shared<const plan::Relation>(std::move(relation));
  return {columns, process_.engine.run(shared), ""};
}

Result Session::execute(const plan::Statement& statement, const StopToken& stop) {
  return std::visit(
      Overloaded{
          [&](const plan::Query& query) -> Result {
            const plan::RelationPtr resolved = resolve(query.relation);
            if (resolved->streaming)
              throw Error("FIRN_INVALID_INPUT",
                          {{"what",
                            "a query over a stream needs a target: write CREATE STREAMING TABLE … "
                            "AS SELECT … and run the file with firn run"}});
            const plan::RelationPtr rewritten = plan::rewrite(resolved);
            return {resolved->output, process_.engine.run(rewritten, stop), ""};
          },
          [&](const plan::CreateTable& node) { return create_table(*this, node, stop); },
          [&](const plan::CreateStreamingTable&) -> Result {
            throw_invalid(
                "CREATE STREAMING TABLE belongs to a pipeline file: run it with `firn run "
                "FILE.sql`");
          },
          [&](const plan::CreateMaterializedView&) -> Result {
            throw_invalid(
                "CREATE MATERIALIZED VIEW belongs to a pipeline file: run it with `firn run "
                "FILE.sql`");
          },
          [&](const plan::CreateFlow&) -> Result {
            throw_invalid(
                "CREATE FLOW belongs to a pipeline file: run it with `firn run FILE.sql`");
          },
          [&](const plan::CreateView& node) { return create_view(*this, node); },
          [&](const plan::CreateNamespace& node) { return create_namespace(*this, node); },
          [&](const plan::DropNamespace& node) { return drop_namespace(*this, node); },
          [&](const plan::DropTable& node) { return drop_table(*this, node); },
          [&](const plan::Insert& node) { return insert(*this, node, stop); },
          [&](const plan::SetConf& node) { return set_conf(*this, node); },
          [&](const plan::ResetConf& node) -> Result {
            if (!node.key) {
              conf_ = initial_;
            } else if (initial_.is_set(*node.key)) {
              conf_.set(*node.key, initial_.at(*node.key));
            } else {
              conf_.unset(*node.key);
            }
            return {};
          },
          [&](const plan::Use& node) -> Result {
            if (!node.is_namespace && node.name.size() == 1 &&
                node.name.front() == process_.catalog.name())
              return {};
            const catalog::TableName name = table_name({[&] {
              auto parts = node.name;
              parts.push_back("t");
              return parts;
            }()});
            if (!process_.catalog.namespace_exists(name.space))
              throw Error("SCHEMA_NOT_FOUND", {{"schemaName", "`" + process_.catalog.name() +
                                                                  "`.`" + node.name.back() + "`"}});
            namespace_ = name.space.back();
            return {};
          },
          [&](const plan::ShowCatalogs& node) { return show_catalogs(*this, node); },
          [&](const plan::ShowNamespaces& node) { return show_namespaces(*this, node); },
          [&](const plan::ShowTables& node) { return show_tables(*this, node); },
          [&](const plan::ShowFunctions& node) { return show_functions(*this, node); },
          [&](const plan::ShowTblProperties& node) { return show_properties(*this, node); },
          [&](const plan::ShowCreateTable& node) { return show_create_table(*this, node); },
          [&](const plan::Describe& node) { return describe_table(*this, node); },
          [&](const plan::DescribeQuery& node) { return describe_query(*this, node); },
          [&](const plan::AlterTableProperties& node) { return alter_properties(*this, node); },
          [&](const plan::RefreshTable&) -> Result {
            return {};
          },  // nothing is cached beyond a statement
          [&](const plan::Explain& node) { return explain(*this, node); },
          [&](const auto&) -> Result {
            throw_unsupported("the statement " + statement.text.substr(0, 80));
          },
      },
      statement.node);
}

Result set_conf(Session& session, const plan::SetConf& node) {
  if (node.key && node.value) {
    session.conf().set(*node.key, *node.value);
    return {};
  }
  const auto key = session.column("key", types::DataTypeId::kString),
             value = session.column("value", types::DataTypeId::kString);
  std::vector<std::vector<types::Value>> rows;
  if (node.key) {
    rows.push_back({*node.key, session.conf().get(*node.key).value_or("<undefined>")});
  } else {
    for (const auto& [name, text] : session.conf().values()) rows.push_back({name, text});
  }
  return session.rows({key, value}, std::move(rows));
}

}  // namespace firn::session

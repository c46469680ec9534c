// Dispatch of statements, names, resolution.
#include "session/session.h"

#include "base/error.h"
#include "session/hidden_columns.h"
#include "session/metadata_tables.h"
#include "session/statements.h"
#include "session/streaming_queries.h"
#include "session/writing.h"
#include "sql/parser.h"

namespace firn::session {
namespace {

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

// The query names one of Iceberg's metadata columns, or a column that its metadata tables lack and
// scripts in the wild ask for.
bool asks_leniently(const Error& error) {
  const auto of = [&](const char* name) {
    const auto found = error.params().find(name);
    return found == error.params().end() ? std::string() : found->second;
  };
  // partitions.partition as a text: partition LIKE '2024-01-01%'.
  if (error.condition() == "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE")
    return of("inputSql") == "\"partition\"" && of("requiredType") == "\"STRING\"";
  if (!error.condition().starts_with("UNRESOLVED_COLUMN")) return false;
  const std::string text = of("objectName");  // `t`.`timestamp_ms`, `t`.`_partition`.`p`
  std::string part;
  for (const char c : text) {
    if (c != '`') {
      part += c;
    } else {
      if (is_lenient_column(part) || is_hidden_column(part)) return true;
      part.clear();
    }
  }
  return false;
}

}  // namespace

Session::Session(Process process, conf::Conf conf)
    : process_(std::move(process)), conf_(std::move(conf)), initial_(conf_) {}

const std::shared_ptr<StreamingQueries>& Session::streaming_queries() {
  if (streams_ == nullptr) streams_ = std::make_shared<StreamingQueries>();
  return streams_;
}

plan::ResolveOptions Session::resolve_options(bool streaming) const {
  plan::ResolveOptions options;
  options.ansi = conf_.get_bool("spark.sql.ansi.enabled");
  options.case_sensitive = conf_.get_bool("spark.sql.caseSensitive");
  options.time_zone = conf_.get_string("spark.sql.session.timeZone");
  options.now_us = process_.clock.now_us();
  options.current_catalog = current_catalog();
  options.current_namespace = namespace_;
  options.user = "root";
  options.seed = static_cast<int64_t>(process_.random.next());
  options.last_key_wins = conf_.get_string("spark.sql.mapKeyDedupPolicy") == "LAST_WIN";
  options.streaming_batch_time_parameter = streaming;
  return options;
}

plan::RelationPtr Session::resolve(const plan::RelationPtr& unresolved, bool streaming) {
  SessionSurroundings surroundings(*this);
  try {
    return plan::resolve(unresolved, resolve_options(streaming), surroundings, ids_);
  } catch (const Error& error) {
    if (!asks_leniently(error)) throw;
  }
  SessionSurroundings lenient(*this, true);
  try {
    return plan::resolve(unresolved, resolve_options(streaming), lenient, ids_);
  } catch (const Error& error) {
    const auto name = error.params().find("objectName");
    if (name != error.params().end() && name->second.ends_with("`_deleted`"))
      throw_unsupported("the metadata column _deleted of a table with delete files");
    throw;
  }
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
          [&](const plan::Use& node) { return use(*this, node); },
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
          [&](const plan::AlterTable& node) { return alter_table(*this, node); },
          [&](const plan::AlterNamespace& node) { return alter_namespace(*this, node); },
          [&](const plan::CallProcedure& node) { return call_procedure(*this, node, stop); },
          [&](const plan::ShowColumns& node) { return show_columns(*this, node); },
          [&](const plan::ShowPartitions& node) { return show_partitions(*this, node); },
          [&](const plan::ShowViews& node) { return show_views(*this, node); },
          [&](const plan::ShowCurrentNamespace&) { return show_current_namespace(*this); },
          [&](const plan::DescribeNamespace& node) { return describe_namespace(*this, node); },
          [&](const plan::CacheTable& node) { return cache_table(*this, node); },
          [&](const plan::AnalyzeTable& node) { return analyze_table(*this, node); },
          [&](const plan::WriteFiles& node) { return write_files(*this, node, stop); },
          [&](const plan::Delete& node) { return delete_rows(*this, node, stop); },
          [&](const plan::Truncate& node) { return truncate_table(*this, node, stop); },
          [&](const plan::Update& node) { return update_rows(*this, node, stop); },
          [&](const plan::Merge& node) { return merge_rows(*this, node, stop); },
          [&](const plan::WriteTable& node) { return write_table(*this, node, stop); },
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

// SHOW of what there is, DESCRIBE QUERY, EXPLAIN: rows in the shapes that Spark prints.
#include <algorithm>

#include "base/error.h"
#include "session/session.h"
#include "session/table_text.h"

namespace firn::session {
namespace {

using types::DataTypeId;
using types::Value;
using Rows = std::vector<std::vector<Value>>;

std::string join(const catalog::Namespace& space) {
  std::string out;
  for (const std::string& part : space) out += (out.empty() ? "" : ".") + part;
  return out;
}

}  // namespace

Result show_catalogs(Session& session, const plan::ShowCatalogs& node) {
  Rows rows;
  for (const std::string& name : session.catalog_names()) {
    if (matches_pattern(name, node.pattern)) rows.push_back({name});
  }
  return session.rows({session.column("catalog", DataTypeId::kString)}, std::move(rows));
}

Result show_namespaces(Session& session, const plan::ShowNamespaces& node) {
  Rows rows;
  const plan::NameParts in = node.in.empty() ? plan::NameParts{session.current_catalog()} : node.in;
  for (const catalog::Namespace& space :
       session.process().catalog.list_namespaces(session.namespace_name(in))) {
    const std::string text = join(session.without_catalog(space));
    if (matches_pattern(text, node.pattern)) rows.push_back({text});
  }
  return session.rows({session.column("namespace", DataTypeId::kString)}, std::move(rows));
}

Result show_functions(Session& session, const plan::ShowFunctions& node) {
  std::vector<std::string> names;
  for (const functions::Function& function : functions::all_functions()) {
    if (matches_pattern(std::string(function.name), node.pattern))
      names.emplace_back(function.name);
    for (const std::string_view alias : function.aliases) {
      if (matches_pattern(std::string(alias), node.pattern)) names.emplace_back(alias);
    }
  }
  std::sort(names.begin(), names.end());
  Rows rows;
  for (std::string& name : names) rows.push_back({std::move(name)});
  return session.rows({session.column("function", DataTypeId::kString)}, std::move(rows));
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

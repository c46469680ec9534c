// CALL, COMMENT ON, CACHE, UNCACHE, ANALYZE.
#include "sql/grammar.h"

namespace firn::sql {

plan::StatementNode Grammar::call_procedure() {
  take();
  plan::CallProcedure node;
  node.name = name_parts();
  plan::UnresolvedCall call;
  expect("(");
  call_arguments(call);
  expect(")");
  node.arguments = std::move(call.arguments);
  node.argument_names = std::move(call.argument_names);
  node.argument_names.resize(node.arguments.size());
  return node;
}

plan::StatementNode Grammar::comment_on() {
  at_ += 2;
  const bool table = at("TABLE");
  if (!table && !at_any({"SCHEMA", "DATABASE", "NAMESPACE"})) fail();
  take();
  NameParts name = name_parts();
  expect("IS");
  std::optional<std::string> text;
  if (!accept("NULL")) text = string_literal();
  if (table) {
    plan::AlterTableProperties node{std::move(name), {}, {}};
    if (text) {
      node.set["comment"] = std::move(*text);
    } else {
      node.unset.push_back("comment");
    }
    return node;
  }
  plan::AlterNamespace node{std::move(name), {}, {}};
  node.set["comment"] = text.value_or("");
  return node;
}

plan::StatementNode Grammar::cache() {
  expect("CACHE");
  plan::CacheTable node;
  node.lazy = accept("LAZY");
  expect("TABLE");
  node.name = name_parts();
  if (accept("OPTIONS")) properties();
  if (accept("AS") || at_query_start() || at("WITH")) node.query = query();
  return node;
}

plan::StatementNode Grammar::uncache() {
  expect("UNCACHE");
  expect("TABLE");
  plan::CacheTable node;
  node.uncache = true;
  node.if_exists = if_exists();
  node.name = name_parts();
  return node;
}

plan::StatementNode Grammar::clear_cache() {
  expect("CLEAR");
  expect("CACHE");
  plan::CacheTable node;
  node.uncache = true;
  return node;
}

// ANALYZE TABLE t [PARTITION (…)] COMPUTE STATISTICS [NOSCAN | FOR ALL COLUMNS | FOR COLUMNS a, b]
plan::StatementNode Grammar::analyze() {
  expect("ANALYZE");
  if (!at("TABLE")) unsupported("ANALYZE of something else than a table", peek());
  take();
  plan::AnalyzeTable node{name_parts()};
  if (at("PARTITION")) unsupported("ANALYZE TABLE … PARTITION", peek());
  expect("COMPUTE");
  expect("STATISTICS");
  while (!at_end()) take();
  return node;
}

}  // namespace firn::sql

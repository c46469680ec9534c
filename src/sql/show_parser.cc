// SHOW and DESCRIBE.
#include "sql/grammar.h"

namespace firn::sql {

// [LIKE] 'pattern'; "" where there is none.
std::string Grammar::like_pattern() {
  const bool like = accept("LIKE");
  if (at_string()) return string_literal();
  if (like) fail();
  return {};
}

NameParts Grammar::in_clause() {
  if (!at_any({"FROM", "IN"})) return {};
  take();
  return name_parts();
}

plan::StatementNode Grammar::show() {
  const Token& start = peek();
  expect("SHOW");
  if (accept("CATALOGS")) return plan::ShowCatalogs{like_pattern()};
  if (at_any({"NAMESPACES", "DATABASES", "SCHEMAS"})) {
    take();
    NameParts in = in_clause();
    return plan::ShowNamespaces{std::move(in), like_pattern()};
  }
  if (accept("TABLES")) {
    NameParts in = in_clause();
    return plan::ShowTables{std::move(in), like_pattern()};
  }
  if (at_words({"TABLE", "EXTENDED"})) {
    at_ += 2;
    NameParts in = in_clause();
    plan::ShowTables node{std::move(in), like_pattern(), true};
    if (at("PARTITION")) unsupported("SHOW TABLE EXTENDED … PARTITION", peek());
    return node;
  }
  if (accept("VIEWS")) {
    NameParts in = in_clause();
    return plan::ShowViews{std::move(in), like_pattern()};
  }
  if (accept("COLUMNS")) {
    if (!at_any({"FROM", "IN"})) fail();
    plan::ShowColumns node{in_clause()};
    if (at_any({"FROM", "IN"})) {
      NameParts in = in_clause();
      in.push_back(node.table.back());
      node.table = std::move(in);
    }
    return node;
  }
  if (accept("PARTITIONS")) {
    plan::ShowPartitions node{name_parts()};
    if (at("PARTITION")) unsupported("SHOW PARTITIONS … PARTITION (…)", peek());
    return node;
  }
  if (at("CURRENT") && at_any({"NAMESPACE", "SCHEMA", "DATABASE"}, 1)) {
    at_ += 2;
    return plan::ShowCurrentNamespace{};
  }
  if (accept("TBLPROPERTIES")) {
    plan::ShowTblProperties node{name_parts(), {}};
    if (accept("(")) {
      node.key = property_key();
      expect(")");
    }
    return node;
  }
  if (accept_words({"CREATE", "TABLE"})) {
    plan::ShowCreateTable node{name_parts()};
    if (at_words({"AS", "SERDE"})) unsupported("SHOW CREATE TABLE … AS SERDE", peek());
    return node;
  }
  if (at_any({"USER", "SYSTEM", "ALL"}) && at("FUNCTIONS", 1)) take();
  if (accept("FUNCTIONS")) {
    plan::ShowFunctions node;
    if (at_any({"FROM", "IN"})) unsupported("SHOW FUNCTIONS IN", peek());
    const bool like = accept("LIKE");
    if (at_string()) {
      node.pattern = string_literal();
    } else if (like || at_name()) {
      for (const std::string& part : name_parts())
        node.pattern += (node.pattern.empty() ? "" : ".") + part;
    }
    return node;
  }
  if (!at_any({"TABLE", "CURRENT", "GRANT", "ROLE", "ROLES", "INDEXES", "LOCKS", "TRANSACTIONS"}))
    fail();
  unsupported("the statement SHOW " + std::string(peek().text), start);
}

plan::StatementNode Grammar::describe() {
  const Token& start = peek();
  take();
  if (at_any({"SCHEMA", "DATABASE", "NAMESPACE"}) && at_name(1)) {
    take();
    plan::DescribeNamespace node;
    if (at("EXTENDED") && at_name(1)) {
      take();
      node.extended = true;
    }
    node.name = name_parts();
    return node;
  }
  if (at("FUNCTION") && (at_name(1) || at_string(1)))
    unsupported("the statement DESCRIBE " + std::string(peek().keyword), start);
  if (at("QUERY") && !at_end() && (at_query_start(1) || at("WITH", 1))) take();
  if (at_any({"SELECT", "WITH", "VALUES", "FROM", "("})) return plan::DescribeQuery{query()};
  if (at("TABLE") && at_name(1)) take();
  plan::Describe node;
  if (at_any({"EXTENDED", "FORMATTED"}) && at_name(1)) {
    take();
    node.extended = true;
  }
  node.table = name_parts();
  if (at("PARTITION") && at("(", 1)) unsupported("DESCRIBE of a partition", peek());
  if (at_name()) node.column = name_parts();
  return node;
}

}  // namespace firn::sql

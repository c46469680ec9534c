// CREATE: tables, streaming tables, materialized views, views, flows, namespaces, with their
// clauses.
#include "base/names.h"
#include "sql/grammar.h"

namespace firn::sql {
namespace {}  // namespace

plan::StatementNode Grammar::create() {
  const Token& start = peek();
  const bool replace_head = at("REPLACE");
  take();
  bool or_replace = replace_head;
  bool or_refresh = false;
  if (!replace_head && accept("OR")) {
    or_refresh = at("REFRESH");
    or_replace = at("REPLACE");
    if (!or_refresh && !or_replace) fail();
    take();
  }
  if (at_words({"STREAMING", "TABLE"}) && !or_replace) return create_streaming_table(or_refresh);
  if (at_words({"MATERIALIZED", "VIEW"}) && !or_replace)
    return create_materialized_view(or_refresh);
  if (or_refresh) fail();
  if (at("FLOW") && !or_replace) return create_flow();
  if (at_any({"SCHEMA", "DATABASE", "NAMESPACE"}) && !or_replace) return create_namespace();
  if (at("TABLE")) {
    plan::StatementNode node = create_table(or_replace);
    std::get<plan::CreateTable>(node).replace_only = replace_head;
    return node;
  }
  const size_t ahead = at("GLOBAL") ? 1 : 0;
  const bool temporary = at_any({"TEMPORARY", "TEMP"}, ahead);
  if (at("VIEW") || (temporary && at("VIEW", ahead + 1))) return create_view(or_replace);
  if (temporary && at("TABLE", ahead + 1))
    unsupported("CREATE TEMPORARY TABLE; use CREATE TEMPORARY VIEW", start);
  if (!at_any({"FUNCTION", "INDEX", "ROLE", "EXTERNAL", "TEMPORARY"})) fail();
  unsupported("the statement CREATE " + std::string(peek().text), start);
}

plan::StatementNode Grammar::create_view(bool or_replace) {
  plan::CreateView node;
  node.or_replace = or_replace;
  if (at("GLOBAL")) unsupported("global temporary views", peek());
  node.temporary = at_any({"TEMPORARY", "TEMP"});
  if (node.temporary) take();
  expect("VIEW");
  node.if_not_exists = if_not_exists();
  node.name = name_parts();
  if (accept("(")) {
    node.columns = comma_list([this, &node] {
      std::string column = identifier();
      node.column_comments.push_back(accept("COMMENT") ? string_literal() : std::string());
      return column;
    });
    expect(")");
  }
  for (;;) {
    if (accept("COMMENT")) {
      node.comment = string_literal();
    } else if (accept("TBLPROPERTIES")) {
      node.properties = properties();
    } else {
      break;
    }
  }
  if (at("USING")) unsupported("CREATE TEMPORARY VIEW … USING", peek());
  if (at_words({"WITH", "SCHEMA"})) unsupported("CREATE VIEW … WITH SCHEMA", peek());
  expect("AS");
  const size_t first = at_;
  node.query = query();
  node.text = text_from(first);
  return node;
}

plan::StatementNode Grammar::create_table(bool or_replace) {
  plan::CreateTable node;
  node.or_replace = or_replace;
  expect("TABLE");
  node.if_not_exists = if_not_exists();
  node.name = name_parts();
  if (accept("LIKE")) node.like = name_parts();
  node.definition = table_definition();
  node.query = definition_query();
  return node;
}

plan::StatementNode Grammar::create_streaming_table(bool or_refresh) {
  at_ += 2;
  plan::CreateStreamingTable node;
  node.or_refresh = or_refresh;
  node.if_not_exists = if_not_exists();
  node.name = name_parts();
  node.definition = table_definition();
  node.query = definition_query();
  return node;
}

plan::StatementNode Grammar::create_materialized_view(bool or_refresh) {
  at_ += 2;
  plan::CreateMaterializedView node;
  node.or_refresh = or_refresh;
  node.if_not_exists = if_not_exists();
  node.name = name_parts();
  node.definition = table_definition();
  node.query = definition_query();
  if (!node.query) fail();
  return node;
}

plan::StatementNode Grammar::create_flow() {
  expect("FLOW");
  plan::CreateFlow node;
  node.name = name_parts();
  if (accept("COMMENT")) node.comment = string_literal();
  expect("AS");
  if (at("AUTO") && at("CDC", 1)) unsupported("AUTO CDC flows", peek());
  expect("INSERT");
  node.once = accept("ONCE");
  expect("INTO");
  node.target = name_parts();
  node.by_name = accept_words({"BY", "NAME"});
  node.query = query();
  return node;
}

plan::StatementNode Grammar::create_namespace() {
  take();
  plan::CreateNamespace node;
  node.if_not_exists = if_not_exists();
  node.name = name_parts();
  while (!at_end()) {
    if (accept("COMMENT")) {
      node.comment = string_literal();
    } else if (accept("LOCATION")) {
      node.location = string_literal();
    } else if (at("WITH") && at_any({"DBPROPERTIES", "PROPERTIES"}, 1)) {
      at_ += 2;
      node.properties = properties();
    } else {
      fail();
    }
  }
  return node;
}

// AS query, where AS may be missing; null where there is no query.
RelationPtr Grammar::definition_query() {
  if (at_end()) return nullptr;
  if (!accept("AS") && !at_query_start()) fail();
  return query();
}

plan::TableDefinition Grammar::table_definition() {
  plan::TableDefinition definition;
  if (at("(") && !at_query_start(1)) table_elements(definition);
  while (table_clause(definition)) continue;
  return definition;
}

void Grammar::table_elements(plan::TableDefinition& definition) {
  expect("(");
  do {
    if (at("CONSTRAINT") && at_name(1) && at("EXPECT", 2)) {
      definition.expectations.push_back(expectation());
    } else if (at("CONSTRAINT") && at_name(1) &&
               at_any({"PRIMARY", "CHECK", "FOREIGN", "UNIQUE"}, 2)) {
      unsupported("the table constraint " + std::string(peek(2).keyword), peek());
    } else {
      definition.columns.push_back(column_definition());
    }
  } while (accept(","));
  expect(")");
}

plan::Expectation Grammar::expectation() {
  expect("CONSTRAINT");
  plan::Expectation node;
  node.name = identifier();
  expect("EXPECT");
  expect("(");
  node.predicate = expression();
  expect(")");
  if (!accept_words({"ON", "VIOLATION"})) return node;
  if (accept_words({"DROP", "ROW"})) {
    node.on_violation = plan::OnViolation::kDropRow;
  } else if (accept_words({"FAIL", "UPDATE"})) {
    node.on_violation = plan::OnViolation::kFailUpdate;
  } else {
    fail();
  }
  return node;
}

plan::ColumnDefinition Grammar::column_definition() {
  plan::ColumnDefinition column;
  column.name = identifier();
  column.type = data_type();
  for (;;) {
    if (accept_words({"NOT", "NULL"}) || accept_words({"!", "NULL"})) {
      column.nullable = false;
    } else if (accept("COMMENT")) {
      column.comment = string_literal();
    } else if (accept("DEFAULT")) {
      column.default_value = expression();
    } else if (at("GENERATED")) {
      unsupported("generated columns", peek());
    } else {
      return column;
    }
  }
}

bool Grammar::table_clause(plan::TableDefinition& definition) {
  if (accept("USING")) {
    definition.provider = dotted(name_parts());
  } else if (at_words({"PARTITIONED", "BY"})) {
    at_ += 2;
    for (plan::PartitionTransform& field : partitioning(definition))
      definition.partitioned_by.push_back(std::move(field));
  } else if (accept("COMMENT")) {
    definition.comment = string_literal();
  } else if (accept("LOCATION")) {
    definition.location = string_literal();
  } else if (accept("TBLPROPERTIES")) {
    definition.properties = properties();
  } else if (accept("OPTIONS")) {
    for (auto& [key, value] : properties()) definition.properties["option." + key] = value;
  } else if (at("CLUSTER") || at("CLUSTERED")) {
    unsupported("CLUSTER BY and CLUSTERED BY of tables; partition by bucket(n, column)", peek());
  } else if (at("STORED") || at_words({"ROW", "FORMAT"}) || at("SKEWED")) {
    unsupported("Hive's table format clauses; tables are Iceberg's", peek());
  } else {
    return false;
  }
  return true;
}

// (a, days(ts), bucket(16, id), country STRING): a typed entry adds its column, as in Hive's form.
std::vector<plan::PartitionTransform> Grammar::partitioning(plan::TableDefinition& definition) {
  expect("(");
  std::vector<plan::PartitionTransform> fields = comma_list([this, &definition] {
    if (at_name() && at("(", 1)) return partition_transform();
    const size_t first = at_;
    plan::PartitionTransform field{"identity", {}, dotted(name_parts())};
    if (at_any({",", ")"})) return field;
    at_ = first;
    definition.columns.push_back(column_definition());
    field.column = definition.columns.back().name;
    return field;
  });
  expect(")");
  return fields;
}

std::map<std::string, std::string> Grammar::properties() {
  std::map<std::string, std::string> result;
  expect("(");
  do {
    const Token& start = peek();
    auto [key, value] = property();
    if (!result.emplace(key, std::move(value)).second) {
      throw Error("DUPLICATE_KEY", {{"keyColumn", "`" + key + "`"}}, {context_of(start)});
    }
  } while (accept(","));
  expect(")");
  return result;
}

std::string Grammar::property_key() {
  if (at_string()) return string_literal();
  std::string key = identifier();
  while (accept(".")) key += "." + identifier();
  return key;
}

std::pair<std::string, std::string> Grammar::property() {
  std::string key = property_key();
  accept("=");
  if (at_string()) return {std::move(key), string_literal()};
  if (at_number() && peek().kind <= TokenKind::kDecimal)
    return {std::move(key), std::string(take().text)};
  if (at_any({"TRUE", "FALSE"}))
    return {std::move(key), take().keyword == "TRUE" ? "true" : "false"};
  fail();
}

}  // namespace firn::sql

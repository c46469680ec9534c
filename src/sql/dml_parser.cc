// INSERT, DELETE, UPDATE, MERGE and TRUNCATE.
#include <set>

#include "sql/grammar.h"

namespace firn::sql {

// An alias of the target; SET, USING and WHERE go on with the statement.
std::string Grammar::target_alias() {
  if (accept("AS")) return identifier();
  if (!at_name() || at_any({"SET", "USING", "WHERE", "ON"}) || at_clause()) return "";
  return identifier();
}

// PARTITION (day = '2024-01-01', hour)
std::vector<std::pair<std::string, ExprPtr>> Grammar::partition_clause() {
  expect("PARTITION");
  expect("(");
  const Token& start = peek();
  auto fields = comma_list([this] {
    std::pair<std::string, ExprPtr> field{identifier(), nullptr};
    if (accept("=") || accept("==")) field.second = value_expression();
    return field;
  });
  std::set<std::string> names;
  for (const auto& [name, value] : fields) {
    if (!names.insert(name).second)
      throw Error("DUPLICATE_KEY", {{"keyColumn", "`" + name + "`"}}, {context_of(start)});
  }
  expect(")");
  return fields;
}

plan::StatementNode Grammar::insert() {
  expect("INSERT");
  plan::Insert node;
  node.overwrite = accept("OVERWRITE");
  if (!node.overwrite) expect("INTO");
  const bool directory =
      (at("DIRECTORY") && (at_string(1) || at("USING", 1))) || (at("LOCAL") && at("DIRECTORY", 1));
  if (node.overwrite && directory) return overwrite_directory();
  if (at("TABLE") && at_name(1)) take();
  node.table = name_parts();
  if (at("WITH") && at("(", 1)) {
    take();
    for (auto& [key, value] : properties()) node.options.emplace_back(key, value);
  }
  if (at("PARTITION") && at("(", 1)) node.partition = partition_clause();
  if (at("REPLACE") && at("WHERE", 1)) {
    at_ += 2;
    node.replace_where = expression();
  }
  if (at("IF") && at("NOT", 1)) unsupported("INSERT … PARTITION (…) IF NOT EXISTS", peek());
  if (accept_words({"BY", "NAME"})) {
    node.by_name = true;
  } else if (at("(") && !at_query_start(1)) {
    node.columns = identifier_list();
  }
  node.query = query();
  return node;
}

plan::StatementNode Grammar::delete_from() {
  expect("DELETE");
  expect("FROM");
  plan::Delete node;
  node.table = name_parts();
  node.alias = target_alias();
  if (accept("WHERE")) node.condition = expression();
  return node;
}

std::vector<plan::Assignment> Grammar::assignments() {
  return comma_list([this] {
    plan::Assignment assignment;
    assignment.column = name_parts();
    if (!accept("=") && !accept("==")) fail();
    assignment.value = expression();
    return assignment;
  });
}

plan::StatementNode Grammar::update() {
  expect("UPDATE");
  plan::Update node;
  node.table = name_parts();
  node.alias = target_alias();
  expect("SET");
  node.assignments = assignments();
  if (accept("WHERE")) node.condition = expression();
  return node;
}

plan::StatementNode Grammar::merge() {
  const size_t first = at_;
  expect("MERGE");
  plan::Merge node;
  if (at("WITH") && at_word_text("WITH")) {
    take();
    if (!accept_words({"SCHEMA"}) || !at_word_text("EVOLUTION")) fail();
    take();
    node.with_schema_evolution = true;
  }
  expect("INTO");
  node.table = name_parts();
  node.alias = target_alias();
  expect("USING");
  const size_t source = at_;
  node.source = relation_primary();
  if (const auto* alias = std::get_if<plan::SubqueryAlias>(&node.source->node);
      alias != nullptr && !alias->columns.empty())
    throw Error("COLUMN_ALIASES_NOT_ALLOWED", {{"op", "MERGE"}}, {*origin_from(source)});
  expect("ON");
  node.condition = expression();
  while (at("WHEN")) node.actions.push_back(merge_action());
  if (node.actions.empty()) throw Error("MERGE_WITHOUT_WHEN", {}, {*origin_from(first)});
  check_merge_actions(node.actions, first);
  return node;
}

// The names belong to the source.
plan::StatementNode Grammar::with_merge() {
  const size_t first = at_;
  std::vector<plan::NamedRelation> definitions = with_definitions();
  plan::StatementNode node = merge();
  RelationPtr& source = std::get<plan::Merge>(node).source;
  if (const auto* alias = std::get_if<plan::SubqueryAlias>(&source->node)) {
    plan::SubqueryAlias named = *alias;
    named.child = plan::make(plan::With{std::move(definitions), named.child}, origin_from(first));
    source = plan::make(std::move(named), source->origin);
  } else {
    plan::SubqueryAlias named;
    if (const auto* table = std::get_if<plan::UnresolvedTable>(&source->node))
      named.alias = table->parts.back();
    named.child = plan::make(plan::With{std::move(definitions), source}, origin_from(first));
    source = plan::make(std::move(named), source->origin);
  }
  return node;
}

plan::MergeAction Grammar::merge_action() {
  using Action = plan::MergeAction;
  Action action;
  expect("WHEN");
  if (accept("NOT")) action.when = Action::When::kNotMatched;
  if (!at_word_text("MATCHED")) fail();
  take();
  if (action.when == Action::When::kNotMatched && accept("BY")) {
    if (at_word_text("SOURCE"))
      action.when = Action::When::kNotMatchedBySource;
    else if (!at_word_text("TARGET"))
      fail();
    take();
  }
  if (accept("AND")) action.condition = expression();
  expect("THEN");
  if (action.when == Action::When::kNotMatched) {
    expect("INSERT");
    merge_insert(action);
  } else if (accept("DELETE")) {
    action.kind = Action::Kind::kDelete;
  } else {
    expect("UPDATE");
    expect("SET");
    if (action.when == Action::When::kMatched && accept("*")) {
      action.kind = Action::Kind::kUpdateAll;
    } else {
      action.kind = Action::Kind::kUpdate;
      action.assignments = assignments();
    }
  }
  return action;
}

void Grammar::merge_insert(plan::MergeAction& action) {
  if (accept("*")) {
    action.kind = plan::MergeAction::Kind::kInsertAll;
    return;
  }
  action.kind = plan::MergeAction::Kind::kInsert;
  const size_t first = at_;
  expect("(");
  const std::vector<NameParts> columns = comma_list([this] { return name_parts(); });
  expect(")");
  expect("VALUES");
  expect("(");
  std::vector<ExprPtr> values = comma_list([this] { return expression(); });
  expect(")");
  if (columns.size() != values.size()) {
    throw Error("_LEGACY_ERROR_TEMP_0006", {}, {*origin_from(first)});
  }
  for (size_t i = 0; i < columns.size(); ++i)
    action.assignments.push_back({columns[i], std::move(values[i])});
}

// Only the last clause of a kind may go without a condition.
void Grammar::check_merge_actions(const std::vector<plan::MergeAction>& actions,
                                  size_t first) const {
  struct Row {
    plan::MergeAction::When when;
    const char* condition;
  };
  static constexpr Row kRows[] = {
      {plan::MergeAction::When::kMatched, "NON_LAST_MATCHED_CLAUSE_OMIT_CONDITION"},
      {plan::MergeAction::When::kNotMatched,
       "NON_LAST_NOT_MATCHED_BY_TARGET_CLAUSE_OMIT_CONDITION"},
      {plan::MergeAction::When::kNotMatchedBySource,
       "NON_LAST_NOT_MATCHED_BY_SOURCE_CLAUSE_OMIT_CONDITION"},
  };
  for (const Row& row : kRows) {
    bool final = false;
    for (const plan::MergeAction& action : actions) {
      if (action.when != row.when) continue;
      if (final) throw Error(row.condition, {}, {*origin_from(first)});
      final = action.condition == nullptr;
    }
  }
}

plan::StatementNode Grammar::truncate() {
  expect("TRUNCATE");
  expect("TABLE");
  plan::Truncate node;
  node.table = name_parts();
  if (at("PARTITION")) unsupported("TRUNCATE TABLE … PARTITION; write DELETE FROM … WHERE", peek());
  return node;
}

}  // namespace firn::sql

// Queries: WITH, set operations, SELECT with its clauses, VALUES, ORDER BY and LIMIT.
#include <set>

#include "sql/grammar.h"

namespace firn::sql {
namespace {

struct SetWord {
  std::string_view word;
  plan::SetKind kind;
};
constexpr SetWord kSetWords[] = {
    {"UNION", plan::SetKind::kUnion},
    {"INTERSECT", plan::SetKind::kIntersect},
    {"EXCEPT", plan::SetKind::kExcept},
    {"MINUS", plan::SetKind::kExcept},
};

// DISTINCT ON keys that name outputs of the SELECT list are taken above it, all others below it.
bool name_outputs(const std::vector<ExprPtr>& keys, const std::vector<ExprPtr>& outputs) {
  for (const ExprPtr& key : keys) {
    const auto* name = std::get_if<plan::UnresolvedName>(&key->node);
    if (name == nullptr || name->parts.size() != 1) return false;
    bool found = false;
    for (const ExprPtr& output : outputs) {
      const auto* alias = std::get_if<plan::Alias>(&output->node);
      found |= alias != nullptr && alias->name == name->parts[0];
    }
    if (!found) return false;
  }
  return true;
}

}  // namespace

RelationPtr Grammar::query() {
  const Nesting nesting(*this);
  windows_.emplace_back();
  const size_t first = at_;
  std::vector<plan::NamedRelation> definitions;
  if (at("WITH")) definitions = with_definitions();
  RelationPtr result = query_body();
  if (!definitions.empty())
    result = plan::make(plan::With{std::move(definitions), std::move(result)}, origin_from(first));
  settle_windows();
  if (!windows_.back().uses.empty()) {
    const WindowUse& use = windows_.back().uses.front();
    throw Error("MISSING_WINDOW_SPECIFICATION", {{"windowName", "`" + use.name + "`"}},
                {context_of(tokens_[use.token])});
  }
  windows_.pop_back();
  return result;
}

std::vector<plan::NamedRelation> Grammar::with_definitions() {
  expect("WITH");
  if (at_word_text("RECURSIVE") && at_name(1)) unsupported("WITH RECURSIVE", peek());
  std::set<std::string> names;
  return comma_list([&] {
    plan::NamedRelation definition;
    const size_t first = at_;
    definition.name = identifier();
    std::string folded = definition.name;
    for (char& c : folded) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (!names.insert(std::move(folded)).second)
      throw Error("DUPLICATED_CTE_NAMES", {{"duplicateNames", "`" + definition.name + "`"}},
                  {context_of(tokens_[first])});
    if (at("(") && !at_query_start(1)) definition.columns = identifier_list();
    accept("AS");
    expect("(");
    definition.plan = query();
    expect(")");
    return definition;
  });
}

RelationPtr Grammar::query_body() {
  const size_t first = at_;
  RelationPtr result = organization(set_operations(false), first);
  while (accept("|>")) result = pipe(std::move(result), first);
  return result;
}

// UNION, EXCEPT and MINUS from left to right, INTERSECT before them. Chains of one kind become one
// node.
RelationPtr Grammar::set_operations(bool intersect_only) {
  const size_t first = at_;
  RelationPtr left = intersect_only ? query_primary() : set_operations(true);
  for (;;) {
    const SetWord* found = nullptr;
    for (const SetWord& row : kSetWords)
      if (at(row.word)) found = &row;
    if (found == nullptr || (found->kind == plan::SetKind::kIntersect) != intersect_only)
      return left;
    plan::SetOperation node;
    std::vector<RelationPtr> operands{std::move(left)};
    bool same = true;
    node.kind = found->kind;
    do {
      take();
      const bool all = accept("ALL");
      if (!all) accept("DISTINCT");

      node.all = all;
      operands.push_back(intersect_only ? query_primary() : set_operations(true));
      const bool next_all = at("ALL", 1);
      same = at(found->word) && next_all == all;
    } while (same);
    node.children = std::move(operands);
    left = plan::make(std::move(node), origin_from(first));
  }
}

RelationPtr Grammar::query_primary() {
  const size_t first = at_;
  if (at("SELECT")) return select();
  if (at("FROM")) return from_first();
  if (at("VALUES")) return inline_table();
  if (at("TABLE")) {
    take();
    plan::UnresolvedTable table;
    table.parts = name_parts();
    return plan::make(std::move(table), origin_from(first));
  }
  if (accept("(")) {
    RelationPtr inner = query();
    expect(")");
    return inner;
  }
  fail();
}

RelationPtr Grammar::select() {
  const size_t first = at_;
  return select_after(nullptr, first);
}

RelationPtr Grammar::from_first() {
  const size_t first = at_;
  RelationPtr from = from_clause();
  if (at("INSERT")) unsupported("INSERT after FROM (several inserts from one source)", peek());
  if (at("SELECT")) return select_after(std::move(from), first);
  return from;
}

// SELECT and what follows it; `from` where FROM stood before it.
RelationPtr Grammar::select_after(RelationPtr from, size_t first) {
  expect("SELECT");
  const bool distinct_on = at_words({"DISTINCT", "ON", "("});
  bool distinct = false;
  std::vector<ExprPtr> keys;
  if (distinct_on) {
    at_ += 3;
    keys = comma_list([this] { return expression(); });
    expect(")");
  } else if (at("ALL") && !at_operand_end(1)) {
    take();
  } else {
    distinct = accept("DISTINCT");
  }
  std::vector<ExprPtr> outputs = comma_list([this] { return named_expression(); });
  if (!from && at("FROM")) from = from_clause();
  while (from && at("LATERAL") && at("VIEW", 1)) from = lateral_view(std::move(from), first);
  RelationPtr child = from ? std::move(from) : plan::make(plan::OneRow{}, origin_from(first));
  if (accept("WHERE")) {
    const size_t where = at_;
    child = plan::make(plan::Filter{expression(), std::move(child)}, origin_from(where));
  }
  const bool grouped = at_words({"GROUP", "BY"});
  std::vector<ExprPtr> groups;
  if (grouped) groups = group_by();
  ExprPtr having;
  if (accept("HAVING")) having = expression();
  if (at("WINDOW") && at_name(1) && at("AS", 2)) window_clause();
  settle_windows();

  const bool above = distinct_on && (grouped || name_outputs(keys, outputs));
  if (distinct_on && !above)
    child = plan::make(plan::Deduplicate{keys, false, std::move(child)}, origin_from(first));
  RelationPtr result =
      grouped ? plan::make(plan::Aggregate{std::move(groups), std::move(outputs), std::move(child)},
                           origin_from(first))
              : plan::make(plan::Project{std::move(outputs), std::move(child)}, origin_from(first));
  if (having)
    result = plan::make(plan::Having{std::move(having), std::move(result)}, origin_from(first));
  if (above)
    result = plan::make(plan::Deduplicate{std::move(keys), false, std::move(result)},
                        origin_from(first));
  if (distinct) result = plan::make(plan::Distinct{std::move(result)}, origin_from(first));
  return result;
}

// Grouping analytics stay calls among the keys: rollup, cube, "grouping sets", each set a struct or
// one expression.
std::vector<ExprPtr> Grammar::group_by() {
  at_ += 2;
  const auto sets = [this](std::string_view function, size_t first) {
    expect("(");
    std::vector<ExprPtr> list = comma_list([this] { return grouping_set(); });
    expect(")");
    return call(function, std::move(list), first);
  };
  const size_t begin = at_;
  std::vector<ExprPtr> keys = comma_list([&] { return grouping_set(); });
  if (at("WITH") && at_any({"ROLLUP", "CUBE"}, 1)) {
    take();
    const std::string_view function = take().keyword == "ROLLUP" ? "rollup" : "cube";
    return {call(function, std::move(keys), begin)};
  }
  if (at_words({"GROUPING", "SETS"})) {
    at_ += 2;
    return {sets("grouping sets", begin)};
  }
  return keys;
}

ExprPtr Grammar::grouping_set() {
  const size_t first = at_;
  if (accept_words({"(", ")"})) return call("struct", {}, first);
  const bool sets = at_words({"GROUPING", "SETS", "("});
  if (!sets && !(at_any({"ROLLUP", "CUBE"}) && at("(", 1))) return expression();
  const std::string_view function = sets ? "grouping sets" : at("ROLLUP") ? "rollup" : "cube";
  at_ += sets ? 3 : 2;
  const Nesting nesting(*this);
  std::vector<ExprPtr> list = comma_list([this] { return grouping_set(); });
  expect(")");
  return call(function, std::move(list), first);
}

plan::SortKey Grammar::sort_key() {
  plan::SortKey key;
  key.child = expression();
  if (accept("DESC")) {
    key.ascending = false;
  } else {
    accept("ASC");
  }
  key.nulls_first = key.ascending;
  if (accept("NULLS")) {
    if (!at_any({"FIRST", "LAST"})) fail();
    key.nulls_first = take().keyword == "FIRST";
  }
  return key;
}

void Grammar::window_clause() {
  expect("WINDOW");
  do {
    std::string name = identifier();
    expect("AS");
    std::string reference;
    plan::WindowSpec spec = window_spec(reference);
    for (const auto& [known, other] : windows_.back().definitions)
      if (known == reference) spec = other;
    windows_.back().definitions.emplace_back(std::move(name), std::move(spec));
  } while (accept(","));
}

// ORDER BY, SORT BY, LIMIT, OFFSET. One process has one partition: SORT BY orders all of it,
// DISTRIBUTE BY changes no row.
RelationPtr Grammar::organization(RelationPtr child, size_t first) {
  if (accept_words({"ORDER", "BY"})) {
    std::vector<plan::SortKey> keys = comma_list([this] { return sort_key(); });
    child = plan::make(plan::Sort{std::move(keys), std::move(child)}, origin_from(first));
  }
  std::vector<plan::SortKey> sort;
  if (accept_words({"CLUSTER", "BY"}))
    sort = comma_list([this] { return plan::SortKey{expression(), true, true}; });
  if (accept_words({"DISTRIBUTE", "BY"})) comma_list([this] { return expression(); });
  if (accept_words({"SORT", "BY"})) sort = comma_list([this] { return sort_key(); });
  if (!sort.empty())
    child = plan::make(plan::Sort{std::move(sort), std::move(child)}, origin_from(first));
  if (at("WINDOW") && at_name(1) && at("AS", 2)) window_clause();
  plan::Limit limit;
  if (accept("LIMIT") && !accept("ALL")) limit.limit = expression();
  if (accept("OFFSET")) limit.offset = expression();
  if (!limit.limit && !limit.offset) return child;
  limit.child = std::move(child);
  return plan::make(std::move(limit), origin_from(first));
}

RelationPtr Grammar::inline_table() {
  const size_t first = at_;
  expect("VALUES");
  plan::InlineTable table;
  do {
    ExprPtr row = expression();
    std::vector<ExprPtr> values;
    if (const auto* fields = std::get_if<plan::UnresolvedCall>(&row->node);
        fields != nullptr && fields->name == "struct") {
      for (const ExprPtr& field : fields->arguments) {
        const auto* alias = std::get_if<plan::Alias>(&field->node);
        values.push_back(alias != nullptr ? alias->child : field);
      }
    } else {
      values.push_back(std::move(row));
    }
    if (!table.rows.empty() && values.size() != table.rows[0].size())
      throw Error("INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH",
                  {{"expectedNumCols", std::to_string(table.rows[0].size())},
                   {"actualNumCols", std::to_string(values.size())},
                   {"rowIndex", std::to_string(table.rows.size())}},
                  {*origin_from(first)});
    table.rows.push_back(std::move(values));
  } while (accept(","));
  const size_t width = table.rows[0].size();
  for (size_t i = 0; i < width; ++i) table.names.push_back("col" + std::to_string(i + 1));
  const bool aliased = at("AS") || at_table_alias();
  if (!aliased) return plan::make(std::move(table), origin_from(first));
  accept("AS");
  std::string alias = identifier();
  if (at("(")) {
    const size_t names = at_;
    table.names = identifier_list();
    if (table.names.size() != width)
      throw Error("INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH",
                  {{"expectedNumCols", std::to_string(table.names.size())},
                   {"actualNumCols", std::to_string(width)},
                   {"rowIndex", "0"}},
                  {*origin_from(names)});
  }
  RelationPtr rows = plan::make(std::move(table), origin_from(first));
  return plan::make(plan::SubqueryAlias{std::move(alias), {}, std::move(rows)}, origin_from(first));
}

}  // namespace firn::sql

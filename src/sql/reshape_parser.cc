// Parts of FROM that reshape rows (LATERAL VIEW, PIVOT, UNPIVOT, TABLESAMPLE), pipes, and
// IDENTIFIER(…).
#include "base/ascii.h"
#include "sql/grammar.h"

namespace firn::sql {
namespace {

// Literals of strings and their concatenation.
std::optional<std::string> constant_text(const plan::Expr& expr) {
  if (const auto* literal = std::get_if<plan::Literal>(&expr.node)) {
    const auto* text = std::get_if<std::string>(&literal->value);
    return text != nullptr ? std::optional(*text) : std::nullopt;
  }
  const auto* call = std::get_if<plan::UnresolvedCall>(&expr.node);
  if (call == nullptr || call->name != "concat") return std::nullopt;
  std::string result;
  for (const ExprPtr& argument : call->arguments) {
    const std::optional<std::string> part = constant_text(*argument);
    if (!part) return std::nullopt;
    result += *part;
  }
  return result;
}

double number_of(const plan::Expr& expr) {
  const auto* literal = std::get_if<plan::Literal>(&expr.node);
  if (literal == nullptr) return -1;
  if (const auto* whole = std::get_if<int64_t>(&literal->value)) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&literal->value)) return *real;
  if (const auto* decimal = std::get_if<types::Decimal>(&literal->value)) {
    auto value = static_cast<double>(decimal->unscaled);
    for (int i = 0; i < literal->type.scale(); ++i) value /= 10;
    return value;
  }
  return -1;
}

}  // namespace

NameParts Grammar::identifier_clause() {
  const size_t first = at_;
  at_ += 2;
  const ExprPtr value = expression();
  expect(")");
  const std::optional<std::string> text = constant_text(*value);
  if (!text)
    throw Error(std::holds_alternative<plan::Literal>(value->node)
                    ? "NOT_A_CONSTANT_STRING.WRONG_TYPE"
                    : "NOT_A_CONSTANT_STRING.NOT_CONSTANT",
                {{"name", "IDENTIFIER"}, {"expr", plan::pretty_name(*value)}, {"dataType", ""}},
                {*origin_from(first)});
  Grammar inner(*text, options_);
  NameParts parts = inner.name_parts();
  inner.expect_end();
  return parts;
}

RelationPtr Grammar::lateral_view(RelationPtr child, size_t first) {
  at_ += 2;
  plan::Generate node;
  node.outer = accept("OUTER");
  const size_t start = at_;
  plan::UnresolvedCall generator;
  NameParts name = name_parts();
  generator.name = lower_case(name.back());
  expect("(");
  call_arguments(generator);
  expect(")");
  node.generator = plan::make(std::move(generator), origin_from(start));
  node.alias = identifier();
  const bool as = accept("AS");
  if (as || at_implicit_alias()) {
    do node.names.push_back(identifier());
    while (accept(","));
  }
  node.child = std::move(child);
  return plan::make(std::move(node), origin_from(first));
}

RelationPtr Grammar::pivot(RelationPtr child, size_t first) {
  at_ += 2;
  plan::Pivot node;
  node.aggregates = comma_list([this] { return named_expression(); });
  expect("FOR");
  const size_t columns = at_;
  if (at("(")) {
    expect("(");
    std::vector<ExprPtr> list = comma_list([this] { return column_name(); });
    expect(")");
    node.column = list.size() == 1 ? list[0] : call("struct", std::move(list), columns);
  } else {
    node.column = column_name();
  }
  expect("IN");
  expect("(");
  node.values = comma_list([this] { return named_expression(); });
  expect(")");
  expect(")");
  node.child = std::move(child);
  return plan::make(std::move(node), origin_from(first));
}

RelationPtr Grammar::unpivot(RelationPtr child, size_t first) {
  take();
  plan::Unpivot node;
  node.ids_given = false;
  node.include_nulls = false;
  if (at_any({"INCLUDE", "EXCLUDE"})) {
    node.include_nulls = take().keyword == "INCLUDE";
    expect("NULLS");
  }
  expect("(");
  const bool several = at("(");
  if (several) {
    node.value_names = identifier_list();
  } else {
    node.value_names = {identifier()};
  }
  expect("FOR");
  node.variable_name = identifier();
  expect("IN");
  expect("(");
  node.values.emplace();
  do {
    const size_t start = at_;
    if (several) {
      expect("(");
      std::vector<ExprPtr> members = comma_list([this] { return column_name(); });
      expect(")");
      node.values->push_back(call("struct", std::move(members), start));
    } else {
      node.values->push_back(column_name());
    }
    const bool named = accept("AS") || at_implicit_alias();
    node.aliases.push_back(named ? identifier() : std::string());
  } while (accept(","));
  expect(")");
  expect(")");
  node.child = std::move(child);
  RelationPtr result = plan::make(std::move(node), origin_from(first));
  const bool as = accept("AS");
  if (!as && !at_table_alias()) return result;
  return plan::make(plan::SubqueryAlias{identifier(), {}, std::move(result)}, origin_from(first));
}

RelationPtr Grammar::sample(RelationPtr child, size_t first) {
  const Token& start = peek();
  at_ += 2;
  plan::Sample node;
  if (accept("BUCKET")) {
    const double of = number_of(*primary());
    expect("OUT");
    expect("OF");
    const double buckets = number_of(*primary());
    if (at("ON")) unsupported("TABLESAMPLE (BUCKET … ON column)", peek());
    node.upper = buckets > 0 ? of / buckets : 2;
  } else {
    const ExprPtr amount = value_expression();
    if (accept("ROWS")) {
      expect(")");
      plan::Limit limit;
      limit.limit = amount;
      limit.child = std::move(child);
      return plan::make(std::move(limit), origin_from(first));
    }
    expect("PERCENT");
    node.upper = number_of(*amount) / 100;
  }
  expect(")");
  if (node.upper < 0 || node.upper > 1)
    throw Error("FIRN_INVALID_INPUT",
                {{"what", "The share of TABLESAMPLE must lie between 0 and 100 percent."}},
                {context_of(start)});
  node.seed = static_cast<int64_t>(start.position.start) + 42;
  if (at_word_text("REPEATABLE")) {
    take();
    expect("(");
    node.seed = static_cast<int64_t>(number_of(*primary()));
    expect(")");
  }
  node.child = std::move(child);
  return plan::make(std::move(node), origin_from(first));
}

// What follows |>. Each step is a query over the one before it.
RelationPtr Grammar::pipe(RelationPtr child, size_t first) {
  const auto made = [&](auto node) { return plan::make(std::move(node), origin_from(first)); };
  const auto star = [&] { return plan::make(plan::UnresolvedStar{{}, {}}, origin_from(first)); };
  if (accept("SELECT")) {
    const bool distinct = accept("DISTINCT");
    plan::Project node{comma_list([this] { return named_expression(); }), std::move(child)};
    RelationPtr result = made(std::move(node));
    return distinct ? made(plan::Distinct{std::move(result)}) : result;
  }
  if (accept("EXTEND") || at_word_text("EXTEND")) {
    if (at_word_text("EXTEND")) take();
    plan::Project node{{star()}, std::move(child)};
    for (ExprPtr& expr : comma_list([this] { return named_expression(); }))
      node.expressions.push_back(std::move(expr));
    return made(std::move(node));
  }
  if (accept("SET")) {
    plan::WithColumns node;
    do {
      std::string name = identifier();
      expect("=");
      node.columns.push_back(made(plan::Alias{expression(), std::move(name), {}}));
    } while (accept(","));
    node.child = std::move(child);
    return made(std::move(node));
  }
  if (accept("DROP")) {
    plan::UnresolvedStar kept;
    kept.except = comma_list([this] { return NameParts{identifier()}; });
    return made(plan::Project{{made(std::move(kept))}, std::move(child)});
  }
  if (accept("AS")) return made(plan::SubqueryAlias{identifier(), {}, std::move(child)});
  if (accept("WHERE")) return made(plan::Filter{expression(), std::move(child)});
  if (at("TABLESAMPLE")) return sample(std::move(child), first);
  if (at_join() || at_any({"PIVOT", "UNPIVOT"}))
    return relation_extensions(std::move(child), first);
  if (at_word_text("AGGREGATE")) return pipe_aggregate(std::move(child), first);
  if (at_any({"ORDER", "SORT", "CLUSTER", "DISTRIBUTE", "LIMIT", "OFFSET"}))
    return organization(std::move(child), first);
  if (at_any({"UNION", "INTERSECT", "EXCEPT", "MINUS"})) {
    const std::string_view word = take().keyword;
    plan::SetOperation node;
    node.kind = word == "UNION"       ? plan::SetKind::kUnion
                : word == "INTERSECT" ? plan::SetKind::kIntersect
                                      : plan::SetKind::kExcept;
    node.all = accept("ALL");
    if (!node.all) accept("DISTINCT");
    node.children = {std::move(child), query_primary()};
    return made(std::move(node));
  }
  fail();
}

// |> AGGREGATE values GROUP BY keys: the keys come first.
RelationPtr Grammar::pipe_aggregate(RelationPtr child, size_t first) {
  take();
  std::vector<ExprPtr> values, outputs;
  if (!at("GROUP")) values = comma_list([this] { return named_expression(); });
  plan::Aggregate node;
  if (accept_words({"GROUP", "BY"})) {
    for (ExprPtr& key : comma_list([this] { return named_expression(); })) {
      const auto* named = std::get_if<plan::Alias>(&key->node);
      node.keys.push_back(named != nullptr ? named->child : key);
      outputs.push_back(std::move(key));
    }
  }
  outputs.insert(outputs.end(), values.begin(), values.end());
  if (node.keys.empty())
    return plan::make(plan::Project{std::move(outputs), std::move(child)}, origin_from(first));
  node.outputs = std::move(outputs);
  node.child = std::move(child);
  return plan::make(std::move(node), origin_from(first));
}

}  // namespace firn::sql

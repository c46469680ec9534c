// FROM: tables, files, streams, table functions, subqueries, joins, watermarks, time travel,
// aliases.
#include "sql/grammar.h"
#include "sql/keywords.h"

namespace firn::sql {
namespace {

struct JoinWords {
  std::vector<std::string_view> words;  // before JOIN
  plan::JoinKind kind;
};
// Longer ones first where one begins with another.
const JoinWords kJoins[] = {
    {{"LEFT", "SEMI"}, plan::JoinKind::kLeftSemi},
    {{"LEFT", "ANTI"}, plan::JoinKind::kLeftAnti},
    {{"LEFT", "OUTER"}, plan::JoinKind::kLeft},
    {{"RIGHT", "OUTER"}, plan::JoinKind::kRight},
    {{"FULL", "OUTER"}, plan::JoinKind::kFull},
    {{"LEFT"}, plan::JoinKind::kLeft},
    {{"RIGHT"}, plan::JoinKind::kRight},
    {{"FULL"}, plan::JoinKind::kFull},
    {{"INNER"}, plan::JoinKind::kInner},
    {{"CROSS"}, plan::JoinKind::kCross},
    {{"SEMI"}, plan::JoinKind::kLeftSemi},
    {{"ANTI"}, plan::JoinKind::kLeftAnti},
    {{}, plan::JoinKind::kInner},
};

}  // namespace

bool Grammar::at_join() const {
  return at_any({"JOIN", "INNER", "CROSS", "LEFT", "RIGHT", "FULL", "SEMI", "ANTI", "NATURAL"});
}

bool Grammar::at_watermark() const {
  if (!at("WATERMARK")) return false;
  if (at("(", 1)) return true;
  const Keyword* next = find_keyword(peek(1).keyword);
  return at_name(1) && !at_clause(1) && (next == nullptr || (next->use & kNoTableAlias) == 0);
}

bool Grammar::at_table_alias() const {
  if (!at_implicit_alias() || at_watermark()) return false;
  return peek().keyword.empty() || (find_keyword(peek().keyword)->use & kNoTableAlias) == 0;
}

// FROM a, b JOIN c: from left to right, as Spark takes it.
RelationPtr Grammar::from_clause() {
  const size_t first = at_;
  expect("FROM");
  RelationPtr left = relation();
  while (accept(",")) {
    RelationPtr right = lateral_primary();
    left = plan::make(
        plan::Join{plan::JoinKind::kInner, std::move(left), std::move(right), nullptr, {}, false},
        origin_from(first));
    left = relation_extensions(std::move(left), first);
  }
  while (at("LATERAL") && at("VIEW", 1)) left = lateral_view(std::move(left), first);
  return relation_extensions(std::move(left), first);
}

RelationPtr Grammar::relation() {
  const size_t first = at_;
  return relation_extensions(lateral_primary(), first);
}

RelationPtr Grammar::lateral_primary() {
  const size_t first = at_;
  if (!at("LATERAL") || at("VIEW", 1)) return relation_primary();
  take();
  const bool sees_left = at_function() || (at("(") && at_query_start(1)) || at("(");
  if (!sees_left)
    throw Error("INVALID_SQL_SYNTAX.LATERAL_WITHOUT_SUBQUERY_OR_TABLE_VALUED_FUNC", {},
                {*origin_from(first)});
  return plan::make(plan::Lateral{relation_primary()}, origin_from(first));
}

RelationPtr Grammar::relation_extensions(RelationPtr left, size_t first) {
  for (;;) {
    if (at("PIVOT") && at("(", 1)) {
      left = pivot(std::move(left), first);
    } else if (at("UNPIVOT") && at_any({"(", "INCLUDE", "EXCLUDE"}, 1)) {
      left = unpivot(std::move(left), first);
    } else if (at_join()) {
      left = join_suffix(std::move(left), first);
    } else {
      return left;
    }
  }
}

RelationPtr Grammar::join_suffix(RelationPtr left, size_t first) {
  plan::Join node;
  node.natural = accept("NATURAL");
  node.kind = plan::JoinKind::kInner;
  for (const JoinWords& row : kJoins) {
    bool same = at("JOIN", row.words.size());
    for (size_t i = 0; same && i < row.words.size(); ++i) same = at(row.words[i], i);
    if (!same) continue;
    at_ += row.words.size();
    node.kind = row.kind;
    break;
  }
  expect("JOIN");
  node.left = std::move(left);
  node.right = lateral_primary();
  if (!node.natural) {
    if (accept("ON")) {
      node.condition = expression();
    } else if (accept("USING")) {
      node.using_columns = identifier_list();
    }
  }
  return plan::make(std::move(node), origin_from(first));
}

RelationPtr Grammar::relation_primary() {
  const Nesting nesting(*this);
  const size_t first = at_;
  if (at("VALUES") && !at_operand_end(1) && !at(".", 1)) return inline_table();
  if (accept("(")) {
    RelationPtr inner = at_query_start() ? query() : relation();
    expect(")");
    return relation_suffix(std::move(inner), first);
  }
  if (at("STREAM")) {
    const Keyword* next = find_keyword(peek(1).keyword);
    const bool follows =
        next != nullptr && (next->use & (kNoTableAlias | kEndsOperand)) != 0 && !at("(", 2);
    const bool named = at_name(1) && !at_clause(1) && !follows;
    if (named || at("(", 1)) return stream_relation();
  }
  if (at_identifier_clause()) return named_relation(false);
  return at_function() ? table_function(false) : named_relation(false);
}

RelationPtr Grammar::stream_relation() {
  const size_t first = at_;
  expect("STREAM");
  if (!accept("(")) return at_function() ? table_function(true) : named_relation(true);
  if (at_query_start())
    unsupported("STREAM over a subquery; name it as a temporary view and read STREAM of that",
                peek());
  RelationPtr inner = at_function() ? table_function(true) : named_relation(true);
  expect(")");
  return relation_suffix(std::move(inner), first);
}

RelationPtr Grammar::table_function(bool streaming) {
  const size_t first = at_;
  plan::UnresolvedCall node;
  node.name = identifier();
  while (accept(".")) node.name += "." + identifier();
  for (char& c : node.name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (node.name.find('.') != std::string::npos)
    throw Error("INVALID_SQL_SYNTAX.INVALID_TABLE_VALUED_FUNC_NAME",
                {{"funcName", "`" + node.name + "`"}}, {*origin_from(first)});
  expect("(");
  call_arguments(node);
  expect(")");
  if (node.distinct) fail_at(tokens_[first + 2]);
  RelationPtr result =
      plan::make(plan::UnresolvedTableFunction{std::move(node.name), std::move(node.arguments),
                                               std::move(node.argument_names), streaming},
                 origin_from(first));
  if (at("TABLESAMPLE")) fail();
  return relation_suffix(std::move(result), first);
}

RelationPtr Grammar::named_relation(bool streaming) {
  const size_t first = at_;
  if (at_clause()) fail();
  plan::UnresolvedTable table;
  table.parts = name_parts();
  table.streaming = streaming;
  const std::optional<QueryContext> origin = origin_from(first);
  time_travel(table);
  if (at("WITH") && at("(", 1)) {
    take();
    for (auto& [key, value] : properties()) table.options.emplace_back(key, value);
  }
  return relation_suffix(plan::make(std::move(table), origin), first);
}

void Grammar::time_travel(plan::UnresolvedTable& table) {
  const size_t ahead = at("FOR") ? 1 : 0;
  if (!at("AS", ahead + 1) || !at("OF", ahead + 2)) return;
  const bool version = at_any({"VERSION", "SYSTEM_VERSION"}, ahead);
  if (!version && !at_any({"TIMESTAMP", "SYSTEM_TIME"}, ahead)) return;
  at_ += ahead + 3;
  if (!version) {
    table.timestamp_as_of = value_expression();
    return;
  }
  if (!at_number() && !at_string()) fail();
  table.version_as_of = primary();
}

// What may follow any relation: TABLESAMPLE, WATERMARK, an alias.
RelationPtr Grammar::relation_suffix(RelationPtr child, size_t first) {
  if (at("TABLESAMPLE") && at("(", 1)) child = sample(std::move(child), first);
  if (at_watermark()) child = watermark(std::move(child), first);
  const bool as = at("AS");
  if (!as && !at_table_alias()) return child;
  if (as) {
    take();
    const Keyword* keyword = find_keyword(peek().keyword);
    if (keyword != nullptr && (keyword->use & kNoTableAlias) != 0) fail();
  } else {
    last_alias_ = at_;
  }
  plan::SubqueryAlias alias;
  alias.alias = identifier();
  if (at("(")) alias.columns = identifier_list();
  alias.child = std::move(child);
  return plan::make(std::move(alias), origin_from(first));
}

RelationPtr Grammar::watermark(RelationPtr child, size_t first) {
  expect("WATERMARK");
  plan::Watermark node;
  node.column = expression();
  if (accept("AS") || at_implicit_alias()) node.alias = identifier();
  expect("DELAY");
  expect("OF");
  const Token& delay = peek();
  if (!at_interval()) fail();
  const plan::Literal value = interval();
  if (value.type.id() != types::DataTypeId::kDayTimeInterval)
    unsupported("a watermark delay in years or months", delay);
  node.delay_us = std::get<int64_t>(value.value);
  if (node.delay_us < 0)
    throw Error("FIRN_INVALID_INPUT", {{"what", "The delay of a watermark must not be negative."}},
                {context_of(delay)});
  node.child = std::move(child);
  return plan::make(std::move(node), origin_from(first));
}

}  // namespace firn::sql

// Expressions: operators by precedence, predicates, names, CASE, CAST, lambdas, subqueries.
#include <algorithm>

#include "sql/grammar.h"

namespace firn::sql {
namespace {

// As in Spark's grammar, loosest first.
enum Level : int {
  kAnyLevel = 0,
  kOr = 1,
  kAnd = 2,
  kNot = 3,
  kPredicate = 4,
  kComparison = 5,
  kBitOr,
  kBitXor,
  kBitAnd,
  kShift,
  kSum,
  kProduct,
  kUnary
};

struct Operator {
  std::string_view token;
  int level;
  std::string_view function;
  bool negated = false;
};
constexpr Operator kOperators[] = {
    {"OR", kOr, "or"},
    {"AND", kAnd, "and"},
    {"=", kComparison, "="},
    {"==", kComparison, "="},
    {"<=>", kComparison, "<=>"},
    {"!=", kComparison, "=", true},
    {"<>", kComparison, "=", true},
    {"<", kComparison, "<"},
    {"<=", kComparison, "<="},
    {">", kComparison, ">"},
    {">=", kComparison, ">="},
    {"!<", kComparison, ">="},
    {"!>", kComparison, "<="},
    {"|", kBitOr, "|"},
    {"^", kBitXor, "^"},
    {"&", kBitAnd, "&"},
    {"<<", kShift, "<<"},
    {">>", kShift, ">>"},
    {">>>", kShift, ">>>"},
    {"+", kSum, "+"},
    {"-", kSum, "-"},
    {"||", kSum, "concat"},
    {"*", kProduct, "*"},
    {"/", kProduct, "/"},
    {"%", kProduct, "%"},
    {"DIV", kProduct, "div"},
};
constexpr Operator kPrefixes[] = {
    {"-", kUnary, "unary -"}, {"+", kUnary, "positive"}, {"~", kUnary, "~"}};

struct NiladicCall {
  std::string_view word;
  std::string_view function;
};
constexpr NiladicCall kNiladicCalls[] = {
    {"CURRENT_DATE", "current_date"},
    {"CURRENT_TIMESTAMP", "current_timestamp"},
    {"CURRENT_TIME", "current_time"},
    {"CURRENT_USER", "current_user"},
    {"USER", "user"},
    {"SESSION_USER", "session_user"},
};

template <size_t N>
const Operator* find_operator(const Operator (&rows)[N], const Token& token) {
  if (token.kind != TokenKind::kSymbol && token.keyword.empty()) return nullptr;
  for (const Operator& row : rows)
    if (token.is(row.token)) return &row;
  return nullptr;
}

types::DataType kString() { return types::DataTypeId::kString; }

}  // namespace

ExprPtr Grammar::call(std::string_view function, std::vector<ExprPtr> arguments,
                      size_t first) const {
  plan::UnresolvedCall node;
  node.name = std::string(function);
  node.arguments = std::move(arguments);
  return plan::make(std::move(node), origin_from(first));
}

ExprPtr Grammar::negate_if(bool negated, ExprPtr child, size_t first) const {
  return negated ? call("not", {std::move(child)}, first) : child;
}

// Joins operands of AND or OR to a balanced tree, as Spark does: depth log n for any number of
// them.
ExprPtr Grammar::combine(std::string_view function, std::vector<ExprPtr> operands,
                         std::optional<QueryContext> origin) const {
  if (operands.size() == 1) return operands[0];
  const auto middle = operands.begin() + static_cast<std::ptrdiff_t>((operands.size() + 1) / 2);
  plan::UnresolvedCall node;
  node.name = std::string(function);
  node.arguments = {combine(function, {operands.begin(), middle}, origin),
                    combine(function, {middle, operands.end()}, origin)};
  return plan::make(std::move(node), std::move(origin));
}

ExprPtr Grammar::value_expression() { return binary(kComparison); }

ExprPtr Grammar::binary(int lowest) {
  const Nesting nesting(*this);
  const size_t first = at_;
  ExprPtr left = prefix(lowest);
  bool closed = false;  // by a predicate: only AND and OR go on
  for (;;) {
    const Operator* found = find_operator(kOperators, peek());
    if (found == nullptr) {
      if (closed || lowest > kPredicate) return left;
      ExprPtr next = predicate(left, first);
      if (!next) return left;
      left = std::move(next);
      closed = true;
    } else if (found->level < lowest || (closed && found->level > kAnd)) {
      return left;
    } else if (found->level <= kAnd) {
      std::vector<ExprPtr> operands{std::move(left)};
      while (accept(found->token)) operands.push_back(binary(found->level + 1));
      left = combine(found->function, std::move(operands), origin_from(first));
    } else {
      take();
      ExprPtr right = binary(found->level + 1);
      left = negate_if(found->negated,
                       call(found->function, {std::move(left), std::move(right)}, first), first);
    }
  }
}

ExprPtr Grammar::prefix(int lowest) {
  const size_t first = at_;
  if (lowest <= kNot && at_any({"NOT", "!"})) {
    take();
    return call("not", {binary(kNot)}, first);
  }
  if (at("EXISTS") && at("(", 1) && at_query_start(2)) {
    at_ += 2;
    plan::Subquery subquery{plan::SubqueryKind::kExists, query(), {}, false};
    expect(")");
    return plan::make(std::move(subquery), origin_from(first));
  }
  const Operator* found = find_operator(kPrefixes, peek());
  if (found == nullptr) return primary();
  if (found->token == "-" && at_number(1)) {
    take();
    return postfix(number(true, first), first);
  }
  take();
  return call(found->function, {binary(kUnary)}, first);
}

ExprPtr Grammar::primary() {
  const size_t first = at_;
  return postfix(primary_start(), first);
}

ExprPtr Grammar::postfix(ExprPtr base, size_t first) {
  for (;;) {
    if (accept("[")) {
      ExprPtr key = value_expression();
      expect("]");
      base =
          plan::make(plan::UnresolvedExtract{std::move(base), std::move(key)}, origin_from(first));
    } else if (accept("::")) {
      types::DataType type = data_type();
      base = plan::make(plan::Cast{std::move(base), std::move(type)}, origin_from(first));
    } else if (at(".") && at_name(1)) {
      take();
      const size_t name = at_;
      ExprPtr key = literal(kString(), identifier(), name);
      base =
          plan::make(plan::UnresolvedExtract{std::move(base), std::move(key)}, origin_from(first));
    } else if (at(":") && at_name(1)) {
      unsupported("paths into VARIANT and JSON text (a:b)", peek());
    } else if (at("COLLATE") && at_name(1)) {
      unsupported("COLLATE", peek());
    } else {
      return base;
    }
  }
}

ExprPtr Grammar::primary_start() {
  const size_t first = at_;
  const Token& token = peek();
  if (at_number()) return number(false, first);
  if (at_string()) return string_value();
  if (at("(")) return parenthesized();
  if (at("*")) return star(first, {});
  if (at("?") || (at(":") && at_name(1))) return parameter();
  if (at_identifier_clause()) {
    plan::NameParts parts = identifier_clause();
    if (!at("(")) return plan::make(plan::UnresolvedName{std::move(parts), {}}, origin_from(first));
    plan::UnresolvedCall node;
    for (const std::string& part : parts) node.name += (node.name.empty() ? "" : ".") + part;
    for (char& c : node.name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    take();
    call_arguments(node);
    expect(")");
    return call_suffix(std::move(node), first);
  }
  if (!at_name()) {
    const bool keyword_value =
        at_any({"NULL", "TRUE", "FALSE", "CASE", "CAST"}) || token.kind == TokenKind::kWord;
    if (!keyword_value) fail();
  }
  if (token.kind != TokenKind::kWord)
    return at_function() ? function_call() : at_lambda() ? lambda() : column_name();
  if (at_lambda()) return lambda();
  if (at_interval()) {
    plan::Literal value = interval();
    return plan::make(std::move(value), origin_from(first));
  }
  if (at_typed_literal()) return typed_literal();
  if (token.keyword.empty() && at_string(1))
    throw Error(
        "UNSUPPORTED_TYPED_LITERAL",
        {{"unsupportedType", "\"" + std::string(token.text) + "\""},
         {"supportedTypes",
          "\"DATE\", \"TIMESTAMP_NTZ\", \"TIMESTAMP_LTZ\", \"TIMESTAMP\", \"INTERVAL\", \"X\""}},
        {context_of(token)});
  if (at("CASE") && !at_operand_end(1)) return case_expression();
  if (at_any({"CAST", "TRY_CAST"}) && at("(", 1)) return cast_expression();
  if (at_function()) return function_call();
  if (at("NULL")) return take(), literal({}, types::Null{}, first);
  if (at_any({"TRUE", "FALSE"})) {
    const bool value = take().keyword == "TRUE";
    return literal(types::DataTypeId::kBoolean, value, first);
  }
  for (const NiladicCall& row : kNiladicCalls)
    if (at(row.word) && !at(".", 1)) return take(), call(row.function, {}, first);
  return column_name();
}

// The value that stands for :name or ?, with its place in the text.
ExprPtr Grammar::parameter() {
  const size_t first = at_;
  if (accept("?")) {
    const auto before = std::count_if(tokens_.begin(), tokens_.begin() + static_cast<long>(first),
                                      [](const Token& token) { return token.is("?"); });
    if (static_cast<size_t>(before) < options_.positional.size())
      return options_.positional[static_cast<size_t>(before)];
    throw Error("UNBOUND_SQL_PARAMETER",
                {{"name", "_" + std::to_string(tokens_[first].position.start)}},
                {*origin_from(first)});
  }
  expect(":");
  const std::string name = identifier();
  const auto value = options_.named.find(name);
  if (value == options_.named.end())
    throw Error("UNBOUND_SQL_PARAMETER", {{"name", name}}, {*origin_from(first)});
  return value->second;
}

ExprPtr Grammar::column_name() {
  const size_t first = at_;
  if (at_clause()) fail();
  NameParts parts{identifier()};
  while (at(".")) {
    if (at("*", 1)) {
      take();
      return star(first, std::move(parts));
    }
    if (!at_name(1)) break;
    take();
    parts.push_back(identifier());
  }
  return plan::make(plan::UnresolvedName{std::move(parts), {}}, origin_from(first));
}

ExprPtr Grammar::star(size_t first, NameParts qualifier) {
  expect("*");
  plan::UnresolvedStar node{std::move(qualifier), {}};
  if (at("EXCEPT") && at("(", 1) && !at_query_start(2)) {
    at_ += 2;
    node.except = comma_list([this] { return name_parts(); });
    expect(")");
  }
  return plan::make(std::move(node), origin_from(first));
}

bool Grammar::at_lambda() const {
  if (at_name() && at("->", 1)) return true;
  if (!at("(")) return false;
  size_t ahead = 1;
  while (at_name(ahead) && at(",", ahead + 1)) ahead += 2;
  return at_name(ahead) && at(")", ahead + 1) && at("->", ahead + 2);
}

ExprPtr Grammar::lambda() {
  const size_t first = at_;
  plan::Lambda node;
  if (at("(")) {
    node.names = identifier_list();
  } else {
    node.names.push_back(identifier());
  }
  expect("->");
  node.body = expression();
  return plan::make(std::move(node), origin_from(first));
}

// A query, where the tokens from `ahead` on stand right after an opening parenthesis.
bool Grammar::at_query_start(size_t ahead) const {
  size_t inner = ahead;
  const size_t deepest = ahead + static_cast<size_t>(options_.max_depth);
  while (at("(", inner) && inner <= deepest) ++inner;
  const bool values = at("VALUES", inner) && (at("(", inner + 1) || at_number(inner + 1) ||
                                              at_string(inner + 1) || at("NULL", inner + 1));
  const bool head = at_any({"SELECT", "FROM", "WITH"}, inner) || values ||
                    (at("TABLE", inner) && at_name(inner + 1));
  if (!head || inner == ahead) return head;
  // ((SELECT …) + 1) is an expression, ((SELECT …) UNION …) a query: what follows the inner
  // parenthesis tells.
  size_t depth = 0;
  for (size_t i = ahead; at_ + i < tokens_.size(); ++i) {
    if (at("(", i)) ++depth;
    if (at(")", i) && --depth == 0)
      return at_any({"UNION", "INTERSECT", "EXCEPT", "MINUS", "ORDER", "LIMIT", "OFFSET", "SORT",
                     "CLUSTER", "DISTRIBUTE"},
                    i + 1);
  }
  return false;
}

ExprPtr Grammar::parenthesized() {
  const size_t first = at_;
  if (at_lambda()) return lambda();
  expect("(");
  if (at_query_start()) {
    plan::Subquery subquery{plan::SubqueryKind::kScalar, query(), {}, false};
    expect(")");
    return plan::make(std::move(subquery), origin_from(first));
  }
  ExprPtr inner = named_expression();
  if (accept(")")) {
    if (const auto* alias = std::get_if<plan::Alias>(&inner->node))
      fail_at(tokens_[at_ - 2], ": " + alias->name + " names nothing here");
    return inner;
  }
  std::vector<ExprPtr> fields{std::move(inner)};
  while (accept(",")) fields.push_back(named_expression());
  expect(")");
  return call("struct", std::move(fields), first);
}

ExprPtr Grammar::named_expression() {
  const size_t first = at_;
  ExprPtr child = expression();
  const bool star = std::holds_alternative<plan::UnresolvedStar>(child->node);
  if (accept("AS")) {
    if (star) fail();
    if (at("(")) {
      plan::MultiAlias names{std::move(child), identifier_list()};
      return plan::make(std::move(names), origin_from(first));
    }
    plan::Alias alias{std::move(child), identifier(), {}};
    return plan::make(std::move(alias), origin_from(first));
  }
  if (at("(") && std::holds_alternative<plan::UnresolvedCall>(child->node)) {
    plan::MultiAlias names{std::move(child), identifier_list()};
    return plan::make(std::move(names), origin_from(first));
  }
  if (star || !at_implicit_alias()) return child;
  last_alias_ = at_;
  plan::Alias alias{std::move(child), identifier(), {}};
  return plan::make(std::move(alias), origin_from(first));
}

ExprPtr Grammar::case_expression() {
  const size_t first = at_;
  expect("CASE");
  plan::Case node;
  if (!at("WHEN")) node.operand = expression();
  do {
    expect("WHEN");
    plan::CaseBranch branch;
    branch.condition = expression();
    expect("THEN");
    branch.value = expression();
    node.branches.push_back(std::move(branch));
  } while (at("WHEN"));
  if (accept("ELSE")) node.otherwise = expression();
  expect("END");
  return plan::make(std::move(node), origin_from(first));
}

ExprPtr Grammar::cast_expression() {
  const size_t first = at_;
  const bool tries = take().keyword == "TRY_CAST";
  expect("(");
  ExprPtr child = expression();
  expect("AS");
  types::DataType type = data_type();
  expect(")");
  const plan::CastMode mode = tries ? plan::CastMode::kTry : plan::CastMode::kUnresolved;
  return plan::make(plan::Cast{std::move(child), std::move(type), mode}, origin_from(first));
}

// The predicate that follows `left`, or null where none does.
ExprPtr Grammar::predicate(ExprPtr left, size_t first) {
  if (at("IS")) return is_predicate(std::move(left), first);
  const bool negated = at("NOT");
  const size_t ahead = negated ? 1 : 0;
  if (!at_any({"BETWEEN", "IN", "LIKE", "ILIKE", "RLIKE", "REGEXP"}, ahead)) return nullptr;
  if (!negated && at_operand_end(1)) return nullptr;  // a name: SELECT a like FROM t
  if (negated) take();
  if (at("IN")) return in_predicate(std::move(left), negated, first);
  if (accept("BETWEEN")) {
    ExprPtr low = value_expression();
    expect("AND");
    ExprPtr high = value_expression();
    return negate_if(
        negated, call("between", {std::move(left), std::move(low), std::move(high)}, first), first);
  }
  const std::string_view word = take().keyword;
  const std::string_view function = word == "LIKE" ? "like" : word == "ILIKE" ? "ilike" : "rlike";
  return like_predicate(std::move(left), function, negated, first);
}

ExprPtr Grammar::like_predicate(ExprPtr left, std::string_view function, bool negated,
                                size_t first) {
  const bool any = at_any({"ANY", "SOME"}) && at("(", 1);
  const bool all = at("ALL") && at("(", 1);
  if (function == "rlike" || (!any && !all)) {
    std::vector<ExprPtr> arguments{std::move(left), value_expression()};
    if (function != "rlike" && accept("ESCAPE")) {
      if (!at_string()) fail();
      const size_t escape = at_;
      arguments.push_back(string_value());
      const std::string& text =
          std::get<std::string>(std::get<plan::Literal>(arguments.back()->node).value);
      if (text.size() != 1)
        throw Error("INVALID_ESC", {{"invalidEscape", "'" + text + "'"}}, {*origin_from(escape)});
    }
    return negate_if(negated, call(function, std::move(arguments), first), first);
  }
  at_ += 2;
  std::vector<ExprPtr> tests = comma_list(
      [&] { return negate_if(negated, call(function, {left, expression()}, first), first); });
  expect(")");
  const std::string name =
      std::string(negated ? "not " : "") + std::string(function) + (any ? " any" : " all");
  ExprPtr combined = combine(any ? "or" : "and", std::move(tests), origin_from(first));
  if (function != "like") return combined;
  return call(name, {std::move(left), std::move(combined)}, first);
}

ExprPtr Grammar::in_predicate(ExprPtr left, bool negated, size_t first) {
  expect("IN");
  expect("(");
  if (at_query_start()) {
    plan::Subquery subquery{plan::SubqueryKind::kIn, query(), {}, negated};
    expect(")");
    const auto* row = std::get_if<plan::UnresolvedCall>(&left->node);
    subquery.needles =
        row != nullptr && row->name == "struct" ? row->arguments : std::vector<ExprPtr>{left};
    return plan::make(std::move(subquery), origin_from(first));
  }
  plan::InList list{std::move(left), comma_list([this] { return expression(); }), negated};
  expect(")");
  return plan::make(std::move(list), origin_from(first));
}

ExprPtr Grammar::is_predicate(ExprPtr left, size_t first) {
  expect("IS");
  const bool negated = accept("NOT");
  if (accept("NULL") || accept("UNKNOWN"))
    return call(negated ? "isnotnull" : "isnull", {std::move(left)}, first);
  if (at_any({"TRUE", "FALSE"})) {
    const size_t word = at_;
    const bool value = take().keyword == "TRUE";
    ExprPtr truth = literal(types::DataTypeId::kBoolean, value, word);
    return negate_if(negated, call("<=>", {std::move(left), std::move(truth)}, first), first);
  }
  if (!accept_words({"DISTINCT", "FROM"})) fail();
  ExprPtr right = value_expression();
  return negate_if(!negated, call("<=>", {std::move(left), std::move(right)}, first), first);
}

ExprPtr Grammar::only_expression() {
  ExprPtr result = named_expression();
  expect_end();
  return result;
}

}  // namespace firn::sql

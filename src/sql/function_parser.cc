// Function calls: DISTINCT, named arguments, FILTER, IGNORE NULLS, OVER, and the functions with a
// syntax of their own.
#include "base/ascii.h"
#include "sql/grammar.h"
#include "sql/token.h"

namespace firn::sql {
namespace {

// Three-argument functions whose first argument is a unit without quotes, and what they are called
// then.
struct UnitFunction {
  std::string_view name;
  std::string_view function;
};
constexpr UnitFunction kUnitFunctions[] = {
    {"timestampadd", "timestampadd"}, {"dateadd", "timestampadd"},
    {"date_add", "timestampadd"},     {"timestampdiff", "timestampdiff"},
    {"datediff", "timestampdiff"},    {"date_diff", "timestampdiff"},
    {"timediff", "timestampdiff"},
};
constexpr std::string_view kDatetimeUnits[] = {"YEAR",   "QUARTER",     "MONTH",      "WEEK",
                                               "DAY",    "DAYOFYEAR",   "HOUR",       "MINUTE",
                                               "SECOND", "MILLISECOND", "MICROSECOND"};
constexpr std::string_view kIgnoringNulls[] = {
    "first", "last", "any_value", "first_value", "last_value", "nth_value", "lead", "lag"};

}  // namespace

bool Grammar::at_function() const {
  if (!at_name()) {
    const bool callable =
        peek().kind == TokenKind::kWord;  // left(…), filter(…) also where keywords are reserved
    if (!callable) return false;
  }
  if (at_clause()) return false;
  size_t ahead = 0;
  while (at(".", ahead + 1) && at_name(ahead + 2)) ahead += 2;
  return at("(", ahead + 1);
}

ExprPtr Grammar::function_call() {
  const size_t first = at_;
  plan::UnresolvedCall node;
  node.name = peek().kind == TokenKind::kWord ? lower_case(take().text) : unquote_name(take().text);
  while (accept(".")) node.name += "." + lower_case(identifier());
  expect("(");
  bool handled = false;
  if (tokens_[first].kind == TokenKind::kWord && at_ == first + 2) {
    at_ = first;
    if (ExprPtr special = special_call(handled); handled) return postfix(std::move(special), first);
    at_ = first + 2;
  }
  call_arguments(node);
  expect(")");
  return call_suffix(std::move(node), first);
}

// Calls whose arguments are parted by words. `handled` is false, and nothing taken, where this is
// an ordinary call.
ExprPtr Grammar::special_call(bool& handled) {
  handled = true;
  if (at("EXTRACT") && at_name(2) && at("FROM", 3)) return extract_call();
  if (at_any({"SUBSTRING", "SUBSTR"})) return substring_call();
  if (at("TRIM")) return trim_call();
  if (at("OVERLAY")) return overlay_call();
  if (at("POSITION")) return position_call();
  handled = false;
  return nullptr;
}

ExprPtr Grammar::extract_call() {
  const size_t first = at_;
  at_ += 2;
  const size_t unit = at_;
  ExprPtr field = literal(types::DataTypeId::kString, identifier(), unit);
  expect("FROM");
  ExprPtr source = value_expression();
  expect(")");
  return call("extract", {std::move(field), std::move(source)}, first);
}

ExprPtr Grammar::substring_call() {
  const size_t first = at_;
  const char* const name = at("SUBSTR") ? "substr" : "substring";
  at_ += 2;
  std::vector<ExprPtr> arguments{expression()};
  const bool words = accept("FROM");
  if (words || accept(",")) arguments.push_back(expression());
  if (accept(words ? "FOR" : ",")) arguments.push_back(expression());
  expect(")");
  return call(name, std::move(arguments), first);
}

ExprPtr Grammar::trim_call() {
  const size_t first = at_;
  at_ += 2;
  std::string_view function = "trim";
  const bool side = at_any({"BOTH", "LEADING", "TRAILING"}) && !at_any({",", ")", ".", "||"}, 1);
  if (side) {
    const std::string_view word = take().keyword;
    function = word == "BOTH" ? "trim" : word == "LEADING" ? "ltrim" : "rtrim";
  }
  std::vector<ExprPtr> arguments;
  if (!at("FROM")) arguments.push_back(expression());
  if (accept("FROM")) {
    arguments.push_back(expression());
  } else if (!side && accept(",")) {
    arguments.push_back(expression());
  } else if (side) {
    fail();
  }
  expect(")");
  return call(function, std::move(arguments), first);
}

ExprPtr Grammar::overlay_call() {
  const size_t first = at_;
  at_ += 2;
  std::vector<ExprPtr> arguments{expression()};
  const bool words = accept("PLACING");
  if (!words) expect(",");
  arguments.push_back(expression());
  expect(words ? "FROM" : ",");
  arguments.push_back(expression());
  if (accept(words ? "FOR" : ",")) arguments.push_back(expression());
  expect(")");
  return call("overlay", std::move(arguments), first);
}

ExprPtr Grammar::position_call() {
  const size_t first = at_;
  at_ += 2;
  std::vector<ExprPtr> arguments{value_expression()};
  const bool words = accept("IN");
  if (!words) expect(",");
  arguments.push_back(value_expression());
  if (!words && accept(",")) arguments.push_back(value_expression());
  expect(")");
  return call(words ? "locate" : "position", std::move(arguments), first);
}

void Grammar::call_arguments(plan::UnresolvedCall& node) {
  if (at(")")) return;
  if (at("DISTINCT")) {
    take();
    node.distinct = true;
  } else if (at("ALL") && !at_operand_end(1) && !at("(", 1) && !at(".", 1)) {
    take();
  }
  const bool fields = node.name == "struct";
  do {
    std::string name;
    if (at_name() && at("=>", 1)) {
      name = identifier();
      take();
    }
    node.argument_names.push_back(std::move(name));
    const bool table = at("TABLE") && (at("(", 1) || at_name(1));
    node.arguments.push_back(table ? table_argument() : fields ? named_expression() : expression());
  } while (accept(","));
  bool any_named = false;
  for (const std::string& name : node.argument_names) any_named |= !name.empty();
  if (!any_named) node.argument_names.clear();
  if (at_any({"IGNORE", "RESPECT"}) && at("NULLS", 1) && is_one_of(kIgnoringNulls, node.name)) {
    node.ignore_nulls = take().keyword == "IGNORE";
    take();
  }
}

// TABLE(t) [WITH SINGLE PARTITION | PARTITION BY … [ORDER BY …]] of a table function:
// table_argument(subquery, partition_by(…), order_by(sort_key(…), …)), DISTINCT for one partition.
ExprPtr Grammar::table_argument() {
  const size_t first = at_;
  expect("TABLE");
  plan::Subquery table{plan::SubqueryKind::kScalar, nullptr, {}};
  const auto named = [&] {
    const size_t begin = at_;
    plan::UnresolvedTable made;
    made.parts = name_parts();
    return plan::make(std::move(made), origin_from(begin));
  };
  if (accept("(")) {
    table.plan = at_query_start() ? query() : named();
    expect(")");
  } else {
    table.plan = named();
  }
  plan::UnresolvedCall partition, order, made;
  partition.name = "partition_by", order.name = "order_by", made.name = "table_argument";
  const auto one_or_list = [&](const auto& parse) {
    if (!accept("(")) return parse();
    do parse();
    while (accept(","));
    expect(")");
  };
  if (accept_words({"WITH", "SINGLE", "PARTITION"})) {
    made.distinct = true;
  } else if (accept_words({"PARTITION", "BY"}) || accept_words({"DISTRIBUTE", "BY"})) {
    one_or_list([&] { partition.arguments.push_back(expression()); });
  }
  const bool ordered = made.distinct || !partition.arguments.empty();
  if (ordered && (accept_words({"ORDER", "BY"}) || accept_words({"SORT", "BY"})))
    one_or_list([&] {
      const size_t begin = at_;
      plan::SortKey key = sort_key();
      const auto flag = [&](bool value) {
        return literal(types::DataTypeId::kBoolean, value, begin);
      };
      order.arguments.push_back(call(
          "sort_key", {std::move(key.child), flag(key.ascending), flag(key.nulls_first)}, begin));
    });
  made.arguments = {plan::make(std::move(table), origin_from(first)),
                    plan::make(std::move(partition)), plan::make(std::move(order))};
  return plan::make(std::move(made), origin_from(first));
}

ExprPtr Grammar::call_suffix(plan::UnresolvedCall node, size_t first) {
  const bool one_star = node.arguments.size() == 1 &&
                        std::holds_alternative<plan::UnresolvedStar>(node.arguments[0]->node);
  if (node.name == "count" && one_star && !node.distinct) {
    const auto& star = std::get<plan::UnresolvedStar>(node.arguments[0]->node);
    if (star.qualifier.empty() && star.except.empty())
      node.arguments[0] = literal(types::DataTypeId::kInteger, int64_t{1}, first + 2);
  }
  for (const UnitFunction& row : kUnitFunctions) {
    if (row.name != node.name || node.arguments.size() != 3) continue;
    const auto* unit = std::get_if<plan::UnresolvedName>(&node.arguments[0]->node);
    std::string word = unit != nullptr && unit->parts.size() == 1 ? unit->parts[0] : std::string();
    for (char& c : word)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (!is_one_of(kDatetimeUnits, word)) break;
    node.name = std::string(row.function);
    node.arguments[0] =
        plan::make(plan::Literal{types::DataTypeId::kString, word}, node.arguments[0]->origin);
    break;
  }
  if (at("WITHIN") && at("GROUP", 1)) within_group(node);
  if (at("FILTER") && at("(", 1)) {
    at_ += 2;
    expect("WHERE");
    node.filter = expression();
    expect(")");
  }
  if (at_any({"IGNORE", "RESPECT"}) && at("NULLS", 1)) {
    node.ignore_nulls = take().keyword == "IGNORE";
    take();
  }
  ExprPtr function = plan::make(std::move(node), origin_from(first));
  const bool windowed = at("OVER") && (at("(", 1) || (at_name(1) && !at_any({"FROM"}, 1)));
  if (!windowed) return function;
  take();
  std::string reference;
  const size_t token = at_;
  plan::Windowed window{std::move(function), window_spec(reference)};
  ExprPtr result = plan::make(std::move(window), origin_from(first));
  if (!reference.empty())
    windows_.back().uses.push_back({std::const_pointer_cast<plan::Expr>(result), reference, token});
  return result;
}

// The order goes behind the arguments: sort_key(value, ascending, nulls first).
void Grammar::within_group(plan::UnresolvedCall& node) {
  at_ += 2;
  expect("(");
  expect("ORDER");
  expect("BY");
  do {
    const size_t first = at_;
    plan::SortKey key = sort_key();
    const auto flag = [&](bool value) {
      return literal(types::DataTypeId::kBoolean, value, first);
    };
    node.arguments.push_back(call(
        "sort_key", {std::move(key.child), flag(key.ascending), flag(key.nulls_first)}, first));
  } while (accept(","));
  expect(")");
}

plan::WindowSpec Grammar::window_spec(std::string& reference) {
  plan::WindowSpec spec;
  if (!at("(")) {
    reference = identifier();
    return spec;
  }
  expect("(");
  if (at_name() && at(")", 1)) {
    reference = identifier();
    expect(")");
    return spec;
  }
  if (at_any({"PARTITION", "DISTRIBUTE", "CLUSTER"}) && at("BY", 1)) {
    const bool cluster = at("CLUSTER");
    at_ += 2;
    spec.partition_by = comma_list([this] { return expression(); });
    if (cluster)
      for (const ExprPtr& key : spec.partition_by) spec.order_by.push_back({key, true, true});
  }
  if (at_any({"ORDER", "SORT"}) && at("BY", 1)) {
    at_ += 2;
    spec.order_by = comma_list([this] { return sort_key(); });
  }
  if (at_any({"ROWS", "RANGE"})) window_frame(spec);
  expect(")");
  return spec;
}

void Grammar::window_frame(plan::WindowSpec& spec) {
  spec.has_frame = true;
  spec.rows = take().keyword == "ROWS";
  if (!accept("BETWEEN")) {
    spec.start = frame_bound();
    return;
  }
  spec.start = frame_bound();
  expect("AND");
  spec.end = frame_bound();
}

plan::FrameBound Grammar::frame_bound() {
  using Kind = plan::FrameBound::Kind;
  plan::FrameBound bound;
  if (accept("UNBOUNDED")) {
    if (!at_any({"PRECEDING", "FOLLOWING"})) fail();
    bound.kind =
        take().keyword == "PRECEDING" ? Kind::kUnboundedPreceding : Kind::kUnboundedFollowing;
    return bound;
  }
  if (accept_words({"CURRENT", "ROW"})) return bound;
  bound.offset = value_expression();
  if (!at_any({"PRECEDING", "FOLLOWING"})) fail();
  bound.kind = take().keyword == "PRECEDING" ? Kind::kPreceding : Kind::kFollowing;
  return bound;
}

// Gives the windows that were named their specifications; those not defined here may be so further
// out.
void Grammar::settle_windows() {
  WindowScope& scope = windows_.back();
  std::vector<WindowUse> left;
  for (WindowUse& use : scope.uses) {
    bool found = false;
    for (const auto& [name, spec] : scope.definitions) {
      if (lower_case(name) != lower_case(use.name)) continue;
      std::get<plan::Windowed>(use.expr->node).spec = spec;
      found = true;
    }
    if (!found) left.push_back(std::move(use));
  }
  scope.uses = std::move(left);
}

}  // namespace firn::sql

// Calls: the row of the function table, the number of arguments, their casts.
#include <algorithm>
#include <cmath>

#include "functions/refused.h"
#include "plan/fold.h"
#include "plan/resolver.h"

namespace firn::plan {
namespace {

using functions::ArgRule;
using functions::Function;
using functions::ResultRule;

// int(x), string(x), …: casts in the form of calls.
std::optional<DataType> type_function(std::string_view name) {
  constexpr std::pair<std::string_view, DataTypeId> kTypes[] = {
      {"boolean", DataTypeId::kBoolean}, {"tinyint", DataTypeId::kByte},
      {"smallint", DataTypeId::kShort},  {"int", DataTypeId::kInteger},
      {"bigint", DataTypeId::kLong},     {"float", DataTypeId::kFloat},
      {"double", DataTypeId::kDouble},   {"decimal", DataTypeId::kDecimal},
      {"date", DataTypeId::kDate},       {"timestamp", DataTypeId::kTimestamp},
      {"binary", DataTypeId::kBinary},   {"string", DataTypeId::kString},
  };
  for (const auto& [type, id] : kTypes)
    if (type == name) return DataType(id);
  return std::nullopt;
}

// Whether any of these parameters stands in a row's plain text of the name for AND, OR, + and ||
// chains.
bool is_chain(std::string_view name) { return name == "and" || name == "or" || name == "||"; }

// Whether one of the arguments is always a lambda (what is none stands for one that ignores what it
// is given); array_sort goes without.
bool wants_lambda(const functions::Function& function) {
  return function.name != "array_sort" &&
         std::any_of(function.arguments.begin(), function.arguments.end(),
                     [](const functions::ArgRule& rule) {
                       return rule.kind == functions::ArgRule::Kind::kLambda;
                     });
}

}  // namespace

ExprPtr Resolver::call_of(const UnresolvedCall& node, const ExprPtr& unresolved, const Site& site) {
  if (const auto type = type_function(node.name); type && node.arguments.size() == 1) {
    const ExprPtr as_cast = make(Cast{node.arguments[0], *type}, unresolved->origin);
    const ExprPtr value = expression(as_cast, site);
    remember_display(unresolved, display(node.arguments[0]));
    return value;
  }
  if ((node.name == "grouping" || node.name == "grouping_id") && site.block != nullptr)
    return grouping_bits(*site.block, node, unresolved, site);
  if (const auto rewritten = settled(node, unresolved)) {
    const ExprPtr again = make(*rewritten, unresolved->origin);
    const ExprPtr value = expression(again, site);
    if (node.name == "mask") remember_display(unresolved, display(again));
    return value;
  }
  for (const std::string_view quantified : {"like any", "like all", "not like any", "not like all"})
    if (node.name == quantified) {
      const ExprPtr value = expression(node.arguments[1], site);
      std::string name(quantified);
      std::erase(name, ' ');
      remember_display(unresolved, name + "(" + display(node.arguments[0]) + ")");
      return value;
    }
  if (node.name == "decode" && node.arguments.size() > 2) return decode(node, unresolved, site);
  const Function* function = functions::find_function(node.name);
  if (function == nullptr)
    if (auto python = surroundings_.find_python_function(node.name))
      return python_call(node, std::move(python), unresolved, site);
  if (function == nullptr && functions::is_refused(node.name))
    throw_unsupported("the function " + node.name + ".");
  if (function == nullptr || function->flags & functions::kInternal ||
      function->kind == functions::Kind::kTable)
    throw_at(unresolved->origin, "UNRESOLVED_ROUTINE",
             {{"routineName", backquoted(node.name)},
              {"searchPath", "[`system`.`builtin`, `system`.`session`, " +
                                 backquoted(options_.current_catalog) + "." +
                                 backquoted(options_.current_namespace) + "]"}});
  if (function->kind == functions::Kind::kGenerator)
    throw_at(unresolved->origin,
             std::string_view(site.clause) == "SELECT" || site.clause[0] == 0
                 ? "UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS"
                 : "UNSUPPORTED_GENERATOR.OUTSIDE_SELECT",
             {{"expression", sql_of(pretty_name(*unresolved))}, {"plan", site.clause}});
  for (const std::string& name : node.argument_names)
    if (!name.empty())
      throw_at(unresolved->origin, "NAMED_PARAMETERS_NOT_SUPPORTED",
               {{"functionName", backquoted(node.name)}});
  const bool aggregate = function->kind == functions::Kind::kAggregate;
  if (aggregate && !site.aggregates && std::string_view(site.clause) != "OVER") {
    if (std::string_view(site.clause) == "WHERE")
      throw_at(unresolved->origin, "INVALID_WHERE_CONDITION",
               {{"condition", sql_of(pretty_name(*unresolved))},
                {"expressionList", sql_of(pretty_name(*unresolved))}});
    throw_at(unresolved->origin, "UNSUPPORTED_EXPR_FOR_OPERATOR",
             {{"invalidExprSqls", sql_of(pretty_name(*unresolved))}});
  }
  if (function->kind == functions::Kind::kWindowOnly && std::string_view(site.clause) != "OVER")
    throw_at(unresolved->origin, "WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE",
             {{"funcName", sql_of(pretty_name(*unresolved))}});
  if (is_chain(node.name) && node.arguments.size() >= 2) return chain(node, unresolved, site);

  Site inner = site;
  if (aggregate && site.in_aggregate != nullptr) inner.scope = site.in_aggregate;
  if (aggregate && std::string_view(site.clause) != "OVER") inner.windows = false;
  if (std::string_view(site.clause) == "OVER") inner.clause = "";
  CallSite at{node, unresolved, inner, *function, {}};
  if (wants_lambda(*function)) return higher_order(at);
  for (const ExprPtr& argument : node.arguments) {
    if (std::holds_alternative<Lambda>(argument->node)) return higher_order(at);
    if (const auto* star = std::get_if<UnresolvedStar>(&argument->node)) {
      if (node.name != "count" && node.name != "struct" && node.name != "hash" &&
          node.name != "xxhash64" && node.name != "to_json")
        throw_at(argument->origin, "INVALID_USAGE_OF_STAR_OR_REGEX",
                 {{"elem", "'*'"}, {"prettyName", "expression `" + node.name + "`"}});
      std::string listed;
      for (const ExprPtr& column : expand_stars({make(*star, argument->origin)}, *inner.scope)) {
        at.arguments.push_back(column);
        listed += (listed.empty() ? "" : ", ") + attribute_of(*column).name;
      }
      if (node.name == "count" || node.name == "hash" || node.name == "xxhash64")
        remember_display(argument, listed);
      continue;
    }
    if (const auto* key = std::get_if<UnresolvedCall>(&argument->node);
        key != nullptr && key->name == "sort_key") {
      const ExprPtr value = expression(key->arguments[0], inner);
      at.arguments.push_back(
          call("sort_key",
               {value, expression(key->arguments[1], inner), expression(key->arguments[2], inner)},
               value->type, settings(), argument->origin));
      continue;
    }
    at.arguments.push_back(expression(argument, inner));
  }
  check_count(at, at.arguments.size());
  if (node.distinct && !aggregate)
    throw_at(unresolved->origin, "INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX",
             {{"prettyName", backquoted(node.name)}, {"syntax", "DISTINCT"}});
  if (function->name == "unix_timestamp" && at.arguments.empty()) return seconds_now(at);
  if (function->flags & functions::kReplaced) return replaced(at);
  if (ExprPtr made = arithmetic(at)) return made;
  return finished_call(at);
}

// decode(x, search, result, …[, otherwise]): NULL is found too.
ExprPtr Resolver::decode(const UnresolvedCall& node, const ExprPtr& unresolved, const Site& site) {
  Case made;
  for (size_t i = 1; i + 1 < node.arguments.size(); i += 2) {
    UnresolvedCall same;
    same.name = "<=>";
    same.arguments = {node.arguments[0], node.arguments[i]};
    made.branches.push_back({make(std::move(same), unresolved->origin), node.arguments[i + 1]});
  }
  if (node.arguments.size() % 2 == 0) made.otherwise = node.arguments.back();
  const ExprPtr value = expression(make(std::move(made), unresolved->origin), site);
  remember_display(unresolved, pretty_name(*map_children(unresolved, [&](const ExprPtr& child) {
                     return displayable(child);
                   })));
  return value;
}

// a AND b AND c …: the spine is walked, not recursed into; the result is a balanced tree.
ExprPtr Resolver::chain(const UnresolvedCall& node, const ExprPtr& unresolved, const Site& site) {
  std::vector<ExprPtr> reversed;
  const ExprPtr* at = &unresolved;
  for (;;) {
    const auto* call = std::get_if<UnresolvedCall>(&(*at)->node);
    if (call == nullptr || call->name != node.name || call->arguments.size() < 2) break;
    for (size_t i = call->arguments.size(); i-- > 1;) reversed.push_back(call->arguments[i]);
    at = &call->arguments[0];
  }
  reversed.push_back(*at);
  const Function& function = *functions::find_function(node.name);
  CallSite whole{node, unresolved, site, function, {}};
  for (size_t i = reversed.size(); i-- > 0;)
    whole.arguments.push_back(expression(reversed[i], site));
  if (node.name == "||") return finished_call(whole);
  check_count(whole, std::max<size_t>(node.arguments.size(), 2));
  for (ExprPtr& argument : whole.arguments) {
    if (argument->type.id() == DataTypeId::kBoolean) continue;
    const bool fits =
        argument->type.id() == DataTypeId::kNull || argument->type.id() == DataTypeId::kString;
    if (!fits) throw_operand_types(whole);
    argument = coerce(argument, DataTypeId::kBoolean);
  }
  const std::function<ExprPtr(size_t, size_t)> balanced = [&](size_t begin, size_t end) -> ExprPtr {
    if (end - begin == 1) return whole.arguments[begin];
    const size_t middle = begin + (end - begin) / 2;
    return plan::call(node.name, {balanced(begin, middle), balanced(middle, end)},
                      DataTypeId::kBoolean, settings(), unresolved->origin);
  };
  const size_t count = whole.arguments.size();
  if (count <= 8) {  // short ones keep the tree that was written
    ExprPtr left = whole.arguments[0];
    for (size_t i = 1; i < count; ++i)
      left = plan::call(node.name, {left, whole.arguments[i]}, DataTypeId::kBoolean, settings(),
                        unresolved->origin);
    return left;
  }
  return balanced(0, count);
}

void Resolver::check_count(const CallSite& at, size_t given) {
  const std::vector<ArgRule>& rules = at.function.arguments;
  const bool open = !rules.empty() && rules.back().repeated;
  size_t least = 0;
  for (const ArgRule& rule : rules) least += rule.optional || rule.repeated ? 0 : 1;
  if (given >= least && (open || given <= rules.size())) return;
  std::string expected;
  if (open) {
    expected = "> " + std::to_string(least == 0 ? 0 : least - 1);
  } else if (least == rules.size()) {
    expected = std::to_string(least);
  } else {
    for (size_t n = least; n <= rules.size(); ++n)
      expected += (n == least ? "[" : ", ") + std::to_string(n);
    expected += "]";
  }
  throw_at(at.unresolved->origin, "WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
           {{"functionName", backquoted(at.node.name)},
            {"expectedNum", expected},
            {"actualNum", std::to_string(given)},
            {"docroot", "https://spark.apache.org/docs/latest"}});
}

std::string Resolver::input_text(const CallSite& at, size_t index) {
  const bool plain = at.node.arguments.size() == at.arguments.size();
  return sql_of(plain ? display(at.node.arguments[index]) : pretty_name(*at.arguments[index]));
}

void Resolver::throw_input_type(const CallSite& at, size_t index, std::string required) {
  throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
           {{"sqlExpr", sql_of(display(at.unresolved))},
            {"paramIndex", ordinal_name(index)},
            {"requiredType", std::move(required)},
            {"inputSql", input_text(at, index)},
            {"inputType", quoted_type(at.arguments[index]->type)}});
}

ExprPtr Resolver::plain(CallSite& at, DataType type) {
  Call node;
  node.function = &at.function;
  node.arguments = at.arguments;
  node.distinct = at.node.distinct;
  node.ansi = options_.ansi;
  if (at.function.flags & functions::kSession) node.zone = options_.time_zone;
  if (at.function.flags & functions::kVolatile) {
    node.seed = settings().seed;
    const size_t place = at.function.name == "randstr" || at.function.name == "shuffle" ? 1 : 0;
    const ExprPtr given = node.arguments.size() > place ? fold(node.arguments[place]) : nullptr;
    const Literal* constant = given != nullptr ? as_literal(*given) : nullptr;
    const auto* seed = constant != nullptr ? std::get_if<int64_t>(&constant->value) : nullptr;
    if (seed != nullptr) node.seed = *seed;
  }
  if (options_.last_key_wins && makes_map(at.function.name)) node.seed = 1;
  if (at.node.filter) {
    Site site = at.site;
    site.aggregates = false;
    site.clause = "FILTER";
    node.filter = boolean_condition(at.node.filter, site, "FILTER");
  }
  const ExprPtr shape = plan::call(at.function.name, node.arguments, type,
                                   {options_.ansi, options_.time_zone, node.seed});
  return plan::call(std::move(node), std::move(type), shape->nullable, at.unresolved->origin);
}

ExprPtr Resolver::finished_call(CallSite& at) {
  const std::string_view name = at.function.name;
  if (name == "sign" && is_interval(at.arguments[0]->type.id())) {
    const ExprPtr& value = at.arguments[0];
    const ExprPtr zero = literal(value->type, int64_t{0});
    const auto is = [&](std::string_view op) {
      return call(op, {value, zero}, DataTypeId::kBoolean, settings());
    };
    const auto number = [](double x) { return literal(DataTypeId::kDouble, x); };
    return case_when({{is("<"), number(-1)}, {is("="), number(0)}, {is(">"), number(1)}},
                     value->nullable ? null_of(DataTypeId::kDouble) : number(0),
                     at.unresolved->origin);
  }
  coerce_arguments(at);
  if (at.node.ignore_nulls) {
    const bool shifts = name == "lag" || name == "lead";
    if (shifts && at.arguments.size() < 2) at.arguments.push_back(integer_literal(1));
    if (shifts && at.arguments.size() < 3) at.arguments.push_back(null_of(at.arguments[0]->type));
    const bool takes_flag =
        shifts || name == "first" || name == "last" || name == "any_value" || name == "nth_value";
    if (!takes_flag) throw_unsupported("IGNORE NULLS with the function " + std::string(name) + ".");
    at.arguments.push_back(boolean_literal(true));
  }
  if (name == "sort_array" && !is_orderable(at.arguments[0]->type.element()))
    throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE",
             {{"sqlExpr", sql_of(display(at.unresolved))},
              {"functionName", "`sort_array`"},
              {"dataType", quoted_type(at.arguments[0]->type)}});
  if (name == "map_contains_key") {
    const DataType& key = at.arguments[0]->type.key();
    if (at.arguments[1]->type.id() == DataTypeId::kNull)
      throw_at(
          at.unresolved->origin, "DATATYPE_MISMATCH.NULL_TYPE",
          {{"sqlExpr", sql_of(display(at.unresolved))}, {"functionName", "`map_contains_key`"}});
    const auto common = element_type(key, at.arguments[1]->type, options_.ansi);
    if (!common)
      throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.MAP_FUNCTION_DIFF_TYPES",
               {{"sqlExpr", sql_of(display(at.unresolved))},
                {"functionName", "`map_contains_key`"},
                {"dataType", "\"MAP\""},
                {"leftType", quoted_type(at.arguments[0]->type)},
                {"rightType", quoted_type(at.arguments[1]->type)}});
    at.arguments[1] = coerce(at.arguments[1], *common);
    const DataType& map = at.arguments[0]->type;
    at.arguments[0] =
        coerce(at.arguments[0], DataType::map(*common, map.value(), map.contains_null()));
  }
  if (name == "flatten" && at.arguments[0]->type.element().id() != DataTypeId::kArray &&
      at.arguments[0]->type.element().id() != DataTypeId::kNull)
    throw_input_type(at, 0, "\"ARRAY\" of \"ARRAY\"");
  if (name == "percentile" || name == "percentile_approx" || name == "percentile_cont" ||
      name == "percentile_disc")
    check_share(at);
  if (name == "ntile") check_constant(at, 0, "buckets", true);
  if (name == "nth_value") check_constant(at, 1, "offset", true);
  if (name == "lag" || name == "lead") check_constant(at, 1, "offset", false);
  if (name == "listagg") check_constant(at, 1, "delimiter", false);
  if (name == "to_json" && at.arguments[0]->type.id() == DataTypeId::kNull)
    return null_of(DataTypeId::kString);
  if (name == "to_json" && !at.arguments[0]->type.is_nested())
    throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.INVALID_JSON_SCHEMA",
             {{"sqlExpr", sql_of(display(at.unresolved))},
              {"schema", quoted_type(at.arguments[0]->type)}});
  DataType type = result_type(at);
  if (name == "from_json" && type.id() == DataTypeId::kMap)
    remember_display(at.unresolved, "entries");
  if (name == "from_json")
    if (ExprPtr made = json_with_patterns(at, type)) return made;
  return plain(at, std::move(type));
}

DataType Resolver::result_type(CallSite& at) {
  const ResultRule& rule = at.function.result;
  const auto argument = [&](int index) -> const DataType& {
    return at.arguments.at(static_cast<size_t>(index))->type;
  };
  switch (rule.kind) {
    case ResultRule::Kind::kFixed:
      return rule.fixed;
    case ResultRule::Kind::kArgument:
      return argument(rule.argument);
    case ResultRule::Kind::kCommon: {
      for (size_t i = 0; i < at.arguments.size(); ++i) {
        const ArgRule& given = rule_of(at.function, i);
        if (given.kind == ArgRule::Kind::kCommon && given.same_as == rule.argument)
          return argument(static_cast<int>(i));
      }
      return DataType::map(DataTypeId::kString, DataTypeId::kString);  // map_concat()
    }
    case ResultRule::Kind::kArrayOf:
      return DataType::array(argument(rule.argument),
                             at.arguments[static_cast<size_t>(rule.argument)]->nullable);
    case ResultRule::Kind::kElementOf:
      return argument(rule.argument).element();
    case ResultRule::Kind::kNamed:
      return named_result(at);
  }
  return {};
}

}  // namespace firn::plan

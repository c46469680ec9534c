// Calls: the row of the function table, the number of arguments, their casts.
#include <algorithm>
#include <cmath>

#include "plan/fold.h"
#include "plan/resolver.h"

namespace firn::plan {
namespace {

using functions::ArgRule;
using functions::Function;
using functions::ResultRule;

std::string sql_of(const std::string& text) { return "\"" + text + "\""; }

std::string required_text(const ArgRule& rule) {
  using Kind = ArgRule::Kind;
  switch (rule.kind) {
    case Kind::kExactly:
      return quoted_type(rule.types[0]);
    case Kind::kOneOf: {
      std::string text;
      for (const DataTypeId id : rule.types) {
        const std::string name = id == DataTypeId::kArray ? "\"ARRAY\""
                                 : id == DataTypeId::kMap ? "\"MAP\""
                                                          : quoted_type(id);
        text += (text.empty() ? "(" : " or ") + name;
      }
      return text + ")";
    }
    case Kind::kNumeric:
      return "\"NUMERIC\"";
    case Kind::kIntegral:
      return "\"INTEGRAL\"";
    case Kind::kFractional:
      return "\"FRACTIONAL\"";
    case Kind::kArray:
      return "\"ARRAY\"";
    case Kind::kMap:
      return "\"MAP\"";
    case Kind::kStruct:
      return "\"STRUCT\"";
    case Kind::kFoldableString:
      return "\"STRING\"";
    case Kind::kTemporal:
      return "(\"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP_NTZ\")";
    case Kind::kInterval:
      return "(\"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\")";
    default:
      return "\"ANY\"";
  }
}

const ArgRule& rule_of(const Function& function, size_t index) {
  return function.arguments[std::min(index, function.arguments.size() - 1)];
}

bool is_temporal(DataTypeId id) {
  return id == DataTypeId::kDate || id == DataTypeId::kTimestamp || id == DataTypeId::kTimestampNtz;
}
bool is_interval(DataTypeId id) {
  return id == DataTypeId::kYearMonthInterval || id == DataTypeId::kDayTimeInterval;
}

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
  if (node.name == "decode" && node.arguments.size() > 2) return decode(node, unresolved, site);
  const Function* function = functions::find_function(node.name);
  if (function == nullptr)
    if (auto python = surroundings_.find_python_function(node.name))
      return python_call(node, std::move(python), unresolved, site);
  if (function == nullptr || function->flags & functions::kInternal ||
      function->kind == functions::Kind::kTable)
    throw_at(unresolved->origin, "UNRESOLVED_ROUTINE",
             {{"routineName", backquoted(node.name)},
              {"searchPath", "[`system`.`builtin`, `system`.`session`, " +
                                 backquoted(options_.current_catalog) + "." +
                                 backquoted(options_.current_namespace) + "]"}});
  if (function->kind == functions::Kind::kGenerator)
    throw_unsupported("the generator function " + std::string(function->name) + ".");
  for (const std::string& name : node.argument_names)
    if (!name.empty()) throw_unsupported("named arguments of the function " + node.name + ".");
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
  if (is_chain(node.name)) return chain(node, unresolved, site);

  Site inner = site;
  if (aggregate && site.in_aggregate != nullptr) inner.scope = site.in_aggregate;
  if (aggregate) inner.windows = false;
  if (std::string_view(site.clause) == "OVER") inner.clause = "";
  CallSite at{node, unresolved, inner, *function, {}};
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
      if (node.name == "count") remember_display(argument, listed);
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

ExprPtr Resolver::coerce_argument(CallSite& at, size_t index, const ArgRule& rule) {
  using Kind = ArgRule::Kind;
  const ExprPtr argument = at.arguments[index];
  const DataType& type = argument->type;
  const bool null = type.id() == DataTypeId::kNull;
  const auto to = [&](DataTypeId id) -> ExprPtr {
    const auto target = implicit_type(type, id, options_.ansi);
    if (!target) throw_input_type(at, index, required_text(rule));
    return coerce(argument, *target);
  };
  switch (rule.kind) {
    case Kind::kExactly:
      if (rule.types[0] == DataTypeId::kArray) {
        if (type.id() != DataTypeId::kArray || type.element().is_nested())
          throw_input_type(at, index, "\"ARRAY<STRING>\"");
        return type.element().id() == DataTypeId::kString
                   ? argument
                   : coerce(argument, DataType::array(DataTypeId::kString));
      }
      // A date's parts are taken of timestamps too.
      if (rule.types[0] == DataTypeId::kDate && is_temporal(type.id()))
        return coerce(argument, DataTypeId::kDate);
      return to(rule.types[0]);
    case Kind::kOneOf: {
      if (null && rule.types[0] >= DataTypeId::kArray)
        return null_of(DataType::array(DataTypeId::kInteger));
      for (const DataTypeId id : rule.types)
        if (id == type.id()) return argument;
      for (const DataTypeId id : rule.types)
        if (id < DataTypeId::kArray)
          if (const auto target = implicit_type(type, id, options_.ansi))
            return coerce(argument, *target);
      throw_input_type(at, index, required_text(rule));
    }
    case Kind::kNumeric:
    case Kind::kFractional:
      return type.is_numeric() ? argument : to(DataTypeId::kDouble);
    case Kind::kIntegral:
      if (type.is_integral()) return argument;
      if (type.is_numeric()) throw_input_type(at, index, required_text(rule));
      return to(type.id() == DataTypeId::kString && options_.ansi ? DataTypeId::kLong
                                                                  : DataTypeId::kInteger);
    case Kind::kSameAs: {
      const DataType& other = at.arguments[static_cast<size_t>(rule.same_as)]->type;
      if (type.same_ignoring_nullability(other)) return argument;
      const auto target = implicit_type(type, other.id(), options_.ansi);
      if (!target) throw_input_type(at, index, quoted_type(other));
      return coerce(argument, other);
    }
    case Kind::kOrderable:
      if (!is_orderable(type))
        throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE",
                 {{"sqlExpr", sql_of(display(at.unresolved))},
                  {"functionName", backquoted(at.node.name)},
                  {"dataType", quoted_type(type)}});
      return argument;
    case Kind::kArray:
      if (null) return coerce(argument, DataType::array(DataType()));
      if (type.id() != DataTypeId::kArray) throw_input_type(at, index, required_text(rule));
      return argument;
    case Kind::kMap:
      if (null) return coerce(argument, DataType::map(DataTypeId::kString, DataType()));
      if (type.id() != DataTypeId::kMap) throw_input_type(at, index, required_text(rule));
      return argument;
    case Kind::kStruct:
      if (type.id() != DataTypeId::kStruct) throw_input_type(at, index, required_text(rule));
      return argument;
    case Kind::kTemporal:
      return is_temporal(type.id()) ? argument : to(DataTypeId::kTimestamp);
    case Kind::kInterval:
      if (!is_interval(type.id())) throw_input_type(at, index, required_text(rule));
      return argument;
    case Kind::kFoldableString: {
      const ExprPtr value = fold(argument);
      if (as_literal(*value) == nullptr)
        throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.NON_FOLDABLE_INPUT",
                 {{"sqlExpr", sql_of(display(at.unresolved))},
                  {"inputName", backquoted(ordinal_name(index))},
                  {"inputType", "\"STRING\""},
                  {"inputExpr", input_text(at, index)}});
      return value;
    }
    case Kind::kElementOf: {
      ExprPtr& array = at.arguments[static_cast<size_t>(rule.same_as)];
      if (null ||
          (array->type.element().id() == DataTypeId::kNull && as_literal(*array) != nullptr))
        throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.NULL_TYPE",
                 {{"sqlExpr", sql_of(display(at.unresolved))},
                  {"functionName", backquoted(at.node.name)}});
      const auto common = tightest_type(array->type.element(), type, options_.ansi);
      if (!common)
        throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.ARRAY_FUNCTION_DIFF_TYPES",
                 {{"sqlExpr", sql_of(display(at.unresolved))},
                  {"functionName", backquoted(at.node.name)},
                  {"dataType", "\"ARRAY\""},
                  {"leftType", quoted_type(array->type)},
                  {"rightType", quoted_type(type)}});
      array = coerce(array, DataType::array(*common, array->type.contains_null()));
      return coerce(argument, *common);
    }
    default:
      return argument;
  }
}

ExprPtr Resolver::common_of(CallSite& at, std::vector<ExprPtr*> values) {
  std::vector<DataType> types;
  for (ExprPtr* value : values) types.push_back((*value)->type);
  const auto type = common_type(types, options_.ansi);
  if (!type) {
    std::string list;
    for (const DataType& t : types) list += (list.empty() ? "" : " or ") + quoted_type(t);
    throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.DATA_DIFF_TYPES",
             {{"sqlExpr", sql_of(display(at.unresolved))},
              {"functionName", backquoted(at.node.name)},
              {"dataType", "(" + list + ")"}});
  }
  for (ExprPtr* value : values) *value = coerce(*value, *type);
  return nullptr;
}

void Resolver::coerce_arguments(CallSite& at) {
  std::map<int, std::vector<ExprPtr*>> groups;
  for (size_t i = 0; i < at.arguments.size(); ++i) {
    const ArgRule& rule = rule_of(at.function, i);
    if (rule.kind == ArgRule::Kind::kCommon)
      groups[rule.same_as].push_back(&at.arguments[i]);
    else
      at.arguments[i] = coerce_argument(at, i, rule);
  }
  for (auto& [group, values] : groups) common_of(at, values);
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
    if (!node.arguments.empty())
      if (const Literal* given = as_literal(*fold(node.arguments[0])))
        if (const auto* seed = std::get_if<int64_t>(&given->value)) node.seed = *seed;
  }
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
  coerce_arguments(at);
  const std::string_view name = at.function.name;
  if (at.node.ignore_nulls) {
    const bool takes_flag =
        name == "first" || name == "last" || name == "any_value" || name == "nth_value";
    if (!takes_flag) throw_unsupported("IGNORE NULLS with the function " + std::string(name) + ".");
    at.arguments.push_back(boolean_literal(true));
  }
  if (name == "flatten" && at.arguments[0]->type.element().id() != DataTypeId::kArray &&
      at.arguments[0]->type.element().id() != DataTypeId::kNull)
    throw_input_type(at, 0, "\"ARRAY\" of \"ARRAY\"");
  if (name == "percentile") check_share(at);
  if (name == "to_json" && !at.arguments[0]->type.is_nested())
    throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.INVALID_JSON_SCHEMA",
             {{"sqlExpr", sql_of(display(at.unresolved))},
              {"schema", quoted_type(at.arguments[0]->type)}});
  DataType type = result_type(at);
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

// percentile's share is a constant from 0 to 1.
void Resolver::check_share(CallSite& at) {
  at.arguments[1] = fold(at.arguments[1]);
  const ExprPtr& share = at.arguments[1];
  double value = 0;
  if (const Literal* constant = as_literal(*share)) {
    if (const auto* number = std::get_if<double>(&constant->value)) value = *number;
  } else if (const auto* converted = std::get_if<Cast>(&share->node)) {
    const Literal* inner = as_literal(*converted->child);
    const auto* decimal = inner != nullptr ? std::get_if<types::Decimal>(&inner->value) : nullptr;
    if (decimal != nullptr)
      value = static_cast<double>(decimal->unscaled) / std::pow(10.0, inner->type.scale());
  }
  if (value < 0 || value > 1)
    throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE",
             {{"sqlExpr", sql_of(display(at.unresolved))},
              {"exprName", "percentage"},
              {"valueRange", "[0.0, 1.0]"},
              {"currentValue", input_text(at, 1)}});
}

// transform, filter, exists, forall: the lambda sees the elements (and their index).
ExprPtr Resolver::higher_order(CallSite& at) {
  check_count(at, at.node.arguments.size());
  const auto* lambda =
      at.node.arguments.size() == 2 ? std::get_if<Lambda>(&at.node.arguments[1]->node) : nullptr;
  if (lambda == nullptr)
    throw_unsupported("a lambda as an argument of the function " + at.node.name + ".");
  ExprPtr array = expression(at.node.arguments[0], at.site);
  if (array->type.id() != DataTypeId::kArray) {
    at.arguments = {array, null_of({})};
    throw_input_type(at, 0, "\"ARRAY\"");
  }
  const size_t most = at.function.name == "transform" || at.function.name == "filter" ? 2 : 1;
  if (lambda->names.empty() || lambda->names.size() > most)
    throw_at(at.unresolved->origin, "INVALID_LAMBDA_FUNCTION_CALL.NUM_ARGS_MISMATCH",
             {{"expectedNumArgs", std::to_string(lambda->names.size())}, {"actualNumArgs", "1"}});
  Scope scope;
  Lambda made{lambda->names, {}, nullptr};
  for (size_t i = 0; i < lambda->names.size(); ++i) {
    made.ids.push_back(ids_.next());
    scope.columns.push_back({made.ids.back(),
                             lambda->names[i],
                             i == 0 ? array->type.element() : DataType(DataTypeId::kInteger),
                             i == 0 && array->type.contains_null(),
                             {}});
  }
  lambda_.push_back(&scope);
  try {
    made.body = expression(lambda->body, at.site);
  } catch (...) {
    lambda_.pop_back();
    throw;
  }
  lambda_.pop_back();
  const DataTypeId result = made.body->type.id();
  if (at.function.name != "transform" && result != DataTypeId::kBoolean &&
      result != DataTypeId::kNull) {
    at.arguments = {array, made.body};
    throw_input_type(at, 1, "\"BOOLEAN\"");
  }
  if (at.function.name != "transform") made.body = coerce(made.body, DataTypeId::kBoolean);
  const DataType body_type = made.body->type;
  const bool body_nullable = made.body->nullable;
  const ExprPtr function =
      typed(std::move(made), body_type, body_nullable, at.node.arguments[1]->origin);
  at.arguments = {array, function};
  DataType type =
      at.function.name == "transform" ? DataType::array(body_type, body_nullable) : result_type(at);
  return plain(at, std::move(type));
}

}  // namespace firn::plan

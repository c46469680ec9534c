// Arguments of calls: the casts that each rule asks for, and forms of calls that become plain ones.
#include <algorithm>
#include <cmath>
#include <map>

#include "plan/fold.h"
#include "plan/resolver.h"

namespace firn::plan {
namespace {

using functions::ArgRule;
using functions::Function;

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

bool is_temporal(DataTypeId id) {
  return id == DataTypeId::kDate || id == DataTypeId::kTimestamp || id == DataTypeId::kTimestampNtz;
}

}  // namespace

// Calls whose arguments are named or stand in WITHIN GROUP, as plain ones.
std::optional<UnresolvedCall> Resolver::settled(const UnresolvedCall& node,
                                                const ExprPtr& unresolved) {
  const auto sorts = [](const ExprPtr& argument) {
    const auto* key = std::get_if<UnresolvedCall>(&argument->node);
    return key != nullptr && key->name == "sort_key" ? key : nullptr;
  };
  const bool named = std::any_of(node.argument_names.begin(), node.argument_names.end(),
                                 [](const std::string& name) { return !name.empty(); });
  if (named && node.name == "mask") {
    constexpr std::string_view kNames[] = {"str", "upperchar", "lowerchar", "digitchar",
                                           "otherchar"};
    UnresolvedCall made = node;
    made.argument_names.clear();
    made.arguments = {nullptr, string_literal("X"), string_literal("x"), string_literal("n"),
                      null_of({})};
    for (size_t i = 0; i < node.arguments.size(); ++i) {
      size_t place = i;
      if (!node.argument_names[i].empty()) {
        place = 0;
        while (place < 5 && !same_name(kNames[place], node.argument_names[i], false)) ++place;
      }
      if (place >= 5)
        throw_at(unresolved->origin, "UNRECOGNIZED_PARAMETER_NAME",
                 {{"routineName", "`mask`"},
                  {"argumentName", backquoted(node.argument_names[i])},
                  {"proposal", "`str`, `upperChar`, `lowerChar`, `digitChar`, `otherChar`"}});
      made.arguments[place] = node.arguments[i];
    }
    if (!made.arguments[0])
      throw_at(unresolved->origin, "REQUIRED_PARAMETER_NOT_FOUND",
               {{"routineName", "`mask`"}, {"parameterName", "`str`"}, {"index", "0"}});
    return made;
  }
  if (node.name == "convert_timezone" && node.arguments.size() == 2) {
    UnresolvedCall zone;
    zone.name = "current_timezone";
    UnresolvedCall made = node;
    made.arguments.insert(made.arguments.begin(), make(std::move(zone), unresolved->origin));
    return made;
  }
  const bool ordered_set = node.name == "percentile_cont" || node.name == "percentile_disc";
  const bool has_order = !node.arguments.empty() && sorts(node.arguments.back()) != nullptr;
  if (ordered_set && !has_order && node.arguments.size() < 2)
    throw_at(unresolved->origin, "INVALID_WITHIN_GROUP_EXPRESSION.WITHIN_GROUP_MISSING",
             {{"funcName", backquoted(node.name)}});
  if (has_order && (ordered_set || node.name == "mode")) {
    const UnresolvedCall& key = *sorts(node.arguments.back());
    if (node.arguments.size() > 1 && sorts(node.arguments[node.arguments.size() - 2]) != nullptr)
      throw_at(unresolved->origin, "INVALID_WITHIN_GROUP_EXPRESSION.WRONG_NUM_ORDERINGS",
               {{"funcName", backquoted(node.name)},
                {"expectedNum", "1"},
                {"actualNum", std::to_string(node.arguments.size() - 1)}});
    UnresolvedCall made = node;
    made.arguments = {key.arguments[0]};
    if (ordered_set) {
      made.arguments.push_back(node.arguments[0]);
      made.arguments.push_back(key.arguments[1]);
    }
    return made;
  }
  if (has_order && node.name != "listagg" && node.name != "string_agg")
    throw_at(unresolved->origin, "INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX",
             {{"prettyName", backquoted(node.name)}, {"syntax", "WITHIN GROUP (ORDER BY ...)"}});
  const bool joins = node.name == "listagg" || node.name == "string_agg";
  if (joins && !node.arguments.empty() &&
      (node.arguments.size() == 1 || sorts(node.arguments[1]) != nullptr)) {
    UnresolvedCall made = node;
    made.arguments.insert(made.arguments.begin() + 1, null_of({}));
    return made;
  }
  return std::nullopt;
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
        if (null) return null_of(DataType::array(DataTypeId::kString));
        if (type.id() != DataTypeId::kArray || type.element().is_nested())
          throw_input_type(at, index, "\"ARRAY<STRING>\"");
        return type.element().id() == DataTypeId::kString
                   ? argument
                   : coerce(argument, DataType::array(DataTypeId::kString));
      }
      if (at.function.name == "unix_date" && type.id() != DataTypeId::kDate && !null)
        throw_input_type(at, index, required_text(rule));
      // A date's parts are taken of timestamps too.
      if (rule.types[0] == DataTypeId::kDate && is_temporal(type.id()))
        return coerce(argument, DataTypeId::kDate);
      if (at.function.name == "soundex" && type.id() != DataTypeId::kString && !null)
        throw_input_type(at, index, required_text(rule));
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
      if (at.function.kind == functions::Kind::kAggregate && !null)
        throw_input_type(at, index, required_text(rule));
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
      if (null && at.function.name == "array_remove")
        return coerce(argument, array->type.element());
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
  const std::string_view name = at.function.name;
  const bool arrays = name == "array_union" || name == "array_intersect" ||
                      name == "array_except" || name == "arrays_overlap";
  const bool strict = arrays || name == "greatest" || name == "least" || name == "map_concat";
  std::optional<DataType> type;
  if (!strict) {
    type = common_type(types, options_.ansi);
  } else {
    type = types[0];
    for (const DataType& other : types)
      if (type)
        type = arrays ? element_type(*type, other, options_.ansi)
                      : tightest_type(*type, other, options_.ansi);
  }
  if (name == "map_concat")
    for (const DataType& other : types)
      if (other.id() != DataTypeId::kMap) type.reset();
  if (!type && (arrays || name == "map_concat")) {
    std::string list;
    for (const DataType& t : types) list += (list.empty() ? "" : ", ") + quoted_type(t);
    throw_at(at.unresolved->origin,
             arrays ? "DATATYPE_MISMATCH.BINARY_ARRAY_DIFF_TYPES"
                    : "DATATYPE_MISMATCH.MAP_CONCAT_DIFF_TYPES",
             {{"sqlExpr", sql_of(display(at.unresolved))},
              {"functionName", backquoted(at.node.name)},
              {"arrayType", "\"ARRAY\""},
              {"leftType", quoted_type(types[0])},
              {"rightType", quoted_type(types.back())},
              {"dataType", "[" + list + "]"}});
  }
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

namespace {

// A constant share: as DOUBLE, DECIMAL or what a cast to DOUBLE holds.
std::optional<double> constant_share(const Expr& share) {
  if (const Literal* constant = as_literal(share)) {
    if (const auto* number = std::get_if<double>(&constant->value)) return *number;
    if (const auto* number = std::get_if<float>(&constant->value)) return *number;
    if (const auto* number = std::get_if<int64_t>(&constant->value))
      return static_cast<double>(*number);
    if (const auto* decimal = std::get_if<types::Decimal>(&constant->value))
      return static_cast<double>(decimal->unscaled) / std::pow(10.0, constant->type.scale());
  }
  const auto* converted = std::get_if<Cast>(&share.node);
  return converted != nullptr ? constant_share(*converted->child) : std::nullopt;
}

}  // namespace

// The share of a percentile is a constant from 0 to 1, or an array of such.
void Resolver::check_share(CallSite& at) {
  const bool many = at.arguments[1]->type.id() == DataTypeId::kArray;
  ExprPtr& share = at.arguments[1];
  const auto wanted = many ? DataType::array(DataTypeId::kDouble, false) : DataTypeId::kDouble;
  const bool numbers = many ? share->type.element().is_numeric() : share->type.is_numeric();
  if (!numbers && share->type.id() != DataTypeId::kString)
    throw_input_type(at, 1, "(\"DOUBLE\" or \"ARRAY\")");
  const bool known = !any_node(
      *share, [](const Expr& node) { return std::holds_alternative<ColumnRef>(node.node); });
  if (!known)
    throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.NON_FOLDABLE_INPUT",
             {{"sqlExpr", sql_of(display(at.unresolved))},
              {"inputName", "`percentage`"},
              {"inputType", "\"DOUBLE\""},
              {"inputExpr", input_text(at, 1)}});
  const auto check = [&](const Expr& one) {
    const auto value = constant_share(*fold(std::make_shared<Expr>(one)));
    if (value && *value >= 0 && *value <= 1) return;
    if (!value) return;
    throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE",
             {{"sqlExpr", sql_of(display(at.unresolved))},
              {"exprName", "percentage"},
              {"valueRange", "[0.0, 1.0]"},
              {"currentValue", input_text(at, 1)}});
  };
  share = fold(share);
  if (const Call* list = as_call(*share, "array")) {
    for (const ExprPtr& one : list->arguments) check(*one);
  } else {
    check(*share);
  }
  share = fold(coerce(share, wanted));
}

}  // namespace firn::plan

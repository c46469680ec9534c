// Expressions other than calls: names, fields, casts, CASE, IN, subqueries.
#include <algorithm>
#include <functional>

#include "kernels/timestamp_text.h"
#include "plan/fold.h"
#include "plan/resolver.h"
#include "plan/stack_guard.h"

namespace firn::plan {
ExprPtr Resolver::expression(const ExprPtr& unresolved, const Site& site) {
  if (unresolved->resolved) return unresolved;
  check_stack();
  const ExprNode& node = unresolved->node;
  if (const auto* n = std::get_if<UnresolvedName>(&node)) return name(*n, unresolved, site);
  if (const auto* n = std::get_if<UnresolvedCall>(&node)) return call_of(*n, unresolved, site);
  if (const auto* n = std::get_if<PythonCall>(&node)) return python_call(*n, unresolved, site);
  if (const auto* n = std::get_if<UnresolvedExtract>(&node)) return extract(*n, unresolved, site);
  if (const auto* n = std::get_if<UpdateField>(&node)) return update_field(*n, unresolved, site);
  if (const auto* n = std::get_if<Literal>(&node))
    return literal(n->type, n->value, unresolved->origin);
  if (const auto* n = std::get_if<Alias>(&node)) return expression(n->child, site);
  if (const auto* n = std::get_if<Cast>(&node)) return explicit_cast(*n, unresolved, site);
  if (const auto* n = std::get_if<Case>(&node)) return case_of(*n, unresolved, site);
  if (const auto* n = std::get_if<InList>(&node)) return in_of(*n, unresolved, site);
  if (const auto* n = std::get_if<Subquery>(&node)) return subquery(*n, unresolved, site);
  if (const auto* n = std::get_if<Windowed>(&node)) return windowed(*n, unresolved, site);
  if (std::holds_alternative<UnresolvedStar>(node))
    throw_at(unresolved->origin, "INVALID_USAGE_OF_STAR_OR_REGEX",
             {{"elem", "'*'"}, {"prettyName", site.clause}});
  throw_unsupported("the expression " + to_string(*unresolved) + " in this place");
}

ExprPtr Resolver::name(const UnresolvedName& node, const ExprPtr& unresolved, const Site& site) {
  for (size_t i = lambda_.size(); i-- > 0;)
    if (const auto match =
            find_name(*lambda_[i], node.parts, options_.case_sensitive, unresolved->origin))
      return fields_of(column(match->attribute, unresolved->origin), node.parts, match->used,
                       unresolved);
  std::optional<NameMatch> match = find_column(node, *site.scope, unresolved->origin);
  for (size_t i = outer_.size(); !match && i-- > 0;)
    match = find_column(node, *outer_[i], unresolved->origin);
  if (!match) {
    // Functions that stand without parentheses.
    constexpr std::string_view kBare[] = {"current_date",   "current_timestamp",
                                          "localtimestamp", "current_user",
                                          "user",           "session_user"};
    if (node.parts.size() == 1)
      for (const std::string_view function : kBare)
        if (same_name(node.parts[0], function, false)) {
          UnresolvedCall call;
          call.name = function;
          const ExprPtr as_call = make(call, unresolved->origin);
          const ExprPtr made = expression(as_call, site);
          remember_display(unresolved, std::string(function) + "()");
          return made;
        }
    throw_unresolved(node.parts, *site.scope, unresolved->origin);
  }
  std::string shown;
  for (size_t i = match->used - 1; i < node.parts.size(); ++i)
    shown += (shown.empty() ? "" : ".") + node.parts[i];
  remember_display(unresolved, shown);
  return fields_of(column(match->attribute, unresolved->origin), node.parts, match->used,
                   unresolved);
}

ExprPtr Resolver::fields_of(ExprPtr child, const std::vector<std::string>& parts, size_t from,
                            const ExprPtr& unresolved) {
  for (size_t i = from; i < parts.size(); ++i) {
    UnresolvedExtract step{child, string_literal(parts[i])};
    child = extract(step, unresolved, {});
  }
  return child;
}

ExprPtr Resolver::extract(const UnresolvedExtract& node, const ExprPtr& unresolved,
                          const Site& site) {
  const ExprPtr child = expression(node.child, site);
  const ExprPtr key = expression(node.key, site);
  const bool written = std::holds_alternative<UnresolvedExtract>(unresolved->node);
  const std::optional<QueryContext>& origin = unresolved->origin;
  const Literal* constant = as_literal(*key);
  const auto* text = constant != nullptr ? std::get_if<std::string>(&constant->value) : nullptr;
  const bool array_of_structs =
      child->type.id() == DataTypeId::kArray && child->type.element().id() == DataTypeId::kStruct;
  if (child->type.id() == DataTypeId::kStruct || (array_of_structs && text != nullptr)) {
    const DataType& structure = array_of_structs && child->type.id() == DataTypeId::kArray
                                    ? child->type.element()
                                    : child->type;
    if (text == nullptr)
      throw_at(origin, "INVALID_EXTRACT_FIELD_TYPE", {{"extraction", sql_of(display(node.key))}});
    const auto index = find_field(structure, *text, options_.case_sensitive, origin);
    if (!index) {
      std::string fields;
      for (const types::StructField& f : structure.fields())
        fields += (fields.empty() ? "" : ", ") + backquoted(f.name);
      throw_at(origin, "FIELD_NOT_FOUND", {{"fieldName", backquoted(*text)}, {"fields", fields}});
    }
    if (written) remember_display(unresolved, display(node.child) + "." + *text);
    if (child->type.id() == DataTypeId::kStruct) return field(child, *index, origin);
    const types::StructField& member = structure.fields()[static_cast<size_t>(*index)];
    return call("array_field", {child, integer_literal(*index)},
                DataType::array(member.type, child->type.contains_null() || member.nullable),
                settings(), origin);
  }
  if (child->type.id() == DataTypeId::kArray) {
    if (!key->type.is_integral() && key->type.id() != DataTypeId::kNull)
      throw_at(origin, "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
               {{"sqlExpr", sql_of(display(unresolved))},
                {"paramIndex", "second"},
                {"requiredType", "\"INTEGRAL\""},
                {"inputSql", sql_of(display(node.key))},
                {"inputType", quoted_type(key->type)}});
    return call("array_item", {child, coerce(key, DataTypeId::kInteger)}, child->type.element(),
                settings(), origin);
  }
  if (child->type.id() == DataTypeId::kMap) {
    const auto type = common_type(child->type.key(), key->type, options_.ansi);
    const bool fits = (type && type->same_ignoring_nullability(child->type.key())) ||
                      implicit_type(key->type, child->type.key().id(), options_.ansi);
    if (!fits)
      throw_at(origin, "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
               {{"sqlExpr", sql_of(display(unresolved))},
                {"paramIndex", "second"},
                {"requiredType", quoted_type(child->type.key())},
                {"inputSql", sql_of(display(node.key))},
                {"inputType", quoted_type(key->type)}});
    if (written && text != nullptr)
      remember_display(unresolved, display(node.child) + "[" + *text + "]");
    return call("map_item", {child, coerce(key, child->type.key())}, child->type.value(),
                settings(), origin);
  }
  throw_at(origin, "INVALID_EXTRACT_BASE_FIELD_TYPE",
           {{"base", sql_of(pretty_name(*child))}, {"other", quoted_type(child->type)}});
}

ExprPtr Resolver::explicit_cast(const Cast& node, const ExprPtr& unresolved, const Site& site) {
  ExprPtr child = expression(node.child, site);
  CastMode mode = node.mode;
  if (mode == CastMode::kUnresolved) mode = implicit_mode();
  const bool strict = mode != CastMode::kLegacy;
  if (!can_cast(child->type, node.type, strict)) {
    Params params{{"sqlExpr", sql_of(display(unresolved))},
                  {"srcType", quoted_type(child->type)},
                  {"targetType", quoted_type(node.type)}};
    if (mode == CastMode::kAnsi) {
      const DataTypeId from = child->type.id();
      const char* functions = node.type.id() == DataTypeId::kTimestamp && child->type.is_numeric()
                                  ? "`TIMESTAMP_SECONDS`/`TIMESTAMP_MILLIS`/`TIMESTAMP_MICROS`"
                              : node.type.id() == DataTypeId::kDate && child->type.is_integral()
                                  ? "`DATE_FROM_UNIX_DATE`"
                              : from == DataTypeId::kDate && node.type.is_numeric() ? "`UNIX_DATE`"
                                                                                    : nullptr;
      if (functions != nullptr) {
        params["functionNames"] = functions;
        throw_at(unresolved->origin, "DATATYPE_MISMATCH.CAST_WITH_FUNC_SUGGESTION", params);
      }
      params["config"] = "\"spark.sql.ansi.enabled\"";
      params["configVal"] = "'false'";
      if (can_cast(child->type, node.type, false))
        throw_at(unresolved->origin, "DATATYPE_MISMATCH.CAST_WITH_CONF_SUGGESTION", params);
    }
    throw_at(unresolved->origin, "DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION", params);
  }
  if (child->type.same_ignoring_nullability(node.type)) return child;
  // Spark's older mode has casts of dates to numbers; they give NULL.
  if (child->type.id() == DataTypeId::kDate &&
      (node.type.is_numeric() || node.type.id() == DataTypeId::kBoolean))
    return literal(node.type, types::Null{}, unresolved->origin);
  ExprPtr made = cast(child, node.type, mode, false, unresolved->origin, options_.time_zone);
  made = moment(std::move(made));
  if (const Literal* constant = as_literal(*made); constant != nullptr && node.implicit)
    show_moment(unresolved, *constant);
  if (node.mode == CastMode::kTry && !made->nullable)
    return typed(Cast{child, node.type, mode, false, options_.time_zone}, node.type, true,
                 unresolved->origin);
  return made;
}

// TIMESTAMP '…' is shown as the value it is, in the session's zone.
void Resolver::show_moment(const ExprPtr& unresolved, const Literal& constant) {
  const auto* micros = std::get_if<int64_t>(&constant.value);
  const auto zone = kernels::find_time_zone(options_.time_zone);
  if (constant.type.id() != DataTypeId::kTimestamp || micros == nullptr || !zone) return;
  remember_display(unresolved,
                   pretty_name(*literal(DataTypeId::kTimestamp, zone->to_local(*micros))));
}

ExprPtr Resolver::moment(ExprPtr expr) {
  const auto* node = std::get_if<Cast>(&expr->node);
  const Literal* constant = node != nullptr ? as_literal(*node->child) : nullptr;
  const auto* text = constant != nullptr && constant->type.id() == DataTypeId::kString
                         ? std::get_if<std::string>(&constant->value)
                         : nullptr;
  if (text == nullptr) return expr;
  if (node->type.id() == DataTypeId::kTimestamp) {
    const auto zone = kernels::find_time_zone(options_.time_zone);
    const auto micros = zone ? kernels::parse_timestamp(*text, *zone) : std::nullopt;
    if (micros) return literal(DataTypeId::kTimestamp, *micros, expr->origin);
  }
  if (node->type.id() == DataTypeId::kTimestampNtz)
    if (const auto micros = kernels::parse_timestamp_ntz(*text, true))
      return literal(DataTypeId::kTimestampNtz, *micros, expr->origin);
  if (node->type.id() == DataTypeId::kDate)
    if (const auto days = kernels::parse_date(*text))
      return literal(DataTypeId::kDate, *days, expr->origin);
  return expr;
}

ExprPtr Resolver::case_of(const Case& node, const ExprPtr& unresolved, const Site& site) {
  std::vector<CaseBranch> branches;
  std::vector<DataType> types;
  for (const CaseBranch& branch : node.branches) {
    ExprPtr condition;
    if (node.operand) {
      UnresolvedCall equals;
      equals.name = "=";
      equals.arguments = {node.operand, branch.condition};
      condition = expression(make(std::move(equals), branch.condition->origin), site);
    } else {
      condition = expression(branch.condition, site);
      if (condition->type.id() != DataTypeId::kBoolean)
        throw_at(unresolved->origin, "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
                 {{"sqlExpr", sql_of(display(unresolved))},
                  {"paramIndex", ordinal_name(branches.size())},
                  {"requiredType", "\"BOOLEAN\""},
                  {"inputSql", sql_of(display(branch.condition))},
                  {"inputType", quoted_type(condition->type)}});
    }
    branches.push_back({std::move(condition), expression(branch.value, site)});
    types.push_back(branches.back().value->type);
  }
  ExprPtr otherwise = node.otherwise ? expression(node.otherwise, site) : nullptr;
  if (otherwise) types.push_back(otherwise->type);
  const auto type = common_type(types, options_.ansi);
  if (!type) {
    std::string list;
    for (const DataType& t : types) list += (list.empty() ? "" : ", ") + quoted_type(t);
    throw_at(unresolved->origin, "DATATYPE_MISMATCH.DATA_DIFF_TYPES",
             {{"sqlExpr", sql_of(display(unresolved))},
              {"functionName", "`casewhen`"},
              {"dataType", "[" + list + "]"}});
  }
  for (CaseBranch& branch : branches) branch.value = coerce(branch.value, *type);
  if (otherwise) otherwise = coerce(otherwise, *type);
  return case_when(std::move(branches), std::move(otherwise), unresolved->origin);
}

ExprPtr Resolver::in_of(const InList& node, const ExprPtr& unresolved, const Site& site) {
  InList made{expression(node.child, site), {}, node.negated};
  std::vector<DataType> types{made.child->type};
  for (const ExprPtr& value : node.values) {
    made.values.push_back(expression(value, site));
    types.push_back(made.values.back()->type);
  }
  std::optional<DataType> type;
  if (options_.ansi || types.size() > 2) {
    type = common_type(types, options_.ansi);
  } else {
    type = comparison_type(types[0], types[1], false);
  }
  if (!type) {
    std::string list;
    for (const DataType& t : types) list += (list.empty() ? "" : ", ") + quoted_type(t);
    throw_at(unresolved->origin, "DATATYPE_MISMATCH.DATA_DIFF_TYPES",
             {{"sqlExpr", sql_of(display(unresolved))},
              {"functionName", "`in`"},
              {"dataType", "[" + list + "]"}});
  }
  made.child = coerce(made.child, *type);
  for (ExprPtr& value : made.values) value = coerce(value, *type);
  return in_list(std::move(made), unresolved->origin);
}

ExprPtr Resolver::subquery(const Subquery& node, const ExprPtr& unresolved, const Site& site) {
  Subquery made{node.kind, nullptr, {}, node.negated};
  for (const ExprPtr& needle : node.needles) made.needles.push_back(expression(needle, site));
  outer_.push_back(site.scope);
  Scoped inner;
  try {
    inner = relation(node.plan);
  } catch (...) {
    outer_.pop_back();
    throw;
  }
  outer_.pop_back();
  made.plan = trimmed(inner);
  const std::vector<Attribute> output = made.plan->output;
  if (made.plan->streaming)
    throw_at(unresolved->origin, "INVALID_SUBQUERY_EXPRESSION.STREAMING_QUERY");
  if (node.kind == SubqueryKind::kExists)
    return typed(std::move(made), DataTypeId::kBoolean, false, unresolved->origin);
  if (node.kind == SubqueryKind::kScalar) {
    if (output.size() != 1)
      throw_at(unresolved->origin,
               "INVALID_SUBQUERY_EXPRESSION.SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN",
               {{"number", std::to_string(output.size())}});
    // Shown with the columns of enclosing queries that it reads.
    std::set<AttributeId> inside;
    const std::function<void(const Relation&)> gives = [&](const Relation& plan) {
      for (const Attribute& attribute : plan.output) inside.insert(attribute.id);
      for_each_expression(plan, [&](const ExprPtr& expr) {
        if (const auto* named = std::get_if<Alias>(&expr->node)) inside.insert(named->id);
      });
      for (const RelationPtr& child : children_of(plan)) gives(*child);
    };
    gives(*made.plan);
    std::vector<AttributeId> read;
    collect_references(*made.plan, read);
    std::string shown;
    std::set<AttributeId> known;
    for (const AttributeId id : read) {
      if (inside.count(id) || !known.insert(id).second) continue;
      for (const Scope* scope = site.scope; scope != nullptr; scope = scope->next)
        for (const auto* list : {&scope->columns, &scope->hidden})
          for (const Attribute& attribute : *list)
            if (attribute.id == id && inside.insert(id).second)
              shown += (shown.empty() ? "" : ", ") + attribute.name;
    }
    if (!shown.empty()) remember_display(unresolved, "scalarsubquery(" + shown + ")");
    return typed(std::move(made), output[0].type, true, unresolved->origin);
  }
  const auto types_of = [](const auto& list) {
    std::string text;
    for (const auto& item : list) {
      if constexpr (std::is_same_v<std::decay_t<decltype(item)>, Attribute>)
        text += (text.empty() ? "" : ", ") + quoted_type(item.type);
      else
        text += (text.empty() ? "" : ", ") + quoted_type(item->type);
    }
    return text;
  };
  if (output.size() != made.needles.size()) {
    std::string left, right;
    for (const ExprPtr& needle : node.needles)
      left += (left.empty() ? "" : ", ") + sql_of(display(needle));
    for (const Attribute& attribute : output)
      right += (right.empty() ? "" : ", ") + sql_of(attribute.name);
    throw_at(unresolved->origin, "DATATYPE_MISMATCH.IN_SUBQUERY_LENGTH_MISMATCH",
             {{"sqlExpr", sql_of(display(unresolved))},
              {"leftLength", std::to_string(made.needles.size())},
              {"leftColumns", left},
              {"rightLength", std::to_string(output.size())},
              {"rightColumns", right}});
  }
  std::vector<ExprPtr> columns;
  bool casts = false, nullable = false;
  for (size_t i = 0; i < output.size(); ++i) {
    const auto type = comparison_type(made.needles[i]->type, output[i].type, options_.ansi);
    if (!type)
      throw_at(unresolved->origin, "DATATYPE_MISMATCH.IN_SUBQUERY_DATA_TYPE_MISMATCH",
               {{"sqlExpr", sql_of(display(unresolved))},
                {"mismatchedColumns", ""},
                {"leftType", types_of(made.needles)},
                {"rightType", types_of(output)}});
    made.needles[i] = coerce(made.needles[i], *type);
    const ExprPtr as_is = column(output[i]);
    const ExprPtr value = coerce(as_is, *type);
    casts |= value != as_is;
    columns.push_back(value == as_is ? value : alias(value, output[i].name, ids_.next()));
    nullable |= value->nullable || made.needles[i]->nullable;
  }
  if (casts) made.plan = project(std::move(columns), made.plan);
  return typed(std::move(made), DataTypeId::kBoolean, nullable, unresolved->origin);
}

ExprPtr Resolver::boolean_condition(const ExprPtr& unresolved, const Site& site,
                                    const char* where) {
  ExprPtr condition = expression(unresolved, site);
  if (std::string_view(where) == "WHERE" && contains_aggregate(*condition))
    throw_at(unresolved->origin, "INVALID_WHERE_CONDITION",
             {{"condition", sql_of(display(unresolved))},
              {"expressionList", sql_of(display(unresolved))}});
  if (condition->type.id() == DataTypeId::kBoolean) return condition;
  if (condition->type.id() == DataTypeId::kNull) return coerce(condition, DataTypeId::kBoolean);
  if (condition->type.id() == DataTypeId::kString && options_.ansi &&
      std::string_view(where) != "WHERE")
    return coerce(condition, DataTypeId::kBoolean);
  if (std::string_view(where) == "JOIN")
    throw_at(unresolved->origin, "JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE",
             {{"joinCondition", sql_of(display(unresolved))},
              {"conditionType", quoted_type(condition->type)}});
  throw_at(unresolved->origin, "DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN",
           {{"sqlExpr", sql_of(display(unresolved))},
            {"filter", sql_of(display(unresolved))},
            {"type", quoted_type(condition->type)}});
}

}  // namespace firn::plan

// Functions with lambdas. transform, filter, exists and forall run as such; the others become these
// over entries, pairs or a running value.
#include <algorithm>

#include "plan/resolver.h"
#include "plan/rewrite.h"

namespace firn::plan {
namespace {

using enum DataTypeId;

DataType pair_type(const std::string& first, DataType a, const std::string& second, DataType b) {
  return DataType::structure({{first, std::move(a), true, ""}, {second, std::move(b), true, ""}});
}

}  // namespace

ExprPtr Resolver::Bound::as_argument() const {
  const DataType type = lambda.body->type;
  const bool nullable = lambda.body->nullable;
  return typed(lambda, type, nullable, lambda.body->origin);
}

ExprPtr Resolver::Bound::with(const std::vector<ExprPtr>& values) const {
  std::map<AttributeId, ExprPtr> by;
  for (size_t i = 0; i < lambda.ids.size(); ++i) by[lambda.ids[i]] = values[i];
  return substitute(lambda.body, by);
}

// An argument that is no lambda: the same value whatever the elements are.
Resolver::Bound Resolver::constant_lambda(CallSite& at, size_t index,
                                          const std::vector<Attribute>& arguments) {
  Bound made;
  const bool index_is_optional = at.function.name == "transform" || at.function.name == "filter";
  const size_t count = index_is_optional ? 1 : arguments.size();
  for (size_t i = 0; i < count; ++i) {
    made.lambda.ids.push_back(ids_.next());
    made.lambda.names.push_back("x_" + std::to_string(i + 1));
  }
  made.lambda.body = expression(at.node.arguments.at(index), at.site);
  return made;
}

// The `index`-th argument as a lambda over values of these types; it may take fewer of them than
// there are where the function lets it (transform's index).
Resolver::Bound Resolver::bind_lambda(CallSite& at, size_t index,
                                      const std::vector<Attribute>& arguments) {
  const ExprPtr& written = at.node.arguments.at(index);
  const auto* lambda = std::get_if<Lambda>(&written->node);
  if (lambda == nullptr) return constant_lambda(at, index, arguments);
  for (size_t i = 0; i < lambda->names.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (same(lambda->names[i], lambda->names[j]))
        throw_at(written->origin, "INVALID_LAMBDA_FUNCTION_CALL.DUPLICATE_ARG_NAMES",
                 {{"args", lambda->names[i]}, {"caseSensitiveConfig", "spark.sql.caseSensitive"}});
  const bool index_is_optional = at.function.name == "transform" || at.function.name == "filter";
  const size_t given = lambda->names.size();
  const bool fits = given == arguments.size() || (index_is_optional && given == 1);
  if (!fits)
    throw_at(at.unresolved->origin, "INVALID_LAMBDA_FUNCTION_CALL.NUM_ARGS_MISMATCH",
             {{"expectedNumArgs", std::to_string(given)},
              {"actualNumArgs", std::to_string(arguments.size())}});
  Scope scope;
  Bound made;
  made.lambda.names = lambda->names;
  for (size_t i = 0; i < given; ++i) {
    made.lambda.ids.push_back(ids_.next());
    scope.columns.push_back(
        {made.lambda.ids.back(), lambda->names[i], arguments[i].type, arguments[i].nullable, {}});
  }
  lambda_.push_back(&scope);
  try {
    made.lambda.body = expression(lambda->body, at.site);
  } catch (...) {
    lambda_.pop_back();
    throw;
  }
  lambda_.pop_back();
  if (contains_subquery(*made.lambda.body))
    throw_at(written->origin, "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.HIGHER_ORDER_FUNCTION");
  return made;
}

ExprPtr Resolver::lambda_over(const DataType& element, bool nullable,
                              const std::function<ExprPtr(const ExprPtr&)>& body) {
  const Attribute item{ids_.next(), "item", element, nullable, {}};
  Lambda made{{"item"}, {item.id}, body(column(item))};
  const DataType type = made.body->type;
  const bool null = made.body->nullable;
  return typed(std::move(made), type, null);
}

ExprPtr Resolver::built(std::string_view function, std::vector<ExprPtr> arguments, DataType type,
                        const CallSite& at) {
  const std::optional<QueryContext>& origin = at.unresolved->origin;
  const ExprPtr made = call(function, std::move(arguments), std::move(type), settings(), origin);
  if (!options_.last_key_wins || !makes_map(function)) return made;
  Call keyed = std::get<Call>(made->node);
  keyed.seed = 1;
  return call(std::move(keyed), made->type, made->nullable, origin);
}

ExprPtr Resolver::higher_order(CallSite& at) {
  check_count(at, at.node.arguments.size());
  const std::string_view name = at.function.name;
  const bool known = std::any_of(at.function.arguments.begin(), at.function.arguments.end(),
                                 [](const functions::ArgRule& rule) {
                                   return rule.kind == functions::ArgRule::Kind::kLambda;
                                 });
  if (!known)
    throw_at(at.unresolved->origin, "INVALID_LAMBDA_FUNCTION_CALL.NON_HIGHER_ORDER_FUNCTION",
             {{"class", std::string(name)}});
  ExprPtr first = expression(at.node.arguments[0], at.site);
  const bool maps = name == "map_filter" || name == "transform_keys" ||
                    name == "transform_values" || name == "map_zip_with";
  if (first->type.id() != (maps ? kMap : kArray)) {
    at.arguments = {first, null_of({})};
    throw_input_type(at, 0, maps ? "\"MAP\"" : "\"ARRAY\"");
  }
  if (name == "aggregate") return aggregated(at, first);
  if (name == "array_sort") return sorted_by(at, first);
  if (name == "zip_with") return zipped(at, first);
  if (name == "map_zip_with") return zipped_maps(at, first);
  if (maps) return over_map(at, first);

  std::vector<Attribute> arguments{
      {{}, "", first->type.element(), first->type.contains_null(), {}}};
  if (name == "transform" || name == "filter") arguments.push_back({{}, "", kInteger, false, {}});
  Bound bound = bind_lambda(at, 1, arguments);
  ExprPtr& body = bound.lambda.body;
  if (name != "transform") {
    if (body->type.id() != kBoolean && body->type.id() != kNull) {
      at.arguments = {first, body};
      throw_input_type(at, 1, "\"BOOLEAN\"");
    }
    body = coerce(body, kBoolean);
  }
  at.arguments = {first, bound.as_argument()};
  DataType type =
      name == "transform" ? DataType::array(body->type, body->nullable) : result_type(at);
  return plain(at, std::move(type));
}

// aggregate(array, start, merge[, finish]): reduce over pairs (running value, element), so that the
// running value may have another type than the elements.
ExprPtr Resolver::aggregated(CallSite& at, const ExprPtr& array) {
  const ExprPtr start = expression(at.node.arguments[1], at.site);
  const DataType &element = array->type.element(), &running = start->type;
  Bound merge = bind_lambda(
      at, 2, {{{}, "", running, true, {}}, {{}, "", element, array->type.contains_null(), {}}});
  if (!merge.lambda.body->type.same_ignoring_nullability(running)) {
    at.arguments = {array, start, merge.lambda.body};
    throw_input_type(at, 2, quoted_type(running));
  }
  const DataType pair = pair_type("value", running, "item", element);
  const auto pair_of = [&](const ExprPtr& value, const ExprPtr& item) {
    return built("named_struct", {string_literal("value"), value, string_literal("item"), item},
                 pair, at);
  };
  const DataType pairs = DataType::array(pair, false);
  const ExprPtr items = built(
      "transform",
      {array, lambda_over(element, true,
                          [&](const ExprPtr& item) { return pair_of(null_of(running), item); })},
      pairs, at);
  const ExprPtr seeded =
      built("array_prepend", {items, pair_of(start, null_of(element))}, pairs, at);
  const Attribute a{ids_.next(), "a", pair, false, {}}, b{ids_.next(), "b", pair, false, {}};
  Lambda step{{"a", "b"},
              {a.id, b.id},
              pair_of(merge.with({field(column(a), 0), field(column(b), 1)}), null_of(element))};
  const ExprPtr reduced =
      built("reduce_pairs", {seeded, typed(std::move(step), pair, false)}, pair, at);
  const ExprPtr value = field(reduced, 0, at.unresolved->origin);
  if (at.node.arguments.size() < 4) return value;
  Bound finish = bind_lambda(at, 3, {{{}, "", running, true, {}}});
  const DataType result = finish.lambda.body->type;
  const ExprPtr one = built("array", {value}, DataType::array(running, true), at);
  const ExprPtr mapped = built("transform", {one, finish.as_argument()},
                               DataType::array(result, finish.lambda.body->nullable), at);
  const ExprPtr got = built("get", {mapped, integer_literal(0)}, result, at);
  return case_when({{built("isnotnull", {array}, kBoolean, at), got}}, null_of(result),
                   at.unresolved->origin);
}

// array_sort(array, comparator): each element goes to the place that it has by the number of
// elements before it.
ExprPtr Resolver::sorted_by(CallSite& at, const ExprPtr& array) {
  const DataType& element = array->type.element();
  const bool nullable = array->type.contains_null();
  Bound compare =
      bind_lambda(at, 1, {{{}, "", element, nullable, {}}, {{}, "", element, nullable, {}}});
  const ExprPtr body = compare.lambda.body;
  if (body->type.id() != kInteger) {
    at.arguments = {array, body};
    throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.UNEXPECTED_RETURN_TYPE",
             {{"sqlExpr", sql_of(display(at.unresolved))},
              {"functionName", "`lambdafunction`"},
              {"expectedType", "\"INT\""},
              {"actualType", quoted_type(body->type)}});
  }
  const auto item = [&](DataType type) {
    return Attribute{ids_.next(), "item", std::move(type), true, {}};
  };
  const Attribute x = item(element), i = item(kInteger), y = item(element), j = item(kInteger);
  const ExprPtr order = compare.with({column(y), column(x)});
  const ExprPtr before = built("<", {order, integer_literal(0)}, kBoolean, at);
  const ExprPtr tie = built("and",
                            {built("=", {order, integer_literal(0)}, kBoolean, at),
                             built("<", {column(j), column(i)}, kBoolean, at)},
                            kBoolean, at);
  Lambda inner{{"y", "j"}, {y.id, j.id}, built("or", {before, tie}, kBoolean, at)};
  const ExprPtr earlier =
      built("filter", {array, typed(std::move(inner), kBoolean, true)}, array->type, at);
  Lambda outer{{"x", "i"}, {x.id, i.id}, built("size", {earlier}, kInteger, at)};
  const DataType places = DataType::array(kInteger, false);
  const ExprPtr positions =
      built("transform", {array, typed(std::move(outer), kInteger, false)}, places, at);
  return built("array_placed", {array, positions}, array->type, at);
}

ExprPtr Resolver::zipped(CallSite& at, const ExprPtr& array) {
  const ExprPtr other = expression(at.node.arguments[1], at.site);
  if (other->type.id() != kArray) {
    at.arguments = {array, other};
    throw_input_type(at, 1, "\"ARRAY\"");
  }
  const DataType &a = array->type.element(), &b = other->type.element();
  const Bound bound = bind_lambda(at, 2, {{{}, "", a, true, {}}, {{}, "", b, true, {}}});
  const DataType pair = pair_type("0", a, "1", b);
  const ExprPtr pairs = built("arrays_zip", {array, other}, DataType::array(pair, false), at);
  const ExprPtr lambda = lambda_over(pair, false, [&](const ExprPtr& both) {
    return bound.with({field(both, 0), field(both, 1)});
  });
  return built("transform", {pairs, lambda},
               DataType::array(bound.lambda.body->type, bound.lambda.body->nullable), at);
}

// map_filter, transform_keys, transform_values.
ExprPtr Resolver::over_map(CallSite& at, const ExprPtr& map) {
  const DataType &key = map->type.key(), &value = map->type.value();
  const bool nullable = map->type.contains_null();
  Bound bound = bind_lambda(at, 1, {{{}, "", key, false, {}}, {{}, "", value, nullable, {}}});
  ExprPtr& body = bound.lambda.body;
  const bool filters = at.function.name == "map_filter";
  if (filters && body->type.id() != kBoolean && body->type.id() != kNull) {
    at.arguments = {map, body};
    throw_input_type(at, 1, "\"BOOLEAN\"");
  }
  if (filters) body = coerce(body, kBoolean);
  const DataType entry =
      DataType::structure({{"key", key, false, ""}, {"value", value, nullable, ""}});
  const DataType entry_list = DataType::array(entry, false);
  const ExprPtr entries = built("map_entries", {map}, entry_list, at);
  const ExprPtr lambda = lambda_over(entry, false, [&](const ExprPtr& item) {
    return bound.with({field(item, 0), field(item, 1)});
  });
  if (filters)
    return built("map_from_entries", {built("filter", {entries, lambda}, entry_list, at)},
                 map->type, at);
  const ExprPtr mapped =
      built("transform", {entries, lambda}, DataType::array(body->type, body->nullable), at);
  if (at.function.name == "transform_keys")
    return built("map_from_arrays",
                 {mapped, built("map_values", {map}, DataType::array(value, nullable), at)},
                 DataType::map(body->type, value, nullable), at);
  return built("map_from_arrays",
               {built("map_keys", {map}, DataType::array(key, false), at), mapped},
               DataType::map(key, body->type, body->nullable), at);
}

ExprPtr Resolver::zipped_maps(CallSite& at, const ExprPtr& map) {
  const ExprPtr other = expression(at.node.arguments[1], at.site);
  if (other->type.id() != kMap) {
    at.arguments = {map, other};
    throw_input_type(at, 1, "\"MAP\"");
  }
  const auto key = tightest_type(map->type.key(), other->type.key(), options_.ansi);
  if (!key)
    throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.MAP_ZIP_WITH_DIFF_TYPES",
             {{"sqlExpr", sql_of(display(at.unresolved))},
              {"functionName", "`map_zip_with`"},
              {"leftType", quoted_type(map->type.key())},
              {"rightType", quoted_type(other->type.key())}});
  const auto with_key = [&](const ExprPtr& m) {
    return coerce(m, DataType::map(*key, m->type.value(), m->type.contains_null()));
  };
  const ExprPtr left = with_key(map), right = with_key(other);
  const Bound bound = bind_lambda(at, 2,
                                  {{{}, "", *key, false, {}},
                                   {{}, "", left->type.value(), true, {}},
                                   {{}, "", right->type.value(), true, {}}});
  const DataType key_list = DataType::array(*key, false);
  const ExprPtr keys =
      built("array_union",
            {built("map_keys", {left}, key_list, at), built("map_keys", {right}, key_list, at)},
            key_list, at);
  const ExprPtr lambda = lambda_over(*key, false, [&](const ExprPtr& k) {
    return bound.with({k, built("map_item", {left, k}, left->type.value(), at),
                       built("map_item", {right, k}, right->type.value(), at)});
  });
  const ExprPtr& body = bound.lambda.body;
  const ExprPtr values =
      built("transform", {keys, lambda}, DataType::array(body->type, body->nullable), at);
  return built("map_from_arrays", {keys, values}, DataType::map(*key, body->type, body->nullable),
               at);
}

}  // namespace firn::plan

// Generators: in select lists, LATERAL VIEW and FROM. All become explode, posexplode or inline of
// an array or a map.
#include "plan/fold.h"
#include "plan/generators.h"
#include "plan/resolver.h"

namespace firn::plan {
namespace {

using enum DataTypeId;

struct GeneratorRow {
  std::string_view name;
  std::string_view function;  // what it becomes
  bool outer;
};
constexpr GeneratorRow kGenerators[] = {
    {"explode", "explode", false},       {"explode_outer", "explode", true},
    {"posexplode", "posexplode", false}, {"posexplode_outer", "posexplode", true},
    {"inline", "inline", false},         {"inline_outer", "inline", true},
    {"stack", "inline", false},          {"json_tuple", "inline", false},
};

const GeneratorRow* find_generator(std::string_view name) {
  for (const GeneratorRow& row : kGenerators)
    if (row.name == name) return &row;
  return nullptr;
}

}  // namespace

const UnresolvedCall* generator_call(const Expr& item) {
  if (const auto* named = std::get_if<Alias>(&item.node)) return generator_call(*named->child);
  if (const auto* named = std::get_if<MultiAlias>(&item.node)) return generator_call(*named->child);
  const auto* call = std::get_if<UnresolvedCall>(&item.node);
  return call != nullptr && find_generator(call->name) != nullptr ? call : nullptr;
}

std::optional<size_t> generator_index(const std::vector<ExprPtr>& list) {
  for (size_t i = 0; i < list.size(); ++i)
    if (generator_call(*list[i]) != nullptr) return i;
  return std::nullopt;
}

bool calls_aggregate(const Expr& unresolved) {
  if (std::holds_alternative<Windowed>(unresolved.node)) return false;
  if (const auto* call = std::get_if<UnresolvedCall>(&unresolved.node)) {
    const functions::Function* function = functions::find_function(call->name);
    if (function != nullptr && function->kind == functions::Kind::kAggregate) return true;
  }
  bool found = false;
  for_each_child(unresolved,
                 [&](const ExprPtr& child) { found = found || calls_aggregate(*child); });
  return found;
}

// stack(n, a, b, …): n rows of as many columns as are needed.
ExprPtr Resolver::stacked(const UnresolvedCall& node, const ExprPtr& unresolved, const Site& site) {
  std::vector<ExprPtr> values;
  for (const ExprPtr& argument : node.arguments) values.push_back(expression(argument, site));
  if (values.size() < 2)
    throw_at(unresolved->origin, "WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
             {{"functionName", "`stack`"},
              {"expectedNum", "> 1"},
              {"actualNum", std::to_string(values.size())},
              {"docroot", "https://spark.apache.org/docs/latest"}});
  const ExprPtr count = fold(values[0]);
  const Literal* constant = as_literal(*count);
  if (count->type.id() != kInteger && count->type.id() != kNull)
    throw_at(unresolved->origin, "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
             {{"sqlExpr", sql_of(display(unresolved))},
              {"paramIndex", "first"},
              {"requiredType", "\"INT\""},
              {"inputSql", sql_of(display(node.arguments[0]))},
              {"inputType", quoted_type(count->type)}});
  if (constant == nullptr)
    throw_at(unresolved->origin, "DATATYPE_MISMATCH.NON_FOLDABLE_INPUT",
             {{"sqlExpr", sql_of(display(unresolved))},
              {"inputName", "`n`"},
              {"inputType", "\"INT\""},
              {"inputExpr", sql_of(display(node.arguments[0]))}});
  const auto* number = std::get_if<int64_t>(&constant->value);
  if (number == nullptr)
    throw_at(unresolved->origin, "DATATYPE_MISMATCH.UNEXPECTED_NULL",
             {{"sqlExpr", sql_of(display(unresolved))}, {"exprName", "`n`"}});
  if (*number <= 0)
    throw_at(unresolved->origin, "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE",
             {{"sqlExpr", sql_of(display(unresolved))},
              {"exprName", "`n`"},
              {"valueRange", "(0, 2147483647]"},
              {"currentValue", std::to_string(*number)}});
  const auto rows = static_cast<size_t>(*number);
  const size_t width = (values.size() - 1 + rows - 1) / rows;
  std::vector<types::StructField> fields;
  for (size_t c = 0; c < width; ++c) {
    DataType type;
    for (size_t i = 1 + c; i < values.size(); i += width) {
      if (type.id() == kNull) type = values[i]->type;
      if (values[i]->type.id() != kNull && !values[i]->type.same_ignoring_nullability(type))
        throw_at(unresolved->origin, "DATATYPE_MISMATCH.STACK_COLUMN_DIFF_TYPES",
                 {{"sqlExpr", sql_of(display(unresolved))},
                  {"columnIndex", std::to_string(c)},
                  {"leftParamIndex", std::to_string(1 + c)},
                  {"leftType", quoted_type(type)},
                  {"rightParamIndex", std::to_string(i)},
                  {"rightType", quoted_type(values[i]->type)}});
    }
    fields.push_back({"col" + std::to_string(c), type, true, ""});
  }
  const DataType row_type = DataType::structure(fields);
  std::vector<ExprPtr> structs;
  for (size_t row = 0; row < rows; ++row) {
    std::vector<ExprPtr> members;
    for (size_t c = 0; c < width; ++c) {
      const size_t index = 1 + row * width + c;
      members.push_back(string_literal(fields[c].name));
      members.push_back(index < values.size() ? coerce(values[index], fields[c].type)
                                              : null_of(fields[c].type));
    }
    structs.push_back(call("named_struct", std::move(members), row_type, settings()));
  }
  return call("array", std::move(structs), DataType::array(row_type, false), settings());
}

// json_tuple(text, name, …): one row, each member as text.
ExprPtr Resolver::json_fields(const UnresolvedCall& node, const ExprPtr& unresolved,
                              const Site& site) {
  if (node.arguments.size() < 2)
    throw_at(unresolved->origin, "WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
             {{"functionName", "`json_tuple`"},
              {"expectedNum", "> 1"},
              {"actualNum", std::to_string(node.arguments.size())},
              {"docroot", "https://spark.apache.org/docs/latest"}});
  std::vector<ExprPtr> values, members;
  std::vector<types::StructField> fields;
  for (const ExprPtr& argument : node.arguments) {
    values.push_back(expression(argument, site));
    if (values.back()->type.id() != kString)
      throw_at(unresolved->origin, "DATATYPE_MISMATCH.NON_STRING_TYPE",
               {{"sqlExpr", sql_of(display(unresolved))}, {"funcName", "`json_tuple`"}});
  }
  for (size_t i = 1; i < values.size(); ++i) {
    const std::string name = "c" + std::to_string(i - 1);
    const ExprPtr path = fold(call(
        "concat", {string_literal("$['"), values[i], string_literal("']")}, kString, settings()));
    members.push_back(string_literal(name));
    members.push_back(call("get_json_object", {values[0], path}, kString, settings()));
    fields.push_back({name, kString, true, ""});
  }
  const DataType row = DataType::structure(fields);
  return call("array", {call("named_struct", std::move(members), row, settings())},
              DataType::array(row, false), settings());
}

Resolver::Generated Resolver::generator(const ExprPtr& unresolved, const Site& site) {
  const UnresolvedCall* node = generator_call(*unresolved);
  if (node == nullptr) {
    if (const auto* other = std::get_if<UnresolvedCall>(&unresolved->node);
        other != nullptr && functions::find_function(other->name) == nullptr)
      throw_at(unresolved->origin, "ROUTINE_NOT_FOUND", {{"routineName", backquoted(other->name)}});
    throw_at(unresolved->origin, "UNSUPPORTED_GENERATOR.NOT_GENERATOR",
             {{"functionName", backquoted(pretty_name(*unresolved))}, {"classCanonicalName", ""}});
  }
  const GeneratorRow& row = *find_generator(node->name);
  Generated made;
  made.outer = row.outer;
  ExprPtr input;
  if (row.name == "stack") {
    input = stacked(*node, unresolved, site);
  } else if (row.name == "json_tuple") {
    input = json_fields(*node, unresolved, site);
  } else {
    CallSite at{*node, unresolved, site, *functions::find_function(node->name), {}};
    check_count(at, node->arguments.size());
    at.arguments.push_back(expression(node->arguments[0], site));
    if (at.arguments[0]->type.id() == kNull)
      throw_input_type(at, 0,
                       row.function == "inline" ? "\"ARRAY<STRUCT>\"" : "(\"ARRAY\" or \"MAP\")");
    coerce_arguments(at);
    input = at.arguments[0];
    const bool structs = input->type.id() == kArray && input->type.element().id() == kStruct;
    if (row.function == "inline" && !structs) throw_input_type(at, 0, "\"ARRAY<STRUCT>\"");
  }
  const DataType& type = input->type;
  if (row.function == "posexplode") made.fields.push_back({"pos", kInteger, made.outer, ""});
  if (type.id() == kMap) {
    made.fields.push_back({"key", type.key(), made.outer, ""});
    made.fields.push_back({"value", type.value(), made.outer || type.contains_null(), ""});
  } else if (row.function == "inline") {
    for (types::StructField field : type.element().fields()) {
      field.nullable |= made.outer || type.contains_null();
      made.fields.push_back(std::move(field));
    }
  } else {
    made.fields.push_back({"col", type.element(), made.outer || type.contains_null(), ""});
  }
  made.call = call(row.function, {input}, type, settings(), unresolved->origin);
  return made;
}

Generate Resolver::generate_node(const ExprPtr& unresolved, const Site& site, bool outer,
                                 const std::vector<std::string>& names, RelationPtr child) {
  Generated made = generator(unresolved, site);
  if (!names.empty() && names.size() != made.fields.size())
    throw_at(unresolved->origin, "UDTF_ALIAS_NUMBER_MISMATCH",
             {{"aliasesSize", std::to_string(names.size())},
              {"aliasesNames", names[0]},
              {"outputs", std::to_string(made.fields.size())}});
  Generate node;
  node.generator = made.call;
  node.outer = outer || made.outer;
  for (size_t i = 0; i < made.fields.size(); ++i)
    node.columns.push_back({ids_.next(),
                            names.empty() ? made.fields[i].name : names[i],
                            made.fields[i].type,
                            made.fields[i].nullable || node.outer,
                            {}});
  node.child = std::move(child);
  return node;
}

// LATERAL VIEW.
Scoped Resolver::generate(const Generate& node, const Relation& relation) {
  Scoped child = this->relation(node.child);
  Site site;
  site.scope = &child.scope;
  site.clause = "LATERAL VIEW";
  Generate made = generate_node(node.generator, site, node.outer, node.names, child.plan);
  for (Attribute attribute : made.columns) {
    if (!node.alias.empty()) attribute.qualifier = {node.alias};
    child.scope.columns.push_back(std::move(attribute));
  }
  child.plan = finish(std::move(made), relation.origin);
  return child;
}

// SELECT a, explode(b): the generator goes below the list. Where the list aggregates, it stands
// above the grouping, over an argument that is one more output.
Block Resolver::generating(const std::vector<ExprPtr>& keys, const std::vector<ExprPtr>& list,
                           size_t index, Scoped from) {
  bool aggregates = !keys.empty();
  for (const ExprPtr& item : list)
    aggregates = aggregates || (!item->resolved && calls_aggregate(*item));
  const ExprPtr& item = list[index];
  std::vector<std::string> names;
  ExprPtr unnamed = item;
  if (const auto* named = std::get_if<Alias>(&item->node))
    names = {named->name}, unnamed = named->child;
  if (const auto* named = std::get_if<MultiAlias>(&item->node))
    names = named->names, unnamed = named->child;
  std::vector<ExprPtr> outputs = list;
  if (aggregates) {
    UnresolvedCall generator = *generator_call(*item);
    std::vector<ExprPtr> inner;
    for (size_t i = 0; i < list.size(); ++i)
      if (i != index) inner.push_back(list[i]);
    const size_t others = inner.size();
    for (const ExprPtr& argument : generator.arguments)
      inner.push_back(make(Alias{argument, "generator_argument", {}}, argument->origin));
    Scoped grouped = finished(select_from(keys, inner, std::move(from)), nullptr);
    for (size_t i = 0; i < generator.arguments.size(); ++i)
      if (as_literal(*generator.arguments[i]) == nullptr)
        generator.arguments[i] = column(grouped.scope.columns[others + i]);
    outputs.clear();
    for (size_t i = 0; i < others; ++i) {
      if (i == index) outputs.push_back(item);
      outputs.push_back(column(grouped.scope.columns[i]));
    }
    if (index == others) outputs.push_back(item);
    unnamed = make(std::move(generator), unnamed->origin);
    from = std::move(grouped);
  }
  Site site;
  site.scope = &from.scope;
  site.clause = "SELECT";
  Generate node = generate_node(unnamed, site, false, names, from.plan);
  const std::vector<Attribute> columns = node.columns;
  from.plan = finish(std::move(node), item->origin);
  std::vector<ExprPtr> expanded;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (i != index)
      expanded.push_back(outputs[i]);
    else
      for (const Attribute& attribute : columns) expanded.push_back(column(attribute));
  }
  if (const auto next = generator_index(expanded))  // each row with each of the next one's
    return generating({}, expanded, *next, std::move(from));
  Block made;
  made.from = std::move(from.scope);
  made.input = std::move(from.plan);
  select_list(made, expanded);
  return made;
}

// FROM explode(…): over one row; the arguments may name columns of enclosing queries.
Scoped Resolver::generated_rows(const UnresolvedTableFunction& node, const Relation& relation) {
  const Scope none;
  Site site;
  site.scope = &none;
  site.clause = "a table function";
  UnresolvedCall generator;
  generator.name = node.name;
  generator.arguments = node.arguments;
  Generate made = generate_node(make(std::move(generator), relation.origin), site, false, {},
                                finish(OneRow{}, relation.origin));
  return scoped(finish(std::move(made), relation.origin));
}

// t JOIN LATERAL explode(t.b): a generator over t itself, which keeps the rows in their order.
std::optional<Scoped> Resolver::lateral_generator(const Join& node, Scoped& left,
                                                  const Relation& relation) {
  const auto* lateral = std::get_if<Lateral>(&node.right->node);
  if (lateral == nullptr || !node.using_columns.empty() || node.natural) return std::nullopt;
  const bool keeps = node.kind == JoinKind::kInner || node.kind == JoinKind::kCross ||
                     (node.kind == JoinKind::kLeft && !node.condition);
  const auto [at, alias, names] = behind_aliases(*lateral->child);
  const auto* function = std::get_if<UnresolvedTableFunction>(&at->node);
  if (!keeps || function == nullptr || find_generator(function->name) == nullptr)
    return std::nullopt;
  UnresolvedCall generator;
  generator.name = function->name;
  generator.arguments = function->arguments;
  Site site;
  site.scope = &left.scope;
  site.clause = "a table function";
  Generate made = generate_node(make(std::move(generator), at->origin), site,
                                node.kind == JoinKind::kLeft, names, left.plan);
  Scoped result = left;
  for (Attribute attribute : made.columns) {
    if (!alias.empty()) attribute.qualifier = {alias};
    result.scope.columns.push_back(std::move(attribute));
  }
  result.plan = finish(std::move(made), relation.origin);
  return joined_on(node, std::move(result));
}

}  // namespace firn::plan

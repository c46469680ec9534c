// Table functions in Python: over one row, over each row of what stands left of LATERAL, over the
// rows of a table.
#include "plan/fold.h"
#include "plan/resolver.h"

namespace firn::plan {
namespace {

// What the front ends make of TABLE(…): table_argument(the query as a scalar subquery,
// partition_by(…), order_by(sort_key(…), …)); DISTINCT says WITH SINGLE PARTITION.
const UnresolvedCall* as_table_argument(const Expr& expr) {
  const auto* call = std::get_if<UnresolvedCall>(&expr.node);
  return call != nullptr && call->name == "table_argument" ? call : nullptr;
}

const std::vector<ExprPtr>& arguments_of(const ExprPtr& call) {
  return std::get<UnresolvedCall>(call->node).arguments;
}

constexpr int kArrowTableFunction = 302;  // SQL_ARROW_UDTF

}  // namespace

std::shared_ptr<const PythonFunction> Resolver::python_table_function(const Relation& unresolved) {
  const auto* node = std::get_if<UnresolvedTableFunction>(&unresolved.node);
  if (node == nullptr) return nullptr;
  return node->python ? node->python : surroundings_.find_python_table_function(node->name);
}

void Resolver::python_argument(PythonTable& made, const ExprPtr& argument, const Site& site) {
  const UnresolvedCall* call = as_table_argument(*argument);
  if (call == nullptr) {
    made.arguments.push_back(expression(argument, site));
    return;
  }
  if (made.table)
    throw_at(argument->origin, "TABLE_VALUED_FUNCTION_TOO_MANY_TABLE_ARGUMENTS", {{"num", "2"}});
  made.arguments.push_back(nullptr);
  made.table = relation(std::get<Subquery>(call->arguments[0]->node).plan);
  Site over;
  over.scope = &made.table->scope;
  over.clause = "PARTITION BY";
  made.is_partitioned = call->distinct;
  for (const ExprPtr& key : arguments_of(call->arguments[1])) {
    made.partition.push_back(expression(key, over));
    made.is_partitioned = true;
  }
  for (const ExprPtr& key : arguments_of(call->arguments[2])) {
    const std::vector<ExprPtr>& parts = arguments_of(key);
    const auto flag = [](const ExprPtr& literal) {
      return std::get<bool>(as_literal(*literal)->value);
    };
    made.order.push_back({expression(parts[0], over), flag(parts[1]), flag(parts[2])});
  }
}

// A function without a declared result says for this very call what it gives, and how it wants its
// table.
void Resolver::analyze(PythonTable& made) {
  std::vector<PythonArgument> arguments;
  for (size_t i = 0; i < made.arguments.size(); ++i) {
    PythonArgument argument;
    argument.name = made.names[i];
    if (const ExprPtr& value = made.arguments[i]) {
      argument.type = value->type;
      const ExprPtr folded = fold(value);
      if (const Literal* constant = as_literal(*folded)) {
        argument.is_constant = true;
        argument.value = constant->value;
      }
    } else {
      std::vector<types::StructField> fields;
      for (const Attribute& attribute : made.table->scope.columns)
        fields.push_back({attribute.name, attribute.type, attribute.nullable});
      argument.type = DataType::structure(std::move(fields));
      argument.is_table = true;
    }
    arguments.push_back(std::move(argument));
  }
  const PythonAnalysis said = surroundings_.analyze_python(*made.function, arguments);
  auto function = std::make_shared<PythonFunction>(*made.function);
  function->result = said.result;
  function->analysis = said.pickled;
  made.function = std::move(function);
  if (!made.table) return;
  if (made.is_partitioned && (said.single_partition || !said.partition_by.empty()))
    throw Error(
        "TABLE_VALUED_FUNCTION_REQUIRED_METADATA_INCOMPATIBLE_WITH_CALL",
        {{"functionName", backquoted(made.function->name)},
         {"requestedMetadata", "specified its own required partitioning of the input table"},
         {"invalidFunctionCallProperty",
          "specified the WITH SINGLE PARTITION or PARTITION BY clause; please remove these "
          "clauses and retry the query again"}});
  Site over;
  over.scope = &made.table->scope;
  over.clause = "analyze";
  for (const std::string& sql : said.partition_by)
    made.partition.push_back(expression(surroundings_.parse_expression(sql), over));
  for (const PythonAnalysis::Order& key : said.order_by)
    made.order.push_back({expression(surroundings_.parse_expression(key.column), over),
                          key.ascending, key.nulls_first.value_or(key.ascending)});
  for (const auto& [sql, name] : said.select) {
    const ExprPtr value = expression(surroundings_.parse_expression(sql), over);
    const auto* ref = std::get_if<ColumnRef>(&value->node);
    made.selected.push_back(alias(value,
                                  !name.empty()    ? name
                                  : ref != nullptr ? ref->attribute.name
                                                   : sql,
                                  ids_.next()));
  }
}

Scoped Resolver::python_rows(const UnresolvedTableFunction& node,
                             std::shared_ptr<const PythonFunction> function,
                             const Relation& relation, const Scoped* left, bool outer) {
  if (left != nullptr && function->eval_type == kArrowTableFunction)
    throw_at(relation.origin, "LATERAL_JOIN_WITH_ARROW_UDTF_UNSUPPORTED");
  if (outer) {
    auto keeping = std::make_shared<PythonFunction>(*function);
    keeping->settings.emplace_back("outer", "true");
    function = std::move(keeping);
  }
  const Scope none;
  Site site;
  site.scope = left != nullptr ? &left->scope : &none;
  site.clause = "a table function";
  PythonTable made;
  made.function = std::move(function);
  for (size_t i = 0; i < node.arguments.size(); ++i) {
    made.names.push_back(i < node.argument_names.size() ? node.argument_names[i] : "");
    python_argument(made, node.arguments[i], site);
  }
  if (made.table && left != nullptr)
    throw_unsupported("TABLE arguments of the function " + made.function->name + " after LATERAL");
  if (made.function->result.id() == DataTypeId::kNull) analyze(made);
  if (made.function->result.id() != DataTypeId::kStruct)
    throw_at(relation.origin, "FIRN_INVALID_INPUT",
             {{"what",
               "Invalid Python user-defined table function return type. Expect a struct "
               "type, but got " +
                   made.function->result.simple_string() + "."}});
  RelationPtr plan = python_table_plan(std::move(made), relation, left, outer);
  if (left == nullptr) return scoped(std::move(plan));
  Scoped result = *left;
  const size_t first = left->plan->output.size();
  for (size_t i = first; i < plan->output.size(); ++i)
    result.scope.columns.push_back(plan->output[i]);
  result.plan = std::move(plan);
  return result;
}

// Below the call: keys, what is kept of the row, arguments, what orders.
RelationPtr Resolver::python_table_plan(PythonTable made, const Relation& relation,
                                        const Scoped* left, bool outer) {
  PythonMap node;
  node.function = made.function;
  std::vector<ExprPtr> columns;
  std::vector<SortKey> order;
  const auto add = [&](const ExprPtr& value) {
    columns.push_back(alias(value, "_" + std::to_string(columns.size()), ids_.next()));
    return column(attribute_of(*columns.back()));
  };
  for (const ExprPtr& key : made.partition) order.push_back({add(key), true, true});
  node.key_count = order.size();
  if (left != nullptr)
    for (const Attribute& attribute : left->plan->output) {
      columns.push_back(column(attribute));
      node.columns.push_back(attribute);
    }
  node.kept_count = node.columns.size();
  PythonCall call{made.function, {}, {}};
  for (size_t i = 0; i < made.arguments.size(); ++i) {
    if (made.arguments[i]) {
      call.arguments.push_back(add(made.arguments[i]));
      call.argument_names.push_back(made.names[i]);
      continue;
    }
    node.row_argument = call.arguments.size();
    if (made.selected.empty())
      for (const Attribute& attribute : made.table->scope.columns)
        made.selected.push_back(column(attribute));
    for (const ExprPtr& value : made.selected) {
      node.row_names.push_back(attribute_of(*value).name);
      const auto* named = std::get_if<Alias>(&value->node);
      call.arguments.push_back(add(named != nullptr ? named->child : value));
      call.argument_names.push_back(made.names[i]);
    }
  }
  for (const SortKey& key : made.order)
    order.push_back({add(key.child), key.ascending, key.nulls_first});
  node.calls.push_back(typed(std::move(call), node.function->result, true, relation.origin));
  if (columns.empty()) columns.push_back(alias(boolean_literal(true), "_", ids_.next()));
  node.child = project(std::move(columns), made.table        ? made.table->plan
                                           : left != nullptr ? left->plan
                                                             : finish(OneRow{}));
  if (!order.empty()) node.child = finish(Sort{std::move(order), std::move(node.child)});
  for (const types::StructField& field : node.function->result.fields())
    node.columns.push_back({ids_.next(), field.name, field.type, field.nullable || outer, {}});
  return finish(std::move(node), relation.origin);
}

// t JOIN LATERAL f(t.a).
std::optional<Scoped> Resolver::lateral_python(const Join& node, Scoped& left,
                                               const Relation& relation) {
  const auto* lateral = std::get_if<Lateral>(&node.right->node);
  if (lateral == nullptr || !node.using_columns.empty() || node.natural) return std::nullopt;
  const auto [at, alias, names] = behind_aliases(*lateral->child);
  auto function = python_table_function(*at);
  if (!function) return std::nullopt;
  const bool outer = node.kind == JoinKind::kLeft;
  if ((!outer && node.kind != JoinKind::kInner && node.kind != JoinKind::kCross) ||
      (outer && node.condition))
    throw_unsupported("this kind of join with the Python table function " + function->name);
  const size_t given = left.scope.columns.size();
  Scoped result = python_rows(std::get<UnresolvedTableFunction>(at->node), std::move(function), *at,
                              &left, outer);
  const size_t made = result.scope.columns.size() - given;
  if (!names.empty() && names.size() != made)
    throw_at(relation.origin, "ASSIGNMENT_ARITY_MISMATCH",
             {{"numTarget", std::to_string(names.size())}, {"numExpr", std::to_string(made)}});
  for (size_t i = 0; i < made; ++i) {
    Attribute& attribute = result.scope.columns[given + i];
    if (!alias.empty()) attribute.qualifier = {alias};
    if (!names.empty()) attribute.name = names[i];
  }
  return joined_on(node, std::move(result));
}

}  // namespace firn::plan

// Calls of Python functions, and relations that are one.
#include "plan/python_plan.h"
#include "plan/resolver.h"

namespace firn::plan {
namespace {

// A key of one relation beside the same of another, by a type that both have.
struct KeyPair {
  ExprPtr left, right;
};

}  // namespace

bool is_grouped_aggregate(const PythonFunction& function) {
  return function.eval_type == 202 || function.eval_type == 252;
}

ExprPtr Resolver::python_call(const PythonCall& node, const ExprPtr& unresolved, const Site& site) {
  PythonCall made = node;
  made.arguments.clear(), made.argument_names.clear();
  Site inner = site;
  if (is_python_aggregate(*unresolved) || is_grouped_aggregate(*node.function)) {
    const std::string text = "\"" + pretty_name(*unresolved) + "\"";
    const std::string_view clause = site.clause;
    if (!site.aggregates && clause == "WHERE")
      throw_at(unresolved->origin, "INVALID_WHERE_CONDITION",
               {{"condition", text}, {"expressionList", text}});
    if (!site.aggregates && clause != "OVER")
      throw_at(unresolved->origin, "UNSUPPORTED_EXPR_FOR_OPERATOR", {{"invalidExprSqls", text}});
    if (site.in_aggregate != nullptr) inner.scope = site.in_aggregate;
    inner.windows = false;
  }
  if (std::string_view(site.clause) == "OVER") inner.clause = "";
  for (size_t i = 0; i < node.arguments.size(); ++i) {
    const std::string name = i < node.argument_names.size() ? node.argument_names[i] : "";
    for (const ExprPtr& argument : expand_stars({node.arguments[i]}, *inner.scope)) {
      made.arguments.push_back(expression(argument, inner));
      made.argument_names.push_back(name);
    }
  }
  python_ = true;
  DataType type = made.function->result;
  return typed(std::move(made), std::move(type), true, unresolved->origin);
}

ExprPtr Resolver::python_call(const UnresolvedCall& node,
                              std::shared_ptr<const PythonFunction> function,
                              const ExprPtr& unresolved, const Site& site) {
  if (node.distinct || node.filter)
    throw_unsupported("DISTINCT and FILTER of the Python function " + node.name);
  return python_call({std::move(function), node.arguments, node.argument_names}, unresolved, site);
}

// Both relations in one, with the side that a row is of behind the keys: so that one order brings
// together what belongs together.
RelationPtr Resolver::cogrouped(const PythonMap& node, Scoped& left, Scoped& right) {
  Scoped* const sides[] = {&left, &right};
  std::vector<KeyPair> keys;
  for (size_t i = 0; i < node.keys.size(); ++i) {
    KeyPair pair;
    for (const bool is_left : {true, false}) {
      Site site;
      site.scope = &sides[is_left ? 0 : 1]->scope;
      site.clause = "cogroup";
      const ExprPtr& key = (is_left ? node.keys : node.other_keys)[i];
      (is_left ? pair.left : pair.right) = expression(key, site);
    }
    const auto type = common_type(pair.left->type, pair.right->type, options_.ansi);
    if (!type)
      throw_at(node.keys[i]->origin, "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES",
               {{"sqlExpr", "\"" + display(node.keys[i]) + "\""},
                {"left", quoted_type(pair.left->type)},
                {"right", quoted_type(pair.right->type)}});
    pair.left = coerce(pair.left, *type), pair.right = coerce(pair.right, *type);
    keys.push_back(std::move(pair));
  }
  SetOperation both{SetKind::kUnion, true, false, {}};
  const RelationPtr plans[] = {trimmed(left), trimmed(right)};
  for (const size_t side : {0, 1}) {
    std::vector<ExprPtr> columns;
    const auto add = [&](const ExprPtr& value, const std::string& name) {
      columns.push_back(alias(value, name, ids_.next()));
    };
    for (size_t i = 0; i < keys.size(); ++i)
      add(side == 0 ? keys[i].left : keys[i].right, display(node.keys[i]));
    add(integer_literal(static_cast<int64_t>(side)), "side");
    for (const size_t of : {0, 1})
      for (const Attribute& attribute : plans[of]->output)
        add(of == side ? column(attribute) : null_of(attribute.type), attribute.name);
    both.children.push_back(project(std::move(columns), plans[side]));
  }
  std::vector<Attribute> output = both.children[0]->output;
  for (Attribute& attribute : output) attribute.nullable = true, attribute.id = ids_.next();
  auto united = std::const_pointer_cast<Relation>(finish(std::move(both)));
  united->output = output;
  std::vector<SortKey> order;
  for (size_t i = 0; i <= keys.size(); ++i) order.push_back({column(output[i]), true, true});
  return finish(Sort{std::move(order), std::move(united)});
}

Scoped Resolver::python_map(const PythonMap& node, const Relation& relation) {
  if (node.other) {
    Scoped left = this->relation(node.child), right = this->relation(node.other);
    PythonMap made;
    made.function = node.function;
    made.key_count = node.keys.size();
    made.left_count = left.scope.columns.size();
    made.child = cogrouped(node, left, right);
    for (const types::StructField& field : made.function->result.fields())
      made.columns.push_back({ids_.next(), field.name, field.type, field.nullable, {}});
    return scoped(finish(std::move(made), relation.origin));
  }
  Scoped child = this->relation(node.child);
  PythonMap made = node;
  made.child = trimmed(child);
  if (!node.keys.empty()) {
    Site site;
    site.scope = &child.scope;
    site.clause = "applyInPandas";
    std::vector<ExprPtr> columns;
    std::vector<SortKey> order;
    for (const ExprPtr& key : node.keys) {
      columns.push_back(alias(expression(key, site), display(key), ids_.next()));
      order.push_back({column(attribute_of(*columns.back())), true, true});
    }
    for (const Attribute& attribute : made.child->output) columns.push_back(column(attribute));
    made.key_count = node.keys.size();
    made.child = finish(Sort{std::move(order), project(std::move(columns), made.child)});
  }
  made.keys.clear();
  for (const types::StructField& field : made.function->result.fields())
    made.columns.push_back({ids_.next(), field.name, field.type, field.nullable, {}});
  return scoped(finish(std::move(made), relation.origin));
}

}  // namespace firn::plan

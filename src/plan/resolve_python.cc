// Calls of Python functions, and relations that are one.
#include "plan/python_plan.h"
#include "plan/resolver.h"

namespace firn::plan {

ExprPtr Resolver::python_call(const PythonCall& node, const ExprPtr& unresolved, const Site& site) {
  PythonCall made = node;
  for (ExprPtr& argument : made.arguments) {
    if (std::holds_alternative<UnresolvedStar>(argument->node))
      throw_at(unresolved->origin, "INVALID_USAGE_OF_STAR_OR_REGEX",
               {{"elem", "'*'"}, {"prettyName", node.function->name}});
    argument = expression(argument, site);
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

Scoped Resolver::python_map(const PythonMap& node, const Relation& relation) {
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

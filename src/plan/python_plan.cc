// Python functions in resolved plans: taken out of expressions into nodes of their own.
#include "plan/python_plan.h"

#include <utility>

#include "base/error.h"
#include "plan/build.h"

namespace firn::plan {
namespace {

const PythonCall* as_python(const Expr& expr) { return std::get_if<PythonCall>(&expr.node); }

// pyspark.util.PythonEvalType: functions over an iterator of batches run alone, the others share a
// worker.
bool takes_iterator(int eval_type) { return eval_type == 204 || eval_type == 251; }

class Extraction {
 public:
  explicit Extraction(IdSource& ids) : ids_(ids) {}

  RelationPtr run(const RelationPtr& relation) {
    std::vector<RelationPtr> children;
    bool changed = false;
    for (const RelationPtr& child : children_of(*relation)) {
      children.push_back(run(child));
      changed |= children.back() != child;
    }
    RelationPtr here = changed ? with_children(*relation, std::move(children)) : relation;
    if (std::holds_alternative<PythonEval>(here->node)) return here;
    bool used = false;
    for_each_expression(*here, [&](const ExprPtr& expr) { used = used || contains_python(*expr); });
    return used ? lifted(here) : here;
  }

 private:
  RelationPtr lifted(RelationPtr here) {
    here = above_cross_join(here);
    const std::vector<RelationPtr> children = children_of(*here);
    if (children.size() != 1)
      throw_unsupported("a Python function in the condition of an outer, semi or anti join");
    const std::vector<Attribute> output = here->output;
    RelationPtr child = children[0];
    for (bool more = true; more;) {
      std::vector<ExprPtr> calls;
      here = map_expressions(here,
                             [&](const ExprPtr& expr) { return without_innermost(expr, calls); });
      more = !calls.empty();
      for (RelationPtr layer : layers(std::move(calls), child)) child = std::move(layer);
    }
    here = with_children(*here, {child});
    return trimmed(here, output);
  }

  // One PythonEval for all calls that share a worker, one for each that does not; each stands on
  // the one before.
  static std::vector<RelationPtr> layers(std::vector<ExprPtr> calls, RelationPtr child) {
    std::vector<RelationPtr> made;
    std::vector<ExprPtr> shared;
    const auto add = [&](std::vector<ExprPtr> list) {
      if (list.empty()) return;
      child = finish(PythonEval{std::move(list), child});
      made.push_back(child);
    };
    for (ExprPtr& call : calls) {
      const auto& named = std::get<Alias>(call->node);
      if (takes_iterator(as_python(*named.child)->function->eval_type)) {
        add({std::move(call)});
      } else {
        shared.push_back(std::move(call));
      }
    }
    add(std::move(shared));
    return made;
  }

  // Calls whose arguments hold no other call give way to columns, which join `calls`.
  ExprPtr without_innermost(const ExprPtr& expr, std::vector<ExprPtr>& calls) {
    if (const PythonCall* call = as_python(*expr)) {
      bool innermost = true;
      for (const ExprPtr& argument : call->arguments) innermost &= !contains_python(*argument);
      if (innermost) {
        if (contains_aggregate(*expr))
          throw_unsupported(
              "a Python function of an aggregate in this place: give the aggregate a name first");
        for (const ExprPtr& known : calls)
          if (equal(*known, *expr)) return column(attribute_of(*known));
        calls.push_back(alias(expr, call->function->name, ids_.next()));
        return column(attribute_of(*calls.back()));
      }
    }
    if (const auto* named = std::get_if<Alias>(&expr->node)) {
      const ExprPtr mapped = without_innermost(named->child, calls);
      return mapped == named->child ? expr : alias(mapped, named->name, named->id, expr->origin);
    }
    if (std::holds_alternative<Lambda>(expr->node) && contains_python(*expr))
      throw_unsupported("a Python function inside of a lambda");
    return map_children(expr,
                        [&](const ExprPtr& child) { return without_innermost(child, calls); });
  }

  // An inner join on a Python condition: the filter over the cross join.
  static RelationPtr above_cross_join(const RelationPtr& relation) {
    const auto* join = std::get_if<Join>(&relation->node);
    if (join == nullptr || join->kind != JoinKind::kInner) return relation;
    Join crossed = *join;
    crossed.kind = JoinKind::kCross;
    crossed.condition = nullptr;
    return filter(join->condition, finish(std::move(crossed), relation->origin));
  }

  // Filters and sorts give what their child gives: the calls' columns go away again.
  static RelationPtr trimmed(const RelationPtr& relation, const std::vector<Attribute>& output) {
    if (relation->output.size() == output.size()) return relation;
    std::vector<ExprPtr> columns;
    for (const Attribute& attribute : output) columns.push_back(column(attribute));
    return project(std::move(columns), relation);
  }

  IdSource& ids_;
};

}  // namespace

bool contains_python(const Expr& expr) {
  return any_node(expr, [](const Expr& node) { return as_python(node) != nullptr; });
}

RelationPtr extract_python(const RelationPtr& resolved, IdSource& ids) {
  return Extraction(ids).run(resolved);
}

}  // namespace firn::plan

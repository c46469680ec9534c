// Python functions in resolved plans: taken out of expressions into nodes of their own.
#include "plan/python_plan.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "plan/build.h"

namespace firn::plan {
namespace {

const PythonCall* as_python(const Expr& expr) { return std::get_if<PythonCall>(&expr.node); }

// pyspark.util.PythonEvalType: functions over an iterator of batches run alone, the others share a
// worker.
bool takes_iterator(int eval_type) { return eval_type == 204 || eval_type == 251; }

const PythonCall* python_window(const Expr& expr) {
  const auto* windowed = std::get_if<Windowed>(&expr.node);
  return windowed != nullptr ? as_python(*windowed->function) : nullptr;
}

// f(g(x)) goes to the worker as one where both are of one kind and x is no call.
bool goes_as_one(const PythonCall& call) {
  const PythonCall* below = call.arguments.size() == 1 ? as_python(*call.arguments[0]) : nullptr;
  if (below == nullptr)
    return std::none_of(call.arguments.begin(), call.arguments.end(),
                        [](const ExprPtr& argument) { return contains_python(*argument); });
  return !takes_iterator(call.function->eval_type) &&
         below->function->eval_type == call.function->eval_type && goes_as_one(*below);
}

std::optional<int64_t> offset_of(const FrameBound& bound) {
  using Kind = FrameBound::Kind;
  if (bound.kind == Kind::kCurrentRow) return 0;
  if (bound.kind != Kind::kPreceding && bound.kind != Kind::kFollowing) return std::nullopt;
  const Literal* constant = as_literal(*bound.offset);
  const auto* rows = constant != nullptr ? std::get_if<int64_t>(&constant->value) : nullptr;
  if (rows == nullptr) throw_unsupported("this frame of a Python function over a window");
  return bound.kind == Kind::kPreceding ? -*rows : *rows;
}

bool is_unbounded(const FrameBound& bound) {
  return bound.kind == FrameBound::Kind::kUnboundedPreceding ||
         bound.kind == FrameBound::Kind::kUnboundedFollowing;
}

// The frame as Spark has it where none is written.
WindowSpec with_frame(WindowSpec spec) {
  if (spec.has_frame) return spec;
  spec.has_frame = true;
  spec.rows = false;
  spec.start.kind = FrameBound::Kind::kUnboundedPreceding;
  spec.end.kind =
      spec.order_by.empty() ? FrameBound::Kind::kUnboundedFollowing : FrameBound::Kind::kCurrentRow;
  return spec;
}

bool same_order(const WindowSpec& a, const WindowSpec& b) {
  const auto same_keys = [](const ExprPtr& x, const ExprPtr& y) { return equal(*x, *y); };
  const auto same_sorts = [](const SortKey& x, const SortKey& y) {
    return equal(*x.child, *y.child) && x.ascending == y.ascending &&
           x.nulls_first == y.nulls_first;
  };
  return std::equal(a.partition_by.begin(), a.partition_by.end(), b.partition_by.begin(),
                    b.partition_by.end(), same_keys) &&
         std::equal(a.order_by.begin(), a.order_by.end(), b.order_by.begin(), b.order_by.end(),
                    same_sorts);
}

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
    here = map_expressions(here, [&](const ExprPtr& expr) {
      return map_subqueries(expr, [&](const RelationPtr& plan) { return run(plan); });
    });
    if (std::holds_alternative<PythonEval>(here->node) ||
        std::holds_alternative<PythonMap>(here->node))
      return here;
    bool used = false;
    for_each_expression(*here, [&](const ExprPtr& expr) { used = used || contains_python(*expr); });
    return used ? lifted(here) : here;
  }

 private:
  RelationPtr lifted(RelationPtr here) {
    const std::vector<Attribute> output = here->output;
    here = above_cross_join(below_join(here));
    const std::vector<RelationPtr> children = children_of(*here);
    if (children.size() != 1) return trimmed(here, output);
    RelationPtr child = children[0];
    for (bool more = true; more;) {
      std::vector<ExprPtr> calls;
      here = map_expressions(here,
                             [&](const ExprPtr& expr) { return without_innermost(expr, calls); });
      more = !calls.empty();
      for (RelationPtr layer : layers(std::move(calls), child)) child = std::move(layer);
    }
    here = with_children(*here, {child});
    return trimmed(aggregated(over_windows(std::move(here))), output);
  }

  // ---- aggregates of groups

  RelationPtr aggregated(const RelationPtr& here) {
    const auto* node = std::get_if<Aggregate>(&here->node);
    if (node == nullptr) return here;
    std::vector<ExprPtr> calls, others;
    for (const ExprPtr& output : node->outputs) {
      if (std::holds_alternative<ColumnRef>(output->node)) continue;
      (is_python_aggregate(*std::get<Alias>(output->node).child) ? calls : others)
          .push_back(output);
    }
    if (calls.empty()) return here;
    if (!others.empty()) {
      std::string names;
      for (const ExprPtr& call : calls)
        names += (names.empty() ? "" : ", ") +
                 as_python(*std::get<Alias>(call->node).child)->function->name;
      throw Error("INVALID_PANDAS_UDF_PLACEMENT", {{"functionList", names}});
    }
    PythonMap made;
    made.key_count = node->keys.size();
    std::vector<ExprPtr> columns;
    std::vector<SortKey> order;
    for (const ExprPtr& key : node->keys) {
      const Attribute attribute = attribute_of(*key);
      columns.push_back(alias(key, attribute.name, ids_.next()));
      order.push_back({column(attribute_of(*columns.back())), true, true});
      made.columns.push_back(attribute);
    }
    for (const ExprPtr& call : calls) {
      made.calls.push_back(over_columns(std::get<Alias>(call->node).child, columns));
      made.columns.push_back(attribute_of(*call));
    }
    made.function = as_python(*made.calls[0])->function;
    if (columns.empty()) columns.push_back(alias(boolean_literal(true), "_", ids_.next()));
    made.child = project(std::move(columns), node->child);
    if (!order.empty()) made.child = finish(Sort{std::move(order), std::move(made.child)});
    return finish(std::move(made), here->origin);
  }

  // The call with its arguments as columns of a projection, which they join.
  ExprPtr over_columns(const ExprPtr& call, std::vector<ExprPtr>& columns) {
    PythonCall made = *as_python(*call);
    for (ExprPtr& argument : made.arguments) {
      columns.push_back(alias(argument, "_" + std::to_string(columns.size()), ids_.next()));
      argument = column(attribute_of(*columns.back()));
    }
    return typed(std::move(made), call->type, true, call->origin);
  }

  // ---- functions over windows

  RelationPtr over_windows(RelationPtr here) {
    std::vector<ExprPtr> found;
    here = map_expressions(here, [&](const ExprPtr& expr) { return without_windows(expr, found); });
    if (found.empty()) return here;
    RelationPtr child = children_of(*here).at(0);
    while (!found.empty()) child = one_order(found, std::move(child));
    return with_children(*here, {std::move(child)});
  }

  ExprPtr without_windows(const ExprPtr& expr, std::vector<ExprPtr>& found) {
    if (const PythonCall* call = python_window(*expr)) {
      found.push_back(alias(expr, call->function->name, ids_.next()));
      return column(attribute_of(*found.back()));
    }
    if (const auto* named = std::get_if<Alias>(&expr->node)) {
      const ExprPtr mapped = without_windows(named->child, found);
      return mapped == named->child ? expr : alias(mapped, named->name, named->id, expr->origin);
    }
    return map_children(expr, [&](const ExprPtr& child) { return without_windows(child, found); });
  }

  // One PythonEval for all of `found` that share a partition and an order; they leave the list.
  RelationPtr one_order(std::vector<ExprPtr>& found, RelationPtr child) {
    const auto window_of = [](const ExprPtr& named) -> const Windowed& {
      return std::get<Windowed>(std::get<Alias>(named->node).child->node);
    };
    const WindowSpec first = window_of(found[0]).spec;
    std::vector<ExprPtr> columns, rest;
    std::vector<SortKey> order;
    PythonEval made;
    for (const Attribute& attribute : child->output) columns.push_back(column(attribute));
    const auto add = [&](const ExprPtr& expr) {
      columns.push_back(alias(expr, "_" + std::to_string(columns.size()), ids_.next()));
      return column(attribute_of(*columns.back()));
    };
    for (const ExprPtr& key : first.partition_by) {
      made.partition.push_back(add(key));
      order.push_back({made.partition.back(), true, true});
    }
    for (const SortKey& key : first.order_by)
      order.push_back({add(key.child), key.ascending, key.nulls_first});
    for (ExprPtr& named : found) {
      const Windowed& window = window_of(named);
      if (!same_order(window.spec, first)) {
        rest.push_back(std::move(named));
        continue;
      }
      const ExprPtr& function = window.function;
      PythonCall call = *as_python(*function);
      for (ExprPtr& argument : call.arguments) argument = add(argument);
      made.frames.push_back(frame_of(with_frame(window.spec), call, add));
      const auto& outer = std::get<Alias>(named->node);
      made.calls.push_back(alias(typed(std::move(call), function->type, true, function->origin),
                                 outer.name, outer.id));
    }
    found = std::move(rest);
    made.child = project(std::move(columns), std::move(child));
    if (!order.empty()) made.child = finish(Sort{std::move(order), std::move(made.child)});
    return finish(std::move(made));
  }

  template <class Add>
  PythonFrame frame_of(const WindowSpec& spec, PythonCall& call, const Add& add) {
    if (is_unbounded(spec.start) && is_unbounded(spec.end)) return {};
    if (spec.rows) return {PythonFrame::Kind::kRows, offset_of(spec.start), offset_of(spec.end)};
    WindowSpec up_to_end = spec;
    up_to_end.start = {FrameBound::Kind::kUnboundedPreceding, nullptr};
    call.argument_names.resize(call.arguments.size());
    for (const WindowSpec& counted : {up_to_end, spec}) {
      const ExprPtr count = plan::call("count", {integer_literal(1)}, types::DataTypeId::kLong, {});
      call.arguments.push_back(
          add(typed(Windowed{count, counted}, types::DataTypeId::kLong, false)));
      call.argument_names.push_back("");
    }
    return {PythonFrame::Kind::kRange, {}, {}};
  }

  // ---- functions of one row

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
    if (const PythonCall* call = as_python(*expr); call != nullptr && !is_python_aggregate(*expr)) {
      if (goes_as_one(*call)) {
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
    if (std::holds_alternative<Lambda>(expr->node)) check_lambda(*expr);
    return map_children(expr,
                        [&](const ExprPtr& child) { return without_innermost(child, calls); });
  }

  static void check_lambda(const Expr& expr) {
    (void)any_node(expr, [](const Expr& node) -> bool {
      if (as_python(node) != nullptr)
        throw Error("UNSUPPORTED_FEATURE.LAMBDA_FUNCTION_WITH_PYTHON_UDF",
                    {{"funcName", "\"" + pretty_name(node) + "\""}});
      return false;
    });
  }

  // ---- joins

  // Calls in a join's condition that need one side only are computed there.
  RelationPtr below_join(const RelationPtr& relation) {
    const auto* join = std::get_if<Join>(&relation->node);
    if (join == nullptr) return relation;
    std::vector<RelationPtr> sides{join->left, join->right};
    RelationPtr here = relation;
    for (bool more = true; more;) {
      std::vector<ExprPtr> calls[2];
      here = map_expressions(
          here, [&](const ExprPtr& expr) { return without_sided(expr, sides, calls); });
      more = false;
      for (size_t side = 0; side < 2; ++side) {
        more |= !calls[side].empty();
        for (RelationPtr layer : layers(std::move(calls[side]), sides[side]))
          sides[side] = std::move(layer);
      }
    }
    if (join->kind != JoinKind::kInner && join->kind != JoinKind::kCross)
      for_each_expression(*here, [&](const ExprPtr& expr) {
        if (contains_python(*expr))
          throw Error("UNSUPPORTED_FEATURE.PYTHON_UDF_IN_ON_CLAUSE",
                      {{"joinType", std::string(name_of(join->kind))}});
      });
    return with_children(*here, std::move(sides));
  }

  static std::string_view name_of(JoinKind kind) {
    switch (kind) {
      case JoinKind::kLeft:
        return "LEFT OUTER";
      case JoinKind::kRight:
        return "RIGHT OUTER";
      case JoinKind::kFull:
        return "FULL OUTER";
      case JoinKind::kLeftSemi:
        return "LEFT SEMI";
      case JoinKind::kLeftAnti:
        return "LEFT ANTI";
      default:
        return "INNER";
    }
  }

  ExprPtr without_sided(const ExprPtr& expr, const std::vector<RelationPtr>& sides,
                        std::vector<ExprPtr> (&calls)[2]) {
    const PythonCall* call = as_python(*expr);
    if (call != nullptr && goes_as_one(*call)) {
      std::vector<AttributeId> read;
      collect_references(*expr, read);
      for (size_t side = 0; side < 2; ++side) {
        const auto gives = [&](AttributeId id) {
          return std::any_of(sides[side]->output.begin(), sides[side]->output.end(),
                             [&](const Attribute& attribute) { return attribute.id == id; });
        };
        if (!std::all_of(read.begin(), read.end(), gives)) continue;
        return without_innermost(expr, calls[side]);
      }
      return expr;
    }
    if (std::holds_alternative<Lambda>(expr->node)) check_lambda(*expr);
    return map_children(expr,
                        [&](const ExprPtr& child) { return without_sided(child, sides, calls); });
  }

  // An inner join on a Python condition: the filter over the cross join.
  static RelationPtr above_cross_join(const RelationPtr& relation) {
    const auto* join = std::get_if<Join>(&relation->node);
    if (join == nullptr || join->kind != JoinKind::kInner || !join->condition ||
        !contains_python(*join->condition))
      return relation;
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

ExprPtr map_subqueries(const ExprPtr& expr,
                       const std::function<RelationPtr(const RelationPtr&)>& map) {
  const ExprPtr here =
      map_children(expr, [&](const ExprPtr& child) { return map_subqueries(child, map); });
  const auto* subquery = std::get_if<Subquery>(&here->node);
  if (subquery == nullptr) return here;
  Subquery made = *subquery;
  made.plan = map(made.plan);
  if (made.plan == subquery->plan) return here;
  return typed(std::move(made), here->type, here->nullable, here->origin);
}

bool contains_python(const Expr& expr) {
  return any_node(expr, [](const Expr& node) { return as_python(node) != nullptr; });
}

RelationPtr extract_python(const RelationPtr& resolved, IdSource& ids) {
  return Extraction(ids).run(resolved);
}

}  // namespace firn::plan

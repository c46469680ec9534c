// Rewrites of resolved plans: constants, collapsed projections and filters, pruned columns,
// predicates for scans.
#include "plan/rewrite.h"

#include <algorithm>
#include <map>
#include <set>

#include "plan/fold.h"
#include "plan/resolve.h"

namespace firn::plan {
namespace {

using Bound = std::map<AttributeId, ExprPtr>;  // what a projection computes, by id
using Ids = std::set<AttributeId>;

Bound bound_by(const Project& project) {
  Bound bound;
  for (const ExprPtr& expr : project.expressions)
    if (const auto* named = std::get_if<Alias>(&expr->node)) bound[named->id] = named->child;
  return bound;
}

void count_references(const Expr& expr, std::map<AttributeId, int>& counts) {
  if (const auto* ref = std::get_if<ColumnRef>(&expr.node)) ++counts[ref->attribute.id];
  if (const auto* subquery = std::get_if<Subquery>(&expr.node)) {
    std::vector<AttributeId> ids;
    collect_references(*subquery->plan, ids);
    for (const AttributeId id : ids) counts[id] += 2;  // plans are not substituted into
  }
  // A lambda's body runs often.
  const int weight = std::holds_alternative<Lambda>(expr.node) ? 2 : 1;
  for_each_child(expr, [&](const ExprPtr& child) {
    for (int i = 0; i < weight; ++i) count_references(*child, counts);
  });
}

bool all_literals(const Rows& rows) {
  for (const std::vector<ExprPtr>& row : rows.rows)
    for (const ExprPtr& value : row)
      if (as_literal(*value) == nullptr) return false;
  return true;
}

// Constants folded, subqueries' plans rewritten.
ExprPtr with_subqueries(const ExprPtr& expr) {
  if (!contains_subquery(*expr)) return expr;
  const ExprPtr mapped =
      map_children(expr, [](const ExprPtr& child) { return with_subqueries(child); });
  const auto* subquery = std::get_if<Subquery>(&mapped->node);
  if (subquery == nullptr) return mapped;
  Subquery made = *subquery;
  made.plan = rewrite(made.plan);
  return typed(std::move(made), mapped->type, mapped->nullable, mapped->origin);
}

RelationPtr folded(const RelationPtr& relation) {
  std::vector<RelationPtr> children;
  bool changed = false;
  for (const RelationPtr& child : children_of(*relation)) {
    children.push_back(folded(child));
    changed |= children.back() != child;
  }
  const RelationPtr here = changed ? with_children(*relation, std::move(children)) : relation;
  if (const auto* rows = std::get_if<Rows>(&here->node); rows != nullptr && all_literals(*rows))
    return here;
  return map_expressions(here, [](const ExprPtr& expr) { return fold(with_subqueries(expr)); });
}

class Collapse {
 public:
  RelationPtr run(const RelationPtr& relation) {
    std::vector<RelationPtr> children;
    bool changed = false;
    for (const RelationPtr& child : children_of(*relation)) {
      children.push_back(run(child));
      changed |= children.back() != child;
    }
    return merge(changed ? with_children(*relation, std::move(children)) : relation);
  }

 private:
  RelationPtr merge(const RelationPtr& relation) {
    if (const auto* project = std::get_if<Project>(&relation->node))
      return merge_project(*project, relation);
    if (const auto* filter = std::get_if<Filter>(&relation->node))
      return merge_filter(*filter, relation);
    if (const auto* limit = std::get_if<Limit>(&relation->node))
      return merge_limit(*limit, relation);
    return relation;
  }

  // The smaller of two counts without offsets.
  RelationPtr merge_limit(const Limit& outer, const RelationPtr& relation) {
    const auto* inner = std::get_if<Limit>(&outer.child->node);
    if (inner == nullptr || outer.offset || inner->offset || !outer.limit || !inner->limit)
      return relation;
    const Literal* most = as_literal(*outer.limit);
    const Literal* given = as_literal(*inner->limit);
    const auto* a = most == nullptr ? nullptr : std::get_if<int64_t>(&most->value);
    const auto* b = given == nullptr ? nullptr : std::get_if<int64_t>(&given->value);
    if (a == nullptr || b == nullptr) return relation;
    return finish(Limit{long_literal(std::min(*a, *b)), nullptr, inner->child}, relation->origin);
  }

  RelationPtr merge_project(const Project& outer, const RelationPtr& relation) {
    const auto* inner = std::get_if<Project>(&outer.child->node);
    if (inner == nullptr) return relation;
    const Bound bound = bound_by(*inner);
    std::map<AttributeId, int> counts;
    for (const ExprPtr& expr : outer.expressions) count_references(*expr, counts);
    for (const auto& [id, expr] : bound) {
      if (contains_window(*expr) || contains_subquery(*expr)) return relation;
      const int count = counts.count(id) ? counts[id] : 0;
      if (count > 1 && !is_cheap(*expr)) return relation;
      if (expr->is_volatile && count != 1) return relation;
    }
    for (const ExprPtr& expr : outer.expressions)
      if (contains_subquery(*expr)) return relation;
    std::vector<ExprPtr> expressions;
    for (const ExprPtr& expr : outer.expressions) {
      const auto* ref = std::get_if<ColumnRef>(&expr->node);
      const auto found = ref != nullptr ? bound.find(ref->attribute.id) : bound.end();
      if (found != bound.end()) {  // keeps its id and name
        expressions.push_back(
            alias(found->second, ref->attribute.name, ref->attribute.id, expr->origin));
      } else {
        expressions.push_back(substitute(expr, bound));
      }
    }
    return finish(Project{std::move(expressions), inner->child}, relation->origin);
  }

  RelationPtr merge_filter(const Filter& outer, const RelationPtr& relation) {
    if (const auto* inner = std::get_if<Filter>(&outer.child->node)) {
      if (outer.condition->is_volatile || inner->condition->is_volatile) return relation;
      return finish(Filter{both(inner->condition, outer.condition), inner->child},
                    relation->origin);
    }
    const auto* inner = std::get_if<Project>(&outer.child->node);
    if (inner == nullptr || outer.condition->is_volatile || contains_subquery(*outer.condition))
      return relation;
    const Bound bound = bound_by(*inner);
    std::map<AttributeId, int> counts;
    count_references(*outer.condition, counts);
    for (const ExprPtr& expr : inner->expressions)
      if (contains_window(*expr) || expr->is_volatile) return relation;
    for (const auto& [id, expr] : bound)
      if (counts.count(id) && !is_cheap(*expr)) return relation;
    const RelationPtr below =
        merge(finish(Filter{substitute(outer.condition, bound), inner->child}, relation->origin));
    return finish(Project{inner->expressions, below}, outer.child->origin);
  }
};

// Drops what nobody above asks for.
class Prune {
 public:
  explicit Prune(Ids kept = {}) : kept_(std::move(kept)) {}

  RelationPtr run(const RelationPtr& relation, const Ids& wanted) {
    if (const auto* node = std::get_if<Project>(&relation->node)) {
      Project made{{}, node->child};
      for (const ExprPtr& expr : node->expressions)
        if (const AttributeId id = attribute_of(*expr).id; wanted.count(id) || kept_.count(id))
          made.expressions.push_back(expr);
      Ids below;
      for (const ExprPtr& expr : made.expressions) add(below, *expr);
      made.child = run(node->child, below);
      if (made.child == node->child && made.expressions.size() == node->expressions.size())
        return relation;
      return finish(std::move(made), relation->origin);
    }
    if (const auto* node = std::get_if<Aggregate>(&relation->node)) {
      Aggregate made{node->keys, {}, node->child};
      for (const ExprPtr& expr : node->outputs)
        if (wanted.count(attribute_of(*expr).id)) made.outputs.push_back(expr);
      if (made.outputs.empty() && !node->outputs.empty()) made.outputs.push_back(node->outputs[0]);
      Ids below;
      for (const ExprPtr& expr : made.keys) add(below, *expr);
      for (const ExprPtr& expr : made.outputs) add(below, *expr);
      made.child = run(node->child, below);
      return finish(std::move(made), relation->origin);
    }
    if (std::holds_alternative<TableScan>(relation->node) ||
        std::holds_alternative<FileScan>(relation->node) ||
        std::holds_alternative<StreamSource>(relation->node))
      return leaf(relation, wanted);
    if (const auto* node = std::get_if<SetOperation>(&relation->node))
      return set_operation(*node, relation, wanted);
    const bool all = std::holds_alternative<Distinct>(relation->node) ||
                     std::holds_alternative<PythonMap>(relation->node);
    Ids below = all ? Ids{} : wanted;
    for_each_expression(*relation, [&](const ExprPtr& expr) { add(below, *expr); });
    std::vector<RelationPtr> children;
    bool changed = false;
    if (const auto* join = std::get_if<Join>(&relation->node)) {  // what a lateral side reads
      std::vector<AttributeId> found;
      collect_references(*join->right, found);
      below.insert(found.begin(), found.end());
    }
    for (const RelationPtr& child : children_of(*relation)) {
      Ids needed = below;
      if (all)
        for (const Attribute& attribute : child->output) needed.insert(attribute.id);
      children.push_back(run(child, needed));
      changed |= children.back() != child;
    }
    return changed ? with_children(*relation, std::move(children)) : relation;
  }

 private:
  static void add(Ids& ids, const Expr& expr) {
    std::vector<AttributeId> found;
    collect_references(expr, found);
    ids.insert(found.begin(), found.end());
  }

  RelationPtr leaf(const RelationPtr& relation, const Ids& wanted) {
    RelationNode node = relation->node;
    const auto keep = [&](auto& columns, auto attribute) {
      const size_t before = columns.size();
      auto first = columns.empty() ? std::decay_t<decltype(columns)>{}
                                   : std::decay_t<decltype(columns)>{columns[0]};
      std::erase_if(columns, [&](const auto& item) { return !wanted.count(attribute(item).id); });
      if (columns.empty()) columns = std::move(first);  // rows need to be counted
      return columns.size() != before;
    };
    const auto itself = [](const Attribute& attribute) -> const Attribute& { return attribute; };
    bool changed = false;
    if (auto* scan = std::get_if<TableScan>(&node))
      changed =
          keep(scan->columns, [](const ScanColumn& c) -> const Attribute& { return c.attribute; });
    else if (auto* files = std::get_if<FileScan>(&node))
      changed = keep(files->columns, itself);
    else
      changed = keep(std::get<StreamSource>(node).columns, itself);
    return changed ? finish(std::move(node), relation->origin) : relation;
  }

  // Columns go by position.
  RelationPtr set_operation(const SetOperation& node, const RelationPtr& relation,
                            const Ids& wanted) {
    const bool prunable = node.kind == SetKind::kUnion && node.all;
    std::vector<bool> used(relation->output.size(), !prunable);
    for (size_t i = 0; prunable && i < used.size(); ++i)
      used[i] = wanted.count(relation->output[i].id) > 0;
    if (std::find(used.begin(), used.end(), true) == used.end() && !used.empty()) used[0] = true;
    SetOperation made = node;
    for (RelationPtr& child : made.children) {
      Ids below;
      std::vector<ExprPtr> columns;
      for (size_t i = 0; i < used.size(); ++i) {
        if (!used[i]) continue;
        below.insert(child->output[i].id);
        columns.push_back(column(child->output[i]));
      }
      RelationPtr pruned = run(child, below);
      const bool same = pruned->output.size() == columns.size() &&
                        std::equal(columns.begin(), columns.end(), pruned->output.begin(),
                                   [](const ExprPtr& c, const Attribute& a) {
                                     return attribute_of(*c).id == a.id;
                                   });
      child = same ? pruned : project(std::move(columns), std::move(pruned));
    }
    auto result = std::const_pointer_cast<Relation>(finish(std::move(made), relation->origin));
    result->output.clear();
    for (size_t i = 0; i < used.size(); ++i)
      if (used[i]) result->output.push_back(relation->output[i]);
    return result;
  }

  Ids kept_;
};

// Predicates travel down to scans, which prune files by them; the filters stay where they are.
class PushDown {
 public:
  RelationPtr run(const RelationPtr& relation, const std::vector<ExprPtr>& conditions) {
    if (const auto* scan = std::get_if<TableScan>(&relation->node)) {
      std::vector<types::Predicate> predicates{scan->pushed};
      for (const ExprPtr& condition : conditions)
        predicates.push_back(to_iceberg_predicate(*condition, scan->columns));
      TableScan made = *scan;
      made.pushed = types::all_of(std::move(predicates));
      return finish(std::move(made), relation->origin);
    }
    std::vector<RelationPtr> children;
    bool changed = false;
    const std::vector<RelationPtr> old = children_of(*relation);
    for (size_t i = 0; i < old.size(); ++i) {
      children.push_back(run(old[i], below(*relation, conditions, i)));
      changed |= children.back() != old[i];
    }
    return changed ? with_children(*relation, std::move(children)) : relation;
  }

 private:
  static void split(const ExprPtr& condition, std::vector<ExprPtr>& parts) {
    const Call* node = as_call(*condition, "and");
    if (node == nullptr) {
      parts.push_back(condition);
      return;
    }
    for (const ExprPtr& part : node->arguments) split(part, parts);
  }

  std::vector<ExprPtr> below(const Relation& relation, const std::vector<ExprPtr>& conditions,
                             size_t child) {
    std::vector<ExprPtr> result = conditions;
    if (const auto* node = std::get_if<Filter>(&relation.node)) {
      split(node->condition, result);
      return result;
    }
    if (const auto* node = std::get_if<Project>(&relation.node)) {
      const Bound bound = bound_by(*node);
      for (const ExprPtr& expr : node->expressions)
        if (contains_window(*expr)) return {};
      for (ExprPtr& condition : result) condition = substitute(condition, bound);
      return result;
    }
    if (const auto* node = std::get_if<Join>(&relation.node)) {
      const bool inner = node->kind == JoinKind::kInner || node->kind == JoinKind::kCross;
      const bool left_rows = inner || node->kind == JoinKind::kLeft ||
                             node->kind == JoinKind::kLeftSemi || node->kind == JoinKind::kLeftAnti;
      const bool from_above = child == 0 ? left_rows : inner || node->kind == JoinKind::kRight;
      if (!from_above) result.clear();
      const bool on =
          inner || node->kind == JoinKind::kLeftSemi ||
          (child == 0 ? node->kind == JoinKind::kRight
                      : node->kind == JoinKind::kLeft || node->kind == JoinKind::kLeftAnti);
      if (on && node->condition) split(node->condition, result);
      return result;
    }
    if (const auto* node = std::get_if<SetOperation>(&relation.node)) {
      Bound bound;
      const RelationPtr& side = node->children[child];
      for (size_t i = 0; i < relation.output.size(); ++i)
        bound[relation.output[i].id] = column(side->output[i]);
      for (ExprPtr& condition : result) condition = substitute(condition, bound);
      return node->kind == SetKind::kExcept && child > 0 ? std::vector<ExprPtr>{} : result;
    }
    if (const auto* node = std::get_if<Generate>(&relation.node)) {
      Ids made;
      for (const Attribute& attribute : node->columns) made.insert(attribute.id);
      std::erase_if(result, [&](const ExprPtr& condition) {
        std::vector<AttributeId> ids;
        collect_references(*condition, ids);
        return std::any_of(ids.begin(), ids.end(), [&](AttributeId id) { return made.count(id); });
      });
      return result;
    }
    const bool passes = std::holds_alternative<Sort>(relation.node) ||
                        std::holds_alternative<Distinct>(relation.node);
    if (passes) return result;
    if (const auto* node = std::get_if<Aggregate>(&relation.node)) {
      Ids keys;
      for (const ExprPtr& key : node->keys) keys.insert(attribute_of(*key).id);
      std::erase_if(result, [&](const ExprPtr& condition) {
        std::vector<AttributeId> ids;
        collect_references(*condition, ids);
        return std::any_of(ids.begin(), ids.end(), [&](AttributeId id) { return !keys.count(id); });
      });
      return node->keys.empty() ? std::vector<ExprPtr>{} : result;
    }
    return {};
  }
};

}  // namespace

ExprPtr substitute(const ExprPtr& expr, const std::map<AttributeId, ExprPtr>& by) {
  if (const auto* ref = std::get_if<ColumnRef>(&expr->node)) {
    const auto found = by.find(ref->attribute.id);
    return found == by.end() ? expr : found->second;
  }
  return map_children(expr, [&](const ExprPtr& child) { return substitute(child, by); });
}

RelationPtr collapse(const RelationPtr& relation) { return folded(Collapse().run(relation)); }

RelationPtr prune(const RelationPtr& relation, const std::set<AttributeId>& wanted,
                  std::set<AttributeId> kept) {
  return Prune(std::move(kept)).run(relation, wanted);
}

RelationPtr rewrite(const RelationPtr& resolved) {
  const RelationPtr collapsed = Collapse().run(resolved);
  Ids all;
  for (const Attribute& attribute : resolved->output) all.insert(attribute.id);
  const RelationPtr pruned = collapse(Prune().run(collapsed, all));
  return PushDown().run(pruned, {});
}

}  // namespace firn::plan

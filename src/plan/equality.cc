// equal(): whether two resolved expressions give the same value on the same row. What lambdas and
// subqueries name anew each time they are resolved is matched by place.
#include <map>

#include "plan/build.h"

namespace firn::plan {
namespace {

class Equality {
 public:
  bool same(const Expr& a, const Expr& b) {
    if (&a == &b) return !a.is_volatile;
    if (a.is_volatile || b.is_volatile) return false;
    if (const auto* named = std::get_if<Alias>(&a.node)) return same(*named->child, b);
    if (const auto* named = std::get_if<Alias>(&b.node)) return same(a, *named->child);
    if (!same_node(a.node, b.node)) return false;
    std::vector<ExprPtr> left, right;
    for_each_child(a, [&](const ExprPtr& child) { left.push_back(child); });
    for_each_child(b, [&](const ExprPtr& child) { right.push_back(child); });
    return same_list(left, right);
  }

 private:
  bool same_list(const std::vector<ExprPtr>& a, const std::vector<ExprPtr>& b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i)
      if (!same(*a[i], *b[i])) return false;
    return true;
  }

  bool same_node(const ExprNode& a, const ExprNode& b) {
    if (a.index() != b.index()) return false;
    if (const auto* n = std::get_if<ColumnRef>(&a)) {
      const auto known = twins_.find(n->attribute.id);
      const AttributeId id = known == twins_.end() ? n->attribute.id : known->second;
      return id == std::get<ColumnRef>(b).attribute.id;
    }
    if (const auto* n = std::get_if<Literal>(&a)) {
      const auto& other = std::get<Literal>(b);
      return n->type == other.type && n->value == other.value;
    }
    if (const auto* n = std::get_if<Cast>(&a)) {
      const auto& other = std::get<Cast>(b);
      return n->type == other.type && n->mode == other.mode;
    }
    if (const auto* n = std::get_if<Call>(&a)) {
      const auto& other = std::get<Call>(b);
      return n->function == other.function && n->distinct == other.distinct &&
             n->ansi == other.ansi && n->zone == other.zone && !n->filter == !other.filter;
    }
    if (const auto* n = std::get_if<PythonCall>(&a)) {
      const auto& other = std::get<PythonCall>(b);
      return n->function->command == other.function->command &&
             n->function->eval_type == other.function->eval_type &&
             n->argument_names == other.argument_names;
    }
    if (const auto* n = std::get_if<Lambda>(&a)) {
      const auto& other = std::get<Lambda>(b);
      if (n->ids.size() != other.ids.size()) return false;
      for (size_t i = 0; i < n->ids.size(); ++i) twins_[n->ids[i]] = other.ids[i];
      return true;
    }
    if (const auto* n = std::get_if<Subquery>(&a)) {
      const auto& other = std::get<Subquery>(b);
      return n->kind == other.kind && n->negated == other.negated &&
             same_plan(*n->plan, *other.plan);
    }
    if (const auto* n = std::get_if<GetField>(&a)) return n->index == std::get<GetField>(b).index;
    if (const auto* n = std::get_if<Parameter>(&a)) return n->index == std::get<Parameter>(b).index;
    if (const auto* n = std::get_if<InList>(&a)) return n->negated == std::get<InList>(b).negated;
    if (const auto* n = std::get_if<Case>(&a)) return !n->otherwise == !std::get<Case>(b).otherwise;
    return std::holds_alternative<Alias>(a);  // windows: never taken for equal
  }

  bool same_plan(const Relation& a, const Relation& b) {
    if (a.node.index() != b.node.index() || a.output.size() != b.output.size()) return false;
    const std::vector<RelationPtr> left = children_of(a), right = children_of(b);
    if (left.size() != right.size()) return false;
    for (size_t i = 0; i < left.size(); ++i)
      if (!same_plan(*left[i], *right[i])) return false;
    std::vector<ExprPtr> of_a, of_b;
    for_each_expression(a, [&](const ExprPtr& expr) { of_a.push_back(expr); });
    for_each_expression(b, [&](const ExprPtr& expr) { of_b.push_back(expr); });
    if (!same_list(of_a, of_b) || !same_relation(a.node, b.node)) return false;
    for (size_t i = 0; i < a.output.size(); ++i) {
      if (!(a.output[i].type == b.output[i].type)) return false;
      if (a.output[i].id != b.output[i].id) twins_[a.output[i].id] = b.output[i].id;
    }
    return true;
  }

  // What the nodes hold beside children and expressions; false for those that nobody groups by.
  static bool same_relation(const RelationNode& a, const RelationNode& b) {
    if (const auto* n = std::get_if<TableScan>(&a)) {
      const auto& other = std::get<TableScan>(b);
      if (n->name != other.name || n->source != other.source || n->streaming) return false;
      for (size_t i = 0; i < n->columns.size() && i < other.columns.size(); ++i)
        if (n->columns[i].field_id != other.columns[i].field_id) return false;
      return n->columns.size() == other.columns.size();
    }
    if (const auto* n = std::get_if<Sort>(&a)) {
      const auto& other = std::get<Sort>(b);
      for (size_t i = 0; i < n->keys.size(); ++i)
        if (n->keys[i].ascending != other.keys[i].ascending ||
            n->keys[i].nulls_first != other.keys[i].nulls_first)
          return false;
      return true;
    }
    if (const auto* n = std::get_if<Limit>(&a)) {
      const auto& other = std::get<Limit>(b);
      return !n->limit == !other.limit && !n->offset == !other.offset;
    }
    if (const auto* n = std::get_if<Join>(&a)) {
      const auto& other = std::get<Join>(b);
      return n->kind == other.kind && !n->condition == !other.condition;
    }
    if (const auto* n = std::get_if<SetOperation>(&a)) {
      const auto& other = std::get<SetOperation>(b);
      return n->kind == other.kind && n->all == other.all;
    }
    if (const auto* n = std::get_if<Aggregate>(&a))
      return n->keys.size() == std::get<Aggregate>(b).keys.size();
    if (const auto* n = std::get_if<Rows>(&a))
      return n->rows.size() == std::get<Rows>(b).rows.size();
    if (const auto* n = std::get_if<CachedRows>(&a)) return n->rows == std::get<CachedRows>(b).rows;
    if (const auto* n = std::get_if<Generate>(&a)) return n->outer == std::get<Generate>(b).outer;
    if (const auto* n = std::get_if<Range>(&a)) {
      const auto& other = std::get<Range>(b);
      return n->start == other.start && n->end == other.end && n->step == other.step;
    }
    return std::holds_alternative<Project>(a) || std::holds_alternative<Filter>(a) ||
           std::holds_alternative<Distinct>(a) || std::holds_alternative<OneRow>(a);
  }

  std::map<AttributeId, AttributeId> twins_;  // of a's columns, those of b
};

}  // namespace

bool equal(const Expr& a, const Expr& b) { return Equality().same(a, b); }

}  // namespace firn::plan

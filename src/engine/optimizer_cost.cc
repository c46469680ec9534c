// Depth of expressions, nesting of aggregates.
#include "engine/optimizer_cost.h"

#include <algorithm>
#include <unordered_map>

#include "plan/build.h"

namespace firn::engine {
namespace {

constexpr int kMostNestedAggregates = 12;
constexpr int kMostExpressionLevels = 150;

class Levels {  // of expressions; shared parts are looked at once
 public:
  int of(const plan::Expr& expr) {
    if (const auto found = known_.find(&expr); found != known_.end()) return found->second;
    int below = 0;
    plan::for_each_child(expr,
                         [&](const plan::ExprPtr& child) { below = std::max(below, of(*child)); });
    return known_[&expr] = below + 1;
  }

 private:
  std::unordered_map<const plan::Expr*, int> known_;
};

bool costs_much(const plan::Relation& relation, int aggregates, Levels& levels) {
  aggregates += std::holds_alternative<plan::Aggregate>(relation.node) ? 1 : 0;
  if (aggregates > kMostNestedAggregates) return true;
  bool deep = false;
  plan::for_each_expression(relation, [&](const plan::ExprPtr& expr) {
    deep = deep || levels.of(*expr) > kMostExpressionLevels;
  });
  if (deep) return true;
  const std::vector<plan::RelationPtr> children = plan::children_of(relation);
  return std::any_of(children.begin(), children.end(), [&](const plan::RelationPtr& child) {
    return costs_much(*child, aggregates, levels);
  });
}

}  // namespace

bool costs_too_much_to_optimize(const plan::Relation& relation) {
  Levels levels;
  return costs_much(relation, 0, levels);
}

}  // namespace firn::engine

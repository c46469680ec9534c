// Columns of enclosing queries in aggregates and windows of a subquery.
#include "engine/lower.h"
#include "plan/build.h"

namespace firn::engine {
namespace {

using plan::AttributeId;
using plan::Expr;
using plan::ExprPtr;

class OuterColumns {
 public:
  explicit OuterColumns(const std::vector<plan::Attribute>& own) { know(own); }

  void visit(const Expr& expr, bool computed) {
    const bool inside = computed || plan::is_aggregate_call(expr) ||
                        std::holds_alternative<plan::Windowed>(expr.node);
    if (const auto* ref = std::get_if<plan::ColumnRef>(&expr.node)) {
      if (inside && known_.insert(ref->attribute.id).second) found.push_back(ref->attribute);
      return;
    }
    if (const auto* lambda = std::get_if<plan::Lambda>(&expr.node))
      known_.insert(lambda->ids.begin(), lambda->ids.end());
    if (const auto* subquery = std::get_if<plan::Subquery>(&expr.node); subquery && inside) {
      know_all(*subquery->plan);
      visit(*subquery->plan);
    }
    plan::for_each_child(expr, [&](const ExprPtr& child) { visit(*child, inside); });
  }

  std::vector<plan::Attribute> found;

 private:
  void know(const std::vector<plan::Attribute>& attributes) {
    for (const plan::Attribute& attribute : attributes) known_.insert(attribute.id);
  }
  void know_all(const plan::Relation& relation) {
    know(relation.output);
    for (const plan::RelationPtr& child : plan::children_of(relation)) know_all(*child);
  }
  void visit(const plan::Relation& relation) {
    plan::for_each_expression(relation, [&](const ExprPtr& expr) { visit(*expr, true); });
    for (const plan::RelationPtr& child : plan::children_of(relation)) visit(*child);
  }

  std::set<AttributeId> known_;
};

}  // namespace

std::vector<plan::Attribute> outer_columns(const std::vector<ExprPtr>& outputs,
                                           const std::vector<plan::Attribute>& own) {
  OuterColumns columns(own);
  for (const ExprPtr& output : outputs) columns.visit(*output, false);
  return std::move(columns.found);
}

}  // namespace firn::engine

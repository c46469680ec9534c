// Expressions: construction, and destruction that does not recurse however deep the tree is.
// Printing: expression_text.cc.
#include "plan/expression.h"

#include <utility>

namespace firn::plan {
namespace {

// The last owner of a chain of 50,000 ANDs must not recurse 50,000 levels deep: while one node of a
// thread is being deleted, the nodes that fall with it wait in a list.
void destroy(Expr* expr) {
  thread_local std::vector<Expr*>* waiting = nullptr;
  if (waiting != nullptr) {
    waiting->push_back(expr);
    return;
  }
  std::vector<Expr*> list{expr};
  waiting = &list;
  while (!list.empty()) {
    Expr* next = list.back();
    list.pop_back();
    delete next;
  }
  waiting = nullptr;
}

}  // namespace

ExprPtr make(ExprNode node, std::optional<QueryContext> origin) {
  std::unique_ptr<Expr> expr = std::make_unique<Expr>();
  expr->node = std::move(node);
  expr->origin = std::move(origin);
  return ExprPtr(expr.release(), destroy);
}

}  // namespace firn::plan

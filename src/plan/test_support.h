// Nodes of a resolved plan for unit tests. Only *_test.cc files and their fixtures include it.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "plan/expression.h"
#include "plan/relation.h"

namespace firn::plan {

inline ExprPtr typed(ExprNode node, types::DataType type, bool can_throw = false) {
  auto made = std::make_shared<Expr>();
  made->node = std::move(node);
  made->type = std::move(type);
  made->resolved = true;
  made->can_throw = can_throw;
  return made;
}

inline RelationPtr relation(RelationNode node, std::vector<Attribute> output) {
  auto made = std::make_shared<Relation>();
  made->node = std::move(node);
  made->output = std::move(output);
  made->resolved = true;
  return made;
}

}  // namespace firn::plan

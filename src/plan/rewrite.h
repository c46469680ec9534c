// The rewrites one by one, for the cut of streams. For src/plan only; others call rewrite() of
// plan/resolve.h.
#pragma once

#include <map>
#include <set>

#include "plan/build.h"

namespace firn::plan {

// References to the ids replaced.
ExprPtr substitute(const ExprPtr& expr, const std::map<AttributeId, ExprPtr>& by);
// Chains of projections and of filters as one each; constants folded.
RelationPtr collapse(const RelationPtr& relation);
// Without columns that are neither wanted nor used on the way. The output keeps its order.
// `kept` are passed on by projections even where nobody asks for them.
RelationPtr prune(const RelationPtr& relation, const std::set<AttributeId>& wanted,
                  std::set<AttributeId> kept = {});

}  // namespace firn::plan

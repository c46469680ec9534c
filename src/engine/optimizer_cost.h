// Plans that DuckDB's optimizer takes too long over.
#pragma once

#include "plan/relation.h"

namespace firn::engine {

// Its push-down of filters visits what is below an aggregate twice, and its search for common
// subexpressions compares each level of an expression with all below: time doubles with each nested
// aggregate and grows with the cube of an expression's depth. True where that is more than about a
// tenth of a second. Such plans run as they are; folding, pruning and push-down into scans are done
// by then (plan/rewrite.h). To be called on a large stack.
bool costs_too_much_to_optimize(const plan::Relation& relation);

}  // namespace firn::engine

// Python functions in resolved plans: taken out of expressions into nodes of their own.
#pragma once

#include "plan/relation.h"
#include "plan/resolve.h"

namespace firn::plan {

bool contains_python(const Expr&);

// Every PythonCall of `resolved` becomes a column of a PythonEval below the node that used it; a
// chain f(g(x)) becomes two of them. The same plan where there is none. Throws
// UNSUPPORTED_FEATURE.FIRN where a node cannot have one below.
RelationPtr extract_python(const RelationPtr& resolved, IdSource& ids);

}  // namespace firn::plan

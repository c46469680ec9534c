// Python functions in resolved plans: taken out of expressions into nodes of their own.
#pragma once

#include <functional>

#include "plan/relation.h"
#include "plan/resolve.h"

namespace firn::plan {

bool contains_python(const Expr&);
bool is_grouped_aggregate(const PythonFunction&);

// The expression with the plans of its subqueries mapped.
ExprPtr map_subqueries(const ExprPtr& expr,
                       const std::function<RelationPtr(const RelationPtr&)>& map);

// Every PythonCall of `resolved` becomes a column of a PythonEval below the node that used it;
// aggregates of groups become a PythonMap. The same plan where there is none. Throws
// UNSUPPORTED_FEATURE.PYTHON_UDF_IN_ON_CLAUSE, …LAMBDA_FUNCTION_WITH_PYTHON_UDF,
// INVALID_PANDAS_UDF_PLACEMENT.
RelationPtr extract_python(const RelationPtr& resolved, IdSource& ids);

}  // namespace firn::plan

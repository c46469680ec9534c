// Generators among unresolved expressions. For src/plan only.
#pragma once

#include <optional>
#include <vector>

#include "plan/expression.h"

namespace firn::plan {

// The call of a generator that a select item is, behind its names; nullptr where it is none.
const UnresolvedCall* generator_call(const Expr& item);
// Which item of a select list is the first generator.
std::optional<size_t> generator_index(const std::vector<ExprPtr>& list);
// Whether an aggregate is called outside of windows.
bool calls_aggregate(const Expr& unresolved);

}  // namespace firn::plan

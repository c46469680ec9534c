// Constants: what can be computed now, with Spark's semantics, cheaply and with certainty.
#pragma once

#include "plan/build.h"

namespace firn::plan {

// The expression with its constant parts as literals; what is not known stays as it is.
ExprPtr fold(const ExprPtr& expr);

}  // namespace firn::plan

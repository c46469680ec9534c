// analyze() of table functions in Python, for resolution.
#pragma once

#include <vector>

#include "base/stop_token.h"
#include "plan/resolve.h"

namespace firn::engine {

// Runs a worker process. Throws TABLE_VALUED_FUNCTION_FAILED_TO_ANALYZE_IN_PYTHON.
plan::PythonAnalysis analyze_python(const plan::PythonFunction& function,
                                    const std::vector<plan::PythonArgument>& arguments,
                                    const StopToken& stop);

}  // namespace firn::engine

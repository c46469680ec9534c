// The rows of the table of error conditions, for look-up, documentation and tests.
#pragma once

#include <span>

#include "base/error.h"

namespace firn {

std::span<const Condition> firn_conditions();   // ours
std::span<const Condition> spark_conditions();  // Spark's error classes, texts as in Spark 4.1

}  // namespace firn

// Partial results of aggregates become one: on the bytes of value_codec.h, one value a state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernels/column.h"

namespace firn::stream {

struct StateColumn {
  std::string merge;  // sum, wrapping_sum, min, max
  kernels::Physical physical = kernels::Physical::kInt64;
};

// Appends to `out` the merged states of two rows. NULL means that there was no value. Throws
// ARITHMETIC_OVERFLOW where a sum leaves its type.
void merge_states(const std::vector<StateColumn>& columns, std::string_view kept,
                  std::string_view fresh, std::string& out);

}  // namespace firn::stream

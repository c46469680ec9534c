// Arrow arrays → columns. Within the module only.
#pragma once

#include <cstdint>

#include <arrow/type_fwd.h>

#include "kernels/kernel.h"

namespace firn::columnar {

// Rows [begin, begin + count) of a valid array into `out` from row `at` on, in the layout of
// from_arrow(array's type). Strings point into the array's memory.
void read_array(const arrow::Array& array, int64_t begin, int64_t count, kernels::Output& out,
                uint64_t at);

}  // namespace firn::columnar

// 128-bit hashes of key columns, row by row: equal keys hash alike whatever their vectors look
// like.
#pragma once

#include <vector>

#include "base/hash128.h"
#include "kernels/column.h"

namespace firn::stream {

// NULLs are equal to each other; -0.0 equals 0.0 and NaN equals NaN, as in Spark's grouping.
void hash_rows(const std::vector<kernels::ColumnView>& columns, uint64_t rows,
               std::vector<Hash128>& out);

}  // namespace firn::stream

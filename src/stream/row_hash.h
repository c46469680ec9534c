// 128-bit hashes of key columns, row by row: equal keys hash alike whatever their vectors look
// like.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "base/hash128.h"
#include "kernels/column.h"

namespace firn::stream {

// NULLs are equal to each other; -0.0 equals 0.0 and NaN equals NaN, as in Spark's grouping.
void hash_rows(const std::vector<kernels::ColumnView>& columns, uint64_t rows,
               std::vector<Hash128>& out);

template <class T>
T canonical(T value) {
  if (std::isnan(value)) return std::numeric_limits<T>::quiet_NaN();
  return value == 0 ? T{0} : value;
}

}  // namespace firn::stream

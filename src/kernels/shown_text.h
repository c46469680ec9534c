// Values of every type as Spark's show() prints them: NULL, [1, 2], {a -> 1}, {1, x}, binary as
// [DE AD].
#pragma once

#include <string>

#include "kernels/value_text.h"

namespace firn::kernels {

void append_shown(std::string& out, const ColumnView& column, uint64_t row,
                  const types::DataType& type, const TextStyle& style);

}  // namespace firn::kernels

// Arrays of a file in the layout of another schema: struct fields by name, wider or narrower
// numbers.
#pragma once

#include <memory>

#include <arrow/array.h>

#include "types/data_type.h"

namespace firn::columnar {

// `array`, which holds `found`, as an array of `wanted`: itself where they are the same. can_fit()
// says whether there is one.
std::shared_ptr<arrow::Array> fitted_array(const std::shared_ptr<arrow::Array>& array,
                                           const types::DataType& found,
                                           const types::DataType& wanted);
bool can_fit(const types::DataType& found, const types::DataType& wanted);

}  // namespace firn::columnar

// The end of schema inference.
#pragma once

#include "types/data_type.h"

namespace firn::kernels {

// The type with STRING where none was seen (VOID), at any depth; fields become nullable.
types::DataType settled_type(const types::DataType& type);

}  // namespace firn::kernels

// The one table Spark type ↔ Arrow type, as Spark Connect's client expects it. Within the module
// only: it shows Arrow's headers.
#pragma once

#include <memory>
#include <string>

#include <arrow/type_fwd.h>

#include "columnar/ipc.h"
#include "types/data_type.h"

namespace firn::columnar {

std::shared_ptr<arrow::DataType> to_arrow(const types::DataType& type, const IpcLayout& layout);
std::shared_ptr<arrow::Field> to_arrow_field(const std::string& name, const types::DataType& type,
                                             bool nullable, const IpcLayout& layout);
// What rows of this Arrow type are in Spark. Refuses by name what has no counterpart.
types::DataType from_arrow(const arrow::DataType& type);

}  // namespace firn::columnar

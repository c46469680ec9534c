// Column views → Arrow arrays. Within the module only.
#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>

#include "kernels/column.h"
#include "types/data_type.h"

namespace firn::columnar {

class ColumnBuilder {
 public:
  virtual ~ColumnBuilder() = default;
  // Rows [begin, begin + count) of the view.
  virtual void append(const kernels::ColumnView& view, uint64_t begin, uint64_t count) = 0;
  // `count` NULLs.
  virtual void append_nulls(uint64_t count) = 0;
  virtual int64_t bytes() const = 0;
  // What was collected; the builder is empty then.
  virtual std::shared_ptr<arrow::ArrayData> finish() = 0;
};

// `arrow` is to_arrow(type).
std::unique_ptr<ColumnBuilder> make_column_builder(const types::DataType& type,
                                                   std::shared_ptr<arrow::DataType> arrow);

}  // namespace firn::columnar

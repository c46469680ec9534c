// Columns → IPC stream.
#include <utility>
#include <vector>

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "columnar/arrow_status.h"
#include "columnar/arrow_types.h"
#include "columnar/column_builder.h"
#include "columnar/ipc.h"

namespace firn::columnar {

struct IpcEncoder::Body {
  std::shared_ptr<arrow::Schema> schema;
  std::vector<std::unique_ptr<ColumnBuilder>> columns;
  uint64_t rows = 0;
};

IpcEncoder::IpcEncoder(const types::DataType& columns, IpcLayout layout)
    : body_(std::make_unique<Body>()) {
  arrow::FieldVector fields;
  for (const types::StructField& field : columns.fields()) {
    fields.push_back(to_arrow_field(field.name, field.type, field.nullable, layout));
    body_->columns.push_back(make_column_builder(field.type, fields.back()->type()));
  }
  body_->schema = arrow::schema(std::move(fields));
}
IpcEncoder::~IpcEncoder() = default;

void IpcEncoder::append(std::span<const kernels::ColumnView> columns, uint64_t begin,
                        uint64_t count) {
  FIRN_CHECK(columns.size() == body_->columns.size(), "as many views as columns");
  for (size_t i = 0; i < columns.size(); ++i) body_->columns[i]->append(columns[i], begin, count);
  body_->rows += count;
}

uint64_t IpcEncoder::rows() const { return body_->rows; }

int64_t IpcEncoder::bytes() const {
  int64_t total = 0;
  for (const auto& column : body_->columns) total += column->bytes();
  return total;
}

std::string IpcEncoder::finish() {
  std::vector<std::shared_ptr<arrow::ArrayData>> arrays;
  const int64_t size = bytes();
  for (const auto& column : body_->columns) arrays.push_back(column->finish());
  const auto batch = arrow::RecordBatch::Make(
      body_->schema, static_cast<int64_t>(std::exchange(body_->rows, 0)), std::move(arrays));
  auto sink = must(arrow::io::BufferOutputStream::Create(size + size / 8 + 4096));
  auto writer = must(arrow::ipc::MakeStreamWriter(sink, body_->schema));
  must(writer->WriteRecordBatch(*batch));
  must(writer->Close());
  return must(sink->Finish())->ToString();
}

}  // namespace firn::columnar

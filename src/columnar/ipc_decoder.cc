// IPC stream → columns. What is read here comes from outside: every batch is validated in full.
#include <utility>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/reader.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "columnar/array_reader.h"
#include "columnar/arrow_status.h"
#include "columnar/arrow_types.h"
#include "columnar/ipc.h"

namespace firn::columnar {
namespace {

// A compressed body names the size it unpacks to: more than this is refused before it is allocated.
constexpr int64_t kMostBytes = int64_t{4} << 30;

}  // namespace

struct IpcDecoder::Body {
  std::shared_ptr<const std::string> bytes;  // the arrays point into it
  arrow::CappedMemoryPool pool{arrow::default_memory_pool(), kMostBytes};
  std::shared_ptr<arrow::ipc::RecordBatchStreamReader> reader;
  types::DataType columns;
  std::shared_ptr<arrow::RecordBatch> batch;
};

IpcDecoder::IpcDecoder(std::shared_ptr<const std::string> bytes) : body_(std::make_shared<Body>()) {
  body_->bytes = std::move(bytes);
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = &body_->pool;
  options.use_threads = false;
  options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
  auto source = std::make_shared<arrow::io::BufferReader>(
      std::make_shared<arrow::Buffer>(std::string_view(*body_->bytes)));
  body_->reader =
      must_be_valid(arrow::ipc::RecordBatchStreamReader::Open(std::move(source), options));
  std::vector<types::StructField> fields;
  for (const auto& field : body_->reader->schema()->fields())
    fields.push_back({field->name(), from_arrow(*field->type()), field->nullable()});
  body_->columns = types::DataType::structure(std::move(fields));
}
IpcDecoder::~IpcDecoder() = default;

const types::DataType& IpcDecoder::columns() const { return body_->columns; }

bool IpcDecoder::next() {
  must_be_valid(body_->reader->ReadNext(&body_->batch));
  if (!body_->batch) return false;
  must_be_valid(body_->batch->ValidateFull());
  return true;
}

uint64_t IpcDecoder::rows() const { return static_cast<uint64_t>(body_->batch->num_rows()); }

void IpcDecoder::write(size_t column, uint64_t begin, uint64_t count, kernels::Output& out) const {
  FIRN_CHECK(begin + count <= rows(), "rows of the batch");
  read_array(*body_->batch->column(static_cast<int>(column)), static_cast<int64_t>(begin),
             static_cast<int64_t>(count), out, 0);
  // The batch's arrays use the body's pool and bytes.
  out.keep(std::shared_ptr<const void>(
      std::make_shared<std::pair<std::shared_ptr<Body>, std::shared_ptr<arrow::RecordBatch>>>(
          body_, body_->batch)));
}

}  // namespace firn::columnar

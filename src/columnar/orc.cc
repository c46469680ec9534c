// ORC through Arrow's adapter: stripes to record batches to columns, and back.
#include "columnar/orc.h"

#include <algorithm>
#include <utility>

#include <arrow/adapters/orc/adapter.h>
#include <arrow/adapters/orc/options.h>
#include <arrow/array.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/error.h"
#include "columnar/array_fit.h"
#include "columnar/array_reader.h"
#include "columnar/arrow_status.h"
#include "columnar/arrow_types.h"
#include "columnar/column_builder.h"

namespace firn::columnar {
namespace {

using types::DataType;
using types::DataTypeId;

class StoredFile final : public arrow::io::RandomAccessFile {
 public:
  explicit StoredFile(OrcInput input) : input_(std::move(input)) {}
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return at_; }
  arrow::Status Seek(int64_t position) override {
    at_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> GetSize() override { return input_.size; }
  arrow::Result<int64_t> ReadAt(int64_t position, int64_t bytes, void* out) override {
    const int64_t take = std::max<int64_t>(0, std::min(bytes, input_.size - position));
    try {
      if (take > 0) input_.read(position, take, static_cast<char*>(out));
    } catch (const std::exception& failed) {
      return arrow::Status::IOError(failed.what());
    }
    return take;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t bytes) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(bytes));
    ARROW_ASSIGN_OR_RAISE(const int64_t got, ReadAt(position, bytes, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(got));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  arrow::Result<int64_t> Read(int64_t bytes, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t got, ReadAt(at_, bytes, out));
    at_ += got;
    return got;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(at_, bytes));
    at_ += buffer->size();
    return buffer;
  }

 private:
  OrcInput input_;
  int64_t at_ = 0;
  bool closed_ = false;
};

class SinkStream final : public arrow::io::OutputStream {
 public:
  explicit SinkStream(std::function<void(std::string_view)> out) : out_(std::move(out)) {}
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return at_; }
  arrow::Status Write(const void* data, int64_t bytes) override {
    out_({static_cast<const char*>(data), static_cast<size_t>(bytes)});
    at_ += bytes;
    return arrow::Status::OK();
  }

 private:
  std::function<void(std::string_view)> out_;
  int64_t at_ = 0;
  bool closed_ = false;
};

// Spark knows instants only.
DataType as_spark(const DataType& type) {
  switch (type.id()) {
    case DataTypeId::kTimestampNtz:
      return DataTypeId::kTimestamp;
    case DataTypeId::kArray:
      return DataType::array(as_spark(type.element()));
    case DataTypeId::kMap:
      return DataType::map(as_spark(type.key()), as_spark(type.value()));
    case DataTypeId::kStruct: {
      std::vector<types::StructField> fields;
      for (const types::StructField& field : type.fields())
        fields.push_back({field.name, as_spark(field.type), true, ""});
      return DataType::structure(std::move(fields));
    }
    default:
      return type;
  }
}

// Local times of rows [0, rows) become instants of `zone` where the file has no zone and the plan
// wants instants.
void make_instants(const DataType& type, const arrow::DataType& file, kernels::Output& out,
                   uint64_t rows, const kernels::TimeZone& zone) {
  switch (type.id()) {
    case DataTypeId::kTimestamp: {
      const bool local = file.id() == arrow::Type::TIMESTAMP &&
                         static_cast<const arrow::TimestampType&>(file).timezone().empty();
      if (!local) return;
      auto* const values = out.values<int64_t>();
      for (uint64_t row = 0; row < rows; ++row) {
        const bool valid = (out.validity()[row >> 6] >> (row & 63) & 1) != 0;
        if (valid) values[row] = zone.to_utc(values[row]);
      }
      return;
    }
    case DataTypeId::kArray:
      return make_instants(type.element(), *file.field(0)->type(), out.child(0),
                           out.child(0).size(), zone);
    case DataTypeId::kMap: {
      kernels::Output& pairs = out.child(0);
      const auto& map = static_cast<const arrow::MapType&>(file);
      make_instants(type.key(), *map.key_type(), pairs.child(0), pairs.size(), zone);
      return make_instants(type.value(), *map.item_type(), pairs.child(1), pairs.size(), zone);
    }
    case DataTypeId::kStruct:
      for (size_t i = 0; i < type.fields().size(); ++i)
        make_instants(type.fields()[i].type, *file.field(static_cast<int>(i))->type(), out.child(i),
                      rows, zone);
      return;
    default:
      return;
  }
}

}  // namespace

struct OrcReader::Body {
  std::string name;
  std::shared_ptr<const kernels::TimeZone> zone;
  std::unique_ptr<arrow::adapters::orc::ORCFileReader> reader;
  std::shared_ptr<arrow::Schema> fields;
  DataType schema;
  std::vector<int> positions;                         // of the selected fields in a batch
  std::shared_ptr<arrow::RecordBatchReader> batches;  // nullptr: no field is selected
  std::shared_ptr<arrow::RecordBatch> batch;
  int64_t left = 0;  // rows to come where no column is wanted

  template <class T>
  T checked(arrow::Result<T> result) const {
    if (!result.ok()) throw_corrupt(name + ": " + result.status().message());
    return std::move(result).ValueUnsafe();
  }
};

OrcReader::OrcReader(OrcInput input, std::shared_ptr<const kernels::TimeZone> zone)
    : body_(std::make_unique<Body>()) {
  body_->name = input.name;
  body_->zone = std::move(zone);
  auto opened = arrow::adapters::orc::ORCFileReader::Open(
      std::make_shared<StoredFile>(std::move(input)), arrow::default_memory_pool());
  if (!opened.ok())
    throw Error("FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER", {{"path", body_->name}});
  body_->reader = std::move(opened).ValueUnsafe();
  body_->fields = body_->checked(body_->reader->ReadSchema());
  std::vector<types::StructField> fields;
  for (const auto& field : body_->fields->fields())
    fields.push_back({field->name(), as_spark(from_arrow(*field->type())), true, ""});
  body_->schema = DataType::structure(std::move(fields));
}
OrcReader::~OrcReader() = default;

const DataType& OrcReader::schema() const { return body_->schema; }
int64_t OrcReader::rows() const { return body_->reader->NumberOfRows(); }

void OrcReader::select(const std::vector<int>& fields) {
  constexpr int64_t kBatch = 16 * 1024;
  body_->left = fields.empty() ? rows() : 0;
  if (fields.empty()) return;
  std::vector<std::string> names;
  for (const int field : fields) names.push_back(body_->fields->field(field)->name());
  body_->batches = body_->checked(body_->reader->GetRecordBatchReader(kBatch, names));
  for (const std::string& name : names)
    body_->positions.push_back(body_->batches->schema()->GetFieldIndex(name));
}

bool OrcReader::next() {
  body_->batch.reset();
  if (body_->batches == nullptr) return std::exchange(body_->left, 0) > 0;
  do {
    const arrow::Status status = body_->batches->ReadNext(&body_->batch);
    if (!status.ok()) throw_corrupt(body_->name + ": " + status.message());
  } while (body_->batch != nullptr && body_->batch->num_rows() == 0);
  return body_->batch != nullptr;
}

uint64_t OrcReader::batch_rows() const {
  return body_->batch != nullptr ? static_cast<uint64_t>(body_->batch->num_rows())
                                 : static_cast<uint64_t>(rows());
}

void OrcReader::write(size_t selected, uint64_t begin, uint64_t count, const DataType& type,
                      kernels::Output& out) const {
  const int position = body_->positions.at(selected);
  const auto& field = *body_->batches->schema()->field(position);
  const auto column =
      fitted_array(body_->batch->column(position), as_spark(from_arrow(*field.type())), type);
  read_array(*column, static_cast<int64_t>(begin), static_cast<int64_t>(count), out, 0);
  out.keep(column);
  make_instants(type, *column->type(), out, count, *body_->zone);
}

bool orc_can_read(const DataType& found, const DataType& wanted) { return can_fit(found, wanted); }

struct OrcWriter::Body {
  Body(std::function<void(std::string_view)> out, const DataType& of,
       std::shared_ptr<const kernels::TimeZone> z)
      : sink(std::make_unique<SinkStream>(std::move(out))), schema(of), zone(std::move(z)) {}
  std::unique_ptr<arrow::io::OutputStream> sink;
  DataType schema;
  std::shared_ptr<const kernels::TimeZone> zone;
  std::shared_ptr<arrow::Schema> fields;
  std::vector<std::unique_ptr<ColumnBuilder>> builders;
  std::unique_ptr<arrow::adapters::orc::ORCFileWriter> writer;
  int64_t rows = 0;
  std::vector<std::vector<int64_t>> local;  // local times of the columns that are instants
  void flush();
};

namespace {

// ORC has local times only: TIMESTAMP is written as TIMESTAMP_NTZ.
DataType as_local(const DataType& type) {
  switch (type.id()) {
    case DataTypeId::kTimestamp:
      return DataTypeId::kTimestampNtz;
    case DataTypeId::kYearMonthInterval:
      return DataTypeId::kInteger;
    case DataTypeId::kDayTimeInterval:
      return DataTypeId::kLong;
    case DataTypeId::kArray:
      return DataType::array(as_local(type.element()));
    case DataTypeId::kMap:
      return DataType::map(as_local(type.key()), as_local(type.value()));
    case DataTypeId::kStruct: {
      std::vector<types::StructField> fields;
      for (const types::StructField& field : type.fields())
        fields.push_back({field.name, as_local(field.type), true, ""});
      return DataType::structure(std::move(fields));
    }
    default:
      return type;
  }
}

// Arrow's writer stores the fraction of a time before 1970 as a negative number, which Java's
// reader takes for a broken file.
void check_fraction(const kernels::ColumnView& view, const int64_t* local) {
  for (uint64_t row = 0; row < view.size; ++row) {
    if (!view.is_valid(row) || local[row] >= 0 || local[row] % 1'000'000 == 0) continue;
    throw_unsupported(
        "writing times before 1970 with a fraction of a second as ORC (Spark could not read them); "
        "truncate them by date_trunc('SECOND', …), or write Parquet");
  }
}

// The column with local times instead of instants; what had to be made lives in `made`.
kernels::ColumnView localised(const kernels::ColumnView& view, const DataType& type,
                              const kernels::TimeZone& zone,
                              std::vector<std::vector<int64_t>>& made) {
  kernels::ColumnView result = view;
  switch (type.id()) {
    case DataTypeId::kTimestamp: {
      made.emplace_back(view.size);
      std::vector<int64_t>& local = made.back();
      for (uint64_t row = 0; row < view.size; ++row) {
        if (view.is_valid(row)) local[row] = zone.to_local(view.values<int64_t>()[row]);
      }
      check_fraction(view, local.data());
      result.data = local.data();
      break;
    }
    case DataTypeId::kTimestampNtz:
      check_fraction(view, view.values<int64_t>());
      break;
    case DataTypeId::kArray:
      result.children[0] = localised(view.children[0], type.element(), zone, made);
      break;
    case DataTypeId::kMap: {
      auto& pairs = result.children[0].children;
      pairs[0] = localised(view.children[0].children[0], type.key(), zone, made);
      pairs[1] = localised(view.children[0].children[1], type.value(), zone, made);
      break;
    }
    case DataTypeId::kStruct:
      for (size_t i = 0; i < type.fields().size(); ++i)
        result.children[i] = localised(view.children[i], type.fields()[i].type, zone, made);
      break;
    default:
      break;
  }
  return result;
}

struct CodecRow {
  const char* name;
  arrow::Compression::type codec;
};
constexpr CodecRow kCodecs[] = {
    {"none", arrow::Compression::UNCOMPRESSED}, {"snappy", arrow::Compression::SNAPPY},
    {"zlib", arrow::Compression::GZIP},         {"zstd", arrow::Compression::ZSTD},
    {"lz4", arrow::Compression::LZ4},
};

}  // namespace

OrcWriter::OrcWriter(std::function<void(std::string_view)> out, const DataType& schema,
                     const std::string& codec, std::shared_ptr<const kernels::TimeZone> zone)
    : body_(std::make_unique<Body>(std::move(out), schema, std::move(zone))) {
  arrow::FieldVector fields;
  for (const types::StructField& field : schema.fields()) {
    const DataType local = as_local(field.type);
    fields.push_back(to_arrow_field(field.name, local, true, {}));
    body_->builders.push_back(make_column_builder(local, fields.back()->type()));
  }
  body_->fields = arrow::schema(std::move(fields));
  arrow::adapters::orc::WriteOptions options;
  for (const CodecRow& row : kCodecs) {
    if (codec == row.name) options.compression = row.codec;
  }
  body_->writer = must(arrow::adapters::orc::ORCFileWriter::Open(body_->sink.get(), options));
}
OrcWriter::~OrcWriter() = default;

void OrcWriter::append(std::span<const kernels::ColumnView> columns, uint64_t rows) {
  constexpr int64_t kBatch = 64 * 1024;
  for (size_t i = 0; i < columns.size(); ++i) {
    std::vector<std::vector<int64_t>> made;
    made.reserve(64);
    const kernels::ColumnView view =
        localised(columns[i], body_->schema.fields()[i].type, *body_->zone, made);
    body_->builders[i]->append(view, 0, rows);
  }
  body_->rows += static_cast<int64_t>(rows);
  if (body_->rows >= kBatch) body_->flush();
}

void OrcWriter::Body::flush() {
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (const auto& builder : builders) arrays.push_back(arrow::MakeArray(builder->finish()));
  const auto batch = arrow::RecordBatch::Make(fields, rows, std::move(arrays));
  const arrow::Status status = writer->Write(*batch);
  if (!status.ok()) throw_io("cannot write ORC: " + status.message());
  rows = 0;
}

void OrcWriter::finish() {
  body_->flush();
  const arrow::Status status = body_->writer->Close();
  if (!status.ok()) throw_io("cannot write ORC: " + status.message());
}

}  // namespace firn::columnar

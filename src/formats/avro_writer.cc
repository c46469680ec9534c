// Avro files with the schema that Spark would give them.
#include "formats/avro_writer.h"

#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "iceberg/avro_codec.h"
#include "iceberg/avro_writer.h"

namespace firn::formats {
namespace {

using OrderedJson = nlohmann::ordered_json;
using iceberg::AvroEncoder;
using kernels::ColumnView;
using types::DataType;
using types::DataTypeId;

bool avro_supports(const DataType& type) {
  switch (type.id()) {
    case DataTypeId::kYearMonthInterval:
    case DataTypeId::kDayTimeInterval:
    case DataTypeId::kNull:
      return false;
    case DataTypeId::kArray:
      return avro_supports(type.element());
    case DataTypeId::kMap:
      return type.key().id() == DataTypeId::kString && avro_supports(type.value());
    case DataTypeId::kStruct:
      for (const types::StructField& field : type.fields()) {
        if (!avro_supports(field.type)) return false;
      }
      return true;
    default:
      return true;
  }
}

size_t bytes_for_precision(int precision) {
  size_t bytes = 1;
  for (double limit = 128; limit < std::pow(10.0, precision); limit *= 256) ++bytes;
  return bytes;
}

OrderedJson nullable(OrderedJson type) { return OrderedJson::array({std::move(type), "null"}); }

OrderedJson avro_type(const DataType& type, const std::string& name, const std::string& space) {
  const std::string own = space.empty() ? name : space + "." + name;
  const auto logical = [](const char* base, const char* as) {
    return OrderedJson{{"type", base}, {"logicalType", as}};
  };
  switch (type.id()) {
    case DataTypeId::kBoolean:
      return "boolean";
    case DataTypeId::kByte:
    case DataTypeId::kShort:
    case DataTypeId::kInteger:
      return "int";
    case DataTypeId::kLong:
      return "long";
    case DataTypeId::kFloat:
      return "float";
    case DataTypeId::kDouble:
      return "double";
    case DataTypeId::kString:
      return "string";
    case DataTypeId::kBinary:
      return "bytes";
    case DataTypeId::kDate:
      return logical("int", "date");
    case DataTypeId::kTimestamp:
      return logical("long", "timestamp-micros");
    case DataTypeId::kTimestampNtz:
      return logical("long", "local-timestamp-micros");
    case DataTypeId::kDecimal:
      return OrderedJson{
          {"type", "fixed"},          {"name", "fixed"},
          {"namespace", own},         {"size", bytes_for_precision(type.precision())},
          {"logicalType", "decimal"}, {"precision", type.precision()},
          {"scale", type.scale()}};
    case DataTypeId::kArray:
      return OrderedJson{{"type", "array"},
                         {"items", nullable(avro_type(type.element(), name, space))}};
    case DataTypeId::kMap:
      return OrderedJson{{"type", "map"},
                         {"values", nullable(avro_type(type.value(), name, space))}};
    default: {
      OrderedJson fields = OrderedJson::array();
      for (const types::StructField& field : type.fields())
        fields.push_back(
            {{"name", field.name}, {"type", nullable(avro_type(field.type, field.name, own))}});
      OrderedJson record{{"type", "record"}, {"name", name}};
      if (!space.empty()) record["namespace"] = space;
      record["fields"] = std::move(fields);
      return record;
    }
  }
}

__int128 unscaled_of(const ColumnView& column, uint64_t row) {
  switch (column.physical) {
    case kernels::Physical::kInt16:
      return column.values<int16_t>()[row];
    case kernels::Physical::kInt32:
      return column.values<int32_t>()[row];
    case kernels::Physical::kInt64:
      return column.values<int64_t>()[row];
    default:
      return column.values<kernels::Int128Cell>()[row];
  }
}

void put_avro(AvroEncoder& out, const ColumnView& column, uint64_t row, const DataType& type) {
  if (!column.is_valid(row)) return out.put_long(1);
  out.put_long(0);
  switch (type.id()) {
    case DataTypeId::kBoolean:
      return out.put_boolean(column.values<bool>()[row]);
    case DataTypeId::kByte:
      return out.put_long(column.values<int8_t>()[row]);
    case DataTypeId::kShort:
      return out.put_long(column.values<int16_t>()[row]);
    case DataTypeId::kInteger:
    case DataTypeId::kDate:
      return out.put_long(column.values<int32_t>()[row]);
    case DataTypeId::kLong:
    case DataTypeId::kTimestamp:
    case DataTypeId::kTimestampNtz:
      return out.put_long(column.values<int64_t>()[row]);
    case DataTypeId::kFloat:
      return out.put_float(column.values<float>()[row]);
    case DataTypeId::kDouble:
      return out.put_double(column.values<double>()[row]);
    case DataTypeId::kString:
    case DataTypeId::kBinary:
      return out.put_bytes(column.values<kernels::StringRef>()[row].view());
    case DataTypeId::kDecimal: {
      const __int128 value = unscaled_of(column, row);
      std::string bytes;
      for (size_t i = bytes_for_precision(type.precision()); i-- > 0;)
        bytes += static_cast<char>(value >> (8 * i));
      return out.put_raw(bytes);
    }
    case DataTypeId::kArray:
    case DataTypeId::kMap: {
      const kernels::ListEntry entry = column.values<kernels::ListEntry>()[row];
      const ColumnView& elements = column.children[0];
      const bool map = type.id() == DataTypeId::kMap;
      if (entry.length > 0) out.put_long(static_cast<int64_t>(entry.length));
      for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
        if (map) out.put_bytes(elements.children[0].values<kernels::StringRef>()[i].view());
        put_avro(out, map ? elements.children[1] : elements, i,
                 map ? type.value() : type.element());
      }
      return out.put_long(0);
    }
    default:
      for (size_t i = 0; i < type.fields().size(); ++i)
        put_avro(out, column.children[i], row, type.fields()[i].type);
  }
}

struct AvroCodec {
  const char* name;   // Spark's
  const char* codec;  // Avro's
};
constexpr AvroCodec kAvroCodecs[] = {{"uncompressed", "null"},
                                     {"deflate", "deflate"},
                                     {"snappy", "snappy"},
                                     {"zstandard", "zstandard"}};

std::string codec_of(const Options& options) {
  const std::string name = lower_case(options.text("compression", "snappy"));
  std::string names;
  for (const AvroCodec& row : kAvroCodecs) {
    if (name == row.name) return row.codec;
    names += (names.empty() ? "" : ", ") + std::string(row.name);
  }
  throw Error("CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION",
              {{"codecName", name}, {"availableCodecs", names}});
}

class AvroRowWriter final : public RowWriter {
 public:
  AvroRowWriter(std::unique_ptr<files::OutputFile> file, const Options& options,
                const DataType& schema)
      : file_(std::move(file)), schema_(schema), codec_(codec_of(options)) {
    SystemRandom random;
    for (int i = 0; i < 16; ++i) sync_ += static_cast<char>(random.next());
    const OrderedJson root = avro_type(schema, options.text("recordName", "topLevelRecord"),
                                       options.text("recordNamespace", ""));
    AvroEncoder header;
    header.put_raw(std::string_view("Obj\x01", 4));
    header.put_long(2);
    header.put_bytes("avro.schema");
    header.put_bytes(options.text("avroSchema", root.dump()));
    header.put_bytes("avro.codec");
    header.put_bytes(codec_);
    header.put_long(0);
    header.put_raw(sync_);
    file_->write(header.bytes());
  }

  void write(std::span<const ColumnView> columns, uint64_t rows) override {
    constexpr size_t kBlock = 64 << 10;
    for (uint64_t row = 0; row < rows; ++row) {
      for (size_t i = 0; i < columns.size(); ++i)
        put_avro(objects_, columns[i], row, schema_.fields()[i].type);
      ++count_;
      if (objects_.size() > kBlock) end_block();
    }
  }
  void finish() override {
    end_block();
    file_->finish();
  }

 private:
  void end_block() {
    if (count_ == 0) return;
    AvroEncoder block;
    block.put_long(count_);
    block.put_bytes(iceberg::avro_compress(codec_, objects_.bytes()));
    block.put_raw(sync_);
    file_->write(block.bytes());
    objects_.clear();
    count_ = 0;
  }

  std::unique_ptr<files::OutputFile> file_;
  const DataType schema_;
  const std::string codec_;
  std::string sync_;
  AvroEncoder objects_;
  int64_t count_ = 0;
};

}  // namespace

std::string avro_extension(const Options& options, const DataType& schema) {
  check_column_types(schema, "Avro", avro_supports);
  if (options.find("avroSchema"))
    throw_unsupported("the option avroSchema of writing Avro; cast the columns instead");
  codec_of(options);
  return ".avro";
}

std::unique_ptr<RowWriter> create_avro(files::FileStore& store, const std::string& uri,
                                       const Options& options, const DataType& schema) {
  return std::make_unique<AvroRowWriter>(store.create(uri, files::WriteMode::kCreateNew), options,
                                         schema);
}

}  // namespace firn::formats

// Spark type ↔ Arrow type.
#include "columnar/arrow_types.h"

#include <arrow/type.h>

#include "base/error.h"

namespace firn::columnar {
namespace {

using types::DataType;
using types::DataTypeId;

struct PlainType {
  DataTypeId spark;
  std::shared_ptr<arrow::DataType> (*arrow)();
};

std::shared_ptr<arrow::DataType> timestamp_ntz() {
  return arrow::timestamp(arrow::TimeUnit::MICRO);
}
std::shared_ptr<arrow::DataType> duration_us() { return arrow::duration(arrow::TimeUnit::MICRO); }
std::shared_ptr<arrow::DataType> month_interval() { return arrow::month_interval(); }
std::shared_ptr<arrow::DataType> null_type() { return arrow::null(); }
template <const std::shared_ptr<arrow::DataType>& (*Make)()>
std::shared_ptr<arrow::DataType> plain() {
  return Make();
}

constexpr PlainType kPlainTypes[] = {
    {DataTypeId::kNull, null_type},
    {DataTypeId::kBoolean, plain<arrow::boolean>},
    {DataTypeId::kByte, plain<arrow::int8>},
    {DataTypeId::kShort, plain<arrow::int16>},
    {DataTypeId::kInteger, plain<arrow::int32>},
    {DataTypeId::kLong, plain<arrow::int64>},
    {DataTypeId::kFloat, plain<arrow::float32>},
    {DataTypeId::kDouble, plain<arrow::float64>},
    {DataTypeId::kDate, plain<arrow::date32>},
    {DataTypeId::kTimestampNtz, timestamp_ntz},
    {DataTypeId::kYearMonthInterval, month_interval},
    {DataTypeId::kDayTimeInterval, duration_us},
};

struct ForeignType {
  arrow::Type::type arrow;
  DataTypeId spark;
};
// Types that Spark has no column of are widened to the next that it has.
constexpr ForeignType kForeignTypes[] = {
    {arrow::Type::NA, DataTypeId::kNull},
    {arrow::Type::BOOL, DataTypeId::kBoolean},
    {arrow::Type::INT8, DataTypeId::kByte},
    {arrow::Type::INT16, DataTypeId::kShort},
    {arrow::Type::INT32, DataTypeId::kInteger},
    {arrow::Type::INT64, DataTypeId::kLong},
    {arrow::Type::UINT8, DataTypeId::kShort},
    {arrow::Type::UINT16, DataTypeId::kInteger},
    {arrow::Type::UINT32, DataTypeId::kLong},
    {arrow::Type::HALF_FLOAT, DataTypeId::kFloat},
    {arrow::Type::FLOAT, DataTypeId::kFloat},
    {arrow::Type::DOUBLE, DataTypeId::kDouble},
    {arrow::Type::STRING, DataTypeId::kString},
    {arrow::Type::LARGE_STRING, DataTypeId::kString},
    {arrow::Type::STRING_VIEW, DataTypeId::kString},
    {arrow::Type::BINARY, DataTypeId::kBinary},
    {arrow::Type::LARGE_BINARY, DataTypeId::kBinary},
    {arrow::Type::BINARY_VIEW, DataTypeId::kBinary},
    {arrow::Type::FIXED_SIZE_BINARY, DataTypeId::kBinary},
    {arrow::Type::DATE32, DataTypeId::kDate},
    {arrow::Type::DATE64, DataTypeId::kDate},
    {arrow::Type::DURATION, DataTypeId::kDayTimeInterval},
    {arrow::Type::INTERVAL_MONTHS, DataTypeId::kYearMonthInterval},
};

[[noreturn]] void throw_unsupported_type(const std::string& name) {
  throw Error("UNSUPPORTED_ARROWTYPE", {{"typeName", name}});
}

}  // namespace

std::shared_ptr<arrow::Field> to_arrow_field(const std::string& name, const DataType& type,
                                             bool nullable, const IpcLayout& layout) {
  return arrow::field(name, to_arrow(type, layout), nullable);
}

std::shared_ptr<arrow::DataType> to_arrow(const DataType& type, const IpcLayout& layout) {
  for (const PlainType& row : kPlainTypes) {
    if (row.spark == type.id()) return row.arrow();
  }
  switch (type.id()) {
    case DataTypeId::kString:
      return layout.large_variables ? arrow::large_utf8() : arrow::utf8();
    case DataTypeId::kBinary:
      return layout.large_variables ? arrow::large_binary() : arrow::binary();
    case DataTypeId::kDecimal:
      return arrow::decimal128(type.precision(), type.scale());
    case DataTypeId::kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO, layout.zone);
    case DataTypeId::kArray:
      return arrow::list(to_arrow_field("element", type.element(), type.contains_null(), layout));
    case DataTypeId::kMap:
      return std::make_shared<arrow::MapType>(
          to_arrow_field("key", type.key(), false, layout),
          to_arrow_field("value", type.value(), type.contains_null(), layout));
    case DataTypeId::kStruct: {
      arrow::FieldVector fields;
      for (const types::StructField& field : type.fields()) {
        fields.push_back(to_arrow_field(field.name, field.type, field.nullable, layout));
      }
      return arrow::struct_(std::move(fields));
    }
    default:
      break;
  }
  throw_unsupported("results with columns of type " + type.simple_string());
}

DataType from_arrow(const arrow::DataType& type) {
  for (const ForeignType& row : kForeignTypes) {
    if (row.arrow == type.id()) return DataType(row.spark);
  }
  switch (type.id()) {
    case arrow::Type::UINT64:
      return DataType::decimal(20, 0);
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      if (decimal.scale() < 0 || decimal.scale() > decimal.precision())
        throw_unsupported_type(type.ToString());
      return DataType::decimal(decimal.precision(), decimal.scale());
    }
    case arrow::Type::TIMESTAMP:
      return static_cast<const arrow::TimestampType&>(type).timezone().empty()
                 ? DataTypeId::kTimestampNtz
                 : DataTypeId::kTimestamp;
    case arrow::Type::DICTIONARY:
      return from_arrow(*static_cast<const arrow::DictionaryType&>(type).value_type());
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST: {
      const arrow::Field& element = *type.field(0);
      return DataType::array(from_arrow(*element.type()), element.nullable());
    }
    case arrow::Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(type);
      return DataType::map(from_arrow(*map.key_type()), from_arrow(*map.item_type()),
                           map.item_field()->nullable());
    }
    case arrow::Type::STRUCT: {
      std::vector<types::StructField> fields;
      for (const auto& field : type.fields()) {
        fields.push_back({field->name(), from_arrow(*field->type()), field->nullable()});
      }
      return DataType::structure(std::move(fields));
    }
    default:
      break;
  }
  throw_unsupported_type(type.ToString());
}

}  // namespace firn::columnar

// DuckDB's types with their names.
#include "engine/file_format.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace firn::engine {

std::string quoted_identifier(const std::string& identifier) {
  std::string out = "\"";
  for (const char c : identifier) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::string literal(const std::string& text) { return duckdb::Value(text).ToSQLString(); }

types::DataType spark_type(const duckdb::LogicalType& type, const std::string& column,
                           bool sort_fields) {
  using types::DataTypeId;
  switch (type.id()) {
    case duckdb::LogicalTypeId::BOOLEAN:
      return DataTypeId::kBoolean;
    case duckdb::LogicalTypeId::TINYINT:
      return DataTypeId::kByte;
    case duckdb::LogicalTypeId::SMALLINT:
    case duckdb::LogicalTypeId::UTINYINT:
      return DataTypeId::kShort;
    case duckdb::LogicalTypeId::INTEGER:
    case duckdb::LogicalTypeId::USMALLINT:
      return DataTypeId::kInteger;
    case duckdb::LogicalTypeId::BIGINT:
    case duckdb::LogicalTypeId::UINTEGER:
      return DataTypeId::kLong;
    case duckdb::LogicalTypeId::UBIGINT:
      return types::DataType::decimal(20, 0);
    case duckdb::LogicalTypeId::HUGEINT:
      return types::DataType::decimal(38, 0);
    case duckdb::LogicalTypeId::FLOAT:
      return DataTypeId::kFloat;
    case duckdb::LogicalTypeId::DOUBLE:
      return DataTypeId::kDouble;
    case duckdb::LogicalTypeId::DECIMAL:
      return types::DataType::decimal(duckdb::DecimalType::GetWidth(type),
                                      duckdb::DecimalType::GetScale(type));
    case duckdb::LogicalTypeId::VARCHAR:
    case duckdb::LogicalTypeId::UUID:
    case duckdb::LogicalTypeId::ENUM:
    case duckdb::LogicalTypeId::SQLNULL:
      return DataTypeId::kString;
    case duckdb::LogicalTypeId::BLOB:
      return DataTypeId::kBinary;
    case duckdb::LogicalTypeId::DATE:
      return DataTypeId::kDate;
    case duckdb::LogicalTypeId::TIMESTAMP:
    case duckdb::LogicalTypeId::TIMESTAMP_MS:
    case duckdb::LogicalTypeId::TIMESTAMP_NS:
      return DataTypeId::kTimestampNtz;
    case duckdb::LogicalTypeId::TIMESTAMP_TZ:
      return DataTypeId::kTimestamp;
    case duckdb::LogicalTypeId::LIST:
      return types::DataType::array(
          spark_type(duckdb::ListType::GetChildType(type), column, sort_fields));
    case duckdb::LogicalTypeId::MAP:
      return types::DataType::map(
          spark_type(duckdb::MapType::KeyType(type), column, sort_fields),
          spark_type(duckdb::MapType::ValueType(type), column, sort_fields));
    case duckdb::LogicalTypeId::STRUCT: {
      std::vector<types::StructField> fields;
      for (const auto& [name, child] : duckdb::StructType::GetChildTypes(type)) {
        fields.push_back({name, spark_type(child, column + "." + name, sort_fields), true, ""});
      }
      if (sort_fields) std::ranges::sort(fields, {}, &types::StructField::name);
      return types::DataType::structure(std::move(fields));
    }
    default:
      throw_unsupported("reading column '" + column + "' of type " + type.ToString() +
                        " from files in place");
  }
}

duckdb::LogicalType named_type(const types::DataType& type) {
  using duckdb::LogicalType;
  using types::DataTypeId;
  switch (type.id()) {
    case DataTypeId::kBoolean:
      return LogicalType::BOOLEAN;
    case DataTypeId::kByte:
      return LogicalType::TINYINT;
    case DataTypeId::kShort:
      return LogicalType::SMALLINT;
    case DataTypeId::kInteger:
      return LogicalType::INTEGER;
    case DataTypeId::kLong:
      return LogicalType::BIGINT;
    case DataTypeId::kFloat:
      return LogicalType::FLOAT;
    case DataTypeId::kDouble:
      return LogicalType::DOUBLE;
    case DataTypeId::kDecimal:
      return LogicalType::DECIMAL(static_cast<uint8_t>(type.precision()),
                                  static_cast<uint8_t>(type.scale()));
    case DataTypeId::kString:
      return LogicalType::VARCHAR;
    case DataTypeId::kBinary:
      return LogicalType::BLOB;
    case DataTypeId::kDate:
      return LogicalType::DATE;
    case DataTypeId::kTimestamp:
      return LogicalType::TIMESTAMP_TZ;
    case DataTypeId::kTimestampNtz:
      return LogicalType::TIMESTAMP;
    case DataTypeId::kYearMonthInterval:
      return LogicalType::INTEGER;
    case DataTypeId::kDayTimeInterval:
      return LogicalType::BIGINT;
    case DataTypeId::kNull:
      return LogicalType::INTEGER;
    case DataTypeId::kArray:
      return LogicalType::LIST(named_type(type.element()));
    case DataTypeId::kMap:
      return LogicalType::MAP(named_type(type.key()), named_type(type.value()));
    case DataTypeId::kStruct: {
      duckdb::child_list_t<LogicalType> children;
      for (const types::StructField& field : type.fields())
        children.emplace_back(field.name, named_type(field.type));
      return LogicalType::STRUCT(std::move(children));
    }
    default:
      throw_unsupported("columns of type " + type.sql() + " in files in place");
  }
}

}  // namespace firn::engine

// The one table Spark type → DuckDB type.
#include "engine/duck_types.h"

#include <string>
#include <utility>

#include "base/error.h"

namespace firn::engine {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using types::DataType;
using types::DataTypeId;

struct TypeRow {
  DataTypeId spark;
  LogicalTypeId duck;
};
constexpr TypeRow kPlainTypes[] = {
    {DataTypeId::kNull, LogicalTypeId::SQLNULL},
    {DataTypeId::kBoolean, LogicalTypeId::BOOLEAN},
    {DataTypeId::kByte, LogicalTypeId::TINYINT},
    {DataTypeId::kShort, LogicalTypeId::SMALLINT},
    {DataTypeId::kInteger, LogicalTypeId::INTEGER},
    {DataTypeId::kLong, LogicalTypeId::BIGINT},
    {DataTypeId::kFloat, LogicalTypeId::FLOAT},
    {DataTypeId::kDouble, LogicalTypeId::DOUBLE},
    {DataTypeId::kString, LogicalTypeId::VARCHAR},
    {DataTypeId::kBinary, LogicalTypeId::BLOB},
    {DataTypeId::kDate, LogicalTypeId::DATE},
    {DataTypeId::kTimestamp, LogicalTypeId::TIMESTAMP_TZ},
    {DataTypeId::kTimestampNtz, LogicalTypeId::TIMESTAMP},
    {DataTypeId::kYearMonthInterval, LogicalTypeId::INTEGER},
    {DataTypeId::kDayTimeInterval, LogicalTypeId::BIGINT},
};

// Inside nested values DuckDB has no type of NULL alone: it makes those INTEGER.
LogicalType inner_type(const DataType& type) {
  return type.id() == DataTypeId::kNull ? LogicalType(LogicalTypeId::INTEGER) : to_duckdb(type);
}

LogicalType struct_type(const DataType& type) {
  duckdb::child_list_t<LogicalType> children;
  int index = 0;
  for (const types::StructField& field : type.fields()) {
    children.emplace_back("f" + std::to_string(index++), inner_type(field.type));
  }
  // DuckDB has no empty struct.
  if (children.empty()) children.emplace_back("empty", LogicalType::BOOLEAN);
  return LogicalType::STRUCT(std::move(children));
}

[[noreturn]] void throw_mismatch(const DataType& type) {
  throw Error("FIRN_INTERNAL",
              {{"what", "a constant does not hold a value of its type " + type.simple_string()}});
}

template <class T>
T get(const types::Value& value, const DataType& type) {
  const T* found = std::get_if<T>(&value);
  if (found == nullptr) throw_mismatch(type);
  return *found;
}

int64_t get_integer(const types::Value& value, const DataType& type) {
  if (const auto* narrow = std::get_if<int32_t>(&value)) return *narrow;
  return get<int64_t>(value, type);
}

duckdb::hugeint_t to_hugeint(__int128 value) {
  duckdb::hugeint_t result;
  result.lower = static_cast<uint64_t>(value);
  result.upper = static_cast<int64_t>(value >> 64);
  return result;
}

duckdb::Value decimal_value(__int128 unscaled, const DataType& type) {
  const auto width = static_cast<uint8_t>(type.precision());
  const auto scale = static_cast<uint8_t>(type.scale());
  if (width <= 18) return duckdb::Value::DECIMAL(static_cast<int64_t>(unscaled), width, scale);
  return duckdb::Value::DECIMAL(to_hugeint(unscaled), width, scale);
}

}  // namespace

LogicalType to_duckdb(const DataType& type) {
  for (const TypeRow& row : kPlainTypes) {
    if (row.spark == type.id()) return LogicalType(row.duck);
  }
  switch (type.id()) {
    case DataTypeId::kDecimal:
      return LogicalType::DECIMAL(static_cast<uint8_t>(type.precision()),
                                  static_cast<uint8_t>(type.scale()));
    case DataTypeId::kArray:
      return LogicalType::LIST(inner_type(type.element()));
    case DataTypeId::kMap:
      return LogicalType::MAP(inner_type(type.key()), inner_type(type.value()));
    case DataTypeId::kStruct:
      return struct_type(type);
    default:
      break;
  }
  throw_unsupported("columns of type " + type.simple_string());
}

duckdb::Value to_duckdb(const types::Value& value, const DataType& type) {
  if (types::is_null(value)) return duckdb::Value(to_duckdb(type));
  switch (type.id()) {
    case DataTypeId::kBoolean:
      return duckdb::Value::BOOLEAN(get<bool>(value, type));
    case DataTypeId::kByte:
      return duckdb::Value::TINYINT(static_cast<int8_t>(get_integer(value, type)));
    case DataTypeId::kShort:
      return duckdb::Value::SMALLINT(static_cast<int16_t>(get_integer(value, type)));
    case DataTypeId::kInteger:
    case DataTypeId::kYearMonthInterval:
      return duckdb::Value::INTEGER(static_cast<int32_t>(get_integer(value, type)));
    case DataTypeId::kLong:
    case DataTypeId::kDayTimeInterval:
      return duckdb::Value::BIGINT(get_integer(value, type));
    case DataTypeId::kFloat:
      return duckdb::Value::FLOAT(get<float>(value, type));
    case DataTypeId::kDouble:
      return duckdb::Value::DOUBLE(get<double>(value, type));
    case DataTypeId::kDecimal:
      return decimal_value(get<types::Decimal>(value, type).unscaled, type);
    case DataTypeId::kString:
      return duckdb::Value(get<std::string>(value, type));
    case DataTypeId::kBinary:
      return duckdb::Value::BLOB_RAW(get<types::Bytes>(value, type).data);
    case DataTypeId::kDate:
      return duckdb::Value::DATE(duckdb::date_t(static_cast<int32_t>(get_integer(value, type))));
    case DataTypeId::kTimestamp:
      return duckdb::Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(get_integer(value, type)));
    case DataTypeId::kTimestampNtz:
      return duckdb::Value::TIMESTAMP(duckdb::timestamp_t(get_integer(value, type)));
    default:
      break;
  }
  throw_mismatch(type);
}

}  // namespace firn::engine

// Spark's data types as plain values, with their spellings and the mapping to Iceberg's types.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "types/schema.h"

namespace firn::types {

enum class DataTypeId : uint8_t {
  kNull,  // VOID
  kBoolean,
  kByte,
  kShort,
  kInteger,
  kLong,
  kFloat,
  kDouble,
  kDecimal,
  kString,
  kBinary,
  kDate,
  kTimestamp,
  kTimestampNtz,
  kYearMonthInterval,  // months in 32 bits
  kDayTimeInterval,    // microseconds in 64 bits
  kArray,
  kMap,
  kStruct,
};

struct StructField;

class DataType {
 public:
  DataType() = default;  // VOID
  // Ids without parameters; intervals get the widest range, kDecimal is DECIMAL(10,0).
  DataType(DataTypeId id)
      : id_(id),
        a_(id == DataTypeId::kDecimal ? 10 : 0),
        b_(id == DataTypeId::kYearMonthInterval ? 1
           : id == DataTypeId::kDayTimeInterval ? 3
                                                : 0) {}
  static DataType decimal(int precision, int scale);
  // Fields 0 YEAR, 1 MONTH; 0 DAY, 1 HOUR, 2 MINUTE, 3 SECOND.
  static DataType year_month(int start, int end);
  static DataType day_time(int start, int end);
  static DataType array(DataType element, bool contains_null = true);
  static DataType map(DataType key, DataType value, bool value_contains_null = true);
  static DataType structure(std::vector<StructField> fields);

  DataTypeId id() const { return id_; }
  int precision() const { return a_; }
  int scale() const { return b_; }
  int interval_start() const { return a_; }
  int interval_end() const { return b_; }
  const DataType& element() const;                // array
  bool contains_null() const { return a_ != 0; }  // array elements, map values
  const DataType& key() const;
  const DataType& value() const;
  const std::vector<StructField>& fields() const;  // struct
  bool is_numeric() const { return id_ >= DataTypeId::kByte && id_ <= DataTypeId::kDecimal; }
  bool is_integral() const { return id_ >= DataTypeId::kByte && id_ <= DataTypeId::kLong; }
  bool is_nested() const { return id_ >= DataTypeId::kArray; }

  // Throws nothing; never shortened, however many fields (Spark's catalogString).
  std::string simple_string() const;       // "struct<a:int,b:array<string>>", "decimal(10,2)"
  std::string sql() const;                 // "STRUCT<a: INT, b: ARRAY<STRING>>", "DECIMAL(10,2)"
  std::string json() const;                // Spark's schema JSON
  bool operator==(const DataType&) const;  // names, order, nullability of children included
  bool same_ignoring_nullability(const DataType&) const;

 private:
  DataTypeId id_ = DataTypeId::kNull;
  int a_ = 0, b_ = 0;
  std::shared_ptr<const std::vector<StructField>> fields_;  // array: element; map: key, value
};

struct StructField {
  std::string name;
  DataType type;
  bool nullable = true;
  std::string comment = {};
  bool operator==(const StructField&) const = default;
};

// `name` as it stands, or in backticks where it is no plain identifier.
std::string quote_if_needed(std::string_view name);

// timestamp → timestamptz, timestamp_ntz → timestamp, byte and short → int; intervals and VOID are
// refused by name.
Type to_iceberg(const DataType&, int& next_id);
// uuid and time are texts ("12:34:56.000001"): Spark has no type for them.
DataType to_spark(const Type&);
// A value of that type as one of the type that Spark has for it.
Value to_spark(const Value&, const Type&);
// Fields get ids from 1 on, level by level.
Schema to_iceberg_schema(const DataType& structure);
DataType to_spark(const Schema&);  // nullable = !required, doc → comment

}  // namespace firn::types

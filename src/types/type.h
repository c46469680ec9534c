// Iceberg's types (specification, "Schemas and Data Types") as plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "types/value.h"

namespace firn::types {

enum class TypeId : uint8_t {
  kBoolean,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kDecimal,
  kDate,
  kTime,
  kTimestamp,
  kTimestamptz,
  kString,
  kUuid,
  kFixed,
  kBinary,
  kTimestampNs,
  kTimestamptzNs,
  kUnknown,
  kVariant,
  kGeometry,
  kGeography,  // v3
  kStruct,
  kList,
  kMap,
};

struct Field;

// Cheap to copy: nested parts are shared and immutable.
class Type {
 public:
  Type() = default;                               // boolean; needed by containers only
  static Type primitive(TypeId id);               // every id without parameters
  static Type decimal(int precision, int scale);  // 1 ≤ precision ≤ 38
  static Type fixed(int length);
  static Type geo(TypeId id, std::string crs, std::string algorithm);
  static Type structure(std::vector<Field> fields);
  static Type list(int element_id, bool element_required, Type element);
  static Type map(int key_id, Type key, int value_id, bool value_required, Type value);

  TypeId id() const { return id_; }
  bool is_nested() const {
    return id_ == TypeId::kStruct || id_ == TypeId::kList || id_ == TypeId::kMap;
  }
  int precision() const { return a_; }  // decimal
  int scale() const { return b_; }      // decimal
  int length() const { return a_; }     // fixed
  std::string_view crs() const;         // geometry, geography; "" where not given
  std::string_view algorithm() const;   // geography; "" where not given
  // Struct: its fields. List: one field named "element". Map: fields "key" and "value".
  const std::vector<Field>& fields() const;
  const Field& element() const;
  const Field& key() const;
  const Field& value() const;
  std::string to_string() const;  // as the specification writes it: "decimal(9, 2)", "fixed[16]",
                                  // "struct<1: a: optional int>"
  bool operator==(const Type&) const;  // structure, ids, names and nullability

 private:
  TypeId id_ = TypeId::kBoolean;
  int a_ = 0, b_ = 0;
  std::shared_ptr<const std::vector<Field>> fields_;
  std::shared_ptr<const std::pair<std::string, std::string>> geo_;
};

struct Field {
  int id = 0;
  std::string name;
  bool required = false;
  Type type;
  std::string doc;
  std::optional<Value> initial_default;  // v3
  std::optional<Value> write_default;    // v3
  bool operator==(const Field&) const = default;
};

// Parses a primitive's spelling ("long", "decimal(9,2)", "fixed[4]"). Throws Error{kCorrupt} naming
// the text.
Type parse_primitive(std::string_view text);

// True where the specification's schema evolution allows from → to: int→long, float→double, decimal
// widening; from version 3 on also date→timestamp, date→timestamp_ns and unknown→any. Equal types
// are true.
bool can_promote(const Type& from, const Type& to, int format_version = 2);

}  // namespace firn::types

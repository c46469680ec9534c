// Avro schemas as a flat tree, with the ids that Iceberg puts beside them (specification, Appendix
// A "Avro").
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "types/type.h"

namespace firn::iceberg {

enum class AvroKind : uint8_t {
  kNull,
  kBoolean,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kBytes,
  kString,
  kRecord,
  kEnum,
  kArray,
  kMap,
  kUnion,
  kFixed,
};

enum class AvroLogical : uint8_t {
  kNone,
  kDecimal,
  kUuid,
  kDate,
  kTimeMillis,
  kTimeMicros,
  kTimestampMillis,
  kTimestampMicros,
  kTimestampNanos,
  kLocalTimestampMillis,
  kLocalTimestampMicros,
  kMap,
};

struct AvroField {
  std::string name;
  int node = 0;
  std::optional<int> field_id;
};

struct AvroNode {
  AvroKind kind = AvroKind::kNull;
  AvroLogical logical =
      AvroLogical::kNone;            // kNone too where it does not fit the kind, as Avro asks
  std::string name;                  // full name of records, enums and fixed
  std::vector<AvroField> fields;     // record
  std::vector<int> branches;         // union
  int items = 0;                     // array, map: the node of elements or values
  std::vector<std::string> symbols;  // enum
  size_t size = 0;                   // fixed
  int precision = 0, scale = 0;      // decimal
  bool adjust_to_utc = false;        // timestamps
  std::optional<int> element_id, key_id, value_id;
};

// Nodes refer to each other by index: a named type may contain itself.
struct AvroSchema {
  std::vector<AvroNode> nodes;
  int root = 0;
  const AvroNode& at(int node) const { return nodes[static_cast<size_t>(node)]; }
};

const char* to_string(AvroKind kind);

// Throws Error{kCorrupt} "<file>: avro.schema …".
AvroSchema parse_avro_schema(std::string_view json, const std::string& file);

// The Avro schema of a struct as Iceberg's reference implementation writes it: optional fields are
// unions with null and default to it, every id is kept, structs are called r<field id>, maps with
// other than string keys are arrays of key-value records.
std::string avro_schema_of(const types::Type& structure, const std::string& record_name);

}  // namespace firn::iceberg

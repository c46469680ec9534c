// Iceberg schema → DuckDB types and field ids for the Parquet writer.
#include "engine/parquet_layout.h"

#include <utility>

#include "base/error.h"

namespace firn::engine {
namespace {

[[noreturn]] void refuse(const types::Type& type, const std::string& column) {
  throw_unsupported("column '" + column + "' of type " + type.to_string() +
                    " in Parquet files that firn writes");
}

duckdb::LogicalType file_struct_type(const std::vector<types::Field>& fields,
                                     const std::string& column) {
  duckdb::child_list_t<duckdb::LogicalType> children;
  for (const types::Field& field : fields) {
    children.emplace_back(field.name, to_duckdb_type(field.type, column + "." + field.name));
  }
  return duckdb::LogicalType::STRUCT(std::move(children));
}

duckdb::ChildFieldIDs ids_of(const std::vector<types::Field>& fields, const std::string& column) {
  duckdb::ChildFieldIDs ids;
  for (const types::Field& field : fields) {
    duckdb::FieldID id(field.id);
    if (field.type.is_nested())
      id.child_field_ids = ids_of(field.type.fields(), column + "." + field.name);
    if (!ids.ids->emplace(field.name, std::move(id)).second) {
      throw_unsupported("writing two columns whose names differ by case only: '" + column + "." +
                        field.name + "'");
    }
  }
  return ids;
}

struct LeafWalk {
  const types::Schema& schema;
  const iceberg::Properties& properties;
  std::vector<ParquetLeaf>& out;

  void visit(const types::Field& field, bool repeated, const std::vector<int>& path) const {
    if (!field.type.is_nested()) {
      out.push_back({field.id, field.type, repeated,
                     iceberg::metrics_mode(properties, schema, field.id), path});
      return;
    }
    const bool below_repeats = repeated || field.type.id() != types::TypeId::kStruct;
    int index = 0;
    for (const types::Field& child : field.type.fields()) {
      std::vector<int> child_path = path;
      child_path.push_back(index++);
      visit(child, below_repeats, child_path);
    }
  }
};

}  // namespace

duckdb::LogicalType to_duckdb_type(const types::Type& type, const std::string& column) {
  using duckdb::LogicalType;
  switch (type.id()) {
    case types::TypeId::kBoolean:
      return LogicalType::BOOLEAN;
    case types::TypeId::kInt:
      return LogicalType::INTEGER;
    case types::TypeId::kLong:
      return LogicalType::BIGINT;
    case types::TypeId::kFloat:
      return LogicalType::FLOAT;
    case types::TypeId::kDouble:
      return LogicalType::DOUBLE;
    case types::TypeId::kDecimal:
      return LogicalType::DECIMAL(static_cast<uint8_t>(type.precision()),
                                  static_cast<uint8_t>(type.scale()));
    case types::TypeId::kDate:
      return LogicalType::DATE;
    case types::TypeId::kTime:
      return LogicalType::TIME;
    case types::TypeId::kTimestamp:
      return LogicalType::TIMESTAMP;
    case types::TypeId::kTimestamptz:
      return LogicalType::TIMESTAMP_TZ;
    case types::TypeId::kString:
      return LogicalType::VARCHAR;
    case types::TypeId::kUuid:
      return LogicalType::UUID;
    case types::TypeId::kFixed:
    case types::TypeId::kBinary:
      return LogicalType::BLOB;
    case types::TypeId::kStruct:
      return file_struct_type(type.fields(), column);
    case types::TypeId::kList:
      return LogicalType::LIST(to_duckdb_type(type.element().type, column + ".element"));
    case types::TypeId::kMap:
      return LogicalType::MAP(to_duckdb_type(type.key().type, column + ".key"),
                              to_duckdb_type(type.value().type, column + ".value"));
    default:
      refuse(type, column);
  }
}

ParquetLayout parquet_layout(const types::Schema& schema, const iceberg::Properties& properties) {
  ParquetLayout layout;
  layout.fields = schema.fields;
  for (const types::Field& field : schema.fields) {
    layout.names.push_back(field.name);
    layout.types.push_back(to_duckdb_type(field.type, field.name));
  }
  layout.field_ids = ids_of(schema.fields, "");
  const LeafWalk walk{schema, properties, layout.leaves};
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    walk.visit(schema.fields[i], false, {static_cast<int>(i)});
  }
  return layout;
}

}  // namespace firn::engine

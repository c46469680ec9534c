// Iceberg fields → DuckDB's column definitions.
#include "engine/iceberg_columns.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "engine/duck_types.h"
#include "engine/query_state.h"
#include "engine/table_source.h"

namespace firn::engine {
namespace {

duckdb::MultiFileColumnDefinition tree(const std::string& name, const types::Field& field,
                                       const types::DataType& type) {
  duckdb::MultiFileColumnDefinition column(name, to_duckdb(type));
  column.identifier = duckdb::Value::INTEGER(field.id);
  const duckdb::Value otherwise =
      field.initial_default && !types::is_null(*field.initial_default)
          ? to_duckdb(types::to_spark(*field.initial_default, field.type), type)
          : duckdb::Value(column.type);
  column.default_expression = duckdb::make_uniq<duckdb::ConstantExpression>(otherwise);
  const std::vector<types::Field>* children =
      field.type.is_nested() ? &field.type.fields() : nullptr;
  switch (field.type.id()) {
    case types::TypeId::kStruct:
      for (size_t i = 0; i < children->size(); ++i) {
        column.children.push_back(
            tree("f" + std::to_string(i), (*children)[i], type.fields().at(i).type));
      }
      break;
    case types::TypeId::kList:
      column.children.push_back(tree("list", field.type.element(), type.element()));
      break;
    case types::TypeId::kMap:
      column.children.push_back(tree("key", field.type.key(), type.key()));
      column.children.push_back(tree("value", field.type.value(), type.value()));
      break;
    default:
      break;
  }
  return column;
}

// DuckDB wants a column even where only virtual ones are read. No file has this one.
duckdb::MultiFileColumnDefinition no_column() {
  duckdb::MultiFileColumnDefinition column("firn_none", duckdb::LogicalType::BOOLEAN);
  column.identifier = duckdb::Value::INTEGER(plan::kFirstReservedField);
  column.default_expression =
      duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value(duckdb::LogicalType::BOOLEAN));
  return column;
}

void assign_children(duckdb::MultiFileColumnDefinition& column,
                     const iceberg::MappedField& mapped) {
  if (mapped.field_id) column.identifier = duckdb::Value::INTEGER(*mapped.field_id);
  const bool is_list = column.type.id() == duckdb::LogicalTypeId::LIST;
  const bool is_map = column.type.id() == duckdb::LogicalTypeId::MAP;
  // A map's key and value stand in a group of their own; a mapping knows lists' and maps' parts by
  // the specification's names, whatever the file calls them.
  auto& children =
      is_map && column.children.size() == 1 ? column.children[0].children : column.children;
  for (size_t i = 0; i < children.size(); ++i) {
    const iceberg::MappedField* found =
        iceberg::find(mapped.fields, is_list  ? "element"
                                     : is_map ? (i == 0 ? "key" : "value")
                                              : std::string_view(children[i].name));
    if (found != nullptr) assign_children(children[i], *found);
  }
}

}  // namespace

ColumnTrees column_trees(const plan::TableScan& scan, const types::Schema& schema) {
  ColumnTrees columns;
  for (const plan::ScanColumn& column : scan.columns) {
    if (column.field_id >= plan::kFirstReservedField) continue;  // DuckDB's virtual columns
    const types::Field* field = schema.find(column.field_id);
    FIRN_CHECK(field != nullptr, "a scanned column is in the schema that the scan reads");
    columns.push_back(tree(column_name(column.attribute.id), *field, column.attribute.type));
  }
  if (columns.empty()) columns.push_back(no_column());
  return columns;
}

void use_partition_values(ColumnTrees& columns, const plan::TableScan& scan,
                          const types::Schema& schema, const types::PartitionSpec& spec,
                          const iceberg::DataFile& file) {
  for (size_t i = 0; i < spec.fields.size() && i < file.partition.size(); ++i) {
    const types::PartitionField& field = spec.fields[i];
    if (field.transform.id != types::TransformId::kIdentity) continue;
    const auto column =
        std::ranges::find(scan.columns, field.source_id, &plan::ScanColumn::field_id);
    if (column == scan.columns.end() || schema.find(field.source_id)->type.is_nested()) continue;
    const size_t index = static_cast<size_t>(column - scan.columns.begin());
    const duckdb::Value value =
        to_duckdb(types::to_spark(file.partition[i], schema.find(field.source_id)->type),
                  column->attribute.type);
    columns[index].default_expression = duckdb::make_uniq<duckdb::ConstantExpression>(value);
  }
}

void assign_ids(ColumnTrees& file_columns, const iceberg::NameMapping& mapping) {
  for (duckdb::MultiFileColumnDefinition& column : file_columns) {
    if (const iceberg::MappedField* found = iceberg::find(mapping, column.name))
      assign_children(column, *found);
  }
}

bool has_ids(const ColumnTrees& file_columns) {
  return std::ranges::any_of(file_columns, [](const duckdb::MultiFileColumnDefinition& column) {
    return !column.identifier.IsNull() || has_ids(column.children);
  });
}

}  // namespace firn::engine

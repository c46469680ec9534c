// See content_files.h.
#include "session/content_files.h"

#include <algorithm>
#include <map>

#include "base/error.h"

namespace firn::session {
namespace {

using types::DataType;
using types::DataTypeId;
using types::Null;
using types::Value;

void add_leaves(const std::vector<types::Field>& fields, std::vector<const types::Field*>& leaves) {
  for (const types::Field& field : fields) {
    if (field.type.is_nested()) {
      add_leaves(field.type.fields(), leaves);
    } else {
      leaves.push_back(&field);
    }
  }
}

// Without its map a file knows nothing; an empty map says that there is nothing to know.
bool is_missing(const iceberg::DataFile& file, iceberg::MetricsMap map, bool empty) {
  return empty && (file.empty_maps & map) == 0;
}

Cell counts_cell(const iceberg::DataFile& file, const std::map<int, int64_t>& counts,
                 iceberg::MetricsMap map) {
  if (is_missing(file, map, counts.empty())) return {};
  std::vector<Cell> entries;
  for (const auto& [id, count] : counts)
    entries.push_back(Cell::nested({static_cast<int64_t>(id), count}));
  return Cell::nested(std::move(entries));
}

Cell bounds_cell(const iceberg::DataFile& file, const std::map<int, std::string>& bounds,
                 iceberg::MetricsMap map) {
  if (is_missing(file, map, bounds.empty())) return {};
  std::vector<Cell> entries;
  for (const auto& [id, bytes] : bounds)
    entries.push_back(Cell::nested({static_cast<int64_t>(id), types::Bytes{bytes}}));
  return Cell::nested(std::move(entries));
}

template <class Number>
Cell numbers_cell(const std::vector<Number>& numbers) {
  if (numbers.empty()) return {};
  std::vector<Cell> cells;
  for (const Number number : numbers) cells.emplace_back(static_cast<int64_t>(number));
  return Cell::nested(std::move(cells));
}

template <class T>
Cell cell_or_null(const std::optional<T>& value) {
  if (!value) return {};
  if constexpr (std::is_integral_v<T>) {
    return static_cast<int64_t>(*value);
  } else {
    return *value;
  }
}

Cell count_of(const std::map<int, int64_t>& counts, int id) {
  const auto found = counts.find(id);
  return found == counts.end() ? Cell() : Cell(found->second);
}

Cell bound_of(const std::map<int, std::string>& bounds, int id, const types::Type& type) {
  const auto found = bounds.find(id);
  if (found == bounds.end()) return {};
  return types::to_spark(types::from_single_value_bytes(found->second, type), type);
}

DataType metric_type(const types::Type& type) {
  const DataType bound = types::to_spark(type);
  return DataType::structure({{"column_size", DataTypeId::kLong},
                              {"value_count", DataTypeId::kLong},
                              {"null_value_count", DataTypeId::kLong},
                              {"nan_value_count", DataTypeId::kLong},
                              {"lower_bound", bound},
                              {"upper_bound", bound}});
}

}  // namespace

ContentFiles::ContentFiles(const iceberg::TableMetadata& metadata) : metadata_(metadata) {
  std::map<int, types::Field> by_id;
  std::vector<const types::PartitionSpec*> newest_first;
  for (const types::PartitionSpec& spec : metadata.specs) newest_first.push_back(&spec);
  std::ranges::sort(newest_first, std::greater<>(), &types::PartitionSpec::spec_id);
  for (const types::PartitionSpec* spec : newest_first) {
    for (size_t i = 0; i < spec->fields.size(); ++i) {
      const types::PartitionField& field = spec->fields[i];
      if (field.transform.id == types::TransformId::kVoid ||
          metadata.schema().find(field.source_id) == nullptr)
        continue;
      by_id.try_emplace(field.field_id, spec->partition_type(metadata.schema()).fields().at(i));
    }
  }
  for (auto& [id, field] : by_id) partition_fields_.push_back(std::move(field));
  partition_type_ = types::to_spark(types::Type::structure(partition_fields_));
  std::vector<const types::Field*> leaves;
  add_leaves(metadata.schema().fields, leaves);
  for (const types::Field* leaf : leaves)
    metric_columns_.push_back(
        {leaf->id, metadata.schema().name_of(leaf->id).value_or(leaf->name), leaf->type});
  std::ranges::sort(metric_columns_, {}, &MetricColumn::name);
}

std::vector<BuiltColumn> ContentFiles::columns() const {
  const DataType counts = DataType::map(DataTypeId::kInteger, DataTypeId::kLong, false);
  const DataType bounds = DataType::map(DataTypeId::kInteger, DataTypeId::kBinary, false);
  std::vector<BuiltColumn> columns = {{"content", DataTypeId::kInteger},
                                      {"file_path", DataTypeId::kString, false},
                                      {"file_format", DataTypeId::kString, false},
                                      {"spec_id", DataTypeId::kInteger}};
  if (!partition_fields_.empty()) columns.push_back({"partition", partition_type_, false});
  for (BuiltColumn column :
       std::vector<BuiltColumn>{{"record_count", DataTypeId::kLong, false},
                                {"file_size_in_bytes", DataTypeId::kLong, false},
                                {"column_sizes", counts},
                                {"value_counts", counts},
                                {"null_value_counts", counts},
                                {"nan_value_counts", counts},
                                {"lower_bounds", bounds},
                                {"upper_bounds", bounds},
                                {"key_metadata", DataTypeId::kBinary},
                                {"split_offsets", DataType::array(DataTypeId::kLong, false)},
                                {"equality_ids", DataType::array(DataTypeId::kInteger, false)},
                                {"sort_order_id", DataTypeId::kInteger},
                                {"first_row_id", DataTypeId::kLong},
                                {"referenced_data_file", DataTypeId::kString},
                                {"content_offset", DataTypeId::kLong},
                                {"content_size_in_bytes", DataTypeId::kLong}})
    columns.push_back(std::move(column));
  return columns;
}

std::vector<Value> ContentFiles::partition_values(const iceberg::DataFile& file) const {
  std::vector<Value> values(partition_fields_.size(), Value(Null{}));
  const types::PartitionSpec& spec = metadata_.spec_by_id(file.spec_id);
  for (size_t i = 0; i < spec.fields.size() && i < file.partition.size(); ++i) {
    const auto at =
        std::ranges::find(partition_fields_, spec.fields[i].field_id, &types::Field::id);
    if (at != partition_fields_.end())
      values[static_cast<size_t>(at - partition_fields_.begin())] = file.partition[i];
  }
  return values;
}

Cell ContentFiles::partition_cell(const std::vector<Value>& values) const {
  std::vector<Cell> cells;
  for (size_t i = 0; i < values.size(); ++i)
    cells.push_back(types::to_spark(values[i], partition_fields_[i].type));
  return Cell::nested(std::move(cells));
}

std::string ContentFiles::partition_text(const std::vector<Value>& values) const {
  std::string text;
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) text += "/";
    text +=
        types::is_null(values[i]) ? "null" : types::to_human(values[i], partition_fields_[i].type);
  }
  return text;
}

std::vector<Cell> ContentFiles::row(const iceberg::DataFile& file) const {
  std::vector<Cell> row = {static_cast<int64_t>(file.content), file.file_path, file.file_format,
                           static_cast<int64_t>(file.spec_id)};
  if (!partition_fields_.empty()) row.push_back(partition_cell(partition_values(file)));
  row.emplace_back(file.record_count);
  row.emplace_back(file.file_size_in_bytes);
  row.push_back(counts_cell(file, file.column_sizes, iceberg::kColumnSizes));
  row.push_back(counts_cell(file, file.value_counts, iceberg::kValueCounts));
  row.push_back(counts_cell(file, file.null_value_counts, iceberg::kNullValueCounts));
  row.push_back(counts_cell(file, file.nan_value_counts, iceberg::kNanValueCounts));
  row.push_back(bounds_cell(file, file.lower_bounds, iceberg::kLowerBounds));
  row.push_back(bounds_cell(file, file.upper_bounds, iceberg::kUpperBounds));
  row.push_back(file.key_metadata ? Cell(types::Bytes{*file.key_metadata}) : Cell());
  row.push_back(numbers_cell(file.split_offsets));
  row.push_back(numbers_cell(file.equality_ids));
  row.push_back(cell_or_null(file.sort_order_id));
  row.push_back(cell_or_null(file.first_row_id));
  row.push_back(cell_or_null(file.referenced_data_file));
  row.push_back(cell_or_null(file.content_offset));
  row.push_back(cell_or_null(file.content_size_in_bytes));
  return row;
}

DataType ContentFiles::readable_type() const {
  std::vector<types::StructField> fields;
  for (const MetricColumn& column : metric_columns_)
    fields.push_back({column.name, metric_type(column.type)});
  return DataType::structure(std::move(fields));
}

Cell ContentFiles::readable_metrics(const iceberg::DataFile& file) const {
  std::vector<Cell> cells;
  for (const MetricColumn& column : metric_columns_) {
    cells.push_back(Cell::nested(
        {count_of(file.column_sizes, column.id), count_of(file.value_counts, column.id),
         count_of(file.null_value_counts, column.id), count_of(file.nan_value_counts, column.id),
         bound_of(file.lower_bounds, column.id, column.type),
         bound_of(file.upper_bounds, column.id, column.type)}));
  }
  return Cell::nested(std::move(cells));
}

}  // namespace firn::session

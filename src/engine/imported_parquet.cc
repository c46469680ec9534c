// See imported_parquet.h.
#include "engine/imported_parquet.h"

#include <map>
#include <optional>

#include "base/error.h"
#include "engine/inspector.h"
#include "engine/parquet_layout.h"
#include "engine/store_file_system.h"
#include "iceberg/metrics.h"
#include "types/value.h"

namespace firn::engine {
namespace {

using types::TypeId;
using types::Value;

std::string quoted_path(const std::string& path) {
  std::string text = "'";
  for (const char c : path) text += c == '\'' ? std::string("''") : std::string(1, c);
  return text + "'";
}

// A column of the file in the table.
struct ImportedColumn {
  int field_id = 0;
  types::Type type;
  bool repeated = false;  // below a list or map
  iceberg::MetricsMode mode;
};

// `path`: names from the root, lists and maps with the group in between that Parquet has.
std::optional<ImportedColumn> find_column(const std::vector<std::string>& path,
                                          const types::Schema& schema,
                                          const iceberg::NameMapping& mapping) {
  const iceberg::MappedField* mapped = iceberg::find(mapping, path.front());
  ImportedColumn column;
  for (size_t i = 1;; ++i) {
    if (mapped == nullptr || !mapped->field_id) return std::nullopt;
    const types::Field* field = schema.find(*mapped->field_id);
    if (field == nullptr) return std::nullopt;
    column.field_id = field->id;
    column.type = field->type;
    if (!field->type.is_nested()) break;
    const bool is_struct = field->type.id() == TypeId::kStruct;
    if (!is_struct) {
      column.repeated = true;
      ++i;  // the repeated group
    }
    if (i >= path.size()) return std::nullopt;
    const std::string name = field->type.id() == TypeId::kList ? "element" : path[i];
    mapped = iceberg::find(mapped->fields, name);
  }
  return column;
}

// A bound as the footer's statistics say it in text; nullopt where it is none of this type.
std::optional<Value> bound_of(const std::string& text, const types::Type& type) {
  using duckdb::LogicalType;
  const auto cast = [&](const LogicalType& to) -> std::optional<duckdb::Value> {
    duckdb::Value made(text);
    if (!made.DefaultTryCastAs(to)) return std::nullopt;
    return made;
  };
  switch (type.id()) {
    case TypeId::kBoolean:
      return text == "true";
    case TypeId::kInt:
      if (const auto value = cast(LogicalType::INTEGER)) return value->GetValue<int32_t>();
      return std::nullopt;
    case TypeId::kLong:
      if (const auto value = cast(LogicalType::BIGINT)) return value->GetValue<int64_t>();
      return std::nullopt;
    case TypeId::kFloat:
      if (const auto value = cast(LogicalType::FLOAT)) return value->GetValue<float>();
      return std::nullopt;
    case TypeId::kDouble:
      if (const auto value = cast(LogicalType::DOUBLE)) return value->GetValue<double>();
      return std::nullopt;
    case TypeId::kDate:
      if (const auto value = cast(LogicalType::DATE)) return value->GetValue<duckdb::date_t>().days;
      return std::nullopt;
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz:
      if (const auto value = cast(LogicalType::TIMESTAMP))
        return value->GetValue<duckdb::timestamp_t>().value;
      return std::nullopt;
    case TypeId::kDecimal: {
      // The digits are the unscaled value where the scales agree.
      const size_t dot = text.find('.');
      const size_t scale = dot == std::string::npos ? 0 : text.size() - dot - 1;
      if (static_cast<int>(scale) != type.scale()) return std::nullopt;
      __int128 unscaled = 0;
      for (const char c : text) {
        if (c >= '0' && c <= '9') unscaled = unscaled * 10 + (c - '0');
      }
      return types::Decimal{text.starts_with('-') ? -unscaled : unscaled};
    }
    case TypeId::kString:
      return text;
    default:
      return std::nullopt;
  }
}

// Metrics of one column over a file's row groups.
struct Gathered {
  int64_t bytes = 0, values = 0, nulls = 0;
  bool nulls_known = true, bounds_known = true;
  std::optional<Value> lower, upper;
};

void set_bounds(iceberg::DataFile& file, const ImportedColumn& column, const Gathered& gathered) {
  const bool cut =
      column.type.id() == TypeId::kString && column.mode.id == iceberg::MetricsModeId::kTruncate;
  Value lower = *gathered.lower;
  std::optional<Value> upper = gathered.upper;
  if (cut) {
    lower = iceberg::truncate_lower(std::get<std::string>(lower), column.mode.length);
    const auto shorter =
        iceberg::truncate_upper(std::get<std::string>(*gathered.upper), column.mode.length);
    upper = shorter ? std::optional<Value>(*shorter) : std::nullopt;
  }
  file.lower_bounds[column.field_id] = types::to_single_value_bytes(lower, column.type);
  if (upper) file.upper_bounds[column.field_id] = types::to_single_value_bytes(*upper, column.type);
}

void fill_metrics(iceberg::DataFile& file, const ImportedColumn& column, const Gathered& gathered) {
  file.column_sizes[column.field_id] = gathered.bytes;
  if (column.mode.id == iceberg::MetricsModeId::kNone) return;
  file.value_counts[column.field_id] = gathered.values;
  if (gathered.nulls_known) file.null_value_counts[column.field_id] = gathered.nulls;
  const bool bounds = !column.repeated && gathered.bounds_known && gathered.lower &&
                      column.mode.id != iceberg::MetricsModeId::kCounts;
  if (bounds) set_bounds(file, column, gathered);
}

std::vector<std::string> split_path(const std::string& text) {
  std::vector<std::string> path;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(", ", at), text.size());
    path.push_back(text.substr(at, end - at));
    at = end + 2;
  }
  return path;
}

void add_statistics(Gathered& gathered, const ImportedColumn& column,
                    duckdb::MaterializedQueryResult& rows, duckdb::idx_t row) {
  const auto number = [&](duckdb::idx_t at) -> std::optional<int64_t> {
    const duckdb::Value value = rows.GetValue(at, row);
    return value.IsNull() ? std::nullopt : std::optional(value.GetValue<int64_t>());
  };
  const auto text = [&](duckdb::idx_t at) -> std::optional<std::string> {
    const duckdb::Value value = rows.GetValue(at, row);
    return value.IsNull() ? std::nullopt : std::optional(value.ToString());
  };
  const int64_t values = number(1).value_or(0);
  const std::optional<int64_t> nulls = number(3);
  gathered.values += values;
  gathered.bytes += number(2).value_or(0);
  if (nulls)
    gathered.nulls += *nulls;
  else
    gathered.nulls_known = false;
  if (nulls && *nulls == values) return;
  const auto least = text(4), greatest = text(5);
  const auto lower = least ? bound_of(*least, column.type) : std::nullopt;
  const auto upper = greatest ? bound_of(*greatest, column.type) : std::nullopt;
  if (!lower || !upper || text(6) == "INT96") {
    gathered.bounds_known = false;
    return;
  }
  if (!gathered.lower || types::compare(*lower, *gathered.lower) < 0) gathered.lower = lower;
  if (!gathered.upper || types::compare(*upper, *gathered.upper) > 0) gathered.upper = upper;
}

}  // namespace

std::vector<iceberg::DataFile> describe_parquet(files::FileStore& store,
                                                const std::vector<PlacedFile>& placed,
                                                const types::Schema& schema,
                                                const iceberg::NameMapping& mapping,
                                                const iceberg::Properties& properties) {
  Inspector inspector(store);
  std::vector<iceberg::DataFile> files;
  for (const PlacedFile& one : placed) {
    const std::string path = quoted_path(to_store_path(one.uri)), shown = shown_uri(one.uri);
    iceberg::DataFile& file = files.emplace_back();
    file.file_path = one.uri;
    file.file_size_in_bytes = one.size;
    file.empty_maps = iceberg::kAllMetricsMaps & ~iceberg::kNanValueCounts;
    const auto total =
        inspector.query("SELECT num_rows FROM parquet_file_metadata(" + path + ")", shown);
    file.record_count = total->GetValue(0, 0).GetValue<int64_t>();
    const auto rows = inspector.query(
        "SELECT path_in_schema, num_values, total_compressed_size, stats_null_count, "
        "stats_min_value, stats_max_value, type FROM parquet_metadata(" +
            path + ")",
        shown);
    std::map<std::string, std::pair<std::optional<ImportedColumn>, Gathered>> columns;
    for (duckdb::idx_t row = 0; row < rows->RowCount(); ++row) {
      const std::string name = rows->GetValue(0, row).ToString();
      const auto [at, is_new] = columns.try_emplace(name);
      auto& [column, gathered] = at->second;
      if (is_new) {
        column = find_column(split_path(name), schema, mapping);
        if (column) column->mode = iceberg::metrics_mode(properties, schema, column->field_id);
      }
      if (column) add_statistics(gathered, *column, *rows, row);
    }
    for (const auto& [name, column] : columns) {
      if (column.first) fill_metrics(file, *column.first, column.second);
    }
  }
  return files;
}

}  // namespace firn::engine

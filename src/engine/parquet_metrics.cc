// Row group statistics → Iceberg column metrics.
#include "engine/parquet_metrics.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/error.h"

namespace firn::engine {
namespace {

template <class T>
T read_little_endian(const std::string& bytes) {
  FIRN_CHECK(bytes.size() == sizeof(T), "a statistic has the size of its type");
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

// DuckDB stores decimals of up to 9 and 18 digits as integers, wider ones as 16 bytes, big-endian.
types::Decimal read_decimal(const std::string& bytes) {
  if (bytes.size() == sizeof(int32_t)) return {read_little_endian<int32_t>(bytes)};
  if (bytes.size() == sizeof(int64_t)) return {read_little_endian<int64_t>(bytes)};
  __int128 value = !bytes.empty() && (bytes[0] & 0x80) != 0 ? -1 : 0;
  for (const char byte : bytes)
    value = static_cast<__int128>(static_cast<unsigned __int128>(value) << 8) |
            static_cast<uint8_t>(byte);
  return {value};
}

types::Value read_statistic(const std::string& bytes, const types::Type& type) {
  switch (type.id()) {
    case types::TypeId::kBoolean:
      return bytes.at(0) != 0;
    case types::TypeId::kInt:
    case types::TypeId::kDate:
      return read_little_endian<int32_t>(bytes);
    case types::TypeId::kLong:
    case types::TypeId::kTime:
    case types::TypeId::kTimestamp:
    case types::TypeId::kTimestamptz:
      return read_little_endian<int64_t>(bytes);
    case types::TypeId::kDecimal:
      return read_decimal(bytes);
    case types::TypeId::kString:
      return bytes;
    default:
      return types::Bytes{bytes};
  }
}

bool is_float(const types::Type& type) {
  return type.id() == types::TypeId::kFloat || type.id() == types::TypeId::kDouble;
}

std::optional<types::Value> truncated_upper(const types::Value& upper, iceberg::MetricsMode mode) {
  if (const auto* text = std::get_if<std::string>(&upper)) {
    auto cut = iceberg::truncate_upper(*text, mode.length);
    return cut ? std::optional<types::Value>(std::move(*cut)) : std::nullopt;
  }
  if (const auto* bytes = std::get_if<types::Bytes>(&upper)) {
    auto cut = iceberg::truncate_upper_bytes(bytes->data, mode.length);
    return cut ? std::optional<types::Value>(types::Bytes{std::move(*cut)}) : std::nullopt;
  }
  return upper;
}

types::Value truncated_lower(const types::Value& lower, iceberg::MetricsMode mode) {
  if (const auto* text = std::get_if<std::string>(&lower))
    return iceberg::truncate_lower(*text, mode.length);
  if (const auto* bytes = std::get_if<types::Bytes>(&lower)) {
    return types::Bytes{iceberg::truncate_lower_bytes(bytes->data, mode.length)};
  }
  return lower;
}

bool is_text(const types::Type& type) {
  return type.id() == types::TypeId::kString || type.id() == types::TypeId::kBinary;
}

bool has_bounds(iceberg::MetricsMode mode) {
  return mode.id == iceberg::MetricsModeId::kTruncate || mode.id == iceberg::MetricsModeId::kFull;
}

bool is_cut(const types::Type& type, iceberg::MetricsMode mode) {
  return is_text(type) && mode.id == iceberg::MetricsModeId::kTruncate;
}

}  // namespace

void ParquetMetrics::widen(Leaf& leaf, const types::Value& lower, const types::Value& upper) {
  if (!leaf.lower || types::compare(lower, *leaf.lower) < 0) leaf.lower = lower;
  if (!leaf.upper || types::compare(upper, *leaf.upper) > 0) leaf.upper = upper;
}

template <class T>
void ParquetMetrics::add_floats(Leaf& leaf, const duckdb::Vector& vector, uint64_t rows) {
  const T* values = duckdb::FlatVector::GetData<T>(vector);
  const duckdb::ValidityMask& validity = duckdb::FlatVector::Validity(vector);
  T low = std::numeric_limits<T>::infinity(), high = -low;
  int64_t nans = 0, seen = 0;
  const bool all_valid = validity.AllValid();
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid && !validity.RowIsValid(row)) continue;
    const T value = values[row];
    nans += std::isnan(value) ? 1 : 0;
    low = value < low ? value : low;
    high = value > high ? value : high;
    ++seen;
  }
  leaf.nans += nans;
  if (seen == nans) return;
  // -0.0 sorts before +0.0: a bound of zero must hold for both.
  if (low == 0) low = -T{0};
  if (high == 0) high = T{0};
  widen(leaf, low, high);
}

template <class Use>
void ParquetMetrics::for_each_vector(const duckdb::ColumnDataCollection& rows,
                                     const std::vector<size_t>& leaves, Use&& use) const {
  if (leaves.empty()) return;
  duckdb::vector<duckdb::column_t> columns;
  for (const size_t leaf : leaves)
    columns.push_back(static_cast<duckdb::column_t>(layout_.leaves[leaf].path[0]));
  for (auto& chunk : rows.Chunks(columns)) {
    for (size_t i = 0; i < leaves.size(); ++i) {
      duckdb::Vector* vector = &chunk.data[i];
      const std::vector<int>& path = layout_.leaves[leaves[i]].path;
      for (size_t depth = 1; depth < path.size(); ++depth)
        vector = duckdb::StructVector::GetEntries(*vector)[static_cast<size_t>(path[depth])].get();
      use(leaves[i], *vector, chunk.size());
    }
  }
}

void ParquetMetrics::add_floats(const duckdb::ColumnDataCollection& rows) {
  std::vector<size_t> floats;
  for (size_t i = 0; i < layout_.leaves.size(); ++i) {
    const ParquetLeaf& leaf = layout_.leaves[i];
    if (!leaf.repeated && is_float(leaf.type) && leaf.mode.id != iceberg::MetricsModeId::kNone)
      floats.push_back(i);
  }
  for_each_vector(rows, floats, [&](size_t i, const duckdb::Vector& vector, uint64_t count) {
    if (layout_.leaves[i].type.id() == types::TypeId::kFloat)
      add_floats<float>(leaves_[i], vector, count);
    else
      add_floats<double>(leaves_[i], vector, count);
  });
}

void ParquetMetrics::add_texts(Leaf& leaf, const types::Type& type, const duckdb::Vector& vector,
                               uint64_t rows) {
  const auto* values = duckdb::FlatVector::GetData<duckdb::string_t>(vector);
  const duckdb::ValidityMask& validity = duckdb::FlatVector::Validity(vector);
  std::optional<std::string_view> low, high;
  for (uint64_t row = 0; row < rows; ++row) {
    if (!validity.RowIsValid(row)) continue;
    const std::string_view value(values[row].GetData(), values[row].GetSize());
    if (!low || value < *low) low = value;
    if (!high || value > *high) high = value;
  }
  if (low)
    widen(leaf, read_statistic(std::string(*low), type), read_statistic(std::string(*high), type));
}

void ParquetMetrics::add(const duckdb_parquet::RowGroup& group,
                         const duckdb::ColumnDataCollection& rows) {
  FIRN_CHECK(group.columns.size() == leaves_.size(), "a row group has one column a leaf");
  std::vector<size_t> long_texts;
  for (size_t i = 0; i < leaves_.size(); ++i) {
    const duckdb_parquet::ColumnMetaData& column = group.columns[i].meta_data;
    const duckdb_parquet::Statistics& statistics = column.statistics;
    const ParquetLeaf& of = layout_.leaves[i];
    Leaf& leaf = leaves_[i];
    leaf.size += column.total_compressed_size;
    leaf.values += column.num_values;
    if (statistics.__isset.null_count)
      leaf.nulls += statistics.null_count;
    else
      leaf.nulls_known = false;
    if (of.repeated || is_float(of.type)) continue;
    const bool has_values =
        !statistics.__isset.null_count || statistics.null_count < column.num_values;
    if (!has_values) continue;
    const bool known = statistics.__isset.min_value && statistics.__isset.max_value;
    const bool exact = known && statistics.is_min_value_exact && statistics.is_max_value_exact;
    if (exact)
      widen(leaf, read_statistic(statistics.min_value, of.type),
            read_statistic(statistics.max_value, of.type));
    else if (is_text(of.type) && has_bounds(of.mode))
      long_texts.push_back(i);
    else
      leaf.bounds_known = false;
  }
  for_each_vector(rows, long_texts, [&](size_t i, const duckdb::Vector& vector, uint64_t count) {
    add_texts(leaves_[i], layout_.leaves[i].type, vector, count);
  });
}

void ParquetMetrics::fill(iceberg::DataFile& file) const {
  file.empty_maps = iceberg::kAllMetricsMaps;
  for (size_t i = 0; i < leaves_.size(); ++i) {
    const ParquetLeaf& of = layout_.leaves[i];
    const Leaf& leaf = leaves_[i];
    file.column_sizes[of.field_id] = leaf.size;
    if (of.mode.id == iceberg::MetricsModeId::kNone) continue;
    file.value_counts[of.field_id] = leaf.values;
    if (leaf.nulls_known) file.null_value_counts[of.field_id] = leaf.nulls;
    if (!of.repeated && is_float(of.type)) file.nan_value_counts[of.field_id] = leaf.nans;
    if (of.mode.id == iceberg::MetricsModeId::kCounts || !leaf.bounds_known || !leaf.lower)
      continue;
    const bool cut = is_cut(of.type, of.mode);
    const types::Value lower = cut ? truncated_lower(*leaf.lower, of.mode) : *leaf.lower;
    file.lower_bounds[of.field_id] = types::to_single_value_bytes(lower, of.type);
    const auto upper = cut ? truncated_upper(*leaf.upper, of.mode) : leaf.upper;
    if (upper) file.upper_bounds[of.field_id] = types::to_single_value_bytes(*upper, of.type);
  }
}

}  // namespace firn::engine

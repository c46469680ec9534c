// What a manifest says of a Parquet file's columns, gathered from the statistics of the row groups
// as they are written.
#pragma once

#include <map>
#include <optional>

#include "engine/parquet_layout.h"
#include "iceberg/manifest.h"

namespace firn::engine {

class ParquetMetrics {
 public:
  explicit ParquetMetrics(const ParquetLayout& layout)
      : layout_(layout), leaves_(layout.leaves.size()) {}

  // NaN counts and bounds of float and double columns: the file's statistics have neither NaN
  // counts nor signed zeros.
  void add_floats(const duckdb::ColumnDataCollection& rows);
  // After the row group was flushed: sizes, counts, bounds. Of texts and bytes longer than the
  // file's statistics keep, the bounds come from the rows.
  void add(const duckdb_parquet::RowGroup& group, const duckdb::ColumnDataCollection& rows);
  void fill(iceberg::DataFile& file) const;

 private:
  struct Leaf {
    int64_t size = 0, values = 0, nulls = 0, nans = 0;
    bool nulls_known = true;
    bool bounds_known = true;  // false: some row group has values, but no statistics
    std::optional<types::Value> lower, upper;
  };
  static void widen(Leaf& leaf, const types::Value& lower, const types::Value& upper);
  template <class T>
  static void add_floats(Leaf& leaf, const duckdb::Vector& vector, uint64_t rows);
  static void add_texts(Leaf& leaf, const types::Type& type, const duckdb::Vector& vector,
                        uint64_t rows);
  // `use(leaf's index, vector, rows)` for the vectors of these leaves, chunk by chunk.
  template <class Use>
  void for_each_vector(const duckdb::ColumnDataCollection& rows, const std::vector<size_t>& leaves,
                       Use&& use) const;

  const ParquetLayout& layout_;
  std::vector<Leaf> leaves_;
};

}  // namespace firn::engine

// One Parquet data file while it is written: row groups in, an Iceberg data file entry out.
#pragma once

#include <memory>
#include <string>

#include "engine/parquet_layout.h"
#include "engine/parquet_metrics.h"
#include "engine/store_file_system.h"

namespace firn::engine {

struct ParquetSettings {
  duckdb_parquet::CompressionCodec::type codec = duckdb_parquet::CompressionCodec::ZSTD;
  int64_t level = 1;
  uint64_t dictionary_entries =
      0;  // a column with more distinct values in a row group is written plain
  uint64_t dictionary_bytes = 0;
};

// write.parquet.compression-codec (zstd), write.parquet.compression-level,
// write.parquet.dict-size-bytes.
ParquetSettings parquet_settings(const iceberg::Properties& properties, uint64_t row_group_rows);

class ParquetFile {
 public:
  // Nothing is visible under `uri` before finish(). All arguments outlive the file.
  ParquetFile(duckdb::ClientContext& context, files::FileStore& store, const ParquetLayout& layout,
              const ParquetSettings& settings, std::string uri);
  void write_row_group(duckdb::ColumnDataCollection& rows);
  int64_t size() const;  // bytes so far
  const std::string& uri() const { return uri_; }
  // Durable when it returns. Partition and spec id are the caller's.
  iceberg::DataFile finish();

 private:
  StoreFileSystem system_;
  std::string uri_;
  ParquetMetrics metrics_;
  duckdb::unique_ptr<duckdb::ParquetWriter> writer_;
  std::vector<int64_t> split_offsets_;
  int64_t rows_ = 0;
};

}  // namespace firn::engine

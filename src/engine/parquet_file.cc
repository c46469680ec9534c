// A Parquet data file through DuckDB's writer.
#include "engine/parquet_file.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/error.h"
#include "engine/parquet_columns.h"
#include "table/retry.h"

namespace firn::engine {
namespace {

struct Codec {
  const char* name;
  duckdb_parquet::CompressionCodec::type codec;
};
constexpr Codec kCodecs[] = {
    {"zstd", duckdb_parquet::CompressionCodec::ZSTD},
    {"snappy", duckdb_parquet::CompressionCodec::SNAPPY},
    {"gzip", duckdb_parquet::CompressionCodec::GZIP},
    {"brotli", duckdb_parquet::CompressionCodec::BROTLI},
    {"uncompressed", duckdb_parquet::CompressionCodec::UNCOMPRESSED},
    {"none", duckdb_parquet::CompressionCodec::UNCOMPRESSED},
};

// A level of 1 costs two thirds of zstd's own default of 3 and compresses event data as well.
constexpr int64_t kDefaultLevel = 1;
constexpr int64_t kDefaultDictionaryBytes = 2 << 20;  // Iceberg's write.parquet.dict-size-bytes
// Unique columns fill a dictionary in vain: a small bound finds them out early.
constexpr uint64_t kRowsADictionaryEntry = 8;

duckdb_parquet::CompressionCodec::type codec_of(const iceberg::Properties& properties) {
  const auto found = properties.find("write.parquet.compression-codec");
  if (found == properties.end()) return duckdb_parquet::CompressionCodec::ZSTD;
  std::string name = found->second;
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto codec =
      std::ranges::find_if(kCodecs, [&](const Codec& row) { return name == row.name; });
  if (codec == std::end(kCodecs)) {
    throw_unsupported(
        "Parquet codec '" + found->second +
        "' (write.parquet.compression-codec; there are zstd, snappy, gzip, brotli, uncompressed)");
  }
  return codec->codec;
}

}  // namespace

ParquetSettings parquet_settings(const iceberg::Properties& properties, uint64_t row_group_rows) {
  ParquetSettings settings;
  settings.codec = codec_of(properties);
  settings.level =
      table::number_property(properties, "write.parquet.compression-level", kDefaultLevel);
  settings.dictionary_bytes = static_cast<uint64_t>(
      table::number_property(properties, "write.parquet.dict-size-bytes", kDefaultDictionaryBytes));
  settings.dictionary_entries = std::max<uint64_t>(row_group_rows / kRowsADictionaryEntry, 64);
  return settings;
}

ParquetFile::ParquetFile(duckdb::ClientContext& context, files::FileStore& store,
                         const ParquetLayout& layout, const ParquetSettings& settings,
                         std::string uri)
    : system_(store), uri_(std::move(uri)), metrics_(layout) {
  writer_ = duckdb::make_uniq<duckdb::ParquetWriter>(
      context, system_, uri_, layout.types, layout.names, settings.codec, layout.field_ids.Copy(),
      duckdb::ShreddingType(), duckdb::vector<std::pair<std::string, std::string>>(), nullptr,
      duckdb::optional_idx(settings.dictionary_entries), settings.dictionary_bytes,
      /*enable_bloom_filters=*/false,
      /*bloom_filter_false_positive_ratio=*/0.01, settings.level, duckdb::ParquetVersion::V1,
      duckdb::GeoParquetVersion::NONE);
  conform_columns(*writer_, layout.fields);
}

void ParquetFile::write_row_group(duckdb::ColumnDataCollection& rows) {
  if (rows.Count() == 0) return;
  metrics_.add_floats(rows);
  duckdb::PreparedRowGroup group;
  duckdb::unique_ptr<duckdb::ParquetWriteTransformData> no_transform;
  writer_->PrepareRowGroup(rows, group, no_transform);
  split_offsets_.push_back(static_cast<int64_t>(writer_->GetWriter().GetTotalWritten()));
  writer_->FlushRowGroup(group);
  metrics_.add(group.row_group, rows);
  rows_ += static_cast<int64_t>(rows.Count());
}

int64_t ParquetFile::size() const { return static_cast<int64_t>(writer_->FileSize()); }

iceberg::DataFile ParquetFile::finish() {
  writer_->Finalize();
  iceberg::DataFile file;
  file.file_path = uri_;
  file.record_count = rows_;
  file.file_size_in_bytes = system_.bytes_written();
  file.split_offsets = split_offsets_;
  metrics_.fill(file);
  writer_.reset();
  return file;
}

}  // namespace firn::engine

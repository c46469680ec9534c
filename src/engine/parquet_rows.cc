// Row groups through DuckDB's Parquet writer, with Spark's schema in the footer.
#include "engine/parquet_rows.h"

#include <utility>

#include "base/error.h"
#include "engine/chunk_body.h"
#include "engine/file_format.h"
#include "engine/store_file_system.h"
#include "engine/writer_instance.h"
#include "formats/reader.h"

namespace firn::engine {
namespace {

using types::DataType;
using types::DataTypeId;

constexpr uint64_t kRowGroupRows = 122880;
constexpr int64_t kRowGroupBytes = 128 << 20;  // parquet.block.size

// Spark's readers have no brotli and no lzo: files that they could not open are not written.
constexpr formats::CodecRow kParquetCodecs[] = {
    {"none", "UNCOMPRESSED", ""},      {"uncompressed", "UNCOMPRESSED", ""},
    {"snappy", "SNAPPY", ".snappy"},   {"gzip", "GZIP", ".gz"},
    {"lz4_raw", "LZ4_RAW", ".lz4raw"}, {"zstd", "ZSTD", ".zstd"},
};

struct DuckCodec {
  std::string_view name;
  duckdb_parquet::CompressionCodec::type codec;
};
constexpr DuckCodec kDuckCodecs[] = {
    {"SNAPPY", duckdb_parquet::CompressionCodec::SNAPPY},
    {"GZIP", duckdb_parquet::CompressionCodec::GZIP},
    {"LZ4_RAW", duckdb_parquet::CompressionCodec::LZ4_RAW},
    {"ZSTD", duckdb_parquet::CompressionCodec::ZSTD},
};

duckdb_parquet::CompressionCodec::type duck_codec(std::string_view name) {
  for (const DuckCodec& row : kDuckCodecs) {
    if (name == row.name) return row.codec;
  }
  return duckdb_parquet::CompressionCodec::UNCOMPRESSED;
}

const formats::CodecRow& parquet_codec(const formats::Options& options) {
  return formats::find_codec(kParquetCodecs,
                             options.text("compression", "parquet.compression", "snappy"));
}

}  // namespace

struct ParquetRows::State {
  State(std::shared_ptr<WriterInstance> i, files::FileStore& store, const std::string& uri,
        const formats::Options& options, const DataType& schema)
      : instance(std::move(i)), system(store) {
    for (const types::StructField& field : schema.fields()) {
      names.push_back(field.name);
      types.push_back(named_type(field.type));
    }
    duckdb::vector<std::pair<std::string, std::string>> about = {
        {"org.apache.spark.version", "4.1.0"},
        {"org.apache.spark.sql.parquet.row.metadata", schema.json()}};
    const auto codec = duck_codec(parquet_codec(options).codec);
    constexpr uint64_t kDictionaryBytes = 1 << 20;  // parquet.dictionary.page.size
    writer = duckdb::make_uniq<duckdb::ParquetWriter>(
        instance->context(), system, uri, types, names, codec, duckdb::ChildFieldIDs(),
        duckdb::ShreddingType(), about, nullptr, duckdb::optional_idx(kRowGroupRows / 8),
        kDictionaryBytes, /*enable_bloom_filters=*/false,
        /*bloom_filter_false_positive_ratio=*/0.01, options.number("compressionLevel", 3),
        duckdb::ParquetVersion::V1, duckdb::GeoParquetVersion::NONE);
    renew();
  }
  void renew() {
    buffer = std::make_unique<duckdb::ColumnDataCollection>(duckdb::Allocator::DefaultAllocator(),
                                                            types);
    buffer->InitializeAppend(append);
  }
  void flush() {
    if (buffer->Count() == 0) return;
    duckdb::PreparedRowGroup group;
    duckdb::unique_ptr<duckdb::ParquetWriteTransformData> no_transform;
    writer->PrepareRowGroup(*buffer, group, no_transform);
    writer->FlushRowGroup(group);
    renew();
  }

  std::shared_ptr<WriterInstance> instance;
  StoreFileSystem system;
  duckdb::vector<std::string> names;
  duckdb::vector<duckdb::LogicalType> types;
  duckdb::unique_ptr<duckdb::ParquetWriter> writer;
  std::unique_ptr<duckdb::ColumnDataCollection> buffer;
  duckdb::ColumnDataAppendState append;
};

std::string parquet_extension(const formats::Options& options, const DataType& schema) {
  formats::check_column_types(schema, "Parquet", formats::columnar_supports);
  return parquet_codec(options).extension + std::string(".parquet");
}

ParquetRows::ParquetRows(std::shared_ptr<WriterInstance> instance, files::FileStore& store,
                         const std::string& uri, const formats::Options& options,
                         const DataType& schema)
    : state_(std::make_unique<State>(std::move(instance), store, uri, options, schema)) {}
ParquetRows::~ParquetRows() = default;

void ParquetRows::write(Chunk& chunk) {
  duckdb::DataChunk& rows = chunk.body().chunk;
  duckdb::DataChunk named;  // the same vectors, struct children by name
  named.InitializeEmpty(state_->types);
  for (size_t i = 0; i < state_->types.size(); ++i) {
    flatten(rows.data[i], rows.size());
    named.data[i].Reinterpret(rows.data[i]);
  }
  named.SetCardinality(rows.size());
  state_->buffer->Append(state_->append, named);
  const bool full = state_->buffer->Count() >= kRowGroupRows ||
                    static_cast<int64_t>(state_->buffer->SizeInBytes()) >= kRowGroupBytes;
  if (full) state_->flush();
}

void ParquetRows::finish() {
  state_->flush();
  state_->writer->Finalize();
  state_->writer.reset();
}

}  // namespace firn::engine

// Iceberg's table properties.
#include "conf/registry.h"

namespace firn::conf {
namespace {

using enum KeyType;
using enum Effect;

// clang-format off: one row a key
constexpr Key kKeys[] = {
  {"format-version", kChoice, "2", kHonoured, "Version of the table format for a new table.", "1|2|3"},
  {"commit.retry.num-retries", kInt, "4", kHonoured, "Retries of a commit that met another one."},
  {"commit.retry.min-wait-ms", kLong, "100", kHonoured, "Wait before the first retry."},
  {"commit.retry.max-wait-ms", kLong, "60000", kHonoured, "Longest wait between retries."},
  {"commit.retry.total-timeout-ms", kLong, "1800000", kHonoured, "Time after which no retry is made."},
  {"commit.status-check.num-retries", kInt, "3", kKept, "Checks of a commit whose outcome is not known."},
  {"commit.manifest.target-size-bytes", kLong, "8388608", kHonoured, "Size that merged manifests aim at."},
  {"commit.manifest.min-count-to-merge", kInt, "100", kHonoured, "Manifests of one spec at which they are merged."},
  {"commit.manifest-merge.enabled", kBoolean, "true", kHonoured, "Whether small manifests are merged."},
  {"write.format.default", kChoice, "parquet", kRefused, "Format of new data files.", "parquet|avro|orc"},
  {"write.delete.format.default", kString, "", kKept, "Format of new delete files."},
  {"write.target-file-size-bytes", kLong, "536870912", kHonoured, "Size at which a new data file is begun."},
  {"write.delete.target-file-size-bytes", kLong, "67108864", kKept, "Size at which a new delete file is begun."},
  {"write.parquet.row-group-size-bytes", kLong, "134217728", kHonoured, "Size of a row group in memory."},
  {"write.parquet.page-size-bytes", kLong, "1048576", kKept, "Size of a page."},
  {"write.parquet.page-row-limit", kLong, "20000", kKept, "Most rows of a page."},
  {"write.parquet.dict-size-bytes", kLong, "2097152", kHonoured, "Most bytes of a dictionary page."},
  {"write.parquet.compression-codec", kChoice, "zstd", kHonoured, "Compression of data files.", "zstd|brotli|lz4|lz4_raw|gzip|snappy|uncompressed"},
  {"write.parquet.compression-level", kString, "", kHonoured, "Level of the codec; the codec's own where not set."},
  {"write.parquet.bloom-filter-enabled.column.*", kBoolean, "false", kKept, "A Bloom filter for one column."},
  {"write.parquet.bloom-filter-fpp.column.*", kDouble, "0.01", kKept, "False positives of a column's Bloom filter."},
  {"write.parquet.bloom-filter-max-bytes", kLong, "1048576", kKept, "Most bytes of a Bloom filter."},
  {"write.parquet.stats-enabled.column.*", kBoolean, "true", kKept, "Statistics of one column in the file."},
  {"write.avro.compression-codec", kString, "gzip", kKept, "Compression of Avro data files."},
  {"write.avro.compression-level", kString, "", kKept, "Level of that codec."},
  {"write.orc.*", kString, "", kKept, "ORC data files."},
  {"write.location-provider.impl", kString, "", kRefused, "A Java class that names data files."},
  {"write.object-storage.enabled", kBoolean, "false", kKept, "Hashes in the paths of data files."},
  {"write.object-storage.partitioned-paths", kBoolean, "true", kKept, "Partition values in those paths."},
  {"write.data.path", kString, "", kHonoured, "Folder of data files; <location>/data where not set."},
  {"write.metadata.path", kString, "", kHonoured, "Folder of metadata files; <location>/metadata where not set."},
  {"write.metadata.compression-codec", kChoice, "none", kHonoured, "Compression of metadata JSON.", "none|gzip"},
  {"write.metadata.metrics.max-inferred-column-defaults", kInt, "100", kHonoured, "Columns that get metrics without being named."},
  {"write.metadata.metrics.default", kString, "truncate(16)", kHonoured, "Metrics of a column: none, counts, truncate(length) or full."},
  {"write.metadata.metrics.column.*", kString, "", kHonoured, "Metrics of one column."},
  {"write.metadata.delete-after-commit.enabled", kBoolean, "false", kHonoured, "Whether metadata files that left the log are deleted."},
  {"write.metadata.previous-versions-max", kInt, "100", kHonoured, "Metadata files that the log keeps."},
  {"write.distribution-mode", kChoice, "none", kKept, "How rows are shuffled before they are written; one process needs no shuffle.", "none|hash|range"},
  {"write.delete.distribution-mode", kString, "", kKept, "The same for DELETE."},
  {"write.update.distribution-mode", kString, "", kKept, "The same for UPDATE."},
  {"write.merge.distribution-mode", kString, "", kKept, "The same for MERGE."},
  {"write.wap.enabled", kBoolean, "false", kHonoured, "Whether spark.wap.id and spark.wap.branch count."},
  {"write.summary.partition-limit", kInt, "0", kKept, "Partitions up to which the snapshot's summary names them."},
  {"write.spark.fanout.enabled", kBoolean, "false", kKept, "Spark's fan-out writer; firn's writer always keeps a file a partition open."},
  {"write.spark.accept-any-schema", kBoolean, "false", kKept, "Spark skips its check of written columns."},
  {"write.delete.mode", kChoice, "copy-on-write", kHonoured, "How DELETE changes files.", "copy-on-write|merge-on-read"},
  {"write.delete.isolation-level", kChoice, "serializable", kHonoured, "Isolation of DELETE.", "serializable|snapshot"},
  {"write.delete.granularity", kChoice, "file", kHonoured, "One delete file a partition or a data file.", "partition|file"},
  {"write.update.mode", kChoice, "copy-on-write", kHonoured, "How UPDATE changes files.", "copy-on-write|merge-on-read"},
  {"write.update.isolation-level", kChoice, "serializable", kHonoured, "Isolation of UPDATE.", "serializable|snapshot"},
  {"write.merge.mode", kChoice, "copy-on-write", kHonoured, "How MERGE changes files.", "copy-on-write|merge-on-read"},
  {"write.merge.isolation-level", kChoice, "serializable", kHonoured, "Isolation of MERGE.", "serializable|snapshot"},
  {"write.upsert.enabled", kBoolean, "false", kKept, "Flink's upsert writes."},
  {"read.split.target-size", kLong, "134217728", kKept, "Bytes of one task of a scan."},
  {"read.split.metadata-target-size", kLong, "33554432", kKept, "The same for metadata tables."},
  {"read.split.planning-lookback", kInt, "10", kKept, "Bins that task planning looks at."},
  {"read.split.open-file-cost", kLong, "4194304", kKept, "What opening a file counts as, in bytes."},
  {"read.parquet.vectorization.*", kString, "", kKept, "Spark's vectorised reader."},
  {"read.orc.vectorization.*", kString, "", kKept, "Spark's vectorised reader."},
  {"history.expire.max-snapshot-age-ms", kLong, "432000000", kKept, "Age at which a snapshot may expire."},
  {"history.expire.min-snapshots-to-keep", kInt, "1", kKept, "Snapshots that are kept whatever their age."},
  {"history.expire.max-ref-age-ms", kLong, "9223372036854775807", kKept, "Age at which a branch or tag expires."},
  {"gc.enabled", kBoolean, "true", kHonoured, "Whether DROP … PURGE and expiry may delete data files."},
  {"schema.name-mapping.default", kString, "", kHonoured, "Field ids of files without ids, by name (JSON)."},
  {"compatibility.snapshot-id-inheritance.enabled", kBoolean, "false", kKept, "Version 1 tables only."},
  {"engine.hive.enabled", kBoolean, "false", kKept, "Hive's storage handler."},
};
// clang-format on

}  // namespace

std::span<const Key> iceberg_keys() { return kKeys; }

}  // namespace firn::conf

// Spark's configuration keys, with the defaults of Spark 4.1.
#include "conf/registry.h"

namespace firn::conf {
namespace {

using enum KeyType;
using enum Effect;

// clang-format off: one row a key
constexpr Key kKeys[] = {
  // Semantics of SQL.
  {"spark.sql.ansi.enabled", kBoolean, "true", kHonoured, "Errors instead of NULL or wrap-around for invalid casts and overflows."},
  {"spark.sql.session.timeZone", kString, "", kHonoured, "Time zone of the session; the machine's where not set."},
  {"spark.sql.caseSensitive", kBoolean, "false", kRefused, "Names that differ in case are different names."},
  {"spark.sql.storeAssignmentPolicy", kChoice, "ANSI", kRefused, "Casts of inserted values.", "ANSI|LEGACY|STRICT"},
  {"spark.sql.timestampType", kChoice, "TIMESTAMP_LTZ", kRefused, "What TIMESTAMP means.", "TIMESTAMP_LTZ|TIMESTAMP_NTZ"},
  {"spark.sql.mapKeyDedupPolicy", kChoice, "EXCEPTION", kRefused, "What equal keys of a map do.", "EXCEPTION|LAST_WIN"},
  {"spark.sql.legacy.timeParserPolicy", kChoice, "CORRECTED", kRefused, "Grammar of datetime patterns.", "EXCEPTION|CORRECTED|LEGACY"},
  {"spark.sql.datetime.java8API.enabled", kBoolean, "false", kKept, "Java classes of dates."},
  {"spark.sql.ansi.doubleQuotedIdentifiers", kBoolean, "false", kRefused, "Double quotes around names."},
  {"spark.sql.ansi.enforceReservedKeywords", kBoolean, "false", kRefused, "Reserved words are no names."},
  {"spark.sql.ansi.relationPrecedence", kBoolean, "false", kRefused, "JOIN binds stronger than a comma."},
  {"spark.sql.groupByOrdinal", kBoolean, "true", kRefused, "Numbers in GROUP BY are positions."},
  {"spark.sql.groupByAliases", kBoolean, "true", kRefused, "Aliases in GROUP BY."},
  {"spark.sql.orderByOrdinal", kBoolean, "true", kRefused, "Numbers in ORDER BY are positions."},
  {"spark.sql.crossJoin.enabled", kBoolean, "true", kKept, "Joins without a condition."},
  {"spark.sql.decimalOperations.allowPrecisionLoss", kBoolean, "true", kRefused, "Decimal results that pass 38 digits lose scale."},
  {"spark.sql.parser.escapedStringLiterals", kBoolean, "false", kRefused, "Backslashes in literals stand for themselves."},
  {"spark.sql.parser.quotedRegexColumnNames", kBoolean, "false", kRefused, "Quoted names in SELECT are patterns."},
  {"spark.sql.variable.substitute", kBoolean, "true", kKept, "${name} in SQL text."},
  {"spark.sql.legacy.sizeOfNull", kBoolean, "true", kKept, "size(NULL) is -1 without ANSI."},
  {"spark.sql.legacy.*", kString, "", kKept, "Behaviour of older versions."},
  {"spark.sql.hive.convertMetastoreParquet", kBoolean, "true", kKept, "Hive's tables."},

  // Catalogs and tables.
  {"spark.sql.catalog.*", kString, "", kHonoured, "Catalogs: a class by name, and its options."},
  {"spark.sql.defaultCatalog", kString, "spark_catalog", kKept, "Catalog of names without one."},
  {"spark.sql.catalogImplementation", kString, "in-memory", kKept, "Hive or in memory."},
  {"spark.sql.extensions", kString, "", kKept, "Java classes that extend the parser; Iceberg's statements are built in."},
  {"spark.sql.warehouse.dir", kString, "warehouse", kHonoured, "Folder of the default catalog's tables."},
  {"spark.sql.sources.default", kString, "iceberg", kKept, "Format of a table created without USING."},
  {"spark.sql.sources.partitionOverwriteMode", kChoice, "STATIC", kRefused, "What INSERT OVERWRITE replaces.", "STATIC|DYNAMIC"},
  {"spark.sql.sources.partitionColumnTypeInference.enabled", kBoolean, "true", kKept, "Types of partition columns from paths."},
  {"spark.sql.sources.useV1SourceList", kString, "", kKept, "Sources of the old interface."},
  {"spark.sql.files.maxPartitionBytes", kBytes, "128m", kKept, "Bytes of one task."},
  {"spark.sql.files.openCostInBytes", kBytes, "4m", kKept, "What opening a file counts as."},
  {"spark.sql.files.maxRecordsPerFile", kLong, "0", kKept, "Most rows of a written file."},
  {"spark.sql.files.ignoreMissingFiles", kBoolean, "false", kRefused, "Files that vanished are left out."},
  {"spark.sql.files.ignoreCorruptFiles", kBoolean, "false", kRefused, "Files that cannot be read are left out."},
  {"spark.sql.parquet.compression.codec", kString, "snappy", kKept, "Compression of plain Parquet files."},
  {"spark.sql.parquet.filterPushdown", kBoolean, "true", kKept, "Filters prune row groups; firn always does."},
  {"spark.sql.parquet.mergeSchema", kBoolean, "false", kKept, "Schemas of all files are merged."},
  {"spark.sql.parquet.enableVectorizedReader", kBoolean, "true", kKept, "firn always reads vectors."},
  {"spark.sql.parquet.*", kString, "", kKept, "Spark's Parquet reader and writer."},
  {"spark.sql.orc.*", kString, "", kKept, "Spark's ORC reader and writer."},
  {"spark.sql.iceberg.vectorization.enabled", kBoolean, "true", kKept, "firn always reads vectors."},
  {"spark.sql.iceberg.planning.preserve-data-grouping", kBoolean, "false", kKept, "Storage-partitioned joins."},
  {"spark.sql.iceberg.distribution-mode", kString, "", kKept, "How rows are shuffled before they are written."},
  {"spark.sql.iceberg.*", kString, "", kKept, "Iceberg's Spark extension."},
  {"spark.wap.id", kString, "", kRefused, "Write, audit, publish."},
  {"spark.wap.branch", kString, "", kRefused, "Write, audit, publish."},
  {"spark.hadoop.*", kString, "", kKept, "Hadoop's settings."},

  // Streaming.
  {"spark.sql.streaming.checkpointLocation", kString, "", kHonoured, "Folder below which queries without a checkpointLocation keep theirs."},
  {"spark.sql.streaming.minBatchesToRetain", kInt, "100", kKept, "Batches whose checkpoint files are kept."},
  {"spark.sql.streaming.noDataMicroBatches.enabled", kBoolean, "true", kKept, "Batches without data that advance state."},
  {"spark.sql.streaming.multipleWatermarkPolicy", kChoice, "min", kKept, "Watermark of several sources.", "min|max"},
  {"spark.sql.streaming.schemaInference", kBoolean, "false", kKept, "Schemas of file sources are inferred."},
  {"spark.sql.streaming.forceDeleteTempCheckpointLocation", kBoolean, "false", kKept, "Temporary checkpoints are deleted after a failure."},
  {"spark.sql.streaming.stateStore.providerClass", kString, "", kKept, "Java class of the state store."},
  {"spark.sql.streaming.stateStore.checkpointFormatVersion", kChoice, "1", kKept, "Version of the commit log.", "1|2"},
  {"spark.sql.streaming.stateStore.*", kString, "", kKept, "Spark's state store."},
  {"spark.sql.streaming.statefulOperator.*", kString, "", kKept, "Spark's stateful operators."},
  {"spark.sql.streaming.metricsEnabled", kBoolean, "false", kKept, "Metrics of queries."},
  {"spark.sql.streaming.numRecentProgressUpdates", kInt, "100", kKept, "Progress reports that are kept."},
  {"spark.sql.streaming.pollingDelay", kMillis, "10", kKept, "Wait between looks for new data."},
  {"spark.sql.streaming.stopTimeout", kMillis, "0", kKept, "Time that stop() waits; 0 waits for ever."},
  {"spark.sql.streaming.ui.*", kString, "", kKept, "Spark's web pages."},

  // Execution on a cluster or a JVM.
  {"spark.sql.shuffle.partitions", kInt, "200", kKept, "Partitions of a shuffle; one process needs none."},
  {"spark.default.parallelism", kInt, "", kKept, "Partitions of an RDD."},
  {"spark.sql.adaptive.advisoryPartitionSizeInBytes", kBytes, "64m", kKept, "Size of a shuffle's partition."},
  {"spark.sql.adaptive.enabled", kBoolean, "true", kKept, "Plans change while they run."},
  {"spark.sql.adaptive.coalescePartitions.enabled", kBoolean, "true", kKept, "Small partitions are merged."},
  {"spark.sql.adaptive.skewJoin.enabled", kBoolean, "true", kKept, "Large partitions are split."},
  {"spark.sql.adaptive.*", kString, "", kKept, "Adaptive execution."},
  {"spark.sql.autoBroadcastJoinThreshold", kBytes, "10m", kKept, "Size up to which a side of a join is broadcast."},
  {"spark.sql.broadcastTimeout", kSeconds, "300", kKept, "Time a broadcast may take."},
  {"spark.sql.cbo.enabled", kBoolean, "false", kKept, "Join order by statistics."},
  {"spark.sql.codegen.*", kString, "", kKept, "Generated Java code."},
  {"spark.sql.inMemoryColumnarStorage.*", kString, "", kKept, "Cached tables."},
  {"spark.sql.execution.arrow.pyspark.enabled", kBoolean, "false", kKept, "toPandas through Arrow; firn always does."},
  {"spark.sql.execution.arrow.maxRecordsPerBatch", kInt, "10000", kKept, "Rows of an Arrow batch."},
  {"spark.sql.execution.*", kString, "", kKept, "Execution in Spark's workers."},
  {"spark.sql.debug.maxToStringFields", kInt, "25", kKept, "Fields shown in plans."},
  {"spark.sql.repl.eagerEval.enabled", kBoolean, "false", kKept, "DataFrames print themselves in notebooks."},
  {"spark.sql.optimizer.*", kString, "", kKept, "Spark's optimizer."},
  {"spark.sql.redaction.*", kString, "", kKept, "What logs hide."},
  {"spark.sql.ui.*", kString, "", kKept, "Spark's web pages."},
  {"spark.app.name", kString, "firn", kKept, "Name of the application."},
  {"spark.master", kString, "local[*]", kKept, "Cluster."},
  {"spark.serializer", kString, "", kKept, "Java serializer."},
  {"spark.jars", kString, "", kKept, "Java archives."},
  {"spark.jars.*", kString, "", kKept, "Java archives."},
  {"spark.driver.*", kString, "", kKept, "The JVM that plans."},
  {"spark.executor.*", kString, "", kKept, "The JVMs that work."},
  {"spark.dynamicAllocation.*", kString, "", kKept, "Number of executors."},
  {"spark.memory.*", kString, "", kKept, "Memory of the JVMs; firn.memory.limit is firn's."},
  {"spark.ui.*", kString, "", kKept, "Spark's web pages."},
  {"spark.eventLog.*", kString, "", kKept, "Spark's history."},
};
// clang-format on

}  // namespace

std::span<const Key> spark_keys() { return kKeys; }

}  // namespace firn::conf

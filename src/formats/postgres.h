// A PostgreSQL database behind a JDBC URL: what spark.read.jdbc and DataFrameWriter.jdbc do.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/reader.h"

namespace firn::formats {

// A query's partitions, one WHERE condition each ("" = none), by partitionColumn, lowerBound,
// upperBound and numPartitions, or by predicates. Throws FIRN_INVALID_INPUT as Spark does where
// options are missing.
std::vector<FilePart> jdbc_partitions(const Options& options);

// One table that is written: everything in one transaction (isolationLevel=NONE: none).
class JdbcTableWriter {
 public:
  virtual ~JdbcTableWriter() = default;
  virtual void write(std::span<const kernels::ColumnView> columns, uint64_t rows) = 0;
  virtual void finish() = 0;  // committed when it returns; destroyed without it nothing is written
};
enum class JdbcMode : uint8_t { kErrorIfExists, kAppend, kOverwrite, kIgnore };
// nullptr: the table is there and the mode is kIgnore.
std::unique_ptr<JdbcTableWriter> write_jdbc(const Options& options, const types::DataType& schema,
                                            JdbcMode mode);

extern const Format kJdbc;

}  // namespace firn::formats

// A table of files (CREATE TABLE … USING parquet): a folder and how it is read. No snapshots, no
// metadata files; everything that is known of it stands in the catalog.
#pragma once

#include <string>
#include <vector>

#include "iceberg/metadata.h"

namespace firn::catalog {

struct FileTable {
  std::string provider;  // parquet, csv, json, orc, avro, text
  std::string location;
  std::string schema;  // Spark's schema JSON; partition columns stand last
  std::vector<std::string> partition_columns;
  bool managed = false;  // the folder goes with the table
  std::string comment;
  int64_t created_ms = 0;
  iceberg::Properties options;  // of the reader and writer
  iceberg::Properties properties;
};

// As rows of a catalog, and back.
iceberg::Properties to_rows(const FileTable&);
FileTable to_file_table(const iceberg::Properties& rows);

}  // namespace firn::catalog

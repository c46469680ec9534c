// Files that are read in place (csv.`path`, spark.read.json, …): their schema as Spark would infer
// it, and the scan of their rows.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "files/file_store.h"
#include "formats/options.h"
#include "plan/relation.h"
#include "types/data_type.h"

namespace firn::engine {

using FileOptions = std::map<std::string, std::string>;

struct FileSchema {
  types::DataType data;        // struct: the columns in the files
  types::DataType partitions;  // struct: those that the folders' names give
  types::DataType whole;       // what a reader sees: data, then partitions that data does not have
};

// Spark's defaults: CSV without header has _c0, _c1, … of strings (header, inferSchema change
// that); JSON columns stand in alphabetical order; Parquet as in the first file (mergeSchema: all);
// text has `value`. `user`, where it is set, is the reader's schema: nothing is inferred then.
// Throws PATH_NOT_FOUND, UNABLE_TO_INFER_SCHEMA, UNSUPPORTED_DATASOURCE_FOR_DIRECT_QUERY.
FileSchema describe_files(files::FileStore& store, const std::string& format,
                          const std::vector<std::string>& paths, const FileOptions& options,
                          const std::optional<types::DataType>& user = {});
inline types::DataType file_schema(files::FileStore& store, const std::string& format,
                                   const std::vector<std::string>& paths,
                                   const FileOptions& options) {
  return describe_files(store, format, paths, options).whole;
}
// Options that carry what describe_files found to the scan.
void remember_schema(const FileSchema& schema, FileOptions& options);

// Of plan::kFileMetadataColumn: file_path, file_name, file_size, file_block_start,
// file_block_length, file_modification_time; of Parquet row_index too.
types::DataType file_metadata_type(const std::string& format);

}  // namespace firn::engine

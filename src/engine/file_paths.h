// The files that the paths of a read mean: files, folders with what is below, patterns; and the
// partition columns that folder names of the form key=value give.
#pragma once

#include <string>
#include <vector>

#include "files/file_store.h"
#include "formats/options.h"
#include "types/data_type.h"

namespace firn::engine {

inline constexpr const char* kNullPartition = "__HIVE_DEFAULT_PARTITION__";

struct PartitionValue {
  std::string key;
  std::string value;  // URL-decoded
};

struct PlacedFile {
  std::string uri;
  std::vector<PartitionValue> partition;  // from the outermost folder in
  int64_t size = 0, modified_ms = 0;
  std::string root;  // what the outermost partition folder stands in; "" with basePath
};

// Sorted by URI. Files and folders whose names start with '_' or '.' are left out.
// Where folders are partitions all below them is read, else only the files of the folder itself
// (recursiveFileLookup reads on, without partitions). Patterns know * ? [..] {a,b}. Options:
// basePath, pathGlobFilter, recursiveFileLookup, modifiedBefore, modifiedAfter. Throws
// PATH_NOT_FOUND; CONFLICTING_PARTITION_COLUMN_NAMES or CONFLICTING_DIRECTORY_STRUCTURES where
// files disagree about the partition keys; COLUMN_ALREADY_EXISTS where a key repeats.
std::vector<PlacedFile> expand_paths(files::FileStore& store, const std::vector<std::string>& paths,
                                     const formats::Options& options = {});

// The partition columns: INT, BIGINT, DECIMAL, DOUBLE, DATE, TIMESTAMP or STRING, whatever fits all
// values; VOID where all are NULL.
std::vector<types::StructField> partition_fields(const std::vector<PlacedFile>& files,
                                                 const formats::Options& options);

// A file's URI as Spark shows it: local files as file:///…, quoted as URIs are.
std::string shown_uri(const std::string& uri);
// What stands behind the last slash.
std::string file_name(const std::string& uri);

}  // namespace firn::engine

// The files that a path of a query in place means: one file, a folder with all below it, or a
// pattern; and the partition columns that folder names of the form key=value give.
#pragma once

#include <string>
#include <vector>

#include "files/file_store.h"

namespace firn::engine {

struct PartitionValue {
  std::string key;
  std::string value;  // URL-decoded
};

struct PlacedFile {
  std::string uri;
  std::vector<PartitionValue> partition;  // from the outermost folder in
};

// Sorted by URI. Files and folders whose names start with '_' or '.' are left out below a folder,
// as Spark does. Patterns know
// * ? [..] {a,b}. Throws PATH_NOT_FOUND, and FIRN_INVALID_INPUT where files disagree about the
// partition keys.
std::vector<PlacedFile> expand_paths(files::FileStore& store,
                                     const std::vector<std::string>& paths);

}  // namespace firn::engine

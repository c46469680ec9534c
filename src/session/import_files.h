// Files that other programs wrote become data files of an Iceberg table, where they stand
// (add_files, snapshot, migrate).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/file_paths.h"

#include "session/session.h"

namespace firn::session {

struct ImportSource {
  std::string format;
  std::vector<engine::PlacedFile> files;  // below one folder
};

// Adds the source's files; returns how many. `filter`: partition column → value,
// as the folders' names say it. The table must be partitioned by the folders' keys, by identity.
// Sets schema.name-mapping.default where the table has none.
int64_t import_files(Session&, table::Table&, const ImportSource&,
                     const std::map<std::string, std::string>& filter, bool check_duplicates,
                     const StopToken&);

}  // namespace firn::session

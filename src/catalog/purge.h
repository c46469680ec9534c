// Every file that a table refers to: what DROP TABLE … PURGE removes.
#pragma once

#include <string>
#include <vector>

#include "files/file_store.h"
#include "table/table.h"

namespace firn::catalog {

// Data and delete files, manifests, manifest lists, metadata files, in the order of their removal
// (referrers last). Files that are missing already are left out of what they would have led to.
std::vector<std::string> files_of(files::FileStore&, const table::State&);

}  // namespace firn::catalog

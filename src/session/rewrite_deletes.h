// Delete files that stand for other delete files, and those that are of no use any longer.
#pragma once

#include <string>

#include "session/procedures.h"

namespace firn::session {

// Removes delete files that are older than every data file of their partition
// (RemoveDanglingDeleteFiles); returns how many. Nothing in tables without partitions: there each
// commit sees to it.
int64_t remove_dangling_deletes(const Call&, table::Table&, const std::string& branch);

}  // namespace firn::session

// What the tables must hold, told from the source and the offset log alone, and what they do hold,
// read from their files.
#pragma once

#include <string>
#include <vector>

#include "evaluator.h"
#include "iceberg/metadata.h"
#include "world.h"

namespace firn::simulation {

// The rows of a snapshot, sorted. A damaged or missing file is noted in world.broken.
std::vector<int64_t> rows_of(World&, const iceberg::TableMetadata&, iceberg::SnapshotId);

// "" where all is well; else what is not. `orphans`: files that no table refers to.
std::string verify(World&, const Plan&, std::vector<std::string>& orphans);

}  // namespace firn::simulation

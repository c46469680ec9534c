// Parquet files that other programs wrote, as data files of an Iceberg table: counts and bounds
// from the footer.
#pragma once

#include <string>
#include <vector>

#include "engine/file_paths.h"
#include "iceberg/manifest.h"
#include "iceberg/name_mapping.h"

namespace firn::engine {

// One entry a file, without partition and spec. Columns get their ids by `mapping`; what it does
// not know has no metrics. `properties`: the metrics modes. Throws FAILED_READ_FILE.NO_HINT.
std::vector<iceberg::DataFile> describe_parquet(files::FileStore& store,
                                                const std::vector<PlacedFile>& placed,
                                                const types::Schema& schema,
                                                const iceberg::NameMapping& mapping,
                                                const iceberg::Properties& properties);

}  // namespace firn::engine

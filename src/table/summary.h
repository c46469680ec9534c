// The summary of a snapshot: what it added, and the table's totals after it (specification,
// "Snapshots").
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "iceberg/manifest.h"
#include "iceberg/metadata.h"

namespace firn::table {

struct SummaryCounts {
  int64_t added_data_files = 0, added_records = 0, added_bytes = 0;
  int64_t changed_partitions = 0;
};

SummaryCounts count_added(const std::vector<iceberg::DataFile>& files);

// The summary after `parent` (nullptr: the first snapshot). All six total-* keys are there, but for
// those whose predecessor is missing or is not a number: a wrong total is worse than none. Keys of
// `extra` do not replace counts.
iceberg::Properties append_summary(const iceberg::Snapshot* parent, const SummaryCounts&,
                                   const iceberg::Properties& extra);

// The same totals as the parent's: for snapshots that change no rows.
iceberg::Properties replace_summary(const iceberg::Snapshot* parent,
                                    const iceberg::Properties& extra);

// A total of the parent's summary; 0 without a parent, nullopt where it says none.
std::optional<int64_t> total_before(const iceberg::Snapshot* parent, const char* key);

}  // namespace firn::table

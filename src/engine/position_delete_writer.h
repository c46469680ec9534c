// Rows by position → position delete files (specification, "Position Delete Files").
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/table_writer.h"
#include "table/position_set.h"

namespace firn::engine {

struct DeleteTarget {  // the partition that a data file is in
  int spec_id = 0;
  std::vector<types::Value> partition;
  std::string partition_path;  // "" where unpartitioned
};

// Writes the rows of `positions`, sorted by file and position: a file a data file
// (write.delete.granularity = file, the default) or a partition. `targets` knows every data file.
// `options`: properties, data_location, file_prefix and instance are used.
std::vector<iceberg::DataFile> write_position_deletes(
    const table::PositionSet& positions, const std::map<std::string, DeleteTarget>& targets,
    const TableWriterOptions& options, files::FileStore& store);

}  // namespace firn::engine

// The summary of a snapshot that adds and removes files of both kinds (specification, "Snapshots",
// optional summary fields).
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "iceberg/manifest.h"
#include "iceberg/metadata.h"

namespace firn::table {

struct FileCounts {
  int64_t data_files = 0, records = 0, bytes = 0;
  int64_t position_delete_files = 0, equality_delete_files = 0;
  int64_t position_deletes = 0, equality_deletes = 0;
};

class ChangeCounts {
 public:
  void add(const iceberg::DataFile& file) { count(added_, file); }
  void remove(const iceberg::DataFile& file) { count(removed_, file); }
  bool empty() const { return partitions_.empty(); }
  // Keys of `extra` do not replace counts.
  iceberg::Properties summary(const iceberg::Snapshot* parent,
                              const iceberg::Properties& extra) const;

 private:
  void count(FileCounts& counts, const iceberg::DataFile& file);

  FileCounts added_, removed_;
  std::set<std::string> partitions_;
};

}  // namespace firn::table

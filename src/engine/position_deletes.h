// Rows of data files that position delete files remove: each delete file is read once a scan.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/duck.h"
#include "engine/equality_deletes.h"
#include "table/position_set.h"
#include "table/scan.h"

namespace firn::engine {

// Safe for concurrent use.
class PositionDeletes {
 public:
  // The filter of one data file, equality deletes included; nullptr where no row of it is deleted.
  // `schema`: what is read. `hidden`: rows to leave out besides; may be null.
  duckdb::unique_ptr<duckdb::DeleteFilter> filter_for(duckdb::ClientContext& context,
                                                      const types::Schema& schema,
                                                      const table::ScanTask& task,
                                                      const table::PositionSet* hidden = nullptr);

 private:
  using ByPath = std::map<std::string, std::vector<int64_t>, std::less<>>;  // positions ascending
  std::shared_ptr<const ByPath> load(duckdb::ClientContext& context, const iceberg::DataFile& file);

  EqualityDeletes equality_deletes_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const ByPath>>
      loaded_;  // by delete file; guarded by mutex_
};

}  // namespace firn::engine

// The evaluator that stands for DuckDB: records "id key time" become rows of two tables,
// deduplicated by key behind a watermark; whatever is no such record goes to the quarantine. Its
// state is firn's own key set.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "files/file_store.h"
#include "iceberg/manifest.h"
#include "stream/pipeline.h"
#include "stream/source/source.h"
#include "world.h"

namespace firn::simulation {

inline constexpr const char* kSilver = "s.silver";
inline constexpr const char* kQuarantine = "s.quarantine";

struct Plan {  // of the query
  bool has_quarantine = true;
  bool is_deduplicated = true;
  int64_t delay_ms = 500;  // of the watermark
  int64_t records_per_epoch = 5;
};

// A data file of the doubles': "TINY <count> <hash of the rest>", then a number a line.
std::string write_rows(const std::vector<int64_t>& ids);
// The rows of such a file, or of a Parquet file (whole.h). Throws Error FIRN_CORRUPT_FILE.
std::vector<int64_t> read_rows(const std::string& uri, const std::string& bytes);
iceberg::DataFile describe_file(const std::string& uri, const std::vector<int64_t>& ids,
                                size_t bytes);

std::unique_ptr<stream::Pipeline> make_evaluator(World&, const Plan&, files::FileStore&,
                                                 const std::string& state_folder,
                                                 const std::vector<std::string>& data_folders);
std::unique_ptr<stream::Source> make_broker(World&, Process&);
// An engine that nobody may ask.
std::unique_ptr<engine::Engine> make_no_engine();

}  // namespace firn::simulation

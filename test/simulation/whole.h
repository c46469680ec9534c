// Runs with the real thing behind the evaluator's seam: the query as SQL, cut, lowered to DuckDB by
// firn's engine (one thread: the fibers' own), written as Parquet through the simulated store.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "evaluator.h"
#include "plan/streaming.h"
#include "stream/query.h"

namespace firn::simulation {

std::unique_ptr<engine::Engine> make_whole_engine(files::FileStore&);

// Gives the targets their plans, which do what the tiny evaluator does.
plan::StreamCut plan_whole(const Plan&, std::vector<stream::Target>& targets);

// Column "id" of a data file, read by DuckDB itself: nothing of firn is in between. Throws Error
// FIRN_CORRUPT_FILE.
std::vector<int64_t> read_parquet_ids(const std::string& uri, const std::string& bytes);

}  // namespace firn::simulation

// A pipeline file, run as a whole: tables are made, flows that share a source become one streaming
// query, materialized views are refreshed while it runs and at its end.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "plan/command.h"
#include "session/session.h"
#include "stream/query.h"

namespace firn::session {

struct PipelineOptions {
  bool once = false;                   // available-now: end when everything that is there was read
  int64_t trigger_interval_ms = 0;     // 0: as fast as possible
  int64_t refresh_interval_ms = 2000;  // of materialized views whose sources changed
  int64_t max_records_per_epoch = 1000000;
  std::string crash_at;  // tests only
};

// What a person or a script hears of a run. Called from several threads, one call at a time.
struct PipelineListener {
  std::function<void(const std::string&)> note;  // "created table silver.booking"
  std::function<void(const stream::Progress&)> progress;
  std::function<void(const std::string& view, int64_t rows, double seconds)> refreshed;
  std::function<void(const plan::Statement&, Result)> result;  // of plain statements in the file
};

// Throws Error: of a statement with its position, of a query by its name.
void run_pipeline(Session& session, const std::vector<plan::Statement>& statements,
                  const PipelineOptions&, const PipelineListener&, const StopToken& stop);

// True where the file defines streaming tables, flows or materialized views.
bool is_pipeline(const std::vector<plan::Statement>& statements);

// Names of the tables and views that an unresolved query reads, CTEs left out.
std::vector<plan::NameParts> names_read(const plan::Relation& query);

}  // namespace firn::session

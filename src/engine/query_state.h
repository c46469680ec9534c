// What the functions of one connection (slot scan, Iceberg scan, kernels) find in it: sources put
// there by lowering, bindings of the current run, and the first error of ours that a DuckDB thread
// met.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/stop_token.h"
#include "engine/duck.h"
#include "engine/engine.h"
#include "plan/relation.h"

namespace firn::engine {

struct KernelCall;  // engine/kernel_functions.h

class QueryState final : public duckdb::ClientContextState {
 public:
  static constexpr const char* kKey = "firn";
  // The state of a connection of ours (every connection that the engine opens has one).
  static QueryState& of(duckdb::ClientContext& context);

  // ---- Filled by lowering, read when functions bind: firn_slot(i), firn_iceberg_scan(i) and
  // firn_file_scan(i) find their relation (Slot, TableScan, FileScan) at sources[i]; each scan's
  // output columns are named c<attribute id>, in the relation's order.
  std::vector<plan::RelationPtr> sources;
  std::vector<std::shared_ptr<const KernelCall>> kernel_calls;

  // ---- One run.
  const Bindings* bindings = nullptr;
  StopToken stop;

  // Keeps the first Error of the run; its text travels through DuckDB, the Error itself waits here.
  void remember(const Error& error);
  std::optional<Error> take_error();

  // Values of the run's parameters, typed as prepared. They are read by firn_parameter(i): DuckDB's
  // own parameters would make it plan anew on every run of a statement that scans anything.
  duckdb::vector<duckdb::LogicalType> parameter_types;
  duckdb::vector<duckdb::Value> parameters;

  // ---- Counts how often DuckDB bound the statement again.
  int64_t rebinds = 0;
  duckdb::RebindQueryInfo OnExecutePrepared(duckdb::ClientContext&,
                                            duckdb::PreparedStatementCallbackInfo&,
                                            duckdb::RebindQueryInfo current) override {
    if (current == duckdb::RebindQueryInfo::ATTEMPT_TO_REBIND) ++rebinds;
    return duckdb::RebindQueryInfo::DO_NOT_REBIND;
  }

 private:
  std::mutex mutex_;
  std::optional<Error> error_;  // GUARDED_BY(mutex_)
};

// Runs `body` on one of DuckDB's threads: an Error of ours is remembered in the connection's state
// and goes on as a DuckDB exception that it understands.
template <class Body>
void guarded(duckdb::ClientContext& context, Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    QueryState::of(context).remember(error);
    throw duckdb::InvalidInputException(std::string(error.what()));
  }
}

// "c17", the name of a column in DuckDB.
std::string column_name(plan::AttributeId id);

}  // namespace firn::engine

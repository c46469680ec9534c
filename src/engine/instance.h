// One DuckDB database: disposable. After an internal error it is poisoned; its owner opens another.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/error.h"
#include "engine/duck.h"
#include "engine/engine.h"
#include "engine/query_state.h"

namespace firn::engine {

class Instance {
 public:
  // Throws where the library is of another version than the headers.
  Instance(const EngineOptions& options, files::FileStore& store);

  // A connection with its QueryState.
  std::unique_ptr<duckdb::Connection> connect();
  bool poisoned() const { return poisoned_; }

  // DuckDB's error as ours. Marks the instance where DuckDB says that its state is broken. An Error
  // that a kernel or scan left in `state` comes first.
  Error translate(const duckdb::ErrorData& error, QueryState& state);

 private:
  std::unique_ptr<duckdb::DuckDB> database_;
  std::atomic<bool> poisoned_ = false;
};

}  // namespace firn::engine

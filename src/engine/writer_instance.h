// What Parquet writers share of DuckDB. Engine only.
#pragma once

#include "engine/duck.h"

namespace firn::engine {

// A database for its allocator and settings only: no query runs in it.
class WriterInstance {
 public:
  WriterInstance() : database_(nullptr, one_thread(config_)), connection_(database_) {}
  duckdb::ClientContext& context() { return *connection_.context; }

 private:
  static duckdb::DBConfig* one_thread(duckdb::DBConfig& config) {
    config.options.maximum_threads = 1;
    return &config;
  }
  duckdb::DBConfig config_;
  duckdb::DuckDB database_;
  duckdb::Connection connection_;
};

}  // namespace firn::engine

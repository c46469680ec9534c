// Many rows in the buffers of a database instance: they count against its memory limit and spill to
// its folder. Engine only.
#pragma once

#include <memory>
#include <vector>

#include "engine/chunk.h"
#include "engine/duck.h"
#include "engine/instance.h"

namespace firn::engine {

// A RowStream that comes from an instance.
class OnInstance {
 public:
  virtual ~OnInstance() = default;
  virtual std::shared_ptr<Instance> instance() const = 0;
};

// Filled by one thread, then read by any number.
class BufferedRows {
 public:
  BufferedRows(std::shared_ptr<Instance> instance, duckdb::vector<duckdb::LogicalType> types);

  // Throws FIRN_RESOURCE where neither memory nor the folder for what spills has room.
  void append(Chunk& chunk);
  const duckdb::ColumnDataCollection& rows() const { return rows_; }

 private:
  std::shared_ptr<Instance> instance_;  // outlives its buffers
  std::unique_ptr<duckdb::Connection> connection_;
  duckdb::ColumnDataCollection rows_;
  duckdb::ColumnDataAppendState state_;
};

// Reads them in stretches, which are numbered in the order of the rows.
class BufferedScan {
 public:
  // `wanted`: columns by position; those beyond the last (DuckDB's row ids) are NULL.
  BufferedScan(std::shared_ptr<const BufferedRows> rows, std::vector<uint64_t> wanted);

  struct Place {
    duckdb::idx_t chunk, segment, row;
  };
  struct Cursor {
    uint64_t stretch = 0;
    std::vector<Place> places;  // of the stretch, the next one last
    duckdb::ColumnDataLocalScanState state;
  };
  // False at the end. `out` owns its strings.
  bool next(Cursor& cursor, duckdb::DataChunk& out);
  uint64_t stretches() const;

 private:
  void take_stretch(Cursor& cursor);

  const std::shared_ptr<const BufferedRows> rows_;
  const std::vector<uint64_t> wanted_;
  duckdb::ColumnDataParallelScanState scan_;  // its lock guards it and next_stretch_
  uint64_t next_stretch_ = 0;
};

}  // namespace firn::engine

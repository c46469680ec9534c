// See buffered_rows.h.
#include "engine/buffered_rows.h"

#include <algorithm>
#include <utility>

#include "engine/chunk_body.h"

namespace firn::engine {
namespace {

constexpr uint64_t kChunksAStretch = 60;  // about as many rows as DuckDB's row groups have

// Those of `wanted` that there are; at least one, for its count of rows.
duckdb::vector<duckdb::column_t> columns_read(const std::vector<uint64_t>& wanted, uint64_t count) {
  duckdb::vector<duckdb::column_t> columns;
  for (const uint64_t column : wanted)
    if (column < count) columns.push_back(column);
  if (columns.empty()) columns.push_back(0);
  return columns;
}

}  // namespace

BufferedRows::BufferedRows(std::shared_ptr<Instance> instance,
                           duckdb::vector<duckdb::LogicalType> types)
    : instance_(std::move(instance)),
      connection_(instance_->connect()),
      rows_(duckdb::BufferManager::GetBufferManager(*connection_->context), std::move(types)) {
  rows_.InitializeAppend(state_);
}

void BufferedRows::append(Chunk& chunk) {
  try {
    rows_.Append(state_, chunk.body().chunk);
  } catch (const std::exception& foreign) {
    throw instance_->translate(duckdb::ErrorData(foreign), QueryState::of(*connection_->context));
  }
}

BufferedScan::BufferedScan(std::shared_ptr<const BufferedRows> rows, std::vector<uint64_t> wanted)
    : rows_(std::move(rows)), wanted_(std::move(wanted)) {
  // Copies: a result may outlive the block that its strings come from.
  rows_->rows().InitializeScan(scan_, columns_read(wanted_, rows_->rows().ColumnCount()),
                               duckdb::ColumnDataScanProperties::DISALLOW_ZERO_COPY);
}

uint64_t BufferedScan::stretches() const {
  return std::max<uint64_t>(1, rows_->rows().ChunkCount() / kChunksAStretch);
}

void BufferedScan::take_stretch(Cursor& cursor) {
  const duckdb::lock_guard<duckdb::mutex> lock(scan_.lock);
  cursor.stretch = next_stretch_++;
  Place place;
  while (cursor.places.size() < kChunksAStretch &&
         rows_->rows().NextScanIndex(scan_.scan_state, place.chunk, place.segment, place.row))
    cursor.places.push_back(place);
  std::reverse(cursor.places.begin(), cursor.places.end());
}

bool BufferedScan::next(Cursor& cursor, duckdb::DataChunk& out) {
  if (cursor.places.empty()) take_stretch(cursor);
  if (cursor.places.empty()) return false;
  const Place place = cursor.places.back();
  cursor.places.pop_back();
  duckdb::DataChunk read;  // a new one each time: operators keep hold of what they are given
  rows_->rows().InitializeScanChunk(scan_.scan_state, read);
  rows_->rows().ScanAtIndex(scan_, cursor.state, read, place.chunk, place.segment, place.row);
  uint64_t from = 0;
  for (size_t i = 0; i < wanted_.size(); ++i) {
    if (wanted_[i] < rows_->rows().ColumnCount()) {
      out.data[i].Reference(read.data[from++]);
    } else {
      out.data[i].SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
      duckdb::ConstantVector::SetNull(out.data[i], true);
    }
  }
  out.SetCardinality(read.size());
  return true;
}

}  // namespace firn::engine

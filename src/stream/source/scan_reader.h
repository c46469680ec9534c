// The rows of a range that the engine reads: files, an Iceberg table's added files.
#pragma once

#include <memory>
#include <utility>

#include "engine/engine.h"
#include "stream/source/source.h"

namespace firn::stream {

class ScanReader final : public RangeReader {
 public:
  // `relation` is resolved; null: no rows.
  ScanReader(engine::Engine& engine, plan::RelationPtr relation)
      : engine_(engine), relation_(std::move(relation)) {}

  std::optional<SourceBatch> next(const StopToken& stop) override {
    if (relation_ == nullptr) return std::nullopt;
    if (rows_ == nullptr) rows_ = engine_.run(relation_, stop);
    engine::Chunk chunk;
    if (!rows_->next(chunk)) return std::nullopt;
    return SourceBatch(std::move(chunk));
  }

 private:
  engine::Engine& engine_;
  plan::RelationPtr relation_;
  std::unique_ptr<engine::RowStream> rows_;
};

}  // namespace firn::stream

// A result collector that hands chunks over while the pipeline runs.
#include "engine/chunk_collector.h"

#include <chrono>
#include <cstring>
#include <utility>

#include "engine/table_functions.h"

namespace firn::engine {
namespace {

// The next chunk reuses the vectors: fixed-width values are copied, string payloads shared.
void take(duckdb::Vector& from, duckdb::Vector& to, uint64_t rows) {
  if (from.GetType().InternalType() != duckdb::PhysicalType::VARCHAR) {
    duckdb::VectorOperations::Copy(from, to, rows, 0, 0);
    return;
  }
  flatten(from, rows);
  std::memcpy(duckdb::FlatVector::GetData(to), duckdb::FlatVector::GetData(from),
              rows * sizeof(duckdb::string_t));
  duckdb::FlatVector::Validity(to).Copy(duckdb::FlatVector::Validity(from), rows);
  duckdb::StringVector::AddHeapReference(to, from);
}

class QueueState final : public duckdb::GlobalSinkState {
 public:
  explicit QueueState(duckdb::ClientContext& context) : context(context.shared_from_this()) {}
  duckdb::weak_ptr<duckdb::ClientContext> context;
};

class ChunkCollector final : public duckdb::PhysicalResultCollector {
 public:
  ChunkCollector(duckdb::PreparedStatementData& data, std::shared_ptr<ChunkQueue> queue)
      : PhysicalResultCollector(*data.physical_plan, data), queue_(std::move(queue)) {}

  duckdb::unique_ptr<duckdb::GlobalSinkState> GetGlobalSinkState(
      duckdb::ClientContext& context) const override {
    return duckdb::make_uniq<QueueState>(context);
  }
  duckdb::SinkResultType Sink(duckdb::ExecutionContext&, duckdb::DataChunk& chunk,
                              duckdb::OperatorSinkInput& input) const override {
    return queue_->push(chunk, input.interrupt_state) ? duckdb::SinkResultType::NEED_MORE_INPUT
                                                      : duckdb::SinkResultType::BLOCKED;
  }
  duckdb::unique_ptr<duckdb::QueryResult> GetResult(duckdb::GlobalSinkState& state) const override {
    const auto context = state.Cast<QueueState>().context.lock();
    return duckdb::make_uniq<duckdb::MaterializedQueryResult>(statement_type, properties, names,
                                                              CreateCollection(*context),
                                                              context->GetClientProperties());
  }
  bool ParallelSink() const override { return false; }
  bool SinkOrderDependent() const override { return true; }

 private:
  std::shared_ptr<ChunkQueue> queue_;
};

}  // namespace

bool ChunkQueue::push(duckdb::DataChunk& chunk, const duckdb::InterruptState& interrupt) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!open_) return true;
    if (chunks_.size() >= kCapacity) {
      blocked_.push_back(interrupt);
      return false;
    }
  }
  Chunk taken;
  duckdb::DataChunk& target = taken.body().chunk;
  target.Initialize(duckdb::Allocator::DefaultAllocator(), chunk.GetTypes());
  for (size_t i = 0; i < chunk.ColumnCount(); ++i)
    take(chunk.data[i], target.data[i], chunk.size());
  target.SetCardinality(chunk.size());
  const std::lock_guard<std::mutex> lock(mutex_);
  chunks_.push_back(std::move(taken));
  pushed_.notify_one();
  return true;
}

bool ChunkQueue::pop(Chunk& out) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (chunks_.empty()) return false;
  out = std::move(chunks_.front());
  chunks_.pop_front();
  for (const duckdb::InterruptState& blocked : blocked_) blocked.Callback();
  blocked_.clear();
  return true;
}

void ChunkQueue::wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  pushed_.wait_for(lock, std::chrono::microseconds(50), [&] { return !chunks_.empty(); });
}

void ChunkQueue::close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  open_ = false;
  chunks_.clear();
  blocked_.clear();
}

void ChunkQueue::open() {
  const std::lock_guard<std::mutex> lock(mutex_);
  open_ = true;
  chunks_.clear();
}

bool is_pipelined(duckdb::PhysicalOperator& root) {
  switch (root.type) {
    case duckdb::PhysicalOperatorType::PROJECTION:
    case duckdb::PhysicalOperatorType::FILTER:
      return root.children.size() == 1 && is_pipelined(root.children[0].get());
    case duckdb::PhysicalOperatorType::TABLE_SCAN:
      return root.Cast<duckdb::PhysicalTableScan>().function.name == kSlotFunction;
    default:
      return false;
  }
}

duckdb::unique_ptr<duckdb::PhysicalOperator> make_chunk_collector(
    duckdb::PreparedStatementData& data, std::shared_ptr<ChunkQueue> queue) {
  return duckdb::make_uniq<ChunkCollector>(data, std::move(queue));
}

}  // namespace firn::engine

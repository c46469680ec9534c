// firn_row_set(i): scans rows that are in memory or in the engine's buffers, in their order, on as
// many threads as there are stretches of them.
#include "engine/row_set.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "engine/buffered_rows.h"
#include "engine/chunk_body.h"
#include "engine/duck_types.h"
#include "engine/query_state.h"
#include "engine/table_functions.h"

namespace firn::engine {
namespace {

constexpr size_t kChunksATask = 60;  // about as many rows as DuckDB's row groups have

struct RowSetBinding final : duckdb::TableFunctionData {
  std::shared_ptr<const plan::RowSet> rows;
};

struct RowSetScan final : duckdb::GlobalTableFunctionState {
  std::shared_ptr<const plan::RowSet> rows;
  std::vector<uint64_t> wanted;
  std::atomic<size_t> next_task = 0;
  std::unique_ptr<BufferedScan> buffered;

  duckdb::idx_t MaxThreads() const override {
    if (buffered) return buffered->stretches();
    return std::max<size_t>(1, (rows->chunks.size() + kChunksATask - 1) / kChunksATask);
  }
};

struct RowSetCursor final : duckdb::LocalTableFunctionState {
  size_t task = 0;
  size_t chunk = 0, end = 0;
  BufferedScan::Cursor buffered;
};

// DuckDB gives columns that are NULL throughout a type of its own: what the rows have counts.
duckdb::LogicalType type_of_column(const plan::CachedRows& node, size_t i) {
  if (node.rows->buffered) return node.rows->buffered->rows().Types().at(i);
  if (node.rows->chunks.empty()) return to_duckdb(node.columns[i].type);
  return node.rows->chunks.front().body().chunk.data.at(i).GetType();
}

duckdb::unique_ptr<duckdb::FunctionData> bind_row_set(duckdb::ClientContext& context,
                                                      duckdb::TableFunctionBindInput& input,
                                                      duckdb::vector<duckdb::LogicalType>& types,
                                                      duckdb::vector<duckdb::string>& names) {
  const QueryState& state = QueryState::of(context);
  const plan::Relation& relation = *state.sources.at(input.inputs[0].GetValue<uint64_t>());
  const auto& node = std::get<plan::CachedRows>(relation.node);
  auto binding = duckdb::make_uniq<RowSetBinding>();
  binding->rows = node.rows;
  for (size_t i = 0; i < node.columns.size(); ++i) {
    types.push_back(type_of_column(node, i));
    names.push_back(column_name(node.columns[i].id));
  }
  // Rows without columns are counted by one that nobody reads.
  if (types.empty()) {
    types.push_back(duckdb::LogicalType::BOOLEAN);
    names.emplace_back("firn_row");
  }
  return binding;
}

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> open_row_set(
    duckdb::ClientContext&, duckdb::TableFunctionInitInput& input) {
  auto scan = duckdb::make_uniq<RowSetScan>();
  scan->rows = input.bind_data->Cast<RowSetBinding>().rows;
  scan->wanted.assign(input.column_ids.begin(), input.column_ids.end());
  if (scan->rows->buffered)
    scan->buffered = std::make_unique<BufferedScan>(scan->rows->buffered, scan->wanted);
  return scan;
}

duckdb::unique_ptr<duckdb::LocalTableFunctionState> open_cursor(duckdb::ExecutionContext&,
                                                                duckdb::TableFunctionInitInput&,
                                                                duckdb::GlobalTableFunctionState*) {
  return duckdb::make_uniq<RowSetCursor>();
}

void scan_row_set(duckdb::ClientContext& context, duckdb::TableFunctionInput& data,
                  duckdb::DataChunk& out) {
  auto& scan = data.global_state->Cast<RowSetScan>();
  auto& cursor = data.local_state->Cast<RowSetCursor>();
  guarded(context, [&] {
    // An empty result ends a scan for DuckDB, so empty chunks are skipped.
    while (true) {
      throw_if_stopped(QueryState::of(context).stop);
      if (scan.buffered) return void(scan.buffered->next(cursor.buffered, out));
      if (cursor.chunk == cursor.end) {
        cursor.task = scan.next_task++;
        cursor.chunk = cursor.task * kChunksATask;
        if (cursor.chunk >= scan.rows->chunks.size()) {
          cursor.end = cursor.chunk;
          return;
        }
        cursor.end = std::min(cursor.chunk + kChunksATask, scan.rows->chunks.size());
      }
      Chunk shared = scan.rows->chunks[cursor.chunk++].share();
      if (shared.size() == 0) continue;
      lend(shared, scan.wanted, out);
      return;
    }
  });
}

duckdb::OperatorPartitionData partition_of(duckdb::ClientContext&,
                                           duckdb::TableFunctionGetPartitionInput& input) {
  const auto& cursor = input.local_state->Cast<RowSetCursor>();
  return duckdb::OperatorPartitionData(cursor.task + cursor.buffered.stretch);  // one of them is 0
}

duckdb::unique_ptr<duckdb::NodeStatistics> cardinality_of(duckdb::ClientContext&,
                                                          const duckdb::FunctionData* binding) {
  const auto rows = static_cast<uint64_t>(binding->Cast<RowSetBinding>().rows->rows);
  return duckdb::make_uniq<duckdb::NodeStatistics>(rows, rows);
}

// What was pulled so far and the rest of the stream.
std::shared_ptr<const plan::RowSet> buffer_rows(RowStream& stream,
                                                std::shared_ptr<Instance> instance,
                                                std::vector<types::DataType> types,
                                                std::vector<Chunk> pulled) {
  auto rows =
      std::make_shared<BufferedRows>(std::move(instance), pulled.front().body().chunk.GetTypes());
  for (Chunk& chunk : pulled) {
    rows->append(chunk);
    chunk = Chunk();
  }
  for (Chunk chunk; stream.next(chunk);) rows->append(chunk);
  auto made = std::make_shared<plan::RowSet>();
  made->types = std::move(types);
  made->rows = static_cast<int64_t>(rows->rows().Count());
  made->bytes = static_cast<int64_t>(rows->rows().SizeInBytes());
  made->buffered = std::move(rows);
  return made;
}

// After this no scan changes anything that vectors share: they are flat, and the owners of their
// memory hang on them.
void settle(Chunk& chunk) {
  Chunk::Body& body = chunk.body();
  for (duckdb::Vector& vector : body.chunk.data) (void)view_of(vector, chunk.size());
  for (const std::shared_ptr<const void>& owner : body.owners) {
    for (duckdb::Vector& vector : body.chunk.data) hold(vector, owner);
  }
  body.owners.clear();
}

}  // namespace

void register_row_set_scan(duckdb::DatabaseInstance& instance) {
  duckdb::TableFunction function(kRowSetFunction, {duckdb::LogicalType::UBIGINT}, scan_row_set,
                                 bind_row_set, open_row_set, open_cursor);
  function.projection_pushdown = true;
  function.get_partition_data = partition_of;
  function.cardinality = cardinality_of;
  register_table_function(instance, std::move(function));
}

std::shared_ptr<const plan::RowSet> make_row_set(std::vector<types::DataType> types,
                                                 std::vector<Chunk> chunks) {
  auto made = std::make_shared<plan::RowSet>();
  made->types = std::move(types);
  made->chunks = std::move(chunks);
  for (Chunk& chunk : made->chunks) {
    settle(chunk);
    made->rows += static_cast<int64_t>(chunk.size());
    made->bytes += chunk.memory_bytes();
  }
  return made;
}

std::shared_ptr<const plan::RowSet> collect_rows(RowStream& stream, int64_t most_bytes) {
  std::vector<types::DataType> types;
  for (const plan::Attribute& column : stream.columns()) types.push_back(column.type);
  const auto* origin = dynamic_cast<const OnInstance*>(&stream);
  const bool may_buffer = origin != nullptr && !types.empty();
  std::vector<Chunk> chunks;
  int64_t bytes = 0;
  for (Chunk chunk; stream.next(chunk);) {
    bytes += chunk.memory_bytes();
    chunks.push_back(std::move(chunk));
    if (may_buffer && bytes > most_bytes)
      return buffer_rows(stream, origin->instance(), std::move(types), std::move(chunks));
  }
  return make_row_set(std::move(types), std::move(chunks));
}

plan::RelationPtr row_set_relation(std::shared_ptr<const plan::RowSet> rows,
                                   std::vector<plan::Attribute> columns) {
  FIRN_CHECK(rows->types.size() == columns.size(), "an attribute for each column of the rows");
  plan::CachedRows node{std::move(rows), columns};
  return std::make_shared<const plan::Relation>(
      plan::Relation{std::move(node), std::move(columns), true, false, {}});
}

}  // namespace firn::engine

// firn_slot(i): hands over the chunks of a run's ChunkSource, by reference.
#include <utility>

#include "engine/chunk_body.h"
#include "engine/duck_types.h"
#include "engine/query_state.h"
#include "engine/table_functions.h"

namespace firn::engine {
namespace {

struct SlotBinding final : duckdb::TableFunctionData {
  int id = 0;
  size_t columns = 0;
};

struct SlotCursor final : duckdb::GlobalTableFunctionState {
  ChunkSource* source = nullptr;
  duckdb::vector<duckdb::column_t> wanted;
  Chunk chunk;
  bool done = false;
};

duckdb::unique_ptr<duckdb::FunctionData> bind_slot(duckdb::ClientContext& context,
                                                   duckdb::TableFunctionBindInput& input,
                                                   duckdb::vector<duckdb::LogicalType>& types,
                                                   duckdb::vector<duckdb::string>& names) {
  const QueryState& state = QueryState::of(context);
  const plan::Relation& relation = *state.sources.at(input.inputs[0].GetValue<uint64_t>());
  const auto& slot = std::get<plan::Slot>(relation.node);
  auto binding = duckdb::make_uniq<SlotBinding>();
  binding->id = slot.id;
  binding->columns = slot.columns.size();
  for (const plan::Attribute& column : slot.columns) {
    types.push_back(to_duckdb(column.type));
    names.push_back(column_name(column.id));
  }
  if (slot.columns.empty()) {  // DuckDB knows no table without columns: one that is always NULL
    types.push_back(duckdb::LogicalType::BOOLEAN);
    names.push_back("nothing");
  }
  return binding;
}

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> open_slot(
    duckdb::ClientContext& context, duckdb::TableFunctionInitInput& input) {
  auto cursor = duckdb::make_uniq<SlotCursor>();
  cursor->wanted = input.column_ids;
  guarded(context, [&] {
    const QueryState& state = QueryState::of(context);
    const int id = input.bind_data->Cast<SlotBinding>().id;
    FIRN_CHECK(state.bindings != nullptr && state.bindings->slots.contains(id),
               "a slot of the plan has no source in this run");
    cursor->source = state.bindings->slots.at(id);
  });
  return cursor;
}

void scan_slot(duckdb::ClientContext& context, duckdb::TableFunctionInput& data,
               duckdb::DataChunk& out) {
  auto& cursor = data.global_state->Cast<SlotCursor>();
  const size_t columns = data.bind_data->Cast<SlotBinding>().columns;
  guarded(context, [&] {
    // An empty result ends a scan for DuckDB, so empty chunks are skipped.
    do {
      throw_if_stopped(QueryState::of(context).stop);
      if (cursor.done) return;
      cursor.done = !cursor.source->pull(cursor.chunk);
    } while (!cursor.done && cursor.chunk.size() == 0);
    if (cursor.done) return;
    FIRN_CHECK(cursor.chunk.column_count() == columns,
               "a slot got a chunk with another number of columns");
    lend(cursor.chunk, cursor.wanted, out);
  });
}

}  // namespace

void register_slot_scan(duckdb::DatabaseInstance& instance) {
  duckdb::TableFunction function(kSlotFunction, {duckdb::LogicalType::UBIGINT}, scan_slot,
                                 bind_slot, open_slot);
  function.projection_pushdown = true;
  register_table_function(instance, std::move(function));
}

}  // namespace firn::engine

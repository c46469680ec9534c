// DuckDB's Parquet reader throws what its parts throw: Thrift's exceptions, those of containers,
// some with the file's name, most without.
#include "engine/damaged_file.h"

#include <atomic>
#include <mutex>

#include "base/error.h"
#include "duckdb/common/multi_file/multi_file_states.hpp"
#include "engine/query_state.h"
#include "engine/store_file_system.h"

namespace firn::engine {
namespace {

// DuckDB's own; the same in every instance. The scan's bind data are not ours to extend.
std::atomic<duckdb::table_function_init_local_t> stock_init_local;
std::atomic<duckdb::table_function_t> stock_scan;

// The file that is next in turn.
std::string current_file(const duckdb::GlobalTableFunctionState& global) {
  const auto& state = global.Cast<duckdb::MultiFileGlobalState>();
  const std::lock_guard lock(state.lock);
  const duckdb::idx_t index = state.file_index;
  if (index >= state.readers.size() || !state.readers[index]->reader) return "?";
  return state.readers[index]->reader->GetFileName();
}

duckdb::unique_ptr<duckdb::LocalTableFunctionState> begin_scan(
    duckdb::ExecutionContext& context, duckdb::TableFunctionInitInput& input,
    duckdb::GlobalTableFunctionState* global) {
  try {
    return stock_init_local.load()(context, input, global);
  } catch (...) {
    rethrow_naming(context.client, current_file(*global));
  }
}

void scan(duckdb::ClientContext& context, duckdb::TableFunctionInput& input,
          duckdb::DataChunk& output) {
  try {
    stock_scan.load()(context, input, output);
  } catch (...) {
    const auto& reader = input.local_state->Cast<duckdb::MultiFileLocalState>().reader;
    rethrow_naming(context, reader ? reader->GetFileName() : current_file(*input.global_state));
  }
}

}  // namespace

void rethrow_naming(duckdb::ClientContext& context, const std::string& path) {
  const auto throw_ours = [&](const Error& error) {
    // Connections that the engine opens for itself alone have no state.
    if (const auto state = context.registered_state->Get<QueryState>(QueryState::kKey))
      state->remember(error);
    throw duckdb::InvalidInputException(std::string(error.what()));
  };
  try {
    throw;
  } catch (const Error& error) {  // of the store: it says which file
    throw_ours(error);
  } catch (const std::exception& foreign) {
    const duckdb::ErrorData error(foreign);
    if (error.Type() == duckdb::ExceptionType::INTERRUPT ||
        error.Type() == duckdb::ExceptionType::OUT_OF_MEMORY ||
        error.Type() == duckdb::ExceptionType::FATAL)
      throw;
    std::string why = error.RawMessage();
    const std::string prefix = "Failed to read file \"" + path + "\": ";
    if (why.starts_with(prefix)) why = why.substr(prefix.size());
    throw_ours(Error("FAILED_READ_FILE.NO_HINT", {{"path", from_store_path(path) + ": " + why}}));
  }
  throw;  // what was caught is no exception at all
}

void name_damaged_files(duckdb::TableFunction& function) {
  if (function.function == scan) return;
  stock_init_local = function.init_local;
  stock_scan = function.function;
  function.init_local = begin_scan;
  function.function = scan;
}

}  // namespace firn::engine

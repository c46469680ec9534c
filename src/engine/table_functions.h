// The table functions that lowering calls, each given the index of its relation in
// QueryState::sources.
#pragma once

#include "engine/duck.h"

namespace firn::files {
class FileStore;
}

namespace firn::engine {

inline constexpr const char* kSlotFunction = "firn_slot";
inline constexpr const char* kRowSetFunction = "firn_row_set";
inline constexpr const char* kIcebergScanFunction = "firn_iceberg_scan";
inline constexpr const char* kFileScanFunction = "firn_file_scan";

void register_slot_scan(duckdb::DatabaseInstance& instance);
void register_row_set_scan(duckdb::DatabaseInstance& instance);
void register_kernels(duckdb::DatabaseInstance& instance);
// Owned by the files that read: the store outlives the instance.
void register_iceberg_scan(duckdb::DatabaseInstance& instance, files::FileStore& store);
void register_file_scan(duckdb::DatabaseInstance& instance, files::FileStore& store);

void register_table_function(duckdb::DatabaseInstance& instance, duckdb::TableFunction function);
void register_scalar_function(duckdb::DatabaseInstance& instance, duckdb::ScalarFunction function);

}  // namespace firn::engine

// Iceberg's metadata tables: what a table's metadata, manifest lists and manifests say, as rows.
#pragma once

#include <string>

#include "session/session.h"
#include "session/time_travel.h"

namespace firn::session {

bool is_metadata_table(const std::string& name);
// `name` in any case. Columns and types are those of Iceberg's Spark tables.
plan::RelationPtr metadata_table(Session&, const std::string& name, const table::State&,
                                 const TableState&, bool lenient,
                                 std::vector<std::string> qualifier, plan::IdSource& fresh);
// The table position_deletes (position_deletes_table.cc). Delete files other than Parquet are
// refused.
plan::RelationPtr position_deletes_table(Session&, const TableState&,
                                         std::vector<std::string> qualifier, plan::IdSource& fresh);
// Columns that Iceberg's tables do not have and scripts ask for: snapshots.timestamp_ms,
// partitions.total_size, data_file_count, delete_file_count. A query that names one gets the
// `lenient` form of the table, in which partitions.partition is a text ("2024-01-01/10").
bool is_lenient_column(const std::string& name);

}  // namespace firn::session

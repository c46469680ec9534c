// Columns of an Iceberg scan as DuckDB's multi-file reader wants them: trees with field ids, and
// defaults for what a file lacks.
#pragma once

#include "engine/duck.h"
#include "iceberg/manifest.h"
#include "iceberg/name_mapping.h"
#include "plan/relation.h"
#include "types/schema.h"

namespace firn::engine {

using ColumnTrees = duckdb::vector<duckdb::MultiFileColumnDefinition>;

// One tree a column of the scan, mapped by field id; a field that a file lacks reads as its initial
// default, else NULL.
ColumnTrees column_trees(const plan::TableScan& scan, const types::Schema& schema);

// The same for one file: top-level columns that are missing in it and that its spec partitions by
// identity read as the file's partition value.
void use_partition_values(ColumnTrees& columns, const plan::TableScan& scan,
                          const types::Schema& schema, const types::PartitionSpec& spec,
                          const iceberg::DataFile& file);

// Field ids for the columns of a file that has none. Columns that the mapping does not name stay
// without.
void assign_ids(ColumnTrees& file_columns, const iceberg::NameMapping& mapping);
bool has_ids(const ColumnTrees& file_columns);

}  // namespace firn::engine

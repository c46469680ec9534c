// Iceberg's metadata columns: _file, _pos, _spec_id, _partition and _deleted. Queries may name
// them; stars leave them out.
#pragma once

#include <string>

#include "plan/relation.h"
#include "plan/resolve.h"
#include "session/time_travel.h"
#include "table/manifest_cache.h"

namespace firn::session {

bool is_hidden_column(const std::string& name);

// The scan of a table in a state of it, with these columns behind its own (plan::kHiddenPrefix).
// Without _deleted where rows are deleted: they could not be shown.
// `scan` has the table's columns as `output`. What depends on the file alone is joined to the rows.
plan::RelationPtr with_hidden_columns(plan::TableScan scan, std::vector<plan::Attribute> output,
                                      const TableState& state, files::FileStore& store,
                                      table::ManifestCache* manifests, plan::IdSource& fresh);

}  // namespace firn::session

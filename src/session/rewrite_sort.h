// In which order rewrite_data_files writes rows: as they come, sorted, or in Z-order.
#pragma once

#include <string>
#include <vector>

#include "session/procedures.h"
#include "session/rewrite_options.h"

namespace firn::session {

struct RowOrder {
  RewriteKind kind = RewriteKind::kBinPack;
  std::vector<types::SortField> fields;  // kSort
  std::vector<int> z_columns;            // kZOrder: field ids
};

// What the arguments `strategy` and `sort_order` (and the table's own order) ask for.
RowOrder row_order(const Call&, const table::Table&);

// `columns`: what `relation` gives, with the table's field ids.
plan::RelationPtr in_order(plan::RelationPtr relation, const std::vector<plan::ScanColumn>& columns,
                           const RowOrder&, const RewriteOptions&);

}  // namespace firn::session

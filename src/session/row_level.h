// What DELETE, UPDATE and MERGE have in common: a query says which rows go and which come; files
// are rewritten without the rows (copy-on-write), or position deletes name them (merge-on-read).
#pragma once

#include <vector>

#include "plan/row_change.h"
#include "session/target.h"

namespace firn::session {

enum class RowCommand : uint8_t { kDelete, kUpdate, kMerge };
enum class RowAction : uint8_t { kNone, kDelete, kUpdate, kInsert };

struct RowChanges {
  RowCommand command = RowCommand::kDelete;
  // Columns: the new row's values (all of the table's, or none where rows only go), then _file,
  // _pos and the action as an index into `actions` (INT).
  plan::RelationPtr query;
  std::vector<RowAction> actions;
  types::Predicate filter;           // rows outside of it do not matter to the statement
  bool one_source_row_each = false;  // MERGE: a target row that comes twice is an error
};
struct RowCounts {
  int64_t deleted = 0, updated = 0, inserted = 0;
};
// Runs the query and commits what it says; nothing is committed where nothing changes. Throws
// MERGE_CARDINALITY_VIOLATION, COMMIT_CONFLICT (another commit touched the same rows).
RowCounts change_rows(Session&, Target&, const RowChanges&, const StopToken&);

// A condition over `columns`, checked to be boolean.
plan::ExprPtr resolve_condition(Session&, const Target&, const plan::ExprPtr& unresolved,
                                const std::vector<plan::Attribute>& columns);
// A value over `columns`; DEFAULT is NULL.
plan::ExprPtr resolve_value(Session&, const Target&, const plan::ExprPtr& unresolved,
                            const std::vector<plan::Attribute>& columns);
plan::ExprPtr named(Session&, plan::ExprPtr value, const std::string& name);

}  // namespace firn::session

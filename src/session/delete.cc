// DELETE FROM and TRUNCATE TABLE: whole files by their metadata where the condition allows it, else
// rows.
#include "base/error.h"
#include "plan/build.h"
#include "session/row_level.h"
#include "session/statements.h"
#include "table/scan.h"

namespace firn::session {
namespace {

Result deleted_files(const Target& target) {
  return {{}, nullptr, "deleted rows of " + target.name.to_string() + " by whole files"};
}

// True where each file either has no matching row or matching rows only.
bool takes_whole_files(Session& session, const Target& target, const types::Predicate& predicate) {
  if (predicate.op == types::PredicateOp::kTrue) return true;
  const iceberg::TableMetadata& metadata = target.metadata();
  const table::ScanPlan plan =
      table::plan_scan(metadata, session.process().store, {target.head, predicate, true},
                       session.process().manifests.get());
  for (const table::ScanTask& task : plan.tasks) {
    const types::BoundsById bounds =
        table::exact_bounds(*task.file, metadata.schema(), metadata.spec_by_id(task.file->spec_id));
    if (!types::must_match(predicate, metadata.schema(), bounds)) return false;
  }
  return true;
}

Result delete_where(Session& session, Target& target, const types::Predicate& predicate,
                    const StopToken& stop) {
  table::ChangeRequest request;
  request.delete_where = predicate;
  request.operation = "delete";
  commit_change(session, target, std::move(request), stop);
  return deleted_files(target);
}

}  // namespace

Result delete_rows(Session& session, const plan::Delete& node, const StopToken& stop) {
  Target target = open_target(session, node.table, write_options(session, {}));
  const TargetScan scan = scan_target(session, target, node.alias, true);
  if (node.condition == nullptr) return delete_where(session, target, types::always_true(), stop);
  std::vector<plan::Attribute> columns = scan.columns;
  columns.insert(columns.end(), {scan.file, scan.position});
  const plan::ExprPtr condition = resolve_condition(session, target, node.condition, columns);
  const plan::RelationPtr filtered = plan::rewrite(plan::filter(condition, scan.relation));
  if (const auto* kept = std::get_if<plan::Filter>(&filtered->node)) {
    const auto exact = plan::exact_iceberg_predicate(*kept->condition, scan.scanned);
    if (exact && takes_whole_files(session, target, *exact))
      return delete_where(session, target, *exact, stop);
  }
  RowChanges changes;
  changes.command = RowCommand::kDelete;
  changes.filter = plan::to_iceberg_predicate(*condition, scan.scanned);
  changes.actions = {RowAction::kDelete};
  changes.query = plan::project({plan::column(scan.file), plan::column(scan.position),
                                 named(session, plan::integer_literal(0), "action")},
                                plan::filter(condition, scan.relation));
  const RowCounts counts = change_rows(session, target, changes, stop);
  return {{}, nullptr, "deleted " + std::to_string(counts.deleted) + " rows"};
}

Result truncate_table(Session& session, const plan::Truncate& node, const StopToken& stop) {
  return delete_rows(session, {node.table, "", nullptr}, stop);
}

}  // namespace firn::session

// UPDATE.
#include "plan/build.h"
#include "session/row_level.h"
#include "session/statements.h"

namespace firn::session {

Result update_rows(Session& session, const plan::Update& node, const StopToken& stop) {
  Target target = open_target(session, node.table, write_options(session, {}));
  const TargetScan scan = scan_target(session, target, node.alias, true);
  std::vector<plan::Attribute> columns = scan.columns;
  columns.insert(columns.end(), {scan.file, scan.position});
  RowChanges changes;
  changes.command = RowCommand::kUpdate;
  changes.actions = {RowAction::kUpdate};
  plan::RelationPtr rows = scan.relation;
  if (node.condition != nullptr) {
    const plan::ExprPtr condition = resolve_condition(session, target, node.condition, columns);
    changes.filter = plan::to_iceberg_predicate(*condition, scan.scanned);
    rows = plan::filter(condition, rows);
  }
  std::vector<plan::ResolvedAssignment> assignments;
  for (const plan::Assignment& assignment : node.assignments) {
    assignments.push_back({assigned_column(assignment.column, scan.columns),
                           resolve_value(session, target, assignment.value, columns)});
  }
  const types::DataType schema = types::to_spark(target.metadata().schema());
  std::vector<plan::ExprPtr> outputs;
  for (const plan::ExprPtr& value : plan::updated_row(
           scan.columns, schema, assignments, resolve_options(session, target), session.ids()))
    outputs.push_back(named(session, value, schema.fields()[outputs.size()].name));
  outputs.push_back(plan::column(scan.file));
  outputs.push_back(plan::column(scan.position));
  outputs.push_back(named(session, plan::integer_literal(0), "action"));
  changes.query = plan::project(std::move(outputs), std::move(rows));
  const RowCounts counts = change_rows(session, target, changes, stop);
  return {{}, nullptr, "updated " + std::to_string(counts.updated) + " rows"};
}

}  // namespace firn::session

// See hidden_columns.h.
#include "session/hidden_columns.h"

#include <algorithm>

#include "base/ascii.h"
#include "engine/table_source.h"
#include "plan/build.h"
#include "plan/file_columns.h"
#include "session/content_files.h"
#include "session/row_builder.h"
#include "table/scan.h"

namespace firn::session {
namespace {

constexpr const char* kHiddenColumns[] = {"_file", "_pos", "_spec_id", "_partition", "_deleted"};

plan::ExprPtr hidden(plan::ExprPtr value, const std::string& name, plan::IdSource& fresh) {
  return plan::alias(std::move(value), plan::kHiddenPrefix + name, fresh.next());
}

struct Files {
  plan::RelationPtr
      rows;  // file, spec_id and (where the table has one) partition: a data file each
  bool have_deletes = false;
};
Files files_of(const TableState& state, files::FileStore& store, table::ManifestCache* manifests,
               plan::IdSource& fresh) {
  Files files;
  const ContentFiles shape(*state.metadata);
  const bool partitioned = !shape.partition_type().fields().empty();
  std::vector<BuiltColumn> columns = {{"file", types::DataTypeId::kString, false},
                                      {"spec_id", types::DataTypeId::kInteger, false}};
  if (partitioned) columns.push_back({"partition", shape.partition_type(), false});
  RowBuilder rows(std::move(columns));
  if (state.snapshot_id) {
    const table::ScanPlan plan =
        table::plan_scan(*state.metadata, store, {state.snapshot_id, {}, false}, manifests);
    for (const table::ScanTask& task : plan.tasks) {
      std::vector<Cell> row = {task.file->file_path, static_cast<int64_t>(task.file->spec_id)};
      if (partitioned) row.push_back(shape.partition_cell(shape.partition_values(*task.file)));
      rows.add(row);
      files.have_deletes |= !task.position_deletes.empty() || !task.equality_deletes.empty();
    }
  }
  files.rows = rows.finish({}, fresh);
  return files;
}

}  // namespace

bool is_hidden_column(const std::string& name) {
  return std::ranges::find(kHiddenColumns, lower_case(name)) != std::end(kHiddenColumns);
}

plan::RelationPtr with_hidden_columns(plan::TableScan scan, std::vector<plan::Attribute> output,
                                      const TableState& state, files::FileStore& store,
                                      table::ManifestCache* manifests, plan::IdSource& fresh) {
  const plan::Attribute file{fresh.next(), "_file", types::DataTypeId::kString, false, {}};
  const plan::Attribute position{fresh.next(), "_pos", types::DataTypeId::kLong, false, {}};
  scan.columns.push_back({file, plan::kFileField});
  scan.columns.push_back({position, plan::kPosField});
  const Files described = files_of(state, store, manifests, fresh);
  const plan::RelationPtr& files = described.rows;
  plan::Join join;
  join.kind = plan::JoinKind::kInner;
  join.left = plan::finish(std::move(scan));
  join.right = files;
  join.condition = plan::call("=", {plan::column(file), plan::column(files->output[0])},
                              types::DataTypeId::kBoolean);
  const plan::RelationPtr joined = plan::finish(std::move(join));
  std::vector<plan::ExprPtr> columns;
  for (const plan::Attribute& attribute : output) columns.push_back(plan::column(attribute));
  columns.push_back(hidden(plan::column(file), "_file", fresh));
  columns.push_back(hidden(plan::column(position), "_pos", fresh));
  columns.push_back(hidden(plan::column(files->output[1]), "_spec_id", fresh));
  if (files->output.size() > 2)
    columns.push_back(hidden(plan::column(files->output[2]), "_partition", fresh));
  if (!described.have_deletes)
    columns.push_back(hidden(plan::boolean_literal(false), "_deleted", fresh));
  return plan::project(std::move(columns), joined);
}

}  // namespace firn::session

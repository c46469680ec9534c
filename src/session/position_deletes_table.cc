// The metadata table position_deletes: the rows of a snapshot's position delete files, each with
// the partition, the spec and the file that it stands in.
#include "base/error.h"
#include "plan/build.h"
#include "session/content_files.h"
#include "session/metadata_tables.h"
#include "session/row_builder.h"
#include "table/manifest_cache.h"
#include "table/snapshot_files.h"

namespace firn::session {
namespace {

using types::DataTypeId;

std::vector<iceberg::DataFile> position_delete_files(Session& session, const TableState& state) {
  std::vector<iceberg::DataFile> files;
  const iceberg::Snapshot* snapshot =
      state.snapshot_id ? state.metadata->snapshot_by_id(*state.snapshot_id) : nullptr;
  if (snapshot == nullptr) return files;
  Process& process = session.process();
  for (const iceberg::ManifestFile& row :
       table::manifests_of(process.store, *state.metadata, *snapshot)) {
    if (!row.is_deletes) continue;
    for (const auto& entry : process.manifests->get(process.store, row)->entries) {
      const iceberg::DataFile& file = entry.data_file;
      if (entry.status == iceberg::EntryStatus::kDeleted ||
          file.content != iceberg::Content::kPositionDeletes)
        continue;
      if (file.file_format != "PARQUET")
        throw_unsupported("position_deletes of delete files in " + file.file_format + " (" +
                          file.file_path + ")");
      files.push_back(file);
    }
  }
  return files;
}

// file_path, pos, and the file's number.
plan::RelationPtr rows_of(const iceberg::DataFile& file, int64_t number, plan::IdSource& fresh) {
  plan::FileScan scan;
  scan.format = "parquet";
  scan.paths = {file.file_path};
  scan.columns = {{fresh.next(), "file_path", DataTypeId::kString, true, {}},
                  {fresh.next(), "pos", DataTypeId::kLong, true, {}}};
  const std::vector<plan::Attribute> columns = scan.columns;
  return plan::project({plan::column(columns[0]), plan::column(columns[1]),
                        plan::alias(plan::long_literal(number), "number", fresh.next())},
                       plan::finish(std::move(scan)));
}

}  // namespace

plan::RelationPtr position_deletes_table(Session& session, const TableState& state,
                                         std::vector<std::string> qualifier,
                                         plan::IdSource& fresh) {
  const ContentFiles shape(*state.metadata);
  const bool partitioned = !shape.partition_type().fields().empty();
  std::vector<BuiltColumn> columns = {{"row", types::to_spark(state.metadata->schema())}};
  if (partitioned) columns.push_back({"partition", shape.partition_type()});
  columns.push_back({"spec_id", DataTypeId::kInteger});
  columns.push_back({"delete_file_path", DataTypeId::kString, false});
  const std::vector<iceberg::DataFile> files = position_delete_files(session, state);
  if (files.empty()) {
    columns.insert(columns.begin(),
                   {{"file_path", DataTypeId::kString, false}, {"pos", DataTypeId::kLong, false}});
    return RowBuilder(std::move(columns)).finish(qualifier, fresh);
  }
  columns.push_back({"number", DataTypeId::kLong, false});
  RowBuilder described(std::move(columns));
  plan::SetOperation all{plan::SetKind::kUnion, true, false, {}};
  for (const iceberg::DataFile& file : files) {
    const auto number = static_cast<int64_t>(all.children.size());
    std::vector<Cell> row = {Cell()};
    if (partitioned) row.push_back(shape.partition_cell(shape.partition_values(file)));
    row.emplace_back(static_cast<int64_t>(file.spec_id));
    row.emplace_back(file.file_path);
    row.emplace_back(number);
    described.add(row);
    all.children.push_back(rows_of(file, number, fresh));
  }
  const plan::RelationPtr rows =
      all.children.size() == 1 ? all.children.front() : plan::finish(std::move(all));
  const plan::RelationPtr of_files = described.finish({}, fresh);
  plan::Join join;
  join.kind = plan::JoinKind::kInner;
  join.left = rows;
  join.right = of_files;
  join.condition =
      plan::call("=", {plan::column(rows->output[2]), plan::column(of_files->output.back())},
                 DataTypeId::kBoolean);
  const plan::RelationPtr joined = plan::finish(std::move(join));
  std::vector<plan::ExprPtr> outputs = {plan::column(rows->output[0]),
                                        plan::column(rows->output[1])};
  for (size_t i = 0; i + 1 < of_files->output.size(); ++i)
    outputs.push_back(plan::column(of_files->output[i]));
  return plan::project(std::move(outputs), joined);
}

}  // namespace firn::session

// CREATE OR REPLACE TABLE: the new definition and the new rows in one commit.
#include "base/error.h"
#include "iceberg/format.h"
#include "session/session.h"
#include "session/table_change.h"
#include "session/writing.h"
#include "table/proposal.h"
#include "table/retry.h"
#include "table/snapshot_files.h"
#include "table/summary.h"

namespace firn::session {
namespace {

using iceberg::TableMetadata;

using iceberg::kMain;

types::Type with_ids(const types::Type& type, const TableMetadata& base, const std::string& path,
                     int& last_id);

std::vector<types::Field> with_ids(std::vector<types::Field> fields, const TableMetadata& base,
                                   const std::string& path, int& last_id) {
  for (types::Field& field : fields) {
    const types::Field* old = base.schema().find(path + field.name);
    field.id = old != nullptr ? old->id : ++last_id;
  }
  for (types::Field& field : fields)
    field.type = with_ids(field.type, base, path + field.name + ".", last_id);
  return fields;
}

types::Type with_ids(const types::Type& type, const TableMetadata& base, const std::string& path,
                     int& last_id) {
  if (!type.is_nested()) return type;
  const auto fields = with_ids(std::vector<types::Field>(type.fields()), base, path, last_id);
  switch (type.id()) {
    case types::TypeId::kList:
      return types::Type::list(fields[0].id, fields[0].required, fields[0].type);
    case types::TypeId::kMap:
      return types::Type::map(fields[0].id, fields[0].type, fields[1].id, fields[1].required,
                              fields[1].type);
    default:
      return types::Type::structure(fields);
  }
}

// The definition as updates of a table that is there.
std::vector<iceberg::Update> redefinition(const TableMetadata& base,
                                          const catalog::CreateRequest& request) {
  int last_id = base.last_column_id;
  types::Schema schema;
  schema.fields = with_ids(request.schema.fields, base, "", last_id);
  types::PartitionSpec spec = catalog::partition_spec(schema, request);
  for (types::PartitionField& field : spec.fields) field.field_id = 0;  // the table's own are taken
  std::vector<iceberg::Update> updates = {
      iceberg::AddSchema{std::move(schema)},      iceberg::SetCurrentSchema{-1},
      iceberg::AddPartitionSpec{std::move(spec)}, iceberg::SetDefaultSpec{-1},
      iceberg::AddSortOrder{types::SortOrder{}},  iceberg::SetDefaultSortOrder{-1}};
  iceberg::Properties properties = request.properties;
  properties.erase("format-version");
  if (!properties.empty()) updates.push_back(iceberg::SetProperties{std::move(properties)});
  if (request.location) updates.push_back(iceberg::SetLocation{*request.location});
  if (base.refs.count(kMain) > 0) updates.push_back(iceberg::RemoveSnapshotRef{kMain});
  return updates;
}

}  // namespace

int64_t replace_table(Session& session, const catalog::TableName& name,
                      const plan::TableDefinition& definition, const plan::RelationPtr& query,
                      const StopToken& stop) {
  Process& process = session.process();
  table::Table table = catalog::open_table(process.catalog, name);
  plan::RelationPtr resolved;
  std::vector<types::StructField> columns;
  if (query != nullptr) {
    resolved = session.resolve(query);
    for (const plan::Attribute& column : resolved->output)
      columns.push_back({column.name, column.type, true});
  }
  const types::DataType type =
      defined_columns(definition, types::DataType::structure(std::move(columns)));
  if (type.fields().empty()) throw_invalid("table " + name.to_string() + " would have no columns");
  catalog::CreateRequest request = create_request(definition, type);
  request.properties.emplace("owner", session.resolve_options().user);

  // What is written is written for one state of the table: where somebody else commits meanwhile,
  // the definition would have to be made anew. So a conflict ends the statement.
  const auto base = table.shared_metadata();
  std::vector<iceberg::Update> updates = redefinition(*base, request);
  table::Table staged = table;
  staged.adopt({table.state().metadata_file,
                std::make_shared<const TableMetadata>(
                    iceberg::apply(base.get(), updates, process.clock.now_ms(), std::nullopt))});
  WrittenFiles rows;
  if (resolved != nullptr) rows = write_query(session, staged, resolved, false, stop);
  const iceberg::SnapshotId id = table::random_snapshot_id(process.random, *base);
  table::SnapshotFiles files(process.store, staged.metadata_location(), id, process.random);
  iceberg::TableChange change;
  if (resolved != nullptr) {
    table::SnapshotDraft draft = {
        .snapshot_id = id,
        .branch = kMain,
        .operation = "overwrite",
        .summary = table::append_summary(nullptr, table::count_added(rows.files), {}),
        .rows = files.write_added(staged.metadata(), rows.files,
                                  staged.metadata().last_sequence_number + 1),
        .attempt = 1,
        .now_ms = process.clock.now_ms(),
        .max_snapshots = 0,
        .keep_snapshots = {}};
    change =
        table::propose_snapshot(process.store, files, staged.metadata(), std::move(draft)).change;
  }
  change.requirements = {iceberg::AssertTableUuid{base->table_uuid},
                         iceberg::AssertCurrentSchemaId{base->current_schema_id},
                         iceberg::AssertLastAssignedFieldId{base->last_column_id},
                         iceberg::AssertRefSnapshotId{kMain, base->current_snapshot_id}};
  change.updates.insert(change.updates.begin(), std::make_move_iterator(updates.begin()),
                        std::make_move_iterator(updates.end()));
  const table::Reply reply = table.pointer().commit(change);
  if (reply.kind == table::ReplyKind::kUnknown)
    throw Error("COMMIT_UNKNOWN", {{"table", table.name()}, {"reason", reply.reason}});
  if (reply.kind == table::ReplyKind::kConflict) {
    files.remove_all();
    std::vector<std::string> data;
    for (const iceberg::DataFile& file : rows.files) data.push_back(file.file_path);
    table::remove_files(process.store, data);
    throw Error("COMMIT_CONFLICT", {{"table", table.name()}, {"reason", reply.reason}});
  }
  return rows.rows;
}

}  // namespace firn::session

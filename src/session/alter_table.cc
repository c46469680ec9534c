// ALTER TABLE: each change as the list of updates that a catalog applies.
#include <algorithm>
#include <charconv>
#include <set>

#include "base/ascii.h"
#include "base/error.h"
#include "base/names.h"
#include "iceberg/format.h"
#include "session/partitioning.h"
#include "session/session.h"
#include "session/table_change.h"
#include "session/views.h"
#include "table/retry.h"
#include "table/schema_change.h"

namespace firn::session {
namespace {

using iceberg::TableChange;
using iceberg::TableMetadata;
using Paths = table::SchemaChange::Path;

using iceberg::kMain;

TableChange change_of(const TableMetadata& base) {
  return {{iceberg::AssertTableUuid{base.table_uuid}}, {}};
}

const types::Field& source_column(const TableMetadata& metadata, const std::string& column) {
  const types::Field* field = metadata.schema().find_ignoring_case(column);
  if (field != nullptr) return *field;
  std::string known;
  for (const types::Field& one : metadata.schema().fields)
    known += (known.empty() ? "`" : ", `") + one.name + "`";
  throw Error("UNRESOLVED_COLUMN.WITH_SUGGESTION",
              {{"objectName", "`" + column + "`"}, {"proposal", known}});
}

// ---- columns

types::Field new_field(const std::string& name, const types::DataType& type, bool nullable,
                       const std::string& comment) {
  int last_id = 0;
  types::Field field;
  field.name = name;
  field.type = types::to_iceberg(type, last_id);
  field.required = !nullable;
  field.doc = comment;
  return field;
}

void refuse_default(const plan::ExprPtr& value) {
  if (value != nullptr) throw_unsupported("column defaults: they need Iceberg format version 3");
}

void apply(const plan::AddColumns& node, table::SchemaChange& schema) {
  std::vector<types::Field> all;
  std::set<std::string> names;
  for (const plan::AddColumns::Column& column : node.columns) {
    const std::string name = lower_case(dotted(column.name));
    if (!names.insert(name).second)
      throw Error("COLUMN_ALREADY_EXISTS", {{"columnName", "`" + name + "`"}});
    refuse_default(column.default_value);
    types::Field field =
        new_field(column.name.back(), column.type, column.nullable, column.comment);
    if (node.replace) {
      all.push_back(std::move(field));
    } else {
      schema.add({column.name.begin(), column.name.end() - 1}, std::move(field),
                 {column.first, column.after});
    }
  }
  if (node.replace) schema.replace_all(all);
}

void apply(const plan::DropTableColumns& node, table::SchemaChange& schema) {
  for (const plan::NameParts& column : node.columns) {
    if (node.if_exists && !schema.has(column)) continue;
    schema.remove(column);
  }
}

void apply(const plan::RenameColumn& node, table::SchemaChange& schema) {
  schema.rename(node.column, node.to);
}

void apply(const plan::AlterColumn& node, table::SchemaChange& schema) {
  refuse_default(node.default_value);
  if (node.drop_default) throw_unsupported("column defaults: they need Iceberg format version 3");
  if (node.type) {
    int last_id = 0;
    schema.promote(node.column, types::to_iceberg(*node.type, last_id));
  }
  if (node.nullable) schema.set_required(node.column, !*node.nullable);
  if (node.comment) schema.set_doc(node.column, *node.comment);
  const table::ColumnPosition position{node.first, node.after};
  if (position.given()) schema.move(node.column, position);
}

void apply(const plan::AlterColumns& node, table::SchemaChange& schema) {
  std::vector<plan::NameParts> paths;
  for (const plan::AlterColumn& column : node.columns) paths.push_back(column.column);
  schema.check_apart(paths);
  for (const plan::AlterColumn& column : node.columns) apply(column, schema);
}

void apply(const plan::IdentifierFields& node, table::SchemaChange& schema) {
  if (node.drop) {
    schema.drop_identifier_fields(node.columns);
  } else {
    schema.set_identifier_fields(node.columns);
  }
}

template <class Node>
void change_schema(Session& session, table::Table& table, const Node& node) {
  change_table(session, table, [&](const TableMetadata& base) {
    table::SchemaChange schema(base, table.name());
    apply(node, schema);
    return schema.commit();
  });
}

// ---- partition fields

// How Iceberg names a field that is added without a name.
std::string evolved_name(const std::string& column, const types::Transform& transform) {
  const std::string number = "_" + std::to_string(transform.parameter);
  switch (transform.id) {
    case types::TransformId::kIdentity:
      return column;
    case types::TransformId::kBucket:
      return column + "_bucket" + number;
    case types::TransformId::kTruncate:
      return column + "_trunc" + number;
    default:
      return column + "_" + transform.to_string();
  }
}

types::PartitionField added_field(const TableMetadata& base,
                                  const plan::PartitionTransform& written,
                                  const std::string& name) {
  const plan::PartitionTransform read = read_transform(written, base.schema());
  const types::Field& source = source_column(base, read.column);
  const types::Transform transform = transform_of(read);
  if (!types::can_transform(transform, source.type))
    throw_invalid("the partition transform " + transform.to_string() +
                  " does not apply to column " + read.column + " of type " +
                  source.type.to_string());
  const std::string column = *base.schema().name_of(source.id);
  types::PartitionField field{source.id, 0, name.empty() ? evolved_name(column, transform) : name,
                              transform};
  for (const types::PartitionSpec& spec : base.specs) {  // a field that was there before comes back
    for (const types::PartitionField& old : spec.fields) {
      if (old.source_id != field.source_id || old.transform != field.transform) continue;
      if (!name.empty() && old.name != name) continue;
      field.field_id = old.field_id;
      field.name = old.name;
    }
  }
  for (const types::PartitionField& other : base.spec().fields) {
    if (other.source_id == field.source_id && other.transform == field.transform)
      throw_invalid("Cannot add duplicate partition field " + field.name + ": the table is " +
                    "partitioned by " + other.name + " already");
    if (other.name == field.name)
      throw_invalid("Cannot add duplicate partition field name: " + field.name);
  }
  return field;
}

size_t place_of(const TableMetadata& base, const types::PartitionSpec& spec,
                const plan::PartitionTransform& written) {
  const auto& fields = spec.fields;
  if (written.transform == "identity" && base.schema().find(written.column) == nullptr) {
    const auto found = std::ranges::find(fields, written.column, &types::PartitionField::name);
    if (found != fields.end()) return static_cast<size_t>(found - fields.begin());
  }
  if (base.schema().find_ignoring_case(written.column) != nullptr) {
    const types::Field& source = source_column(base, written.column);
    const types::Transform transform = transform_of(written);
    const auto found = std::ranges::find_if(fields, [&](const types::PartitionField& field) {
      return field.source_id == source.id && field.transform == transform;
    });
    if (found != fields.end()) return static_cast<size_t>(found - fields.begin());
  }
  throw_invalid("Cannot find partition field to remove: " +
                (written.transform == "identity"
                     ? written.column
                     : transform_of(written).to_string() + "(" + written.column + ")"));
}

TableChange partition_change(const TableMetadata& base, const plan::PartitionField& node) {
  types::PartitionSpec spec = base.spec();
  using Kind = plan::PartitionField::Kind;
  size_t at = spec.fields.size();
  if (node.kind != Kind::kAdd) {
    at = place_of(base, spec, *node.field);
    spec.fields.erase(spec.fields.begin() + static_cast<std::ptrdiff_t>(at));
  }
  if (node.kind != Kind::kDrop) {
    const auto& written = node.kind == Kind::kAdd ? *node.field : *node.with;
    spec.fields.push_back(added_field(base, written, node.name));
  }
  TableChange change = change_of(base);
  change.requirements.push_back(iceberg::AssertDefaultSpecId{base.default_spec_id});
  change.requirements.push_back(iceberg::AssertLastAssignedPartitionId{base.last_partition_id});
  change.updates = {iceberg::AddPartitionSpec{std::move(spec)}, iceberg::SetDefaultSpec{-1}};
  return change;
}

// ---- the order in which rows are written

TableChange order_change(const TableMetadata& base, const plan::WriteOrder& node) {
  types::SortOrder order;
  for (const plan::WriteOrder::Key& key : node.keys) {
    const types::Field& source = source_column(base, key.term.column);
    const types::Transform transform = transform_of(key.term);
    if (!types::can_transform(transform, source.type))
      throw_invalid("rows cannot be ordered by " + transform.to_string() + " of column " +
                    key.term.column + " of type " + source.type.to_string());
    order.fields.push_back({source.id, transform, key.ascending, key.nulls_first});
  }
  TableChange change = change_of(base);
  change.requirements.push_back(iceberg::AssertDefaultSortOrderId{base.default_sort_order_id});
  change.updates = {iceberg::AddSortOrder{std::move(order)}, iceberg::SetDefaultSortOrder{-1}};
  if (!node.distribution.empty())
    change.updates.push_back(
        iceberg::SetProperties{{{"write.distribution-mode", node.distribution}}});
  return change;
}

// ---- branches and tags

std::string kind_name(const plan::SnapshotRef& node) { return node.tag ? "tag" : "branch"; }

TableChange drop_reference(const TableMetadata& base, const plan::SnapshotRef& node) {
  TableChange change = change_of(base);
  const auto found = base.refs.find(node.name);
  if (found == base.refs.end()) {
    if (node.if_exists) return change;
    throw_invalid("Ref does not exist: there is no " + kind_name(node) + " " + node.name);
  }
  if (found->second.is_branch == node.tag)
    throw_invalid("Ref " + node.name + " is a " + (node.tag ? "branch" : "tag") + " not a " +
                  kind_name(node));
  if (node.name == kMain) throw_invalid("Cannot remove main branch");
  change.requirements.push_back(iceberg::AssertRefSnapshotId{node.name, found->second.snapshot_id});
  change.updates.push_back(iceberg::RemoveSnapshotRef{node.name});
  return change;
}

TableChange reference_change(const TableMetadata& base, const plan::SnapshotRef& node) {
  using Kind = plan::SnapshotRef::Kind;
  if (node.kind == Kind::kDrop) return drop_reference(base, node);
  TableChange change = change_of(base);
  const auto found = base.refs.find(node.name);
  const bool there = found != base.refs.end();
  if (there && node.kind == Kind::kCreate) {
    if (node.if_not_exists) return change;
    throw_invalid("Ref " + node.name + " already exists");
  }
  if (!there && node.kind == Kind::kReplace)
    throw_invalid("Ref does not exist: there is no " + kind_name(node) + " " + node.name);
  if (there && found->second.is_branch == node.tag)
    throw_invalid("Ref " + node.name + " is a " + (node.tag ? "branch" : "tag") + " not a " +
                  kind_name(node));
  iceberg::SnapshotRef ref = there ? found->second : iceberg::SnapshotRef{};
  ref.is_branch = !node.tag;
  const std::optional<int64_t> snapshot =
      node.snapshot_id ? node.snapshot_id : base.current_snapshot_id;
  if (!snapshot)
    throw_invalid("Cannot complete create or replace " + kind_name(node) +
                  " operation: main has no snapshot");
  if (base.snapshot_by_id(*snapshot) == nullptr)
    throw_invalid("Cannot set " + node.name + " to unknown snapshot: " + std::to_string(*snapshot));
  ref.snapshot_id = *snapshot;
  if (node.max_ref_age_ms) ref.max_ref_age_ms = node.max_ref_age_ms;
  if (node.max_snapshot_age_ms) ref.max_snapshot_age_ms = node.max_snapshot_age_ms;
  if (node.min_snapshots_to_keep) ref.min_snapshots_to_keep = node.min_snapshots_to_keep;
  change.requirements.push_back(iceberg::AssertRefSnapshotId{
      node.name, there ? std::optional(found->second.snapshot_id) : std::nullopt});
  change.updates.push_back(iceberg::SetSnapshotRef{node.name, std::move(ref)});
  return change;
}

// A branch of a table without snapshots begins with an empty one.
bool begin_branch(Session& session, table::Table& table, const plan::SnapshotRef& node) {
  using Kind = plan::SnapshotRef::Kind;
  const bool creates = node.kind == Kind::kCreate || node.kind == Kind::kCreateOrReplace;
  if (node.tag || !creates || node.snapshot_id || table.metadata().current_snapshot_id ||
      table.metadata().refs.count(node.name) > 0)
    return false;
  table::AppendRequest request;
  request.branch = node.name;
  committed(table,
            table::append(table, request, session.process().clock, session.process().random));
  return true;
}

// ---- properties

// Those that Spark itself reserves.
struct ReservedWord {
  const char* key;
  const char* message;
};
constexpr ReservedWord kReservedWords[] = {
    {"provider", "please use the USING clause to specify it"},
    {"location", "please use the LOCATION clause to specify it"},
    {"owner", "it will be set to the current user"},
};

struct ReservedProperty {
  const char* key;
  const char* instead;
};
constexpr ReservedProperty kReservedTableProperties[] = {
    {"current-snapshot-id", "call set_current_snapshot or rollback_to_snapshot"},
    {"sort-order", "run ALTER TABLE … WRITE ORDERED BY"},
    {"identifier-fields", "run ALTER TABLE … SET IDENTIFIER FIELDS"},
    {"uuid", "it never changes"},
    {"snapshot-count", "Iceberg keeps it"},
    {"current-snapshot-summary", "Iceberg keeps it"},
    {"current-snapshot-timestamp-ms", "Iceberg keeps it"},
    {"current-schema", "run ALTER TABLE … ADD, DROP or ALTER COLUMN"},
    {"default-partition-spec", "run ALTER TABLE … ADD PARTITION FIELD"},
    {"default-sort-order", "run ALTER TABLE … WRITE ORDERED BY"},
};

TableChange property_change(const TableMetadata& base, const plan::AlterTableProperties& node) {
  TableChange change = change_of(base);
  iceberg::Properties set;
  for (const auto& [key, value] : node.set) {
    for (const ReservedProperty& reserved : kReservedTableProperties) {
      if (key == reserved.key)
        throw_invalid("Cannot specify the '" + key +
                      "' because it's a reserved table property: " + reserved.instead);
    }
    if (key == "location") {
      change.updates.push_back(iceberg::SetLocation{value});
    } else if (key == "format-version") {
      int version = 0;
      const auto [end, problem] =
          std::from_chars(value.data(), value.data() + value.size(), version);
      if (problem != std::errc() || end != value.data() + value.size())
        throw_invalid("format-version must be a number, not '" + value + "'");
      change.updates.push_back(iceberg::UpgradeFormatVersion{version});
    } else {
      set[key] = value;
    }
  }
  if (!set.empty()) change.updates.push_back(iceberg::SetProperties{std::move(set)});
  for (const std::string& key : node.unset) {
    for (const ReservedProperty& reserved : kReservedTableProperties) {
      if (key == reserved.key) throw Error("CANNOT_REMOVE_RESERVED_PROPERTY", {{"property", key}});
    }
  }
  if (!node.unset.empty()) change.updates.push_back(iceberg::RemoveProperties{node.unset});
  return change;
}

Result rename_table(Session& session, const plan::AlterTable& node, const plan::RenameTable& to) {
  catalog::Catalog& catalog = session.process().catalog;
  const catalog::TableName from = session.table_name(node.table);
  catalog::TableName target =
      to.to.size() == 1 ? catalog::TableName{from.space, to.to.front()} : session.table_name(to.to);
  if (node.table.size() == 1) {
    // A temporary view of that name comes first.
    auto& views = session.temporary_views();
    const auto found = views.find(node.table.front());
    if (found != views.end() && to.to.size() == 1) {
      views[to.to.front()] = std::move(found->second);
      views.erase(found);
      return {};
    }
  }
  if (catalog.load(from)) {
    if (node.view)
      throw Error("EXPECT_VIEW_NOT_TABLE.USE_ALTER_TABLE",
                  {{"tableName", dotted(node.table)}, {"operation", "ALTER VIEW ... RENAME TO"}});
    catalog.rename_table(from, target);
  } else if (catalog.load_view(from)) {
    catalog.rename_view(from, target);
  } else {
    throw Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", "`" + dotted(node.table) + "`"}});
  }
  return {};
}

}  // namespace

table::Table open_for_change(Session& session, const plan::NameParts& parts,
                             const std::string& operation) {
  const catalog::TableName name = session.table_name(parts);
  if (!session.process().catalog.load(name) && session.process().catalog.load_view(name))
    throw Error("EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE",
                {{"operation", operation}, {"viewName", dotted(session.full_name(parts))}});
  return catalog::open_table(session.process().catalog, name);
}

iceberg::SnapshotId committed(const table::Table& table, const table::CommitOutcome& outcome) {
  if (const auto* conflict = std::get_if<table::Conflict>(&outcome))
    throw Error("COMMIT_CONFLICT", {{"table", table.name()}, {"reason", conflict->reason}});
  if (const auto* unknown = std::get_if<table::Unknown>(&outcome))
    throw Error("COMMIT_UNKNOWN", {{"table", table.name()}, {"reason", unknown->reason}});
  return std::get<table::Committed>(outcome).snapshot_id;
}

void change_table(Session& session, table::Table& table, const MakeChange& make) {
  table::Attempts attempts(table::retry_policy(table.metadata().properties),
                           session.process().clock, session.process().random, {});
  std::string reason;
  while (attempts.next()) {
    if (attempts.made() > 1) table.refresh();
    const iceberg::TableChange change = make(table.metadata());
    if (change.updates.empty()) return;
    table::Reply reply = table.pointer().commit(change);
    if (reply.kind == table::ReplyKind::kUnknown)
      throw Error("COMMIT_UNKNOWN", {{"table", table.name()}, {"reason", reply.reason}});
    if (reply.kind == table::ReplyKind::kCommitted) {
      if (reply.state) table.adopt(std::move(*reply.state));
      return;
    }
    reason = reply.reason;
  }
  throw Error("COMMIT_CONFLICT", {{"table", table.name()}, {"reason", reason}});
}

Result alter_table(Session& session, const plan::AlterTable& node) {
  if (const auto* rename = std::get_if<plan::RenameTable>(&node.change))
    return rename_table(session, node, *rename);
  table::Table table = open_for_change(session, node.table, "ALTER TABLE");
  const auto commit = [&](auto make, const auto& change) {
    change_table(session, table, [&](const TableMetadata& base) { return make(base, change); });
  };
  if (const auto* field = std::get_if<plan::PartitionField>(&node.change)) {
    commit(partition_change, *field);
  } else if (const auto* order = std::get_if<plan::WriteOrder>(&node.change)) {
    commit(order_change, *order);
  } else if (const auto* ref = std::get_if<plan::SnapshotRef>(&node.change)) {
    if (!begin_branch(session, table, *ref)) commit(reference_change, *ref);
  } else if (const auto* location = std::get_if<plan::SetLocation>(&node.change)) {
    commit(property_change,
           plan::AlterTableProperties{node.table, {{"location", location->location}}, {}});
  } else if (const auto* add = std::get_if<plan::AddColumns>(&node.change)) {
    change_schema(session, table, *add);
  } else if (const auto* drop = std::get_if<plan::DropTableColumns>(&node.change)) {
    change_schema(session, table, *drop);
  } else if (const auto* renamed = std::get_if<plan::RenameColumn>(&node.change)) {
    change_schema(session, table, *renamed);
  } else if (const auto* column = std::get_if<plan::AlterColumns>(&node.change)) {
    change_schema(session, table, *column);
  } else {
    change_schema(session, table, std::get<plan::IdentifierFields>(node.change));
  }
  return {};
}

Result alter_properties(Session& session, const plan::AlterTableProperties& node) {
  for (const ReservedWord& word : kReservedWords) {
    if (node.set.count(word.key) > 0)
      throw Error("UNSUPPORTED_FEATURE.SET_TABLE_PROPERTY",
                  {{"property", word.key}, {"msg", word.message}});
  }
  if (alter_view_properties(session, node)) return {};
  table::Table table = open_for_change(session, node.table, "ALTER TABLE ... SET TBLPROPERTIES");
  change_table(session, table,
               [&](const TableMetadata& base) { return property_change(base, node); });
  return {};
}

Result alter_namespace(Session& session, const plan::AlterNamespace& node) {
  const catalog::Namespace space = session.namespace_name(node.name);
  if (!session.process().catalog.namespace_exists(space))
    throw Error("SCHEMA_NOT_FOUND",
                {{"schemaName", "`" + session.current_catalog() + "`.`" +
                                    dotted(session.without_catalog(space)) + "`"}});
  session.process().catalog.alter_namespace(
      space, iceberg::Properties(node.set.begin(), node.set.end()), node.unset);
  return {};
}

}  // namespace firn::session

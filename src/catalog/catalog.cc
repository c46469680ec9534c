// See catalog.h.
#include "catalog/catalog.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/error.h"

namespace firn::catalog {

namespace {

// One table's pointer: what the table module knows of a catalog.
class CatalogPointer final : public table::Pointer {
 public:
  CatalogPointer(Catalog& catalog, TableName name) : catalog_(catalog), name_(std::move(name)) {}

  std::string table_name() const override { return name_.to_string(); }
  std::optional<table::State> load() override { return catalog_.load(name_); }
  table::Reply commit(const iceberg::TableChange& change) override {
    return catalog_.commit(name_, change);
  }

 private:
  Catalog& catalog_;
  const TableName name_;
};

table::Table table_at(Catalog& catalog, const TableName& name, table::State state) {
  return {std::make_shared<CatalogPointer>(catalog, name), catalog.store(), std::move(state)};
}

std::string quoted(const TableName& name) {
  std::string text;
  for (const auto& part : name.space) text += "`" + part + "`.";
  return text + "`" + name.name + "`";
}

struct NameSuffix {
  types::TransformId transform;
  const char* suffix;
};

// How Iceberg names a partition field whose creator gives no name.
const NameSuffix kNameSuffixes[] = {
    {types::TransformId::kIdentity, ""},       {types::TransformId::kBucket, "_bucket"},
    {types::TransformId::kTruncate, "_trunc"}, {types::TransformId::kYear, "_year"},
    {types::TransformId::kMonth, "_month"},    {types::TransformId::kDay, "_day"},
    {types::TransformId::kHour, "_hour"},      {types::TransformId::kVoid, "_null"},
};

std::string field_name(const CreateRequest::PartitionColumn& column) {
  if (!column.name.empty()) return column.name;
  for (const auto& [transform, suffix] : kNameSuffixes) {
    if (transform == column.transform.id) return column.source + suffix;
  }
  throw_unsupported("partitioning by " + column.transform.to_string() + "(" + column.source + ")");
}

types::PartitionField partition_field(const types::Schema& schema,
                                      const CreateRequest::PartitionColumn& column, int field_id) {
  const types::Field* source = schema.find(column.source);
  if (source == nullptr)
    throw_invalid("partition column " + column.source + " is not a column of the table");
  if (!types::can_transform(column.transform, source->type)) {
    throw_invalid("column " + column.source + " of type " + source->type.to_string() +
                  " cannot be partitioned by " + column.transform.to_string());
  }
  types::PartitionField field{source->id, field_id, field_name(column), column.transform};
  const types::Field* namesake = schema.find(field.name);
  const bool identity = column.transform.id == types::TransformId::kIdentity;
  if (namesake != nullptr && !(identity && namesake->id == source->id)) {
    throw_invalid("partition field " + field.name + " has the name of a column");
  }
  return field;
}

std::string location_for(Catalog& catalog, const TableName& name, const CreateRequest& request) {
  std::string location = request.location.value_or(catalog.default_location(name));
  while (location.size() > 1 && location.back() == '/') location.pop_back();
  return location;
}

int format_version(const iceberg::Properties& properties) {
  const auto found = properties.find("format-version");
  if (found == properties.end() || found->second == "2") return 2;
  throw_unsupported("creating a table of format version " + found->second + " (version 2 is)");
}

iceberg::TableChange creation(Catalog& catalog, const TableName& name,
                              const CreateRequest& request) {
  int last_id = 0;
  types::Schema schema = types::assign_fresh_ids(request.schema, last_id);
  schema.schema_id = 0;
  types::PartitionSpec spec = partition_spec(schema, request);
  iceberg::Properties properties = request.properties;
  const int version = format_version(properties);
  properties.erase("format-version");
  SystemRandom random;
  iceberg::TableChange change;
  change.requirements = {iceberg::AssertCreate{}};
  change.updates = {
      iceberg::AssignUuid{random_uuid(random)},   iceberg::UpgradeFormatVersion{version},
      iceberg::AddSchema{std::move(schema)},      iceberg::SetCurrentSchema{-1},
      iceberg::AddPartitionSpec{std::move(spec)}, iceberg::SetDefaultSpec{-1},
      iceberg::AddSortOrder{types::SortOrder{}},  iceberg::SetDefaultSortOrder{-1}};
  if (std::string location = location_for(catalog, name, request); !location.empty())
    change.updates.push_back(iceberg::SetLocation{std::move(location)});
  if (!properties.empty()) change.updates.push_back(iceberg::SetProperties{std::move(properties)});
  return change;
}

}  // namespace

types::PartitionSpec partition_spec(const types::Schema& schema, const CreateRequest& request) {
  constexpr int kFirstPartitionFieldId = 1000;
  types::PartitionSpec spec;
  std::set<std::string> names;
  for (const auto& column : request.partition_by) {
    spec.fields.push_back(partition_field(
        schema, column, kFirstPartitionFieldId + static_cast<int>(spec.fields.size())));
    if (!names.insert(spec.fields.back().name).second) {
      throw_invalid("two partition fields have the name " + spec.fields.back().name);
    }
  }
  return spec;
}

std::string TableName::to_string() const {
  std::string text;
  for (const auto& part : space) text += part + ".";
  return text + name;
}

void Catalog::create_file_table(const TableName& name, const FileTable& table) {
  throw_unsupported("tables USING " + table.provider + " in the catalog " + this->name() + " (" +
                    name.to_string() + "); the catalog in a SQLite file keeps them");
}

void Catalog::drop_file_table(const TableName& name) {
  throw Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", quoted(name)}});
}

table::Table open_table(Catalog& catalog, const TableName& name) {
  std::optional<table::State> state = catalog.load(name);
  if (!state) {
    if (const auto files = catalog.load_file_table(name))
      throw_unsupported("this statement on " + name.to_string() + ", a table USING " +
                        files->provider +
                        ": it can be read, inserted into, described and dropped. CALL "
                        "system.migrate makes an Iceberg table of it");
    throw Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", quoted(name)}});
  }
  return table_at(catalog, name, std::move(*state));
}

table::Table create_table(Catalog& catalog, const TableName& name, const CreateRequest& request) {
  if (!catalog.namespace_exists(name.space)) {
    throw Error("SCHEMA_NOT_FOUND",
                {{"schemaName", quoted({Namespace(name.space.begin(), name.space.end() - 1),
                                        name.space.back()})}});
  }
  if (catalog.load(name))
    throw Error("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", quoted(name)}});
  table::Reply reply = catalog.commit(name, creation(catalog, name, request));
  switch (reply.kind) {
    case table::ReplyKind::kCommitted:
      break;
    case table::ReplyKind::kConflict:
      throw Error("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", quoted(name)}});
    case table::ReplyKind::kUnknown:
      throw Error("COMMIT_UNKNOWN", {{"table", quoted(name)}, {"reason", reply.reason}});
  }
  if (!reply.state) return open_table(catalog, name);
  return table_at(catalog, name, std::move(*reply.state));
}

}  // namespace firn::catalog

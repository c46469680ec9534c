// Requirements and updates ⇄ JSON, as the REST catalog specification writes them.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "iceberg/schema_json.h"
#include "iceberg/snapshot_json.h"
#include "iceberg/spec_json.h"
#include "iceberg/update.h"

namespace firn::iceberg {

namespace {

// ---- requirements: one row a type

struct RequirementRow {
  const char* type;
  Requirement (*read)(const JsonCursor&);
};

const RequirementRow kRequirements[] = {
    {"assert-create", [](const JsonCursor&) -> Requirement { return AssertCreate{}; }},
    {"assert-table-uuid",
     [](const JsonCursor& json) -> Requirement {
       return AssertTableUuid{json.required_string("uuid")};
     }},
    {"assert-ref-snapshot-id",
     [](const JsonCursor& json) -> Requirement {
       return AssertRefSnapshotId{json.required_string("ref"), json.optional_long("snapshot-id")};
     }},
    {"assert-last-assigned-field-id",
     [](const JsonCursor& json) -> Requirement {
       return AssertLastAssignedFieldId{json.required_int("last-assigned-field-id")};
     }},
    {"assert-current-schema-id",
     [](const JsonCursor& json) -> Requirement {
       return AssertCurrentSchemaId{json.required_int("current-schema-id")};
     }},
    {"assert-last-assigned-partition-id",
     [](const JsonCursor& json) -> Requirement {
       return AssertLastAssignedPartitionId{json.required_int("last-assigned-partition-id")};
     }},
    {"assert-default-spec-id",
     [](const JsonCursor& json) -> Requirement {
       return AssertDefaultSpecId{json.required_int("default-spec-id")};
     }},
    {"assert-default-sort-order-id",
     [](const JsonCursor& json) -> Requirement {
       return AssertDefaultSortOrderId{json.required_int("default-sort-order-id")};
     }},
};
static_assert(std::size(kRequirements) == std::variant_size_v<Requirement>,
              "a row for each, in the variant's order");

struct PutRequirement {
  OrderedJson& json;
  void operator()(const AssertCreate&) const {}
  void operator()(const AssertTableUuid& r) const { json["uuid"] = r.uuid; }
  void operator()(const AssertRefSnapshotId& r) const {
    json["ref"] = r.ref;
    json["snapshot-id"] = r.snapshot_id ? OrderedJson(*r.snapshot_id) : OrderedJson(nullptr);
  }
  void operator()(const AssertLastAssignedFieldId& r) const {
    json["last-assigned-field-id"] = r.id;
  }
  void operator()(const AssertCurrentSchemaId& r) const { json["current-schema-id"] = r.id; }
  void operator()(const AssertLastAssignedPartitionId& r) const {
    json["last-assigned-partition-id"] = r.id;
  }
  void operator()(const AssertDefaultSpecId& r) const { json["default-spec-id"] = r.id; }
  void operator()(const AssertDefaultSortOrderId& r) const { json["default-sort-order-id"] = r.id; }
};

// ---- updates
std::vector<SnapshotId> longs(const JsonCursor& json) {
  std::vector<SnapshotId> ids;
  json.for_each([&](const JsonCursor& element) { ids.push_back(element.as_long()); });
  return ids;
}

std::vector<std::string> strings(const JsonCursor& json) {
  std::vector<std::string> texts;
  json.for_each([&](const JsonCursor& element) { texts.push_back(element.as_string()); });
  return texts;
}

// The field's name in the specification, or the one that early clients wrote.
JsonCursor either(const JsonCursor& json, const char* name, const char* early) {
  return json.has(name) || !json.has(early) ? json.at(name) : json.at(early);
}

// A spec as a client sends it: spec-id and field ids may be left out.
types::PartitionSpec unbound_spec(const JsonCursor& json) {
  return {json.optional_int("spec-id").value_or(0), partition_fields_from(json.at("fields"), true)};
}

// The object is kept as it came; its snapshot-id wins over the deprecated one beside it.
template <typename T>
Update statistics_from(const JsonCursor& json, const char* name) {
  const JsonCursor object = json.at(name);
  return T{object.required_long("snapshot-id"), object.json().dump()};
}

struct UpdateRow {
  const char* action;
  Update (*read)(const JsonCursor&);
};

const UpdateRow kUpdates[] = {
    {"assign-uuid",
     [](const JsonCursor& json) -> Update { return AssignUuid{json.required_string("uuid")}; }},
    {"upgrade-format-version",
     [](const JsonCursor& json) -> Update {
       return UpgradeFormatVersion{json.required_int("format-version")};
     }},
    {"add-schema",
     [](const JsonCursor& json) -> Update { return AddSchema{schema_from(json.at("schema"))}; }},
    {"set-current-schema",
     [](const JsonCursor& json) -> Update {
       return SetCurrentSchema{json.required_int("schema-id")};
     }},
    {"add-spec",
     [](const JsonCursor& json) -> Update {
       return AddPartitionSpec{unbound_spec(json.at("spec"))};
     }},
    {"set-default-spec",
     [](const JsonCursor& json) -> Update { return SetDefaultSpec{json.required_int("spec-id")}; }},
    {"add-sort-order",
     [](const JsonCursor& json) -> Update {
       return AddSortOrder{sort_order_from(json.at("sort-order"))};
     }},
    {"set-default-sort-order",
     [](const JsonCursor& json) -> Update {
       return SetDefaultSortOrder{json.required_int("sort-order-id")};
     }},
    {"add-snapshot",
     [](const JsonCursor& json) -> Update {
       return AddSnapshot{snapshot_from(json.at("snapshot"))};
     }},
    {"set-snapshot-ref",
     [](const JsonCursor& json) -> Update {
       return SetSnapshotRef{json.required_string("ref-name"), ref_from(json)};
     }},
    {"remove-snapshots",
     [](const JsonCursor& json) -> Update {
       return RemoveSnapshots{longs(json.at("snapshot-ids"))};
     }},
    {"remove-snapshot-ref",
     [](const JsonCursor& json) -> Update {
       return RemoveSnapshotRef{json.required_string("ref-name")};
     }},
    {"set-location",
     [](const JsonCursor& json) -> Update {
       return SetLocation{json.required_string("location")};
     }},
    {"set-properties",
     [](const JsonCursor& json) -> Update {
       return SetProperties{either(json, "updates", "updated").as_string_map()};
     }},
    {"remove-properties",
     [](const JsonCursor& json) -> Update {
       return RemoveProperties{strings(either(json, "removals", "removed"))};
     }},
    {"set-statistics",
     [](const JsonCursor& json) -> Update {
       return statistics_from<SetStatistics>(json, "statistics");
     }},
    {"remove-statistics",
     [](const JsonCursor& json) -> Update {
       return RemoveStatistics{json.required_long("snapshot-id")};
     }},
    {"set-partition-statistics",
     [](const JsonCursor& json) -> Update {
       return statistics_from<SetPartitionStatistics>(json, "partition-statistics");
     }},
    {"remove-partition-statistics",
     [](const JsonCursor& json) -> Update {
       return RemovePartitionStatistics{json.required_long("snapshot-id")};
     }},
    {"remove-partition-specs",
     [](const JsonCursor& json) -> Update {
       return RemovePartitionSpecs{json.at("spec-ids").as_ints()};
     }},
    {"remove-schemas",
     [](const JsonCursor& json) -> Update {
       return RemoveSchemas{json.at("schema-ids").as_ints()};
     }},
};
static_assert(std::size(kUpdates) == std::variant_size_v<Update>,
              "a row for each, in the variant's order");

struct PutUpdate {
  OrderedJson& json;
  void operator()(const AssignUuid& u) const { json["uuid"] = u.uuid; }
  void operator()(const UpgradeFormatVersion& u) const {
    json["format-version"] = u.format_version;
  }
  void operator()(const AddSchema& u) const {
    json["schema"] = schema_to_json(u.schema);
    json["last-column-id"] = u.schema.highest_field_id();
  }
  void operator()(const SetCurrentSchema& u) const { json["schema-id"] = u.schema_id; }
  void operator()(const AddPartitionSpec& u) const {
    json["spec"] = spec_to_json(u.spec);
    for (OrderedJson& field : json["spec"]["fields"]) {
      if (field["field-id"] == 0) field.erase("field-id");
    }
  }
  void operator()(const SetDefaultSpec& u) const { json["spec-id"] = u.spec_id; }
  void operator()(const AddSortOrder& u) const { json["sort-order"] = sort_order_to_json(u.order); }
  void operator()(const SetDefaultSortOrder& u) const { json["sort-order-id"] = u.order_id; }
  void operator()(const AddSnapshot& u) const {
    std::string text;
    JsonText writer(text);
    write_snapshot(u.snapshot, writer);
    json["snapshot"] = OrderedJson::parse(text);
  }
  void operator()(const SetSnapshotRef& u) const {
    json["ref-name"] = u.name;
    put_ref(u.ref, json);
  }
  void operator()(const RemoveSnapshots& u) const { json["snapshot-ids"] = u.ids; }
  void operator()(const RemoveSnapshotRef& u) const { json["ref-name"] = u.name; }
  void operator()(const SetLocation& u) const { json["location"] = u.location; }
  void operator()(const SetProperties& u) const { json["updates"] = u.properties; }
  void operator()(const RemoveProperties& u) const { json["removals"] = u.keys; }
  void operator()(const SetStatistics& u) const {
    put_statistics("statistics", u.snapshot_id, u.json);
  }
  void operator()(const RemoveStatistics& u) const { json["snapshot-id"] = u.snapshot_id; }
  void operator()(const SetPartitionStatistics& u) const {
    json["partition-statistics"] = OrderedJson::parse(u.json);
  }
  void operator()(const RemovePartitionStatistics& u) const { json["snapshot-id"] = u.snapshot_id; }
  void operator()(const RemovePartitionSpecs& u) const { json["spec-ids"] = u.ids; }
  void operator()(const RemoveSchemas& u) const { json["schema-ids"] = u.ids; }

  void put_statistics(const char* name, SnapshotId id, const std::string& object) const {
    json["snapshot-id"] = id;
    json[name] = OrderedJson::parse(object);
  }
};

}  // namespace

std::string write_requirement(const Requirement& requirement) {
  OrderedJson json;
  json["type"] = kRequirements[requirement.index()].type;
  std::visit(PutRequirement{json}, requirement);
  return dump_json(json);
}

std::string write_update(const Update& update) {
  OrderedJson json;
  json["action"] = kUpdates[update.index()].action;
  std::visit(PutUpdate{json}, update);
  return dump_json(json);
}

Requirement parse_requirement(std::string_view text) {
  const Json value = parse_json(text, "table requirement");
  const JsonCursor json(value, "table requirement");
  const std::string type = json.required_string("type");
  for (const RequirementRow& row : kRequirements) {
    if (type == row.type) return row.read(json);
  }
  throw_unsupported(fmt::format("the table requirement '{}'", type));
}

Update parse_update(std::string_view text) {
  const Json value = parse_json(text, "table update");
  const JsonCursor json(value, "table update");
  const std::string action = json.required_string("action");
  for (const UpdateRow& row : kUpdates) {
    if (action == row.action) return row.read(json);
  }
  throw_unsupported(fmt::format("the table update '{}'", action));
}

}  // namespace firn::iceberg

// See rest_json.h.
#include "catalog/rest_json.h"

#include <algorithm>
#include <variant>

#include "base/error.h"
#include "iceberg/json_cursor.h"
#include "iceberg/metadata_json.h"

namespace firn::catalog {
namespace {

using iceberg::Json;
using iceberg::JsonCursor;
using iceberg::OrderedJson;

constexpr const char* kRestReply = "answer of the REST catalog";

std::string in_reply(const std::string& file) { return std::string(kRestReply) + ", " + file; }

// A value that is null counts as not set.
iceberg::Properties rest_config_map(const JsonCursor& json, const char* name) {
  iceberg::Properties properties;
  if (const auto found = json.find(name)) {
    found->for_each_member([&](const std::string& key, const JsonCursor& value) {
      if (!value.json().is_null()) properties[key] = value.as_string();
    });
  }
  return properties;
}

Namespace read_levels(const JsonCursor& json) {
  Namespace space;
  json.for_each([&](const JsonCursor& level) { space.push_back(level.as_string()); });
  return space;
}

OrderedJson identifier(const TableName& name) {
  OrderedJson json;
  json["namespace"] = name.space;
  json["name"] = name.name;
  return json;
}

OrderedJson object_of(const iceberg::Properties& properties) {
  OrderedJson json = OrderedJson::object();
  for (const auto& [key, value] : properties) json[key] = value;
  return json;
}

// One update's part of a createTable request.
struct PutCreation {
  OrderedJson& json;
  OrderedJson& properties;
  void operator()(const iceberg::UpgradeFormatVersion& u) const {
    properties["format-version"] = std::to_string(u.format_version);
  }
  void operator()(const iceberg::SetLocation& u) const { json["location"] = u.location; }
  void operator()(const iceberg::AddSchema& u) const {
    json["schema"] = OrderedJson::parse(iceberg::write_schema(u.schema));
  }
  void operator()(const iceberg::AddPartitionSpec& u) const {
    json["partition-spec"] = OrderedJson::parse(iceberg::write_partition_spec(u.spec));
  }
  void operator()(const iceberg::SetProperties& u) const {
    for (const auto& [key, value] : u.properties) properties[key] = value;
  }
  // The server assigns the uuid; what is added is current.
  template <typename Update>
  void operator()(const Update&) const {}
};

struct IsCreation {
  bool operator()(const iceberg::AddSortOrder& u) const { return u.order.fields.empty(); }
  template <typename Update>
  bool operator()(const Update&) const {
    return std::is_same_v<Update, iceberg::AssignUuid> ||
           std::is_same_v<Update, iceberg::UpgradeFormatVersion> ||
           std::is_same_v<Update, iceberg::SetLocation> ||
           std::is_same_v<Update, iceberg::AddSchema> ||
           std::is_same_v<Update, iceberg::SetCurrentSchema> ||
           std::is_same_v<Update, iceberg::AddPartitionSpec> ||
           std::is_same_v<Update, iceberg::SetDefaultSpec> ||
           std::is_same_v<Update, iceberg::SetDefaultSortOrder> ||
           std::is_same_v<Update, iceberg::SetProperties>;
  }
};

// Goes over updates in their order; false: this one is to be left out.
struct KnownParts {
  const iceberg::TableMetadata& base;
  std::optional<int> schema, spec, order;  // the last one added, where the table has it already

  bool operator()(iceberg::AddSchema& u) {
    const auto found = std::ranges::find_if(
        base.schemas, [&](const types::Schema& one) { return one.same_fields(u.schema); });
    schema = found == base.schemas.end() ? std::nullopt : std::optional(found->schema_id);
    return !schema;
  }
  bool operator()(iceberg::AddPartitionSpec& u) {
    const auto alike = [](const types::PartitionField& a, const types::PartitionField& b) {
      return a.source_id == b.source_id && a.name == b.name && a.transform == b.transform;
    };
    const auto found = std::ranges::find_if(base.specs, [&](const types::PartitionSpec& one) {
      return std::ranges::equal(one.fields, u.spec.fields, alike);
    });
    spec = found == base.specs.end() ? std::nullopt : std::optional(found->spec_id);
    return !spec;
  }
  bool operator()(iceberg::AddSortOrder& u) {
    const auto found = std::ranges::find_if(base.sort_orders, [&](const types::SortOrder& one) {
      return one.fields == u.order.fields;
    });
    order = found == base.sort_orders.end() ? std::nullopt : std::optional(found->order_id);
    return !order;
  }
  bool operator()(iceberg::SetCurrentSchema& u) const {
    if (u.schema_id == -1 && schema) u.schema_id = *schema;
    return true;
  }
  bool operator()(iceberg::SetDefaultSpec& u) const {
    if (u.spec_id == -1 && spec) u.spec_id = *spec;
    return true;
  }
  bool operator()(iceberg::SetDefaultSortOrder& u) const {
    if (u.order_id == -1 && order) u.order_id = *order;
    return true;
  }
  template <typename Update>
  bool operator()(Update&) const {
    return true;
  }
};

// The current version's object of a view's metadata, and its schema's.
struct ViewParts {
  OrderedJson version, schema, properties;
};
ViewParts parts_of(const iceberg::ViewMetadata& view) {
  const OrderedJson json = OrderedJson::parse(iceberg::write_view_metadata(view));
  ViewParts parts;
  for (const OrderedJson& version : json["versions"]) {
    if (version["version-id"] == view.current_version_id) parts.version = version;
  }
  for (const OrderedJson& schema : json["schemas"]) {
    if (schema["schema-id"] == view.current().schema_id) parts.schema = schema;
  }
  parts.properties = json["properties"];
  return parts;
}

}  // namespace

RestConfig parse_rest_config(std::string_view text) {
  const Json value = iceberg::parse_json(text, kRestReply);
  const JsonCursor json(value, kRestReply);
  RestConfig config{rest_config_map(json, "defaults"), rest_config_map(json, "overrides"), {}};
  if (const auto endpoints = json.find("endpoints")) {
    config.endpoints.emplace();
    endpoints->for_each([&](const JsonCursor& one) { config.endpoints->insert(one.as_string()); });
  }
  return config;
}

RestToken parse_rest_token(std::string_view text) {
  const Json value = iceberg::parse_json(text, kRestReply);
  const JsonCursor json(value, kRestReply);
  return {json.required_string("access_token"), json.optional_long("expires_in")};
}

RestNamespaces parse_rest_namespaces(std::string_view text) {
  const Json value = iceberg::parse_json(text, kRestReply);
  const JsonCursor json(value, kRestReply);
  RestNamespaces page;
  page.next_token = json.optional_string("next-page-token").value_or("");
  if (const auto rows = json.find("namespaces"))
    rows->for_each([&](const JsonCursor& row) { page.rows.push_back(read_levels(row)); });
  return page;
}

RestIdentifiers parse_rest_identifiers(std::string_view text) {
  const Json value = iceberg::parse_json(text, kRestReply);
  const JsonCursor json(value, kRestReply);
  RestIdentifiers page;
  page.next_token = json.optional_string("next-page-token").value_or("");
  if (const auto rows = json.find("identifiers")) {
    rows->for_each([&](const JsonCursor& row) {
      page.rows.push_back({read_levels(row.at("namespace")), row.required_string("name")});
    });
  }
  return page;
}

iceberg::Properties parse_rest_namespace(std::string_view text) {
  const Json value = iceberg::parse_json(text, kRestReply);
  return string_map(JsonCursor(value, kRestReply), "properties");
}

RestTable parse_rest_table(std::string_view text) {
  const Json value = iceberg::parse_json(text, kRestReply);
  const JsonCursor json(value, kRestReply);
  RestTable table;
  table.state.metadata_file = json.required_string("metadata-location");
  table.state.metadata =
      std::make_shared<const iceberg::TableMetadata>(iceberg::parse_table_metadata(
          json.at("metadata").json().dump(), in_reply(table.state.metadata_file)));
  table.config = rest_config_map(json, "config");
  if (const auto credentials = json.find("storage-credentials")) {
    credentials->for_each([&](const JsonCursor& one) {
      table.credentials.push_back({one.required_string("prefix"), rest_config_map(one, "config")});
    });
  }
  return table;
}

View parse_rest_view(std::string_view text) {
  const Json value = iceberg::parse_json(text, kRestReply);
  const JsonCursor json(value, kRestReply);
  const std::string file = json.required_string("metadata-location");
  return {file, iceberg::parse_view_metadata(json.at("metadata").json().dump(), in_reply(file))};
}

ServiceFailure parse_rest_failure(std::string_view text) {
  try {
    const Json value = iceberg::parse_json(text, kRestReply);
    const JsonCursor json(value, kRestReply);
    // The token endpoint answers as OAuth2 does: {"error": "invalid_client", …}.
    if (const auto error = json.find("error"); error && error->json().is_string())
      return {error->as_string(), json.optional_string("error_description").value_or("")};
    const JsonCursor error = json.at("error");
    return {error.optional_string("type").value_or(""),
            error.optional_string("message").value_or("")};
  } catch (const Error&) {
    return {"", std::string(text.substr(0, kShownBytes))};
  }
}

std::string rest_create_namespace(const Namespace& space, const iceberg::Properties& properties) {
  OrderedJson json;
  json["namespace"] = space;
  json["properties"] = object_of(properties);
  return iceberg::dump_json(json);
}

std::string rest_update_properties(const iceberg::Properties& set,
                                   const std::vector<std::string>& unset) {
  OrderedJson json;
  json["removals"] = unset;
  json["updates"] = object_of(set);
  return iceberg::dump_json(json);
}

bool is_plain_creation(const iceberg::TableChange& change) {
  return std::ranges::any_of(change.requirements,
                             [](const iceberg::Requirement& one) {
                               return std::holds_alternative<iceberg::AssertCreate>(one);
                             }) &&
         std::ranges::all_of(change.updates, [](const iceberg::Update& one) {
           return std::visit(IsCreation{}, one);
         });
}

std::string rest_create_table(const std::string& name, const iceberg::TableChange& change) {
  OrderedJson json;
  OrderedJson properties = OrderedJson::object();
  json["name"] = name;
  for (const iceberg::Update& update : change.updates)
    std::visit(PutCreation{json, properties}, update);
  json["stage-create"] = false;
  json["properties"] = std::move(properties);
  return iceberg::dump_json(json);
}

bool adds_parts(const iceberg::TableChange& change) {
  return std::ranges::any_of(change.updates, [](const iceberg::Update& one) {
    return std::holds_alternative<iceberg::AddSchema>(one) ||
           std::holds_alternative<iceberg::AddPartitionSpec>(one) ||
           std::holds_alternative<iceberg::AddSortOrder>(one);
  });
}

iceberg::TableChange without_known_parts(const iceberg::TableMetadata& base,
                                         iceberg::TableChange change) {
  KnownParts known{base, {}, {}, {}};
  std::vector<iceberg::Update> updates;
  for (iceberg::Update& update : change.updates) {
    if (std::visit(known, update)) updates.push_back(std::move(update));
  }
  change.updates = std::move(updates);
  return change;
}

std::string rest_commit(const TableName& name, const iceberg::TableChange& change) {
  OrderedJson json;
  json["identifier"] = identifier(name);
  json["requirements"] = OrderedJson::array();
  for (const iceberg::Requirement& one : change.requirements)
    json["requirements"].push_back(OrderedJson::parse(iceberg::write_requirement(one)));
  json["updates"] = OrderedJson::array();
  for (const iceberg::Update& one : change.updates)
    json["updates"].push_back(OrderedJson::parse(iceberg::write_update(one)));
  return iceberg::dump_json(json);
}

std::string rest_rename(const TableName& from, const TableName& to) {
  OrderedJson json;
  json["source"] = identifier(from);
  json["destination"] = identifier(to);
  return iceberg::dump_json(json);
}

std::string rest_register(const std::string& name, const std::string& metadata_file) {
  OrderedJson json;
  json["name"] = name;
  json["metadata-location"] = metadata_file;
  return iceberg::dump_json(json);
}

std::string rest_create_view(const std::string& name, const iceberg::ViewMetadata& view) {
  ViewParts parts = parts_of(view);
  OrderedJson json;
  json["name"] = name;
  if (!view.location.empty()) json["location"] = view.location;
  json["schema"] = std::move(parts.schema);
  json["view-version"] = std::move(parts.version);
  json["properties"] = std::move(parts.properties);
  return iceberg::dump_json(json);
}

std::string rest_replace_view(const iceberg::ViewMetadata& before,
                              const iceberg::ViewMetadata& after) {
  ViewParts parts = parts_of(after);
  OrderedJson json;
  json["requirements"] = {{{"type", "assert-view-uuid"}, {"uuid", before.uuid}}};
  OrderedJson updates = OrderedJson::array();
  const bool known = std::ranges::any_of(before.schemas, [&](const types::Schema& one) {
    return one.schema_id == after.current().schema_id;
  });
  if (!known) {
    updates.push_back({{"action", "add-schema"},
                       {"schema", parts.schema},
                       {"last-column-id", after.schema().highest_field_id()}});
    parts.version["schema-id"] = -1;  // the last one added
  }
  updates.push_back({{"action", "add-view-version"}, {"view-version", parts.version}});
  updates.push_back({{"action", "set-current-view-version"}, {"view-version-id", -1}});
  updates.push_back({{"action", "set-properties"}, {"updates", parts.properties}});
  json["updates"] = std::move(updates);
  return iceberg::dump_json(json);
}

}  // namespace firn::catalog

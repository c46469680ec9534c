// View metadata ⇄ JSON (view specification, format version 1).
#include <algorithm>

#include "base/error.h"
#include "iceberg/json_cursor.h"
#include "iceberg/schema_json.h"
#include "iceberg/view.h"

namespace firn::iceberg {
namespace {

constexpr int kFormatVersion = 1;

std::vector<std::string> strings_from(const JsonCursor& json) {
  std::vector<std::string> strings;
  json.for_each([&](const JsonCursor& one) { strings.push_back(one.as_string()); });
  return strings;
}

ViewVersion version_from(const JsonCursor& json) {
  ViewVersion version;
  version.id = json.required_int("version-id");
  version.schema_id = json.required_int("schema-id");
  version.timestamp_ms = json.required_long("timestamp-ms");
  if (const auto summary = json.find("summary")) version.summary = summary->as_string_map();
  version.default_catalog = json.optional_string("default-catalog").value_or("");
  version.default_namespace = strings_from(json.at("default-namespace"));
  json.at("representations").for_each([&](const JsonCursor& one) {
    if (one.required_string("type") != "sql") return;
    version.representations.push_back({one.required_string("sql"), one.required_string("dialect")});
  });
  return version;
}

OrderedJson version_to_json(const ViewVersion& version) {
  OrderedJson json;
  json["version-id"] = version.id;
  json["timestamp-ms"] = version.timestamp_ms;
  json["schema-id"] = version.schema_id;
  json["summary"] = OrderedJson::object();
  for (const auto& [key, value] : version.summary) json["summary"][key] = value;
  if (!version.default_catalog.empty()) json["default-catalog"] = version.default_catalog;
  json["default-namespace"] = version.default_namespace;
  json["representations"] = OrderedJson::array();
  for (const auto& one : version.representations) {
    OrderedJson representation;
    representation["type"] = "sql";
    representation["sql"] = one.sql;
    representation["dialect"] = one.dialect;
    json["representations"].push_back(std::move(representation));
  }
  return json;
}

}  // namespace

const ViewVersion& ViewMetadata::current() const {
  const auto found = std::ranges::find(versions, current_version_id, &ViewVersion::id);
  if (found == versions.end())
    throw_corrupt("view metadata: current-version-id is not in versions");
  return *found;
}

const types::Schema& ViewMetadata::schema() const {
  const auto found = std::ranges::find(schemas, current().schema_id, &types::Schema::schema_id);
  if (found == schemas.end()) throw_corrupt("view metadata: schema-id is not in schemas");
  return *found;
}

bool ViewMetadata::operator==(const ViewMetadata& other) const {
  return write_view_metadata(*this) == write_view_metadata(other);
}

ViewMetadata parse_view_metadata(std::string_view text, const std::string& document) {
  const Json parsed = parse_json(text, document);
  const JsonCursor json(parsed, document);
  json.expect_object();
  if (json.required_int("format-version") != kFormatVersion)
    throw_unsupported("view metadata of format version " +
                      std::to_string(json.required_int("format-version")));
  ViewMetadata view;
  view.uuid = json.required_string("view-uuid");
  view.location = json.required_string("location");
  json.at("schemas").for_each(
      [&](const JsonCursor& one) { view.schemas.push_back(schema_from(one)); });
  view.current_version_id = json.required_int("current-version-id");
  json.at("versions").for_each([&](const JsonCursor& one) {
    view.versions.push_back(version_from(one));
  });
  json.at("version-log").for_each([&](const JsonCursor& one) {
    view.version_log.push_back({one.required_long("timestamp-ms"), one.required_int("version-id")});
  });
  if (const auto properties = json.find("properties"))
    view.properties = properties->as_string_map();
  (void)view.schema();
  return view;
}

std::string write_view_metadata(const ViewMetadata& view) {
  OrderedJson json;
  json["view-uuid"] = view.uuid;
  json["format-version"] = kFormatVersion;
  json["location"] = view.location;
  json["schemas"] = OrderedJson::array();
  for (const types::Schema& schema : view.schemas)
    json["schemas"].push_back(schema_to_json(schema));
  json["current-version-id"] = view.current_version_id;
  json["versions"] = OrderedJson::array();
  for (const ViewVersion& version : view.versions)
    json["versions"].push_back(version_to_json(version));
  json["version-log"] = OrderedJson::array();
  for (const auto& entry : view.version_log) {
    OrderedJson one;
    one["timestamp-ms"] = entry.timestamp_ms;
    one["version-id"] = entry.version_id;
    json["version-log"].push_back(std::move(one));
  }
  json["properties"] = OrderedJson::object();
  for (const auto& [key, value] : view.properties) json["properties"][key] = value;
  return dump_json(json);
}

}  // namespace firn::iceberg

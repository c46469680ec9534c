// See glue_json.h. Names and shapes: AWS Glue's web API reference; what goes into a table:
// Iceberg's GlueCatalog.
#include "catalog/glue_json.h"

#include <fmt/format.h>

#include <set>

#include "base/ascii.h"
#include "base/error.h"
#include "iceberg/json_cursor.h"

namespace firn::catalog {
namespace {

using iceberg::Json;
using iceberg::JsonCursor;
using iceberg::OrderedJson;

constexpr const char* kReply = "answer of Glue";

GlueDatabase read_database(const JsonCursor& json) {
  GlueDatabase database;
  database.name = json.required_string("Name");
  database.location = json.optional_string("LocationUri");
  database.description = json.optional_string("Description");
  database.parameters = string_map(json, "Parameters");
  return database;
}

GlueTable read_table(const JsonCursor& json) {
  GlueTable table;
  table.name = json.required_string("Name");
  table.version_id = json.optional_string("VersionId").value_or("");
  table.table_type = json.optional_string("TableType").value_or("");
  table.owner = json.optional_string("Owner").value_or("");
  table.description = json.optional_string("Description").value_or("");
  table.parameters = string_map(json, "Parameters");
  if (const auto storage = json.find("StorageDescriptor")) {
    storage->expect_object();
    table.storage_descriptor = storage->json().dump();
  }
  return table;
}

template <typename Row, typename Read>
GluePage<Row> read_page(std::string_view text, const char* list, Read read) {
  const Json value = iceberg::parse_json(text, kReply);
  const JsonCursor json(value, kReply);
  GluePage<Row> page;
  page.next_token = json.optional_string("NextToken").value_or("");
  if (const auto rows = json.find(list)) {
    rows->for_each([&](const JsonCursor& row) { page.rows.push_back(read(row)); });
  }
  return page;
}

OrderedJson request_of(const std::string& catalog_id) {
  OrderedJson json = OrderedJson::object();
  if (!catalog_id.empty()) json["CatalogId"] = catalog_id;
  return json;
}

OrderedJson database_input(const GlueDatabase& database) {
  OrderedJson json;
  json["Name"] = database.name;
  if (database.description) json["Description"] = *database.description;
  if (database.location) json["LocationUri"] = *database.location;
  json["Parameters"] = database.parameters;
  return json;
}

OrderedJson table_input(const GlueTable& table) {
  OrderedJson json;
  json["Name"] = table.name;
  if (!table.description.empty()) json["Description"] = table.description;
  if (!table.owner.empty()) json["Owner"] = table.owner;
  if (!table.storage_descriptor.empty())
    json["StorageDescriptor"] = OrderedJson::parse(table.storage_descriptor);
  if (!table.table_type.empty()) json["TableType"] = table.table_type;
  json["Parameters"] = table.parameters;
  return json;
}

OrderedJson table_request(const GlueTableRequest& request) {
  OrderedJson json = request_of(request.catalog_id);
  json["DatabaseName"] = request.database;
  json["TableInput"] = table_input(request.table);
  return json;
}

struct TypeRow {
  types::TypeId id;
  const char* name;
};
constexpr TypeRow kTypeNames[] = {
    {types::TypeId::kBoolean, "boolean"},       {types::TypeId::kInt, "int"},
    {types::TypeId::kLong, "bigint"},           {types::TypeId::kFloat, "float"},
    {types::TypeId::kDouble, "double"},         {types::TypeId::kDate, "date"},
    {types::TypeId::kTime, "string"},           {types::TypeId::kString, "string"},
    {types::TypeId::kUuid, "string"},           {types::TypeId::kTimestamp, "timestamp"},
    {types::TypeId::kTimestamptz, "timestamp"}, {types::TypeId::kFixed, "binary"},
    {types::TypeId::kBinary, "binary"},
};

}  // namespace

bool GlueTable::is_iceberg() const {
  const auto type = parameters.find("table_type");
  return type != parameters.end() && lower_case(type->second) == "iceberg";
}

std::optional<std::string> GlueTable::metadata_location() const {
  const auto found = parameters.find("metadata_location");
  if (found == parameters.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

GlueDatabase parse_glue_database(std::string_view text) {
  const Json value = iceberg::parse_json(text, kReply);
  return read_database(JsonCursor(value, kReply).at("Database"));
}

GlueTable parse_glue_table(std::string_view text) {
  const Json value = iceberg::parse_json(text, kReply);
  return read_table(JsonCursor(value, kReply).at("Table"));
}

GluePage<GlueDatabase> parse_glue_databases(std::string_view text) {
  return read_page<GlueDatabase>(text, "DatabaseList", read_database);
}

GluePage<GlueTable> parse_glue_tables(std::string_view text) {
  return read_page<GlueTable>(text, "TableList", read_table);
}

ServiceFailure parse_glue_failure(std::string_view text, std::string_view header) {
  ServiceFailure failure;
  failure.type = std::string(header);
  try {
    const Json value = iceberg::parse_json(text, kReply);
    const JsonCursor json(value, kReply);
    if (failure.type.empty()) failure.type = json.optional_string("__type").value_or("");
    for (const char* name : {"message", "Message"}) {
      if (failure.message.empty()) failure.message = json.optional_string(name).value_or("");
    }
  } catch (const Error&) {
    failure.message = std::string(text.substr(0, kShownBytes));
  }
  // "com.amazonaws.glue#EntityNotFoundException", "EntityNotFoundException:http://…"
  failure.type = failure.type.substr(failure.type.find('#') + 1);
  failure.type = failure.type.substr(0, failure.type.find(':'));
  return failure;
}

std::string glue_page_request(const std::string& catalog_id, const std::string& database,
                              const std::string& next_token) {
  OrderedJson json = request_of(catalog_id);
  if (!database.empty()) json["DatabaseName"] = database;
  if (!next_token.empty()) json["NextToken"] = next_token;
  return iceberg::dump_json(json);
}

std::string glue_database_name(const std::string& catalog_id, const std::string& name) {
  OrderedJson json = request_of(catalog_id);
  json["Name"] = name;
  return iceberg::dump_json(json);
}

std::string glue_create_database(const std::string& catalog_id, const GlueDatabase& database) {
  OrderedJson json = request_of(catalog_id);
  json["DatabaseInput"] = database_input(database);
  return iceberg::dump_json(json);
}

std::string glue_update_database(const std::string& catalog_id, const GlueDatabase& database) {
  OrderedJson json = request_of(catalog_id);
  json["Name"] = database.name;
  json["DatabaseInput"] = database_input(database);
  return iceberg::dump_json(json);
}

std::string glue_table_name(const std::string& catalog_id, const std::string& database,
                            const std::string& name) {
  OrderedJson json = request_of(catalog_id);
  json["DatabaseName"] = database;
  json["Name"] = name;
  return iceberg::dump_json(json);
}

std::string glue_create_table(const GlueTableRequest& request) {
  return iceberg::dump_json(table_request(request));
}

std::string glue_update_table(const GlueTableRequest& request, bool skip_archive) {
  OrderedJson json = table_request(request);
  json["SkipArchive"] = skip_archive;
  if (!request.table.version_id.empty()) json["VersionId"] = request.table.version_id;
  return iceberg::dump_json(json);
}

std::string glue_type(const types::Type& type) {
  switch (type.id()) {
    case types::TypeId::kDecimal:
      return fmt::format("decimal({},{})", type.precision(), type.scale());
    case types::TypeId::kList:
      return "array<" + glue_type(type.element().type) + ">";
    case types::TypeId::kMap:
      return "map<" + glue_type(type.key().type) + "," + glue_type(type.value().type) + ">";
    case types::TypeId::kStruct: {
      std::string text;
      for (const types::Field& field : type.fields())
        text += (text.empty() ? "" : ",") + field.name + ":" + glue_type(field.type);
      return "struct<" + text + ">";
    }
    default:
      for (const TypeRow& row : kTypeNames) {
        if (row.id == type.id()) return row.name;
      }
      return type.to_string();
  }
}

std::string glue_storage_descriptor(const iceberg::TableMetadata& metadata) {
  OrderedJson columns = OrderedJson::array();
  std::set<std::string> names;
  const auto add = [&](const types::Schema& schema, bool current) {
    for (const types::Field& field : schema.fields) {
      if (!names.insert(field.name).second) continue;
      OrderedJson column;
      column["Name"] = field.name;
      column["Type"] = glue_type(field.type);
      if (!field.doc.empty()) column["Comment"] = field.doc;
      column["Parameters"] = {{"iceberg.field.id", std::to_string(field.id)},
                              {"iceberg.field.optional", field.required ? "false" : "true"},
                              {"iceberg.field.current", current ? "true" : "false"}};
      columns.push_back(std::move(column));
    }
  };
  add(metadata.schema(), true);
  for (const types::Schema& schema : metadata.schemas) {
    if (schema.schema_id != metadata.current_schema_id) add(schema, false);
  }
  OrderedJson json;
  json["Columns"] = std::move(columns);
  json["Location"] = metadata.location;
  return iceberg::dump_json(json);
}

}  // namespace firn::catalog

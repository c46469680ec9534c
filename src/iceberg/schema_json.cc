// Schemas and types ⇄ JSON.
#include "iceberg/schema_json.h"

#include <fmt/format.h>

#include <set>

#include "base/error.h"
#include "iceberg/metadata_json.h"

namespace firn::iceberg {

namespace {

using types::Field;
using types::Type;
using types::TypeId;

Type type_from(const JsonCursor& json);

std::optional<types::Value> default_from(const JsonCursor& field, const char* name,
                                         const Type& type) {
  const auto json = field.find(name);
  if (!json) return std::nullopt;
  if (type.is_nested()) json->fail("is a default of a nested type, which must be null");
  return single_value_from(*json, type);
}

Field field_from(const JsonCursor& json) {
  Field field;
  field.id = json.required_int("id");
  field.name = json.required_string("name");
  field.required = json.required_bool("required");
  field.type = type_from(json.at("type"));
  field.doc = json.optional_string("doc").value_or("");
  field.initial_default = default_from(json, "initial-default", field.type);
  field.write_default = default_from(json, "write-default", field.type);
  return field;
}

std::vector<Field> fields_from(const JsonCursor& structure) {
  std::vector<Field> fields;
  std::set<std::string> names;
  structure.at("fields").for_each([&](const JsonCursor& json) {
    fields.push_back(field_from(json));
    if (!names.insert(fields.back().name).second) {
      json.fail(fmt::format("repeats the name '{}'", fields.back().name));
    }
  });
  return fields;
}

Type list_from(const JsonCursor& json) {
  const Type element = type_from(json.at("element"));
  return Type::list(json.required_int("element-id"), json.required_bool("element-required"),
                    element);
}

Type map_from(const JsonCursor& json) {
  const Type key = type_from(json.at("key"));
  const Type value = type_from(json.at("value"));
  return Type::map(json.required_int("key-id"), key, json.required_int("value-id"),
                   json.required_bool("value-required"), value);
}

Type type_from(const JsonCursor& json) {
  if (json.json().is_string()) {
    try {
      return types::parse_primitive(json.as_string());
    } catch (const Error& error) {
      json.fail(fmt::format("is no type: {}", error.message()));
    }
  }
  const std::string name = json.required_string("type");
  if (name == "struct") return Type::structure(fields_from(json));
  if (name == "list") return list_from(json);
  if (name == "map") return map_from(json);
  json.fail(fmt::format("has the unknown type '{}'", name));
}

// A field id stands for one column for ever: a schema that gives it twice cannot be read rightly.
void check_distinct_ids(const JsonCursor& json, const std::vector<Field>& fields,
                        std::set<int>& seen) {
  for (const Field& field : fields) {
    if (!seen.insert(field.id).second) {
      json.fail(fmt::format("gives field id {} twice (field '{}')", field.id, field.name));
    }
    if (field.type.is_nested()) check_distinct_ids(json, field.type.fields(), seen);
  }
}

OrderedJson fields_to_json(const std::vector<Field>& fields) {
  OrderedJson array = OrderedJson::array();
  for (const Field& field : fields) {
    OrderedJson json;
    json["id"] = field.id;
    json["name"] = field.name;
    json["required"] = field.required;
    json["type"] = type_to_json(field.type);
    if (!field.doc.empty()) json["doc"] = field.doc;
    if (field.initial_default) {
      json["initial-default"] = single_value_to_json(*field.initial_default, field.type);
    }
    if (field.write_default) {
      json["write-default"] = single_value_to_json(*field.write_default, field.type);
    }
    array.push_back(std::move(json));
  }
  return array;
}

}  // namespace

types::Schema schema_from(const JsonCursor& json) {
  json.expect_object();
  if (const auto type = json.optional_string("type"); type && *type != "struct") {
    json.fail_at("type", "is not \"struct\"");
  }
  types::Schema schema;
  schema.schema_id = json.optional_int("schema-id").value_or(0);
  schema.fields = fields_from(json);
  if (const auto ids = json.find("identifier-field-ids"))
    schema.identifier_field_ids = ids->as_ints();
  std::set<int> seen;
  check_distinct_ids(json, schema.fields, seen);
  for (const int id : schema.identifier_field_ids) {
    if (!seen.contains(id)) {
      json.fail_at("identifier-field-ids", fmt::format("names the unknown field {}", id));
    }
  }
  return schema;
}

OrderedJson type_to_json(const Type& type) {
  OrderedJson json;
  switch (type.id()) {
    case TypeId::kStruct:
      json["type"] = "struct";
      json["fields"] = fields_to_json(type.fields());
      return json;
    case TypeId::kList:
      json["type"] = "list";
      json["element-id"] = type.element().id;
      json["element"] = type_to_json(type.element().type);
      json["element-required"] = type.element().required;
      return json;
    case TypeId::kMap:
      json["type"] = "map";
      json["key-id"] = type.key().id;
      json["key"] = type_to_json(type.key().type);
      json["value-id"] = type.value().id;
      json["value"] = type_to_json(type.value().type);
      json["value-required"] = type.value().required;
      return json;
    default:
      return type.to_string();
  }
}

OrderedJson schema_to_json(const types::Schema& schema) {
  OrderedJson json;
  json["type"] = "struct";
  json["schema-id"] = schema.schema_id;
  if (!schema.identifier_field_ids.empty())
    json["identifier-field-ids"] = schema.identifier_field_ids;
  json["fields"] = fields_to_json(schema.fields);
  return json;
}

types::Schema parse_schema(std::string_view json) {
  const Json value = parse_json(json, "schema");
  return schema_from(JsonCursor(value, "schema"));
}

std::string write_schema(const types::Schema& schema) { return dump_json(schema_to_json(schema)); }

}  // namespace firn::iceberg

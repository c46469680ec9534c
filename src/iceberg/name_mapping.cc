// Name mappings from JSON.
#include "iceberg/name_mapping.h"

#include <algorithm>
#include <utility>

#include "iceberg/json_cursor.h"

namespace firn::iceberg {
namespace {

NameMapping parse_fields(const JsonCursor& array) {
  NameMapping mapping;
  array.for_each([&](const JsonCursor& object) {
    object.expect_object();
    MappedField field;
    field.field_id = object.optional_int("field-id");
    object.at("names").for_each(
        [&](const JsonCursor& name) { field.names.push_back(name.as_string()); });
    if (const auto fields = object.find("fields")) field.fields = parse_fields(*fields);
    mapping.push_back(std::move(field));
  });
  return mapping;
}

MappedField mapped(const types::Field& field, std::string name) {
  MappedField made{field.id, {std::move(name)}, {}};
  switch (field.type.id()) {
    case types::TypeId::kStruct:
      for (const types::Field& child : field.type.fields())
        made.fields.push_back(mapped(child, child.name));
      break;
    case types::TypeId::kList:
      made.fields.push_back(mapped(field.type.element(), "element"));
      break;
    case types::TypeId::kMap:
      made.fields.push_back(mapped(field.type.key(), "key"));
      made.fields.push_back(mapped(field.type.value(), "value"));
      break;
    default:
      break;
  }
  return made;
}

// As Java's pretty printer lays it out: an object's members on lines of their own.
std::string array_text(const NameMapping& mapping, size_t depth) {
  const std::string pad(2 * (depth + 1), ' ');
  std::string text;
  for (const MappedField& field : mapping) {
    text += (text.empty() ? "[ {\n" : ", {\n");
    if (field.field_id) text += pad + "\"field-id\" : " + std::to_string(*field.field_id) + ",\n";
    std::string names;
    for (const std::string& name : field.names)
      names += (names.empty() ? "" : ", ") + dump_json(OrderedJson(name));
    text += pad + "\"names\" : [ " + names + " ]";
    if (!field.fields.empty())
      text += ",\n" + pad + "\"fields\" : " + array_text(field.fields, depth + 1);
    text += "\n" + std::string(2 * depth, ' ') + "}";
  }
  return text.empty() ? "[ ]" : text + " ]";
}

void extend(NameMapping& mapping, const NameMapping& now) {
  for (const MappedField& field : now) {
    const auto same = std::ranges::find(mapping, field.field_id, &MappedField::field_id);
    const std::string& name = field.names.front();
    if (same != mapping.end() && std::ranges::find(same->names, name) != same->names.end()) {
      extend(same->fields, field.fields);
      continue;
    }
    for (MappedField& other : mapping) std::erase(other.names, name);  // a name means one column
    if (same == mapping.end()) {
      mapping.push_back(field);
    } else {
      same->names.push_back(name);
      extend(same->fields, field.fields);
    }
  }
}

}  // namespace

NameMapping extended(NameMapping mapping, const types::Schema& schema) {
  extend(mapping, map_names(schema));
  return mapping;
}

NameMapping map_names(const types::Schema& schema) {
  NameMapping mapping;
  for (const types::Field& field : schema.fields) mapping.push_back(mapped(field, field.name));
  return mapping;
}

std::string to_json(const NameMapping& mapping) { return array_text(mapping, 0); }

NameMapping parse_name_mapping(std::string_view json) {
  const Json parsed = parse_json(json, "name mapping");
  return parse_fields(JsonCursor(parsed, "name mapping"));
}

const MappedField* find(const NameMapping& mapping, std::string_view name) {
  const auto found = std::ranges::find_if(mapping, [&](const MappedField& field) {
    return std::ranges::find(field.names, name) != field.names.end();
  });
  return found == mapping.end() ? nullptr : &*found;
}

}  // namespace firn::iceberg

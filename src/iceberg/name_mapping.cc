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

}  // namespace

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

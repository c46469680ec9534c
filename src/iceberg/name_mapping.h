// The table property schema.name-mapping.default: field ids for files that carry none
// (specification, "Column Projection", "Name Mapping Serialization").
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "types/schema.h"

namespace firn::iceberg {

inline constexpr const char* kNameMappingProperty = "schema.name-mapping.default";

struct MappedField {
  std::optional<int> field_id;
  std::vector<std::string> names;   // literal: a dot in a name is a dot
  std::vector<MappedField> fields;  // a list's child is called "element", a map's "key" and "value"
};
using NameMapping = std::vector<MappedField>;

// Throws Error{kCorrupt} naming the field.
NameMapping parse_name_mapping(std::string_view json);

// Each field by its own name.
NameMapping map_names(const types::Schema& schema);
std::string to_json(const NameMapping& mapping);
// The mapping with the names that `schema` has and it does not know: of new columns, and of renamed
// ones beside their old names.
NameMapping extended(NameMapping mapping, const types::Schema& schema);

// nullptr where no field has that name.
const MappedField* find(const NameMapping& mapping, std::string_view name);

}  // namespace firn::iceberg

// An Iceberg schema: fields with ids, and look-ups by id and by name.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "types/type.h"

namespace firn::types {

struct Schema {
  int schema_id = 0;
  std::vector<Field> fields;
  std::vector<int> identifier_field_ids;

  // Searches nested fields too (also list elements, map keys and values). nullptr where there is
  // none.
  const Field* find(int id) const;
  // Dotted path ("location.lat", "tags.element", "m.key"); exact case. nullptr where there is none.
  const Field* find(std::string_view dotted_name) const;
  const Field* find_ignoring_case(std::string_view dotted_name) const;
  std::optional<std::string> name_of(int id) const;  // dotted path
  std::vector<int> parents_of(int id) const;         // ids from the root down, without id itself
  int highest_field_id() const;
  Type as_struct() const { return Type::structure(fields); }
  // Same fields (ids, names, types, nullability), whatever schema_id says.
  bool same_fields(const Schema& other) const {
    return fields == other.fields && identifier_field_ids == other.identifier_field_ids;
  }
};

// Gives every field, nested ones included, a fresh id: all of one level first, then their children
// (as Java's AssignFreshIds does). `last_id` is read and advanced.
Schema assign_fresh_ids(const Schema& schema, int& last_id);

}  // namespace firn::types

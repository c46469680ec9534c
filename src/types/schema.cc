// Schemas: look-ups over nested fields, and the assignment of fresh field ids.
#include "types/schema.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "base/error.h"

namespace firn::types {
namespace {

const Field* find_by_id(const std::vector<Field>& fields, int id) {
  for (const Field& field : fields) {
    if (field.id == id) return &field;
    if (!field.type.is_nested()) continue;
    if (const Field* found = find_by_id(field.type.fields(), id)) return found;
  }
  return nullptr;
}

bool same_exactly(std::string_view a, std::string_view b) { return a == b; }

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

// Names may contain dots themselves: every way to split the path is tried, whole names first.
const Field* find_by_name(const std::vector<Field>& fields, std::string_view path,
                          bool (*same)(std::string_view, std::string_view)) {
  for (const Field& field : fields) {
    if (same(path, field.name)) return &field;
  }
  for (const Field& field : fields) {
    const size_t length = field.name.size();
    const bool descends = field.type.is_nested() && path.size() > length && path[length] == '.' &&
                          same(path.substr(0, length), field.name);
    if (!descends) continue;
    const Field* found = find_by_name(field.type.fields(), path.substr(length + 1), same);
    if (found != nullptr) return found;
  }
  return nullptr;
}

// The fields from the root down to `id`, itself included; empty where there is none.
bool path_to(const std::vector<Field>& fields, int id, std::vector<const Field*>& path) {
  for (const Field& field : fields) {
    path.push_back(&field);
    if (field.id == id) return true;
    if (field.type.is_nested() && path_to(field.type.fields(), id, path)) return true;
    path.pop_back();
  }
  return false;
}

int highest_id(const std::vector<Field>& fields) {
  int highest = 0;
  for (const Field& field : fields) {
    highest = std::max(highest, field.id);
    if (field.type.is_nested()) highest = std::max(highest, highest_id(field.type.fields()));
  }
  return highest;
}

using OldToNew = std::map<int, int>;

Type with_fields(const Type& type, std::vector<Field> fields) {
  switch (type.id()) {
    case TypeId::kList:
      return Type::list(fields[0].id, fields[0].required, fields[0].type);
    case TypeId::kMap:
      return Type::map(fields[0].id, fields[0].type, fields[1].id, fields[1].required,
                       fields[1].type);
    default:
      return Type::structure(std::move(fields));
  }
}

std::vector<Field> with_fresh_ids(std::vector<Field> fields, int& last_id, OldToNew& renumbered) {
  for (Field& field : fields) {
    const int fresh = ++last_id;
    renumbered[field.id] = fresh;
    field.id = fresh;
  }
  for (Field& field : fields) {
    if (!field.type.is_nested()) continue;
    field.type = with_fields(field.type, with_fresh_ids(field.type.fields(), last_id, renumbered));
  }
  return fields;
}

}  // namespace

const Field* Schema::find(int id) const { return find_by_id(fields, id); }

const Field* Schema::find(std::string_view dotted_name) const {
  return find_by_name(fields, dotted_name, same_exactly);
}

const Field* Schema::find_ignoring_case(std::string_view dotted_name) const {
  if (const Field* exact = find(dotted_name)) return exact;
  return find_by_name(fields, dotted_name, same_ignoring_case);
}

std::optional<std::string> Schema::name_of(int id) const {
  std::vector<const Field*> path;
  if (!path_to(fields, id, path)) return std::nullopt;
  std::string name;
  for (const Field* field : path) name += (name.empty() ? "" : ".") + field->name;
  return name;
}

std::vector<int> Schema::parents_of(int id) const {
  std::vector<const Field*> path;
  std::vector<int> parents;
  if (!path_to(fields, id, path)) return parents;
  path.pop_back();
  for (const Field* field : path) parents.push_back(field->id);
  return parents;
}

int Schema::highest_field_id() const { return highest_id(fields); }

Schema assign_fresh_ids(const Schema& schema, int& last_id) {
  OldToNew renumbered;
  Schema fresh;
  fresh.schema_id = schema.schema_id;
  fresh.fields = with_fresh_ids(schema.fields, last_id, renumbered);
  for (const int id : schema.identifier_field_ids) {
    const auto found = renumbered.find(id);
    if (found == renumbered.end()) {
      throw_invalid("identifier field " + std::to_string(id) + " is not in the schema");
    }
    fresh.identifier_field_ids.push_back(found->second);
  }
  return fresh;
}

}  // namespace firn::types

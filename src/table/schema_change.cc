// See schema_change.h.
#include "table/schema_change.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <span>

#include "base/error.h"
#include "iceberg/name_mapping.h"
#include "types/data_type.h"

namespace firn::table {
namespace {

using types::Field;
using types::Type;
using types::TypeId;
using Fields = std::vector<Field>;
using Names = std::span<const std::string>;

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

Fields::iterator find_in(Fields& fields, const std::string& name) {
  return std::ranges::find_if(fields, [&](const Field& f) { return same_name(f.name, name); });
}

std::string quoted(Names path) {
  std::string text;
  for (const std::string& part : path) text += (text.empty() ? "`" : ".`") + part + "`";
  return text;
}

[[noreturn]] void throw_missing(Names path, const Fields& fields) {
  std::string known;
  for (const Field& field : fields) known += (known.empty() ? "`" : ", `") + field.name + "`";
  throw Error("UNRESOLVED_COLUMN.WITH_SUGGESTION",
              {{"objectName", quoted(path)}, {"proposal", known}});
}

Type with_fields(const Type& type, Fields fields) {
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

// Calls `edit` with the siblings of the field that `path` names and its place among them. `of`:
// where the siblings belong (a list's element cannot be dropped or moved).
using Edit = std::function<void(Fields& siblings, Fields::iterator at, TypeId of)>;
void edit_field(Fields& fields, TypeId of, Names path, Names whole, const Edit& edit) {
  const auto found = find_in(fields, path.front());
  if (found == fields.end()) throw_missing(whole, fields);
  if (path.size() == 1) return edit(fields, found, of);
  if (!found->type.is_nested()) throw_missing(whole, fields);
  Fields children = found->type.fields();
  edit_field(children, found->type.id(), path.subspan(1), whole, edit);
  found->type = with_fields(found->type, std::move(children));
}

void place(Fields& fields, Field field, const ColumnPosition& position, bool is_new) {
  auto at = fields.end();
  if (position.first) {
    at = fields.begin();
  } else if (!position.after.empty()) {
    at = find_in(fields, position.after);
    const std::string after[] = {position.after};
    if (at == fields.end() && is_new) {
      std::string known;
      for (const Field& one : fields) known += (known.empty() ? "" : ", ") + one.name;
      throw Error("FIELD_NOT_FOUND", {{"fieldName", "`" + field.name + "`"}, {"fields", known}});
    }
    if (at == fields.end()) throw_missing(after, fields);
    ++at;
  }
  fields.insert(at, std::move(field));
}

void must_be_struct(TypeId of, Names path, const char* what) {
  if (of != TypeId::kStruct)
    throw_invalid(std::string("cannot ") + what + " " + quoted(path) +
                  ": elements of lists, keys and values of maps stay where they are");
}

// Properties whose keys end in a column's name.
constexpr std::string_view kColumnSettings[] = {"write.metadata.metrics.column.",
                                                "write.parquet.bloom-filter-enabled.column.",
                                                "write.parquet.stats-enabled.column."};

// Settings of single columns follow them over a rename and go with them.
void carry_settings(const iceberg::Properties& properties, const types::Schema& before,
                    const types::Schema& now, iceberg::TableChange& change) {
  iceberg::Properties moved;
  std::vector<std::string> gone;
  for (const auto& [key, value] : properties) {
    for (const std::string_view prefix : kColumnSettings) {
      if (!key.starts_with(prefix)) continue;
      const Field* const column = before.find(key.substr(prefix.size()));
      const auto name = column == nullptr ? std::nullopt : now.name_of(column->id);
      if (column == nullptr || (name && key == std::string(prefix) + *name)) continue;
      gone.push_back(key);
      if (name) moved[std::string(prefix) + *name] = value;
    }
  }
  std::erase_if(gone, [&moved](const std::string& key) { return moved.contains(key); });
  if (!gone.empty()) change.updates.push_back(iceberg::RemoveProperties{std::move(gone)});
  if (!moved.empty()) change.updates.push_back(iceberg::SetProperties{std::move(moved)});
}

}  // namespace

SchemaChange::SchemaChange(const iceberg::TableMetadata& base, std::string table_name)
    : base_(base),
      table_(std::move(table_name)),
      schema_(base.schema()),
      last_id_(base.last_column_id) {}

bool SchemaChange::has(const Path& path) const {
  Fields fields = schema_.fields;
  for (const std::string& name : path) {
    const auto found = find_in(fields, name);
    if (found == fields.end()) return false;
    fields = found->type.is_nested() ? Fields(found->type.fields()) : Fields{};
  }
  return true;
}

void SchemaChange::add(const Path& parent, Field field, const ColumnPosition& position) {
  if (field.required)
    throw_invalid("column " + field.name + " of table " + table_ +
                  " cannot be added as NOT NULL: rows that are there have no value for it. Add it "
                  "without NOT NULL");
  types::Schema alone;
  alone.fields = {std::move(field)};
  const Field fresh = types::assign_fresh_ids(alone, last_id_).fields.front();
  const auto insert = [&](Fields& fields) {
    if (find_in(fields, fresh.name) != fields.end()) {
      Path whole = parent;
      whole.push_back(fresh.name);
      throw Error("FIELD_ALREADY_EXISTS",
                  {{"op", "add"},
                   {"fieldNames", quoted(whole)},
                   {"struct", "\"" + types::to_spark(schema_).sql() + "\""}});
    }
    place(fields, fresh, position, true);
  };
  if (parent.empty()) return insert(schema_.fields);
  edit_field(
      schema_.fields, TypeId::kStruct, parent, parent, [&](Fields&, Fields::iterator at, TypeId) {
        if (at->type.id() != TypeId::kStruct)
          throw Error(
              "INVALID_FIELD_NAME",
              {{"fieldName", quoted(parent) + ".`" + fresh.name + "`"}, {"path", quoted(parent)}});
        Fields children = at->type.fields();
        insert(children);
        at->type = Type::structure(std::move(children));
      });
}

void SchemaChange::remove(const Path& path) {
  edit_field(schema_.fields, TypeId::kStruct, path, path,
             [&](Fields& siblings, Fields::iterator at, TypeId of) {
               must_be_struct(of, path, "drop");
               if (siblings.size() == 1)
                 throw_invalid("column " + quoted(path) + " of table " + table_ +
                               " cannot be dropped: nothing would be left");
               check_not_used(at->id, at->name);
               siblings.erase(at);
             });
}

void SchemaChange::rename(const Path& path, const std::string& to) {
  edit_field(schema_.fields, TypeId::kStruct, path, path,
             [&](Fields& siblings, Fields::iterator at, TypeId of) {
               must_be_struct(of, path, "rename");
               const auto other = find_in(siblings, to);
               if (other != siblings.end()) {
                 Path whole(path.begin(), path.end() - 1);
                 whole.push_back(to);
                 throw Error("FIELD_ALREADY_EXISTS",
                             {{"op", "rename"},
                              {"fieldNames", quoted(whole)},
                              {"struct", "\"" + types::to_spark(schema_).sql() + "\""}});
               }
               at->name = to;
             });
}

void SchemaChange::promote(const Path& path, const Type& type) {
  edit_field(
      schema_.fields, TypeId::kStruct, path, path, [&](Fields&, Fields::iterator at, TypeId) {
        if (types::to_spark(at->type) == types::to_spark(type)) return;
        if (!at->type.is_nested() && !type.is_nested() &&
            types::can_promote(at->type, type, base_.format_version)) {
          at->type = type;
          return;
        }
        const char* nested = at->type.id() == TypeId::kStruct ? "CANNOT_UPDATE_FIELD.STRUCT_TYPE"
                             : at->type.id() == TypeId::kList ? "CANNOT_UPDATE_FIELD.ARRAY_TYPE"
                             : at->type.id() == TypeId::kMap  ? "CANNOT_UPDATE_FIELD.MAP_TYPE"
                                                              : nullptr;
        if (nested != nullptr)
          throw Error(nested, {{"table", table_}, {"fieldName", quoted(path)}});
        throw Error("NOT_SUPPORTED_CHANGE_COLUMN",
                    {{"table", table_},
                     {"originName", quoted(path)},
                     {"originType", "\"" + types::to_spark(at->type).sql() + "\""},
                     {"newName", quoted(path)},
                     {"newType", "\"" + types::to_spark(type).sql() + "\""}});
      });
}

void SchemaChange::set_required(const Path& path, bool required) {
  edit_field(
      schema_.fields, TypeId::kStruct, path, path, [&](Fields&, Fields::iterator at, TypeId) {
        if (required && !at->required)
          throw_invalid("Cannot change nullable column to non-nullable: " + quoted(path) +
                        " of table " + table_);
        const bool identifies = std::ranges::find(schema_.identifier_field_ids, at->id) !=
                                schema_.identifier_field_ids.end();
        if (!required && identifies)
          throw_invalid("column " + quoted(path) + " is an identifier field and stays NOT NULL");
        at->required = required;
      });
}

void SchemaChange::set_doc(const Path& path, const std::string& doc) {
  edit_field(schema_.fields, TypeId::kStruct, path, path,
             [&](Fields&, Fields::iterator at, TypeId) { at->doc = doc; });
}

void SchemaChange::move(const Path& path, const ColumnPosition& position) {
  edit_field(schema_.fields, TypeId::kStruct, path, path,
             [&](Fields& siblings, Fields::iterator at, TypeId of) {
               must_be_struct(of, path, "move");
               Field field = *at;
               siblings.erase(at);
               place(siblings, std::move(field), position, false);
             });
}

void SchemaChange::replace_all(const Fields& fields) {
  for (const Field& field : schema_.fields) check_not_used(field.id, field.name);
  schema_.fields.clear();
  for (const Field& field : fields) add({}, field, {});
}

void SchemaChange::check_apart(const std::vector<Path>& paths) const {
  for (size_t i = 0; i < paths.size(); ++i) {
    for (size_t j = 0; j < paths.size(); ++j) {
      const bool within = i != j && paths[i].size() <= paths[j].size() &&
                          std::equal(paths[i].begin(), paths[i].end(), paths[j].begin(), same_name);
      if (within && has(paths[i]) && has(paths[j]))
        throw Error("NOT_SUPPORTED_CHANGE_SAME_COLUMN",
                    {{"table", table_}, {"fieldName", quoted(paths[i])}});
    }
  }
}

int SchemaChange::id_of(const Path& path) const {
  int id = 0;
  Fields copy = schema_.fields;
  edit_field(copy, TypeId::kStruct, path, path,
             [&](Fields&, Fields::iterator at, TypeId) { id = at->id; });
  return id;
}

void SchemaChange::set_identifier_fields(const std::vector<Path>& paths) {
  std::vector<int> ids;
  for (const Path& path : paths) {
    const int id = id_of(path);
    const Field& field = *schema_.find(id);
    const auto refuse = [&](const std::string& why) {
      throw_invalid("Cannot add field " + field.name + " as an identifier field: " + why);
    };
    if (field.type.is_nested()) refuse("not a primitive type field");
    if (!field.required) refuse("not a required field");
    if (field.type.id() == TypeId::kFloat || field.type.id() == TypeId::kDouble)
      refuse("must not be float or double field");
    for (const int parent : schema_.parents_of(id)) {
      const Field& above = *schema_.find(parent);
      if (above.type.id() != TypeId::kStruct) refuse("must not be nested in " + above.name);
      if (!above.required) refuse("must not be nested in an optional field " + above.name);
    }
    ids.push_back(id);
  }
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  schema_.identifier_field_ids = std::move(ids);
}

void SchemaChange::drop_identifier_fields(const std::vector<Path>& paths) {
  for (const Path& path : paths) {
    const int id = id_of(path);
    if (std::erase(schema_.identifier_field_ids, id) == 0)
      throw_invalid(quoted(path) + " is not an identifier field");
  }
}

void SchemaChange::check_not_used(int field_id, const std::string& name) const {
  const auto within = [&](int id) {
    if (id == field_id) return true;
    const std::vector<int> parents = base_.schema().parents_of(id);
    return std::ranges::find(parents, field_id) != parents.end();
  };
  for (const types::PartitionField& field : base_.spec().fields) {
    if (field.transform.id != types::TransformId::kVoid && within(field.source_id))
      throw_invalid("column " + name + " of table " + table_ +
                    " cannot be dropped: the table is partitioned by it (" + field.name +
                    "). Run ALTER TABLE … DROP PARTITION FIELD first");
  }
  for (const types::SortOrder& order : base_.sort_orders) {
    if (order.order_id != base_.default_sort_order_id) continue;
    for (const types::SortField& field : order.fields) {
      if (within(field.source_id))
        throw_invalid("column " + name + " of table " + table_ +
                      " cannot be dropped: the table is written in its order. Run ALTER TABLE … "
                      "WRITE UNORDERED first");
    }
  }
  for (const int id : schema_.identifier_field_ids) {
    if (within(id))
      throw_invalid("Cannot delete identifier field " + name +
                    ". To force deletion, update the identifier fields first.");
  }
}

iceberg::TableChange SchemaChange::commit() const {
  iceberg::TableChange change;
  change.requirements = {iceberg::AssertTableUuid{base_.table_uuid},
                         iceberg::AssertCurrentSchemaId{base_.current_schema_id},
                         iceberg::AssertLastAssignedFieldId{base_.last_column_id}};
  if (schema_.same_fields(base_.schema())) return change;
  change.updates = {iceberg::AddSchema{schema_}, iceberg::SetCurrentSchema{-1}};
  const auto names = base_.properties.find(iceberg::kNameMappingProperty);
  if (names != base_.properties.end())
    change.updates.push_back(
        iceberg::SetProperties{{{iceberg::kNameMappingProperty,
                                 iceberg::to_json(iceberg::extended(
                                     iceberg::parse_name_mapping(names->second), schema_))}}});
  carry_settings(base_.properties, base_.schema(), schema_, change);
  return change;
}

}  // namespace firn::table

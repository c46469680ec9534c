// Store assignment: a query's columns cast, ordered and checked for the table that they go into.
#include <algorithm>

#include "plan/build.h"
#include "plan/coercion.h"
#include "plan/resolve.h"
#include "plan/row_change.h"
#include "plan/scope.h"

namespace firn::plan {
namespace {

class Assignment {
 public:
  Assignment(bool by_name, const std::string& table, const ResolveOptions& options, IdSource& ids)
      : by_name_(by_name), table_(table), options_(options), ids_(ids) {}

  // `value` as the table's field wants it; `path` for messages. `written_out`: the values are
  // literals of the statement (a deliberate difference: texts of dates and times are read then).
  ExprPtr conform(const ExprPtr& value, const types::StructField& target,
                  const std::vector<std::string>& path, bool written_out = false) {
    if (!by_name_ && both_structs(value->type, target.type)) check_count(value->type, target, path);
    const bool reorders = by_name_ && !names_agree_below(value->type, target.type);
    if (!reorders && !can_store(value->type, target.type) &&
        !(written_out && is_text_of_time(value->type, target.type)))
      throw Error("INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST",
                  {{"tableName", table_name()},
                   {"colName", backquoted(path)},
                   {"srcType", quoted_type(value->type)},
                   {"targetType", quoted_type(target.type)}});
    ExprPtr made = reorders ? rearranged(value, target.type, path) : value;
    made = cast(made, target.type, CastMode::kAnsi, true, value->origin, options_.time_zone);
    if (!target.nullable && made->nullable)
      made = call("assert_not_null", {made, string_literal(backquoted(path))}, target.type,
                  {true, {}, 0}, value->origin);
    return made;
  }

  std::string table_name() const {
    std::vector<std::string> parts(1);
    for (const char c : table_) {
      if (c == '.')
        parts.emplace_back();
      else
        parts.back() += c;
    }
    return backquoted(parts);
  }

 private:
  static bool is_text_of_time(const DataType& given, const DataType& target) {
    return given.id() == DataTypeId::kString &&
           (target.id() == DataTypeId::kDate || target.id() == DataTypeId::kTimestamp ||
            target.id() == DataTypeId::kTimestampNtz);
  }
  static bool both_structs(const DataType& a, const DataType& b) {
    return a.id() == DataTypeId::kStruct && b.id() == DataTypeId::kStruct;
  }
  bool names_agree(const DataType& a, const DataType& b) const {
    if (a.fields().size() != b.fields().size()) return false;
    for (size_t i = 0; i < a.fields().size(); ++i)
      if (!same_name(a.fields()[i].name, b.fields()[i].name, options_.case_sensitive)) return false;
    return true;
  }
  // Whether casting by position means the same as by name, at every depth. Other types: the cast
  // decides.
  bool names_agree_below(const DataType& given, const DataType& target) const {
    if (given.id() != target.id()) return true;
    switch (given.id()) {
      case DataTypeId::kStruct:
        if (!names_agree(given, target)) return false;
        for (size_t i = 0; i < given.fields().size(); ++i)
          if (!names_agree_below(given.fields()[i].type, target.fields()[i].type)) return false;
        return true;
      case DataTypeId::kArray:
        return names_agree_below(given.element(), target.element());
      case DataTypeId::kMap:
        return names_agree_below(given.key(), target.key()) &&
               names_agree_below(given.value(), target.value());
      default:
        return true;
    }
  }
  void check_count(const DataType& given, const types::StructField& target,
                   const std::vector<std::string>& path) const {
    const auto listed = [](const std::vector<types::StructField>& fields, size_t from) {
      std::string text;
      for (size_t i = from; i < fields.size(); ++i)
        text += (text.empty() ? "" : ", ") + backquoted(fields[i].name);
      return text;
    };
    const std::vector<types::StructField>&has = given.fields(), &wants = target.type.fields();
    if (has.size() < wants.size())
      throw Error("INCOMPATIBLE_DATA_FOR_TABLE.STRUCT_MISSING_FIELDS",
                  {{"tableName", table_name()},
                   {"colName", backquoted(path)},
                   {"missingFields", listed(wants, has.size())}});
    if (has.size() > wants.size())
      throw Error("INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_STRUCT_FIELDS",
                  {{"tableName", table_name()},
                   {"colName", backquoted(path)},
                   {"extraFields", listed(has, wants.size())}});
  }

  // The value with its structs' fields as the target has them, however deep they stand.
  ExprPtr rearranged(const ExprPtr& value, const DataType& target,
                     const std::vector<std::string>& path) {
    if (target.id() == DataTypeId::kStruct) return reordered(value, target, path);
    if (target.id() == DataTypeId::kArray)
      return each(value, {"element", target.element(), target.contains_null(), ""}, path);
    const DataType& given = value->type;
    const ExprPtr keys = each(call("map_keys", {value}, DataType::array(given.key(), false)),
                              {"key", target.key(), false, ""}, path);
    const ExprPtr values =
        each(call("map_values", {value}, DataType::array(given.value(), given.contains_null())),
             {"value", target.value(), target.contains_null(), ""}, path);
    return call("map_from_arrays", {keys, values}, target);
  }
  ExprPtr each(const ExprPtr& array, const types::StructField& element,
               std::vector<std::string> path) {
    path.push_back(element.name);
    const Attribute item{
        ids_.next(), "item", array->type.element(), array->type.contains_null(), {}};
    Lambda lambda{{"item"}, {item.id}, conform(column(item), element, path)};
    const DataType type = lambda.body->type;
    const bool nullable = lambda.body->nullable;
    return call("transform", {array, typed(std::move(lambda), type, nullable)},
                DataType::array(type, nullable));
  }

  ExprPtr reordered(const ExprPtr& value, const DataType& target,
                    const std::vector<std::string>& path) {
    std::vector<ExprPtr> members;
    for (const types::StructField& member : target.fields()) {
      const auto index =
          find_field(value->type, member.name, options_.case_sensitive, value->origin);
      std::vector<std::string> inner = path;
      inner.push_back(member.name);
      if (!index && !member.nullable)
        throw Error("INCOMPATIBLE_DATA_FOR_TABLE.STRUCT_MISSING_FIELDS",
                    {{"tableName", table_name()},
                     {"colName", backquoted(path)},
                     {"missingFields", backquoted(member.name)}});
      members.push_back(string_literal(member.name));
      members.push_back(index ? conform(field(value, *index), member, inner)
                              : null_of(member.type));
    }
    for (const types::StructField& given : value->type.fields())
      if (!find_field(target, given.name, options_.case_sensitive, {}))
        throw Error("INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_STRUCT_FIELDS",
                    {{"tableName", table_name()},
                     {"extraFields", backquoted(given.name)},
                     {"colName", backquoted(path)}});
    ExprPtr made = call("named_struct", std::move(members), target, {});
    if (!value->nullable) return made;
    return case_when({{call("isnull", {value}, DataTypeId::kBoolean), null_of(target)}}, made);
  }

  bool by_name_;
  const std::string& table_;
  const ResolveOptions& options_;
  IdSource& ids_;
};

std::string names_of(const std::vector<Attribute>& attributes) {
  std::string text;
  for (const Attribute& attribute : attributes)
    text += (text.empty() ? "" : ", ") + backquoted(attribute.name);
  return text;
}

// Whether the column holds nothing but literals: VALUES ('2024-01-01'), (NULL).
bool is_written_out(const Relation& relation, size_t index) {
  const auto* rows = std::get_if<Rows>(&relation.node);
  return rows != nullptr && std::ranges::all_of(rows->rows, [&](const auto& row) {
           const auto* made = std::get_if<Cast>(&row[index]->node);
           const Expr& value = made != nullptr ? *made->child : *row[index];
           return std::holds_alternative<Literal>(value.node);
         });
}

}  // namespace

ExprPtr stored_value(const ExprPtr& value, const types::StructField& field, bool by_name,
                     const std::string& table, const ResolveOptions& options, IdSource& ids) {
  return Assignment(by_name, table, options, ids).conform(value, field, {field.name});
}

RelationPtr assign_to_table(const RelationPtr& resolved, const types::DataType& target,
                            bool by_name, const std::string& table_name,
                            const ResolveOptions& options, IdSource& ids) {
  Assignment assignment(by_name, table_name, options, ids);
  const std::vector<Attribute>& given = resolved->output;
  const std::vector<types::StructField>& fields = target.fields();
  std::vector<ExprPtr> columns;
  if (given.size() > fields.size() || (!by_name && given.size() < fields.size())) {
    std::string wanted;
    for (const types::StructField& f : fields)
      wanted += (wanted.empty() ? "" : ", ") + backquoted(f.name);
    throw Error(given.size() < fields.size()
                    ? "INSERT_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS"
                    : "INSERT_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS",
                {{"tableName", assignment.table_name()},
                 {"tableColumns", wanted},
                 {"dataColumns", names_of(given)}});
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    ExprPtr value = by_name ? nullptr : column(given[i]);
    size_t at = i;
    for (const Attribute& attribute : given) {
      if (!by_name || !same_name(attribute.name, fields[i].name, options.case_sensitive)) continue;
      if (value)
        throw Error(
            "INCOMPATIBLE_DATA_FOR_TABLE.AMBIGUOUS_COLUMN_NAME",
            {{"tableName", assignment.table_name()}, {"colName", backquoted(fields[i].name)}});
      value = column(attribute);
      at = static_cast<size_t>(&attribute - given.data());
    }
    const bool written_out = value != nullptr && is_written_out(*resolved, at);
    if (!value) {
      if (!fields[i].nullable)
        throw Error(
            "INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_FIND_DATA",
            {{"tableName", assignment.table_name()}, {"colName", backquoted(fields[i].name)}});
      value = null_of(fields[i].type);
    }
    columns.push_back(alias(assignment.conform(value, fields[i], {fields[i].name}, written_out),
                            fields[i].name, ids.next()));
  }
  if (by_name) {
    std::vector<Attribute> extra;
    for (const Attribute& attribute : given)
      if (std::none_of(fields.begin(), fields.end(), [&](const auto& f) {
            return same_name(f.name, attribute.name, options.case_sensitive);
          }))
        extra.push_back(attribute);
    if (!extra.empty())
      throw Error("INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_COLUMNS",
                  {{"tableName", assignment.table_name()}, {"extraColumns", names_of(extra)}});
  }
  return project(std::move(columns), resolved);
}

}  // namespace firn::plan

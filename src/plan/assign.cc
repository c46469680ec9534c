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
  Assignment(bool by_name, const std::string& table, const ResolveOptions& options)
      : by_name_(by_name), table_(table), options_(options) {}

  // `value` as the table's field wants it; `path` for messages. `written_out`: the values are
  // literals of the statement (a deliberate difference: texts of dates and times are read then).
  ExprPtr conform(const ExprPtr& value, const types::StructField& target,
                  const std::vector<std::string>& path, bool written_out = false) {
    if (!can_store(value->type, target.type) &&
        !(written_out && is_text_of_time(value->type, target.type)) &&
        !(by_name_ && both_structs(value->type, target.type)))
      throw Error("INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST",
                  {{"tableName", table_name()},
                   {"colName", backquoted(path)},
                   {"srcType", quoted_type(value->type)},
                   {"targetType", quoted_type(target.type)}});
    ExprPtr made = value;
    if (by_name_ && both_structs(value->type, target.type) &&
        !names_agree(value->type, target.type))
      made = reordered(value, target.type, path);
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
                     const std::string& table, const ResolveOptions& options) {
  return Assignment(by_name, table, options).conform(value, field, {field.name});
}

RelationPtr assign_to_table(const RelationPtr& resolved, const types::DataType& target,
                            bool by_name, const std::string& table_name,
                            const ResolveOptions& options, IdSource& ids) {
  Assignment assignment(by_name, table_name, options);
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

// See row_change.h.
#include "plan/row_change.h"

#include <algorithm>
#include <cctype>

#include "plan/build.h"
#include "plan/scope.h"

namespace firn::plan {
namespace {

[[noreturn]] void throw_assignments(const std::vector<ResolvedAssignment>& assignments,
                                    const std::string& problem) {
  std::string shown;
  for (const ResolvedAssignment& assignment : assignments) {
    shown += (shown.empty() ? "\"" : ", \"");
    for (size_t i = 0; i < assignment.column.size(); ++i)
      shown += (i > 0 ? "." : "") + assignment.column[i];
    shown += " = " + pretty_name(*assignment.value) + "\"";
  }
  throw Error("DATATYPE_MISMATCH.INVALID_ROW_LEVEL_OPERATION_ASSIGNMENTS",
              {{"sqlExpr", shown}, {"errors", "\n- " + problem}});
}

class Row {
 public:
  Row(const std::vector<ResolvedAssignment>& assignments, const ResolveOptions& options,
      IdSource& ids)
      : assignments_(assignments), options_(options), ids_(ids) {}

  // `depth`: how many parts of the assignments' names lead to `field`.
  ExprPtr value(const ExprPtr& current, const types::StructField& field,
                const std::vector<const ResolvedAssignment*>& mine, size_t depth,
                const std::vector<std::string>& path) {
    if (mine.empty()) return current;
    std::vector<const ResolvedAssignment*> whole, inner;
    for (const ResolvedAssignment* assignment : mine)
      (assignment->column.size() == depth ? whole : inner).push_back(assignment);
    if (whole.size() > 1)
      throw_assignments(assignments_,
                        "Multiple assignments for '" + joined(path) + "': " + list(whole));
    if (!whole.empty() && !inner.empty())
      throw_assignments(assignments_,
                        "Conflicting assignments for '" + joined(path) + "': " + list(mine));
    if (!whole.empty()) return stored_value(whole.front()->value, field, true, "", options_, ids_);
    if (field.type.id() != types::DataTypeId::kStruct)
      throw_assignments(assignments_,
                        "Updating nested fields is only supported for StructType but '" +
                            joined(path) + "' is of type " + field.type.sql());
    return rebuilt(current, field, inner, depth, path);
  }

  std::vector<const ResolvedAssignment*> of_field(
      const std::vector<const ResolvedAssignment*>& among, size_t part, const std::string& name) {
    std::vector<const ResolvedAssignment*> found;
    for (const ResolvedAssignment* assignment : among) {
      if (same_name(assignment->column.at(part), name, options_.case_sensitive))
        found.push_back(assignment);
    }
    return found;
  }

 private:
  ExprPtr rebuilt(const ExprPtr& current, const types::StructField& field,
                  const std::vector<const ResolvedAssignment*>& inner, size_t depth,
                  const std::vector<std::string>& path) {
    std::vector<ExprPtr> members;
    size_t used = 0;
    for (size_t i = 0; i < field.type.fields().size(); ++i) {
      const types::StructField& member = field.type.fields()[i];
      const auto mine = of_field(inner, depth, member.name);
      used += mine.size();
      std::vector<std::string> below = path;
      below.push_back(member.name);
      members.push_back(string_literal(member.name));
      members.push_back(
          value(plan::field(current, static_cast<int>(i)), member, mine, depth + 1, below));
    }
    if (used != inner.size()) {
      throw Error("FIELD_NOT_FOUND", {{"fieldName", backquoted(inner.front()->column.at(depth))},
                                      {"fields", names_of(field.type)}});
    }
    return call("named_struct", std::move(members), field.type, {});
  }
  static std::string names_of(const types::DataType& structure) {
    std::string text;
    for (const types::StructField& member : structure.fields())
      text += (text.empty() ? "" : ", ") + backquoted(member.name);
    return text;
  }
  static std::string joined(const std::vector<std::string>& path) {
    std::string text;
    for (const std::string& part : path) text += (text.empty() ? "" : ".") + part;
    return text;
  }
  static std::string list(const std::vector<const ResolvedAssignment*>& assignments) {
    std::string text;
    for (const ResolvedAssignment* assignment : assignments)
      text += (text.empty() ? "" : ", ") + pretty_name(*assignment->value);
    return text;
  }

  const std::vector<ResolvedAssignment>& assignments_;
  const ResolveOptions& options_;
  IdSource& ids_;
};

std::vector<const ResolvedAssignment*> pointers(const std::vector<ResolvedAssignment>& list) {
  std::vector<const ResolvedAssignment*> result;
  for (const ResolvedAssignment& each : list) result.push_back(&each);
  return result;
}

void check_columns(const std::vector<ResolvedAssignment>& assignments, const types::DataType& table,
                   const ResolveOptions& options) {
  for (const ResolvedAssignment& assignment : assignments) {
    const bool known = std::ranges::any_of(table.fields(), [&](const types::StructField& field) {
      return same_name(field.name, assignment.column.front(), options.case_sensitive);
    });
    if (known) continue;
    Scope scope;
    for (const types::StructField& field : table.fields())
      scope.columns.push_back({{}, field.name, field.type, true, {}});
    throw_unresolved(assignment.column, scope, assignment.value->origin);
  }
}

}  // namespace

std::vector<ExprPtr> updated_row(const std::vector<Attribute>& current,
                                 const types::DataType& table,
                                 const std::vector<ResolvedAssignment>& assignments,
                                 const ResolveOptions& options, IdSource& ids) {
  check_columns(assignments, table, options);
  Row row(assignments, options, ids);
  const auto all = pointers(assignments);
  std::vector<ExprPtr> values;
  for (size_t i = 0; i < table.fields().size(); ++i) {
    const types::StructField& field = table.fields()[i];
    values.push_back(
        row.value(column(current[i]), field, row.of_field(all, 0, field.name), 1, {field.name}));
  }
  return values;
}

std::vector<ExprPtr> inserted_row(const types::DataType& table,
                                  const std::vector<ResolvedAssignment>& assignments,
                                  const ResolveOptions& options, IdSource& ids) {
  check_columns(assignments, table, options);
  Row row(assignments, options, ids);
  const auto all = pointers(assignments);
  std::vector<ExprPtr> values;
  for (const types::StructField& field : table.fields()) {
    const auto mine = row.of_field(all, 0, field.name);
    for (const ResolvedAssignment* assignment : mine) {
      if (assignment->column.size() > 1)
        throw_assignments(
            assignments,
            "Nested fields are not supported inside INSERT clauses of MERGE operations");
    }
    if (mine.empty() && !field.nullable)
      throw_assignments(assignments, "No assignment for '" + field.name + "'");
    values.push_back(mine.empty() ? null_of(field.type)
                                  : row.value(nullptr, field, mine, 1, {field.name}));
  }
  return values;
}

bool is_default_keyword(const Expr& expr) {
  const auto* name = std::get_if<UnresolvedName>(&expr.node);
  if (name == nullptr || name->parts.size() != 1 || name->parts[0].size() != 7) return false;
  return std::ranges::equal(name->parts[0], std::string_view("default"), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  });
}

}  // namespace firn::plan

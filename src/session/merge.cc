// MERGE INTO: one join of source and target says what happens to each row.
#include <algorithm>
#include <cctype>

#include "base/ascii.h"
#include "base/error.h"
#include "plan/build.h"
#include "session/row_level.h"
#include "session/statements.h"

namespace firn::session {
namespace {

using plan::Attribute;
using plan::ExprPtr;
using plan::MergeAction;
using When = plan::MergeAction::When;
using Kind = plan::MergeAction::Kind;
using types::DataTypeId;

ExprPtr is_set(const Attribute& attribute) {
  return plan::call("isnotnull", {plan::column(attribute)}, DataTypeId::kBoolean);
}
ExprPtr is_unset(const Attribute& attribute) {
  return plan::call("isnull", {plan::column(attribute)}, DataTypeId::kBoolean);
}

class MergePlan {
 public:
  MergePlan(Session& session, const plan::Merge& node) : session_(session), node_(node) {}

  RowChanges make(Target& target) {
    if (node_.actions.empty()) throw Error("NO_MERGE_ACTION_SPECIFIED");
    target_ = &target;
    resolve_source();
    if (node_.with_schema_evolution) evolve(target);
    scan_ = scan_target(session_, target, node_.alias, true);
    schema_ = types::to_spark(target.metadata().schema());
    join();
    RowChanges changes;
    changes.command = RowCommand::kMerge;
    if (!has(When::kNotMatchedBySource)) changes.filter = filter_;
    changes.one_source_row_each = needs_cardinality_check();
    changes.actions = {RowAction::kNone};
    for (const MergeAction& action : node_.actions) changes.actions.push_back(kind_of(action));
    changes.query = with_values(with_clause(changes.one_source_row_each));
    return changes;
  }

 private:
  static RowAction kind_of(const MergeAction& action) {
    switch (action.kind) {
      case Kind::kDelete:
        return RowAction::kDelete;
      case Kind::kInsert:
      case Kind::kInsertAll:
        return RowAction::kInsert;
      default:
        return RowAction::kUpdate;
    }
  }

  bool has(When when) const {
    return std::ranges::any_of(node_.actions,
                               [when](const MergeAction& action) { return action.when == when; });
  }

  // A lone unconditional DELETE may meet a row twice.
  bool needs_cardinality_check() const {
    std::vector<const MergeAction*> matched;
    for (const MergeAction& action : node_.actions)
      if (action.when == When::kMatched) matched.push_back(&action);
    if (matched.empty()) return false;
    return matched.size() > 1 || matched[0]->kind != Kind::kDelete ||
           matched[0]->condition != nullptr;
  }

  // The source's columns by the name that the statement gives it, and a mark of its presence.
  void resolve_source() {
    SessionSurroundings surroundings(session_);
    const plan::RelationPtr source = plan::resolve(
        node_.source, resolve_options(session_, *target_), surroundings, session_.ids());
    if (source->streaming) throw_invalid("MERGE reads a finite source, not a stream");
    std::vector<ExprPtr> columns;
    for (const Attribute& attribute : source->output) columns.push_back(plan::column(attribute));
    columns.push_back(named(session_, plan::boolean_literal(true), "__source"));
    source_ = plan::project(std::move(columns), source);
    const auto* alias = std::get_if<plan::SubqueryAlias>(&node_.source->node);
    for (size_t i = 0; i + 1 < source_->output.size(); ++i) {
      Attribute attribute = source_->output[i];
      attribute.qualifier = source->output[i].qualifier;
      if (alias != nullptr) attribute.qualifier = {alias->alias};
      source_columns_.push_back(std::move(attribute));
    }
  }

  // The source's column of this name goes into the table's: by a star, or by c = s.c.
  bool is_taken_over(const std::string& column) const {
    return std::ranges::any_of(node_.actions, [&](const MergeAction& action) {
      if (action.kind == Kind::kUpdateAll || action.kind == Kind::kInsertAll) return true;
      return std::ranges::any_of(action.assignments, [&](const plan::Assignment& assignment) {
        const auto* value = std::get_if<plan::UnresolvedName>(&assignment.value->node);
        return value != nullptr && lower_case(value->parts.back()) == lower_case(column) &&
               lower_case(assignment.column.back()) == lower_case(column);
      });
    });
  }

  void evolve(Target& target) {
    std::vector<types::StructField> fields;
    for (const Attribute& attribute : source_columns_)
      if (is_taken_over(attribute.name)) fields.push_back({attribute.name, attribute.type, true});
    if (fields.empty()) return;
    evolve_schema(session_, target, types::DataType::structure(std::move(fields)), false);
  }

  void join() {
    std::vector<Attribute> both = scan_.columns;
    both.insert(both.end(), source_columns_.begin(), source_columns_.end());
    const ExprPtr condition = checked(node_.condition, both, "SEARCH");
    filter_ = plan::to_iceberg_predicate(*condition, scan_.scanned);
    const bool inserts = has(When::kNotMatched), leftover = has(When::kNotMatchedBySource);
    plan::Join join;
    join.kind = inserts && leftover ? plan::JoinKind::kFull
                : inserts           ? plan::JoinKind::kLeft
                : leftover          ? plan::JoinKind::kRight
                                    : plan::JoinKind::kInner;
    join.left = source_;
    join.right = scan_.relation;
    join.condition = condition;
    joined_ = plan::finish(std::move(join));
    // Either side's columns may be NULL now.
    const std::vector<Attribute>& output = joined_->output;
    const size_t width = source_columns_.size();
    for (size_t i = 0; i < width; ++i) source_columns_[i].nullable = output[i].nullable;
    source_mark_ = output[width];
    source_mark_.nullable = true;
    const auto joined_as = [&](Attribute& attribute, size_t index) {
      attribute.nullable = output[index].nullable;
    };
    for (size_t i = 0; i < scan_.columns.size(); ++i) joined_as(scan_.columns[i], width + 1 + i);
    scan_.file.nullable = scan_.position.nullable = true;
  }

  ExprPtr checked(const ExprPtr& unresolved, const std::vector<Attribute>& columns,
                  const char* name) {
    const ExprPtr condition = resolve_condition(session_, *target_, unresolved, columns);
    const char* problem = plan::contains_subquery(*condition)    ? "SUBQUERY"
                          : plan::contains_aggregate(*condition) ? "AGGREGATE"
                          : condition->is_volatile               ? "NON_DETERMINISTIC"
                                                                 : nullptr;
    if (problem != nullptr) {
      throw Error("UNSUPPORTED_MERGE_CONDITION." + std::string(problem),
                  {{"condName", name}, {"cond", "\"" + plan::pretty_name(*condition) + "\""}});
    }
    return condition;
  }

  std::vector<Attribute> visible(const MergeAction& action) const {
    std::vector<Attribute> columns;
    if (action.when != When::kNotMatched) columns = scan_.columns;
    if (action.when != When::kNotMatchedBySource)
      columns.insert(columns.end(), source_columns_.begin(), source_columns_.end());
    return columns;
  }

  // Each joined row with the number of its clause (from 1; 0: none).
  plan::RelationPtr with_clause(bool keep_matched) {
    std::vector<plan::CaseBranch> branches;
    int32_t number = 0;
    for (const MergeAction& action : node_.actions) {
      ++number;
      ExprPtr when = action.when == When::kMatched
                         ? plan::both(is_set(scan_.file), is_set(source_mark_))
                     : action.when == When::kNotMatched ? is_unset(scan_.file)
                                                        : is_unset(source_mark_);
      if (action.condition != nullptr) {
        const char* name = action.kind == Kind::kDelete       ? "DELETE"
                           : action.when == When::kNotMatched ? "INSERT"
                                                              : "UPDATE";
        when = plan::both(when, checked(action.condition, visible(action), name));
      }
      branches.push_back({when, plan::integer_literal(number)});
    }
    std::vector<ExprPtr> outputs;
    for (const Attribute& attribute : joined_->output) outputs.push_back(plan::column(attribute));
    outputs.push_back(
        named(session_, plan::case_when(std::move(branches), plan::integer_literal(0)), "clause"));
    clause_ = plan::attribute_of(*outputs.back());
    const plan::RelationPtr numbered = plan::project(std::move(outputs), joined_);
    ExprPtr acts =
        plan::call("!=", {plan::column(clause_), plan::integer_literal(0)}, DataTypeId::kBoolean);
    if (keep_matched)
      acts = plan::call("or", {acts, plan::both(is_set(scan_.file), is_set(source_mark_))},
                        DataTypeId::kBoolean);
    return plan::filter(acts, numbered);
  }

  plan::RelationPtr with_values(const plan::RelationPtr& numbered) {
    const size_t width = schema_.fields().size();
    std::vector<std::vector<plan::CaseBranch>> branches(width);
    int32_t number = 0;
    for (const MergeAction& action : node_.actions) {
      ++number;
      if (action.kind == Kind::kDelete) continue;
      const std::vector<ExprPtr> row = row_of(action);
      const ExprPtr here = plan::call("=", {plan::column(clause_), plan::integer_literal(number)},
                                      DataTypeId::kBoolean);
      for (size_t i = 0; i < width; ++i) branches[i].push_back({here, row[i]});
    }
    std::vector<ExprPtr> outputs;
    const bool writes = !branches[0].empty();
    for (size_t i = 0; writes && i < width; ++i) {
      const types::StructField& field = schema_.fields()[i];
      outputs.push_back(named(session_,
                              plan::case_when(std::move(branches[i]), plan::null_of(field.type)),
                              field.name));
    }
    outputs.push_back(plan::column(scan_.file));
    outputs.push_back(plan::column(scan_.position));
    outputs.push_back(plan::column(clause_));
    return plan::project(std::move(outputs), numbered);
  }

  std::vector<ExprPtr> row_of(const MergeAction& action) {
    std::vector<plan::ResolvedAssignment> assignments;
    const bool all = action.kind == Kind::kUpdateAll || action.kind == Kind::kInsertAll;
    if (all) {
      assignments = all_columns();
    } else {
      const std::vector<Attribute> columns = visible(action);
      for (const plan::Assignment& assignment : action.assignments) {
        assignments.push_back({assigned_column(assignment.column, scan_.columns),
                               resolve_value(session_, *target_, assignment.value, columns)});
      }
    }
    const plan::ResolveOptions options = resolve_options(session_, *target_);
    return action.when == When::kNotMatched
               ? plan::inserted_row(schema_, assignments, options, session_.ids())
               : plan::updated_row(scan_.columns, schema_, assignments, options, session_.ids());
  }

  // SET *, INSERT *: the source's columns by the table's names.
  std::vector<plan::ResolvedAssignment> all_columns() {
    std::vector<plan::ResolvedAssignment> assignments;
    for (const types::StructField& field : schema_.fields()) {
      if (node_.with_schema_evolution && !source_has(field.name)) continue;
      assignments.push_back(
          {{field.name},
           resolve_value(session_, *target_, plan::make(plan::UnresolvedName{{field.name}, {}}),
                         source_columns_)});
    }
    return assignments;
  }

  bool source_has(const std::string& name) const {
    return std::ranges::any_of(source_columns_, [&](const Attribute& attribute) {
      return std::ranges::equal(attribute.name, name, [](unsigned char a, unsigned char b) {
        return std::tolower(a) == std::tolower(b);
      });
    });
  }

  Session& session_;
  const plan::Merge& node_;
  const Target* target_ = nullptr;
  plan::RelationPtr source_, joined_;
  std::vector<Attribute> source_columns_;
  Attribute source_mark_, clause_;
  TargetScan scan_;
  types::DataType schema_;
  types::Predicate filter_;
};

}  // namespace

plan::NameParts assigned_column(const plan::NameParts& written,
                                const std::vector<Attribute>& columns) {
  const auto same = [](const std::string& a, const std::string& b) {
    return std::ranges::equal(
        a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
  };
  if (written.size() < 2 || columns.empty()) return written;
  const bool is_column = std::ranges::any_of(
      columns, [&](const Attribute& attribute) { return same(attribute.name, written[0]); });
  if (is_column) return written;
  // catalog.namespace.table.column, or any tail of the table's name before the column
  const std::vector<std::string>& qualifier = columns[0].qualifier;
  for (size_t length = std::min(qualifier.size(), written.size() - 1); length > 0; --length) {
    if (std::ranges::equal(written.begin(), written.begin() + static_cast<long>(length),
                           qualifier.end() - static_cast<long>(length), qualifier.end(), same))
      return {written.begin() + static_cast<long>(length), written.end()};
  }
  return written;
}

Result merge_rows(Session& session, const plan::Merge& node, const StopToken& stop) {
  Target target = open_target(session, node.table, write_options(session, {}));
  const RowChanges changes = MergePlan(session, node).make(target);
  const RowCounts counts = change_rows(session, target, changes, stop);
  return {{},
          nullptr,
          "updated " + std::to_string(counts.updated) + ", deleted " +
              std::to_string(counts.deleted) + ", inserted " + std::to_string(counts.inserted) +
              " rows"};
}

}  // namespace firn::session

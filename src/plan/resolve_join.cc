// Joins: ON, USING and NATURAL, whose common columns appear once.
#include <algorithm>

#include "base/nearest.h"
#include "plan/resolver.h"

namespace firn::plan {
namespace {

const Attribute* column_named(const Scope& scope, std::string_view name, bool case_sensitive) {
  for (const Attribute& attribute : scope.columns)
    if (same_name(attribute.name, name, case_sensitive)) return &attribute;
  return nullptr;
}

[[noreturn]] void throw_using(const std::string& name, const char* side, const Scope& scope,
                              const std::optional<QueryContext>& origin) {
  std::vector<std::string> names;
  for (const Attribute& attribute : scope.columns) names.push_back(backquoted(attribute.name));
  std::string list;
  for (const std::string& known : sort_by_distance(backquoted(name), std::move(names), 5))
    list += (list.empty() ? "" : ", ") + known;
  throw_at(origin, "UNRESOLVED_USING_COLUMN_FOR_JOIN",
           {{"colName", backquoted(name)}, {"side", side}, {"suggestion", list}});
}

// The left rows of a lateral join must be there before the right side is asked for.
void check_lateral(const Join& node, const std::optional<QueryContext>& origin) {
  if (!node.using_columns.empty() || node.natural)
    throw_at(origin, "UNSUPPORTED_FEATURE.LATERAL_JOIN_USING");
  if (node.kind != JoinKind::kInner && node.kind != JoinKind::kCross &&
      node.kind != JoinKind::kLeft)
    throw_at(origin, "INVALID_LATERAL_JOIN_TYPE",
             {{"joinType", node.kind == JoinKind::kRight  ? "RIGHT OUTER"
                           : node.kind == JoinKind::kFull ? "FULL OUTER"
                                                          : "LEFT SEMI"}});
}

bool keeps_right(JoinKind kind) {
  return kind != JoinKind::kLeftSemi && kind != JoinKind::kLeftAnti;
}

void set_nullability(std::vector<Attribute>& attributes, const RelationPtr& plan) {
  for (Attribute& attribute : attributes)
    for (const Attribute& given : plan->output)
      if (given.id == attribute.id) attribute.nullable = given.nullable;
}

}  // namespace

Unaliased behind_aliases(const Relation& relation) {
  Unaliased found{&relation, {}, {}};
  while (const auto* named = std::get_if<SubqueryAlias>(&found.relation->node)) {
    if (found.alias.empty()) found.alias = named->alias, found.names = named->columns;
    found.relation = named->child.get();
  }
  return found;
}

Scoped Resolver::joined_on(const Join& node, Scoped rows) {
  if (!node.condition) return rows;
  Site on;
  on.scope = &rows.scope;
  on.clause = "JOIN";
  rows.plan = filter(boolean_condition(node.condition, on, "JOIN"), rows.plan);
  return rows;
}

Scoped Resolver::join(const Join& node, const Relation& relation) {
  Scoped left = this->relation(node.left);
  if (auto generated = lateral_generator(node, left, relation)) return std::move(*generated);
  if (auto made = lateral_python(node, left, relation)) return std::move(*made);
  const bool lateral = std::holds_alternative<Lateral>(node.right->node);
  if (lateral) check_lateral(node, relation.origin);
  if (lateral) outer_.push_back(&left.scope);
  Scoped right;
  try {
    right = this->relation(node.right);
  } catch (...) {
    if (lateral) outer_.pop_back();
    throw;
  }
  if (lateral) outer_.pop_back();
  std::vector<std::string> shared = node.using_columns;
  if (node.natural)
    for (const Attribute& attribute : left.scope.columns)
      if (column_named(right.scope, attribute.name, options_.case_sensitive) != nullptr)
        shared.push_back(attribute.name);

  Scope both_sides;
  both_sides.columns = left.scope.columns;
  both_sides.hidden = left.scope.hidden;
  both_sides.columns.insert(both_sides.columns.end(), right.scope.columns.begin(),
                            right.scope.columns.end());
  both_sides.hidden.insert(both_sides.hidden.end(), right.scope.hidden.begin(),
                           right.scope.hidden.end());
  both_sides.depths = left.scope.depths;
  both_sides.depths.insert(right.scope.depths.begin(), right.scope.depths.end());
  Join made{node.kind, left.plan, right.plan, nullptr, {}, false};
  std::vector<std::pair<Attribute, Attribute>> pairs;
  for (const std::string& name : shared) {
    const Attribute* a = column_named(left.scope, name, options_.case_sensitive);
    const Attribute* b = column_named(right.scope, name, options_.case_sensitive);
    if (a == nullptr) throw_using(name, "left", left.scope, relation.origin);
    if (b == nullptr) throw_using(name, "right", right.scope, relation.origin);
    const auto type = comparison_type(a->type, b->type, options_.ansi);
    if (!type)
      throw_at(relation.origin, "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES",
               {{"sqlExpr", "\"(" + a->name + " = " + b->name + ")\""},
                {"left", quoted_type(a->type)},
                {"right", quoted_type(b->type)}});
    made.condition =
        both(made.condition, call("=", {coerce(column(*a), *type), coerce(column(*b), *type)},
                                  DataTypeId::kBoolean, settings()));
    pairs.emplace_back(*a, *b);
  }
  if (node.condition) {
    Site site;
    site.scope = &both_sides;
    site.clause = "JOIN";
    made.condition = boolean_condition(node.condition, site, "JOIN");
  }
  const JoinKind kind = node.kind;
  Scoped result{finish(std::move(made), relation.origin), {}};
  if (!keeps_right(kind)) {
    result.scope = left.scope;
    return result;
  }
  set_nullability(both_sides.columns, result.plan);
  if (pairs.empty()) {
    result.scope = std::move(both_sides);
    return result;
  }

  // The shared columns first, then the left's others, then the right's; both sides' own ones stay
  // reachable by their table's name.
  Scope scope;
  std::vector<ExprPtr> outputs;
  for (const Attribute& attribute : result.plan->output) outputs.push_back(column(attribute));
  const auto is_shared = [&](AttributeId id) {
    return std::any_of(pairs.begin(), pairs.end(), [&](const auto& pair) {
      return pair.first.id == id || pair.second.id == id;
    });
  };
  for (auto& [a, b] : pairs) {
    if (kind == JoinKind::kFull) {
      const DataType type = *common_type(a.type, b.type, options_.ansi);
      const ExprPtr merged =
          call("coalesce", {coerce(column(a), type), coerce(column(b), type)}, type, settings());
      outputs.push_back(alias(merged, a.name, ids_.next()));
      scope.columns.push_back(attribute_of(*outputs.back()));
      scope.hidden.push_back(a), scope.hidden.push_back(b);
    } else if (kind == JoinKind::kRight) {
      scope.columns.push_back(b);
      scope.hidden.push_back(a);
    } else {
      scope.columns.push_back(a);
      scope.hidden.push_back(b);
    }
  }
  for (const Attribute& attribute : both_sides.columns)
    if (!is_shared(attribute.id)) scope.columns.push_back(attribute);
  scope.hidden.insert(scope.hidden.end(), both_sides.hidden.begin(), both_sides.hidden.end());
  if (kind == JoinKind::kFull) result.plan = project(std::move(outputs), result.plan);
  result.scope = std::move(scope);
  return result;
}

Scoped Resolver::set_operation(const SetOperation& node, const Relation& relation) {
  const char* word = node.kind == SetKind::kUnion       ? "UNION"
                     : node.kind == SetKind::kIntersect ? "INTERSECT"
                                                        : "EXCEPT";
  const auto ordinal_of = [](size_t i) {
    constexpr const char* kNames[] = {"first", "second", "third", "fourth", "fifth"};
    return i < 5 ? std::string(kNames[i]) : std::to_string(i + 1) + "th";
  };
  std::vector<RelationPtr> children;
  for (const RelationPtr& child : node.children) children.push_back(trimmed(this->relation(child)));
  if (node.by_name) align_by_name(children, node, relation);
  const size_t width = children[0]->output.size();
  std::vector<DataType> types;
  for (const Attribute& attribute : children[0]->output) types.push_back(attribute.type);
  for (size_t i = 1; i < children.size(); ++i) {
    if (children[i]->output.size() != width)
      throw_at(relation.origin, "NUM_COLUMNS_MISMATCH",
               {{"operator", word},
                {"firstNumColumns", std::to_string(width)},
                {"invalidOrdinalNum", ordinal_of(i)},
                {"invalidNumColumns", std::to_string(children[i]->output.size())}});
    for (size_t c = 0; c < width; ++c) {
      const auto type = common_type(types[c], children[i]->output[c].type, options_.ansi);
      if (!type)
        throw_at(relation.origin, "INCOMPATIBLE_COLUMN_TYPE",
                 {{"operator", word},
                  {"columnOrdinalNumber", ordinal_of(c)},
                  {"tableOrdinalNumber", ordinal_of(i)},
                  {"dataType1", quoted_type(children[i]->output[c].type)},
                  {"dataType2", quoted_type(types[c])},
                  {"hint", ""}});
      types[c] = *type;
    }
  }
  for (size_t c = 0; c < width && !(node.kind == SetKind::kUnion && node.all); ++c)
    if (types[c].id() == DataTypeId::kMap)
      throw_at(relation.origin, "UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE",
               {{"colName", backquoted(children[0]->output[c].name)},
                {"dataType", quoted_type(types[c])}});
  std::vector<bool> nullable(width, false);
  for (size_t i = 0; i < children.size(); ++i) {
    RelationPtr& child = children[i];
    bool casts = false;
    std::vector<ExprPtr> columns;
    for (size_t c = 0; c < width; ++c) {
      const Attribute& attribute = child->output[c];
      const ExprPtr as_is = column(attribute);
      const ExprPtr value = coerce(as_is, types[c]);
      casts |= value != as_is;
      columns.push_back(value == as_is ? value : alias(value, attribute.name, ids_.next()));
      nullable[c] = nullable[c] || value->nullable;
    }
    if (casts) child = project(std::move(columns), child);
  }
  std::vector<Attribute> output;
  for (size_t c = 0; c < width; ++c)
    output.push_back({ids_.next(), children[0]->output[c].name, types[c], nullable[c], {}});
  auto made = std::const_pointer_cast<Relation>(
      finish(SetOperation{node.kind, node.all, false, std::move(children)}, relation.origin));
  made->output = output;
  Scoped result{made, {}};
  result.scope.columns = std::move(output);
  return result;
}

}  // namespace firn::plan

// Relations: tables, CTEs, aliases, VALUES, WHERE, LIMIT, watermarks; and the doors of resolution.
#include <algorithm>

#include "base/ascii.h"
#include "base/nearest.h"
#include "plan/file_columns.h"
#include "plan/fold.h"
#include "plan/python_plan.h"
#include "plan/resolver.h"

namespace firn::plan {
namespace {

constexpr int kMaxDepth = 1000;

struct Depth {  // of the call stack; deeper plans are refused instead of crashing
  int& depth;
  explicit Depth(int& d) : depth(d) {
    if (++depth > kMaxDepth) {
      --depth;
      throw Error(
          "FIRN_RESOURCE",
          {{"what", "The query nests more than " + std::to_string(kMaxDepth) +
                        " relations in one another. Split it with temporary views or tables."}});
    }
  }
  ~Depth() { --depth; }
};

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace

Scoped Resolver::relation(const RelationPtr& unresolved) {
  const Depth depth(depth_);
  Scoped result = node_of(unresolved);
  remember(*unresolved, result.scope);
  return result;
}

Scoped Resolver::node_of(const RelationPtr& unresolved) {
  if (unresolved->resolved) return freshened(unresolved);
  const Relation& r = *unresolved;
  return std::visit(
      Overloaded{
          [&](const UnresolvedTable& node) { return table(node, r); },
          [&](const UnresolvedTableFunction& node) { return table_function(node, r); },
          [&](const With& node) { return with(node); },
          [&](const SubqueryAlias& node) { return subquery_alias(node); },
          [&](const InlineTable& node) { return inline_table(node, r); },
          [&](const Filter& node) { return filter_of(node, r); },
          [&](const Limit& node) { return limit(node); },
          [&](const Join& node) { return join(node, r); },
          [&](const SetOperation& node) { return set_operation(node, r); },
          [&](const Deduplicate& node) { return deduplicate(node, r); },
          [&](const Watermark& node) { return watermark(node, r); },
          [&](const Sort& node) { return finished(block(node.child), &node.keys); },
          [&](const PythonMap& node) { return python_map(node, r); },
          [&](const Generate& node) { return generate(node, r); },
          [&](const Pivot& node) { return pivot(node, r); },
          [&](const Unpivot& node) { return unpivot(node, r); },
          [&](const Hint& node) { return hinted(node); },
          [&](const Lateral& node) { return relation(node.child); },
          [&](const NameColumns& node) { return name_columns(node); },
          [&](const ToSchema& node) { return to_schema(node); },
          [&](const FillNulls& node) { return fill_nulls(node); },
          [&](const DropNulls& node) { return drop_nulls(node); },
          [&](const ReplaceValues& node) { return replace_values(node); },
          [&](const Sample& node) { return sample(node); },
          [&](const Tail& node) { return tail(node); },
          [&](const Statistic& node) { return statistic(node); },
          [&](const OneRow& node) { return Scoped{finish(node, r.origin), {}}; },
          [&](const Range& node) {
            auto made = std::const_pointer_cast<Relation>(finish(node, r.origin));
            made->output = {{ids_.next(), "id", DataTypeId::kLong, false, {}}};
            return scoped(made);
          },
          [&]<class Node>(const Node&) -> Scoped {
            if constexpr (std::is_same_v<Node, Project> || std::is_same_v<Node, Aggregate> ||
                          std::is_same_v<Node, Having> || std::is_same_v<Node, Distinct>)
              return finished(block(unresolved), nullptr);
            if constexpr (std::is_same_v<Node, WithColumns> ||
                          std::is_same_v<Node, RenameColumns> || std::is_same_v<Node, DropColumns>)
              return column_chain(unresolved);
            const std::string line = to_string(r);
            throw_unsupported("the relation " + line.substr(0, line.find('\n')));
          },
      },
      r.node);
}

Scoped Resolver::scoped(RelationPtr plan) {
  Scoped result{plan, {}};
  for (const Attribute& attribute : plan->output) {
    seen_.insert(attribute.id);
    const bool has_prefix = attribute.name.starts_with(kHiddenPrefix);
    if (attribute.name != kFileMetadataColumn && attribute.name != kInputFileColumn &&
        !has_prefix) {
      result.scope.columns.push_back(attribute);
      continue;
    }
    result.scope.hidden.push_back(attribute);
    std::string& name = result.scope.hidden.back().name;
    if (name == kFileMetadataColumn) name = "_metadata";
    if (has_prefix) name.erase(0, std::string_view(kHiddenPrefix).size());
  }
  return result;
}

Scoped Resolver::freshened(RelationPtr plan) {
  const bool known =
      std::any_of(plan->output.begin(), plan->output.end(),
                  [&](const Attribute& attribute) { return seen_.count(attribute.id) > 0; });
  if (!known) return scoped(std::move(plan));
  std::vector<ExprPtr> renamed;
  std::vector<Attribute> columns;
  for (const Attribute& attribute : plan->output) {
    renamed.push_back(alias(column(attribute), attribute.name, ids_.next()));
    columns.push_back(attribute_of(*renamed.back()));
    columns.back().qualifier = attribute.qualifier;
  }
  Scoped result = scoped(project(std::move(renamed), std::move(plan)));
  for (size_t i = 0, shown = 0; i < columns.size() && shown < result.scope.columns.size(); ++i) {
    if (columns[i].id == result.scope.columns[shown].id)
      result.scope.columns[shown++] = std::move(columns[i]);
  }
  return result;
}

RelationPtr Resolver::trimmed(const Scoped& scoped) {
  const std::vector<Attribute>& wanted = scoped.scope.columns;
  const std::vector<Attribute>& given = scoped.plan->output;
  const bool same =
      wanted.size() == given.size() && std::equal(wanted.begin(), wanted.end(), given.begin(),
                                                  [](const Attribute& a, const Attribute& b) {
                                                    return a.id == b.id && a.name == b.name;
                                                  });
  if (same) return scoped.plan;
  std::vector<ExprPtr> columns;
  for (const Attribute& attribute : wanted) columns.push_back(column(attribute));
  return project(std::move(columns), scoped.plan);
}

Scoped Resolver::table(const UnresolvedTable& node, const Relation& relation) {
  if (node.parts.size() == 1) {
    const std::string key = lower_case(node.parts[0]);
    for (size_t level = with_.size(); level-- > 0;) {
      const auto found = with_[level].find(key);
      if (found == with_[level].end()) continue;
      // Its own name means what stands outside of it.
      std::vector<std::map<std::string, NamedRelation>> outside(
          with_.begin(), with_.begin() + static_cast<long>(level) + 1);
      const NamedRelation definition = found->second;
      outside.back().erase(key);
      for (auto it = outside.back().begin(); it != outside.back().end();)
        it = it->second.plan->origin && definition.plan->origin &&
                     it->second.plan->origin->position.start >
                         definition.plan->origin->position.start
                 ? outside.back().erase(it)
                 : std::next(it);
      std::swap(with_, outside);
      Scoped result;
      try {
        result =
            subquery_alias(SubqueryAlias{definition.name, definition.columns, definition.plan});
      } catch (...) {
        std::swap(with_, outside);
        throw;
      }
      std::swap(with_, outside);
      return result;
    }
  }
  const RelationPtr plan = surroundings_.find_table(node, ids_);
  if (!plan) {
    const std::vector<std::string> known = surroundings_.known_tables();
    (void)known;
    throw_at(relation.origin, "TABLE_OR_VIEW_NOT_FOUND",
             {{"relationName", backquoted(node.parts)}});
  }
  Scoped result = freshened(plan);
  if (!plan->output.empty() && plan->output.back().name.starts_with(kHiddenPrefix)) {
    // The columns know the table's whole name.
    for (Attribute& attribute : result.scope.hidden)
      attribute.qualifier = result.scope.columns.front().qualifier;
    return result;
  }
  std::vector<std::string> qualifier = node.parts;
  if (const auto* scan = std::get_if<TableScan>(&plan->node)) qualifier = scan->name;
  for (Attribute& attribute : result.scope.columns) attribute.qualifier = qualifier;
  return result;
}

Scoped Resolver::table_function(const UnresolvedTableFunction& node, const Relation& relation) {
  const functions::Function* function = functions::find_function(node.name);
  if (function != nullptr && function->kind == functions::Kind::kGenerator)
    return generated_rows(node, relation);
  if (auto python = python_table_function(relation))
    return python_rows(node, std::move(python), relation, nullptr, false);
  std::vector<std::pair<std::string, Literal>> arguments;
  const Scope none;
  Site site;
  site.scope = &none;
  site.clause = "a table function";
  for (size_t i = 0; i < node.arguments.size(); ++i) {
    const ExprPtr value = fold(expression(node.arguments[i], site));
    const Literal* constant = as_literal(*value);
    if (constant == nullptr)
      throw_at(value->origin, "NON_FOLDABLE_ARGUMENT",
               {{"funcName", backquoted(node.name)},
                {"paramName", backquoted(std::to_string(i + 1))},
                {"paramType", "\"STRING\""}});
    arguments.emplace_back(i < node.argument_names.size() ? node.argument_names[i] : "", *constant);
  }
  if (lower_case(node.name) == "range") {
    std::vector<int64_t> numbers;
    for (const auto& [name, constant] : arguments) {
      const auto* number = std::get_if<int64_t>(&constant.value);
      if (number == nullptr) break;
      numbers.push_back(*number);
    }
    if (numbers.size() == arguments.size() && !numbers.empty() && numbers.size() <= 4) {
      Range range;
      range.start = numbers.size() == 1 ? 0 : numbers[0];
      range.end = numbers.size() == 1 ? numbers[0] : numbers[1];
      if (numbers.size() > 2) range.step = numbers[2];
      if (range.step == 0)
        throw_at(relation.origin, "FAILED_FUNCTION_CALL", {{"funcName", "`range`"}});
      auto unresolved = std::make_shared<Relation>();
      unresolved->node = range;
      unresolved->origin = relation.origin;
      return this->relation(unresolved);
    }
  }
  const RelationPtr plan =
      surroundings_.find_table_function(node.name, arguments, node.streaming, ids_);
  if (!plan)
    throw_at(relation.origin, "UNRESOLVABLE_TABLE_VALUED_FUNCTION",
             {{"name", backquoted(node.name)}});
  return freshened(plan);
}

Scoped Resolver::with(const With& node) {
  with_.emplace_back();
  for (const NamedRelation& definition : node.definitions)
    with_.back()[lower_case(definition.name)] = definition;
  Scoped result;
  try {
    result = relation(node.child);
  } catch (...) {
    with_.pop_back();
    throw;
  }
  with_.pop_back();
  return result;
}

Scoped Resolver::subquery_alias(const SubqueryAlias& node) {
  Scoped result = relation(node.child);
  // An alias of a table still gives the table's hidden columns.
  if (!std::holds_alternative<UnresolvedTable>(node.child->node)) result.scope.hidden.clear();
  for (Attribute& attribute : result.scope.hidden) attribute.qualifier = {node.alias};
  result.scope.beyond.clear();
  std::vector<Attribute>& columns = result.scope.columns;
  if (!node.columns.empty() && node.columns.size() != columns.size())
    throw_at(node.child->origin, "ASSIGNMENT_ARITY_MISMATCH",
             {{"numTarget", std::to_string(node.columns.size())},
              {"numExpr", std::to_string(columns.size())}});
  for (size_t i = 0; i < columns.size(); ++i) {
    columns[i].qualifier = {node.alias};
    if (!node.columns.empty()) columns[i].name = node.columns[i];
  }
  return result;
}

Scoped Resolver::inline_table(const InlineTable& node, const Relation& relation) {
  const Scope none;
  Site site;
  site.scope = &none;
  site.clause = "VALUES";
  Rows rows;
  for (const std::vector<ExprPtr>& row : node.rows) {
    std::vector<ExprPtr> values;
    for (const ExprPtr& value : row) values.push_back(expression(value, site));
    rows.rows.push_back(std::move(values));
  }
  for (size_t i = 0; i < node.names.size(); ++i) {
    std::vector<DataType> types;
    bool nullable = false;
    for (const std::vector<ExprPtr>& row : rows.rows)
      types.push_back(row[i]->type), nullable |= row[i]->nullable;
    std::optional<DataType> type = DataType();
    for (const DataType& other : types)
      if (type) type = tightest_type(*type, other, options_.ansi);
    if (!type)
      throw_at(relation.origin, "INVALID_INLINE_TABLE.INCOMPATIBLE_TYPES_IN_INLINE_TABLE",
               {{"colName", backquoted(node.names[i])}});
    for (std::vector<ExprPtr>& row : rows.rows) row[i] = coerce(row[i], *type);
    rows.columns.push_back({ids_.next(), node.names[i], *type, nullable, {}});
  }
  return scoped(finish(std::move(rows), relation.origin));
}

Scoped Resolver::filter_of(const Filter& node, const Relation& relation) {
  Scoped child = this->relation(node.child);
  Scope beyond, names = child.scope;
  beyond.columns = child.scope.beyond;
  if (!beyond.columns.empty()) names.next = &beyond;
  Site site;
  site.scope = &names;
  site.aggregates = true;  // refused as a whole below, with the condition's text
  site.clause = "WHERE";
  ExprPtr condition = boolean_condition(node.condition, site, "WHERE");
  child.plan = finish(Filter{std::move(condition), child.plan}, relation.origin);
  return child;
}

// Rows stay where they are; columns to part them by must be there.
Scoped Resolver::hinted(const Hint& node) {
  Scoped child = relation(node.child);
  if (node.name != "repartition") return child;
  Site site;
  site.scope = &child.scope;
  for (const ExprPtr& key : node.parameters) (void)expression(key, site);
  return child;
}

Scoped Resolver::limit(const Limit& node) {
  Scoped child = relation(node.child);
  Site site;
  site.scope = &child.scope;
  const auto count = [&](const ExprPtr& unresolved, const char* name) -> ExprPtr {
    if (!unresolved) return nullptr;
    const ExprPtr value = fold(expression(unresolved, site));
    const Literal* constant = as_literal(*value);
    if (constant == nullptr)
      throw_at(value->origin, "INVALID_LIMIT_LIKE_EXPRESSION.IS_UNFOLDABLE",
               {{"name", name}, {"expr", "\"" + display(unresolved) + "\""}});
    if (!value->type.is_integral())
      throw_at(value->origin, "INVALID_LIMIT_LIKE_EXPRESSION.DATA_TYPE",
               {{"name", name},
                {"expr", "\"" + display(unresolved) + "\""},
                {"dataType", quoted_type(value->type)}});
    const auto* number = std::get_if<int64_t>(&constant->value);
    if (number == nullptr)
      throw_at(value->origin, "INVALID_LIMIT_LIKE_EXPRESSION.IS_NULL",
               {{"name", name}, {"expr", "\"" + display(unresolved) + "\""}});
    if (*number < 0)
      throw_at(value->origin, "INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE",
               {{"name", name},
                {"expr", "\"" + display(unresolved) + "\""},
                {"v", std::to_string(*number)}});
    return long_literal(*number);
  };
  Limit made{count(node.limit, "limit"), count(node.offset, "offset"), child.plan};
  child.plan = finish(std::move(made));
  return child;
}

Scoped Resolver::deduplicate(const Deduplicate& node, const Relation& relation) {
  Scoped child = this->relation(node.child);
  Site site;
  site.scope = &child.scope;
  site.clause = "DISTINCT ON";
  std::vector<ExprPtr> columns, keys;
  for (const Attribute& attribute : child.plan->output) columns.push_back(column(attribute));
  bool computed = false;
  const bool all =
      node.keys.size() == 1 && std::holds_alternative<UnresolvedStar>(node.keys[0]->node);
  if (all && !child.plan->streaming && !node.within_watermark) {
    child.plan = finish(Distinct{trimmed(child)}, relation.origin);
    child.scope.hidden.clear();
    child.scope.beyond.clear();
    return child;
  }
  for (const ExprPtr& key : expand_stars(node.keys, child.scope)) {
    const auto* name = std::get_if<UnresolvedName>(&key->node);
    if (relation.plan_id && name != nullptr && name->parts.size() == 1 &&
        std::none_of(child.scope.columns.begin(), child.scope.columns.end(),
                     [&](const Attribute& known) { return same(known.name, name->parts[0]); }))
      throw_among(name->parts[0], child.scope.columns, relation.origin);
    ExprPtr value = expression(key, site);
    if (!std::holds_alternative<ColumnRef>(value->node)) {
      computed = true;
      columns.push_back(alias(value, display(key), ids_.next()));
      value = column(attribute_of(*columns.back()));
    }
    keys.push_back(std::move(value));
  }
  if (computed) child.plan = project(std::move(columns), child.plan);
  child.plan =
      finish(Deduplicate{std::move(keys), node.within_watermark, child.plan}, relation.origin);
  return child;
}

Scoped Resolver::watermark(const Watermark& node, const Relation& relation) {
  Scoped child = this->relation(node.child);
  Site site;
  site.scope = &child.scope;
  site.clause = "WATERMARK";
  ExprPtr time = expression(node.column, site);
  if (time->type.id() != DataTypeId::kTimestamp && time->type.id() != DataTypeId::kTimestampNtz)
    throw_at(
        relation.origin, "EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE",
        {{"eventName", backquoted(display(node.column))}, {"eventType", quoted_type(time->type)}});
  if (!node.alias.empty() || !std::holds_alternative<ColumnRef>(time->node)) {
    std::vector<ExprPtr> columns;
    for (const Attribute& attribute : child.plan->output) columns.push_back(column(attribute));
    columns.push_back(alias(time, node.alias.empty() ? display(node.column) : node.alias,
                            ids_.next(), time->origin));
    const Attribute made = attribute_of(*columns.back());
    child.scope.columns.push_back(made);
    child.plan = project(std::move(columns), child.plan);
    time = column(made);
  }
  child.plan =
      finish(Watermark{std::move(time), node.alias, node.delay_us, child.plan}, relation.origin);
  return child;
}

RelationPtr resolve(const RelationPtr& unresolved, const ResolveOptions& options,
                    Surroundings& surroundings, IdSource& ids) {
  Resolver resolver(options, surroundings, ids);
  RelationPtr resolved = resolver.trimmed(resolver.relation(unresolved));
  if (resolver.nests_windows()) resolved = flat_windows(resolved, ids);
  return resolver.uses_python() ? extract_python(resolved, ids) : resolved;
}

ExprPtr resolve_expression(const ExprPtr& unresolved, const std::vector<Attribute>& input,
                           const ResolveOptions& options, Surroundings& surroundings,
                           IdSource& ids) {
  Resolver resolver(options, surroundings, ids);
  Scope scope;
  scope.columns = input;
  Site site;
  site.scope = &scope;
  site.clause = "an expression";
  return resolver.expression(unresolved, site);
}

}  // namespace firn::plan

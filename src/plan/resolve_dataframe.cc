// DataFrames: columns that name the relation they are of (plan ids), and the relations that change
// a few columns of their child.
#include <algorithm>
#include <cmath>

#include "plan/resolver.h"
#include "plan/rewrite.h"

namespace firn::plan {
namespace {

// An expression of so many nodes at most is computed again where a later column names it; beyond
// that a projection of its own computes it once.
constexpr size_t kMaxInlined = 32;

// So many relations further up a column of a relation still goes before one that is deeper.
constexpr int kMaxDepth = 16;

std::string dotted(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts)
    text += (text.empty() ? "" : ".") + types::quote_if_needed(part);
  return text;
}

const Attribute* with_id(const Scope& scope, AttributeId id) {
  for (const auto* list : {&scope.columns, &scope.hidden})
    for (const Attribute& attribute : *list)
      if (attribute.id == id) return &attribute;
  return nullptr;
}

size_t node_count(const Expr& expr) {
  size_t count = 1;
  for_each_child(expr, [&](const ExprPtr& child) { count += node_count(*child); });
  return count;
}

bool is_column_step(const Relation& relation) {
  return std::holds_alternative<WithColumns>(relation.node) ||
         std::holds_alternative<RenameColumns>(relation.node) ||
         std::holds_alternative<DropColumns>(relation.node);
}

const RelationPtr& child_of(const Relation& step) {
  if (const auto* node = std::get_if<WithColumns>(&step.node)) return node->child;
  if (const auto* node = std::get_if<RenameColumns>(&step.node)) return node->child;
  return std::get<DropColumns>(step.node).child;
}

// Generators and windows of time make rows: they need a select list of their own.
bool makes_rows(const ExprPtr& expr) {
  return any_node(*expr, [](const Expr& node) {
    const auto* call = std::get_if<UnresolvedCall>(&node.node);
    const functions::Function* function =
        call != nullptr ? functions::find_function(call->name) : nullptr;
    return function != nullptr &&
           (function->kind == functions::Kind::kGenerator || function->name == "window");
  });
}

// Columns that a chain of steps computes, until one projection is made of them.
struct Pending {
  Scoped at;
  std::map<AttributeId, ExprPtr> computed;
  std::vector<ExprPtr> aliases;  // of `computed`, in order

  void add(ExprPtr named) {
    const auto& node = std::get<Alias>(named->node);
    computed[node.id] = node.child;
    aliases.push_back(std::move(named));
  }
  // One projection of what has been collected; all columns below pass.
  void flush() {
    if (aliases.empty()) return;
    std::vector<ExprPtr> columns;
    for (const Attribute& attribute : at.plan->output) columns.push_back(column(attribute));
    columns.insert(columns.end(), aliases.begin(), aliases.end());
    at.plan = project(std::move(columns), at.plan);
    aliases.clear();
    computed.clear();
  }
  // The expression over the plan's columns: what it names among the collected ones put in place, or
  // computed first.
  ExprPtr over_plan(const ExprPtr& expr) {
    std::vector<AttributeId> ids;
    collect_references(*expr, ids);
    std::map<AttributeId, int> counts;
    for (const AttributeId id : ids)
      if (computed.count(id)) ++counts[id];
    if (counts.empty()) return expr;
    size_t size = node_count(*expr);
    bool fits = !contains_subquery(*expr) && !contains_window(*expr);
    for (const auto& [id, count] : counts) {
      const Expr& inner = *computed.at(id);
      if (is_cheap(inner)) continue;
      size += node_count(inner);
      fits = fits && count == 1 && !inner.is_volatile && !contains_window(inner) &&
             !contains_subquery(inner);
    }
    if (fits && size <= kMaxInlined) return substitute(expr, computed);
    flush();
    return expr;
  }
};

}  // namespace

// ---- Plan ids

void Resolver::remember(const Relation& unresolved, Scope& scope) {
  if (!unresolved.plan_id) return;
  planned_.emplace_back();
  planned_.back().columns = scope.columns;
  planned_.back().hidden = scope.hidden;
  std::map<size_t, int> depths{{planned_.size() - 1, 0}};
  for (const auto& [index, depth] : scope.depths)
    if (depth < kMaxDepth) depths[index] = depth + 1;
  scope.depths = std::move(depths);
  plan_ids_[*unresolved.plan_id].push_back(planned_.size() - 1);
}

// What the name is in the relation that it names, as far as `level` still has it. nullopt: the
// column was dropped or replaced on the way; then its name alone decides.
std::optional<NameMatch> Resolver::find_planned(const UnresolvedName& node, const Scope& level,
                                                const std::optional<QueryContext>& origin) {
  const auto known = plan_ids_.find(*node.plan_id);
  if (known == plan_ids_.end())
    throw_at(origin, "CANNOT_RESOLVE_DATAFRAME_COLUMN",
             {{"name", "\"" + dotted(node.parts) + "\""}});
  struct Candidate {
    NameMatch match;
    int depth;
  };
  std::vector<Candidate> found;
  for (const size_t index : known->second) {
    std::optional<NameMatch> match;
    try {
      match = find_name(planned_[index], node.parts, options_.case_sensitive, origin);
    } catch (const Error&) {
      continue;  // ambiguous there: as if there were none
    }
    const Attribute* here = match ? with_id(level, match->attribute.id) : nullptr;
    if (here == nullptr) continue;
    match->attribute = *here;
    const auto near = level.depths.find(index);
    const int depth = near == level.depths.end() ? kMaxDepth + 1 : near->second;
    const auto same_column = std::find_if(
        found.begin(), found.end(),
        [&](const Candidate& candidate) { return candidate.match.attribute.id == here->id; });
    if (same_column != found.end())
      same_column->depth = std::min(same_column->depth, depth);
    else
      found.push_back({*match, depth});
  }
  if (found.size() > 1) {
    // The nearest one, where there is but one.
    std::ranges::stable_sort(found, {}, &Candidate::depth);
    if (found[0].depth < found[1].depth) return found[0].match;
    throw_at(origin, "AMBIGUOUS_COLUMN_REFERENCE", {{"name", "\"" + dotted(node.parts) + "\""}});
  }
  return found.empty() ? std::nullopt : std::optional(found[0].match);
}

std::optional<NameMatch> Resolver::find_column(const UnresolvedName& node, const Scope& scope,
                                               const std::optional<QueryContext>& origin) {
  if (!node.plan_id) return find_name(scope, node.parts, options_.case_sensitive, origin);
  for (const Scope* level = &scope; level != nullptr; level = level->next) {
    if (auto match = find_planned(node, *level, origin)) return match;
    if (level->next == nullptr)
      return find_name(*level, node.parts, options_.case_sensitive, origin);
    Scope alone = *level;
    alone.next = nullptr;
    if (auto match = find_name(alone, node.parts, options_.case_sensitive, origin)) return match;
  }
  return std::nullopt;
}

// df["*"]
std::vector<ExprPtr> Resolver::planned_columns(int64_t plan_id, const Scope& scope) {
  const auto known = plan_ids_.find(plan_id);
  if (known != plan_ids_.end())
    for (const size_t index : known->second) {
      std::vector<ExprPtr> columns;
      for (const Attribute& attribute : planned_[index].columns)
        if (const Attribute* here = with_id(scope, attribute.id)) columns.push_back(column(*here));
      if (columns.size() == planned_[index].columns.size()) return columns;
    }
  throw_at({}, "CANNOT_RESOLVE_DATAFRAME_COLUMN", {{"name", "\"*\""}});
}

// What a plain select leaves out stays in the plan, for filters and sorts above it.
void Resolver::keep_beyond(const Block& block, std::vector<ExprPtr>& computed, Scope& shown) {
  if (plan_ids_.empty() || block.aggregated || block.distinct) return;
  std::set<AttributeId> given, have;
  for (const Attribute& attribute : block.input->output) given.insert(attribute.id);
  for (const ExprPtr& expr : computed) have.insert(attribute_of(*expr).id);
  for (const auto* list : {&block.from.columns, &block.from.beyond})
    for (const Attribute& attribute : *list) {
      if (!given.count(attribute.id) || !have.insert(attribute.id).second) continue;
      computed.push_back(column(attribute));
      shown.beyond.push_back(attribute);
    }
}

// ---- withColumns, withColumnsRenamed, drop: a chain of them is few projections

Scoped Resolver::column_chain(const RelationPtr& top) {
  std::vector<const Relation*> steps;
  const RelationPtr* below = &top;
  while (is_column_step(**below)) {
    steps.push_back(below->get());
    below = &child_of(**below);
  }
  Pending pending{relation(*below), {}, {}};
  Scope& scope = pending.at.scope;
  const auto put_beyond = [&](const Attribute& attribute) { scope.beyond.push_back(attribute); };
  const auto with_columns = [&](const WithColumns& node) {
    std::vector<std::pair<std::string, ExprPtr>> made;
    Site site;
    site.scope = &scope;
    site.windows = true;
    site.clause = "SELECT";
    for (const ExprPtr& item : node.columns) {
      const auto& named = std::get<Alias>(item->node);
      for (const auto& [name, value] : made)
        if (same(name, named.name))
          throw_at(item->origin, "COLUMN_ALREADY_EXISTS", {{"columnName", backquoted(named.name)}});
      made.emplace_back(named.name, pending.over_plan(expression(named.child, site)));
    }
    for (auto& [name, value] : made) {
      // Volatile values and windows are columns of their own from the start.
      ExprPtr named = alias(value, name, ids_.next());
      const Attribute attribute = attribute_of(*named);
      pending.add(std::move(named));
      bool replaced = false;
      for (Attribute& old : scope.columns) {
        if (!same(old.name, name)) continue;
        old = attribute;
        replaced = true;
      }
      if (!replaced) scope.columns.push_back(attribute);
    }
  };
  const auto rename = [&](const RenameColumns& node) {
    for (const auto& [from, to] : node.names)
      for (Attribute& old : scope.columns) {
        if (!same(old.name, from)) continue;
        put_beyond(old);
        ExprPtr named = alias(pending.over_plan(column(old)), to, ids_.next());
        old = attribute_of(*named);
        pending.add(std::move(named));
      }
  };
  const auto drop = [&](const DropColumns& node) {
    std::set<AttributeId> gone;
    for (const ExprPtr& item : node.columns) {
      if (const Literal* given = as_literal(*item)) {  // a name: all columns that have it
        const auto* text = std::get_if<std::string>(&given->value);
        for (const Attribute& attribute : scope.columns)
          if (text != nullptr && same(attribute.name, *text)) gone.insert(attribute.id);
        continue;
      }
      const auto* name = std::get_if<UnresolvedName>(&item->node);
      if (name == nullptr) continue;  // drops only columns
      if (const auto match = find_column(*name, scope, item->origin);
          match && (name->plan_id || match->used == name->parts.size()))
        gone.insert(match->attribute.id);
    }
    std::erase_if(scope.columns, [&](const Attribute& attribute) {
      if (!gone.count(attribute.id)) return false;
      put_beyond(attribute);
      return true;
    });
  };
  for (size_t i = steps.size(); i-- > 0;) {
    if (const auto* node = std::get_if<WithColumns>(&steps[i]->node)) {
      const bool generates = std::any_of(
          node->columns.begin(), node->columns.end(),
          [](const ExprPtr& item) { return makes_rows(std::get<Alias>(item->node).child); });
      if (generates) {  // rows multiply: a select list with the generator in it
        pending.flush();
        std::vector<ExprPtr> list;
        for (const Attribute& attribute : scope.columns) list.push_back(column(attribute));
        for (const ExprPtr& item : node->columns) {
          const auto place = std::find_if(list.begin(), list.end(), [&](const ExprPtr& other) {
            return other->resolved &&
                   same(attribute_of(*other).name, std::get<Alias>(item->node).name);
          });
          if (place == list.end())
            list.push_back(item);
          else
            *place = item;
        }
        pending.at = finished(select_from({}, list, pending.at), nullptr);
      } else {
        with_columns(*node);
      }
    } else if (const auto* renames = std::get_if<RenameColumns>(&steps[i]->node)) {
      rename(*renames);
    } else {
      drop(std::get<DropColumns>(steps[i]->node));
    }
    if (i > 0) remember(*steps[i], scope);
  }
  pending.flush();
  const std::vector<Attribute>& output = pending.at.plan->output;
  std::erase_if(scope.beyond, [&](const Attribute& attribute) {
    return std::none_of(output.begin(), output.end(),
                        [&](const Attribute& given) { return given.id == attribute.id; });
  });
  return pending.at;
}

Scoped Resolver::name_columns(const NameColumns& node) {
  Scoped child = relation(node.child);
  if (node.names.size() != child.scope.columns.size())
    throw_at({}, "ASSIGNMENT_ARITY_MISMATCH",
             {{"numTarget", std::to_string(node.names.size())},
              {"numExpr", std::to_string(child.scope.columns.size())}});
  std::vector<ExprPtr> columns;
  for (size_t i = 0; i < node.names.size(); ++i)
    columns.push_back(alias(column(child.scope.columns[i]), node.names[i], ids_.next()));
  return projected(std::move(columns), std::move(child));
}

// A projection of resolved columns that is the whole relation from here on.
Scoped Resolver::projected(std::vector<ExprPtr> columns, Scoped child) {
  Scoped result{project(std::move(columns), child.plan), {}};
  result.scope.columns = result.plan->output;
  for (Attribute& attribute : result.scope.columns)  // columns that pass keep their qualifier
    if (const Attribute* before = with_id(child.scope, attribute.id))
      attribute.qualifier = before->qualifier;
  return result;
}

const Attribute& Resolver::column_of(const Scope& scope, const std::string& name) {
  const Attribute* found = nullptr;
  for (const Attribute& attribute : scope.columns) {
    if (!same(attribute.name, name)) continue;
    if (found != nullptr)
      (void)find_name(scope, {name}, options_.case_sensitive, {});  // throws: ambiguous
    found = &attribute;
  }
  if (found == nullptr) throw_unresolved({name}, scope, {});
  return *found;
}

void Resolver::throw_among(const std::string& name, const std::vector<Attribute>& columns,
                           const std::optional<QueryContext>& origin) {
  std::string names;
  for (const Attribute& known : columns) names += (names.empty() ? "" : ", ") + known.name;
  throw_at(origin, "_LEGACY_ERROR_TEMP_1201", {{"colName", name}, {"fieldNames", names}});
}

// ---- union by name: the other sides' columns in the order of the first; missing ones are NULL

void Resolver::align_by_name(std::vector<RelationPtr>& children, const SetOperation& node,
                             const Relation& relation) {
  std::vector<Attribute> wanted = children[0]->output;
  const auto find = [&](const std::vector<Attribute>& columns, const std::string& name) {
    return std::find_if(columns.begin(), columns.end(),
                        [&](const Attribute& column) { return same(column.name, name); });
  };
  if (node.allow_missing)
    for (size_t i = 1; i < children.size(); ++i)
      for (const Attribute& attribute : children[i]->output)
        if (find(wanted, attribute.name) == wanted.end()) wanted.push_back(attribute);
  for (size_t i = 0; i < children.size(); ++i) {
    const std::vector<Attribute> given = children[i]->output;
    if (!node.allow_missing && given.size() != wanted.size())
      throw_at(relation.origin, "NUM_COLUMNS_MISMATCH",
               {{"operator", "UNION"},
                {"firstNumColumns", std::to_string(wanted.size())},
                {"invalidOrdinalNum", ordinal_name(i)},
                {"invalidNumColumns", std::to_string(given.size())}});
    std::vector<ExprPtr> columns;
    for (const Attribute& attribute : wanted) {
      const auto found = find(given, attribute.name);
      if (found != given.end()) {
        columns.push_back(column(*found));
      } else if (node.allow_missing) {
        columns.push_back(alias(null_of(attribute.type), attribute.name, ids_.next()));
      } else {
        throw_among(attribute.name, given, relation.origin);
      }
    }
    children[i] = project(std::move(columns), children[i]);
  }
}

// ---- sample, tail

// Rows whose draw lies in [lower, upper). With replacement a row comes as often as a draw of the
// Poisson distribution says.
Scoped Resolver::sample(const Sample& node) {
  Scoped child = relation(node.child);
  Site site;
  site.scope = &child.scope;
  const auto call_of = [&](const char* function, std::vector<ExprPtr> arguments) {
    UnresolvedCall call;
    call.name = function;
    call.arguments = std::move(arguments);
    return make(std::move(call));
  };
  const auto real = [](double value) { return literal(DataTypeId::kDouble, value); };
  std::vector<ExprPtr> columns;
  for (const Attribute& attribute : child.plan->output) columns.push_back(column(attribute));
  const ExprPtr draw =
      alias(expression(call_of("rand", {long_literal(node.seed)}), site), "draw", ids_.next());
  columns.push_back(draw);
  child.plan = project(std::move(columns), child.plan);
  const ExprPtr drawn = column(attribute_of(*draw));
  if (!node.with_replacement) {
    const ExprPtr within = expression(call_of("and", {call_of(">=", {drawn, real(node.lower)}),
                                                      call_of("<", {drawn, real(node.upper)})}),
                                      site);
    child.plan = filter(within, child.plan);
    return child;
  }
  // copies = the number of cumulated probabilities that the draw exceeds; one row a copy
  const double mean = node.upper - node.lower;
  Rows copies;
  copies.columns = {{ids_.next(), "above", DataTypeId::kDouble, false, {}}};
  double probability = std::exp(-mean), cumulated = probability;
  for (int k = 1; k <= 1000 && cumulated < 1 - 1e-12; ++k) {
    copies.rows.push_back({real(cumulated)});
    probability *= mean / k;
    cumulated += probability;
  }
  const Attribute above = copies.columns[0];
  Join join{JoinKind::kInner, child.plan, finish(std::move(copies)), nullptr, {}, false};
  join.condition = expression(call_of(">=", {drawn, column(above)}), site);
  child.plan = finish(std::move(join));
  return child;
}

// The last rows: numbered as they come, counted, filtered.
Scoped Resolver::tail(const Tail& node) {
  Scoped child = relation(node.child);
  const auto over_all = [&](const char* function, std::vector<ExprPtr> arguments, DataTypeId type) {
    Windowed windowed;
    windowed.function = call(function, std::move(arguments), type);
    return alias(typed(std::move(windowed), type, false), function, ids_.next());
  };
  std::vector<ExprPtr> columns;
  for (const Attribute& attribute : child.plan->output) columns.push_back(column(attribute));
  const ExprPtr number = over_all("row_number", {}, DataTypeId::kInteger);
  const ExprPtr count = over_all("count", {integer_literal(1)}, DataTypeId::kLong);
  columns.push_back(number);
  columns.push_back(count);
  child.plan = project(std::move(columns), child.plan);
  const auto binary = [&](const char* function, ExprPtr left, ExprPtr right, DataTypeId type) {
    return call(function, {std::move(left), std::move(right)}, type, settings());
  };
  const ExprPtr position = coerce(column(attribute_of(*number)), DataTypeId::kLong);
  const ExprPtr first =
      binary("-", column(attribute_of(*count)), long_literal(node.limit), DataTypeId::kLong);
  child.plan = filter(binary(">", position, first, DataTypeId::kBoolean), child.plan);
  child.plan = finish(Sort{{{column(attribute_of(*number)), true, true}}, child.plan});
  return child;
}

}  // namespace firn::plan

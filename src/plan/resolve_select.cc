// SELECT: the list, grouping, HAVING, DISTINCT and ORDER BY.
#include <algorithm>

#include "plan/generators.h"
#include "plan/resolver.h"

namespace firn::plan {
namespace {

bool is_all(const std::vector<ExprPtr>& keys) {
  if (keys.size() != 1) return false;
  const auto* name = std::get_if<UnresolvedName>(&keys[0]->node);
  return name != nullptr && name->parts.size() == 1 && same_name(name->parts[0], "all", false);
}

// Parts of an output that GROUP BY ALL groups by: whole outputs without aggregates.
bool groups_by_all(const Expr& output) { return !contains_aggregate(output); }

const Block::Computed* find_computed(const std::vector<Block::Computed>& list, const Expr& expr) {
  for (const Block::Computed& computed : list)
    if (equal(*computed.expr, expr)) return &computed;
  return nullptr;
}

bool has_id(const std::vector<Attribute>& attributes, AttributeId id) {
  return std::any_of(attributes.begin(), attributes.end(),
                     [&](const Attribute& attribute) { return attribute.id == id; });
}

}  // namespace

// The chain Having / Distinct / Project / Aggregate that one SELECT is.
Block Resolver::block(const RelationPtr& unresolved) {
  Block made = block_of(unresolved);
  remember(*unresolved, made.output_scope);
  return made;
}

Block Resolver::block_of(const RelationPtr& unresolved) {
  if (const auto* node = std::get_if<Project>(&unresolved->node))
    return select({}, node->expressions, node->child);
  if (const auto* node = std::get_if<Aggregate>(&unresolved->node)) {
    Block made = select(node->keys, node->outputs, node->child);
    return made;
  }
  if (const auto* node = std::get_if<Having>(&unresolved->node)) {
    Block made = block(node->child);
    having(made, node->condition);
    return made;
  }
  if (const auto* node = std::get_if<Distinct>(&unresolved->node)) {
    Block made = block(node->child);
    if (made.distinct) return made;
    made.distinct = true;
    return made;
  }
  // Anything else (a table, a set operation, a limited query): its columns are the list.
  Scoped child = relation(unresolved);
  Block made;
  made.from = child.scope;
  made.input = child.plan;
  made.output_scope.columns = child.scope.columns;
  for (const Attribute& attribute : child.scope.columns) made.outputs.push_back(column(attribute));
  return made;
}

Block Resolver::select(const std::vector<ExprPtr>& keys, const std::vector<ExprPtr>& list,
                       const RelationPtr& child) {
  return select_from(keys, list, relation(child));
}

Block Resolver::select_from(const std::vector<ExprPtr>& keys, const std::vector<ExprPtr>& list,
                            Scoped from) {
  const std::vector<ExprPtr> expanded = expand_stars(list, from.scope);
  if (const auto index = generator_index(expanded))
    return generating(keys, expanded, *index, std::move(from));
  Block made;
  made.from = std::move(from.scope);
  made.input = std::move(from.plan);
  if (!keys.empty()) {
    made.aggregated = true;
    group_by(made, keys, expanded);
  }
  select_list(made, expanded);
  return made;
}

std::optional<int64_t> Resolver::ordinal(const ExprPtr& unresolved) {
  const Literal* constant = as_literal(*unresolved);
  if (constant == nullptr || constant->type.id() != DataTypeId::kInteger) return std::nullopt;
  if (const auto* number = std::get_if<int64_t>(&constant->value)) return *number;
  if (const auto* number = std::get_if<int32_t>(&constant->value)) return *number;
  return std::nullopt;
}

std::vector<ExprPtr> Resolver::expand_stars(const std::vector<ExprPtr>& list, const Scope& scope) {
  std::vector<ExprPtr> expanded;
  for (const ExprPtr& item : list) {
    const auto* star = std::get_if<UnresolvedStar>(&item->node);
    if (const auto* regex = std::get_if<UnresolvedRegex>(&item->node)) {
      const std::vector<ExprPtr> columns = matching_columns(*regex, scope);
      expanded.insert(expanded.end(), columns.begin(), columns.end());
      continue;
    }
    if (star == nullptr) {
      expanded.push_back(item);
      continue;
    }
    if (star->plan_id && star->qualifier.empty()) {
      const std::vector<ExprPtr> columns = planned_columns(*star->plan_id, scope);
      expanded.insert(expanded.end(), columns.begin(), columns.end());
      continue;
    }
    std::vector<ExprPtr> found;
    const auto excluded = [&](const std::string& name) {
      return std::any_of(
          star->except.begin(), star->except.end(),
          [&](const std::vector<std::string>& parts) { return same(parts.back(), name); });
    };
    const size_t qualified = star->qualifier.size();
    bool any = qualified == 0;
    for (const Attribute& attribute : scope.columns) {
      bool matches = attribute.qualifier.size() >= qualified;
      for (size_t i = 0; matches && i < qualified; ++i)
        matches = same(attribute.qualifier[attribute.qualifier.size() - qualified + i],
                       star->qualifier[i]);
      any |= matches;
      if (matches && !excluded(attribute.name)) found.push_back(column(attribute));
    }
    if (!any) {  // a struct's fields
      const auto match = find_name(scope, star->qualifier, options_.case_sensitive, item->origin);
      ExprPtr base =
          match ? fields_of(column(match->attribute), star->qualifier, match->used, item) : nullptr;
      if (!base || base->type.id() != DataTypeId::kStruct) {
        std::string columns, target;
        for (const Attribute& attribute : scope.columns)
          columns += (columns.empty() ? "" : ", ") + backquoted(attribute.name);
        throw_at(item->origin, "CANNOT_RESOLVE_STAR_EXPAND",
                 {{"targetString", backquoted(star->qualifier)}, {"columns", columns}});
      }
      const auto& fields = base->type.fields();
      for (size_t i = 0; i < fields.size(); ++i)
        if (!excluded(fields[i].name))
          found.push_back(alias(field(base, static_cast<int>(i)), fields[i].name, ids_.next()));
    }
    for (const std::vector<std::string>& parts : star->except) {
      const bool known = std::any_of(
          scope.columns.begin(), scope.columns.end(),
          [&](const Attribute& attribute) { return same(attribute.name, parts.back()); });
      if (!known && any) throw_unresolved(parts, scope, item->origin);
    }
    expanded.insert(expanded.end(), found.begin(), found.end());
  }
  return expanded;
}

// A resolved, named expression of a select list.
ExprPtr Resolver::named_output(const ExprPtr& unresolved, const Site& site) {
  if (unresolved->resolved) return unresolved;  // of a star
  if (const auto* named = std::get_if<Alias>(&unresolved->node))
    return alias(expression(named->child, site), named->name, ids_.next(), unresolved->origin);
  ExprPtr value = expression(unresolved, site);
  const std::string text = display(unresolved);
  const auto* call = std::get_if<UnresolvedCall>(&unresolved->node);
  if (call != nullptr && call->name != "window" && call->name != "session_window")
    return alias(std::move(value), text, ids_.next(), unresolved->origin);
  if (const auto* ref = std::get_if<ColumnRef>(&value->node)) {
    Attribute attribute = ref->attribute;  // as the user spelt it
    if (std::holds_alternative<UnresolvedName>(unresolved->node))
      attribute.name = std::get<UnresolvedName>(unresolved->node).parts.back();
    return column(attribute, value->origin);
  }
  // A cast of a column keeps the column's name.
  if (const auto* converted = std::get_if<Cast>(&unresolved->node))
    if (const auto* name = std::get_if<UnresolvedName>(&converted->child->node))
      if (const ExprPtr inner = expression(converted->child, site);
          std::holds_alternative<ColumnRef>(inner->node))
        return alias(std::move(value), name->parts.back(), ids_.next(), unresolved->origin);
  if (const auto* name = std::get_if<UnresolvedName>(&unresolved->node))
    return alias(value, name->parts.back(), ids_.next(), value->origin);
  return alias(std::move(value), text, ids_.next(), unresolved->origin);
}

void Resolver::group_by(Block& block, const std::vector<ExprPtr>& keys,
                        const std::vector<ExprPtr>& list) {
  const bool analytic = std::any_of(keys.begin(), keys.end(), [](const ExprPtr& key) {
    const auto* call = std::get_if<UnresolvedCall>(&key->node);
    return call != nullptr &&
           (call->name == "rollup" || call->name == "cube" || call->name == "grouping sets");
  });
  if (analytic) return grouping_sets(block, keys, list);
  Site site;
  site.scope = &block.from;
  site.block = &block;
  site.clause = "GROUP BY";
  Site in_list = site;
  in_list.aggregates = in_list.windows = true;
  const auto add = [&](const ExprPtr& value, const std::string& name) {
    if (contains_aggregate(*value))
      throw_at(value->origin, "GROUP_BY_AGGREGATE", {{"sqlExpr", name}});
    if (find_computed(block.keys, *value) != nullptr) return;
    const auto* ref = std::get_if<ColumnRef>(&value->node);
    block.keys.push_back(
        {value, ref != nullptr ? ref->attribute
                               : Attribute{ids_.next(), name, value->type, value->nullable, {}}});
  };
  const auto of_list = [&](const ExprPtr& item) {
    const auto* named = std::get_if<Alias>(&item->node);
    return item->resolved ? unnamed(item)
                          : expression(named != nullptr ? named->child : item, in_list);
  };
  if (is_all(keys) && !find_name(block.from, {"all"}, false, {})) {
    for (const ExprPtr& item : list) {
      const ExprPtr value = of_list(item);
      if (groups_by_all(*value))
        add(value, item->resolved ? attribute_of(*item).name : display(item));
    }
    return;
  }
  for (const ExprPtr& key : keys) {
    if (const auto index = ordinal(key)) {
      if (*index < 1 || static_cast<size_t>(*index) > list.size())
        throw_at(key->origin, "GROUP_BY_POS_OUT_OF_RANGE",
                 {{"index", std::to_string(*index)}, {"size", std::to_string(list.size())}});
      const ExprPtr& item = list[static_cast<size_t>(*index) - 1];
      const ExprPtr value = of_list(item);
      if (contains_aggregate(*value))
        throw_at(key->origin, "GROUP_BY_POS_AGGREGATE",
                 {{"index", std::to_string(*index)},
                  {"aggExpr", item->resolved ? attribute_of(*item).name : display(item)}});
      add(value, item->resolved ? attribute_of(*item).name : display(item));
      continue;
    }
    // FROM's names go first, then aliases of the list.
    const auto* name = std::get_if<UnresolvedName>(&key->node);
    if (name != nullptr && !name->plan_id && name->parts.size() == 1 &&
        !find_name(block.from, name->parts, options_.case_sensitive, key->origin)) {
      const auto item = std::find_if(list.begin(), list.end(), [&](const ExprPtr& candidate) {
        const auto* named = std::get_if<Alias>(&candidate->node);
        return named != nullptr && same(named->name, name->parts[0]);
      });
      if (item != list.end()) {
        add(of_list(*item), name->parts[0]);
        continue;
      }
    }
    const ExprPtr value = expression(key, in_list);
    add(value, display(key));
  }
}

void Resolver::select_list(Block& block, const std::vector<ExprPtr>& list) {
  Scope lateral;  // aliases to the left, where FROM has no such name
  Scope names = block.from;
  names.next = &lateral;
  Site site;
  site.scope = &names;
  site.block = &block;
  site.aggregates = site.windows = true;
  site.clause = "SELECT";
  std::vector<ExprPtr> outputs;
  for (const ExprPtr& item : list) {
    names.columns = block.from.columns,
    names.hidden = block.from.hidden;  // windows may have been added
    outputs.push_back(named_output(item, site));
    if (std::holds_alternative<Alias>(item->node))
      lateral.columns.push_back(attribute_of(*outputs.back()));
    block.aggregated |= contains_aggregate(*outputs.back());
  }
  block.output_scope.columns.clear();
  for (const ExprPtr& output : outputs) {
    Attribute shown = attribute_of(*output);
    block.outputs.push_back(output);
    block.output_scope.columns.push_back(shown);
  }
  if (!block.aggregated) return;
  for (ExprPtr& output : block.outputs) output = over_aggregate(block, output);
}

void Resolver::having(Block& block, const ExprPtr& condition) {
  if (!block.aggregated) {
    block.aggregated = true;
    for (ExprPtr& output : block.outputs) output = over_aggregate(block, output);
  }
  Scope names = block.output_scope;
  names.next = &block.from;
  Site site;
  site.scope = &names;
  site.in_aggregate = &block.from;
  site.block = &block;
  site.aggregates = true;
  site.clause = "HAVING";
  const ExprPtr resolved = boolean_condition(condition, site, "HAVING");
  block.strict_names = !block.keys.empty();
  block.having.push_back(over_aggregate(block, over_outputs(block, resolved)));
  block.strict_names = false;
}

// References to the list's own columns replaced by what they stand for.
ExprPtr Resolver::over_outputs(Block& block, const ExprPtr& expr) {
  if (const auto* ref = std::get_if<ColumnRef>(&expr->node)) {
    for (const ExprPtr& output : block.outputs)
      if (const auto* named = std::get_if<Alias>(&output->node);
          named != nullptr && named->id == ref->attribute.id)
        return named->child;
    return expr;
  }
  return map_children(expr, [&](const ExprPtr& child) { return over_outputs(block, child); });
}

// The expression over FROM as one over keys and aggregates.
ExprPtr Resolver::over_aggregate(Block& block, const ExprPtr& expr) {
  if (!std::holds_alternative<Alias>(expr->node))
    if (const Block::Computed* key = find_computed(block.keys, *expr))
      return column(key->attribute, expr->origin);
  if (const auto* ref = std::get_if<ColumnRef>(&expr->node)) {
    const AttributeId id = ref->attribute.id;
    for (const auto* list : {&block.keys, &block.aggregates})
      for (const Block::Computed& computed : *list)
        if (computed.attribute.id == id) return expr;
    const bool of_from = has_id(block.input->output, id) ||
                         std::any_of(block.windows.begin(), block.windows.end(),
                                     [&](const auto& w) { return w.attribute.id == id; });
    if (!of_from) return expr;  // an alias to the left, or an enclosing query's column
    if (block.strict_names)
      throw_unresolved({ref->attribute.name}, block.output_scope, expr->origin);
    throw_at(expr->origin, block.keys.empty() ? "MISSING_GROUP_BY" : "MISSING_AGGREGATION",
             block.keys.empty()
                 ? Params{}
                 : Params{{"expression", "\"" + ref->attribute.name + "\""},
                          {"expressionAnyValue", "\"any_value(" + ref->attribute.name + ")\""}});
  }
  if (is_aggregate_call(*expr)) {
    const auto nested = [](const Expr& node) { return is_aggregate_call(node); };
    for_each_child(*expr, [&](const ExprPtr& child) {
      if (any_node(*child, nested)) throw_at(expr->origin, "NESTED_AGGREGATE_FUNCTION");
    });
    if (const Block::Computed* known = find_computed(block.aggregates, *expr))
      return column(known->attribute, expr->origin);
    block.aggregates.push_back(
        {expr, {ids_.next(), pretty_name(*expr), expr->type, expr->nullable, {}}});
    return column(block.aggregates.back().attribute, expr->origin);
  }
  if (const auto* windowed = std::get_if<Windowed>(&expr->node)) {
    Windowed made = *windowed;
    const ExprMap inner = [&](const ExprPtr& child) { return over_aggregate(block, child); };
    made.function = map_children(made.function, inner);
    const ExprPtr rest = map_children(
        typed(Windowed{made.function, made.spec}, expr->type, expr->nullable, expr->origin),
        [&](const ExprPtr& child) { return child == made.function ? child : inner(child); });
    return rest;
  }
  return map_children(expr, [&](const ExprPtr& child) { return over_aggregate(block, child); });
}

// FROM with computed windows and keys, then the grouping itself. Keys are plain columns of the
// child.
RelationPtr Resolver::grouped(const Block& block) {
  RelationPtr plan = block.input;
  const auto add = [&](const std::vector<Block::Computed>& computed) {
    std::vector<ExprPtr> columns;
    for (const Attribute& attribute : plan->output) columns.push_back(column(attribute));
    bool any = false;
    for (const Block::Computed& item : computed) {
      if (std::holds_alternative<ColumnRef>(item.expr->node)) continue;
      columns.push_back(alias(item.expr, item.attribute.name, item.attribute.id));
      any = true;
    }
    if (any) plan = project(std::move(columns), plan);
  };
  add(block.windows);
  if (!block.sessions.empty() && !block.aggregated)
    throw_unsupported("session_window() outside of GROUP BY.");
  plan = sessions(block, std::move(plan));
  if (!block.aggregated) return plan;
  if (!block.grouping_sets.empty()) return in_sets(block, plan);
  add(block.keys);
  Aggregate made;
  made.child = plan;
  for (const Block::Computed& key : block.keys) {
    made.keys.push_back(column(key.attribute));
    made.outputs.push_back(made.keys.back());
  }
  for (const Block::Computed& item : block.aggregates)
    made.outputs.push_back(
        alias(item.expr, item.attribute.name, item.attribute.id, item.expr->origin));
  return finish(std::move(made));
}

// Projections in as many layers as references to aliases on the left need.
RelationPtr Resolver::layered(const std::vector<ExprPtr>& outputs, RelationPtr base) {
  std::map<AttributeId, size_t> layer_of;
  std::vector<size_t> layers;
  size_t last = 0;
  for (const ExprPtr& output : outputs) {
    std::vector<AttributeId> ids;
    if (const auto* named = std::get_if<Alias>(&output->node))
      collect_references(*named->child, ids);
    size_t layer = 0;
    for (const AttributeId id : ids)
      if (const auto found = layer_of.find(id); found != layer_of.end())
        layer = std::max(layer, found->second + 1);
    if (std::holds_alternative<Alias>(output->node)) layer_of[attribute_of(*output).id] = layer;
    layers.push_back(layer);
    last = std::max(last, layer);
  }
  for (size_t layer = 0; layer < last; ++layer) {
    std::vector<ExprPtr> columns;
    for (const Attribute& attribute : base->output) columns.push_back(column(attribute));
    for (size_t i = 0; i < outputs.size(); ++i)
      if (layers[i] == layer && std::holds_alternative<Alias>(outputs[i]->node))
        columns.push_back(outputs[i]);
    base = project(std::move(columns), base);
  }
  std::vector<ExprPtr> columns;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const bool computed = std::holds_alternative<Alias>(outputs[i]->node) && layers[i] < last;
    columns.push_back(computed ? column(attribute_of(*outputs[i])) : outputs[i]);
  }
  return project(std::move(columns), base);
}

Scoped Resolver::finished(Block block, const std::vector<SortKey>* sort) {
  std::vector<SortKey> keys;
  std::vector<ExprPtr> hidden;
  if (sort != nullptr) {
    Scope names = block.output_scope;
    for (Attribute& attribute : names.columns)  // t.a finds the list's a where it is that column
      for (const Attribute& source : block.from.columns)
        if (source.id == attribute.id && attribute.qualifier.empty())
          attribute.qualifier = source.qualifier;
    Scope from = block.from, beyond;
    beyond.columns = block.from.beyond;
    if (!beyond.columns.empty()) from.next = &beyond;
    names.next = &from;
    Site site;
    site.scope = &names;
    site.in_aggregate = block.aggregated ? &block.from : nullptr;
    site.block = &block;
    site.aggregates = block.aggregated;
    site.windows = true;
    site.clause = "ORDER BY";
    for (const SortKey& key : *sort) {
      SortKey made = key;
      if (const auto index = ordinal(key.child)) {
        if (*index < 1 || static_cast<size_t>(*index) > block.outputs.size())
          throw_at(
              key.child->origin, "ORDER_BY_POS_OUT_OF_RANGE",
              {{"index", std::to_string(*index)}, {"size", std::to_string(block.outputs.size())}});
        made.child = column(attribute_of(*block.outputs[static_cast<size_t>(*index) - 1]));
      } else {
        const auto* name = std::get_if<UnresolvedName>(&key.child->node);
        if (is_all({key.child}) && name != nullptr &&
            !find_name(names, name->parts, options_.case_sensitive, {})) {
          for (const ExprPtr& output : block.outputs)
            keys.push_back({column(attribute_of(*output)), key.ascending, key.nulls_first});
          continue;
        }
        made.child = expression(key.child, site);
        if (!is_orderable(made.child->type))
          throw_at(key.child->origin, "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE",
                   {{"sqlExpr", "\"" + display(key.child) + "\""},
                    {"functionName", "`sortorder`"},
                    {"dataType", quoted_type(made.child->type)}});
        if (block.aggregated) {  // what an output computes already is that output
          const ExprPtr over = over_aggregate(block, over_outputs(block, made.child));
          made.child = over;
          for (const ExprPtr& output : block.outputs)
            if (equal(*unnamed(output), *over)) made.child = column(attribute_of(*output));
        }
        const auto* ref = std::get_if<ColumnRef>(&made.child->node);
        const bool shown = ref != nullptr && has_id(block.output_scope.columns, ref->attribute.id);
        if (!shown) {
          // Computed beside the list, over the same rows.
          const ExprPtr value = over_outputs(block, made.child);
          hidden.push_back(alias(value, "order_by", ids_.next()));
          made.child = column(attribute_of(*hidden.back()));
        }
      }
      keys.push_back(std::move(made));
    }
    if (block.distinct && !hidden.empty())
      throw_unresolved({pretty_name(*unnamed(hidden[0]))}, block.output_scope,
                       (*sort)[0].child->origin);
  }
  std::map<AttributeId, const Attribute*> sources;
  for (const Attribute& source : block.from.columns) sources[source.id] = &source;
  RelationPtr plan = grouped(block);
  for (const ExprPtr& condition : block.having) plan = filter(condition, plan);
  std::vector<ExprPtr> computed = block.outputs;
  computed.insert(computed.end(), hidden.begin(), hidden.end());
  std::vector<ExprPtr> distinct_ids;  // one column may stand twice in a list
  std::set<AttributeId> used;
  std::vector<Attribute> shown;
  for (size_t i = 0; i < computed.size(); ++i) {
    Attribute attribute = attribute_of(*computed[i]);
    if (!used.insert(attribute.id).second) {
      computed[i] = alias(column(attribute), attribute.name, ids_.next());
      attribute = attribute_of(*computed[i]);
      used.insert(attribute.id);
    }
    if (i < block.outputs.size()) {
      if (const auto source = sources.find(attribute.id); source != sources.end())
        attribute.qualifier = source->second->qualifier;
      shown.push_back(attribute);
    }
  }
  Scope result_scope;
  keep_beyond(block, computed, result_scope);
  plan = layered(computed, plan);
  if (block.distinct) plan = finish(Distinct{plan});
  if (!keys.empty()) plan = finish(Sort{std::move(keys), plan});
  Scoped result{plan, std::move(result_scope)};
  result.scope.columns = std::move(shown);
  if (!hidden.empty() && result.scope.beyond.empty()) result.plan = trimmed(result);
  return result;
}

}  // namespace firn::plan

// GROUP BY with ROLLUP, CUBE and GROUPING SETS: one aggregate a set, put together.
#include <algorithm>

#include "plan/resolver.h"

namespace firn::plan {
namespace {

using Set = std::vector<ExprPtr>;

// The expressions of one item: several where it is written in parentheses.
Set columns_of(const ExprPtr& item) {
  const auto* row = std::get_if<UnresolvedCall>(&item->node);
  return row != nullptr && row->name == "struct" ? row->arguments : Set{item};
}

std::vector<Set> sets_of(const ExprPtr& item) {
  const auto* call = std::get_if<UnresolvedCall>(&item->node);
  const bool rollup = call != nullptr && call->name == "rollup",
             cube = call != nullptr && call->name == "cube";
  if (call != nullptr && call->name == "grouping sets") {
    std::vector<Set> sets;
    for (const ExprPtr& inner : call->arguments)
      for (Set& set : sets_of(inner)) sets.push_back(std::move(set));
    return sets;
  }
  if (!rollup && !cube) return {columns_of(item)};
  const size_t count = call->arguments.size();
  if (cube && count > 12) throw_unsupported("CUBE over more than 12 expressions.");
  std::vector<Set> sets;
  for (size_t n = 0; n < (cube ? size_t{1} << count : count + 1); ++n) {
    Set set;
    for (size_t i = 0; i < count; ++i) {
      const bool in = cube ? (n >> (count - 1 - i) & 1) == 0 : i < count - n;
      if (!in) continue;
      for (const ExprPtr& column : columns_of(call->arguments[i])) set.push_back(column);
    }
    sets.push_back(std::move(set));
  }
  return sets;
}

}  // namespace

void Resolver::grouping_sets(Block& block, const std::vector<ExprPtr>& keys,
                             const std::vector<ExprPtr>& list) {
  std::vector<Set> sets{{}};
  for (const ExprPtr& key : keys) {  // several items: each with each
    std::vector<Set> next;
    for (const Set& before : sets)
      for (const Set& set : sets_of(key)) {
        next.push_back(before);
        next.back().insert(next.back().end(), set.begin(), set.end());
      }
    sets = std::move(next);
  }
  std::vector<std::vector<size_t>> indexes;
  for (const Set& set : sets) {
    std::vector<size_t> index;
    for (const ExprPtr& column : set) {
      const size_t before = block.keys.size();
      Block alone;
      alone.from = block.from;
      alone.input = block.input;
      alone.windows = block.windows;
      group_by(alone, {column}, list);
      block.from = alone.from, block.input = alone.input, block.windows = alone.windows;
      size_t at = before;
      for (size_t i = 0; i < before; ++i)
        if (equal(*block.keys[i].expr, *alone.keys.at(0).expr)) at = i;
      if (at == before) {
        block.keys.push_back(alone.keys.at(0));
        block.key_sources.push_back(alone.keys.at(0).attribute);
        block.keys.back().attribute.id = ids_.next();  // above it may be NULL where below it is not
        block.keys.back().attribute.nullable = true;
      }
      index.push_back(at);
    }
    indexes.push_back(std::move(index));
  }
  block.grouping_sets = std::move(indexes);
  block.grouping_id = Attribute{ids_.next(), "spark_grouping_id", DataTypeId::kLong, false, {}};
  block.aggregates.push_back({column(*block.grouping_id), *block.grouping_id});
}

// grouping(k): whether k is left out of the row's set; grouping_id(…): those bits as one number.
ExprPtr Resolver::grouping_bits(Block& block, const UnresolvedCall& node, const ExprPtr& unresolved,
                                const Site& site) {
  if (!block.grouping_id) throw_at(unresolved->origin, "UNSUPPORTED_GROUPING_EXPRESSION");
  Site inner = site;
  inner.scope = &block.from;
  const ExprPtr id = column(*block.grouping_id, unresolved->origin);
  if (node.name == "grouping_id" && node.arguments.empty()) return id;
  ExprPtr result;
  for (const ExprPtr& argument : node.arguments) {
    const ExprPtr value = expression(argument, inner);
    size_t at = block.keys.size();
    for (size_t i = 0; i < block.keys.size(); ++i)
      if (equal(*block.keys[i].expr, *value)) at = i;
    if (at == block.keys.size())
      throw_at(
          unresolved->origin, "GROUPING_COLUMN_MISMATCH",
          {{"grouping", "\"" + display(argument) + "\""}, {"groupingColumns", "grouping columns"}});
    const int64_t shift = static_cast<int64_t>(block.keys.size() - 1 - at);
    const CallSettings settings{false, {}, 0};
    const ExprPtr bit =
        call("&",
             {call("shiftright", {id, integer_literal(shift)}, DataTypeId::kLong, settings),
              long_literal(1)},
             DataTypeId::kLong, settings);
    result =
        !result
            ? bit
            : call("+", {call("*", {result, long_literal(2)}, DataTypeId::kLong, settings), bit},
                   DataTypeId::kLong, settings);
  }
  return node.name == "grouping"
             ? cast(result, DataTypeId::kByte, CastMode::kLegacy, true, unresolved->origin)
             : result;
}

RelationPtr Resolver::in_sets(const Block& block, const RelationPtr& child) {
  SetOperation made{SetKind::kUnion, true, false, {}};
  std::vector<Attribute> output;
  for (const Block::Computed& key : block.keys) output.push_back(key.attribute);
  for (const Block::Computed& item : block.aggregates) output.push_back(item.attribute);
  // Computed keys have their columns below under the ids of their sources.
  RelationPtr base = child;
  std::vector<ExprPtr> columns;
  for (const Attribute& attribute : child->output) columns.push_back(column(attribute));
  bool computed = false;
  for (size_t i = 0; i < block.keys.size(); ++i) {
    if (std::holds_alternative<ColumnRef>(block.keys[i].expr->node)) continue;
    columns.push_back(
        alias(block.keys[i].expr, block.keys[i].attribute.name, block.key_sources[i].id));
    computed = true;
  }
  if (computed) base = project(std::move(columns), child);
  for (const std::vector<size_t>& set : block.grouping_sets) {
    Aggregate one;
    one.child = base;
    int64_t left_out = 0;
    for (size_t i = 0; i < block.keys.size(); ++i) {
      const bool in = std::find(set.begin(), set.end(), i) != set.end();
      left_out = left_out * 2 + (in ? 0 : 1);
      if (in) one.keys.push_back(column(block.key_sources[i]));
    }
    one.outputs = one.keys;
    std::vector<ExprPtr> row;
    for (size_t i = 0; i < block.keys.size(); ++i) {
      const bool in = std::find(set.begin(), set.end(), i) != set.end();
      row.push_back(alias(in ? column(block.key_sources[i]) : null_of(block.keys[i].attribute.type),
                          block.keys[i].attribute.name, ids_.next()));
    }
    for (const Block::Computed& item : block.aggregates) {
      if (item.attribute.id == block.grouping_id->id) {
        row.push_back(alias(long_literal(left_out), item.attribute.name, ids_.next()));
        continue;
      }
      one.outputs.push_back(alias(item.expr, item.attribute.name, ids_.next(), item.expr->origin));
      row.push_back(column(attribute_of(*one.outputs.back())));
    }
    made.children.push_back(project(std::move(row), finish(std::move(one))));
  }
  if (made.children.size() == 1)
    made.children.push_back(filter(boolean_literal(false), made.children[0]));
  auto result = std::const_pointer_cast<Relation>(finish(std::move(made)));
  result->output = std::move(output);
  return result;
}

}  // namespace firn::plan

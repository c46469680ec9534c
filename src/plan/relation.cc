// Relations: construction, destruction without recursion, and the tree as text for EXPLAIN.
#include "plan/relation.h"

#include <utility>

namespace firn::plan {
namespace {

// As for expressions: relations that fall with the one being deleted wait in a list.
void destroy_relation(Relation* relation) {
  thread_local std::vector<Relation*>* waiting = nullptr;
  if (waiting != nullptr) {
    waiting->push_back(relation);
    return;
  }
  std::vector<Relation*> list{relation};
  waiting = &list;
  while (!list.empty()) {
    Relation* next = list.back();
    list.pop_back();
    delete next;
  }
  waiting = nullptr;
}

std::string join(const std::vector<std::string>& list, std::string_view separator) {
  std::string text;
  for (size_t i = 0; i < list.size(); ++i) text.append(i > 0 ? separator : "").append(list[i]);
  return text;
}

std::string name_text(const std::vector<std::string>& parts) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i)
    text.append(i > 0 ? "." : "").append(types::quote_if_needed(parts[i]));
  return text;
}

std::string text_of(const std::vector<ExprPtr>& list) {
  std::string text = "[";
  for (size_t i = 0; i < list.size(); ++i)
    text.append(i > 0 ? ", " : "").append(to_string(*list[i]));
  return text + "]";
}

std::string text_of(const std::vector<SortKey>& keys) {
  std::string text = "[";
  for (size_t i = 0; i < keys.size(); ++i)
    text.append(i > 0 ? ", " : "")
        .append(to_string(*keys[i].child))
        .append(keys[i].ascending ? " ASC" : " DESC")
        .append(keys[i].nulls_first ? " NULLS FIRST" : " NULLS LAST");
  return text + "]";
}

std::string text_of(const std::vector<Attribute>& columns) {
  std::string text = "[";
  for (size_t i = 0; i < columns.size(); ++i)
    text.append(i > 0 ? ", " : "")
        .append(columns[i].name)
        .append("#")
        .append(std::to_string(static_cast<int64_t>(columns[i].id)));
  return text + "]";
}

std::string arguments_text(const std::vector<ExprPtr>& arguments,
                           const std::vector<std::string>& names) {
  std::string text = "(";
  for (size_t i = 0; i < arguments.size(); ++i) {
    text += i > 0 ? ", " : "";
    if (i < names.size() && !names[i].empty()) text += types::quote_if_needed(names[i]) + " => ";
    text += to_string(*arguments[i]);
  }
  return text + ")";
}

std::string rows_text(const std::vector<std::vector<ExprPtr>>& rows) {
  constexpr size_t kShown = 10;
  std::string text;
  for (size_t i = 0; i < rows.size() && i < kShown; ++i) text += " " + text_of(rows[i]);
  if (rows.size() > kShown) text += " … " + std::to_string(rows.size()) + " rows";
  return text;
}

constexpr std::string_view kJoinNames[] = {"Inner", "LeftOuter", "RightOuter", "FullOuter",
                                           "Cross", "LeftSemi",  "LeftAnti"};
constexpr std::string_view kSetNames[] = {"Union", "Intersect", "Except"};

// A node's own line, without its children.
struct Line {
  std::string operator()(const UnresolvedTable& table) const {
    std::string text =
        (table.streaming ? "UnresolvedTable stream " : "UnresolvedTable ") + name_text(table.parts);
    if (table.version_as_of) text += " version as of " + to_string(*table.version_as_of);
    if (table.timestamp_as_of) text += " timestamp as of " + to_string(*table.timestamp_as_of);
    for (const auto& [key, value] : table.options) text += " " + key + "=" + value;
    return text;
  }
  std::string operator()(const UnresolvedTableFunction& call) const {
    return (call.streaming ? "UnresolvedTableFunction stream " : "UnresolvedTableFunction ") +
           call.name + arguments_text(call.arguments, call.argument_names);
  }
  std::string operator()(const With& with) const {
    std::string text = "With";
    for (const NamedRelation& definition : with.definitions) {
      text += " " + types::quote_if_needed(definition.name);
      if (!definition.columns.empty()) text += "(" + join(definition.columns, ", ") + ")";
    }
    return text;
  }
  std::string operator()(const SubqueryAlias& alias) const {
    std::string text = "SubqueryAlias " + types::quote_if_needed(alias.alias);
    if (!alias.columns.empty()) text += "(" + join(alias.columns, ", ") + ")";
    return text;
  }
  std::string operator()(const InlineTable& table) const {
    return "InlineTable (" + join(table.names, ", ") + ")" + rows_text(table.rows);
  }
  std::string operator()(const Lateral&) const { return "Lateral"; }
  std::string operator()(const Having& having) const {
    return "Having " + to_string(*having.condition);
  }
  std::string operator()(const Project& project) const {
    return "Project " + text_of(project.expressions);
  }
  std::string operator()(const Filter& filter) const {
    return "Filter " + to_string(*filter.condition);
  }
  std::string operator()(const Aggregate& aggregate) const {
    return "Aggregate " + text_of(aggregate.keys) + ", " + text_of(aggregate.outputs);
  }
  std::string operator()(const Sort& sort) const { return "Sort " + text_of(sort.keys); }
  std::string operator()(const Limit& limit) const {
    std::string text = "Limit " + (limit.limit ? to_string(*limit.limit) : std::string("ALL"));
    if (limit.offset) text += " offset " + to_string(*limit.offset);
    return text;
  }
  std::string operator()(const Join& join_node) const {
    std::string text = "Join ";
    if (join_node.natural) text += "Natural ";
    text += kJoinNames[static_cast<size_t>(join_node.kind)];
    if (!join_node.using_columns.empty())
      text += " using (" + join(join_node.using_columns, ", ") + ")";
    if (join_node.condition) text += " on " + to_string(*join_node.condition);
    return text;
  }
  std::string operator()(const SetOperation& set) const {
    std::string text(kSetNames[static_cast<size_t>(set.kind)]);
    if (set.all) text += " all";
    if (set.by_name) text += " by name";
    return text;
  }
  std::string operator()(const Distinct&) const { return "Distinct"; }
  std::string operator()(const Deduplicate& node) const {
    return (node.within_watermark ? "DeduplicateWithinWatermark " : "Deduplicate ") +
           text_of(node.keys);
  }
  std::string operator()(const Watermark& watermark) const {
    std::string text = "Watermark " + to_string(*watermark.column);
    if (!watermark.alias.empty()) text += " AS " + types::quote_if_needed(watermark.alias);
    return text + " delay " + std::to_string(watermark.delay_us) + " us";
  }
  std::string operator()(const OneRow&) const { return "OneRow"; }
  std::string operator()(const Range& range) const {
    return "Range (" + std::to_string(range.start) + ", " + std::to_string(range.end) +
           ", step=" + std::to_string(range.step) + ")";
  }
  std::string operator()(const TableScan& scan) const {
    std::string text =
        (scan.streaming ? "TableScan stream " : "TableScan ") + name_text(scan.name) + " [";
    for (size_t i = 0; i < scan.columns.size(); ++i)
      text.append(i > 0 ? ", " : "")
          .append(scan.columns[i].attribute.name)
          .append("#")
          .append(std::to_string(static_cast<int64_t>(scan.columns[i].attribute.id)));
    text += "]";
    if (scan.pushed.op != types::PredicateOp::kTrue) text += " pruned by a pushed predicate";
    return text;
  }
  std::string operator()(const FileScan& scan) const {
    return "FileScan " + scan.format + " " + join(scan.paths, ", ") + " " + text_of(scan.columns);
  }
  std::string operator()(const Rows& rows) const {
    return "Rows " + text_of(rows.columns) + rows_text(rows.rows);
  }
  std::string operator()(const StreamSource& source) const {
    return "StreamSource " + source.format + " " + text_of(source.columns);
  }
  std::string operator()(const WithColumns& node) const {
    return "WithColumns " + text_of(node.columns);
  }
  std::string operator()(const RenameColumns&) const { return "WithColumnsRenamed"; }
  std::string operator()(const DropColumns& node) const {
    return "DataFrameDropColumns " + text_of(node.columns);
  }
  std::string operator()(const NameColumns& node) const {
    return "ToDF (" + join(node.names, ", ") + ")";
  }
  std::string operator()(const ToSchema& node) const {
    return "ToSchema " + node.schema.simple_string();
  }
  std::string operator()(const FillNulls& node) const {
    return "NAFill (" + join(node.columns, ", ") + ") " + text_of(node.values);
  }
  std::string operator()(const DropNulls& node) const {
    return "NADrop (" + join(node.columns, ", ") + ")";
  }
  std::string operator()(const ReplaceValues& node) const {
    return "NAReplace (" + join(node.columns, ", ") + ")";
  }
  std::string operator()(const Pivot& node) const {
    return "Pivot " + to_string(*node.column) + " " + text_of(node.values) + ", " +
           text_of(node.aggregates);
  }
  std::string operator()(const Unpivot& node) const {
    return "Unpivot " + text_of(node.ids) + ", " + node.variable_name + " (" +
           join(node.value_names, ", ") + ")";
  }
  std::string operator()(const Statistic& node) const {
    return "Statistic " + node.name + " (" + join(node.columns, ", ") + ") " +
           text_of(node.arguments);
  }
  std::string operator()(const Hint& node) const {
    return "UnresolvedHint " + node.name + " " + text_of(node.parameters);
  }
  std::string operator()(const Generate& node) const {
    return (node.outer ? "Generate outer " : "Generate ") + to_string(*node.generator) + " " +
           text_of(node.columns);
  }
  std::string operator()(const Sample& node) const {
    return "Sample " + std::to_string(node.lower) + ", " + std::to_string(node.upper) +
           (node.with_replacement ? ", with replacement" : "") + ", seed " +
           std::to_string(node.seed);
  }
  std::string operator()(const Tail& node) const { return "Tail " + std::to_string(node.limit); }
  std::string operator()(const CachedRows& node) const {
    return "CachedRows " + text_of(node.columns);
  }
  std::string operator()(const PythonEval& node) const {
    return "ArrowEvalPython " + text_of(node.calls);
  }
  std::string operator()(const PythonMap& node) const {
    return "PythonMap " + node.function->name + " " + text_of(node.keys) + " " +
           text_of(node.columns);
  }
  std::string operator()(const Slot& slot) const {
    return "Slot " + std::to_string(slot.id) + " " + text_of(slot.columns);
  }
};

template <typename Node>
concept HasChild = requires(const Node& node) { node.child; };

struct Children {
  template <typename Node>
  std::vector<RelationPtr> operator()(const Node& node) const {
    if constexpr (HasChild<Node>) return {node.child};
    return {};
  }
  std::vector<RelationPtr> operator()(const With& with) const {
    std::vector<RelationPtr> list;
    for (const NamedRelation& definition : with.definitions) list.push_back(definition.plan);
    list.push_back(with.child);
    return list;
  }
  std::vector<RelationPtr> operator()(const Join& join_node) const {
    return {join_node.left, join_node.right};
  }
  std::vector<RelationPtr> operator()(const SetOperation& set) const { return set.children; }
};

struct PrintedNode {
  RelationPtr relation;
  size_t depth;
};

}  // namespace

RelationPtr make(RelationNode node, std::optional<QueryContext> origin) {
  std::unique_ptr<Relation> relation = std::make_unique<Relation>();
  relation->node = std::move(node);
  relation->origin = std::move(origin);
  return RelationPtr(relation.release(), destroy_relation);
}

std::string to_string(const Relation& root) {
  std::string text = std::visit(Line(), root.node) + "\n";
  std::vector<PrintedNode> pending;
  const auto push_children = [&](const Relation& relation, size_t depth) {
    const std::vector<RelationPtr> children = std::visit(Children(), relation.node);
    for (auto it = children.rbegin(); it != children.rend(); ++it)
      if (*it) pending.push_back({*it, depth});
  };
  push_children(root, 1);
  while (!pending.empty()) {
    const PrintedNode next = std::move(pending.back());
    pending.pop_back();
    text.append(2 * (next.depth - 1), ' ')
        .append("+- ")
        .append(std::visit(Line(), next.relation->node))
        .append("\n");
    push_children(*next.relation, next.depth + 1);
  }
  return text;
}

}  // namespace firn::plan

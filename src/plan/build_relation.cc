// Resolved relations: outputs, children, mapped expressions.
#include <utility>

#include "plan/build.h"

namespace firn::plan {
namespace {

std::vector<Attribute> outputs_of(const std::vector<ExprPtr>& named) {
  std::vector<Attribute> output;
  output.reserve(named.size());
  for (const ExprPtr& expr : named) output.push_back(attribute_of(*expr));
  return output;
}

void make_nullable(std::vector<Attribute>& attributes) {
  for (Attribute& attribute : attributes) attribute.nullable = true;
}

struct OutputOf {
  std::vector<Attribute> operator()(const Project& n) const { return outputs_of(n.expressions); }
  std::vector<Attribute> operator()(const Filter& n) const { return n.child->output; }
  std::vector<Attribute> operator()(const Aggregate& n) const { return outputs_of(n.outputs); }
  std::vector<Attribute> operator()(const Sort& n) const { return n.child->output; }
  std::vector<Attribute> operator()(const Limit& n) const { return n.child->output; }
  std::vector<Attribute> operator()(const Distinct& n) const { return n.child->output; }
  std::vector<Attribute> operator()(const Deduplicate& n) const { return n.child->output; }
  std::vector<Attribute> operator()(const Watermark& n) const { return n.child->output; }
  std::vector<Attribute> operator()(const TableScan& n) const {
    std::vector<Attribute> output;
    for (const ScanColumn& scanned : n.columns) output.push_back(scanned.attribute);
    return output;
  }
  std::vector<Attribute> operator()(const FileScan& n) const { return n.columns; }
  std::vector<Attribute> operator()(const Rows& n) const { return n.columns; }
  std::vector<Attribute> operator()(const StreamSource& n) const { return n.columns; }
  std::vector<Attribute> operator()(const Slot& n) const { return n.columns; }
  std::vector<Attribute> operator()(const CachedRows& n) const { return n.columns; }
  std::vector<Attribute> operator()(const PythonMap& n) const { return n.columns; }
  std::vector<Attribute> operator()(const PythonEval& n) const {
    std::vector<Attribute> output = n.child->output;
    for (const ExprPtr& call : n.calls) output.push_back(attribute_of(*call));
    return output;
  }
  std::vector<Attribute> operator()(const Sample& n) const { return n.child->output; }
  std::vector<Attribute> operator()(const Tail& n) const { return n.child->output; }
  std::vector<Attribute> operator()(const Generate& n) const {
    std::vector<Attribute> output = n.child->output;
    output.insert(output.end(), n.columns.begin(), n.columns.end());
    return output;
  }
  std::vector<Attribute> operator()(const Join& n) const {
    std::vector<Attribute> left = n.left->output, right = n.right->output;
    if (n.kind == JoinKind::kRight || n.kind == JoinKind::kFull) make_nullable(left);
    if (n.kind == JoinKind::kLeft || n.kind == JoinKind::kFull) make_nullable(right);
    if (n.kind != JoinKind::kLeftSemi && n.kind != JoinKind::kLeftAnti)
      left.insert(left.end(), right.begin(), right.end());
    return left;
  }
  template <class Other>
  std::vector<Attribute> operator()(const Other&) const {
    return {};  // no columns, or given by the caller (set operations, Range)
  }
};

bool is_streaming_leaf(const RelationNode& node) {
  if (std::holds_alternative<StreamSource>(node)) return true;
  const auto* scan = std::get_if<TableScan>(&node);
  return scan != nullptr && scan->streaming;
}

std::vector<RelationPtr*> child_slots(RelationNode& node) {
  if (auto* n = std::get_if<Project>(&node)) return {&n->child};
  if (auto* n = std::get_if<Filter>(&node)) return {&n->child};
  if (auto* n = std::get_if<Aggregate>(&node)) return {&n->child};
  if (auto* n = std::get_if<Sort>(&node)) return {&n->child};
  if (auto* n = std::get_if<Limit>(&node)) return {&n->child};
  if (auto* n = std::get_if<Distinct>(&node)) return {&n->child};
  if (auto* n = std::get_if<Deduplicate>(&node)) return {&n->child};
  if (auto* n = std::get_if<Watermark>(&node)) return {&n->child};
  if (auto* n = std::get_if<Generate>(&node)) return {&n->child};
  if (auto* n = std::get_if<Sample>(&node)) return {&n->child};
  if (auto* n = std::get_if<PythonEval>(&node)) return {&n->child};
  if (auto* n = std::get_if<PythonMap>(&node)) return {&n->child};
  if (auto* n = std::get_if<Tail>(&node)) return {&n->child};
  if (auto* n = std::get_if<Join>(&node)) return {&n->left, &n->right};
  std::vector<RelationPtr*> slots;
  if (auto* n = std::get_if<SetOperation>(&node))
    for (RelationPtr& child : n->children) slots.push_back(&child);
  return slots;
}

// The expressions of a node, mutable.
std::vector<ExprPtr*> expression_slots(RelationNode& node) {
  std::vector<ExprPtr*> slots;
  const auto list = [&](std::vector<ExprPtr>& expressions) {
    for (ExprPtr& expr : expressions) slots.push_back(&expr);
  };
  if (auto* n = std::get_if<Project>(&node)) list(n->expressions);
  if (auto* n = std::get_if<Filter>(&node)) slots.push_back(&n->condition);
  if (auto* n = std::get_if<Aggregate>(&node)) list(n->keys), list(n->outputs);
  if (auto* n = std::get_if<Sort>(&node))
    for (SortKey& key : n->keys) slots.push_back(&key.child);
  if (auto* n = std::get_if<Limit>(&node)) {
    if (n->limit) slots.push_back(&n->limit);
    if (n->offset) slots.push_back(&n->offset);
  }
  if (auto* n = std::get_if<Join>(&node))
    if (n->condition) slots.push_back(&n->condition);
  if (auto* n = std::get_if<Deduplicate>(&node)) list(n->keys);
  if (auto* n = std::get_if<Watermark>(&node)) slots.push_back(&n->column);
  if (auto* n = std::get_if<PythonEval>(&node)) list(n->calls), list(n->partition);
  if (auto* n = std::get_if<PythonMap>(&node)) list(n->keys), list(n->calls);
  if (auto* n = std::get_if<Generate>(&node)) slots.push_back(&n->generator);
  if (auto* n = std::get_if<Rows>(&node))
    for (std::vector<ExprPtr>& row : n->rows) list(row);
  return slots;
}

}  // namespace

RelationPtr finish(RelationNode node, std::optional<QueryContext> origin) {
  auto relation = std::make_shared<Relation>();
  relation->output = std::visit(OutputOf{}, node);
  relation->streaming = is_streaming_leaf(node);
  for (RelationPtr* child : child_slots(node)) relation->streaming |= (*child)->streaming;
  if (const auto* operation = std::get_if<SetOperation>(&node))
    relation->output = operation->children.at(0)->output;
  relation->node = std::move(node);
  relation->resolved = true;
  relation->origin = std::move(origin);
  return relation;
}

RelationPtr project(std::vector<ExprPtr> expressions, RelationPtr child) {
  return finish(Project{std::move(expressions), std::move(child)});
}
RelationPtr filter(ExprPtr condition, RelationPtr child) {
  return finish(Filter{std::move(condition), std::move(child)});
}

std::vector<RelationPtr> children_of(const Relation& relation) {
  std::vector<RelationPtr> children;
  for (RelationPtr* slot : child_slots(const_cast<RelationNode&>(relation.node)))
    children.push_back(*slot);
  return children;
}

RelationPtr with_children(const Relation& relation, std::vector<RelationPtr> children) {
  RelationNode node = relation.node;
  const std::vector<RelationPtr*> slots = child_slots(node);
  FIRN_CHECK(slots.size() == children.size(), "a relation gets another number of children");
  for (size_t i = 0; i < slots.size(); ++i) *slots[i] = std::move(children[i]);
  const bool keeps_output =
      std::holds_alternative<SetOperation>(node) || std::holds_alternative<Range>(node);
  auto made = std::const_pointer_cast<Relation>(finish(std::move(node), relation.origin));
  if (keeps_output) made->output = relation.output;
  return made;
}

RelationPtr map_expressions(const RelationPtr& relation, const ExprMap& map) {
  RelationNode node = relation->node;
  bool changed = false;
  for (ExprPtr* slot : expression_slots(node)) {
    ExprPtr mapped = map(*slot);
    changed |= mapped != *slot;
    *slot = std::move(mapped);
  }
  if (!changed) return relation;
  return finish(std::move(node), relation->origin);
}

void for_each_expression(const Relation& relation,
                         const std::function<void(const ExprPtr&)>& visit) {
  for (ExprPtr* slot : expression_slots(const_cast<RelationNode&>(relation.node))) visit(*slot);
}

}  // namespace firn::plan

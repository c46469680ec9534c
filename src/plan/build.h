// Makes resolved nodes: fills in type, nullability, can_throw, volatility and outputs, so that
// nobody else has to.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/relation.h"

namespace firn::plan {

// ---- Expressions
ExprPtr column(const Attribute& attribute, std::optional<QueryContext> origin = {});
ExprPtr literal(types::DataType type, types::Value value, std::optional<QueryContext> origin = {});
ExprPtr null_of(types::DataType type);
ExprPtr string_literal(std::string text);
ExprPtr integer_literal(int64_t value);  // INT
ExprPtr long_literal(int64_t value);     // BIGINT
ExprPtr boolean_literal(bool value);
ExprPtr alias(ExprPtr child, std::string name, AttributeId id,
              std::optional<QueryContext> origin = {});
// The child itself where it has that type already (nullability of children aside).
ExprPtr cast(ExprPtr child, types::DataType type, CastMode mode, bool implicit,
             std::optional<QueryContext> origin = {}, std::string zone = {});
ExprPtr field(ExprPtr child, int index, std::optional<QueryContext> origin = {});
ExprPtr case_when(std::vector<CaseBranch> branches, ExprPtr otherwise,
                  std::optional<QueryContext> origin = {});
ExprPtr in_list(InList list, std::optional<QueryContext> origin = {});

struct CallSettings {
  bool ansi = true;
  std::string zone;
  int64_t seed = 0;
};
// `name` must be a row of the function table; arguments have their final types.
ExprPtr call(std::string_view name, std::vector<ExprPtr> arguments, types::DataType type,
             const CallSettings& settings = {}, std::optional<QueryContext> origin = {});
// The same with every member of the node chosen by the caller.
ExprPtr call(Call node, types::DataType type, bool nullable,
             std::optional<QueryContext> origin = {});
ExprPtr both(ExprPtr left, ExprPtr right);  // AND; either may be null
// Any node with the given type; can_throw and is_volatile come from its children (and the node's
// own nature).
ExprPtr typed(ExprNode node, types::DataType type, bool nullable,
              std::optional<QueryContext> origin = {});

// The attribute that a named expression (Alias or ColumnRef) gives.
Attribute attribute_of(const Expr& named);
const Literal* as_literal(const Expr& expr);
// nullptr where `expr` is no resolved call; with a name: no call of that function.
const Call* as_call(const Expr& expr, std::string_view name = {});
bool is_aggregate_call(const Expr& expr);    // those in Python too
bool is_python_aggregate(const Expr& expr);  // a PythonCall of a grouped aggregate
bool is_cheap(const Expr& expr);             // computing it again costs next to nothing
// What an Alias names; any other expression itself.
ExprPtr unnamed(const ExprPtr& expr);

// ---- Walks
using ExprMap = std::function<ExprPtr(const ExprPtr&)>;
// The node with each direct child mapped; the same pointer where nothing changed. Frames, filters
// and needles count as children; plans of subqueries do not.
ExprPtr map_children(const ExprPtr& expr, const ExprMap& map);
void for_each_child(const Expr& expr, const std::function<void(const ExprPtr&)>& visit);
bool any_node(const Expr& expr, const std::function<bool(const Expr&)>& test);
bool contains_aggregate(const Expr& expr);  // outside window functions
bool contains_window(const Expr& expr);
bool contains_subquery(const Expr& expr);
// Ids of all columns that are read, those of correlated subqueries included.
void collect_references(const Expr& expr, std::vector<AttributeId>& ids);
void collect_references(const Relation& relation, std::vector<AttributeId>& ids);
// Same value on the same row; false where one is volatile.
bool equal(const Expr& a, const Expr& b);

// ---- Relations
// Computes output and streaming; the node's expressions and children are resolved.
RelationPtr finish(RelationNode node, std::optional<QueryContext> origin = {});
RelationPtr project(std::vector<ExprPtr> expressions, RelationPtr child);
RelationPtr filter(ExprPtr condition, RelationPtr child);
std::vector<RelationPtr> children_of(const Relation& relation);
RelationPtr with_children(const Relation& relation, std::vector<RelationPtr> children);
// Each direct expression of the node mapped (children untouched); output computed anew.
RelationPtr map_expressions(const RelationPtr& relation, const ExprMap& map);
void for_each_expression(const Relation& relation,
                         const std::function<void(const ExprPtr&)>& visit);

}  // namespace firn::plan

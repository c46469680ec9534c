// Window functions: what they are called over, and Spark's rules for their frames.
#include <algorithm>
#include <cmath>

#include "plan/fold.h"
#include "plan/resolver.h"

namespace firn::plan {
namespace {

using enum DataTypeId;
using Kind = FrameBound::Kind;

// The rows that a bound lies ahead; nullopt: it is no constant number, or the frame is open there.
std::optional<double> distance(const FrameBound& bound) {
  const Literal* constant = bound.offset ? as_literal(*unnamed(bound.offset)) : nullptr;
  if (constant == nullptr) return std::nullopt;
  double value = 0;
  if (const auto* number = std::get_if<int64_t>(&constant->value)) {
    value = static_cast<double>(*number);
  } else if (const auto* real = std::get_if<double>(&constant->value)) {
    value = *real;
  } else if (const auto* decimal = std::get_if<types::Decimal>(&constant->value)) {
    value = static_cast<double>(decimal->unscaled) / std::pow(10.0, constant->type.scale());
  } else {
    return std::nullopt;
  }
  return bound.kind == Kind::kPreceding ? -value : value;
}

// -1 PRECEDING is 1 FOLLOWING.
FrameBound forward(FrameBound bound) {
  const Literal* constant = as_literal(*bound.offset);
  if (constant == nullptr) return bound;
  types::Value value = constant->value;
  if (auto* number = std::get_if<int64_t>(&value); number != nullptr && *number < 0) {
    *number = -*number;
  } else if (auto* real = std::get_if<double>(&value); real != nullptr && *real < 0) {
    *real = -*real;
  } else if (auto* decimal = std::get_if<types::Decimal>(&value);
             decimal != nullptr && decimal->unscaled < 0) {
    decimal->unscaled = -decimal->unscaled;
  } else {
    return bound;
  }
  bound.kind = bound.kind == Kind::kPreceding ? Kind::kFollowing : Kind::kPreceding;
  bound.offset = literal(bound.offset->type, std::move(value), bound.offset->origin);
  return bound;
}

// Functions that say themselves which rows they look at.
void check_own_frame(std::string_view function, const WindowSpec& spec, const ExprPtr& unresolved) {
  const bool shifts = function == "lag" || function == "lead";
  const bool from_the_start = spec.rows && spec.start.kind == Kind::kUnboundedPreceding &&
                              spec.end.kind == Kind::kCurrentRow;
  if (!shifts && from_the_start) return;
  throw_at(unresolved->origin, "FIRN_INVALID_INPUT",
           {{"what", "The window function " + std::string(function) +
                         (shifts ? " takes no frame"
                                 : " has the frame ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT "
                                   "ROW and no other") +
                         ": leave the frame out."}});
}

// Whether RANGE may count in `offset` over an order of that type.
bool counts_in(const DataType& order, const DataType& offset) {
  switch (order.id()) {
    case kDate:
      return offset.id() == kInteger || offset.id() == kYearMonthInterval ||
             (offset.id() == kDayTimeInterval && offset.sql() == "INTERVAL DAY");
    case kTimestamp:
    case kTimestampNtz:
      return is_interval(offset);
    case kDayTimeInterval:
    case kYearMonthInterval:
      return order.id() == offset.id();
    default:
      return order == offset;
  }
}

}  // namespace

// Arguments that must be constants: the buckets of ntile, the offsets of the others, the separator
// of listagg.
void Resolver::check_constant(CallSite& at, size_t index, const char* name, bool positive) {
  if (index >= at.arguments.size()) return;
  const ExprPtr value = fold(at.arguments[index]);
  const bool reads = any_node(*value, [](const Expr& node) {
    return std::holds_alternative<ColumnRef>(node.node) ||
           std::holds_alternative<Subquery>(node.node);
  });
  if (reads)
    throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.NON_FOLDABLE_INPUT",
             {{"sqlExpr", sql_of(display(at.unresolved))},
              {"inputName", backquoted(name)},
              {"inputType", quoted_type(value->type)},
              {"inputExpr", input_text(at, index)}});
  const Literal* constant = positive ? as_literal(*value) : nullptr;
  if (constant == nullptr) return;
  const auto* number = std::get_if<int64_t>(&constant->value);
  if (types::is_null(constant->value))
    throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.UNEXPECTED_NULL",
             {{"sqlExpr", sql_of(display(at.unresolved))}, {"exprName", name}});
  if (number == nullptr || *number > 0) return;
  throw_at(at.unresolved->origin, "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE",
           {{"sqlExpr", sql_of(display(at.unresolved))},
            {"exprName", name},
            {"valueRange", "[1, 2147483647]"},
            {"currentValue", std::to_string(*number)}});
}

// The bounds of a frame that was written.
void Resolver::frame_of(const WindowSpec& given, WindowSpec& made, const ExprPtr& unresolved,
                        const Site& site) {
  const auto refuse = [&](const char* condition, Params params) {
    params["sqlExpr"] = sql_of(pretty_name(*unresolved));
    throw_at(unresolved->origin, std::string("DATATYPE_MISMATCH.") + condition, params);
  };
  const auto shown = [](const FrameBound& bound) {
    return bound.offset ? sql_of(pretty_name(*bound.offset)) : std::string("\"UNBOUNDED\"");
  };
  const DataType* order = made.order_by.size() == 1 ? &made.order_by[0].child->type : nullptr;
  const auto bound = [&](const FrameBound& written, const char* location) {
    FrameBound result{written.kind, nullptr};
    if (!written.offset) return result;
    result.offset = fold(expression(written.offset, site));
    if (as_literal(*result.offset) == nullptr)
      refuse("SPECIFIED_WINDOW_FRAME_WITHOUT_FOLDABLE",
             {{"location", location}, {"expression", shown(written)}});
    const bool in_order_type = !made.rows && order != nullptr && order->id() != kDate &&
                               order->id() != kTimestamp && order->id() != kTimestampNtz;
    if (in_order_type && can_cast(result.offset->type, *order, options_.ansi))
      result.offset = fold(coerce(result.offset, *order));
    const DataType& type = result.offset->type;
    const bool accepted =
        made.rows ? type.id() == kInteger : type.is_numeric() || is_interval(type);
    if (!accepted)
      refuse("SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE",
             {{"location", location},
              {"exprType", quoted_type(type)},
              {"expectedType",
               made.rows ? "\"INT\""
                         : "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO "
                           "MONTH\" or \"INTERVAL\")"}});
    return forward(std::move(result));
  };
  made.start = bound(given.start, "lower");
  made.end = bound(given.end, "upper");
  if (made.start.kind == Kind::kUnboundedFollowing || made.end.kind == Kind::kUnboundedPreceding)
    refuse("SPECIFIED_WINDOW_FRAME_INVALID_BOUND",
           {{"lower", shown(given.start)}, {"upper", shown(given.end)}});
  if (made.start.offset && made.end.offset) {
    const DataType &lower = made.start.offset->type, &upper = made.end.offset->type;
    if (!(lower == upper))
      refuse("SPECIFIED_WINDOW_FRAME_DIFF_TYPES", {{"lower", shown(given.start)},
                                                   {"upper", shown(given.end)},
                                                   {"lowerType", quoted_type(lower)},
                                                   {"upperType", quoted_type(upper)}});
    const auto from = distance(made.start), to = distance(made.end);
    if (from && to && *from > *to)
      refuse("SPECIFIED_WINDOW_FRAME_WRONG_COMPARISON", {{"comparison", "less than or equal"}});
  }
  if (made.rows) return;
  const bool open =
      made.start.kind == Kind::kUnboundedPreceding && made.end.kind == Kind::kUnboundedFollowing;
  if (made.order_by.empty() && !open) refuse("RANGE_FRAME_WITHOUT_ORDER", {});
  const ExprPtr& offset = made.start.offset ? made.start.offset : made.end.offset;
  if (!offset) return;
  if (order == nullptr) {
    std::string keys;
    for (const SortKey& key : given.order_by)
      keys += (keys.empty() ? "" : ", ") + pretty_name(*key.child);
    refuse("RANGE_FRAME_MULTI_ORDER", {{"orderSpec", keys}});
  }
  if (!counts_in(*order, offset->type))
    refuse("RANGE_FRAME_INVALID_TYPE", {{"orderSpecType", quoted_type(*order)},
                                        {"valueBoundaryType", quoted_type(offset->type)}});
}

ExprPtr Resolver::windowed(const Windowed& node, const ExprPtr& unresolved, const Site& site) {
  if (!site.windows)
    throw_at(unresolved->origin, "UNSUPPORTED_EXPR_FOR_OPERATOR",
             {{"invalidExprSqls", sql_of(pretty_name(*unresolved))}});
  Site inner = site;
  inner.aggregates = true;
  Windowed made;
  made.spec.has_frame = node.spec.has_frame;
  made.spec.rows = node.spec.rows;
  for (const ExprPtr& key : node.spec.partition_by)
    made.spec.partition_by.push_back(expression(key, inner));
  for (const SortKey& key : node.spec.order_by)
    made.spec.order_by.push_back({expression(key.child, inner), key.ascending, key.nulls_first});
  const auto* function = std::get_if<UnresolvedCall>(&node.function->node);
  const functions::Function* row =
      function != nullptr ? functions::find_function(function->name) : nullptr;
  inner.clause = "OVER";
  if (row == nullptr) made.function = expression(node.function, inner);  // Python's or no function
  const bool python = made.function != nullptr && is_python_aggregate(*made.function);
  if (!python && (row == nullptr || row->kind == functions::Kind::kScalar))
    throw_at(unresolved->origin, "UNSUPPORTED_EXPR_FOR_WINDOW",
             {{"sqlExpr", sql_of(pretty_name(*node.function))}});
  if (function != nullptr && function->distinct)
    throw_at(unresolved->origin, "DISTINCT_WINDOW_FUNCTION_UNSUPPORTED",
             {{"windowExpr", sql_of(pretty_name(*unresolved))}});
  if (!python) made.function = expression(node.function, inner);
  const bool ranks =
      !python && row->kind == functions::Kind::kWindowOnly && row->name != "nth_value";
  if (ranks && made.spec.order_by.empty())
    throw_at(unresolved->origin, "FIRN_INVALID_INPUT",
             {{"what", "The window function " + std::string(row->name) +
                           " needs ORDER BY in its window, for example (ORDER BY value)."}});
  inner.windows = false;
  if (node.spec.has_frame) frame_of(node.spec, made.spec, unresolved, inner);
  if (ranks && node.spec.has_frame) check_own_frame(row->name, made.spec, unresolved);
  DataType type = made.function->type;
  const bool nullable = made.function->nullable;
  ExprPtr expr = typed(std::move(made), std::move(type), nullable, unresolved->origin);
  for_each_child(*expr, [&](const ExprPtr& child) { nests_windows_ |= contains_window(*child); });
  return expr;
}

namespace {

// Windows within the window `expr` become columns of `below`.
ExprPtr hoisted(const ExprPtr& expr, bool within, std::vector<ExprPtr>& below, IdSource& ids) {
  const bool window = std::holds_alternative<Windowed>(expr->node);
  if (!window || !within)
    return map_children(
        expr, [&](const ExprPtr& child) { return hoisted(child, within || window, below, ids); });
  for (const ExprPtr& known : below)
    if (equal(*unnamed(known), *expr)) return column(attribute_of(*known), expr->origin);
  below.push_back(alias(expr, "_we" + std::to_string(below.size()), ids.next()));
  return column(attribute_of(*below.back()), expr->origin);
}

}  // namespace

RelationPtr flat_windows(const RelationPtr& relation, IdSource& ids) {
  std::vector<RelationPtr> children = children_of(*relation);
  for (RelationPtr& child : children) child = flat_windows(child, ids);
  RelationPtr made = children.empty() ? relation : with_children(*relation, std::move(children));
  const std::function<ExprPtr(const ExprPtr&)> subqueries = [&](const ExprPtr& expr) {
    if (!contains_subquery(*expr)) return expr;
    const ExprPtr mapped = map_children(expr, subqueries);
    const auto* subquery = std::get_if<Subquery>(&mapped->node);
    if (subquery == nullptr) return mapped;
    Subquery flat = *subquery;
    flat.plan = flat_windows(flat.plan, ids);
    return typed(std::move(flat), mapped->type, mapped->nullable, mapped->origin);
  };
  made = map_expressions(made, subqueries);
  const auto* node = std::get_if<Project>(&made->node);
  if (node == nullptr) return made;
  std::vector<ExprPtr> outputs, below;
  for (const ExprPtr& expr : node->expressions) outputs.push_back(hoisted(expr, false, below, ids));
  if (below.empty()) return made;
  std::vector<ExprPtr> columns;
  for (const Attribute& attribute : node->child->output) columns.push_back(column(attribute));
  columns.insert(columns.end(), below.begin(), below.end());
  const RelationPtr inner = flat_windows(project(std::move(columns), node->child), ids);
  return project(std::move(outputs), inner);
}

}  // namespace firn::plan

// Resolved expressions: construction, walks, comparison.
#include "plan/build.h"

#include <utility>

#include "plan/coercion.h"

namespace firn::plan {
namespace {

using functions::Kind;
using types::DataType;
using types::DataTypeId;

// A cast that some value may not survive.
bool cast_can_fail(const DataType& from, const DataType& to) {
  if (from.same_ignoring_nullability(to) || from.id() == DataTypeId::kNull ||
      to.id() == DataTypeId::kString)
    return false;
  if (from.id() == DataTypeId::kArray && to.id() == DataTypeId::kArray)
    return cast_can_fail(from.element(), to.element());
  if (from.id() == DataTypeId::kMap && to.id() == DataTypeId::kMap)
    return cast_can_fail(from.key(), to.key()) || cast_can_fail(from.value(), to.value());
  if (from.id() == DataTypeId::kStruct && to.id() == DataTypeId::kStruct) {
    for (size_t i = 0; i < from.fields().size() && i < to.fields().size(); ++i)
      if (cast_can_fail(from.fields()[i].type, to.fields()[i].type)) return true;
    return false;
  }
  if (from.is_integral() && to.is_integral()) return to.id() < from.id();
  if (from.is_numeric() && is_float(to)) return false;
  if (from.id() == DataTypeId::kBoolean && to.is_numeric()) return to.id() == DataTypeId::kDecimal;
  if (from.is_numeric() && to.id() == DataTypeId::kBoolean) return false;
  if (from.id() == DataTypeId::kDate || to.id() == DataTypeId::kBinary) return false;
  if (from.id() == DataTypeId::kTimestamp || from.id() == DataTypeId::kTimestampNtz)
    return to.is_numeric() && to.id() != DataTypeId::kLong && !is_float(to);
  if (from.id() == DataTypeId::kDecimal && to.id() == DataTypeId::kDecimal)
    return to.precision() - to.scale() < from.precision() - from.scale();
  return true;
}

// Spark's Cast.forceNullable, plus NULLs that non-ANSI and TRY casts give for what they cannot
// read.
bool cast_makes_null(const DataType& from, const DataType& to, CastMode mode) {
  return mode != CastMode::kAnsi && cast_can_fail(from, to);
}

bool call_can_throw(const Call& call) {
  const uint32_t flags = call.function->flags;
  if (flags & functions::kCanThrow) return true;
  if (!(flags & functions::kCanThrowInAnsi) || !call.ansi) return false;
  const std::string_view name = call.function->name;
  const bool sums = name == "+" || name == "-" || name == "*" || name == "negative" ||
                    name == "abs" || name == "round" || name == "bround" || name == "sum" ||
                    name == "avg";
  return !(sums && !call.arguments.empty() && is_float(call.arguments[0]->type));
}

bool node_can_throw(const ExprNode& node) {
  if (const auto* made = std::get_if<Cast>(&node))
    return made->mode == CastMode::kAnsi && cast_can_fail(made->child->type, made->type);
  if (const auto* made = std::get_if<Call>(&node)) return call_can_throw(*made);
  if (std::holds_alternative<PythonCall>(node)) return true;
  const auto* subquery = std::get_if<Subquery>(&node);
  return subquery != nullptr && subquery->kind == SubqueryKind::kScalar;
}

bool call_nullable(const Call& call, const DataType& type) {
  const std::string_view name = call.function->name;
  if (name == "isnull" || name == "isnotnull" || name == "isnan" || name == "<=>" ||
      name == "count" || name == "count_if" || name == "array" || name == "named_struct" ||
      name == "map" || name == "collect_list" || name == "collect_set" || name == "rand" ||
      name == "randn" || name == "uuid" || name == "monotonically_increasing_id" ||
      name == "hash" || name == "xxhash64" || name == "approx_count_distinct" ||
      name == "row_number" || name == "rank" || name == "dense_rank" || name == "concat_ws" ||
      name == "assert_not_null")
    return false;
  bool some = false, all = true;
  for (const ExprPtr& argument : call.arguments) {
    some |= argument->nullable;
    all &= argument->nullable;
  }
  if (name == "coalesce" || name == "greatest" || name == "least") return all;
  if (name == "and" || name == "or" || name == "not") return some;
  if (call.function->kind == Kind::kAggregate) return true;
  if (type.is_numeric() && (name == "+" || name == "-" || name == "*"))
    return some || (!call.ansi && type.id() == DataTypeId::kDecimal);
  constexpr std::string_view kTotal[] = {"=",
                                         "!=",
                                         "<",
                                         "<=",
                                         ">",
                                         ">=",
                                         "concat",
                                         "upper",
                                         "lower",
                                         "length",
                                         "trim",
                                         "ltrim",
                                         "rtrim",
                                         "btrim",
                                         "substring",
                                         "replace",
                                         "&",
                                         "|",
                                         "^",
                                         "~",
                                         "negative",
                                         "abs",
                                         "year",
                                         "month",
                                         "day",
                                         "hour",
                                         "minute",
                                         "second",
                                         "date_add",
                                         "date_sub",
                                         "window_start",
                                         "plus_micros",
                                         "like",
                                         "ilike",
                                         "rlike",
                                         "startswith",
                                         "endswith",
                                         "contains",
                                         "regexp_replace",
                                         "md5",
                                         "sha1",
                                         "octet_length",
                                         "timestamp_plus_interval"};
  for (const std::string_view total : kTotal)
    if (name == total) return some;
  return true;
}

struct Copy {  // of a node with its children mapped
  const ExprMap& map;
  bool changed = false;

  ExprPtr operator()(const ExprPtr& child) {
    if (!child) return child;
    ExprPtr mapped = map(child);
    changed |= mapped != child;
    return mapped;
  }
  void list(std::vector<ExprPtr>& children) {
    for (ExprPtr& child : children) child = (*this)(child);
  }
  void keys(std::vector<SortKey>& sort_keys) {
    for (SortKey& key : sort_keys) key.child = (*this)(key.child);
  }

  void node(UnresolvedCall& n) { list(n.arguments), n.filter = (*this)(n.filter); }
  void node(UnresolvedExtract& n) { n.child = (*this)(n.child), n.key = (*this)(n.key); }
  void node(PythonCall& n) { list(n.arguments); }
  void node(UpdateField& n) { n.child = (*this)(n.child), n.value = (*this)(n.value); }
  void node(Alias& n) { n.child = (*this)(n.child); }
  void node(MultiAlias& n) { n.child = (*this)(n.child); }
  void node(Cast& n) { n.child = (*this)(n.child); }
  void node(Case& n) {
    n.operand = (*this)(n.operand);
    for (CaseBranch& branch : n.branches)
      branch = {(*this)(branch.condition), (*this)(branch.value)};
    n.otherwise = (*this)(n.otherwise);
  }
  void node(InList& n) { n.child = (*this)(n.child), list(n.values); }
  void node(Lambda& n) { n.body = (*this)(n.body); }
  void node(Subquery& n) { list(n.needles); }
  void node(Windowed& n) {
    n.function = (*this)(n.function);
    list(n.spec.partition_by), keys(n.spec.order_by);
    n.spec.start.offset = (*this)(n.spec.start.offset),
    n.spec.end.offset = (*this)(n.spec.end.offset);
  }
  void node(Call& n) { list(n.arguments), n.filter = (*this)(n.filter); }
  void node(GetField& n) { n.child = (*this)(n.child); }
  template <class Leaf>
  void node(Leaf&) {}
};

}  // namespace

ExprPtr typed(ExprNode node, DataType type, bool nullable, std::optional<QueryContext> origin) {
  bool can_throw = node_can_throw(node), is_volatile = false;
  if (const auto* made = std::get_if<Call>(&node))
    is_volatile = (made->function->flags & functions::kVolatile) != 0;
  if (const auto* python = std::get_if<PythonCall>(&node))
    is_volatile = !python->function->deterministic;
  const ExprPtr made = make(std::move(node), std::move(origin));
  for_each_child(*made, [&](const ExprPtr& child) {
    can_throw |= child->can_throw;
    is_volatile |= child->is_volatile;
  });
  Expr& expr = const_cast<Expr&>(*made);  // nobody else has seen it yet
  expr.type = std::move(type);
  expr.nullable = nullable;
  expr.resolved = true;
  expr.can_throw = can_throw;
  expr.is_volatile = is_volatile;
  return made;
}

ExprPtr column(const Attribute& attribute, std::optional<QueryContext> origin) {
  return typed(ColumnRef{attribute}, attribute.type, attribute.nullable, std::move(origin));
}

ExprPtr literal(DataType type, types::Value value, std::optional<QueryContext> origin) {
  const bool nullable = types::is_null(value);
  return typed(Literal{type, std::move(value)}, type, nullable, std::move(origin));
}
ExprPtr null_of(DataType type) { return literal(std::move(type), types::Null{}); }
ExprPtr string_literal(std::string text) { return literal(DataTypeId::kString, std::move(text)); }
ExprPtr integer_literal(int64_t value) { return literal(DataTypeId::kInteger, value); }
ExprPtr long_literal(int64_t value) { return literal(DataTypeId::kLong, value); }
ExprPtr boolean_literal(bool value) { return literal(DataTypeId::kBoolean, value); }

ExprPtr alias(ExprPtr child, std::string name, AttributeId id, std::optional<QueryContext> origin) {
  DataType type = child->type;
  const bool nullable = child->nullable;
  return typed(Alias{std::move(child), std::move(name), id}, std::move(type), nullable,
               std::move(origin));
}

ExprPtr cast(ExprPtr child, DataType type, CastMode mode, bool implicit,
             std::optional<QueryContext> origin, std::string zone) {
  if (child->type.same_ignoring_nullability(type)) return child;
  if (!origin) origin = child->origin;
  const Literal* null = as_literal(*child);
  if (implicit && null != nullptr && types::is_null(null->value))
    return literal(std::move(type), types::Null{}, std::move(origin));
  const bool nullable = child->nullable || cast_makes_null(child->type, type, mode);
  return typed(Cast{std::move(child), type, mode, implicit, std::move(zone)}, type, nullable,
               std::move(origin));
}

ExprPtr field(ExprPtr child, int index, std::optional<QueryContext> origin) {
  const types::StructField& member = child->type.fields().at(index);
  DataType type = member.type;
  const bool nullable = child->nullable || member.nullable;
  return typed(GetField{std::move(child), index}, std::move(type), nullable, std::move(origin));
}

ExprPtr case_when(std::vector<CaseBranch> branches, ExprPtr otherwise,
                  std::optional<QueryContext> origin) {
  bool nullable = !otherwise || otherwise->nullable;
  for (const CaseBranch& branch : branches) nullable |= branch.value->nullable;
  DataType type = branches.at(0).value->type;
  return typed(Case{nullptr, std::move(branches), std::move(otherwise)}, std::move(type), nullable,
               std::move(origin));
}

ExprPtr in_list(InList list, std::optional<QueryContext> origin) {
  bool nullable = list.child->nullable;
  for (const ExprPtr& value : list.values) nullable |= value->nullable;
  return typed(std::move(list), DataTypeId::kBoolean, nullable, std::move(origin));
}

ExprPtr call(Call node, DataType type, bool nullable, std::optional<QueryContext> origin) {
  return typed(std::move(node), std::move(type), nullable, std::move(origin));
}

ExprPtr call(std::string_view name, std::vector<ExprPtr> arguments, DataType type,
             const CallSettings& settings, std::optional<QueryContext> origin) {
  Call node;
  node.function = functions::find_function(name);
  FIRN_CHECK(node.function != nullptr, "a call of a function without a row");
  node.arguments = std::move(arguments);
  node.ansi = settings.ansi;
  if (node.function->flags & functions::kSession) node.zone = settings.zone;
  if (node.function->flags & functions::kVolatile) node.seed = settings.seed;
  const bool nullable = call_nullable(node, type);
  return typed(std::move(node), std::move(type), nullable, std::move(origin));
}

ExprPtr both(ExprPtr left, ExprPtr right) {
  if (!left || !right) return left ? left : right;
  return call("and", {std::move(left), std::move(right)}, DataTypeId::kBoolean);
}

Attribute attribute_of(const Expr& named) {
  if (const auto* ref = std::get_if<ColumnRef>(&named.node)) return ref->attribute;
  const auto* made = std::get_if<Alias>(&named.node);
  FIRN_CHECK(made != nullptr, "a column that has no name");
  return {made->id, made->name, named.type, named.nullable, {}};
}

const Literal* as_literal(const Expr& expr) { return std::get_if<Literal>(&expr.node); }

bool is_cheap(const Expr& expr) {
  if (std::holds_alternative<ColumnRef>(expr.node) || as_literal(expr) != nullptr ||
      std::holds_alternative<Parameter>(expr.node))
    return true;
  if (const auto* node = std::get_if<GetField>(&expr.node)) return is_cheap(*node->child);
  return false;
}

ExprPtr unnamed(const ExprPtr& expr) {
  const auto* named = std::get_if<Alias>(&expr->node);
  return named != nullptr ? named->child : expr;
}

const Call* as_call(const Expr& expr, std::string_view name) {
  const auto* made = std::get_if<Call>(&expr.node);
  return made != nullptr && (name.empty() || made->function->name == name) ? made : nullptr;
}

bool is_python_aggregate(const Expr& expr) {
  const auto* made = std::get_if<PythonCall>(&expr.node);
  if (made == nullptr) return false;
  const int type = made->function->eval_type;  // SQL_GROUPED_AGG_PANDAS_UDF and …_ARROW_UDF
  return type == 202 || type == 252;
}
bool is_aggregate_call(const Expr& expr) {
  if (is_python_aggregate(expr)) return true;
  const Call* made = as_call(expr);
  return made != nullptr && made->function->kind == Kind::kAggregate;
}

ExprPtr map_children(const ExprPtr& expr, const ExprMap& map) {
  Copy copy{map};
  ExprNode node = expr->node;
  std::visit([&](auto& n) { copy.node(n); }, node);
  if (!copy.changed) return expr;
  if (!expr->resolved) return make(std::move(node), expr->origin);
  bool nullable = expr->nullable;
  if (const auto* made = std::get_if<Alias>(&node)) nullable = made->child->nullable;
  return typed(std::move(node), expr->type, nullable, expr->origin);
}

void for_each_child(const Expr& expr, const std::function<void(const ExprPtr&)>& visit) {
  const auto one = [&](const ExprPtr& child) {
    if (child) visit(child);
  };
  const auto list = [&](const std::vector<ExprPtr>& children) {
    for (const ExprPtr& child : children) one(child);
  };
  if (const auto* n = std::get_if<Call>(&expr.node)) return list(n->arguments), one(n->filter);
  if (const auto* n = std::get_if<UnresolvedCall>(&expr.node))
    return list(n->arguments), one(n->filter);
  if (const auto* n = std::get_if<UnresolvedExtract>(&expr.node)) return one(n->child), one(n->key);
  if (const auto* n = std::get_if<PythonCall>(&expr.node)) return list(n->arguments);
  if (const auto* n = std::get_if<UpdateField>(&expr.node)) return one(n->child), one(n->value);
  if (const auto* n = std::get_if<Alias>(&expr.node)) return one(n->child);
  if (const auto* n = std::get_if<MultiAlias>(&expr.node)) return one(n->child);
  if (const auto* n = std::get_if<Cast>(&expr.node)) return one(n->child);
  if (const auto* n = std::get_if<GetField>(&expr.node)) return one(n->child);
  if (const auto* n = std::get_if<InList>(&expr.node)) return one(n->child), list(n->values);
  if (const auto* n = std::get_if<Lambda>(&expr.node)) return one(n->body);
  if (const auto* n = std::get_if<Subquery>(&expr.node)) return list(n->needles);
  if (const auto* n = std::get_if<Case>(&expr.node)) {
    one(n->operand);
    for (const CaseBranch& branch : n->branches) one(branch.condition), one(branch.value);
    return one(n->otherwise);
  }
  if (const auto* n = std::get_if<Windowed>(&expr.node)) {
    one(n->function), list(n->spec.partition_by);
    for (const SortKey& key : n->spec.order_by) one(key.child);
    one(n->spec.start.offset), one(n->spec.end.offset);
  }
}

bool any_node(const Expr& expr, const std::function<bool(const Expr&)>& test) {
  if (test(expr)) return true;
  bool found = false;
  for_each_child(expr, [&](const ExprPtr& child) { found = found || any_node(*child, test); });
  return found;
}

bool contains_aggregate(const Expr& expr) {
  if (is_aggregate_call(expr)) return true;
  if (const auto* windowed = std::get_if<Windowed>(&expr.node)) {
    bool found =
        false;  // the function itself is the window's; its arguments and keys may aggregate
    for_each_child(*windowed->function,
                   [&](const ExprPtr& child) { found = found || contains_aggregate(*child); });
    for (const ExprPtr& key : windowed->spec.partition_by)
      found = found || contains_aggregate(*key);
    for (const SortKey& key : windowed->spec.order_by)
      found = found || contains_aggregate(*key.child);
    return found;
  }
  bool found = false;
  for_each_child(expr, [&](const ExprPtr& child) { found = found || contains_aggregate(*child); });
  return found;
}

bool contains_window(const Expr& expr) {
  return any_node(expr, [](const Expr& e) { return std::holds_alternative<Windowed>(e.node); });
}
bool contains_subquery(const Expr& expr) {
  return any_node(expr, [](const Expr& e) { return std::holds_alternative<Subquery>(e.node); });
}

void collect_references(const Expr& expr, std::vector<AttributeId>& ids) {
  if (const auto* ref = std::get_if<ColumnRef>(&expr.node)) ids.push_back(ref->attribute.id);
  if (const auto* subquery = std::get_if<Subquery>(&expr.node))
    collect_references(*subquery->plan, ids);
  for_each_child(expr, [&](const ExprPtr& child) { collect_references(*child, ids); });
}

void collect_references(const Relation& relation, std::vector<AttributeId>& ids) {
  for_each_expression(relation, [&](const ExprPtr& expr) { collect_references(*expr, ids); });
  for (const RelationPtr& child : children_of(relation)) collect_references(*child, ids);
}

}  // namespace firn::plan

// Expressions → DuckDB's parsed expressions. Whatever may throw is evaluated only where Spark
// evaluates it.
#include <utility>

#include "engine/duck_types.h"
#include "engine/kernel_functions.h"
#include "engine/lower.h"
#include "plan/build.h"

namespace firn::engine {
namespace {

using duckdb::ExpressionType;
using duckdb::make_uniq;
using plan::Expr;
using plan::ExprPtr;

const plan::Subquery* as_in_subquery(const Expr& expr) {
  const auto* subquery = std::get_if<plan::Subquery>(&expr.node);
  return subquery != nullptr && subquery->kind == plan::SubqueryKind::kIn ? subquery : nullptr;
}
// x IN (…) below NOT.
const plan::Subquery* negated_in(const plan::Call& call) {
  return call.function->name == "not" ? as_in_subquery(*call.arguments.at(0)) : nullptr;
}

void collect_conjuncts(const ExprPtr& expr, std::vector<ExprPtr>& out) {
  if (const plan::Call* call = plan::as_call(*expr, "and")) {
    for (const ExprPtr& argument : call->arguments) collect_conjuncts(argument, out);
  } else {
    out.push_back(expr);
  }
}

Parsed all_of(ParsedList parts) {
  if (parts.size() == 1) return std::move(parts[0]);
  return conjunction(ExpressionType::CONJUNCTION_AND, std::move(parts));
}

class ExpressionLowering {
 public:
  explicit ExpressionLowering(LoweringContext& context) : context_(context) {}

  Parsed lower(const Expr& expr) {
    const DepthGuard guard(context_);
    return std::visit([&](const auto& node) { return lower_node(node, expr); }, expr.node);
  }

 private:
  Parsed lower_node(const plan::Literal& literal, const Expr&) {
    if (literal.type.is_nested())
      return cast_to(to_duckdb(literal.type), constant(to_duckdb(literal.value, literal.type)));
    return constant(to_duckdb(literal.value, literal.type));
  }
  Parsed lower_node(const plan::Alias& alias, const Expr&) { return lower(*alias.child); }
  Parsed lower_node(const plan::ColumnRef& ref, const Expr&) {
    Parsed parsed = column(name_of(ref.attribute.id));
    if (!context_.lambda_indexes.contains(ref.attribute.id)) return parsed;
    return cast_to(
        duckdb::LogicalType::INTEGER,
        function("-", list_of<Parsed>(std::move(parsed), constant(duckdb::Value::BIGINT(1)))));
  }
  Parsed lower_node(const plan::Cast& cast, const Expr& expr) {
    return lower_cast(cast, expr, context_);
  }
  Parsed lower_node(const plan::Call& call, const Expr& expr) {
    if (const plan::Subquery* in = negated_in(call)) return in_subquery(*in, !in->negated, false);
    const bool aggregates = call.function->kind == functions::Kind::kAggregate;
    context_.computing += aggregates ? 1 : 0;
    Parsed parsed = lower_call(call, expr, context_);
    context_.computing -= aggregates ? 1 : 0;
    return parsed;
  }
  Parsed lower_node(const plan::Windowed& windowed, const Expr& expr) {
    ++context_.computing;
    Parsed parsed = lower_window(windowed, expr, context_);
    --context_.computing;
    return parsed;
  }
  std::string name_of(plan::AttributeId id) const {
    if (context_.computing > 0)
      if (const auto found = context_.carried.find(id); found != context_.carried.end())
        return found->second;
    const auto found = context_.renamed.find(id);
    return found != context_.renamed.end() ? found->second : column_name(id);
  }

  Parsed lower_node(const plan::Case& node, const Expr& expr) {
    FIRN_CHECK(!node.operand, "a resolved CASE has no operand");
    auto result = make_uniq<duckdb::CaseExpression>();
    for (const plan::CaseBranch& branch : node.branches) {
      duckdb::CaseCheck check;
      check.when_expr = lower(*branch.condition);
      check.then_expr = lower(*branch.value);
      result->case_checks.push_back(std::move(check));
    }
    result->else_expr =
        node.otherwise ? lower(*node.otherwise) : constant(duckdb::Value(to_duckdb(expr.type)));
    return result;
  }

  Parsed lower_node(const plan::InList& in, const Expr&) {
    ParsedList parts;
    parts.push_back(lower(*in.child));
    for (const ExprPtr& value : in.values) parts.push_back(lower(*value));
    return operation(in.negated ? ExpressionType::COMPARE_NOT_IN : ExpressionType::COMPARE_IN,
                     std::move(parts));
  }

  Parsed lower_node(const plan::GetField& field, const Expr&) {
    return function(
        "struct_extract",
        list_of(lower(*field.child), constant(duckdb::Value("f" + std::to_string(field.index)))));
  }

  Parsed lower_node(const plan::Parameter& parameter, const Expr&) {
    FIRN_CHECK(
        parameter.index >= 0 && static_cast<size_t>(parameter.index) < context_.parameters.size(),
        "a plan refers to a parameter that was not declared");
    return function(
        kParameterFunction,
        list_of(constant(duckdb::Value::UBIGINT(static_cast<uint64_t>(parameter.index)))));
  }

  Parsed lower_node(const plan::Lambda& lambda, const Expr&) {
    duckdb::vector<std::string> names;
    for (const plan::AttributeId id : lambda.ids) names.push_back(column_name(id));
    return make_uniq<duckdb::LambdaExpression>(std::move(names), lower(*lambda.body));
  }

  Parsed lower_node(const plan::Subquery& subquery, const Expr& expr) {
    auto result = make_uniq<duckdb::SubqueryExpression>();
    switch (subquery.kind) {
      case plan::SubqueryKind::kScalar:
        result->subquery = lower_query(*subquery.plan, context_);
        result->subquery_type = duckdb::SubqueryType::SCALAR;
        return cast_to(to_duckdb(expr.type), std::move(result));
      case plan::SubqueryKind::kIn:
        return in_subquery(subquery, subquery.negated, false);
      case plan::SubqueryKind::kExists:
        break;
    }
    result->subquery = lower_query(*subquery.plan, context_);
    result->subquery_type = duckdb::SubqueryType::EXISTS;
    if (!subquery.negated) return result;
    return operation(ExpressionType::OPERATOR_NOT, list_of<Parsed>(std::move(result)));
  }

 public:
  // Spark asks whether a match exists: what SQL leaves unknown is false, for NOT IN too. A filter
  // drops both alike.
  Parsed in_subquery(const plan::Subquery& subquery, bool negated, bool is_filter) {
    auto result = make_uniq<duckdb::SubqueryExpression>();
    result->subquery = lower_query(*subquery.plan, context_);
    result->subquery_type = duckdb::SubqueryType::ANY;
    result->comparison_type = ExpressionType::COMPARE_EQUAL;
    result->child = needle(subquery, *result);
    Parsed found = std::move(result);
    if (negated) found = operation(ExpressionType::OPERATOR_NOT, list_of(std::move(found)));
    if (is_filter) return found;
    return operation(ExpressionType::OPERATOR_COALESCE,
                     list_of(std::move(found), constant(duckdb::Value::BOOLEAN(false))));
  }

 private:
  // (a, b) IN (SELECT x, y …) compares structs.
  Parsed needle(const plan::Subquery& subquery, duckdb::SubqueryExpression& result) {
    if (subquery.needles.size() == 1) return lower(*subquery.needles[0]);
    ParsedList columns;
    for (const plan::Attribute& attribute : subquery.plan->output)
      columns.push_back(column(column_name(attribute.id)));
    auto select = make_uniq<duckdb::SelectNode>();
    select->from_table = make_uniq<duckdb::SubqueryRef>(
        std::move(result.subquery), "t" + std::to_string(context_.subqueries++));
    select->select_list.push_back(function("row", std::move(columns)));
    result.subquery = make_uniq<duckdb::SelectStatement>();
    result.subquery->node = std::move(select);
    return function("row", lower_all(subquery.needles, context_));
  }

  template <class Node>
  Parsed lower_node(const Node&, const Expr& expr) {
    throw Error(
        "FIRN_INTERNAL",
        {{"what", "an expression that is not resolved reached the engine: " + to_string(expr)}});
  }

  LoweringContext& context_;
};

}  // namespace

Parsed lower_expression(const Expr& expr, LoweringContext& context) {
  return ExpressionLowering(context).lower(expr);
}

ParsedList lower_all(const std::vector<ExprPtr>& exprs, LoweringContext& context) {
  ParsedList list;
  for (const ExprPtr& expr : exprs) list.push_back(lower_expression(*expr, context));
  return list;
}

std::vector<ExprPtr> split_conjuncts(const ExprPtr& condition) {
  std::vector<ExprPtr> conjuncts;
  collect_conjuncts(condition, conjuncts);
  return conjuncts;
}

namespace {

// One condition of a filter, where unknown is as good as false.
Parsed lower_conjunct(const ExprPtr& conjunct, LoweringContext& context) {
  ExpressionLowering lowering(context);
  if (const plan::Subquery* in = as_in_subquery(*conjunct))
    return lowering.in_subquery(*in, in->negated, true);
  const auto* call = std::get_if<plan::Call>(&conjunct->node);
  const plan::Subquery* in = call == nullptr ? nullptr : negated_in(*call);
  if (in != nullptr) return lowering.in_subquery(*in, !in->negated, true);
  return lowering.lower(*conjunct);
}
ParsedList lower_conjunct_list(const std::vector<ExprPtr>& conjuncts, LoweringContext& context) {
  ParsedList list;
  for (const ExprPtr& conjunct : conjuncts) list.push_back(lower_conjunct(conjunct, context));
  return list;
}

}  // namespace

Parsed lower_conjuncts(const std::vector<ExprPtr>& conjuncts, LoweringContext& context) {
  std::vector<ExprPtr> safe, throwing;
  for (const ExprPtr& conjunct : conjuncts)
    (conjunct->can_throw ? throwing : safe).push_back(conjunct);
  if (throwing.empty()) return all_of(lower_conjunct_list(safe, context));
  // Safe ones stay bare, so that they prune; each throwing one stands behind all safe ones and its
  // predecessors.
  Parsed guarded = lower_conjunct(throwing.back(), context);
  for (size_t i = throwing.size() - 1; i-- > 0;) {
    guarded = case_when(lower_conjunct(throwing[i], context), std::move(guarded),
                        constant(duckdb::Value::BOOLEAN(false)));
  }
  if (safe.empty()) return guarded;
  guarded = case_when(all_of(lower_conjunct_list(safe, context)), std::move(guarded),
                      constant(duckdb::Value::BOOLEAN(false)));
  ParsedList parts = lower_conjunct_list(safe, context);
  parts.push_back(std::move(guarded));
  return all_of(std::move(parts));
}

Parsed column(const std::string& name) { return make_uniq<duckdb::ColumnRefExpression>(name); }
Parsed constant(duckdb::Value value) {
  return make_uniq<duckdb::ConstantExpression>(std::move(value));
}
Parsed function(const std::string& name, ParsedList arguments) {
  return make_uniq<duckdb::FunctionExpression>(name, std::move(arguments));
}
Parsed operation(ExpressionType type, ParsedList arguments) {
  return make_uniq<duckdb::OperatorExpression>(type, std::move(arguments));
}
Parsed compare(ExpressionType type, Parsed left, Parsed right) {
  return make_uniq<duckdb::ComparisonExpression>(type, std::move(left), std::move(right));
}
Parsed conjunction(ExpressionType type, ParsedList arguments) {
  return make_uniq<duckdb::ConjunctionExpression>(type, std::move(arguments));
}
Parsed cast_to(const duckdb::LogicalType& type, Parsed child) {
  return make_uniq<duckdb::CastExpression>(type, std::move(child));
}
Parsed case_when(Parsed condition, Parsed value, Parsed otherwise) {
  auto result = make_uniq<duckdb::CaseExpression>();
  duckdb::CaseCheck check;
  check.when_expr = std::move(condition);
  check.then_expr = std::move(value);
  result->case_checks.push_back(std::move(check));
  result->else_expr = std::move(otherwise);
  return result;
}

}  // namespace firn::engine

// Expressions of Spark Connect → expressions of the plan.
#include <algorithm>

#include "functions/function.h"
#include "server/spark_connect/translate_parts.h"
#include "sql/parser.h"

namespace firn::server::spark_connect {
namespace {

using plan::ExprPtr;
using proto::Expression;
using ExpressionCase = Expression::ExprTypeCase;

// Functions that Spark's clients call by names which are no rows of the function table.
struct Synonym {
  std::string_view written, function;
};
constexpr Synonym kSynonyms[] = {
    {"==", "="},
    {"isnotnull", "isnotnull"},
    {"bitwise_not", "~"},
    {"bitwisenot", "~"},
};

std::optional<int64_t> id_of(const auto& message) {
  return message.has_plan_id() ? std::optional<int64_t>(message.plan_id()) : std::nullopt;
}

// A constant below zero as the one above it: frames say PRECEDING by the sign.
ExprPtr without_sign(const ExprPtr& offset) {
  const plan::Literal* constant = plan::as_literal(*offset);
  if (constant == nullptr) return nullptr;
  if (const auto* number = std::get_if<int64_t>(&constant->value); number && *number < 0)
    return plan::make(plan::Literal{constant->type, -*number});
  if (const auto* number = std::get_if<double>(&constant->value); number && *number < 0)
    return plan::make(plan::Literal{constant->type, -*number});
  if (const auto* number = std::get_if<float>(&constant->value); number && *number < 0)
    return plan::make(plan::Literal{constant->type, -*number});
  if (const auto* number = std::get_if<types::Decimal>(&constant->value);
      number && number->unscaled < 0)
    return plan::make(plan::Literal{constant->type, types::Decimal{-number->unscaled}});
  return nullptr;
}

bool is_zero(const ExprPtr& offset) {
  const plan::Literal* constant = plan::as_literal(*offset);
  const auto* number = constant != nullptr ? std::get_if<int64_t>(&constant->value) : nullptr;
  return number != nullptr && *number == 0;
}

}  // namespace

ExprPtr Translation::expression(const Expression& given) {
  switch (given.expr_type_case()) {
    case ExpressionCase::kLiteral:
      return literal(given.literal());
    case ExpressionCase::kUnresolvedAttribute: {
      const auto& name = given.unresolved_attribute();
      if (name.is_metadata_column())
        throw_unsupported("metadata columns (" + name.unparsed_identifier() + ") of Spark Connect");
      return plan::make(plan::UnresolvedName{name_parts(name.unparsed_identifier()), id_of(name)});
    }
    case ExpressionCase::kUnresolvedFunction:
      return call(given.unresolved_function());
    case ExpressionCase::kExpressionString:
      return sql_text(given.expression_string().expression());
    case ExpressionCase::kUnresolvedStar: {
      const auto& star = given.unresolved_star();
      std::string target = star.unparsed_target();
      if (target.size() >= 2 && target.ends_with(".*")) target.resize(target.size() - 2);
      plan::UnresolvedStar made;
      if (!target.empty()) made.qualifier = name_parts(target);
      made.plan_id = id_of(star);
      return plan::make(std::move(made));
    }
    case ExpressionCase::kAlias:
      return alias(given.alias());
    case ExpressionCase::kCast:
      return cast(given.cast());
    case ExpressionCase::kUnresolvedRegex: {
      const auto& regex = given.unresolved_regex();
      std::string pattern = regex.col_name();
      const bool quoted = pattern.size() >= 2 && pattern.front() == '`' && pattern.back() == '`';
      if (!quoted) return plan::make(plan::UnresolvedName{name_parts(pattern), id_of(regex)});
      return plan::make(plan::UnresolvedRegex{pattern.substr(1, pattern.size() - 2), id_of(regex)});
    }
    case ExpressionCase::kSortOrder:
      throw Error("FIRN_INVALID_INPUT",
                  {{"what",
                    "asc() and desc() order rows: they stand in orderBy, sort and windows, "
                    "not inside other expressions."}});
    case ExpressionCase::kLambdaFunction:
      return lambda(given.lambda_function());
    case ExpressionCase::kUnresolvedNamedLambdaVariable: {
      const auto& parts = given.unresolved_named_lambda_variable().name_parts();
      if (parts.empty()) throw_invalid("A lambda's variable has no name.");
      return plan::make(plan::UnresolvedName{{parts.begin(), parts.end()}, {}});
    }
    case ExpressionCase::kWindow:
      return windowed(given.window());
    case ExpressionCase::kUnresolvedExtractValue:
      return plan::make(
          plan::UnresolvedExtract{expression(given.unresolved_extract_value().child()),
                                  expression(given.unresolved_extract_value().extraction())});
    case ExpressionCase::kUpdateFields: {
      const auto& update = given.update_fields();
      return plan::make(plan::UpdateField{
          expression(update.struct_expression()), update.field_name(),
          update.has_value_expression() ? expression(update.value_expression()) : nullptr});
    }
    case ExpressionCase::kCallFunction: {
      const auto& called = given.call_function();
      return named_call(name_parts(called.function_name()).back(), expressions(called.arguments()),
                        false);
    }
    case ExpressionCase::kCommonInlineUserDefinedFunction:
      return python_call(given.common_inline_user_defined_function());
    case ExpressionCase::kSubqueryExpression:
      return subquery(given.subquery_expression());
    case ExpressionCase::kNamedArgumentExpression:
      throw Error("FIRN_INVALID_INPUT",
                  {{"what", "The named argument " + given.named_argument_expression().key() +
                                " stands outside of a function call."}});
    default:
      refuse("the expression", given, "expr_type");
  }
}

ExprPtr Translation::sql_text(const std::string& text) { return sql::parse_expression(text); }

ExprPtr Translation::call(const Expression::UnresolvedFunction& given) {
  std::vector<ExprPtr> arguments;
  std::vector<std::string> names;
  bool named = false;
  for (const Expression& argument : given.arguments()) {
    const bool has_name = argument.has_named_argument_expression();
    named |= has_name;
    names.push_back(has_name ? argument.named_argument_expression().key() : "");
    arguments.push_back(
        expression(has_name ? argument.named_argument_expression().value() : argument));
  }
  if (!named) return named_call(given.function_name(), std::move(arguments), given.is_distinct());
  plan::UnresolvedCall made;
  made.name = given.function_name();
  made.arguments = std::move(arguments);
  made.argument_names = std::move(names);
  made.distinct = given.is_distinct();
  return plan::make(std::move(made));
}

ExprPtr Translation::named_call(std::string name, std::vector<ExprPtr> arguments, bool distinct) {
  const std::string lower = lower_case(name);
  if (lower == "in" && !arguments.empty()) {
    plan::InList list{arguments[0], {arguments.begin() + 1, arguments.end()}, false};
    return plan::make(std::move(list));
  }
  if (lower == "when" && arguments.size() >= 2) {
    plan::Case made;
    for (size_t i = 0; i + 1 < arguments.size(); i += 2)
      made.branches.push_back({arguments[i], arguments[i + 1]});
    if (arguments.size() % 2 == 1) made.otherwise = arguments.back();
    return plan::make(std::move(made));
  }
  const auto* star =
      arguments.size() == 1 ? std::get_if<plan::UnresolvedStar>(&arguments[0]->node) : nullptr;
  if (lower == "count" && star != nullptr && star->qualifier.empty())  // count(*): of the rows
    arguments[0] = plan::make(plan::Literal{types::DataTypeId::kInteger, int64_t{1}});
  plan::UnresolvedCall made;
  made.arguments = std::move(arguments);
  made.distinct = distinct;
  if (lower == "!=" || lower == "<>") {
    made.name = "=";
    plan::UnresolvedCall negated;
    negated.name = "not";
    negated.arguments = {plan::make(std::move(made))};
    return plan::make(std::move(negated));
  }
  made.name = functions::find_function(lower) != nullptr ? lower : std::move(name);
  for (const Synonym& row : kSynonyms)
    if (row.written == lower) made.name = row.function;
  return plan::make(std::move(made));
}

ExprPtr Translation::alias(const Expression::Alias& given) {
  ExprPtr child = expression(given.expr());
  if (given.name_size() == 1) return plan::make(plan::Alias{std::move(child), given.name(0)});
  return plan::make(plan::MultiAlias{std::move(child), {given.name().begin(), given.name().end()}});
}

ExprPtr Translation::cast(const Expression::Cast& given) {
  types::DataType type =
      given.has_type() ? data_type(given.type()) : sql::parse_data_type(given.type_str());
  plan::CastMode mode = plan::CastMode::kUnresolved;
  if (given.eval_mode() == Expression::Cast::EVAL_MODE_LEGACY) mode = plan::CastMode::kLegacy;
  if (given.eval_mode() == Expression::Cast::EVAL_MODE_ANSI) mode = plan::CastMode::kAnsi;
  if (given.eval_mode() == Expression::Cast::EVAL_MODE_TRY) mode = plan::CastMode::kTry;
  return plan::make(plan::Cast{expression(given.expr()), std::move(type), mode});
}

ExprPtr Translation::lambda(const Expression::LambdaFunction& given) {
  plan::Lambda made;
  for (const auto& argument : given.arguments())
    made.names.push_back(argument.name_parts_size() > 0 ? argument.name_parts(0) : "");
  made.body = expression(given.function());
  return plan::make(std::move(made));
}

plan::SortKey Translation::sort_key(const Expression::SortOrder& given) {
  plan::SortKey key;
  key.child = expression(given.child());
  key.ascending = given.direction() != Expression::SortOrder::SORT_DIRECTION_DESCENDING;
  key.nulls_first = key.ascending;
  if (given.null_ordering() == Expression::SortOrder::SORT_NULLS_FIRST) key.nulls_first = true;
  if (given.null_ordering() == Expression::SortOrder::SORT_NULLS_LAST) key.nulls_first = false;
  return key;
}

ExprPtr Translation::windowed(const Expression::Window& given) {
  using Kind = plan::FrameBound::Kind;
  plan::Windowed made;
  made.function = expression(given.window_function());
  made.spec.partition_by = expressions(given.partition_spec());
  for (const auto& key : given.order_spec()) made.spec.order_by.push_back(sort_key(key));
  if (!given.has_frame_spec()) return plan::make(std::move(made));
  const auto& frame = given.frame_spec();
  const auto bound = [&](const auto& boundary, Kind open) -> plan::FrameBound {
    if (boundary.current_row()) return {Kind::kCurrentRow, nullptr};
    if (boundary.has_unbounded()) return {open, nullptr};
    ExprPtr offset = expression(boundary.value());
    if (is_zero(offset)) return {Kind::kCurrentRow, nullptr};
    if (ExprPtr back = without_sign(offset)) return {Kind::kPreceding, std::move(back)};
    return {Kind::kFollowing, std::move(offset)};
  };
  made.spec.has_frame = true;
  made.spec.rows = frame.frame_type() == Expression::Window::WindowFrame::FRAME_TYPE_ROW;
  made.spec.start = bound(frame.lower(), Kind::kUnboundedPreceding);
  made.spec.end = bound(frame.upper(), Kind::kUnboundedFollowing);
  return plan::make(std::move(made));
}

ExprPtr Translation::subquery(const proto::SubqueryExpression& given) {
  const auto found = references.find(given.plan_id());
  if (found == references.end())
    throw Error("FIRN_INVALID_INPUT",
                {{"what", "A subquery names the plan " + std::to_string(given.plan_id()) +
                              ", which the message does not hold."}});
  plan::Subquery made;
  switch (given.subquery_type()) {
    case proto::SubqueryExpression::SUBQUERY_TYPE_SCALAR:
      made.kind = plan::SubqueryKind::kScalar;
      break;
    case proto::SubqueryExpression::SUBQUERY_TYPE_EXISTS:
      made.kind = plan::SubqueryKind::kExists;
      break;
    case proto::SubqueryExpression::SUBQUERY_TYPE_IN:
      made.kind = plan::SubqueryKind::kIn;
      made.needles = expressions(given.in_subquery_values());
      break;
    case proto::SubqueryExpression::SUBQUERY_TYPE_TABLE_ARG:
      return table_argument(given);
    default:
      throw_unsupported("this kind of subquery in Spark Connect");
  }
  made.plan = relation(*found->second);
  return plan::make(std::move(made));
}

ExprPtr expression(const proto::Expression& given, TranslateSurroundings& surroundings) {
  return Translation(surroundings).expression(given);
}

}  // namespace firn::server::spark_connect

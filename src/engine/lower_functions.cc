// The one table function → how it runs: DuckDB's expression or a kernel. A function without a row
// runs as the kernel of its name (a test sees to it that there is one).
#include "engine/lower_functions.h"

#include <deque>
#include <unordered_map>
#include <utility>

#include "engine/duck_types.h"
#include "engine/kernel_functions.h"
#include "engine/lower.h"

namespace firn::engine {

kernels::CallInfo call_info(const LoweringSite& site) {
  kernels::CallInfo info;
  for (const plan::ExprPtr& argument : site.call.arguments)
    info.arguments.push_back(argument->type);
  info.result = site.expr.type;
  info.mode = site.call.function->name.starts_with("try_") ? kernels::Mode::kTry
              : site.call.ansi                             ? kernels::Mode::kAnsi
                                                           : kernels::Mode::kLegacy;
  if (!site.call.zone.empty()) info.zone = site.call.zone;
  info.seed = site.call.seed;
  return info;
}

Parsed argument(const LoweringSite& site, size_t index) {
  return lower_expression(*site.call.arguments.at(index), site.context);
}
Parsed as_double(Parsed parsed) { return cast_to(duckdb::LogicalType::DOUBLE, std::move(parsed)); }
Parsed not_null(Parsed parsed) {
  return operation(duckdb::ExpressionType::OPERATOR_IS_NOT_NULL, list_of(std::move(parsed)));
}
Parsed to_result(const LoweringSite& site, Parsed parsed) {
  return cast_to(to_duckdb(site.expr.type), std::move(parsed));
}
bool literal_true(const plan::ExprPtr& expr) {
  const auto* literal = std::get_if<plan::Literal>(&expr->node);
  const bool* value = literal == nullptr ? nullptr : std::get_if<bool>(&literal->value);
  return value != nullptr && *value;
}

Parsed kernel(const LoweringSite& site, std::string_view name, kernels::CallInfo info) {
  const bool is_volatile = (site.call.function->flags & functions::kVolatile) != 0;
  return call_kernel(site.context.state, name, std::move(info),
                     lower_all(site.call.arguments, site.context), site.expr.origin, is_volatile);
}

namespace {

using duckdb::ExpressionType;

std::string target_of(const LoweringSite& site) {
  return std::string(site.row.target.empty() ? site.row.function : site.row.target);
}

// ---- Builders

// DuckDB's function of the row's target; its result is cast where its type differs.
Parsed native(const LoweringSite& site) {
  return cast_to(to_duckdb(site.expr.type),
                 function(target_of(site), lower_all(site.call.arguments, site.context)));
}
Parsed run_kernel(const LoweringSite& site) {
  return kernel(site, target_of(site), call_info(site));
}
Parsed comparison(const LoweringSite& site) {
  ParsedList sides = lower_all(site.call.arguments, site.context);
  return compare(site.row.type, std::move(sides.at(0)), std::move(sides.at(1)));
}
Parsed operators(const LoweringSite& site) {
  return operation(site.row.type, lower_all(site.call.arguments, site.context));
}
// A right side that may throw runs only where the left one leaves the result open.
Parsed logical(const LoweringSite& site) {
  const bool is_and = site.row.type == ExpressionType::CONJUNCTION_AND;
  const std::vector<plan::ExprPtr>& arguments = site.call.arguments;
  Parsed result = lower_expression(*arguments.back(), site.context);
  bool throwing = arguments.back()->can_throw;
  for (size_t i = arguments.size() - 1; i-- > 0;) {
    Parsed left = lower_expression(*arguments[i], site.context);
    if (throwing) {
      Parsed decided = compare(ExpressionType::COMPARE_EQUAL, left->Copy(),
                               constant(duckdb::Value::BOOLEAN(!is_and)));
      Parsed open = conjunction(site.row.type, list_of(std::move(left), std::move(result)));
      result =
          case_when(std::move(decided), constant(duckdb::Value::BOOLEAN(!is_and)), std::move(open));
    } else {
      result = conjunction(site.row.type, list_of(std::move(left), std::move(result)));
    }
    throwing |= arguments[i]->can_throw;
  }
  return result;
}

// LIKE with a pattern that needs no escapes is DuckDB's own: it prunes by prefix.
Parsed like(const LoweringSite& site) {
  const auto* pattern = std::get_if<plan::Literal>(&site.call.arguments[1]->node);
  const std::string* text =
      pattern == nullptr ? nullptr : std::get_if<std::string>(&pattern->value);
  if (site.call.arguments.size() > 2 || text == nullptr || text->find('\\') != std::string::npos)
    return run_kernel(site);
  return function("~~", lower_all(site.call.arguments, site.context));
}

// Strings and binaries in one kernel; arrays two by two.
Parsed concat(const LoweringSite& site) {
  const types::DataTypeId type = site.expr.type.id();
  if (site.call.arguments.empty()) return constant(duckdb::Value(""));
  if (type != types::DataTypeId::kArray) return run_kernel(site);
  Parsed result = lower_expression(*site.call.arguments[0], site.context);
  for (size_t i = 1; i < site.call.arguments.size(); ++i) {
    kernels::CallInfo info = call_info(site);
    info.arguments = {site.expr.type, site.call.arguments[i]->type};
    result = call_kernel(
        site.context.state, "concat_arrays", std::move(info),
        list_of(std::move(result), lower_expression(*site.call.arguments[i], site.context)),
        site.expr.origin);
  }
  return result;
}
Parsed reverse(const LoweringSite& site) {
  return kernel(site,
                site.expr.type.id() == types::DataTypeId::kArray ? "reverse_array" : "reverse",
                call_info(site));
}
Parsed array(const LoweringSite& site) {
  return cast_to(to_duckdb(site.expr.type),
                 function("list_value", lower_all(site.call.arguments, site.context)));
}
Parsed map(const LoweringSite& site) {
  ParsedList keys, values;
  for (size_t i = 0; i + 1 < site.call.arguments.size(); i += 2) {
    keys.push_back(lower_expression(*site.call.arguments[i], site.context));
    values.push_back(lower_expression(*site.call.arguments[i + 1], site.context));
  }
  kernels::CallInfo info = call_info(site);
  info.arguments = {types::DataType::array(site.expr.type.key()),
                    types::DataType::array(site.expr.type.value())};
  return call_kernel(
      site.context.state, "map_from_arrays", std::move(info),
      list_of(cast_to(to_duckdb(info.arguments[0]), function("list_value", std::move(keys))),
              cast_to(to_duckdb(info.arguments[1]), function("list_value", std::move(values)))),
      site.expr.origin);
}
// Names are literals and stand in the result type; values are at odd places.
Parsed named_struct(const LoweringSite& site) {
  ParsedList values;
  for (size_t i = 1; i < site.call.arguments.size(); i += 2) {
    values.push_back(lower_expression(*site.call.arguments[i], site.context));
    values.back()->SetAlias("f" + std::to_string(i / 2));
  }
  return cast_to(to_duckdb(site.expr.type), function("struct_pack", std::move(values)));
}
Parsed row_id(const LoweringSite&) {
  auto number = duckdb::make_uniq<duckdb::WindowExpression>(ExpressionType::WINDOW_ROW_NUMBER, "",
                                                            "", "row_number");
  number->start = duckdb::WindowBoundary::UNBOUNDED_PRECEDING;
  number->end = duckdb::WindowBoundary::CURRENT_ROW_RANGE;
  return function("-", list_of<Parsed>(std::move(number), constant(duckdb::Value::BIGINT(1))));
}

// ---- Higher-order functions: DuckDB's lambdas. Its index counts from 1, Spark's from 0.
Parsed lambda_call(const LoweringSite& site, const char* name, const types::DataType& result) {
  const plan::ExprPtr& argument = site.call.arguments.at(1);
  const auto* lambda = std::get_if<plan::Lambda>(&argument->node);
  FIRN_CHECK(lambda != nullptr, "a higher-order function without its lambda");
  duckdb::vector<std::string> names;
  for (const plan::AttributeId id : lambda->ids) names.push_back(column_name(id));
  if (lambda->ids.size() > 1 && std::string_view(name) != "list_reduce")
    site.context.lambda_indexes.insert(lambda->ids[1]);
  Parsed body = lower_expression(*lambda->body, site.context);
  Parsed arrow = duckdb::make_uniq<duckdb::LambdaExpression>(std::move(names), std::move(body));
  return cast_to(to_duckdb(result),
                 function(name, list_of(lower_expression(*site.call.arguments[0], site.context),
                                        std::move(arrow))));
}
Parsed transform(const LoweringSite& site) {
  return lambda_call(site, "list_transform", site.expr.type);
}
Parsed filter_array(const LoweringSite& site) {
  return lambda_call(site, "list_filter", site.expr.type);
}
Parsed reduce_pairs(const LoweringSite& site) {
  return lambda_call(site, "list_reduce", site.expr.type);
}
Parsed quantified(const LoweringSite& site) {
  kernels::CallInfo info = call_info(site);
  info.arguments = {types::DataType::array(types::DataTypeId::kBoolean)};
  Parsed holds = lambda_call(site, "list_transform", info.arguments[0]);
  return call_kernel(site.context.state, site.row.target, std::move(info),
                     list_of(std::move(holds)), site.expr.origin);
}

// The value, or an error that names the column of a table that takes no NULL.
Parsed assert_not_null(const LoweringSite& site) {
  kernels::CallInfo info;
  info.arguments = {site.call.arguments[1]->type};
  info.result = types::DataTypeId::kNull;
  Parsed raised = call_kernel(site.context.state, "raise_not_null", std::move(info),
                              list_of(lower_expression(*site.call.arguments[1], site.context)),
                              site.expr.origin);
  Parsed is_null = operation(ExpressionType::OPERATOR_IS_NULL,
                             list_of(lower_expression(*site.call.arguments[0], site.context)));
  return case_when(std::move(is_null), cast_to(to_duckdb(site.expr.type), std::move(raised)),
                   lower_expression(*site.call.arguments[0], site.context));
}
Parsed map_concat(const LoweringSite& site) {
  if (site.call.arguments.empty()) return map(site);
  Parsed result = lower_expression(*site.call.arguments[0], site.context);
  for (size_t i = 1; i < site.call.arguments.size(); ++i) {
    kernels::CallInfo info = call_info(site);
    info.arguments = {site.expr.type, site.call.arguments[i]->type};
    result = call_kernel(
        site.context.state, "map_concat", std::move(info),
        list_of(std::move(result), lower_expression(*site.call.arguments[i], site.context)),
        site.expr.origin);
  }
  return result;
}

Parsed first_argument(const LoweringSite& site) {
  return lower_expression(*site.call.arguments[0], site.context);
}

constexpr LoweringRow kRowsOfLowerFunctions[] = {
    {"sort_key", first_argument},
    {"assert_not_null", assert_not_null},
    {"map_concat", map_concat},
    {"=", comparison, "", ExpressionType::COMPARE_EQUAL},
    {"!=", comparison, "", ExpressionType::COMPARE_NOTEQUAL},
    {"<", comparison, "", ExpressionType::COMPARE_LESSTHAN},
    {"<=", comparison, "", ExpressionType::COMPARE_LESSTHANOREQUALTO},
    {">", comparison, "", ExpressionType::COMPARE_GREATERTHAN},
    {">=", comparison, "", ExpressionType::COMPARE_GREATERTHANOREQUALTO},
    {"<=>", comparison, "", ExpressionType::COMPARE_NOT_DISTINCT_FROM},
    {"and", logical, "", ExpressionType::CONJUNCTION_AND},
    {"or", logical, "", ExpressionType::CONJUNCTION_OR},
    {"not", operators, "", ExpressionType::OPERATOR_NOT},
    {"isnull", operators, "", ExpressionType::OPERATOR_IS_NULL},
    {"isnotnull", operators, "", ExpressionType::OPERATOR_IS_NOT_NULL},
    {"coalesce", operators, "", ExpressionType::OPERATOR_COALESCE},
    {"+", run_kernel, "add"},
    {"-", run_kernel, "subtract"},
    {"*", run_kernel, "multiply"},
    {"/", run_kernel, "divide"},
    {"%", run_kernel, "remainder"},
    {"div", run_kernel, "div"},
    {"&", run_kernel, "bit_and_of"},
    {"|", run_kernel, "bit_or_of"},
    {"^", run_kernel, "bit_xor_of"},
    {"~", run_kernel, "bit_not_of"},
    {"to_timestamp_ltz", run_kernel, "to_timestamp"},
    {"to_unix_timestamp", run_kernel, "unix_timestamp"},
    {"try_add", run_kernel, "add"},
    {"try_subtract", run_kernel, "subtract"},
    {"try_multiply", run_kernel, "multiply"},
    {"try_divide", run_kernel, "divide"},
    {"try_element_at", run_kernel, "element_at"},
    {"try_to_date", run_kernel, "to_date"},
    {"try_mod", run_kernel, "remainder"},
    {"make_timestamp_ltz", run_kernel, "make_timestamp"},
    {"try_make_timestamp", run_kernel, "make_timestamp"},
    {"try_make_timestamp_ltz", run_kernel, "make_timestamp"},
    {"try_make_timestamp_ntz", run_kernel, "make_timestamp_ntz"},
    {"try_to_number", run_kernel, "to_number"},
    {"try_to_binary", run_kernel, "to_binary"},
    {"try_url_decode", run_kernel, "url_decode"},
    {"try_parse_url", run_kernel, "parse_url"},
    {"try_validate_utf8", run_kernel, "validate_utf8"},
    {"try_aes_decrypt", run_kernel, "aes_decrypt"},
    {"mask_text", run_kernel, "mask"},
    {"try_to_timestamp", run_kernel, "to_timestamp"},
    {"greatest", native},
    {"least", native},
    {"like", like},
    {"concat", concat},
    {"reverse", reverse},
    {"array", array},
    {"map", map},
    {"named_struct", named_struct},
    {"distributed_sequence_id", row_id},
    {"monotonically_increasing_id", row_id},
    {"transform", transform},
    {"filter", filter_array},
    {"exists", quantified, "exists_of"},
    {"forall", quantified, "forall_of"},
    {"reduce_pairs", reduce_pairs},
};

}  // namespace

const LoweringRow* find_lowering(std::string_view name) {
  static const auto index = [] {
    std::unordered_map<std::string_view, const LoweringRow*> rows;
    for (const std::span<const LoweringRow> file :
         {std::span<const LoweringRow>(kRowsOfLowerFunctions), aggregate_rows(), gathered_rows()}) {
      for (const LoweringRow& row : file) rows.emplace(row.function, &row);
    }
    static std::deque<LoweringRow> by_name;
    for (const functions::Function& function : functions::all_functions()) {
      const bool own = function.kind == functions::Kind::kScalar && !rows.contains(function.name) &&
                       kernels::find_kernel(function.name) != nullptr;
      if (!own) continue;
      by_name.push_back({function.name, run_kernel});
      rows.emplace(function.name, &by_name.back());
    }
    return rows;
  }();
  const auto found = index.find(name);
  return found == index.end() ? nullptr : found->second;
}

Parsed lower_call(const plan::Call& call, const plan::Expr& expr, LoweringContext& context) {
  const LoweringRow* row = find_lowering(call.function->name);
  if (row == nullptr) throw_unsupported("the function " + std::string(call.function->name));
  return row->build({call, expr, context, *row});
}

}  // namespace firn::engine

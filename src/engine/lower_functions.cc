// The one table function → how it runs: DuckDB's expression or a kernel. Every function of
// functions::all_functions() has a row (a test sees to it).
#include "engine/lower_functions.h"

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
  info.mode = site.call.ansi ? kernels::Mode::kAnsi : kernels::Mode::kLegacy;
  if (!site.call.zone.empty()) info.zone = site.call.zone;
  info.seed = site.call.seed;
  return info;
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
Parsed try_kernel(const LoweringSite& site) {
  kernels::CallInfo info = call_info(site);
  info.mode = kernels::Mode::kTry;
  return kernel(site, target_of(site), std::move(info));
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

constexpr LoweringRow kRows[] = {
    {"=", comparison, "", ExpressionType::COMPARE_EQUAL},
    {"==", comparison, "", ExpressionType::COMPARE_EQUAL},
    {"<>", comparison, "", ExpressionType::COMPARE_NOTEQUAL},
    {"!=", comparison, "", ExpressionType::COMPARE_NOTEQUAL},
    {"<", comparison, "", ExpressionType::COMPARE_LESSTHAN},
    {"<=", comparison, "", ExpressionType::COMPARE_LESSTHANOREQUALTO},
    {">", comparison, "", ExpressionType::COMPARE_GREATERTHAN},
    {">=", comparison, "", ExpressionType::COMPARE_GREATERTHANOREQUALTO},
    {"<=>", comparison, "", ExpressionType::COMPARE_NOT_DISTINCT_FROM},
    {"and", logical, "", ExpressionType::CONJUNCTION_AND},
    {"or", logical, "", ExpressionType::CONJUNCTION_OR},
    {"not", operators, "", ExpressionType::OPERATOR_NOT},
    {"!", operators, "", ExpressionType::OPERATOR_NOT},
    {"isnull", operators, "", ExpressionType::OPERATOR_IS_NULL},
    {"isnotnull", operators, "", ExpressionType::OPERATOR_IS_NOT_NULL},
    {"+", run_kernel, "add"},
    {"-", run_kernel, "subtract"},
    {"*", run_kernel, "multiply"},
    {"div", run_kernel},
};

}  // namespace

const LoweringRow* find_lowering(std::string_view name) {
  static const auto index = [] {
    std::unordered_map<std::string_view, const LoweringRow*> rows;
    for (const std::span<const LoweringRow> file :
         {std::span<const LoweringRow>(kRows), aggregate_rows()}) {
      for (const LoweringRow& row : file) rows.emplace(row.function, &row);
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

// Rows for aggregates that need an order, a formula, or all values of a group at once: those are
// gathered in a list that a kernel takes.
#include <string>
#include <utility>

#include "engine/duck_types.h"
#include "engine/kernel_functions.h"
#include "engine/lower_functions.h"

namespace firn::engine {
namespace {

using duckdb::ExpressionType;
using duckdb::make_uniq;
using types::DataType;
using types::DataTypeId;

// The row's kernel over the list of all values that are set, and the arguments behind the first.
Parsed gathered_as(const LoweringSite& site, const DataType& element) {
  const duckdb::LogicalType type = to_duckdb(element);
  const duckdb::LogicalType list_type = duckdb::LogicalType::LIST(type);
  Parsed list = lower_aggregate(site, "list", list_of(cast_to(type, argument(site, 0))),
                                not_null(argument(site, 0)));
  Parsed empty = cast_to(list_type, function("list_value", {}));
  kernels::CallInfo info = call_info(site);
  info.arguments[0] = DataType::array(element, false);
  ParsedList arguments =
      list_of(operation(ExpressionType::OPERATOR_COALESCE,
                        list_of(cast_to(list_type, std::move(list)), std::move(empty))));
  for (size_t i = 1; i < site.call.arguments.size(); ++i) arguments.push_back(argument(site, i));
  return call_kernel(site.context.state, site.row.target, std::move(info), std::move(arguments),
                     site.expr.origin);
}
Parsed gathered(const LoweringSite& site) {
  return gathered_as(site, site.call.arguments[0]->type);
}
Parsed gathered_reals(const LoweringSite& site) { return gathered_as(site, DataTypeId::kDouble); }

// The most frequent value: some one, or the least of them.
Parsed mode(const LoweringSite& site) {
  if (site.call.arguments.size() > 1 && literal_true(site.call.arguments[1])) return gathered(site);
  return to_result(site, lower_aggregate(site, "mode", list_of(argument(site, 0))));
}

// The wanted accuracy is that which DuckDB's sketch has.
Parsed about_distinct(const LoweringSite& site) {
  return to_result(site,
                   lower_aggregate(site, "approx_count_distinct", list_of(argument(site, 0))));
}

// Pearson's correlation out of the sums of squares: exact where the values lie on a line.
Parsed regression_sum(const LoweringSite& site, const char* name) {
  return lower_aggregate(site, name,
                         list_of(as_double(argument(site, 0)), as_double(argument(site, 1))));
}
Parsed correlation(const LoweringSite& site) {
  Parsed product =
      function("*", list_of(regression_sum(site, "regr_sxx"), regression_sum(site, "regr_syy")));
  Parsed none =
      compare(ExpressionType::COMPARE_EQUAL, product->Copy(), constant(duckdb::Value::DOUBLE(0)));
  return case_when(std::move(none), regression_sum(site, "corr"),
                   function("/", list_of(regression_sum(site, "regr_sxy"),
                                         function("sqrt", list_of(std::move(product))))));
}
Parsed determination(const LoweringSite& site) {
  Parsed product =
      function("*", list_of(regression_sum(site, "regr_sxx"), regression_sum(site, "regr_syy")));
  Parsed none =
      compare(ExpressionType::COMPARE_EQUAL, product->Copy(), constant(duckdb::Value::DOUBLE(0)));
  Parsed square =
      function("*", list_of(regression_sum(site, "regr_sxy"), regression_sum(site, "regr_sxy")));
  return case_when(std::move(none), regression_sum(site, "regr_r2"),
                   function("/", list_of(std::move(square), std::move(product))));
}

// Strings put together in the order of the sort keys behind value and separator.
Parsed joined(const LoweringSite& site) {
  if (site.context.window != nullptr) throw_unsupported("listagg in a window.");
  auto order = make_uniq<duckdb::OrderModifier>();
  for (size_t i = 2; i < site.call.arguments.size(); ++i) {
    const auto& key = std::get<plan::Call>(site.call.arguments[i]->node);
    order->orders.emplace_back(literal_true(key.arguments[1]) ? duckdb::OrderType::ASCENDING
                                                              : duckdb::OrderType::DESCENDING,
                               literal_true(key.arguments[2]) ? duckdb::OrderByNullType::NULLS_FIRST
                                                              : duckdb::OrderByNullType::NULLS_LAST,
                               lower_expression(*key.arguments[0], site.context));
  }
  // Distinct values without an order come sorted, so that the result is always the same.
  if (site.call.distinct && order->orders.empty())
    order->orders.emplace_back(duckdb::OrderType::ASCENDING, duckdb::OrderByNullType::NULLS_FIRST,
                               argument(site, 0));
  if (order->orders.empty()) order = nullptr;
  Parsed filter = site.call.filter ? lower_expression(*site.call.filter, site.context) : nullptr;
  if (site.expr.type.id() == DataTypeId::kBinary) {
    Parsed present = not_null(argument(site, 0));
    if (filter)
      present = conjunction(ExpressionType::CONJUNCTION_AND,
                            list_of(std::move(present), std::move(filter)));
    kernels::CallInfo info = call_info(site);
    info.arguments = {DataType::array(DataTypeId::kBinary, false), site.call.arguments[1]->type};
    Parsed list = make_uniq<duckdb::FunctionExpression>("list", list_of(argument(site, 0)),
                                                        std::move(present), std::move(order),
                                                        site.call.distinct);
    return call_kernel(site.context.state, "join_binaries", std::move(info),
                       list_of(std::move(list), argument(site, 1)), site.expr.origin);
  }
  Parsed separator = operation(ExpressionType::OPERATOR_COALESCE,
                               list_of<Parsed>(argument(site, 1), constant(duckdb::Value(""))));
  return to_result(site, make_uniq<duckdb::FunctionExpression>(
                             "string_agg", list_of<Parsed>(argument(site, 0), std::move(separator)),
                             std::move(filter), std::move(order), site.call.distinct));
}

// percentile_cont and percentile_disc: the third argument says whether the order ascends.
Parsed ordered_percentile(const LoweringSite& site) {
  const bool ascending = site.call.arguments.size() < 3 || literal_true(site.call.arguments[2]);
  const auto turned = [&](Parsed parsed) {
    return ascending ? std::move(parsed)
                     : function("*", list_of<Parsed>(std::move(parsed),
                                                     constant(duckdb::Value::DOUBLE(-1))));
  };
  if (!ascending && site.expr.type.id() == DataTypeId::kArray)
    throw_unsupported("several percentiles in descending order.");
  const bool many = site.call.arguments[1]->type.id() == DataTypeId::kArray;
  Parsed share = cast_to(
      many ? duckdb::LogicalType::LIST(duckdb::LogicalType::DOUBLE) : duckdb::LogicalType::DOUBLE,
      argument(site, 1));
  Parsed sorted = turned(as_double(argument(site, 0)));
  return to_result(site,
                   turned(lower_aggregate(site, std::string(site.row.target),
                                          list_of<Parsed>(std::move(sorted), std::move(share)))));
}

constexpr LoweringRow kRowsOfLowerGathered[] = {
    {"approx_count_distinct", about_distinct},
    {"bitmap_and_agg", gathered, "bitmap_and"},
    {"bitmap_construct_agg", gathered, "bitmap_construct"},
    {"bitmap_or_agg", gathered, "bitmap_or"},
    {"corr", correlation},
    {"count_min_sketch", gathered, "count_min"},
    {"histogram_numeric", gathered_reals, "histogram"},
    {"kll_sketch_agg_bigint", gathered, "kll_build_bigint"},
    {"kll_merge_agg_bigint", gathered, "kll_gather_bigint"},
    {"kll_sketch_agg_float", gathered, "kll_build_float"},
    {"kll_merge_agg_float", gathered, "kll_gather_float"},
    {"kll_sketch_agg_double", gathered, "kll_build_double"},
    {"kll_merge_agg_double", gathered, "kll_gather_double"},
    {"listagg", joined},
    {"mode", mode, "least_mode"},
    {"percentile_cont", ordered_percentile, "quantile_cont"},
    {"percentile_disc", ordered_percentile, "quantile_disc"},
    {"regr_r2", determination},
    {"theta_intersection_agg", gathered, "theta_intersect"},
    {"theta_sketch_agg", gathered, "theta_build"},
    {"theta_union_agg", gathered, "theta_unite"},
};

}  // namespace

std::span<const LoweringRow> gathered_rows() { return kRowsOfLowerGathered; }

}  // namespace firn::engine

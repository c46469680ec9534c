// Aggregates of statistics and of ordered values, and the names of Spark that firn refuses.
#include "functions/rows.h"

namespace firn::functions {
namespace {

Function regression(std::string_view name, std::string_view documentation) {
  return {name,  {},           Kind::kAggregate, {real(), real()}, fixed(DataTypeId::kDouble),
          kPure, documentation};
}

}  // namespace

// clang-format off: one row a line
std::vector<Function> statistic_functions() {
  using enum DataTypeId;
  const Kind aggregate = Kind::kAggregate;
  return {
    regression("regr_avgx", "Mean of the second argument where both are set."),
    regression("regr_avgy", "Mean of the first argument where both are set."),
    {"regr_count", {}, aggregate, {real(), real()}, fixed(kLong), kPure, "Rows in which both arguments are set."},
    regression("regr_intercept", "Intercept of the line of least squares."),
    regression("regr_r2", "Coefficient of determination."),
    regression("regr_slope", "Slope of the line of least squares."),
    regression("regr_sxx", "Sum of squares of the second argument."),
    regression("regr_sxy", "Sum of products."),
    regression("regr_syy", "Sum of squares of the first argument."),
    {"product", {}, aggregate, {real()}, fixed(kDouble), kPure, "Product of all values."},
    {"percentile_approx", {"approx_percentile"}, aggregate, {any(), any(), optional(integer())}, named("percentile_approx"), kPure, "The value at a share of the sorted values; an array of shares gives an array."},
    {"percentile_cont", {}, aggregate, {real(), any(), optional(boolean())}, named("percentile_of"), kPure, "percentile_cont(share) WITHIN GROUP (ORDER BY value): interpolated."},
    {"percentile_disc", {}, aggregate, {real(), any(), optional(boolean())}, named("percentile_of"), kPure, "percentile_disc(share) WITHIN GROUP (ORDER BY value): a value that is there."},
    {"listagg", {"string_agg"}, aggregate, {string_or_binary(), optional(same_as(0)), many(optional(any()))}, type_of(0), kOrderSensitive, "Values put together, a separator between; WITHIN GROUP (ORDER BY …) gives the order."},
    {"sort_key", {}, Kind::kScalar, {any(), boolean(), boolean()}, type_of(0), kInternal, "A value to sort an aggregate's rows by: ascending, NULLs first."},
  };
}
// clang-format on

}  // namespace firn::functions

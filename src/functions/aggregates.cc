// Aggregates and window functions.
#include "functions/rows.h"

namespace firn::functions {
namespace {

Function statistic(std::string_view name, std::vector<std::string_view> aliases,
                   std::string_view documentation) {
  return {name,  std::move(aliases), Kind::kAggregate, {real()}, fixed(DataTypeId::kDouble),
          kPure, documentation};
}

}  // namespace

// clang-format off: one row a line
std::vector<Function> aggregate_functions() {
  using enum DataTypeId;
  const Kind aggregate = Kind::kAggregate;
  return {
    {"count", {}, aggregate, {many(any())}, fixed(kLong), kPure, "Rows in which no argument is NULL; count(*) is count(1)."},
    {"count_if", {}, aggregate, {boolean()}, fixed(kLong), kPure, "Rows in which the condition is true."},
    {"sum", {}, aggregate, {any()}, named("sum"), kCanThrowInAnsi, "Sum: BIGINT of integers, DECIMAL(p + 10, s), DOUBLE or an interval."},
    {"try_sum", {}, aggregate, {any()}, named("sum"), kPure, "As sum, NULL on overflow."},
    {"avg", {"mean"}, aggregate, {any()}, named("avg"), kCanThrowInAnsi, "Mean: DOUBLE, or DECIMAL(p + 4, s + 4)."},
    {"try_avg", {}, aggregate, {any()}, named("avg"), kPure, "As avg, NULL on overflow."},
    {"min", {}, aggregate, {orderable()}, type_of(0), kPure, "The least value."},
    {"max", {}, aggregate, {orderable()}, type_of(0), kPure, "The greatest value."},
    {"max_by", {}, aggregate, {any(), orderable()}, type_of(0), kPure, "The first argument where the second is greatest."},
    {"min_by", {}, aggregate, {any(), orderable()}, type_of(0), kPure, "The first argument where the second is least."},
    {"first", {"first_value"}, aggregate, {any(), optional(boolean())}, type_of(0), kOrderSensitive, "The first value; the first that is not NULL where the second argument is true."},
    {"last", {"last_value"}, aggregate, {any(), optional(boolean())}, type_of(0), kOrderSensitive, "The last value; the last that is not NULL where the second argument is true."},
    {"any_value", {}, aggregate, {any(), optional(boolean())}, type_of(0), kOrderSensitive, "Some value."},
    {"collect_list", {"array_agg"}, aggregate, {any()}, named("collect"), kOrderSensitive, "All values as an array, without NULLs."},
    {"collect_set", {}, aggregate, {any()}, named("collect"), kOrderSensitive, "Each value once as an array, without NULLs."},
    statistic("stddev_samp", {"stddev", "std"}, "Standard deviation of a sample; NULL for one value."),
    statistic("stddev_pop", {}, "Standard deviation of the population."),
    statistic("var_samp", {"variance"}, "Variance of a sample; NULL for one value."),
    statistic("var_pop", {}, "Variance of the population."),
    statistic("skewness", {}, "Skewness."),
    statistic("kurtosis", {}, "Excess kurtosis."),
    {"corr", {}, aggregate, {real(), real()}, fixed(kDouble), kPure, "Pearson's correlation."},
    {"covar_samp", {}, aggregate, {real(), real()}, fixed(kDouble), kPure, "Covariance of a sample."},
    {"covar_pop", {}, aggregate, {real(), real()}, fixed(kDouble), kPure, "Covariance of the population."},
    {"median", {}, aggregate, {real()}, fixed(kDouble), kPure, "The value in the middle, interpolated."},
    {"percentile", {}, aggregate, {real(), any(), optional(bigint())}, named("percentile_of"), kPure, "The exact percentile, interpolated; the share is a literal in [0, 1]."},
    {"mode", {}, aggregate, {any(), optional(boolean())}, type_of(0), kPure, "The most frequent value."},
    {"bool_and", {"every"}, aggregate, {boolean()}, fixed(kBoolean), kPure, "Whether all values are true."},
    {"bool_or", {"any", "some"}, aggregate, {boolean()}, fixed(kBoolean), kPure, "Whether some value is true."},
    {"bit_and", {}, aggregate, {integral()}, type_of(0), kPure, "Bitwise AND of all values."},
    {"bit_or", {}, aggregate, {integral()}, type_of(0), kPure, "Bitwise OR of all values."},
    {"bit_xor", {}, aggregate, {integral()}, type_of(0), kPure, "Bitwise exclusive OR of all values."},
    {"bitmap_and_agg", {}, aggregate, {binary()}, fixed(kBinary), kPure, "Bitmaps of 4,096 bytes combined with AND."},
    {"bitmap_construct_agg", {}, aggregate, {bigint()}, fixed(kBinary), kPure, "A bitmap of 4,096 bytes in which the bits at these positions are set."},
    {"bitmap_or_agg", {}, aggregate, {binary()}, fixed(kBinary), kPure, "Bitmaps of 4,096 bytes combined with OR."},
    {"count_min_sketch", {}, aggregate, {one_of({kLong, kInteger, kShort, kByte, kString, kBinary}), real(), real(), bigint()}, fixed(kBinary), kCanThrow, "A count-min sketch of relative error, confidence and seed, in Spark's bytes."},
    {"histogram_numeric", {}, aggregate, {any(), integer()}, named("histogram"), kOrderSensitive, "A histogram of so many bins: the middle and height of each."},
    {"approx_count_distinct", {}, aggregate, {any(), optional(real())}, fixed(kLong), kPure, "About how many different values there are."},
  };
}

std::vector<Function> window_functions() {
  using enum DataTypeId;
  const Kind window = Kind::kWindowOnly;
  return {
    {"row_number", {}, window, {}, fixed(kInteger), kPure, "Number of the row in its partition, from 1."},
    {"rank", {}, window, {}, fixed(kInteger), kPure, "Rank with gaps after ties."},
    {"dense_rank", {}, window, {}, fixed(kInteger), kPure, "Rank without gaps."},
    {"percent_rank", {}, window, {}, fixed(kDouble), kPure, "(rank - 1) / (rows - 1)."},
    {"cume_dist", {}, window, {}, fixed(kDouble), kPure, "Share of the rows that do not come later."},
    {"ntile", {}, window, {optional(integer())}, fixed(kInteger), kPure, "Number of the bucket, of so many."},
    {"lag", {}, window, {any(), optional(integer()), optional(any())}, type_of(0), kPure, "The value so many rows (1) before; else the third argument."},
    {"lead", {}, window, {any(), optional(integer()), optional(any())}, type_of(0), kPure, "The value so many rows (1) after; else the third argument."},
    {"nth_value", {}, window, {any(), integer(), optional(boolean())}, type_of(0), kPure, "The value of the n-th row of the frame."},
  };
}

std::vector<Function> session_functions() {
  using enum DataTypeId;
  const Kind scalar = Kind::kScalar;
  return {
    {"current_catalog", {}, scalar, {}, fixed(kString), kReplaced, "The current catalog."},
    {"current_database", {"current_schema"}, scalar, {}, fixed(kString), kReplaced, "The current namespace."},
    {"current_user", {"user", "session_user"}, scalar, {}, fixed(kString), kReplaced, "The user."},
    {"version", {}, scalar, {}, fixed(kString), kReplaced, "firn's version."},
    {"spark_partition_id", {}, scalar, {}, fixed(kInteger), kReplaced, "0: one process has one partition."},
    {"unwrap_udt", {}, scalar, {any()}, type_of(0), kReplaced, "The value of a user-defined type as its SQL type."},
    {"collation", {}, scalar, {string()}, fixed(kString), kReplaced, "The full name of the collation of a string: UTF8_BINARY."},
    {"typeof", {}, scalar, {any()}, fixed(kString), kReplaced, "The type of the argument."},
    {"explode", {}, Kind::kGenerator, {one_of({kArray, kMap})}, named("explode"), kPure, "A row for each element of an array or entry of a map."},
    {"explode_outer", {}, Kind::kGenerator, {one_of({kArray, kMap})}, named("explode"), kPure, "As explode; a row of NULLs where there is none."},
    {"posexplode", {}, Kind::kGenerator, {one_of({kArray, kMap})}, named("explode"), kPure, "As explode, with the position, from 0."},
    {"posexplode_outer", {}, Kind::kGenerator, {one_of({kArray, kMap})}, named("explode"), kPure, "As posexplode; a row of NULLs where there is none."},
    {"inline", {}, Kind::kGenerator, {array()}, named("explode"), kPure, "A row for each struct of an array, its fields as columns."},
    {"inline_outer", {}, Kind::kGenerator, {array()}, named("explode"), kPure, "As inline; a row of NULLs where there is none."},
    {"stack", {}, Kind::kGenerator, {integer(), many(any())}, named("explode"), kPure, "So many rows of the values, one after another."},
    {"json_tuple", {}, Kind::kGenerator, {string(), many(string())}, named("explode"), kPure, "One row of the members of these names of a JSON text, as text."},
    {"range", {}, Kind::kTable, {bigint(), optional(bigint()), optional(bigint()), optional(integer())}, fixed(kLong), kPure, "Numbers from the first argument (0) up to the second, by a step."},
  };
}
// clang-format on

}  // namespace firn::functions

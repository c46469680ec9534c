// Sketches in the bytes of Apache DataSketches: KLL (quantiles) and Theta (distinct values).
#include "functions/rows.h"

namespace firn::functions {

// clang-format off: one row a line
std::vector<Function> sketch_functions() {
  using enum DataTypeId;
  const Kind scalar = Kind::kScalar, aggregate = Kind::kAggregate;
  const ArgRule hashed = one_of({kLong, kInteger, kShort, kByte, kDouble, kFloat, kString, kBinary});
  const ArgRule share = one_of({kDouble, kArray});
  std::vector<Function> rows{
    {"theta_sketch_agg", {}, aggregate, {hashed, optional(integer())}, fixed(kBinary), kCanThrow, "A Theta sketch of the values with 2^n entries (12)."},
    {"theta_union_agg", {}, aggregate, {binary(), optional(integer())}, fixed(kBinary), kCanThrow, "The union of Theta sketches with 2^n entries (12)."},
    {"theta_intersection_agg", {}, aggregate, {binary()}, fixed(kBinary), kCanThrow, "The intersection of Theta sketches."},
    {"theta_union", {}, scalar, {binary(), binary(), optional(integer())}, fixed(kBinary), kNullOnNull | kCanThrow, "The union of two Theta sketches with 2^n entries (12)."},
    {"theta_intersection", {}, scalar, {binary(), binary()}, fixed(kBinary), kNullOnNull | kCanThrow, "The intersection of two Theta sketches."},
    {"theta_difference", {}, scalar, {binary(), binary()}, fixed(kBinary), kNullOnNull | kCanThrow, "What the first of two Theta sketches holds and the second does not."},
    {"theta_sketch_estimate", {}, scalar, {binary()}, fixed(kLong), kNullOnNull | kCanThrow, "About how many different values a Theta sketch has seen."},
  };
  struct KllType {
    DataTypeId id;
    std::string_view aggregate, merge_aggregate, merge, count, quantile, rank, text;
  };
  constexpr KllType kTypes[] = {
    {kLong, "kll_sketch_agg_bigint", "kll_merge_agg_bigint", "kll_sketch_merge_bigint", "kll_sketch_get_n_bigint", "kll_sketch_get_quantile_bigint", "kll_sketch_get_rank_bigint", "kll_sketch_to_string_bigint"},
    {kFloat, "kll_sketch_agg_float", "kll_merge_agg_float", "kll_sketch_merge_float", "kll_sketch_get_n_float", "kll_sketch_get_quantile_float", "kll_sketch_get_rank_float", "kll_sketch_to_string_float"},
    {kDouble, "kll_sketch_agg_double", "kll_merge_agg_double", "kll_sketch_merge_double", "kll_sketch_get_n_double", "kll_sketch_get_quantile_double", "kll_sketch_get_rank_double", "kll_sketch_to_string_double"},
  };
  for (const KllType& type : kTypes) {
    rows.push_back({type.aggregate, {}, aggregate, {exactly(type.id), optional(integer())}, fixed(kBinary), kCanThrow, "A KLL sketch of the values; the second argument (200) says how exact."});
    rows.push_back({type.merge_aggregate, {}, aggregate, {binary(), optional(integer())}, fixed(kBinary), kCanThrow, "KLL sketches put together."});
    rows.push_back({type.merge, {}, scalar, {binary(), binary()}, fixed(kBinary), kNullOnNull | kCanThrow, "Two KLL sketches put together."});
    rows.push_back({type.count, {}, scalar, {binary()}, fixed(kLong), kNullOnNull | kCanThrow, "How many values a KLL sketch has seen."});
    rows.push_back({type.quantile, {}, scalar, {binary(), share}, named("quantile_of_sketch"), kNullOnNull | kCanThrow, "The value at a rank in [0, 1], or those at an array of ranks."});
    rows.push_back({type.rank, {}, scalar, {binary(), any()}, named("rank_in_sketch"), kNullOnNull | kCanThrow, "The rank of a value, or of an array of values."});
    rows.push_back({type.text, {}, scalar, {binary()}, fixed(kString), kNullOnNull | kCanThrow, "A KLL sketch in words."});
  }
  return rows;
}
// clang-format on

}  // namespace firn::functions

// Spark's functions over types that firn has not (VARIANT, TIME, HLL sketches,
// geometry, calendar intervals), and those that call into a JVM.
#include "functions/refused.h"

#include <algorithm>
#include <iterator>

namespace firn::functions {
namespace {

constexpr std::string_view kPrefixes[] = {"hll_", "st_", "approx_top_k"};
constexpr std::string_view kNames[] = {
    "avro",
    "collate",
    "collations",
    "current_time",
    "from_avro",
    "from_protobuf",
    "is_variant_null",
    "java_method",
    "make_interval",
    "make_time",
    "parse_json",
    "reflect",
    "schema_of_avro",
    "schema_of_variant",
    "schema_of_variant_agg",
    "time_diff",
    "time_trunc",
    "to_avro",
    "to_protobuf",
    "to_time",
    "to_variant_object",
    "try_make_interval",
    "try_parse_json",
    "try_reflect",
    "try_to_time",
    "try_variant_get",
    "variant_explode",
    "variant_explode_outer",
    "variant_get",
};

}  // namespace

bool is_refused(std::string_view name) {
  if (std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames)) return true;
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace firn::functions

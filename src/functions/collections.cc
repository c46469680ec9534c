// Functions over arrays, maps and structs.
#include "functions/rows.h"

namespace firn::functions {

// clang-format off: one row a line
std::vector<Function> collection_functions() {
  using enum DataTypeId;
  const Kind scalar = Kind::kScalar;
  return {
    {"array", {}, scalar, {many(common())}, named("array"), kPure, "An array of its arguments."},
    {"map", {}, scalar, {many(any())}, named("map"), kCanThrow, "A map of keys and values in turn; a NULL or repeated key is an error."},
    {"map_from_arrays", {}, scalar, {array(), array()}, named("map_from_arrays"), kNullOnNull | kCanThrow, "A map of an array of keys and one of values."},
    {"map_from_entries", {}, scalar, {array()}, named("map_from_entries"), kNullOnNull | kCanThrow, "A map of an array of (key, value)."},
    {"named_struct", {}, scalar, {many(any())}, named("named_struct"), kPure, "A struct of names and values in turn."},
    {"struct", {}, scalar, {many(any())}, named("struct"), kReplaced, "A struct of its arguments, named as columns would be."},
    {"size", {"cardinality"}, scalar, {one_of({kArray, kMap})}, fixed(kInteger), kPure, "Number of elements; of NULL: NULL in ANSI mode, else -1."},
    {"array_size", {}, scalar, {array()}, fixed(kInteger), kStrict, "Number of elements."},
    {"element_at", {}, scalar, {one_of({kArray, kMap}), any()}, named("element_at"), kChecked, "An array's element, from 1 (negative from the end), or a map's value."},
    {"try_element_at", {}, scalar, {one_of({kArray, kMap}), any()}, named("element_at"), kStrict, "As element_at, NULL outside."},
    {"get", {}, scalar, {array(), integer()}, element_of(0), kStrict, "An array's element, from 0; NULL outside."},
    {"array_contains", {}, scalar, {array(), element(0)}, fixed(kBoolean), kStrict, "Whether the array holds the value; NULL where it holds only NULLs beside."},
    {"array_position", {}, scalar, {array(), element(0)}, fixed(kLong), kStrict, "Position of the value, from 1; 0 where it is not in it."},
    {"array_remove", {}, scalar, {array(), element(0)}, type_of(0), kStrict, "Without the elements that equal the value."},
    {"array_append", {}, scalar, {array(), any()}, named("array_with"), kPure, "With a value at the end."},
    {"array_prepend", {}, scalar, {array(), any()}, named("array_with"), kPure, "With a value at the start."},
    {"array_distinct", {}, scalar, {array()}, type_of(0), kStrict, "Each element once, in the order of first occurrence."},
    {"array_compact", {}, scalar, {array()}, type_of(0), kStrict, "Without NULLs."},
    {"array_min", {}, scalar, {array()}, element_of(0), kStrict, "The least element."},
    {"array_max", {}, scalar, {array()}, element_of(0), kStrict, "The greatest element."},
    {"array_union", {}, scalar, {common(), common()}, type_of_group(), kStrict, "Elements of both, each once."},
    {"array_intersect", {}, scalar, {common(), common()}, type_of_group(), kStrict, "Elements that stand in both, each once."},
    {"array_except", {}, scalar, {common(), common()}, type_of_group(), kStrict, "Elements of the first that do not stand in the second, each once."},
    {"arrays_overlap", {}, scalar, {common(), common()}, fixed(kBoolean), kStrict, "Whether an element stands in both."},
    {"array_repeat", {}, scalar, {any(), integer()}, array_of(0), kPure, "A value n times."},
    {"array_join", {}, scalar, {exactly(kArray), string(), optional(string())}, fixed(kString), kPure, "Strings with a separator between; NULLs are skipped or replaced by the third argument."},
    {"sort_array", {}, scalar, {array(), optional(boolean())}, type_of(0), kStrict, "Sorted; NULLs first ascending, last descending."},
    {"slice", {}, scalar, {array(), integer(), integer()}, type_of(0), kNullOnNull | kCanThrow, "From a position (negative from the end), at most so many elements."},
    {"flatten", {}, scalar, {array()}, element_of(0), kStrict, "Arrays of an array put together."},
    {"shuffle", {}, scalar, {array(), optional(bigint())}, type_of(0), kNullOnNull | kVolatile, "In random order, of a seed where one is given."},
    {"sequence", {}, scalar, {any(), any(), optional(any())}, named("sequence"), kNullOnNull | kSession | kCanThrow, "From the first to the second argument, both in it, by a step."},
    {"map_keys", {}, scalar, {map()}, named("map_keys"), kStrict, "Keys of a map."},
    {"map_values", {}, scalar, {map()}, named("map_values"), kStrict, "Values of a map."},
    {"map_entries", {}, scalar, {map()}, named("map_entries"), kStrict, "Entries of a map as an array of (key, value)."},
    {"map_contains_key", {}, scalar, {map(), any()}, fixed(kBoolean), kStrict, "Whether the map has the key."},
    {"map_concat", {}, scalar, {many(common())}, type_of_group(), kNullOnNull | kCanThrow, "Maps put together; a repeated key is an error."},
    {"str_to_map", {}, scalar, {string(), optional(string()), optional(string())}, fixed(DataType::map(kString, kString)), kNullOnNull | kCanThrow, "A map of text such as a:1,b:2."},
    {"transform", {}, scalar, {array(), rule(ArgRule::Kind::kLambda)}, named("transform"), kStrict, "The lambda's value for each element."},
    {"filter", {}, scalar, {array(), rule(ArgRule::Kind::kLambda)}, type_of(0), kStrict, "The elements for which the lambda is true."},
    {"exists", {}, scalar, {array(), rule(ArgRule::Kind::kLambda)}, fixed(kBoolean), kStrict, "Whether the lambda is true for an element."},
    {"aggregate", {"reduce"}, scalar, {array(), any(), rule(ArgRule::Kind::kLambda), optional(rule(ArgRule::Kind::kLambda))}, type_of(1), kReplaced, "The start value merged with each element in turn by a lambda; a second one makes the result of it."},
    {"zip_with", {}, scalar, {array(), array(), rule(ArgRule::Kind::kLambda)}, type_of(0), kReplaced, "The lambda's value for each pair of elements; the shorter array is filled with NULLs."},
    {"map_filter", {}, scalar, {map(), rule(ArgRule::Kind::kLambda)}, type_of(0), kReplaced, "The entries for which the lambda is true."},
    {"transform_keys", {}, scalar, {map(), rule(ArgRule::Kind::kLambda)}, type_of(0), kReplaced, "The map with the lambda's value for each key."},
    {"transform_values", {}, scalar, {map(), rule(ArgRule::Kind::kLambda)}, type_of(0), kReplaced, "The map with the lambda's value for each value."},
    {"map_zip_with", {}, scalar, {map(), map(), rule(ArgRule::Kind::kLambda)}, type_of(0), kReplaced, "The lambda's value for each key of both maps and the values there."},
    {"array_sort", {}, scalar, {array(), optional(rule(ArgRule::Kind::kLambda))}, type_of(0), kReplaced, "Sorted, NULLs last; or in the order of a comparator."},
    {"arrays_zip", {}, scalar, {many(array())}, named("arrays_zip"), kStrict, "Elements at the same place as a struct; shorter arrays are filled with NULLs."},
    {"array_insert", {}, scalar, {array(), integer(), any()}, named("array_insert"), kCanThrow, "With a value at a position, from 1 (negative from the end)."},
    // ---- internal
    {"array_sorted", {}, scalar, {array()}, type_of(0), kStrict | kInternal, "Ascending, NULLs last."},
    {"array_placed", {}, scalar, {array(), array()}, type_of(0), kStrict | kInternal, "Each element at the place that the second array says."},
    {"reduce_pairs", {}, scalar, {array(), rule(ArgRule::Kind::kLambda)}, element_of(0), kStrict | kInternal, "One pair of all by a lambda."},
    {"forall", {}, scalar, {array(), rule(ArgRule::Kind::kLambda)}, fixed(kBoolean), kStrict, "Whether the lambda is true for all elements."},
  };
}
// clang-format on

}  // namespace firn::functions

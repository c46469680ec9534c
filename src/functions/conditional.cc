// Functions that choose among their arguments.
#include "functions/rows.h"

namespace firn::functions {

// clang-format off: one row a line
std::vector<Function> conditional_functions() {
  using enum DataTypeId;
  const Kind scalar = Kind::kScalar;
  return {
    {"coalesce", {}, scalar, {common(), many(common())}, type_of_group(), kPure, "The first argument that is not NULL."},
    {"nvl", {"ifnull"}, scalar, {common(), common()}, type_of_group(), kReplaced, "The second argument where the first is NULL."},
    {"nvl2", {}, scalar, {any(), common(), common()}, type_of_group(), kReplaced, "The second argument where the first is not NULL, else the third."},
    {"nullif", {}, scalar, {any(), any()}, type_of(0), kReplaced, "NULL where both are equal, else the first."},
    {"nullifzero", {}, scalar, {any()}, type_of(0), kReplaced, "NULL where the argument is 0."},
    {"zeroifnull", {}, scalar, {any()}, type_of(0), kReplaced, "0 where the argument is NULL."},
    {"if", {}, scalar, {boolean(), common(), common()}, type_of_group(), kReplaced, "The second argument where the first is true, else the third."},
    {"nanvl", {}, scalar, {one_of({kDouble, kFloat}), one_of({kDouble, kFloat})}, named("nanvl"), kStrict, "The second argument where the first is NaN."},
    {"greatest", {}, scalar, {common(), common(), many(common())}, type_of_group(), kPure, "The greatest argument; NULLs are skipped."},
    {"least", {}, scalar, {common(), common(), many(common())}, type_of_group(), kPure, "The least argument; NULLs are skipped."},
    {"assert_true", {}, scalar, {boolean(), optional(string())}, fixed(kNull), kCanThrow, "NULL where the condition is true; else an error with the message."},
    {"assert_not_null", {}, scalar, {any(), string()}, type_of(0), kCanThrow | kInternal, "The first argument; NOT_NULL_ASSERT_VIOLATION with the column's name where it is NULL."},
    {"input_file_name", {}, scalar, {}, fixed(kString), kReplaced, "The file that the row was read from, \"\" where it comes from no file."},
    {"input_file_block_start", {}, scalar, {}, fixed(kLong), kReplaced, "Where in its file the block begins that the row was read from; -1 where it comes from no file."},
    {"input_file_block_length", {}, scalar, {}, fixed(kLong), kReplaced, "Bytes of the block that the row was read from; -1 where it comes from no file."},
    {"raise_error", {}, scalar, {string()}, fixed(kNull), kCanThrow, "Raises USER_RAISED_EXCEPTION with the message."},
  };
}
// clang-format on

}  // namespace firn::functions

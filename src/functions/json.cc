// Functions over JSON text.
#include "functions/rows.h"

namespace firn::functions {

// clang-format off: one row a line
std::vector<Function> json_functions() {
  using enum DataTypeId;
  const Kind scalar = Kind::kScalar;
  return {
    {"from_json", {}, scalar, {string(), foldable_string(), optional(any())}, named("from_json"), kNullOnNull | kSession | kCanThrow, "Text in JSON as a value of a schema (DDL text or JSON); a map of options may follow."},
    {"to_json", {}, scalar, {any(), optional(any())}, fixed(kString), kNullOnNull | kSession | kCanThrow, "A struct, map or array as JSON text; a map of options may follow."},
    {"get_json_object", {}, scalar, {string(), string()}, fixed(kString), kStrict, "What stands at a path ($.a.b[0]) of a JSON text; NULL where there is nothing."},
    {"json_array_length", {}, scalar, {string()}, fixed(kInteger), kStrict, "Number of elements of the outermost array; NULL where it is none."},
    {"json_object_keys", {}, scalar, {string()}, fixed(DataType::array(kString)), kStrict, "Keys of the outermost object; NULL where it is none."},
    {"schema_of_json", {}, scalar, {foldable_string(), optional(any())}, fixed(kString), kCanThrow, "The schema of a JSON text as DDL."},
  };
}
// clang-format on

}  // namespace firn::functions

// Functions over JSON and XML text.
#include "functions/rows.h"

namespace firn::functions {
namespace {

Function xpath(std::string_view name, DataType type, std::string_view documentation,
               std::vector<std::string_view> aliases = {}) {
  return {name,
          std::move(aliases),
          Kind::kScalar,
          {string(), foldable_string()},
          fixed(std::move(type)),
          kNullOnNull | kCanThrow,
          documentation};
}

}  // namespace

// clang-format off: one row a line
std::vector<Function> json_functions() {
  using enum DataTypeId;
  const Kind scalar = Kind::kScalar;
  return {
    {"from_json", {}, scalar, {string(), foldable_string(), optional(any())}, named("from_json"), kNullOnNull | kSession | kCanThrow | kCostly, "Text in JSON as a value of a schema (DDL text or JSON); a map of options may follow."},
    {"to_json", {}, scalar, {any(), optional(any())}, fixed(kString), kNullOnNull | kSession | kCanThrow, "A struct, map or array as JSON text; a map of options may follow."},
    {"get_json_object", {}, scalar, {string(), string()}, fixed(kString), kStrict, "What stands at a path ($.a.b[0]) of a JSON text; NULL where there is nothing."},
    {"json_array_length", {}, scalar, {string()}, fixed(kInteger), kStrict, "Number of elements of the outermost array; NULL where it is none."},
    {"json_object_keys", {}, scalar, {string()}, fixed(DataType::array(kString)), kStrict, "Keys of the outermost object; NULL where it is none."},
    {"schema_of_json", {}, scalar, {foldable_string(), optional(any())}, fixed(kString), kCanThrow, "The schema of a JSON text as DDL."},
    {"from_xml", {}, scalar, {string(), foldable_string(), optional(any())}, named("from_json"), kReplaced, "Text in XML as a struct of a schema (DDL text or JSON); a map of options may follow."},
    {"to_xml", {}, scalar, {any(), optional(any())}, fixed(kString), kReplaced, "A struct as XML text; a map of options may follow."},
    {"schema_of_xml", {}, scalar, {foldable_string(), optional(any())}, fixed(kString), kReplaced, "The schema of an XML text as DDL."},
    {"xml_as_json", {}, scalar, {string(), any(), string()}, fixed(kString), kPure | kInternal, "XML as JSON of a type."},
    {"xml_text", {}, scalar, {any(), string()}, fixed(kString), kStrict | kSession | kInternal, "A struct as XML."},
    xpath("xpath", DataType::array(kString), "The values of the nodes that an XPath expression selects in an XML text."),
    xpath("xpath_boolean", kBoolean, "Whether an XPath expression is true, or selects a node."),
    xpath("xpath_double", kDouble, "The number that an XPath expression gives; NaN where there is none.", {"xpath_number"}),
    xpath("xpath_float", kFloat, "The number that an XPath expression gives; NaN where there is none."),
    xpath("xpath_int", kInteger, "The whole number that an XPath expression gives; 0 where there is none."),
    xpath("xpath_long", kLong, "The whole number that an XPath expression gives; 0 where there is none."),
    xpath("xpath_short", kShort, "The whole number that an XPath expression gives; 0 where there is none."),
    xpath("xpath_string", kString, "The text of the first node that an XPath expression selects."),
  };
}
// clang-format on

}  // namespace firn::functions

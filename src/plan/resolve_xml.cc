// from_xml, to_xml and schema_of_xml: XML is read as JSON of the wanted schema.
#include "base/ascii.h"
#include "kernels/xml_values.h"
#include "plan/fold.h"
#include "plan/resolver.h"

namespace firn::plan {
namespace {

const std::string* xml_literal(const Expr& expr) {
  const Literal* constant = as_literal(expr);
  return constant != nullptr ? std::get_if<std::string>(&constant->value) : nullptr;
}

kernels::XmlOptions xml_options(const ExprPtr& argument) {
  kernels::XmlOptions options;
  const ExprPtr folded = fold(argument);
  const Call* map = as_call(*folded, "map");
  for (size_t i = 0; map != nullptr && i + 1 < map->arguments.size(); i += 2) {
    const std::string* key = xml_literal(*map->arguments[i]);
    const std::string* value = xml_literal(*map->arguments[i + 1]);
    if (key == nullptr || value == nullptr) continue;
    const std::string name = lower_case(*key);
    if (name == "attributeprefix")
      options.attribute_prefix = *value;
    else if (name == "valuetag")
      options.value_tag = *value;
    else if (name == "rowtag")
      options.row_tag = *value;
    else if (name == "excludeattribute")
      options.exclude_attributes = lower_case(*value) == "true";
    else if (name != "mode")
      throw_unsupported("the option " + *key + " of XML functions");
  }
  return options;
}

}  // namespace

ExprPtr Resolver::xml(CallSite& at) {
  const std::optional<QueryContext>& origin = at.unresolved->origin;
  coerce_arguments(at);
  std::vector<ExprPtr>& arguments = at.arguments;
  const std::string_view name = at.function.name;
  const size_t options_at = name == "from_xml" ? 2 : 1;
  const kernels::XmlOptions options =
      arguments.size() > options_at ? xml_options(arguments[options_at]) : kernels::XmlOptions();
  if (name == "schema_of_xml") {
    const std::string* text = xml_literal(*arguments[0]);
    if (text == nullptr)
      throw_at(origin, "DATATYPE_MISMATCH.UNEXPECTED_NULL",
               {{"sqlExpr", "\"" + display(at.unresolved) + "\""}, {"exprName", "`xml`"}});
    const auto schema = kernels::xml_schema(*text, options);
    return string_literal(schema ? schema->sql() : "STRUCT<_corrupt_record: STRING>");
  }
  if (name == "to_xml") {
    if (arguments[0]->type.id() != DataTypeId::kStruct) throw_input_type(at, 0, "\"STRUCT\"");
    return call("xml_text", {arguments[0], string_literal(options.packed())}, DataTypeId::kString,
                settings(), origin);
  }
  const std::string* schema_text = xml_literal(*arguments[1]);
  if (schema_text == nullptr)
    throw_at(origin, "INVALID_SCHEMA.NON_STRING_LITERAL",
             {{"inputSchema", "\"" + display(at.node.arguments[1]) + "\""}});
  const DataType schema = surroundings_.parse_schema(*schema_text);
  if (schema.id() != DataTypeId::kStruct)
    throw_at(origin, "INVALID_SCHEMA.NON_STRUCT_TYPE",
             {{"inputSchema", "\"" + *schema_text + "\""}, {"dataType", quoted_type(schema)}});
  const ExprPtr json =
      call("xml_as_json", {arguments[0], null_of(schema), string_literal(options.packed())},
           DataTypeId::kString, settings(), origin);
  return call("from_json", {json, arguments[1]}, nullable_throughout(schema), settings(), origin);
}

}  // namespace firn::plan

// The module's entry points: text in, statements, expressions and types out.
#include "sql/parser.h"

#include "sql/grammar.h"
#include "sql/schema_json.h"

namespace firn::sql {

plan::Statement parse_statement(std::string_view text, const ParseOptions& options) {
  return Grammar(text, options).only_statement();
}

std::vector<plan::Statement> parse_script(std::string_view text, const ParseOptions& options) {
  return Grammar(text, options).script();
}

plan::ExprPtr parse_expression(std::string_view text, const ParseOptions& options) {
  return Grammar(text, options).only_expression();
}

types::DataType parse_data_type(std::string_view text) {
  return Grammar(text, {}).only_data_type();
}

types::DataType parse_table_schema(std::string_view text) {
  return Grammar(text, {}).only_table_schema();
}

types::DataType parse_schema(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && (text[first] == '{' || text[first] == '"'))
    return parse_schema_json(text);
  try {
    return parse_table_schema(text);
  } catch (const Error& error) {
    if (error.condition() != "PARSE_SYNTAX_ERROR" && error.condition() != "UNSUPPORTED_DATATYPE")
      throw;
  }
  return parse_data_type(text);
}

}  // namespace firn::sql

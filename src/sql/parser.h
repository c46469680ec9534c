// Spark SQL text → plan. One lexer, one recursive-descent/Pratt parser; every node carries its
// position.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plan/command.h"

namespace firn::sql {

struct ParseOptions {
  bool ansi_keywords = false;              // spark.sql.ansi.enforceReservedKeywords
  bool double_quoted_identifiers = false;  // spark.sql.ansi.doubleQuotedIdentifiers
  int max_depth = 1000;  // nesting bound; deeper text is refused with an error of ours
  // What :name and ? stand for. A parameter without a value is refused (UNBOUND_SQL_PARAMETER).
  std::map<std::string, plan::ExprPtr> named = {};
  std::vector<plan::ExprPtr> positional = {};
};

// One statement; a trailing semicolon is fine. Error PARSE_SYNTAX_ERROR (or a more exact condition)
// with line, column and fragment.
plan::Statement parse_statement(std::string_view text, const ParseOptions& = {});
// A file: statements separated by semicolons, comments kept apart.
std::vector<plan::Statement> parse_script(std::string_view text, const ParseOptions& = {});
plan::ExprPtr parse_expression(std::string_view text, const ParseOptions& = {});
// "INT", "STRUCT<a: INT>", or "a INT, b STRING" (a struct).
types::DataType parse_data_type(std::string_view text);
types::DataType parse_table_schema(std::string_view text);
// Either of both, as from_json takes it.
types::DataType parse_schema(std::string_view text);

// "error at line 3, column 7" with the line and a caret under it, for terminals.
std::string show_position(std::string_view text, const TextPosition&);
// Words that may complete `prefix` at the end of `text`: keywords and functions.
std::vector<std::string> complete(std::string_view text);

}  // namespace firn::sql

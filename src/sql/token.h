// Tokens of Spark SQL text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace firn::sql {

enum class TokenKind : uint8_t {
  kEnd,
  kWord,          // unquoted identifier or keyword
  kQuotedName,    // `name`
  kString,        // 'text'
  kDoubleQuoted,  // "text": a string, or an identifier with spark.sql.ansi.doubleQuotedIdentifiers
  kInteger,       // 12
  kDecimal,       // 1.5
  kExponent,      // 1e3
  kByte,
  kShort,
  kLong,
  kFloat,
  kDouble,
  kBigDecimal,  // 1Y 1S 1L 1F 1D 1BD
  kSymbol,
  kUnknown,  // a character that no token begins with
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;  // as written
  std::string_view
      keyword;  // kWord that is a keyword: its upper-case name in the table of keywords; else ""
  TextPosition position;

  bool is(std::string_view word_or_symbol) const {
    return kind == TokenKind::kSymbol ? text == word_or_symbol
                                      : !keyword.empty() && keyword == word_or_symbol;
  }
};

// All tokens of `text`, comments and white space left out, closed by a kEnd. Throws
// PARSE_SYNTAX_ERROR for a quote and UNCLOSED_BRACKETED_COMMENT for a comment that is not closed.
// Tokens refer to `text`.
std::vector<Token> tokenize(std::string_view text);

// The value of a string token, quotes and escapes resolved. `text` as the token has it.
std::string unescape_string(std::string_view text);
// The name in a backtick (or double quote) token: doubled quotes become one.
std::string unquote_name(std::string_view text);

bool is_digit(char c);  // of ASCII
bool is_word(char c);   // may stand in a name without quotes

template <size_t N>
bool is_one_of(const std::string_view (&names)[N], std::string_view name) {
  for (const std::string_view each : names)
    if (each == name) return true;
  return false;
}

}  // namespace firn::sql

// The grammar's cursor over tokens: looking ahead, expecting, names, and what is said where the
// text does not fit.
#include <algorithm>

#include "base/ascii.h"
#include "base/nearest.h"
#include "sql/grammar.h"
#include "sql/keywords.h"

namespace firn::sql {
namespace {

constexpr size_t kLongestFragment =
    256;  // of a node's text: long chains would otherwise hold their text n times
constexpr std::ptrdiff_t kLargestStack = 5 << 20;

// Words that people misspell where a clause should begin.
const std::vector<std::string>& clause_words() {
  static const std::vector<std::string> words = {"FROM",  "WHERE",  "GROUP",    "HAVING",
                                                 "ORDER", "LIMIT",  "SELECT",   "UNION",
                                                 "JOIN",  "VALUES", "WATERMARK"};
  return words;
}

bool is_misspelt_clause(const Token& token) {
  return token.kind == TokenKind::kWord && token.keyword.empty() && token.text.size() > 2 &&
         nearest(token.text, clause_words()).has_value();
}

}  // namespace

Grammar::Grammar(std::string_view text, const ParseOptions& options)
    : text_(text),
      options_(options),
      tokens_(tokenize(text)),
      stack_base_(static_cast<const char*>(__builtin_frame_address(0))),
      windows_(1) {}

Nesting::Nesting(Grammar& grammar) : grammar_(grammar) {
  const auto* here = static_cast<const char*>(__builtin_frame_address(0));
  const bool deep =
      grammar.depth_ + 1 > grammar.options_.max_depth || grammar.stack_base_ - here > kLargestStack;
  if (deep) throw Error("FAILED_TO_PARSE_TOO_COMPLEX", {}, {grammar.context_of(grammar.peek())});
  ++grammar_.depth_;
}

bool Grammar::at_any(Words words, size_t ahead) const {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return at(word, ahead); });
}

bool Grammar::at_words(Words words) const {
  size_t ahead = 0;
  return std::all_of(words.begin(), words.end(),
                     [&](std::string_view word) { return at(word, ahead++); });
}

bool Grammar::at_word_text(std::string_view upper_text) const {
  return peek().kind == TokenKind::kWord && upper_case(peek().text) == upper_text;
}

bool Grammar::accept(std::string_view word_or_symbol) {
  if (!at(word_or_symbol)) return false;
  take();
  return true;
}

bool Grammar::accept_words(Words words) {
  if (!at_words(words)) return false;
  at_ += words.size();
  return true;
}

void Grammar::expect(std::string_view word_or_symbol) {
  if (accept(word_or_symbol)) return;
  // MAP<INT, ARRAY<INT>>: the two closing brackets were read as a shift.
  if (word_or_symbol == ">" && at_any({">>", ">>>"})) {
    Token& token = tokens_[at_];
    token.text.remove_prefix(1);
    ++token.position.start;
    ++token.position.column;
    return;
  }
  fail();
}

void Grammar::expect_end() {
  while (accept(";")) continue;
  if (peek().kind != TokenKind::kEnd) fail();
}

bool Grammar::at_string(size_t ahead) const {
  const TokenKind kind = peek(ahead).kind;
  return kind == TokenKind::kString ||
         (kind == TokenKind::kDoubleQuoted && !options_.double_quoted_identifiers);
}

bool Grammar::at_name(size_t ahead) const {
  const Token& token = peek(ahead);
  if (token.kind == TokenKind::kQuotedName) return true;
  if (token.kind == TokenKind::kDoubleQuoted) return options_.double_quoted_identifiers;
  if (token.kind != TokenKind::kWord) return false;
  if (!options_.ansi_keywords || token.keyword.empty()) return true;
  return (find_keyword(token.keyword)->use & kReservedInAnsi) == 0;
}

bool Grammar::at_clause(size_t ahead) const {
  if (peek(ahead).keyword.empty() || (find_keyword(peek(ahead).keyword)->use & kNoOperand) == 0)
    return false;
  return !at_any({"ORDER", "GROUP"}, ahead) || at("BY", ahead + 1);
}

bool Grammar::at_operand_end(size_t ahead) const {
  return peek(ahead).kind == TokenKind::kEnd || at_any({",", ")", ";", "FROM"}, ahead);
}

// A keyword that begins a clause is an alias only where nothing follows that could belong to the
// clause.
bool Grammar::at_implicit_alias() const {
  if (!at_name()) return false;
  if (peek().keyword.empty()) return true;
  const uint8_t use = find_keyword(peek().keyword)->use;
  if (at_clause()) return false;
  return (use & kEndsOperand) == 0 || at_operand_end(1);
}

QueryContext Grammar::context_of(const Token& token) const {
  return {token.position, std::string(text_.substr(token.position.start,
                                                   token.position.stop - token.position.start))};
}

void Grammar::fail_at(const Token& failed, std::string_view hint) const {
  const Token* token = &failed;
  if (last_alias_ && *last_alias_ + 1 == at_ && &failed == &peek() &&
      is_misspelt_clause(tokens_[*last_alias_]))
    token = &tokens_[*last_alias_];
  const std::string what =
      token->kind == TokenKind::kEnd ? "end of input" : "'" + std::string(token->text) + "'";
  throw Error("PARSE_SYNTAX_ERROR", {{"error", what}, {"hint", std::string(hint)}},
              {context_of(*token)});
}

void Grammar::unsupported(std::string what, const Token& token) const {
  throw Error("UNSUPPORTED_FEATURE.FIRN", {{"what", std::move(what) + "."}}, {context_of(token)});
}

std::string Grammar::text_from(size_t first_token) const {
  if (at_ == first_token) return {};
  const size_t start = tokens_[first_token].position.start;
  return std::string(text_.substr(start, tokens_[at_ - 1].position.stop - start));
}

std::optional<QueryContext> Grammar::origin_from(size_t first_token) const {
  TextPosition position = tokens_[first_token].position;
  if (at_ > first_token) position.stop = tokens_[at_ - 1].position.stop;
  const size_t length = std::min(position.stop - position.start, kLongestFragment);
  return QueryContext{position, std::string(text_.substr(position.start, length))};
}

std::string Grammar::identifier() {
  if (!at_name()) fail();
  const Token& token = take();
  return token.kind == TokenKind::kWord ? std::string(token.text) : unquote_name(token.text);
}

std::string Grammar::string_literal() {
  if (!at_string()) fail();
  std::string value = unescape_string(take().text);
  while (at_string()) value += unescape_string(take().text);
  return value;
}

NameParts Grammar::name_parts() {
  if (at_identifier_clause()) return identifier_clause();
  NameParts parts{identifier()};
  while (at(".") && at_name(1)) {
    take();
    parts.push_back(identifier());
  }
  if (at("-") && at_name(1) && peek(1).position.start == peek().position.stop) {  // test-table
    const std::string ident = parts.back() + "-" + std::string(peek(1).text);
    throw Error("INVALID_IDENTIFIER", {{"ident", ident}}, {context_of(peek())});
  }
  return parts;
}

std::vector<std::string> Grammar::identifier_list() {
  expect("(");
  std::vector<std::string> names = comma_list([this] { return identifier(); });
  expect(")");
  return names;
}

}  // namespace firn::sql

// Spark SQL text → tokens, and the values of quoted tokens.
#include <cctype>

#include "sql/keywords.h"
#include "sql/token.h"

namespace firn::sql {
namespace {

// Longest first where one begins with another.
constexpr std::string_view kSymbols[] = {
    ">>>", "<=>", "||", "::", "==", "!=", "<>", "<=", ">=", "!<", "!>", "=>", "->", "|>",
    "<<",  ">>",  "(",  ")",  "[",  "]",  "{",  "}",  ",",  ".",  ";",  ":",  "+",  "-",
    "*",   "/",   "%",  "&",  "|",  "^",  "~",  "=",  "<",  ">",  "!",  "?"};

struct NumberSuffix {
  std::string_view text;  // upper case
  TokenKind kind;
  bool fraction;  // may follow a point or an exponent
};
constexpr NumberSuffix kNumberSuffixes[] = {
    {"BD", TokenKind::kBigDecimal, true}, {"L", TokenKind::kLong, false},
    {"S", TokenKind::kShort, false},      {"Y", TokenKind::kByte, false},
    {"D", TokenKind::kDouble, true},      {"F", TokenKind::kFloat, true},
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    for (;;) {
      skip_blank();
      tokens.push_back(next());
      if (tokens.back().kind == TokenKind::kEnd) return tokens;
    }
  }

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  TextPosition position(size_t start, size_t stop) const {
    return {line_, static_cast<int>(start - line_start_) + 1, start, stop};
  }
  void newline_at(size_t at) {
    ++line_;
    line_start_ = at + 1;
  }
  void skip_blank();
  void skip_comment();
  Token next();
  Token quoted(TokenKind kind, size_t quote_at, bool raw);
  bool number(Token& token);
  Token finish(TokenKind kind, size_t stop) const;

  std::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
  size_t line_start_ = 0;
};

void Lexer::skip_blank() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '\n') newline_at(at_);
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v') {
      ++at_;
    } else if (text_.substr(at_, 3) == "\xEF\xBB\xBF") {
      at_ += 3;  // byte order mark
    } else if (c == '-' && peek(1) == '-') {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    } else if (c == '/' && peek(1) == '*') {
      skip_comment();
    } else {
      return;
    }
  }
}

// Bracketed comments nest. Hints (/*+ … */) are advice to another engine: read over like comments.
void Lexer::skip_comment() {
  const TextPosition opened = position(at_, at_ + 2);
  int depth = 0;
  while (at_ < text_.size()) {
    if (text_[at_] == '/' && peek(1) == '*') {
      ++depth;
      at_ += 2;
    } else if (text_[at_] == '*' && peek(1) == '/') {
      at_ += 2;
      if (--depth == 0) return;
    } else {
      if (text_[at_] == '\n') newline_at(at_);
      ++at_;
    }
  }
  throw Error("UNCLOSED_BRACKETED_COMMENT", {}, {{opened, "/*"}});
}

Token Lexer::finish(TokenKind kind, size_t stop) const {
  Token token;
  token.kind = kind;
  token.text = text_.substr(at_, stop - at_);
  token.position = position(at_, stop);
  return token;
}

Token Lexer::quoted(TokenKind kind, size_t quote_at, bool raw) {
  const char quote = text_[quote_at];
  const bool escapes = quote != '`' && !raw;
  const int line = line_;
  const size_t line_start = line_start_;
  size_t stop = quote_at + 1;
  while (stop < text_.size()) {
    const char c = text_[stop];
    if (c == '\n') newline_at(stop);
    if (escapes && c == '\\' && stop + 1 < text_.size()) {
      if (text_[stop + 1] == '\n') newline_at(stop + 1);
      stop += 2;
    } else if (c == quote && !raw && stop + 1 < text_.size() && text_[stop + 1] == quote) {
      stop += 2;
    } else if (c == quote) {
      Token token = finish(kind, stop + 1);
      token.position.line = line;
      token.position.column = static_cast<int>(at_ - line_start) + 1;
      at_ = stop + 1;
      return token;
    } else {
      ++stop;
    }
  }
  const TextPosition opened{line, static_cast<int>(at_ - line_start) + 1, at_, quote_at + 1};
  throw Error("PARSE_SYNTAX_ERROR",
              {{"error", "'" + std::string(1, quote) + "'"}, {"hint", ": the quote is not closed"}},
              {{opened, std::string(1, quote)}});
}

// A number begins at at_ (a digit, or a point before a digit). False where it turns out to be a
// word like 1st.
bool Lexer::number(Token& token) {
  size_t stop = at_;
  TokenKind kind = TokenKind::kInteger;
  while (stop < text_.size() && is_digit(text_[stop])) ++stop;
  if (stop < text_.size() && text_[stop] == '.') {
    size_t after = stop + 1;
    while (after < text_.size() && is_digit(text_[after])) ++after;
    stop = after;
    kind = TokenKind::kDecimal;
  }
  if (stop < text_.size() && (text_[stop] == 'e' || text_[stop] == 'E')) {
    size_t after = stop + 1;
    if (after < text_.size() && (text_[after] == '+' || text_[after] == '-')) ++after;
    if (after < text_.size() && is_digit(text_[after])) {
      while (after < text_.size() && is_digit(text_[after])) ++after;
      stop = after;
      kind = TokenKind::kExponent;
    }
  }
  for (const NumberSuffix& suffix : kNumberSuffixes) {
    if (kind != TokenKind::kInteger && !suffix.fraction) continue;
    bool same = stop + suffix.text.size() <= text_.size();
    for (size_t i = 0; same && i < suffix.text.size(); ++i)
      same = std::toupper(static_cast<unsigned char>(text_[stop + i])) == suffix.text[i];
    if (!same) continue;
    if (stop + suffix.text.size() < text_.size() && is_word(text_[stop + suffix.text.size()]))
      continue;
    kind = suffix.kind;
    stop += suffix.text.size();
    break;
  }
  if (stop < text_.size() && is_word(text_[stop])) return false;
  token = finish(kind, stop);
  at_ = stop;
  return true;
}

Token Lexer::next() {
  if (at_ >= text_.size()) return finish(TokenKind::kEnd, at_);
  const char c = text_[at_];
  if (c == '\'') return quoted(TokenKind::kString, at_, false);
  if (c == '"') return quoted(TokenKind::kDoubleQuoted, at_, false);
  if (c == '`') return quoted(TokenKind::kQuotedName, at_, false);
  const bool raw = (c == 'r' || c == 'R') && (peek(1) == '\'' || peek(1) == '"');
  if (raw) return quoted(TokenKind::kString, at_ + 1, true);
  Token token;
  if ((is_digit(c) || (c == '.' && is_digit(peek(1)))) && number(token)) return token;
  if (is_word(c)) {
    size_t stop = at_;
    while (stop < text_.size() && is_word(text_[stop])) ++stop;
    token = finish(TokenKind::kWord, stop);
    if (const Keyword* keyword = find_keyword(token.text)) token.keyword = keyword->name;
    at_ = stop;
    return token;
  }
  for (const std::string_view symbol : kSymbols) {
    if (text_.substr(at_, symbol.size()) != symbol) continue;
    token = finish(TokenKind::kSymbol, at_ + symbol.size());
    at_ += symbol.size();
    return token;
  }
  token = finish(TokenKind::kUnknown, at_ + 1);
  ++at_;
  return token;
}

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

// `count` hexadecimal digits at the front of `text`; nullopt-like -1 where they are not.
int64_t hex_value(std::string_view text, size_t count) {
  if (text.size() < count) return -1;
  int64_t value = 0;
  for (size_t i = 0; i < count; ++i) {
    const char c = text[i];
    const int digit = is_digit(c)            ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

bool is_octal(std::string_view text) {
  return text.size() >= 3 && (text[0] == '0' || text[0] == '1') && text[1] >= '0' &&
         text[1] <= '7' && text[2] >= '0' && text[2] <= '7';
}

struct Escape {
  char letter;
  std::string_view value;
};
// \% and \_ keep the backslash: they are for LIKE.
constexpr Escape kEscapes[] = {
    {'0', std::string_view("\0", 1)},
    {'b', "\b"},
    {'n', "\n"},
    {'r', "\r"},
    {'t', "\t"},
    {'Z', "\x1A"},
    {'%', "\\%"},
    {'_', "\\_"},
};

// Reads one escape after its backslash, appends its value, says how many characters it took.
size_t unescape_one(std::string_view rest, std::string& out) {
  if ((rest[0] == 'u' || rest[0] == 'U')) {
    const size_t count = rest[0] == 'u' ? 4 : 8;
    const int64_t code = hex_value(rest.substr(1), count);
    if (code >= 0 && code <= 0x10FFFF) {
      append_utf8(out, static_cast<uint32_t>(code));
      return count + 1;
    }
  }
  if (is_octal(rest)) {
    append_utf8(
        out, static_cast<uint32_t>((rest[0] - '0') * 64 + (rest[1] - '0') * 8 + (rest[2] - '0')));
    return 3;
  }
  for (const Escape& escape : kEscapes) {
    if (escape.letter != rest[0]) continue;
    out += escape.value;
    return 1;
  }
  out += rest[0];
  return 1;
}

}  // namespace

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) != 0 || c == '_' || byte >= 0x80;
}

std::vector<Token> tokenize(std::string_view text) { return Lexer(text).run(); }

std::string unescape_string(std::string_view text) {
  const bool raw = text[0] == 'r' || text[0] == 'R';
  if (raw) return std::string(text.substr(2, text.size() - 3));
  const char quote = text[0];
  const std::string_view body = text.substr(1, text.size() - 2);
  std::string out;
  out.reserve(body.size());
  for (size_t i = 0; i < body.size();) {
    if (body[i] == '\\' && i + 1 < body.size()) {
      i += 1 + unescape_one(body.substr(i + 1), out);
    } else {
      if (body[i] == quote) ++i;  // doubled
      if (i < body.size()) out += body[i++];
    }
  }
  return out;
}

std::string unquote_name(std::string_view text) {
  const char quote = text[0];
  const std::string_view body = text.substr(1, text.size() - 2);
  std::string out;
  for (size_t i = 0; i < body.size(); ++i) {
    out += body[i];
    if (body[i] == quote) ++i;
  }
  return out;
}

}  // namespace firn::sql

// Lines gathered into statements.
#include "app/statement_reader.h"

#include "base/error.h"
#include "sql/parser.h"
#include "sql/token.h"

namespace firn::app {
namespace {

// A text in an open quote is read from its beginning at every line that ends like a statement: in
// all at most so many times its length, so that a long one does not take quadratic time.
constexpr size_t kReadings = 64;

bool may_end(const std::string& line) {
  const size_t last = line.find_last_not_of(" \t\r");
  return last != std::string::npos && line[last] == ';';
}

}  // namespace

bool ends_statement(const std::string& text) {
  try {
    const std::vector<sql::Token> tokens = sql::tokenize(text);
    return tokens.size() > 1 && tokens[tokens.size() - 2].kind == sql::TokenKind::kSymbol &&
           tokens[tokens.size() - 2].text == ";";
  } catch (const Error&) {
    return false;  // an open quote or comment: more lines follow
  }
}

std::optional<SourceText> StatementReader::next() {
  SourceText source{"<stdin>", "", lines_ + 1};
  size_t tokenized = 0;
  for (std::string line; std::getline(input_, line);) {
    ++lines_;
    source.text += line;
    source.text += '\n';
    if (!may_end(line) || tokenized > kReadings * source.text.size()) continue;
    if (ends_statement(source.text)) return source;
    tokenized += source.text.size();
  }
  if (source.text.empty()) return std::nullopt;
  return source;
}

}  // namespace firn::app

// Standard input that is no terminal, statement by statement: what is whole runs before more is
// read, so that another program can hold a conversation through a pipe.
#pragma once

#include <istream>
#include <optional>
#include <string>

#include "app/failure.h"

namespace firn::app {

class StatementReader {
 public:
  explicit StatementReader(std::istream& input) : input_(input) {}

  // The next lines up to one that ends a statement (several may stand on a line), or up to the end
  // of input; nullopt after it. `first_line` is where they begin in the input.
  std::optional<SourceText> next();

 private:
  std::istream& input_;
  int lines_ = 0;  // read so far
};

// Whether text is whole: its last token is a semicolon, outside of quotes and comments.
bool ends_statement(const std::string& text);

}  // namespace firn::app

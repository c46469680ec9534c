// How an Error is shown: its condition and message, and the place in the SQL text with a caret.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace firn::app {

// A text that statements came from; `name` is a file's, or "<-e>", "<stdin>".
struct SourceText {
  std::string name;
  std::string text;
  int first_line = 1;  // of `text` in what it is a part of
};

// "error: [CONDITION] message", then "file:line:column" and the line with a caret where the error
// has a position in `source`. Ends with a newline.
std::string failure_text(const Error& error, const SourceText* source = nullptr);
// One object: level, condition, sqlstate, message, file, line, column, text (as failure_text).
std::string failure_json(const Error& error, const SourceText* source = nullptr);

}  // namespace firn::app

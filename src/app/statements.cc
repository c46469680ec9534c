// One statement after the other, errors with their place.
#include "app/statements.h"

#include <fmt/format.h>

#include <chrono>

#include "app/variables.h"
#include "sql/parser.h"

namespace firn::app {
namespace {

using Steady = std::chrono::steady_clock;

// Plans and SQL text are for reading as they are, not in a table's cell.
Format shown_as(const plan::Statement& statement, Format format) {
  const bool text = std::holds_alternative<plan::Explain>(statement.node) ||
                    std::holds_alternative<plan::ShowCreateTable>(statement.node);
  return text && format == Format::kTable ? Format::kText : format;
}

}  // namespace

std::string grouped(int64_t number) {
  std::string text = std::to_string(number);
  const size_t first = number < 0 ? 1 : 0;
  for (size_t at = text.size(); at > first + 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

bool StatementRunner::run(const SourceText& written, bool go_on_after_error) {
  SourceText source = written;
  bool good = true;
  try {
    source.text = substitute_variables(written.text, session_.conf()).text;
    const std::vector<plan::Statement> statements = sql::parse_script(source.text);
    for (const plan::Statement& statement : statements) {
      good = run_one(statement, source) && good;
      if (!good && !go_on_after_error) return false;
    }
  } catch (const Error& error) {
    print_failure(error, source);
    return false;
  }
  return good;
}

bool StatementRunner::run_one(const plan::Statement& statement, const SourceText& source) {
  const auto start = Steady::now();
  try {
    const StopToken stop = interruption_.token();
    throw_if_stopped(stop);
    session::Result result = session_.execute(statement, stop);
    std::string done = result.message;
    if (!result.columns.empty() || output_.format == Format::kTypedJson) {
      const int64_t rows = print_rows(output_.rows, result, shown_as(statement, output_.format),
                                      *session_zone(session_.conf()), stop);
      done = grouped(rows) + (rows == 1 ? " row" : " rows");
    }
    if (!output_.rows) return false;  // a closed pipe: nobody wants the rest
    if (output_.timing) {
      const double seconds = std::chrono::duration<double>(Steady::now() - start).count();
      output_.messages << fmt::format("{}{:.3f} s\n", done.empty() ? "" : done + ", ", seconds)
                       << std::flush;
    }
    return true;
  } catch (const Error& error) {
    print_failure(error, source);
    return false;
  }
}

void StatementRunner::print_failure(const Error& error, const SourceText& source) {
  output_.rows.flush();
  if (output_.format == Format::kTypedJson)
    output_.rows << failure_json(error, &source) << '\n' << std::flush;  // an answer like others
  else if (output_.format == Format::kJson)
    output_.messages << failure_json(error, &source) << '\n' << std::flush;
  else
    output_.messages << failure_text(error, &source) << std::flush;
}

}  // namespace firn::app

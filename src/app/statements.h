// Runs SQL text statement by statement in one session and prints what each gives.
#pragma once

#include <ostream>
#include <string>

#include "app/failure.h"
#include "app/interruption.h"
#include "app/printing.h"
#include "session/session.h"

namespace firn::app {

struct StatementOutput {
  std::ostream& rows;      // results
  std::ostream& messages;  // errors; times where `timing` is set
  Format format = Format::kTable;
  bool timing = false;  // row counts, times and messages ("created table …") after each statement
};

class StatementRunner {
 public:
  StatementRunner(session::Session& session, StatementOutput output, Interruption& interruption)
      : session_(session), output_(output), interruption_(interruption) {}

  // False where a statement failed: its error is printed, and the rest is run only with
  // `go_on_after_error`.
  bool run(const SourceText& source, bool go_on_after_error);

 private:
  bool run_one(const plan::Statement& statement, const SourceText& source);
  void print_failure(const Error& error, const SourceText& source);

  session::Session& session_;
  StatementOutput output_;
  Interruption& interruption_;
};

// "1,234,567".
std::string grouped(int64_t number);

}  // namespace firn::app

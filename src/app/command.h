// What a command of the program is: a name, its options, and what it does once they are read.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <string>

#include "app/interruption.h"

namespace firn::app {

inline constexpr int kSuccess = 0;
inline constexpr int kFailure = 1;
inline constexpr int kUsage = 2;

// First character of a word that is not to be looked into: an argument of a script.
inline constexpr char kVerbatim = '\x01';

// Gives the exit code; throws Error.
using Action = std::function<int()>;

struct Command {
  const char* name;
  const char* summary;
  // Adds the command's options to `parser`; what the action needs of them lives in the action.
  Action (*declare)(CLI::App& parser, Interruption& interruption);
};

Action declare_sql(CLI::App& parser, Interruption& interruption);
Action declare_run(CLI::App& parser, Interruption& interruption);
Action declare_demo(CLI::App& parser, Interruption& interruption);
Action declare_server(CLI::App& parser, Interruption& interruption);
Action declare_version(CLI::App& parser, Interruption& interruption);

}  // namespace firn::app

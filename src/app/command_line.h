// From the program's arguments to a command's exit code: help, misspelt words, errors.
#pragma once

#include <span>

#include "app/command.h"

namespace firn::app {

// Never throws. 0; 1 for an Error, which is printed; 2 for arguments that are no good.
int run_command_line(std::span<const Command> commands, Interruption& interruption, int argc,
                     const char* const* argv);

}  // namespace firn::app

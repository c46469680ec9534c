// Commands that are no statements of firn's SQL: one row of a table each.
#pragma once

#include "server/spark_connect/client_session.h"
#include "server/spark_connect/operation.h"

namespace spark::connect {
class Command;
}

namespace firn::server::spark_connect {

// Sends what the command answers; ResultComplete comes from the caller. Throws Error.
using CommandHandler = void (*)(ClientSession&, Operation&, const ::spark::connect::Command&);

// By Command::CommandTypeCase; nullptr where there is none.
CommandHandler find_command_handler(int command_case);

// The command's own handler, or as a statement (translate.h). Refuses by name what is neither.
void run_command(ClientSession&, Operation&, const ::spark::connect::Command&);

}  // namespace firn::server::spark_connect

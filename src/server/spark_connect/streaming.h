// Structured Streaming's commands: handlers for the table of commands.
#pragma once

#include "server/spark_connect/client_session.h"
#include "server/spark_connect/operation.h"

namespace spark::connect {
class Command;
}

namespace firn::server::spark_connect {

void start_stream(ClientSession&, Operation&, const ::spark::connect::Command&);
void run_stream_command(ClientSession&, Operation&, const ::spark::connect::Command&);
void run_stream_manager_command(ClientSession&, Operation&, const ::spark::connect::Command&);
// Adding a listener runs until it is removed; the events are its answers.
void run_listener_bus_command(ClientSession&, Operation&, const ::spark::connect::Command&);

}  // namespace firn::server::spark_connect

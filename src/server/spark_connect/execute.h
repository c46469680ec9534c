// ExecutePlan: a relation's rows, or a command.
#pragma once

#include <memory>
#include <string_view>

#include "server/spark_connect/sessions.h"

namespace spark::connect {
class ExecutePlanRequest;
class Plan;
class Relation;
}  // namespace spark::connect

namespace firn::server::spark_connect {

// An operation, whose it is, and the response after which its stream goes on ("": the first).
struct Opened {
  std::shared_ptr<ClientSession> session;
  std::shared_ptr<Operation> operation;
  std::string last_response_id;
};
// Starts what an ExecutePlanRequest asks for; it runs on a worker. Throws what keeps it from
// starting.
Opened start_execution(Sessions& sessions, std::string_view request);
// What a ReattachExecuteRequest names.
Opened find_execution(Sessions& sessions, std::string_view request);

// ---- For commands and analysis
// Unpacks a compressed plan.
void unpack(::spark::connect::Plan& plan);
// Under the session's planning lock: the relation of a message, with what persist() keeps in place
// of what it was asked for.
plan::RelationPtr translated(ClientSession& session, const ::spark::connect::Relation& message);
plan::RelationPtr resolved(ClientSession& session, const ::spark::connect::Relation& message);
// Runs a resolved relation and keeps its rows.
std::shared_ptr<const plan::RowSet> collect(ClientSession& session,
                                            const plan::RelationPtr& resolved,
                                            const StopToken& stop);
// An Arrow IPC stream of all rows of a stream, in one batch.
std::string ipc_of(ClientSession& session, const std::vector<plan::Attribute>& columns,
                   engine::RowStream* rows);

}  // namespace firn::server::spark_connect

// The table of commands.
#include "server/spark_connect/commands.h"

#include <spark/connect/base.pb.h>
#include <spark/connect/commands.pb.h>

#include <memory>
#include <mutex>
#include <type_traits>

#include "base/error.h"
#include "server/spark_connect/execute.h"
#include "server/spark_connect/persisted.h"
#include "server/spark_connect/streaming.h"
#include "session/procedures.h"

// Older clients fill fields that newer protocols call deprecated.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace firn::server::spark_connect {
namespace {

namespace sc = ::spark::connect;

template <class Node, class... Kinds>
constexpr bool is_one_of = (std::is_same_v<Node, Kinds> || ...);

// Whether rows that were kept of tables may be others now.
bool changes_tables(const plan::Statement& statement) {
  return std::visit(
      []<class Node>(const Node&) {
        return is_one_of<Node, plan::Insert, plan::Delete, plan::Update, plan::Merge,
                         plan::Truncate, plan::WriteTable, plan::WriteFiles, plan::CreateTable,
                         plan::DropTable, plan::AlterTable, plan::CallProcedure,
                         plan::RefreshTable>;
      },
      statement.node);
}

// Statements that may take long and change tables alone, nothing of the session.
bool works_on_tables_only(const plan::Statement& statement) {
  const auto* call = std::get_if<plan::CallProcedure>(&statement.node);
  if (call != nullptr && session::changes_session(*call)) return false;
  return std::visit(
      []<class Node>(const Node&) {
        return is_one_of<Node, plan::Insert, plan::Delete, plan::Update, plan::Merge,
                         plan::Truncate, plan::WriteTable, plan::WriteFiles, plan::CreateTable,
                         plan::CallProcedure, plan::AnalyzeTable>;
      },
      statement.node);
}

struct Executed {
  session::Result result;
  bool query = false;                                // a query, which was resolved only
  std::shared_ptr<session::Session> copy = nullptr;  // what the result was made by
};

Executed execute_statement(ClientSession& session, Operation& operation,
                           const plan::Statement& statement, bool defer_queries) {
  std::unique_lock<std::mutex> lock(session.planning());
  if (works_on_tables_only(statement)) {
    // A copy of the session runs it, so that the client's other threads can plan meanwhile.
    Executed done;
    done.copy = std::make_shared<session::Session>(session.session());
    lock.unlock();
    done.result = done.copy->execute(statement, operation.stop_token());
    if (changes_tables(statement)) {
      lock.lock();
      forget_rows(session);
    }
    return done;
  }
  if (const auto* query = std::get_if<plan::Query>(&statement.node); query && defer_queries) {
    (void)session.session().resolve(query->relation);  // its errors come now, its rows later
    return {{}, true};
  }
  Executed done{session.session().execute(statement, operation.stop_token())};
  if (changes_tables(statement)) forget_rows(session);
  return done;
}

// The relation that a SQL text of 3.5's or 4.0's client stands for; newer ones send it as it is.
sc::Relation relation_of(const sc::SqlCommand& command) {
  if (command.has_input()) return command.input();
  sc::Relation relation;
  sc::SQL& sql = *relation.mutable_sql();
  sql.set_query(command.sql());
  *sql.mutable_args() = command.args();
  *sql.mutable_pos_args() = command.pos_args();
  *sql.mutable_named_arguments() = command.named_arguments();
  *sql.mutable_pos_arguments() = command.pos_arguments();
  return relation;
}

// spark.sql(text): a query is answered by a relation that reads it, anything else runs now and is
// answered by its rows.
void run_sql(ClientSession& session, Operation& operation, const sc::Command& command) {
  std::optional<plan::Statement> statement;
  {
    const std::lock_guard<std::mutex> lock(session.planning());
    statement = firn::server::spark_connect::command(command, session);
  }
  FIRN_CHECK(statement.has_value(), "SQL text is a statement");
  const Executed done = execute_statement(session, operation, *statement, true);
  sc::ExecutePlanResponse response;
  sc::Relation& answer = *response.mutable_sql_command_result()->mutable_relation();
  if (done.query) {
    answer = relation_of(command.sql_command());
  } else {
    auto& local = *answer.mutable_local_relation();
    local.set_data(ipc_of(session, done.result.columns, done.result.rows.get()));
    local.set_schema(columns_of(done.result.columns).json());
  }
  operation.send(response);
}

void get_resources(ClientSession&, Operation& operation, const sc::Command&) {
  sc::ExecutePlanResponse response;
  response.mutable_get_resources_command_result();
  operation.send(response);
}

void checkpoint(ClientSession& session, Operation& operation, const sc::Command& command) {
  plan::RelationPtr plan;
  {
    const std::lock_guard<std::mutex> lock(session.planning());
    plan = resolved(session, command.checkpoint_command().relation());
  }
  auto rows = collect(session, plan, operation.stop_token());
  const std::string id = session.new_id();
  {
    const std::lock_guard<std::mutex> lock(session.planning());
    session.keep_remote(id, std::move(rows), columns_of(plan->output));
  }
  sc::ExecutePlanResponse response;
  response.mutable_checkpoint_command_result()->mutable_relation()->set_relation_id(id);
  operation.send(response);
}

void remove_cached_remote(ClientSession& session, Operation&, const sc::Command& command) {
  const std::lock_guard<std::mutex> lock(session.planning());
  session.drop_remote(command.remove_cached_remote_relation_command().relation().relation_id());
}

void register_python(ClientSession& session, Operation&, const sc::Command& command) {
  const std::lock_guard<std::mutex> lock(session.planning());
  register_function(command.register_function(), session);
}

void register_python_table(ClientSession& session, Operation&, const sc::Command& command) {
  const std::lock_guard<std::mutex> lock(session.planning());
  register_table_function(command.register_table_function(), session);
}

struct CommandRow {
  sc::Command::CommandTypeCase command;
  CommandHandler handler;
};
constexpr CommandRow kCommands[] = {
    {sc::Command::kSqlCommand, run_sql},
    {sc::Command::kGetResourcesCommand, get_resources},
    {sc::Command::kCheckpointCommand, checkpoint},
    {sc::Command::kRegisterFunction, register_python},
    {sc::Command::kRegisterTableFunction, register_python_table},
    {sc::Command::kRemoveCachedRemoteRelationCommand, remove_cached_remote},
    {sc::Command::kWriteStreamOperationStart, start_stream},
    {sc::Command::kStreamingQueryCommand, run_stream_command},
    {sc::Command::kStreamingQueryManagerCommand, run_stream_manager_command},
    {sc::Command::kStreamingQueryListenerBusCommand, run_listener_bus_command},
};

}  // namespace

CommandHandler find_command_handler(int command_case) {
  for (const CommandRow& row : kCommands) {
    if (row.command == command_case) return row.handler;
  }
  return nullptr;
}

void run_command(ClientSession& session, Operation& operation, const sc::Command& message) {
  if (const CommandHandler handler = find_command_handler(message.command_type_case())) {
    handler(session, operation, message);
    return;
  }
  std::optional<plan::Statement> statement;
  {
    const std::lock_guard<std::mutex> lock(session.planning());
    statement = command(message, session);
  }
  if (!statement) {
    const auto* const field =
        sc::Command::descriptor()->FindFieldByNumber(message.command_type_case());
    throw_unsupported("the Spark Connect command " +
                      (field == nullptr ? std::string("without a type") : field->name()));
  }
  const Executed done = execute_statement(session, operation, *statement, false);
  if (!done.result.rows) return;
  for (engine::Chunk chunk; done.result.rows->next(chunk);) {
  }
}

}  // namespace firn::server::spark_connect

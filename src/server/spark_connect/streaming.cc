// Messages → session/streaming_queries.h, and back.
#include "server/spark_connect/streaming.h"

#include <spark/connect/base.pb.h>
#include <spark/connect/commands.pb.h>

#include <cstdlib>

#include "base/error.h"
#include "plan/build.h"
#include "server/spark_connect/execute.h"
#include "server/spark_connect/foreach_batch.h"
#include "session/streaming_queries.h"
#include "session/streams.h"

namespace firn::server::spark_connect {
namespace {

namespace sc = ::spark::connect;
using session::StreamingEvent;
using session::StreamingQueries;
using session::StreamingQuery;

void set_id(const StreamingQuery& query, sc::StreamingQueryInstanceId* id) {
  id->set_id(query.id());
  id->set_run_id(query.run_id());
}

std::string python_of(const conf::Conf& conf) {
  for (const char* key : {"spark.pyspark.driver.python", "spark.pyspark.python"}) {
    const auto given = conf.get(key);
    if (given && !given->empty()) return *given;
  }
  for (const char* name : {"FIRN_PYTHON", "PYSPARK_DRIVER_PYTHON", "PYSPARK_PYTHON"}) {
    const char* const given = std::getenv(name);
    if (given != nullptr && *given != '\0') return given;
  }
  return "python3";
}

stream::Trigger trigger_of(const sc::WriteStreamOperationStart& given) {
  switch (given.trigger_case()) {
    case sc::WriteStreamOperationStart::kProcessingTimeInterval: {
      const int64_t ms = session::parse_trigger_interval(given.processing_time_interval());
      if (ms > 0) return stream::TriggerProcessingTime{ms};
      return stream::TriggerAsap{};
    }
    case sc::WriteStreamOperationStart::kAvailableNow:
      return stream::TriggerAvailableNow{};
    case sc::WriteStreamOperationStart::kOnce:
      return stream::TriggerOnce{};
    default:
      return stream::TriggerAsap{};
  }
}

// Starts the worker of the function; not under the session's lock, since the worker asks for the
// session while it starts. A function that can't be read fails the start.
std::shared_ptr<ForeachBatchWorker> start_worker(ClientSession& session,
                                                 const sc::StreamingForeachFunction& function,
                                                 const StopToken& stop) {
  if (!function.has_python_function())
    throw_unsupported("foreachBatch with a function that is not Python's");
  ForeachBatchOptions options;
  {
    const std::lock_guard<std::mutex> lock(session.planning());
    options.python = python_of(session.session().conf());
  }
  options.connect_url = session.server_address();
  options.connect_url += (options.connect_url.find(';') == std::string::npos ? "/;" : ";") +
                         ("user_id=" + session.key().user);
  options.python_version = function.python_function().python_ver();
  options.session_id = session.key().id;
  options.function = function.python_function().command();
  return std::make_shared<ForeachBatchWorker>(options, stop);
}

// Each batch is a relation of the session's while the function runs.
std::function<void(stream::SinkBatch, const StopToken&)> foreach_batch(
    ClientSession& session, std::shared_ptr<ForeachBatchWorker> worker) {
  return [&session, worker = std::move(worker)](stream::SinkBatch batch, const StopToken& stop) {
    std::vector<types::DataType> types;
    for (const plan::Attribute& column : batch.columns) types.push_back(column.type);
    const std::string id = session.new_id();
    {
      const std::lock_guard<std::mutex> lock(session.planning());
      session.keep_remote(id, engine::make_row_set(std::move(types), std::move(batch.chunks)),
                          columns_of(batch.columns));
    }
    const auto drop = [&] {
      const std::lock_guard<std::mutex> lock(session.planning());
      session.drop_remote(id);
    };
    try {
      worker->run(id, batch.id, stop);
    } catch (...) {
      drop();
      throw;
    }
    drop();
  };
}

// writeStream.foreach: each batch's rows go to a worker process, as those of any function do.
std::function<void(stream::SinkBatch, const StopToken&)> foreach_row(
    ClientSession& session, const sc::StreamingForeachFunction& given) {
  if (!given.has_python_function())
    throw_unsupported("foreach with a function that is not Python's");
  const plan::PythonFunction function = foreach_function(given.python_function(), session);
  return [&session, function](stream::SinkBatch batch, const StopToken& stop) {
    auto of_batch = std::make_shared<plan::PythonFunction>(function);
    of_batch->settings.emplace_back("batch_id", std::to_string(batch.id));
    std::vector<types::DataType> types;
    for (const plan::Attribute& column : batch.columns) types.push_back(column.type);
    plan::PythonMap map;
    {
      const std::lock_guard<std::mutex> lock(session.planning());
      map.columns.push_back(
          {session.session().ids().next(), "none", types::DataTypeId::kBoolean, true, {}});
    }
    map.function = std::move(of_batch);
    map.child = plan::finish(plan::CachedRows{
        engine::make_row_set(std::move(types), std::move(batch.chunks)), batch.columns});
    try {
      const auto rows = session.engine().run(plan::finish(std::move(map)), stop);
      engine::Chunk none;
      while (rows->next(none)) continue;
    } catch (const Error& error) {
      if (error.condition() != "FIRN_PYTHON_EXCEPTION") throw;
      throw Error("FOREACH_USER_FUNCTION_ERROR", {{"reason", error.params().at("traceback")}});
    }
  };
}

session::StreamWrite write_of(ClientSession& session, const sc::WriteStreamOperationStart& given) {
  session::StreamWrite write;
  write.query = translated(session, given.input());
  write.format = given.format();
  write.output_mode = given.output_mode();
  write.name = given.query_name();
  if (given.sink_destination_case() == sc::WriteStreamOperationStart::kPath)
    write.path = given.path();
  if (given.sink_destination_case() == sc::WriteStreamOperationStart::kTableName)
    write.table = session::split_name(given.table_name());
  write.partition_by = {given.partitioning_column_names().begin(),
                        given.partitioning_column_names().end()};
  if (given.clustering_column_names_size() > 0) throw_unsupported("writeStream.clusterBy");
  for (const auto& [key, value] : given.options()) write.options.emplace_back(key, value);
  write.trigger = trigger_of(given);
  if (given.trigger_case() == sc::WriteStreamOperationStart::kContinuousCheckpointInterval)
    write.continuous_interval = given.continuous_checkpoint_interval();
  return write;
}

sc::StreamingQueryEventType type_of(StreamingEvent::Kind kind) {
  switch (kind) {
    case StreamingEvent::Kind::kProgress:
      return sc::QUERY_PROGRESS_EVENT;
    case StreamingEvent::Kind::kIdle:
      return sc::QUERY_IDLE_EVENT;
    case StreamingEvent::Kind::kTerminated:
      return sc::QUERY_TERMINATED_EVENT;
    case StreamingEvent::Kind::kStarted:
      break;  // the client posts it itself
  }
  return sc::QUERY_PROGRESS_UNSPECIFIED;
}

std::optional<int64_t> timeout_of(const auto& command) {
  if (!command.has_timeout_ms()) return std::nullopt;
  return command.timeout_ms();
}

}  // namespace

void start_stream(ClientSession& session, Operation& operation, const sc::Command& command) {
  std::shared_ptr<StreamingQuery> query;
  std::string started;
  bool heard = false;
  const sc::WriteStreamOperationStart& given = command.write_stream_operation_start();
  std::shared_ptr<ForeachBatchWorker> worker;
  if (given.has_foreach_batch())
    worker = start_worker(session, given.foreach_batch(), operation.stop_token());
  {
    const std::lock_guard<std::mutex> lock(session.planning());
    session::StreamWrite write = write_of(session, given);
    if (worker != nullptr) write.foreach_batch = foreach_batch(session, std::move(worker));
    if (given.has_foreach_writer())
      write.foreach_batch = foreach_row(session, given.foreach_writer());
    query = session.streams().start(session.session(), std::move(write), &started);
    heard = session.streams().has_listeners();
  }
  sc::ExecutePlanResponse response;
  auto* const result = response.mutable_write_stream_operation_start_result();
  set_id(*query, result->mutable_query_id());
  result->set_name(query->name());
  if (heard) result->set_query_started_event_json(started);
  operation.send(response);
}

void run_stream_command(ClientSession& session, Operation& operation, const sc::Command& message) {
  const sc::StreamingQueryCommand& command = message.streaming_query_command();
  const auto query = session.streams().find(command.query_id().id(), command.query_id().run_id());
  if (query == nullptr)
    throw Error("STREAMING_QUERY_NOT_FOUND",
                {{"id", command.query_id().id()}, {"runId", command.query_id().run_id()}});
  sc::ExecutePlanResponse response;
  sc::StreamingQueryCommandResult& result = *response.mutable_streaming_query_command_result();
  set_id(*query, result.mutable_query_id());
  switch (command.command_case()) {
    case sc::StreamingQueryCommand::kStatus: {
      const stream::Status status = query->status();
      result.mutable_status()->set_status_message(status.message);
      result.mutable_status()->set_is_data_available(status.is_data_available);
      result.mutable_status()->set_is_trigger_active(status.is_trigger_active);
      result.mutable_status()->set_is_active(query->is_active());
      break;
    }
    case sc::StreamingQueryCommand::kLastProgress:
    case sc::StreamingQueryCommand::kRecentProgress: {
      const std::vector<std::string> recent = query->recent_progress();
      auto* const list = result.mutable_recent_progress();
      const bool last = command.command_case() == sc::StreamingQueryCommand::kLastProgress;
      for (size_t i = last && !recent.empty() ? recent.size() - 1 : 0; i < recent.size(); ++i)
        list->add_recent_progress_json(recent[i]);
      break;
    }
    case sc::StreamingQueryCommand::kStop:
      query->stop();
      break;
    case sc::StreamingQueryCommand::kProcessAllAvailable:
      query->process_all_available(operation.stop_token());
      break;
    case sc::StreamingQueryCommand::kExplain:
      result.mutable_explain()->set_result(query->explained());
      break;
    case sc::StreamingQueryCommand::kException: {
      auto* const exception = result.mutable_exception();
      if (const auto error = query->exception()) {
        exception->set_exception_message(
            "org.apache.spark.sql.streaming.StreamingQueryException: " +
            std::string(error->what()));
        exception->set_error_class(std::string(error->condition()));
      }
      break;
    }
    case sc::StreamingQueryCommand::kAwaitTermination:
      result.mutable_await_termination()->set_terminated(query->await_termination(
          timeout_of(command.await_termination()), operation.stop_token()));
      break;
    default:
      throw_unsupported("this StreamingQueryCommand");
  }
  operation.send(response);
}

void run_stream_manager_command(ClientSession& session, Operation& operation,
                                const sc::Command& message) {
  const sc::StreamingQueryManagerCommand& command = message.streaming_query_manager_command();
  StreamingQueries& queries = session.streams();
  sc::ExecutePlanResponse response;
  auto& result = *response.mutable_streaming_query_manager_command_result();
  const auto fill = [](const StreamingQuery& query,
                       sc::StreamingQueryManagerCommandResult::StreamingQueryInstance* instance) {
    set_id(query, instance->mutable_id());
    if (!query.name().empty()) instance->set_name(query.name());
  };
  switch (command.command_case()) {
    case sc::StreamingQueryManagerCommand::kActive: {
      auto* const active = result.mutable_active();
      for (const auto& query : queries.active()) fill(*query, active->add_active_queries());
      break;
    }
    case sc::StreamingQueryManagerCommand::kGetQuery:
      if (const auto query = queries.find_active(command.get_query()))
        fill(*query, result.mutable_query());
      break;
    case sc::StreamingQueryManagerCommand::kAwaitAnyTermination:
      result.mutable_await_any_termination()->set_terminated(queries.await_any_termination(
          timeout_of(command.await_any_termination()), operation.stop_token()));
      break;
    case sc::StreamingQueryManagerCommand::kResetTerminated:
      queries.reset_terminated();
      result.set_reset_terminated(true);
      break;
    case sc::StreamingQueryManagerCommand::kAddListener:
    case sc::StreamingQueryManagerCommand::kRemoveListener:
    case sc::StreamingQueryManagerCommand::kListListeners:
      throw_unsupported(
          "listeners that run in the server; PySpark 4's addListener runs them in the "
          "client");
    default:
      throw_unsupported("this StreamingQueryManagerCommand");
  }
  operation.send(response);
}

void run_listener_bus_command(ClientSession& session, Operation& operation,
                              const sc::Command& message) {
  StreamingQueries& queries = session.streams();
  if (message.streaming_query_listener_bus_command().command_case() ==
      sc::StreamingQueryListenerBusCommand::kRemoveListenerBusListener) {
    queries.close_bus();
    return;
  }
  const auto bus = queries.open_bus();
  sc::ExecutePlanResponse added;
  added.mutable_streaming_query_listener_events_result()->set_listener_bus_listener_added(true);
  operation.send(added);
  while (const auto event = bus->next(operation.stop_token())) {
    if (event->kind == StreamingEvent::Kind::kStarted) continue;
    sc::ExecutePlanResponse response;
    auto* const one = response.mutable_streaming_query_listener_events_result()->add_events();
    one->set_event_json(event->json);
    one->set_event_type(type_of(event->kind));
    operation.send(response);
  }
}

}  // namespace firn::server::spark_connect

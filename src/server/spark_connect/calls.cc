// The small unary calls.
#include <spark/connect/base.pb.h>

#include "base/error.h"
#include "server/spark_connect/analyze.h"
#include "server/spark_connect/messages.h"

namespace firn::server::spark_connect {
namespace {

namespace sc = ::spark::connect;

// What the request's session is; answers carry both ids.
template <class Request, class Response>
std::shared_ptr<ClientSession> open(Sessions& sessions, const Request& request,
                                    Response& response) {
  auto session = sessions.open(request.user_context().user_id(), request.session_id(),
                               request.client_observed_server_side_session_id());
  response.set_session_id(request.session_id());
  response.set_server_side_session_id(session->server_side_id());
  return session;
}

}  // namespace

std::string artifact_status(Sessions& sessions, std::string_view bytes) {
  const auto request = parsed<sc::ArtifactStatusesRequest>(bytes);
  sc::ArtifactStatusesResponse response;
  const auto session = open(sessions, request, response);
  for (const std::string& name : request.names()) {
    (*response.mutable_statuses())[name].set_exists(name.starts_with("cache/") &&
                                                    session->has_artifact(name));
  }
  return response.SerializeAsString();
}

std::string interrupt(Sessions& sessions, std::string_view bytes) {
  const auto request = parsed<sc::InterruptRequest>(bytes);
  sc::InterruptResponse response;
  const auto session = open(sessions, request, response);
  using Kind = sc::InterruptRequest;
  if (request.interrupt_type() == Kind::INTERRUPT_TYPE_TAG && request.operation_tag().empty())
    throw Error("INVALID_PARAMETER_VALUE.INTERRUPT_TYPE_TAG_REQUIRES_TAG",
                {{"parameter", "operation_tag"}, {"functionName", "interrupt"}});
  if (request.interrupt_type() == Kind::INTERRUPT_TYPE_OPERATION_ID &&
      request.operation_id().empty())
    throw Error("INVALID_PARAMETER_VALUE.INTERRUPT_TYPE_OPERATION_ID_REQUIRES_ID",
                {{"parameter", "operation_id"}, {"functionName", "interrupt"}});
  for (const auto& operation : session->operations()) {
    const bool meant = request.interrupt_type() == Kind::INTERRUPT_TYPE_ALL ||
                       (request.interrupt_type() == Kind::INTERRUPT_TYPE_TAG &&
                        operation->has_tag(request.operation_tag())) ||
                       (request.interrupt_type() == Kind::INTERRUPT_TYPE_OPERATION_ID &&
                        operation->id() == request.operation_id());
    if (meant && operation->interrupt()) response.add_interrupted_ids(operation->id());
  }
  return response.SerializeAsString();
}

std::string release_execute(Sessions& sessions, std::string_view bytes) {
  const auto request = parsed<sc::ReleaseExecuteRequest>(bytes);
  sc::ReleaseExecuteResponse response;
  response.set_session_id(request.session_id());
  const auto session = sessions.find(request.user_context().user_id(), request.session_id());
  if (!session) throw Error("INVALID_HANDLE.SESSION_NOT_FOUND", {{"handle", request.session_id()}});
  session->touch();
  response.set_server_side_session_id(session->server_side_id());
  // An operation that is gone already is no error: releases come again when their answer was lost.
  const auto operation = session->find_operation(request.operation_id());
  if (!operation) return response.SerializeAsString();
  response.set_operation_id(operation->id());
  if (request.has_release_until()) {
    operation->release_until(request.release_until().response_id());
  } else {
    session->remove_operation(operation->id());
  }
  return response.SerializeAsString();
}

std::string release_session(Sessions& sessions, std::string_view bytes) {
  const auto request = parsed<sc::ReleaseSessionRequest>(bytes);
  sc::ReleaseSessionResponse response;
  response.set_session_id(request.session_id());
  const std::string& user = request.user_context().user_id();
  if (const auto session = sessions.find(user, request.session_id()))
    response.set_server_side_session_id(session->server_side_id());
  sessions.release(user, request.session_id(), request.allow_reconnect());
  return response.SerializeAsString();
}

std::string fetch_error_details(Sessions& sessions, std::string_view bytes) {
  const auto request = parsed<sc::FetchErrorDetailsRequest>(bytes);
  sc::FetchErrorDetailsResponse response;
  const auto session = open(sessions, request, response);
  const std::optional<Error> error = session->find_error(request.error_id());
  if (!error) return response.SerializeAsString();
  response.set_root_error_idx(0);
  auto& details = *response.add_errors();
  for (const std::string_view name : exception_classes(*error))
    details.add_error_type_hierarchy(std::string(name));
  details.set_message(error->what());
  auto& throwable = *details.mutable_spark_throwable();
  throwable.set_error_class(std::string(error->condition()));
  if (!error->sqlstate().empty()) throwable.set_sql_state(std::string(error->sqlstate()));
  for (const auto& [name, value] : error->params())
    (*throwable.mutable_message_parameters())[name] = value;
  for (const QueryContext& context : error->contexts()) {
    auto& place = *throwable.add_query_contexts();
    place.set_context_type(sc::FetchErrorDetailsResponse::QueryContext::SQL);
    place.set_start_index(static_cast<int32_t>(context.position.start));
    place.set_stop_index(static_cast<int32_t>(context.position.stop) - 1);
    place.set_fragment(context.fragment);
    place.set_summary("== SQL (line " + std::to_string(context.position.line) + ", position " +
                      std::to_string(context.position.column) + ") ==\n" + context.fragment + "\n");
  }
  return response.SerializeAsString();
}

std::string clone_session(Sessions& sessions, std::string_view bytes) {
  const auto request = parsed<sc::CloneSessionRequest>(bytes);
  sc::CloneSessionResponse response;
  const auto session = open(sessions, request, response);
  const auto made = sessions.clone(
      *session, request.new_session_id().empty() ? session->new_id() : request.new_session_id());
  response.set_new_session_id(made->key().id);
  response.set_new_server_side_session_id(made->server_side_id());
  return response.SerializeAsString();
}

}  // namespace firn::server::spark_connect

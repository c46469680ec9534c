// Config: the session's configuration.
#include <spark/connect/base.pb.h>

#include "base/error.h"
#include "server/spark_connect/analyze.h"
#include "server/spark_connect/messages.h"

namespace firn::server::spark_connect {
namespace {

namespace sc = ::spark::connect;
using ConfigOperation = sc::ConfigRequest::Operation;
using sc::ConfigResponse;

void add(ConfigResponse& response, const std::string& key,
         const std::optional<std::string>& value) {
  auto& pair = *response.add_pairs();
  pair.set_key(key);
  if (value) pair.set_value(*value);
}

// Keys of Spark's that only a new process can change; the client may set them silently.
bool is_static(const std::string& key) {
  for (const char* name :
       {"spark.sql.warehouse.dir", "spark.sql.extensions", "spark.sql.catalogImplementation"}) {
    if (key == name) return true;
  }
  return !key.starts_with("spark.sql.") && !key.starts_with("firn.");
}

// Silent: an assignment that cannot be is a warning, not an error.
void set(conf::Conf& conf, const ConfigOperation& operation, ConfigResponse& response) {
  for (const auto& pair : operation.set().pairs()) {
    try {
      conf.set(pair.key(), pair.value());
    } catch (const Error& error) {
      if (!operation.set().silent()) throw;
      response.add_warnings(error.what());
    }
  }
}
void get(conf::Conf& conf, const ConfigOperation& operation, ConfigResponse& response) {
  for (const std::string& key : operation.get().keys()) add(response, key, conf.at(key));
}
void get_with_default(conf::Conf& conf, const ConfigOperation& operation,
                      ConfigResponse& response) {
  for (const auto& pair : operation.get_with_default().pairs()) {
    std::optional<std::string> value;
    if (conf.is_set(pair.key())) {
      value = conf.get(pair.key());
    } else if (pair.has_value()) {
      value = pair.value();
    } else {
      value = conf.get(pair.key());
    }
    add(response, pair.key(), value);
  }
}
void get_option(conf::Conf& conf, const ConfigOperation& operation, ConfigResponse& response) {
  for (const std::string& key : operation.get_option().keys()) add(response, key, conf.get(key));
}
void get_all(conf::Conf& conf, const ConfigOperation& operation, ConfigResponse& response) {
  const std::string& prefix = operation.get_all().prefix();
  for (const auto& [key, value] : conf.values()) {
    if (key.starts_with(prefix)) add(response, key.substr(prefix.size()), value);
  }
}
void unset(conf::Conf& conf, const ConfigOperation& operation, ConfigResponse&) {
  for (const std::string& key : operation.unset().keys()) conf.unset(key);
}
void is_modifiable(conf::Conf&, const ConfigOperation& operation, ConfigResponse& response) {
  for (const std::string& key : operation.is_modifiable().keys()) {
    const bool can = conf::find_key(key) != nullptr && !is_static(key);
    add(response, key, can ? "true" : "false");
  }
}

struct ConfigRow {
  ConfigOperation::OpTypeCase kind;
  void (*apply)(conf::Conf&, const ConfigOperation&, ConfigResponse&);
};
constexpr ConfigRow kOperations[] = {
    {ConfigOperation::kSet, set},
    {ConfigOperation::kGet, get},
    {ConfigOperation::kGetWithDefault, get_with_default},
    {ConfigOperation::kGetOption, get_option},
    {ConfigOperation::kGetAll, get_all},
    {ConfigOperation::kUnset, unset},
    {ConfigOperation::kIsModifiable, is_modifiable},
};

}  // namespace

std::string configure(Sessions& sessions, std::string_view bytes) {
  const auto request = parsed<sc::ConfigRequest>(bytes);
  const auto session = sessions.open(request.user_context().user_id(), request.session_id(),
                                     request.client_observed_server_side_session_id());
  ConfigResponse response;
  response.set_session_id(request.session_id());
  response.set_server_side_session_id(session->server_side_id());
  for (const ConfigRow& row : kOperations) {
    if (row.kind != request.operation().op_type_case()) continue;
    const std::lock_guard<std::mutex> lock(session->planning());
    row.apply(session->session().conf(), request.operation(), response);
    return response.SerializeAsString();
  }
  throw_unsupported("this kind of Config request");
}

}  // namespace firn::server::spark_connect

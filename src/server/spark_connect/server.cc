// Listening: address, token, TLS.
#include "server/spark_connect/server.h"

#include <google/protobuf/stubs/logging.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/error.h"
#include "server/spark_connect/messages.h"
#include "server/spark_connect/service.h"
#include "server/spark_connect/sessions.h"

namespace firn::server::spark_connect {
namespace {

bool is_loopback(const std::string& address) {
  return address == "localhost" || address == "::1" || address == "[::1]" ||
         address.starts_with("127.");
}

std::string text_of(const std::string& path, const char* what) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf()))
    throw_io("cannot read the " + std::string(what) + " " + path);
  return text.str();
}

std::shared_ptr<grpc::ServerCredentials> credentials_of(const ServerOptions& options) {
  if (options.tls_certificate.empty() != options.tls_key.empty())
    throw_invalid("TLS needs both a certificate (--tls-cert) and its key (--tls-key).");
  if (options.tls_certificate.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs.push_back(
      {text_of(options.tls_key, "TLS key"), text_of(options.tls_certificate, "TLS certificate")});
  return grpc::SslServerCredentials(tls);
}

std::string host_and_port(const std::string& host, int port) {
  const bool v6 = host.find(':') != std::string::npos && host.front() != '[';
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace

struct Server::Body {
  ServerOptions options;
  Sessions sessions;
  Service service;
  std::unique_ptr<grpc::Server> server;
  int port = 0;

  Body(ServerOptions o, session::Process process, conf::Conf conf)
      : options(std::move(o)),
        sessions(options, process, std::move(conf)),
        service(sessions, options.token) {}
};

Server::Server(ServerOptions options, session::Process process, conf::Conf conf)
    : body_(std::make_unique<Body>(std::move(options), process, std::move(conf))) {}

Server::~Server() { stop(); }

int Server::start() {
  const ServerOptions& options = body_->options;
  if (!is_loopback(options.bind) && options.token.empty()) {
    throw_invalid("The address " + options.bind +
                  " can be reached from other machines: give a token that clients must know "
                  "(--token), or bind to 127.0.0.1.");
  }
  setenv("GRPC_VERBOSITY", "NONE", 0);  // what fails is told by errors of ours
  google::protobuf::SetLogHandler(nullptr);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(host_and_port(options.bind, options.port), credentials_of(options),
                           &body_->port);
  builder.SetMaxReceiveMessageSize(kMostMessageBytes);
  builder.SetMaxSendMessageSize(-1);
  // Two servers on one port would each get some of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.RegisterCallbackGenericService(&body_->service);
  body_->server = builder.BuildAndStart();
  if (!body_->server || body_->port == 0) {
    throw_io("cannot listen on " + host_and_port(options.bind, options.port) +
             ": the port is taken, or the address is not this machine's; choose another with "
             "--port (0: a free one)");
  }
  body_->sessions.set_address(address());
  return body_->port;
}

void Server::stop() {
  if (!body_) return;
  if (body_->server) {
    body_->sessions.end_all();
    body_->server->Shutdown(std::chrono::system_clock::now());
    body_->sessions.close();
    body_->server->Wait();
    body_->server.reset();
  } else {
    body_->sessions.close();
  }
}

std::string Server::address() const {
  const ServerOptions& options = body_->options;
  // PySpark sends a token without TLS to the host "localhost" alone.
  const bool local =
      !options.token.empty() && options.tls_certificate.empty() && options.bind == "127.0.0.1";
  std::string text = "sc://" + host_and_port(local ? "localhost" : options.bind, body_->port);
  std::string parameters;
  if (!options.tls_certificate.empty()) parameters += ";use_ssl=true";
  if (!options.token.empty()) parameters += ";token=" + options.token;
  return parameters.empty() ? text : text + "/" + parameters;
}

}  // namespace firn::server::spark_connect

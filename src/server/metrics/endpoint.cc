// The HTTP side of the metrics.
#include <httplib.h>

#include <thread>

#include "base/error.h"
#include "server/metrics/metrics.h"

namespace firn::server {

struct MetricsEndpoint::Server {
  httplib::Server http;
  int port = 0;
  std::thread thread;
};

MetricsEndpoint::MetricsEndpoint(const Metrics& metrics, int port, const std::string& host)
    : server_(std::make_unique<Server>()) {
  httplib::Server& http = server_->http;
  http.new_task_queue = [] { return new httplib::ThreadPool(1); };  // the server deletes it
  // Without SO_REUSEPORT, the library's default, by which two servers would share a port.
  http.set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  http.Get("/metrics", [&metrics](const httplib::Request&, httplib::Response& response) {
    response.set_content(metrics.text(), "text/plain; version=0.0.4; charset=utf-8");
  });
  const bool bound = port == 0 ? (server_->port = http.bind_to_any_port(host.c_str())) > 0
                               : http.bind_to_port(host.c_str(), port);
  if (!bound)
    throw_io("the metrics endpoint cannot listen on " + host + ":" + std::to_string(port) +
             " (is the port taken?); choose another with --metrics-port");
  if (port != 0) server_->port = port;
  server_->thread = std::thread([this] { server_->http.listen_after_bind(); });
  while (!http.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

MetricsEndpoint::~MetricsEndpoint() {
  server_->http.stop();
  server_->thread.join();
}

int MetricsEndpoint::port() const { return server_->port; }

}  // namespace firn::server

// A running pipeline's figures for Prometheus, and the endpoint that serves them.
#pragma once

#include <memory>
#include <string>

#include "stream/query.h"

namespace firn::server {

// Counters, gauges and histograms, fed with each batch's progress. Safe for concurrent use.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void observe(const stream::Progress& progress);
  // Prometheus's text format.
  std::string text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

// GET http://HOST:PORT/metrics, from a thread of its own.
class MetricsEndpoint {
 public:
  // `metrics` outlives it. Port 0 takes a free one. Throws FIRN_IO where the port is taken.
  MetricsEndpoint(const Metrics& metrics, int port, const std::string& host = "127.0.0.1");
  ~MetricsEndpoint();
  MetricsEndpoint(const MetricsEndpoint&) = delete;
  MetricsEndpoint& operator=(const MetricsEndpoint&) = delete;

  int port() const;

 private:
  struct Server;
  std::unique_ptr<Server> server_;
};

}  // namespace firn::server

// Requests to a REST catalog's server: its configuration, tokens, retries, errors.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "catalog/rest_json.h"
#include "files/http_client.h"

namespace firn::catalog {

struct RestAnswer {
  int status = 0;  // of HTTP; 0: no answer came
  ServiceFailure failure;
  std::string body;
  bool done() const { return status >= 200 && status < 300; }
  // It may or may not have been done.
  bool in_doubt() const { return status == 0 || status >= 500; }
};

// Safe for many threads.
class RestClient {
 public:
  explicit RestClient(ServiceCatalogOptions options);

  using Query = std::map<std::string, std::string>;
  // `path` below /v1/{prefix}/. The first call asks the server for its configuration. Reading calls
  // are repeated where the server is busy or does not answer, others only where it says that it did
  // nothing (429). The last answer is returned, whatever it says.
  RestAnswer call(const std::string& method, const std::string& path, const Query& query = {},
                  const std::string& body = "");

  // The catalog's options, after what the server sets by default and overrides.
  iceberg::Properties properties();
  // Whether the server says that it has "GET /v1/{prefix}/namespaces/{namespace}/views", …;
  // `unsaid`: where it says nothing of its endpoints.
  bool offers(const std::string& endpoint, bool unsaid);
  // "Cannot <action>: NoSuchTableException (404): …"
  [[noreturn]] static void fail(std::string_view action, const RestAnswer&);

 private:
  RestAnswer send(const std::string& method, const std::string& url, const std::string& body,
                  const std::map<std::string, std::string>& headers);
  void configure();  // the lock is held
  std::optional<std::string> token();
  void fetch_token();  // the lock is held

  const ServiceCatalogOptions options_;
  files::HttpClient http_;
  SystemClock clock_;
  std::mutex mutex_;  // guards all below
  bool configured_ = false;
  iceberg::Properties properties_;
  std::optional<std::set<std::string>> endpoints_;
  std::string token_;  // "": none
  std::optional<std::chrono::steady_clock::time_point> token_ends_;
};

// A namespace as a part of a path: its levels with the unit separator between them.
std::string rest_path(const Namespace&);
std::string rest_path(const std::string& name);

}  // namespace firn::catalog

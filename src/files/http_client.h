// HTTP requests to object stores and catalogs, over connections that are kept open.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace firn::files {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::map<std::string, std::string> headers;
  std::string_view body;  // sent with PUT and POST
  char* into = nullptr;   // where given, a 2xx answer's bytes go there, `capacity` at most
  int64_t capacity = 0;
  bool once = false;  // one that must not be sent twice behind the caller's back
};

struct HttpResponse {
  int status = 0;                              // 0: no answer came, `failure` says why
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // empty where `into` took it
  int64_t received = 0;                        // bytes of the body
  std::string failure;
};

// Safe for many threads.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpResponse send(
      const HttpRequest& request);  // one attempt; never throws for the network's sake

 private:
  class Connections;
  std::unique_ptr<Connections> connections_;
};

}  // namespace firn::files

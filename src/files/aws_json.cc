// See aws_json.h.
#include "files/aws_json.h"

#include "files/aws_signature.h"
#include "files/sha256.h"

namespace firn::files {

HttpResponse post_aws_json(HttpClient& http, const AwsService& service, const std::string& target,
                           std::string_view body, bool once, int64_t seconds) {
  AwsRequest request;
  request.method = "POST";
  const size_t host_at = service.endpoint.find("://") + 3;
  const size_t path_at = service.endpoint.find('/', host_at);
  request.host = service.endpoint.substr(host_at, path_at - host_at);
  request.path = path_at == std::string::npos ? "/" : service.endpoint.substr(path_at);
  request.headers = {{"content-type", "application/x-amz-json-1.1"}, {"x-amz-target", target}};
  request.payload_hash = to_hex(sha256(body));
  HttpRequest made;
  made.method = "POST";
  made.url = service.endpoint.substr(0, host_at) + request.host + request.path;
  made.headers = request.headers;
  made.headers.merge(sign(request, service.credentials, service.region, service.name, seconds));
  made.body = body;
  made.once = once;
  return http.send(made);
}

}  // namespace firn::files

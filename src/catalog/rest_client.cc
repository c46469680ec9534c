// See rest_client.h.
#include "catalog/rest_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "catalog/service_options.h"
#include "files/aws_signature.h"

namespace firn::catalog {
namespace {

constexpr int kRestAttempts = 5;
constexpr std::chrono::milliseconds kRestFirstWait{100};
constexpr std::chrono::seconds kTokenMargin{30};  // before a token's end a new one is fetched

const std::vector<RefusedOption> kRestRefused = {
    {"rest.sigv4-enabled", {"false"}},
    {"rest.auth.type", {"none", "oauth2"}},
    {"rest-metrics-reporting-enabled", {"true", "false"}},
};

bool is_busy(int status) {
  return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

struct RestStatusRow {
  int status;
  std::string_view condition;
};
constexpr RestStatusRow kRestStatuses[] = {
    {400, "FIRN_INVALID_INPUT"}, {401, "FIRN_PERMISSION"}, {403, "FIRN_PERMISSION"},
    {404, "FIRN_NOT_FOUND"},     {419, "FIRN_PERMISSION"}, {422, "FIRN_INVALID_INPUT"},
    {429, "FIRN_UNAVAILABLE"},   {0, "FIRN_UNAVAILABLE"},
};

std::string without_end_slash(std::string uri) {
  while (uri.ends_with('/')) uri.pop_back();
  return uri;
}

}  // namespace

std::string rest_path(const Namespace& space) {
  std::string joined;
  for (const std::string& level : space) joined += (joined.empty() ? "" : "\x1f") + level;
  return files::uri_encode(joined, files::Slashes::kEncoded);
}

std::string rest_path(const std::string& name) {
  return files::uri_encode(name, files::Slashes::kEncoded);
}

RestClient::RestClient(ServiceCatalogOptions options) : options_(std::move(options)) {
  refuse_options(options_, kRestRefused);
  const std::string uri = option_of(options_.properties, "uri");
  if (!uri.starts_with("http://") && !uri.starts_with("https://"))
    throw_invalid("the REST catalog " + options_.name + " needs an address: spark.sql.catalog." +
                  options_.name + ".uri is '" + uri + "'; write http://… or https://…");
}

RestAnswer RestClient::send(const std::string& method, const std::string& url,
                            const std::string& body,
                            const std::map<std::string, std::string>& headers) {
  files::HttpRequest request;
  request.method = method;
  request.url = url;
  request.headers = headers;
  request.body = body;
  request.once = method != "GET";
  files::HttpResponse http = http_.send(request);
  RestAnswer answer;
  answer.status = http.status;
  if (http.status == 0) {
    answer.failure.message = http.failure + " (" + url + ")";
  } else if (!answer.done()) {
    answer.failure = parse_rest_failure(http.body);
  }
  answer.body = std::move(http.body);
  return answer;
}

// OAuth2 client credentials, as the protocol has them: credential is "id:secret" or a secret.
void RestClient::fetch_token() {
  const std::string credential = option_of(properties_, "credential");
  const size_t colon = credential.find(':');
  RestClient::Query form = {{"grant_type", "client_credentials"}};
  if (colon != std::string::npos) form["client_id"] = credential.substr(0, colon);
  form["client_secret"] = colon == std::string::npos ? credential : credential.substr(colon + 1);
  const std::string scope = option_of(properties_, "scope");
  form["scope"] = scope.empty() ? "catalog" : scope;
  for (const char* name : {"audience", "resource"}) {
    if (const std::string value = option_of(properties_, name); !value.empty()) form[name] = value;
  }
  std::string server = option_of(properties_, "oauth2-server-uri");
  const std::string base = without_end_slash(option_of(properties_, "uri"));
  if (server.empty()) server = "v1/oauth/tokens";
  if (!server.starts_with("http://") && !server.starts_with("https://"))
    server = base + (server.starts_with('/') ? "" : "/") + server;
  const RestAnswer answer =
      send("POST", server, files::query_text(form),
           {{"content-type", "application/x-www-form-urlencoded"}, {"accept", "application/json"}});
  if (!answer.done()) fail("get a token for the REST catalog " + options_.name, answer);
  const RestToken token = parse_rest_token(answer.body);
  token_ = token.token;
  token_ends_.reset();
  if (token.expires_in_s)
    token_ends_ = clock_.steady() +
                  std::chrono::seconds(std::clamp<int64_t>(*token.expires_in_s, 0, 31'536'000)) -
                  kTokenMargin;
}

void RestClient::configure() {
  properties_ = options_.properties;
  token_ = option_of(properties_, "token");
  if (token_.empty() && !option_of(properties_, "credential").empty()) fetch_token();
  std::string url = without_end_slash(option_of(properties_, "uri")) + "/v1/config";
  if (const std::string warehouse = option_of(properties_, "warehouse"); !warehouse.empty())
    url += "?" + files::query_text({{"warehouse", warehouse}});
  std::map<std::string, std::string> headers = {{"accept", "application/json"}};
  if (!token_.empty()) headers["authorization"] = "Bearer " + token_;
  RestAnswer answer;
  for (int attempt = 1;; ++attempt) {
    answer = send("GET", url, "", headers);
    if (!is_busy(answer.status) || attempt == kRestAttempts) break;
    clock_.sleep_for(kRestFirstWait * (1 << (attempt - 1)));
  }
  if (!answer.done()) fail("open the REST catalog " + options_.name, answer);
  RestConfig config = parse_rest_config(answer.body);
  for (auto& [key, value] : config.defaults) properties_.emplace(key, std::move(value));
  for (auto& [key, value] : config.overrides) properties_[key] = std::move(value);
  endpoints_ = std::move(config.endpoints);
  configured_ = true;
}

iceberg::Properties RestClient::properties() {
  const std::lock_guard lock(mutex_);
  if (!configured_) configure();
  return properties_;
}

bool RestClient::offers(const std::string& endpoint, bool unsaid) {
  const std::lock_guard lock(mutex_);
  if (!configured_) configure();
  return endpoints_ ? endpoints_->contains(endpoint) : unsaid;
}

std::optional<std::string> RestClient::token() {
  const std::lock_guard lock(mutex_);
  const bool ended = token_ends_ && clock_.steady() >= *token_ends_;
  if ((token_.empty() || ended) && !option_of(properties_, "credential").empty()) fetch_token();
  return token_.empty() ? std::nullopt : std::optional(token_);
}

RestAnswer RestClient::call(const std::string& method, const std::string& path, const Query& query,
                            const std::string& body) {
  const iceberg::Properties options = properties();
  std::string url = without_end_slash(option_of(options, "uri")) + "/v1/";
  if (const std::string prefix = option_of(options, "prefix"); !prefix.empty())
    url += files::uri_encode(prefix, files::Slashes::kKept) + "/";
  url += path;
  if (!query.empty()) url += "?" + files::query_text(query);
  std::map<std::string, std::string> headers = {
      {"accept", "application/json"},
      {"content-type", "application/json"},
      {"X-Iceberg-Access-Delegation", "vended-credentials"}};
  for (const auto& [key, value] : options) {
    if (key.starts_with("header.")) headers[key.substr(7)] = value;
  }
  bool renewed = false;
  for (int attempt = 1;; ++attempt) {
    if (const auto bearer = token()) headers["authorization"] = "Bearer " + *bearer;
    RestAnswer answer = send(method, url, body, headers);
    const bool rejected = answer.status == 401 || answer.status == 419;
    if (rejected && !renewed && !option_of(options, "credential").empty()) {
      const std::lock_guard lock(mutex_);
      fetch_token();
      renewed = true;
      continue;
    }
    const bool again = method == "GET" ? is_busy(answer.status) : answer.status == 429;
    if (!again || attempt >= kRestAttempts) return answer;
    clock_.sleep_for(kRestFirstWait * (1 << (attempt - 1)));
  }
}

void RestClient::fail(std::string_view action, const RestAnswer& answer) {
  std::string_view condition = answer.status >= 500 ? "FIRN_UNAVAILABLE" : "FIRN_IO";
  for (const RestStatusRow& row : kRestStatuses) {
    if (row.status == answer.status) condition = row.condition;
  }
  const std::string reason = answer.failure.text(answer.status);
  throw Error(condition, {{"what", fmt::format("Cannot {}: {}", action, reason)}});
}

}  // namespace firn::catalog

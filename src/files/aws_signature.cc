// Canonical requests and their signatures.
#include "files/aws_signature.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "files/sha256.h"

namespace firn::files {
namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::string trimmed(std::string_view value) {
  while (value.starts_with(' ')) value.remove_prefix(1);
  while (value.ends_with(' ')) value.remove_suffix(1);
  return std::string(value);
}

std::string signing_key(const AwsCredentials& credentials, std::string_view date,
                        std::string_view region, std::string_view service) {
  const std::string of_date = hmac_sha256("AWS4" + credentials.secret_access_key, date);
  const std::string of_region = hmac_sha256(of_date, region);
  return hmac_sha256(hmac_sha256(of_region, service), "aws4_request");
}

}  // namespace

std::string uri_encode(std::string_view text, Slashes slashes) {
  std::string encoded;
  for (const char c : text) {
    if (is_plain(c) || (c == '/' && slashes == Slashes::kKept)) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<uint8_t>(c));
    }
  }
  return encoded;
}

std::string query_text(const std::map<std::string, std::string>& query) {
  std::string text;
  for (const auto& [name, value] : query) {
    if (!text.empty()) text += '&';
    text += uri_encode(name, Slashes::kEncoded) + "=" + uri_encode(value, Slashes::kEncoded);
  }
  return text;
}

std::map<std::string, std::string> sign(const AwsRequest& request,
                                        const AwsCredentials& credentials, std::string_view region,
                                        std::string_view service, int64_t seconds) {
  const std::string time = fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::time_t{seconds}));
  const std::string date = time.substr(0, 8);
  std::map<std::string, std::string> added = {
      {"host", request.host}, {"x-amz-date", time}, {"x-amz-content-sha256", request.payload_hash}};
  if (!credentials.session_token.empty()) {
    added.emplace("x-amz-security-token", credentials.session_token);
  }
  std::map<std::string, std::string> all = request.headers;
  all.insert(added.begin(), added.end());
  std::string headers;
  std::string names;
  for (const auto& [name, value] : all) {
    headers += name + ":" + trimmed(value) + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  const std::string canonical =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, request.path, query_text(request.query),
                  headers, names, request.payload_hash);
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", date, region, service);
  const std::string to_sign =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, scope, to_hex(sha256(canonical)));
  added["authorization"] = fmt::format(
      "AWS4-HMAC-SHA256 Credential={}/{},SignedHeaders={},Signature={}", credentials.access_key_id,
      scope, names, to_hex(hmac_sha256(signing_key(credentials, date, region, service), to_sign)));
  return added;
}

}  // namespace firn::files

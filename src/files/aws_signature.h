// AWS Signature Version 4 in the Authorization header, as object stores that speak S3 check it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace firn::files {

struct AwsCredentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // "" for long-lived keys
};

struct AwsRequest {
  std::string method;                          // "GET"
  std::string host;                            // "bucket.s3.amazonaws.com" or "localhost:9000"
  std::string path;                            // encoded: "/a%20b"
  std::map<std::string, std::string> query;    // names and values as they are, not encoded
  std::map<std::string, std::string> headers;  // names in lower case
  std::string payload_hash;                    // SHA-256 in hex, or "UNSIGNED-PAYLOAD"
};

// Everything but letters, digits and "-._~" as %XX; '/' too unless it is kept.
enum class Slashes { kKept, kEncoded };
std::string uri_encode(std::string_view text, Slashes slashes);
// "a=1&b=%20", sorted.
std::string query_text(const std::map<std::string, std::string>& query);

// The headers to send beside request.headers: authorization, host, x-amz-date, x-amz-content-sha256
// and, where there is one, x-amz-security-token. seconds: since 1970, UTC.
std::map<std::string, std::string> sign(const AwsRequest& request,
                                        const AwsCredentials& credentials, std::string_view region,
                                        std::string_view service, int64_t seconds);

}  // namespace firn::files

// Signed requests to an object store that speaks S3, with retries, and what its answers mean.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "files/http_client.h"
#include "files/s3_options.h"

namespace firn::files {

struct S3Location {
  std::string bucket;
  std::string key;  // not encoded
};
// "s3://bucket/a/key", also s3a and s3n. Throws FIRN_INVALID_INPUT where there is no bucket.
S3Location s3_location(std::string_view uri);

struct S3Call {
  std::string method;
  S3Location at;
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> headers;  // names in lower case; not signed
  std::string_view body;
  char* into = nullptr;
  int64_t capacity = 0;
};

struct S3Answer {
  HttpResponse http;
  int attempts = 1;  // more than one: an earlier attempt may have had its effect
};

// Safe for many threads.
class S3Client {
 public:
  explicit S3Client(S3Options options) : options_(std::move(options)) {}

  // Tries again where no answer came, and after 429 and 5xx. The last answer is returned, whatever
  // its status.
  S3Answer call(const S3Call& call);

  // "Cannot <action> <uri>: NoSuchBucket (404): …"
  [[noreturn]] void fail(std::string_view action, const std::string& uri,
                         const HttpResponse& answer) const;

 private:
  HttpRequest signed_request(const S3Call& call) const;

  S3Options options_;
  HttpClient http_;
  mutable SystemClock clock_;
};

// The text of each <name> element, still as XML; of the first one, as text ("" where there is
// none).
std::vector<std::string> xml_elements(std::string_view xml, std::string_view name);
std::string xml_text(std::string_view xml, std::string_view name);
std::string xml_escape(std::string_view text);

}  // namespace firn::files

// Calls of Glue's Data Catalog with retries, and its errors as conditions.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "catalog/glue_json.h"
#include "files/aws_json.h"

namespace firn::catalog {

struct GlueAnswer {
  bool done = false;       // Glue did it, and says so
  bool in_doubt = false;   // an attempt got no answer, or one that does not say whether it was done
  int status = 0;          // of HTTP; 0: no answer came
  ServiceFailure failure;  // where not done
  std::string body;
};

// Safe for many threads.
class GlueClient {
 public:
  explicit GlueClient(files::AwsService service) : service_(std::move(service)) {}

  // `operation`: "GetTable". Waits and tries again where Glue throttles, fails (5xx) or does not
  // answer; the last answer is returned, whatever it says. Repeating is harmless: what was created,
  // changed or deleted by a first attempt is refused to the second.
  GlueAnswer call(const std::string& operation, const std::string& body);

  // "Cannot <action>: EntityNotFoundException (400): …"
  [[noreturn]] static void fail(std::string_view action, const GlueAnswer&);

 private:
  const files::AwsService service_;
  files::HttpClient http_;
  SystemClock clock_;
};

}  // namespace firn::catalog

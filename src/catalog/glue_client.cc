// See glue_client.h.
#include "catalog/glue_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/error.h"

namespace firn::catalog {
namespace {

constexpr int kAttempts = 6;
constexpr std::chrono::milliseconds kFirstWait{100};

// Answers after which the same request may succeed, and nothing was done.
constexpr std::string_view kThrottled[] = {"ThrottlingException", "Throttling",
                                           "RequestLimitExceeded", "TooManyRequestsException",
                                           "OperationTimeoutException"};

bool is_throttled(const GlueAnswer& answer) {
  return answer.status == 429 ||
         std::ranges::find(kThrottled, answer.failure.type) != std::end(kThrottled);
}

bool is_silent(const GlueAnswer& answer) { return answer.status == 0 || answer.status >= 500; }

struct FailureRow {
  std::string_view type;
  std::string_view condition;
};
constexpr FailureRow kFailures[] = {
    {"AccessDeniedException", "FIRN_PERMISSION"},
    {"UnrecognizedClientException", "FIRN_PERMISSION"},
    {"InvalidClientTokenId", "FIRN_PERMISSION"},
    {"InvalidSignatureException", "FIRN_PERMISSION"},
    {"SignatureDoesNotMatch", "FIRN_PERMISSION"},
    {"ExpiredTokenException", "FIRN_PERMISSION"},
    {"MissingAuthenticationTokenException", "FIRN_PERMISSION"},
    {"IncompleteSignature", "FIRN_PERMISSION"},
    {"EntityNotFoundException", "FIRN_NOT_FOUND"},
    {"InvalidInputException", "FIRN_INVALID_INPUT"},
    {"ValidationException", "FIRN_INVALID_INPUT"},
};

std::string_view condition_of(const GlueAnswer& answer) {
  for (const FailureRow& row : kFailures) {
    if (answer.failure.type == row.type) return row.condition;
  }
  if (answer.status == 401 || answer.status == 403) return "FIRN_PERMISSION";
  return is_silent(answer) || is_throttled(answer) ? "FIRN_UNAVAILABLE" : "FIRN_IO";
}

}  // namespace

GlueAnswer GlueClient::call(const std::string& operation, const std::string& body) {
  const bool reads = operation.starts_with("Get");
  bool in_doubt = false;
  for (int attempt = 1;; ++attempt) {
    files::HttpResponse http = files::post_aws_json(http_, service_, "AWSGlue." + operation, body,
                                                    !reads, clock_.now_ms() / 1000);
    GlueAnswer answer;
    answer.status = http.status;
    answer.done = http.status == 200;
    if (http.status == 0) {
      answer.failure.message = http.failure;
    } else if (!answer.done) {
      const auto header = http.headers.find("x-amzn-errortype");
      answer.failure =
          parse_glue_failure(http.body, header == http.headers.end() ? "" : header->second);
    }
    answer.body = std::move(http.body);
    in_doubt = in_doubt || is_silent(answer);
    answer.in_doubt = in_doubt;
    if (answer.done || !(is_silent(answer) || is_throttled(answer)) || attempt == kAttempts)
      return answer;
    clock_.sleep_for(kFirstWait * (1 << (attempt - 1)));
  }
}

void GlueClient::fail(std::string_view action, const GlueAnswer& answer) {
  const std::string reason = answer.failure.text(answer.status);
  throw Error(condition_of(answer), {{"what", fmt::format("Cannot {}: {}", action, reason)}});
}

}  // namespace firn::catalog

// S3 requests: addresses, signatures, retries, errors.
#include "files/s3_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/error.h"
#include "files/file_store.h"
#include "files/sha256.h"

namespace firn::files {
namespace {

constexpr int kAttempts = 5;
constexpr std::chrono::milliseconds kFirstWait{100};

bool is_passing(int status) { return status == 0 || status == 429 || status >= 500; }

struct StatusRow {
  int status;
  std::string_view condition;
};
constexpr StatusRow kStatusFailures[] = {
    {0, "FIRN_UNAVAILABLE"},   {401, "FIRN_PERMISSION"},  {403, "FIRN_PERMISSION"},
    {404, "FIRN_NOT_FOUND"},   {429, "FIRN_UNAVAILABLE"}, {500, "FIRN_UNAVAILABLE"},
    {502, "FIRN_UNAVAILABLE"}, {503, "FIRN_UNAVAILABLE"}, {504, "FIRN_UNAVAILABLE"},
};

std::string reason_of(const HttpResponse& answer) {
  if (answer.status == 0) return answer.failure;
  const std::string code = xml_text(answer.body, "Code");
  const std::string message = xml_text(answer.body, "Message");
  const std::string_view unnamed = answer.status == 404   ? "there is none"
                                   : answer.status == 403 ? "access is denied"
                                                          : "the server refuses";
  std::string reason = fmt::format("{} ({})", code.empty() ? unnamed : code, answer.status);
  if (!message.empty()) reason += ": " + message;
  const auto region = answer.headers.find("x-amz-bucket-region");
  if (answer.status >= 300 && answer.status < 400 && region != answer.headers.end()) {
    reason += ". The bucket is in " + region->second + ": set s3.region";
  }
  return reason;
}

struct EntityRow {
  std::string_view entity;
  char character;
};
constexpr EntityRow kEntities[] = {
    {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''},
};

std::string xml_unescape(std::string_view xml) {
  std::string text;
  while (!xml.empty()) {
    const auto entity =
        std::find_if(std::begin(kEntities), std::end(kEntities),
                     [&](const EntityRow& row) { return xml.starts_with(row.entity); });
    if (entity != std::end(kEntities)) {
      text += entity->character;
      xml.remove_prefix(entity->entity.size());
      continue;
    }
    const size_t end = xml.find(';');
    if (xml.starts_with("&#") && end != std::string_view::npos) {
      const bool hex = xml[2] == 'x';
      const std::string digits(xml.substr(hex ? 3 : 2, end - (hex ? 3 : 2)));
      text += static_cast<char>(std::strtoul(digits.c_str(), nullptr, hex ? 16 : 10));
      xml.remove_prefix(end + 1);
      continue;
    }
    text += xml.front();
    xml.remove_prefix(1);
  }
  return text;
}

}  // namespace

S3Location s3_location(std::string_view uri) {
  const size_t slashes = uri.find("://");
  if (slashes == std::string_view::npos) throw_invalid("not an S3 address: " + std::string(uri));
  const std::string_view rest = uri.substr(slashes + 3);
  const size_t slash = std::min(rest.find('/'), rest.size());
  if (slash == 0) throw_invalid("the S3 address " + std::string(uri) + " names no bucket");
  return {std::string(rest.substr(0, slash)),
          std::string(rest.substr(std::min(slash + 1, rest.size())))};
}

HttpRequest S3Client::signed_request(const S3Call& call) const {
  const bool aws = options_.endpoint.empty();
  const std::string base =
      aws ? "https://s3." + options_.region + ".amazonaws.com" : options_.endpoint;
  const size_t host_at = base.find("://") + 3;
  // Certificates of *.s3.amazonaws.com do not cover a bucket with a dot.
  const bool in_path = options_.path_style || call.at.bucket.find('.') != std::string::npos;
  AwsRequest request;
  request.method = call.method;
  request.host = (in_path ? "" : call.at.bucket + ".") + base.substr(host_at);
  request.path = (in_path ? "/" + uri_encode(call.at.bucket, Slashes::kEncoded) : "") + "/" +
                 uri_encode(call.at.key, Slashes::kKept);
  request.query = call.query;
  const bool encrypted = base.starts_with("https://");
  request.payload_hash = encrypted ? "UNSIGNED-PAYLOAD" : to_hex(sha256(call.body));
  HttpRequest made;
  made.method = call.method;
  made.headers = call.headers;
  made.headers.merge(
      sign(request, options_.credentials, options_.region, "s3", clock_.now_ms() / 1000));
  made.url = base.substr(0, host_at) + request.host + request.path;
  if (!call.query.empty()) made.url += "?" + query_text(call.query);
  made.body = call.body;
  made.into = call.into;
  made.capacity = call.capacity;
  made.once = call.headers.contains("if-none-match");  // its second answer would be another one
  return made;
}

S3Answer S3Client::call(const S3Call& call) {
  S3Answer answer;
  for (answer.attempts = 1;; ++answer.attempts) {
    answer.http = http_.send(signed_request(call));
    if (!is_passing(answer.http.status) || answer.attempts == kAttempts) return answer;
    clock_.sleep_for(kFirstWait * (1 << (answer.attempts - 1)));
  }
}

void S3Client::fail(std::string_view action, const std::string& uri,
                    const HttpResponse& answer) const {
  std::string_view condition = "FIRN_IO";
  for (const StatusRow& row : kStatusFailures) {
    if (row.status == answer.status) condition = row.condition;
  }
  throw Error(condition,
              {{"what", fmt::format("Cannot {} {}: {}", action, uri, reason_of(answer))}});
}

std::vector<std::string> xml_elements(std::string_view xml, std::string_view name) {
  const std::string open = fmt::format("<{}>", name);
  const std::string close = fmt::format("</{}>", name);
  std::vector<std::string> found;
  while (true) {
    const size_t begin = xml.find(open);
    if (begin == std::string_view::npos) return found;
    xml.remove_prefix(begin + open.size());
    const size_t end = xml.find(close);
    if (end == std::string_view::npos) return found;
    found.emplace_back(xml.substr(0, end));
    xml.remove_prefix(end + close.size());
  }
}

std::string xml_text(std::string_view xml, std::string_view name) {
  const std::vector<std::string> found = xml_elements(xml, name);
  return found.empty() ? "" : xml_unescape(found.front());
}

std::string xml_escape(std::string_view text) {
  std::string xml;
  for (const char c : text) {
    const auto entity = std::find_if(std::begin(kEntities), std::end(kEntities),
                                     [c](const EntityRow& row) { return row.character == c; });
    if (entity != std::end(kEntities)) {
      xml += entity->entity;
    } else {
      xml += c;
    }
  }
  return xml;
}

}  // namespace firn::files

// The HTTP client on libcurl.
#include "files/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "base/error.h"

namespace firn::files {
namespace {

constexpr long kConnectSeconds = 10;
constexpr long kStalledSeconds = 60;  // without a byte moving

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

void start_curl_once() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

// What a transfer reads from and writes to.
struct Transfer {
  CURL* handle;
  const HttpRequest& request;
  HttpResponse response;
  std::string_view left;  // of the body to send
};

size_t on_body(char* bytes, size_t size, size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const size_t length = size * count;
  long status = 0;
  curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
  const bool direct = transfer.request.into != nullptr && status >= 200 && status < 300;
  if (direct) {
    const auto room = transfer.request.capacity - transfer.response.received;
    if (static_cast<int64_t>(length) > room) return 0;  // more than was asked for
    std::memcpy(transfer.request.into + transfer.response.received, bytes, length);
  } else {
    transfer.response.body.append(bytes, length);
  }
  transfer.response.received += static_cast<int64_t>(length);
  return length;
}

size_t on_header(char* bytes, size_t size, size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  std::string_view line(bytes, size * count);
  while (line.ends_with('\n') || line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
  const size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    transfer.response.headers[name] = std::string(value);
  }
  return size * count;
}

size_t on_send(char* out, size_t size, size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const size_t length = std::min(size * count, transfer.left.size());
  std::memcpy(out, transfer.left.data(), length);
  transfer.left.remove_prefix(length);
  return length;
}

// libcurl rewinds a body when it sends again over a connection that turned out to be closed.
int on_seek(void* context, curl_off_t offset, int origin) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  transfer.left = transfer.request.body.substr(static_cast<size_t>(offset));
  return CURL_SEEKFUNC_OK;
}

void set_method(CURL* handle, const HttpRequest& request) {
  if (request.method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  } else if (request.method == "PUT" || request.method == "POST") {
    curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
  }
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST,
                   request.method == "HEAD" ? nullptr : request.method.c_str());
}

}  // namespace

class HttpClient::Connections {
 public:
  Handle take() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!idle_.empty()) {
        Handle handle = std::move(idle_.back());
        idle_.pop_back();
        return handle;
      }
    }
    return {curl_easy_init(), &curl_easy_cleanup};
  }

  // The handle keeps its connection for the next request.
  void give_back(Handle handle) {
    curl_easy_reset(handle.get());
    const std::lock_guard<std::mutex> lock(mutex_);
    idle_.push_back(std::move(handle));
  }

 private:
  std::mutex mutex_;
  std::vector<Handle> idle_;  // guarded by mutex_
};

HttpClient::HttpClient() : connections_(std::make_unique<Connections>()) { start_curl_once(); }
HttpClient::~HttpClient() = default;

HttpResponse HttpClient::send(const HttpRequest& request) {
  Handle handle = connections_->take();
  FIRN_CHECK(handle != nullptr, "libcurl gives handles");
  CURL* curl = handle.get();
  Transfer transfer{curl, request, {}, request.body};
  std::unique_ptr<curl_slist, ListDeleter> headers(curl_slist_append(nullptr, "Expect:"));
  for (const auto& [name, value] : request.headers) {
    headers.reset(curl_slist_append(headers.release(), (name + ": " + value).c_str()));
  }
  char reason[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kStalledSeconds);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_send);
  curl_easy_setopt(curl, CURLOPT_READDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
  curl_easy_setopt(curl, CURLOPT_SEEKDATA, &transfer);
  // Over a kept connection that breaks before an answer comes, libcurl sends a request again by
  // itself.
  curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, request.once ? 1L : 0L);
  set_method(curl, request);
  const CURLcode result = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  transfer.response.status = result == CURLE_OK ? static_cast<int>(status) : 0;
  if (result != CURLE_OK) {
    transfer.response.failure = reason[0] != '\0' ? reason : curl_easy_strerror(result);
  }
  connections_->give_back(std::move(handle));
  return std::move(transfer.response);
}

}  // namespace firn::files

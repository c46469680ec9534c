// The file store over S3 requests. Small files are one put; larger ones are uploaded in parts while
// they are written.
#include "files/s3_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "base/error.h"
#include "files/s3_client.h"

namespace firn::files {
namespace {

constexpr size_t kPartBytes = 8 * 1024 * 1024;
constexpr int kOk = 200;
constexpr int kNoContent = 204;
constexpr int kNotFound = 404;
constexpr int kConflict = 409;  // two conditional puts at one time: ask again
constexpr int kTaken = 412;

int64_t number_of(const std::map<std::string, std::string>& headers, const std::string& name) {
  const auto found = headers.find(name);
  return found == headers.end() ? 0 : std::strtoll(found->second.c_str(), nullptr, 10);
}

// "Wed, 21 Oct 2015 07:28:00 GMT" or "2015-10-21T07:28:00.000Z"; 0 where it is neither.
int64_t time_of(const std::string& text) {
  for (const char* format : {"%a, %d %b %Y %H:%M:%S GMT", "%Y-%m-%dT%H:%M:%S"}) {
    std::tm parts{};
    if (strptime(text.c_str(), format, &parts) != nullptr) {
      return static_cast<int64_t>(timegm(&parts)) * 1000;
    }
  }
  return 0;
}

class S3Input final : public InputFile {
 public:
  S3Input(std::shared_ptr<S3Client> client, std::string uri, int64_t size)
      : client_(std::move(client)), uri_(std::move(uri)), at_(s3_location(uri_)), size_(size) {}

  int64_t size() const override { return size_; }

  void read_at(int64_t offset, int64_t length, char* out) const override {
    if (offset < 0 || length < 0 || offset > size_ || length > size_ - offset) {
      throw_io(fmt::format("Cannot read {} bytes at {} of {}: the file has {} bytes", length,
                           offset, uri_, size_));
    }
    if (length == 0) return;
    S3Call call{"GET", at_, {}, {}, {}, out, length};
    call.headers["range"] = fmt::format("bytes={}-{}", offset, offset + length - 1);
    const HttpResponse answer = client_->call(call).http;
    if (answer.status != 206 && answer.status != kOk) client_->fail("read the file", uri_, answer);
    const bool whole = answer.status == 206 || (offset == 0 && length == size_);
    if (!whole || answer.received != length) {
      throw_io(fmt::format("Cannot read {} bytes at {} of {}: {} came", length, offset, uri_,
                           answer.received));
    }
  }

 private:
  std::shared_ptr<S3Client> client_;
  std::string uri_;
  S3Location at_;
  int64_t size_;
};

// True where the object holds these bytes: then a put whose answer was lost had its effect.
bool holds(S3Client& client, const S3Location& at, std::string_view bytes) {
  const HttpResponse answer = client.call({"GET", at, {}, {}, {}, nullptr, 0}).http;
  return answer.status == kOk && answer.body == bytes;
}

// False where the mode is kCreateNew and the name is taken.
bool put_whole(S3Client& client, const std::string& uri, std::string_view bytes, WriteMode mode) {
  S3Call call{"PUT", s3_location(uri), {}, {{"content-type", "application/octet-stream"}},
              bytes, nullptr,          0};
  if (mode == WriteMode::kCreateNew) call.headers["if-none-match"] = "*";
  S3Answer answer = client.call(call);
  for (int again = 0; answer.http.status == kConflict && again < 5; ++again) {
    answer = client.call(call);
  }
  if (answer.http.status == kOk) return true;
  if (answer.http.status != kTaken) client.fail("write the file", uri, answer.http);
  return answer.attempts > 1 && holds(client, call.at, bytes);
}

class S3Output final : public OutputFile {
 public:
  S3Output(std::shared_ptr<S3Client> client, std::string uri, WriteMode mode)
      : client_(std::move(client)), uri_(std::move(uri)), at_(s3_location(uri_)), mode_(mode) {}

  ~S3Output() override {
    if (!upload_id_.empty() && !finished_) abandon();
  }

  void write(std::string_view bytes) override {
    position_ += static_cast<int64_t>(bytes.size());
    while (buffer_.size() + bytes.size() > kPartBytes) {
      const size_t room = kPartBytes - buffer_.size();
      buffer_.append(bytes.substr(0, room));
      bytes.remove_prefix(room);
      upload_part();
    }
    buffer_.append(bytes);
  }

  int64_t position() const override { return position_; }

  void finish() override {
    FIRN_CHECK(!finished_, "a file is finished once");
    const bool done = upload_id_.empty() ? put_whole(*client_, uri_, buffer_, mode_) : complete();
    if (!done) throw Error("FIRN_FILE_ALREADY_EXISTS", {{"path", uri_}});
    finished_ = true;
  }

 private:
  void upload_part() {
    if (upload_id_.empty()) begin_upload();
    const std::string number = std::to_string(etags_.size() + 1);
    const HttpResponse answer = client_
                                    ->call({"PUT",
                                            at_,
                                            {{"partNumber", number}, {"uploadId", upload_id_}},
                                            {},
                                            buffer_,
                                            nullptr,
                                            0})
                                    .http;
    const auto etag = answer.headers.find("etag");
    if (answer.status != kOk || etag == answer.headers.end()) {
      client_->fail("write the file", uri_, answer);
    }
    etags_.push_back(etag->second);
    buffer_.clear();
  }

  void begin_upload() {
    const HttpResponse answer =
        client_->call({"POST", at_, {{"uploads", ""}}, {}, {}, nullptr, 0}).http;
    if (answer.status == kOk) upload_id_ = xml_text(answer.body, "UploadId");
    if (upload_id_.empty()) client_->fail("write the file", uri_, answer);
  }

  bool complete() {
    if (!buffer_.empty()) upload_part();
    std::string body = "<CompleteMultipartUpload>";
    for (size_t i = 0; i < etags_.size(); ++i) {
      body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1,
                          xml_escape(etags_[i]));
    }
    body += "</CompleteMultipartUpload>";
    S3Call call{
        "POST",  at_, {{"uploadId", upload_id_}}, {{"content-type", "application/xml"}}, body,
        nullptr, 0};
    if (mode_ == WriteMode::kCreateNew) call.headers["if-none-match"] = "*";
    const S3Answer answer = client_->call(call);
    // An answer of 200 may still carry an error, which came up after its head was sent.
    const bool failed = answer.http.status != kOk || !xml_text(answer.http.body, "Code").empty();
    if (!failed) return true;
    if (answer.http.status == kTaken || answer.http.status == kConflict)
      return answer.attempts > 1 && is_there();
    if (answer.attempts > 1 && answer.http.status == kNotFound && is_there()) return true;
    client_->fail("write the file", uri_, answer.http);
  }

  // An earlier attempt completed the upload: the object stands there in full.
  bool is_there() {
    const HttpResponse head = client_->call({"HEAD", at_, {}, {}, {}, nullptr, 0}).http;
    return head.status == kOk && number_of(head.headers, "content-length") == position_;
  }

  void abandon() noexcept {
    try {
      client_->call({"DELETE", at_, {{"uploadId", upload_id_}}, {}, {}, nullptr, 0});
    } catch (const std::exception&) {
      // The parts stay until the bucket's rule for incomplete uploads removes them.
    }
  }

  std::shared_ptr<S3Client> client_;
  std::string uri_;
  S3Location at_;
  WriteMode mode_;
  std::string buffer_;
  std::string upload_id_;
  std::vector<std::string> etags_;
  int64_t position_ = 0;
  bool finished_ = false;
};

class S3Store final : public FileStore {
 public:
  explicit S3Store(S3Options options) : client_(std::make_shared<S3Client>(std::move(options))) {}

  std::unique_ptr<InputFile> open(const std::string& uri) override {
    const HttpResponse head = head_of(uri);
    if (head.status != kOk) client_->fail("open the file", uri, head);
    return std::make_unique<S3Input>(client_, uri, number_of(head.headers, "content-length"));
  }

  std::unique_ptr<OutputFile> create(const std::string& uri, WriteMode mode) override {
    return std::make_unique<S3Output>(client_, uri, mode);
  }

  std::optional<FileInfo> stat(const std::string& uri) override {
    const HttpResponse head = head_of(uri);
    if (head.status == kNotFound) return std::nullopt;
    if (head.status != kOk) client_->fail("look at the file", uri, head);
    const auto modified = head.headers.find("last-modified");
    return FileInfo{uri, number_of(head.headers, "content-length"),
                    modified == head.headers.end() ? 0 : time_of(modified->second)};
  }

  std::vector<FileInfo> list(const std::string& folder) override {
    S3Location at = s3_location(folder);
    const std::string prefix = at.key.empty() ? "" : join_uri(at.key, "");
    at.key.clear();
    std::vector<FileInfo> found;
    std::string token;
    do {
      S3Call call{"GET", at, {{"list-type", "2"}, {"prefix", prefix}}, {}, {}, nullptr, 0};
      if (!token.empty()) call.query["continuation-token"] = token;
      const HttpResponse answer = client_->call(call).http;
      if (answer.status != kOk) client_->fail("list the folder", folder, answer);
      for (const std::string& row : xml_elements(answer.body, "Contents")) {
        add_row(folder, prefix, row, found);
      }
      token = xml_text(answer.body, "NextContinuationToken");
    } while (!token.empty());
    std::sort(found.begin(), found.end(),
              [](const FileInfo& a, const FileInfo& b) { return a.uri < b.uri; });
    return found;
  }

  void remove(const std::string& uri) override {
    const HttpResponse answer =
        client_->call({"DELETE", s3_location(uri), {}, {}, {}, nullptr, 0}).http;
    const bool gone =
        answer.status == kNoContent || answer.status == kOk ||
        (answer.status == kNotFound && xml_text(answer.body, "Code") != "NoSuchBucket");
    if (!gone) client_->fail("remove the file", uri, answer);
  }

  bool put_if_absent(const std::string& uri, std::string_view bytes) override {
    if (stat(uri)) return false;
    if (!put_whole(*client_, uri, bytes, WriteMode::kCreateNew)) return false;
    if (!honours_conditions_) demand_conditions(uri, bytes);
    return true;
  }

 private:
  // Once a process: the same put again must be refused. Otherwise two writers could both believe
  // that they were first.
  void demand_conditions(const std::string& uri, std::string_view bytes) {
    const S3Call call{"PUT", s3_location(uri), {}, {{"if-none-match", "*"}}, bytes, nullptr, 0};
    const HttpResponse answer = client_->call(call).http;
    if (answer.status == kOk) {
      throw_unsupported("putting a file only where there is none, which the object store of " +
                        uri + " does not offer (it ignores If-None-Match)");
    }
    if (answer.status != kTaken && answer.status != kConflict) {
      client_->fail("write the file", uri, answer);
    }
    honours_conditions_ = true;
  }

  HttpResponse head_of(const std::string& uri) {
    return client_->call({"HEAD", s3_location(uri), {}, {}, {}, nullptr, 0}).http;
  }

  // A key that ends in '/' marks a folder.
  static void add_row(const std::string& folder, const std::string& prefix, const std::string& row,
                      std::vector<FileInfo>& found) {
    const std::string key = xml_text(row, "Key");
    if (key.ends_with('/') || !key.starts_with(prefix)) return;
    FileInfo file;
    file.uri = join_uri(folder, key.substr(prefix.size()));
    file.size = std::strtoll(xml_text(row, "Size").c_str(), nullptr, 10);
    file.modified_ms = time_of(xml_text(row, "LastModified"));
    found.push_back(std::move(file));
  }

  std::shared_ptr<S3Client> client_;
  std::atomic<bool> honours_conditions_ = false;
};

}  // namespace

std::unique_ptr<FileStore> make_s3_store(S3Options options) {
  return std::make_unique<S3Store>(std::move(options));
}

}  // namespace firn::files

// The checkpoint folder: Spark's offset and commit logs (versions and JSON as its classes write
// them) and our prepared records.
#include "stream/ledger.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/uuid.h"
#include "stream/prepared_json.h"
#include "stream/whole_number.h"

namespace firn::stream {
namespace {

using Json = nlohmann::json;

constexpr int64_t kKeptBatches = 100;  // spark.sql.streaming.minBatchesToRetain
constexpr int64_t kPurgeEvery = 20;

[[noreturn]] void corrupt(const std::string& location, const std::string& reason) {
  throw Error("STREAM_CHECKPOINT_CORRUPT", {{"location", location}, {"reason", reason}});
}

[[noreturn]] void refuse_version(const std::string& location, const std::string& version) {
  throw Error("CHECKPOINT_VERSION_UNSUPPORTED",
              {{"location", location},
               {"version", version},
               {"what", "Spark's streaming logs"},
               {"supported", "offset log v1, commit log v1 and v2"}});
}

// Holds the folder for this process. Only local folders can be locked; elsewhere a second writer is
// stopped by the first put that it loses.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder) {
    if (folder.find("://") != std::string::npos && !folder.starts_with("file:")) return;
    const std::string parent = files::local_path(folder) + "/firn";
    std::error_code error;
    std::filesystem::create_directories(parent, error);
    if (error) throw_io("the checkpoint folder " + folder + " can't be made: " + error.message());
    const std::string path = parent + "/lock";
    descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor_ < 0)
      throw_io("the checkpoint's lock " + path +
               " can't be opened: " + std::generic_category().message(errno));
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      char owner[512] = {};
      const ssize_t size = ::pread(descriptor_, owner, sizeof owner - 1, 0);
      ::close(descriptor_);
      throw Error("STREAM_CHECKPOINT_IN_USE",
                  {{"location", folder},
                   {"owner", size > 0 ? "process " + std::string(owner) : "unknown"}});
    }
    const std::string owner = std::to_string(::getpid()) + " on " + host_name();
    if (::ftruncate(descriptor_, 0) != 0 ||
        ::pwrite(descriptor_, owner.data(), owner.size(), 0) < 0)
      throw_io("the checkpoint's lock " + path +
               " can't be written: " + std::generic_category().message(errno));
  }
  ~FolderLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  static std::string host_name() {
    char name[256] = {};
    return ::gethostname(name, sizeof name - 1) == 0 ? name : "an unknown host";
  }

  int descriptor_ = -1;
};

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// "v1" → 1.
int parse_version(const std::string& line, const std::string& location) {
  int version = 0;
  if (line.size() < 2 || line[0] != 'v' ||
      std::from_chars(line.data() + 1, line.data() + line.size(), version).ec != std::errc()) {
    corrupt(location, "it must start with a version like v1");
  }
  return version;
}

// 0 where it is missing.
int64_t milliseconds(const Json& json, const char* name, const std::string& location) {
  if (!json.contains(name)) return 0;
  const auto number = whole_number<int64_t>(json[name]);
  if (!number) corrupt(location, std::string(name) + " is no whole number");
  return *number;
}

class FolderLedger final : public Ledger {
 public:
  FolderLedger(files::FileStore& store, const std::string& folder, Random& random)
      : store_(store), folder_(folder), lock_(folder) {
    const std::string path = files::join_uri(folder, "metadata");
    if (!store_.stat(path)) {
      if (!numbers("offsets").empty()) corrupt(folder, "it has offsets but no file 'metadata'");
      store_.put_if_absent(path, Json{{"id", random_uuid(random)}}.dump());
    }
    const Json metadata = Json::parse(store_.read_all(path), nullptr, false);
    if (!metadata.is_object() || !metadata.contains("id") || !metadata["id"].is_string())
      corrupt(path, "it must be JSON like {\"id\":\"…\"}");
    query_id_ = metadata["id"].get<std::string>();
    if (!is_uuid(query_id_)) corrupt(path, "its id is no UUID");
  }

  const std::string& query_id() const override { return query_id_; }
  const std::string& folder() const override { return folder_; }

  std::optional<std::string> initial_offsets() override {
    const std::string location = files::join_uri(folder_, "sources/0/0");
    if (!store_.stat(location)) return std::nullopt;
    const std::string text = store_.read_all(location);
    if (text.size() < 4 || text.compare(0, 4, std::string("\0v1\n", 4)) != 0)
      corrupt(location, "it must start with a zero byte and v1");
    return text.substr(4);
  }

  void write_initial_offsets(const std::string& json) override {
    store_.put_if_absent(files::join_uri(folder_, "sources/0/0"), std::string("\0v1\n", 4) + json);
  }

  std::optional<OffsetEntry> latest_offsets() override {
    const std::vector<int64_t> epochs = numbers("offsets");
    return epochs.empty() ? std::nullopt : offsets(epochs.back());
  }

  std::optional<OffsetEntry> offsets(int64_t epoch) override {
    const auto text = read("offsets", epoch);
    if (!text) return std::nullopt;
    return parse_offsets_entry(epoch, *text);
  }

  void write_offsets(const OffsetEntry& entry) override {
    Json metadata = {{"batchWatermarkMs", entry.watermark_ms},
                     {"batchTimestampMs", entry.batch_timestamp_ms},
                     {"conf", entry.conf}};
    std::string text = "v1\n" + metadata.dump();
    for (const std::string& offset : entry.source_offsets) text += "\n" + offset;
    put_once("offsets", entry.epoch, text);
  }

  std::optional<CommitEntry> latest_commit() override {
    const std::vector<int64_t> epochs = numbers("commits");
    if (epochs.empty()) return std::nullopt;
    const std::string location = path("commits", epochs.back());
    const std::vector<std::string> lines = split_lines(*read("commits", epochs.back()));
    commit_version_ = parse_version(lines[0], location);
    if (commit_version_ > 2) refuse_version(location, lines[0]);
    const Json json = lines.size() > 1 ? Json::parse(lines[1], nullptr, false) : Json();
    if (!json.is_object()) corrupt(location, "its second line must be JSON");
    return CommitEntry{epochs.back(), milliseconds(json, "nextBatchWatermarkMs", location)};
  }

  void write_commit(const CommitEntry& entry) override {
    Json json = {{"nextBatchWatermarkMs", entry.next_watermark_ms}};
    if (commit_version_ == 2) json["stateUniqueIds"] = Json::object();
    put_once("commits", entry.epoch, "v" + std::to_string(commit_version_) + "\n" + json.dump());
  }

  std::optional<PreparedRecord> prepared(int64_t epoch) override {
    const auto text = read("firn/prepared", epoch);
    if (!text) return std::nullopt;
    return parse_prepared(*text, path("firn/prepared", epoch));
  }

  std::optional<PreparedRecord> latest_prepared() override {
    const std::vector<int64_t> epochs = numbers("firn/prepared");
    return epochs.empty() ? std::nullopt : prepared(epochs.back());
  }

  bool put_prepared(const PreparedRecord& record) override {
    return store_.put_if_absent(path("firn/prepared", record.epoch), write_prepared(record));
  }

  void purge(int64_t newest) override {
    if (newest % kPurgeEvery != 0) return;
    for (const char* log : {"offsets", "commits", "firn/prepared"}) {
      for (int64_t epoch : numbers(log)) {
        if (epoch > newest - kKeptBatches) break;
        remove(log, epoch);
      }
    }
  }

 private:
  std::string path(const std::string& log, int64_t epoch) const {
    return files::join_uri(folder_, log + "/" + std::to_string(epoch));
  }

  // Epochs that a log holds, ascending. Temporary and checksum files are no numbers.
  std::vector<int64_t> numbers(const std::string& log) {
    std::vector<int64_t> epochs;
    for (const files::FileInfo& file : store_.list(files::join_uri(folder_, log))) {
      const std::string name = file.uri.substr(file.uri.find_last_of('/') + 1);
      int64_t epoch = 0;
      const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), epoch);
      if (error == std::errc() && end == name.data() + name.size()) epochs.push_back(epoch);
    }
    std::sort(epochs.begin(), epochs.end());
    return epochs;
  }

  std::optional<std::string> read(const std::string& log, int64_t epoch) {
    const std::string location = path(log, epoch);
    if (!store_.stat(location)) return std::nullopt;
    return store_.read_all(location);
  }

  // Hadoop's local file system checks a file against its sibling .N.crc: a stale one must not stay.
  std::string checksum_path(const std::string& log, int64_t epoch) const {
    return files::join_uri(folder_, log + "/." + std::to_string(epoch) + ".crc");
  }

  void remove(const std::string& log, int64_t epoch) {
    store_.remove(path(log, epoch));
    store_.remove(checksum_path(log, epoch));
  }

  void put_once(const std::string& log, int64_t epoch, const std::string& text) {
    if (store_.put_if_absent(path(log, epoch), text)) {
      store_.remove(checksum_path(log, epoch));
      return;
    }
    if (read(log, epoch) == text) return;
    throw Error("CONCURRENT_STREAM_LOG_UPDATE", {{"batchId", std::to_string(epoch)}});
  }

  OffsetEntry parse_offsets_entry(int64_t epoch, const std::string& text) const {
    const std::string location = path("offsets", epoch);
    const std::vector<std::string> lines = split_lines(text);
    if (parse_version(lines[0], location) != 1) refuse_version(location, lines[0]);
    const Json metadata = lines.size() > 1 ? Json::parse(lines[1], nullptr, false) : Json();
    if (!metadata.is_object() || lines.size() < 3)
      corrupt(location, "it must have a version, a line of metadata and a line for each source");
    try {
      OffsetEntry entry;
      entry.epoch = epoch;
      entry.watermark_ms = milliseconds(metadata, "batchWatermarkMs", location);
      entry.batch_timestamp_ms = milliseconds(metadata, "batchTimestampMs", location);
      entry.conf = metadata.value("conf", std::map<std::string, std::string>());
      entry.source_offsets.assign(lines.begin() + 2, lines.end());
      return entry;
    } catch (const Json::exception& problem) {
      corrupt(location, problem.what());
    }
  }

  files::FileStore& store_;
  std::string folder_;
  FolderLock lock_;
  std::string query_id_;
  int commit_version_ = 1;
};

}  // namespace

std::unique_ptr<Ledger> open_ledger(files::FileStore& store, const std::string& folder,
                                    Random& random) {
  return std::make_unique<FolderLedger>(store, folder, random);
}

}  // namespace firn::stream

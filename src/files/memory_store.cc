// Files in memory, for tests and simulations; safe for many threads.
#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "files/file_store.h"

namespace firn::files {
namespace {

struct Stored {
  std::shared_ptr<const std::string> bytes;
  int64_t modified_ms = 0;
};

class Shelf {
 public:
  std::optional<Stored> find(const std::string& uri) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = files_.find(uri);
    if (found == files_.end()) return std::nullopt;
    return found->second;
  }

  // False where the name is taken and the mode is kCreateNew.
  bool put(const std::string& uri, std::string bytes, WriteMode mode) {
    Stored stored{std::make_shared<const std::string>(std::move(bytes)), SystemClock().now_ms()};
    const std::lock_guard<std::mutex> lock(mutex_);
    if (mode == WriteMode::kCreateNew) return files_.emplace(uri, std::move(stored)).second;
    files_[uri] = std::move(stored);
    return true;
  }

  void remove(const std::string& uri) {
    const std::lock_guard<std::mutex> lock(mutex_);
    files_.erase(uri);
  }

  std::vector<FileInfo> below(const std::string& folder) const {
    const std::string prefix = join_uri(folder, "");
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<FileInfo> found;
    for (auto file = files_.lower_bound(prefix);
         file != files_.end() && file->first.starts_with(prefix); ++file) {
      found.push_back({file->first, static_cast<int64_t>(file->second.bytes->size()),
                       file->second.modified_ms});
    }
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Stored> files_;  // guarded by mutex_
};

class MemoryInput final : public InputFile {
 public:
  MemoryInput(std::string uri, std::shared_ptr<const std::string> bytes)
      : uri_(std::move(uri)), bytes_(std::move(bytes)) {}

  int64_t size() const override { return static_cast<int64_t>(bytes_->size()); }
  void read_at(int64_t offset, int64_t length, char* out) const override {
    if (offset < 0 || length < 0 || offset > size() || length > size() - offset) {
      throw_io(fmt::format("Cannot read {} bytes at {} of {}: the file has {} bytes", length,
                           offset, uri_, size()));
    }
    std::copy_n(bytes_->data() + offset, length,
                out);  // `out` may be null where nothing is asked for
  }

 private:
  std::string uri_;
  std::shared_ptr<const std::string> bytes_;
};

class MemoryOutput final : public OutputFile {
 public:
  MemoryOutput(std::string uri, WriteMode mode, std::shared_ptr<Shelf> shelf)
      : uri_(std::move(uri)), mode_(mode), shelf_(std::move(shelf)) {}

  void write(std::string_view bytes) override { bytes_.append(bytes); }
  int64_t position() const override { return static_cast<int64_t>(bytes_.size()); }
  void finish() override {
    if (!shelf_->put(uri_, bytes_, mode_))
      throw Error("FIRN_FILE_ALREADY_EXISTS", {{"path", uri_}});
  }

 private:
  std::string uri_;
  WriteMode mode_;
  std::shared_ptr<Shelf> shelf_;
  std::string bytes_;
};

class MemoryStore final : public FileStore {
 public:
  std::unique_ptr<InputFile> open(const std::string& uri) override {
    const std::optional<Stored> found = shelf_->find(uri);
    if (!found)
      throw Error("FIRN_NOT_FOUND", {{"what", "Cannot open the file " + uri + ": there is none"}});
    return std::make_unique<MemoryInput>(uri, found->bytes);
  }
  std::unique_ptr<OutputFile> create(const std::string& uri, WriteMode mode) override {
    if (mode == WriteMode::kCreateNew && shelf_->find(uri)) {
      throw Error("FIRN_FILE_ALREADY_EXISTS", {{"path", uri}});
    }
    return std::make_unique<MemoryOutput>(uri, mode, shelf_);
  }
  std::optional<FileInfo> stat(const std::string& uri) override {
    const std::optional<Stored> found = shelf_->find(uri);
    if (!found) return std::nullopt;
    return FileInfo{uri, static_cast<int64_t>(found->bytes->size()), found->modified_ms};
  }
  std::vector<FileInfo> list(const std::string& folder) override { return shelf_->below(folder); }
  void remove(const std::string& uri) override { shelf_->remove(uri); }
  bool put_if_absent(const std::string& uri, std::string_view bytes) override {
    return shelf_->put(uri, std::string(bytes), WriteMode::kCreateNew);
  }

 private:
  std::shared_ptr<Shelf> shelf_ = std::make_shared<Shelf>();
};

}  // namespace

std::unique_ptr<FileStore> make_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace firn::files

// Local files. What is written becomes visible whole or not at all: a file without a name (where
// the file system has none, a hidden sibling) is synced, then linked or renamed into place, then
// the folder is synced. A file without a name goes with its process, whatever ends that.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "files/file_store.h"

namespace firn::files {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBufferBytes = 256 * 1024;
constexpr std::string_view kUnfinishedPrefix = ".firn-";
constexpr std::string_view kUnfinishedSuffix = ".tmp";

struct FailureRow {
  int number;
  std::string_view condition;
};
constexpr FailureRow kFailures[] = {
    {ENOENT, "FIRN_NOT_FOUND"}, {EACCES, "FIRN_PERMISSION"}, {EPERM, "FIRN_PERMISSION"},
    {EROFS, "FIRN_PERMISSION"}, {ENOSPC, "FIRN_RESOURCE"},   {EDQUOT, "FIRN_RESOURCE"},
    {EMFILE, "FIRN_RESOURCE"},  {ENFILE, "FIRN_RESOURCE"},   {ENOMEM, "FIRN_RESOURCE"},
};

// action: "read the file".
[[noreturn]] void fail(std::string_view action, const std::string& path, int number) {
  std::string_view condition = "FIRN_IO";
  for (const FailureRow& row : kFailures) {
    if (row.number == number) condition = row.condition;
  }
  throw Error(condition,
              {{"what", fmt::format("Cannot {} {}: {}", action, path, std::strerror(number))}});
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  int close() {
    const int result = fd_ >= 0 ? ::close(fd_) : 0;
    fd_ = -1;
    return result;
  }

 private:
  int fd_;
};

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

void sync_folder(const std::string& folder) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.get() < 0) fail("open the folder", folder, errno);
  if (::fsync(descriptor.get()) != 0 && errno != EINVAL) fail("sync the folder", folder, errno);
}

// Makes the folder and what is missing above it; each new entry is synced in its parent.
void make_folders(const std::string& folder) {
  struct stat info;
  if (::stat(folder.c_str(), &info) == 0) {
    if (!S_ISDIR(info.st_mode)) fail("use as a folder", folder, ENOTDIR);
    return;
  }
  if (errno != ENOENT) fail("make the folder", folder, errno);
  const std::string parent = folder_of(folder);
  if (parent != folder) make_folders(parent);
  if (::mkdir(folder.c_str(), 0777) != 0) {
    if (errno == EEXIST) return;
    fail("make the folder", folder, errno);
  }
  sync_folder(parent);
}

bool exists(const std::string& path) {
  struct stat info;
  return ::lstat(path.c_str(), &info) == 0;
}

bool is_unfinished(const std::string& name) {
  return name.starts_with(kUnfinishedPrefix) && name.ends_with(kUnfinishedSuffix);
}

class LocalInput final : public InputFile {
 public:
  LocalInput(std::string path, int fd, int64_t size)
      : path_(std::move(path)), descriptor_(fd), size_(size) {}

  int64_t size() const override { return size_; }

  void read_at(int64_t offset, int64_t length, char* out) const override {
    if (offset < 0 || length < 0 || offset > size_ || length > size_ - offset) {
      throw_io(fmt::format("Cannot read {} bytes at {} of {}: the file has {} bytes", length,
                           offset, path_, size_));
    }
    while (length > 0) {
      const ssize_t got = ::pread(descriptor_.get(), out, static_cast<size_t>(length), offset);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail("read the file", path_, errno);
      if (got == 0) {
        throw_io(fmt::format("Cannot read {} bytes at {} of {}: it was cut short while it was read",
                             length, offset, path_));
      }
      out += got;
      offset += got;
      length -= got;
    }
  }

 private:
  std::string path_;
  Descriptor descriptor_;
  int64_t size_;
};

class LocalOutput final : public OutputFile {
 public:
  LocalOutput(std::string path, std::string unfinished, WriteMode mode, int fd)
      : path_(std::move(path)), unfinished_(std::move(unfinished)), mode_(mode), descriptor_(fd) {
    buffer_.reserve(kBufferBytes);
  }
  ~LocalOutput() override {
    if (!finished_ && !unfinished_.empty()) ::unlink(unfinished_.c_str());
  }

  void write(std::string_view bytes) override {
    position_ += static_cast<int64_t>(bytes.size());
    if (buffer_.size() + bytes.size() <= kBufferBytes) {
      buffer_.append(bytes);
      return;
    }
    write_through(buffer_);
    buffer_.clear();
    if (bytes.size() >= kBufferBytes) {
      write_through(bytes);
    } else {
      buffer_.append(bytes);
    }
  }

  int64_t position() const override { return position_; }

  void finish() override {
    if (!publish()) throw Error("FIRN_FILE_ALREADY_EXISTS", {{"path", path_}});
  }

  // False where the name is taken and the mode is kCreateNew.
  bool publish() {
    FIRN_CHECK(!finished_, "a file is finished once");
    write_through(buffer_);
    if (::fdatasync(descriptor_.get()) != 0) fail("sync the file", path_, errno);
    const bool named = unfinished_.empty() && give_name();
    if (descriptor_.close() != 0) fail("close the file", path_, errno);
    if (unfinished_.empty()) {
      if (!named) return false;
    } else if (mode_ == WriteMode::kOverwrite) {
      if (::rename(unfinished_.c_str(), path_.c_str()) != 0) fail("create the file", path_, errno);
    } else if (!take_name()) {
      return false;
    }
    finished_ = true;
    sync_folder(folder_of(path_));
    return true;
  }

 private:
  void write_through(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t put = ::write(descriptor_.get(), bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) fail("write the file", path_, errno);
      bytes.remove_prefix(static_cast<size_t>(put));
    }
  }

  // Of a file without a name. False where the name is taken.
  bool give_name() {
    const std::string open_file = fmt::format("/proc/self/fd/{}", descriptor_.get());
    if (::linkat(AT_FDCWD, open_file.c_str(), AT_FDCWD, path_.c_str(), AT_SYMLINK_FOLLOW) == 0)
      return true;
    if (errno == EEXIST) return false;
    fail("create the file", path_, errno);
  }

  // link(2) fails where the name exists. File systems without links have a rename that does.
  bool take_name() {
    if (::link(unfinished_.c_str(), path_.c_str()) == 0) {
      ::unlink(unfinished_.c_str());
      return true;
    }
    if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS) {
      const int result =
          ::renameat2(AT_FDCWD, unfinished_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE);
      if (result == 0) return true;
    }
    if (errno == EEXIST) return false;
    fail("create the file", path_, errno);
  }

  std::string path_;
  std::string unfinished_;  // empty: the file has no name yet
  WriteMode mode_;
  Descriptor descriptor_;
  std::string buffer_;
  int64_t position_ = 0;
  bool finished_ = false;
};

class LocalStore final : public FileStore {
 public:
  std::unique_ptr<InputFile> open(const std::string& uri) override {
    const std::string path = local_path(uri);
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail("open the file", path, errno);
    struct stat info;
    const int failure = ::fstat(fd, &info) != 0 ? errno : S_ISDIR(info.st_mode) ? EISDIR : 0;
    if (failure != 0) {
      ::close(fd);
      fail("open the file", path, failure);
    }
    return std::make_unique<LocalInput>(path, fd, info.st_size);
  }

  std::unique_ptr<OutputFile> create(const std::string& uri, WriteMode mode) override {
    return begin(local_path(uri), mode);
  }

  std::optional<FileInfo> stat(const std::string& uri) override {
    const std::string path = local_path(uri);
    struct stat info;
    if (::stat(path.c_str(), &info) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
      fail("look at the file", path, errno);
    }
    if (S_ISDIR(info.st_mode)) return std::nullopt;
    return described(uri, info);
  }

  std::vector<FileInfo> list(const std::string& folder) override {
    std::vector<FileInfo> found;
    list_into(local_path(folder), folder, found);
    std::sort(found.begin(), found.end(),
              [](const FileInfo& a, const FileInfo& b) { return a.uri < b.uri; });
    return found;
  }

  void remove(const std::string& uri) override {
    const std::string path = local_path(uri);
    const bool gone = ::unlink(path.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR;
    if (!gone) fail("remove the file", path, errno);
  }

  bool put_if_absent(const std::string& uri, std::string_view bytes) override {
    const std::string path = local_path(uri);
    if (exists(path)) return false;
    const std::unique_ptr<LocalOutput> file = open_unfinished(path, WriteMode::kCreateNew);
    file->write(bytes);
    return file->publish();
  }

  void move(const std::string& from, const std::string& to) override {
    const std::string source = local_path(from), target = local_path(to);
    make_folders(folder_of(target));
    if (::rename(source.c_str(), target.c_str()) != 0) fail("move the file", source, errno);
    sync_folder(folder_of(target));
  }

  void remove_folder(const std::string& folder) override {
    const std::string path = local_path(folder);
    std::error_code error;
    fs::remove_all(path, error);
    if (error) fail("remove the folder", path, error.value());
  }

  bool folder_exists(const std::string& folder) override {
    std::error_code error;
    return fs::is_directory(local_path(folder), error);
  }

 private:
  static FileInfo described(std::string uri, const struct stat& info) {
    FileInfo file;
    file.uri = std::move(uri);
    file.size = info.st_size;
    file.modified_ms =
        static_cast<int64_t>(info.st_mtim.tv_sec) * 1000 + info.st_mtim.tv_nsec / 1'000'000;
    return file;
  }

  std::unique_ptr<OutputFile> begin(const std::string& path, WriteMode mode) {
    if (mode == WriteMode::kCreateNew && exists(path)) {
      throw Error("FIRN_FILE_ALREADY_EXISTS", {{"path", path}});
    }
    return open_unfinished(path, mode);
  }

  std::unique_ptr<LocalOutput> open_unfinished(const std::string& path, WriteMode mode) {
    const std::string folder = folder_of(path);
    make_folders(folder);
    if (mode == WriteMode::kCreateNew && ::access("/proc/self/fd", X_OK) == 0) {
      const int nameless = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
      if (nameless >= 0) return std::make_unique<LocalOutput>(path, "", mode, nameless);
    }
    SystemRandom random;
    const std::string unfinished =
        fmt::format("{}/{}{:016x}{}", folder, kUnfinishedPrefix, random.next(), kUnfinishedSuffix);
    const int fd = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) fail("write into the folder", folder, errno);
    return std::make_unique<LocalOutput>(path, unfinished, mode, fd);
  }

  // Files that vanish while the folder is read are left out.
  static void list_into(const std::string& path, const std::string& uri,
                        std::vector<FileInfo>& found) {
    std::error_code error;
    for (fs::directory_iterator entry(path, error), end; !error && entry != end;
         entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      const std::string child = path + "/" + name;
      struct stat info;
      if (is_unfinished(name) || ::stat(child.c_str(), &info) != 0) continue;
      if (S_ISDIR(info.st_mode)) {
        list_into(child, join_uri(uri, name), found);
      } else {
        found.push_back(described(join_uri(uri, name), info));
      }
    }
    const bool missing = error.value() == ENOENT || error.value() == ENOTDIR;
    if (error && !missing) fail("list the folder", path, error.value());
  }
};

}  // namespace

std::unique_ptr<FileStore> make_local_store() { return std::make_unique<LocalStore>(); }

}  // namespace firn::files

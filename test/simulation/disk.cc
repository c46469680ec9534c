// See disk.h. The functions at the end stand in for the C library's; where no disk watches they
// hand on to the kernel.
#include "disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

namespace firn::simulation {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kScheme = "sim://";

std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }
std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

uint64_t number_of(const std::string& path) {
  struct stat info;
  return ::lstat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

std::string new_folder() {
  const bool has_memory = ::access("/dev/shm", W_OK) == 0;
  std::string name =
      (has_memory ? fs::path("/dev/shm") : fs::temp_directory_path()) / "firn-simulation-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  return name;
}

}  // namespace

// Files by their number in the file system: a file that is there under two names is one.
struct Disk::Body {
  // What a name in a folder stands for: a file's or a folder's number; 0: nothing.
  using Entry = uint64_t;

  explicit Body(uint64_t seed) : random(seed), root(new_folder()) {}

  std::string path_of(const std::string& uri) const {
    return root + "/" + uri.substr(kScheme.size());
  }
  bool holds(const std::string& path) const { return path.starts_with(root + "/"); }

  void named(const std::string& path, Entry entry) {
    pending[folder_of(path)].emplace_back(name_of(path), entry);
  }
  void synced_folder(const std::string& folder) {
    for (const auto& [name, entry] : pending[folder]) durable[folder][name] = entry;
    pending.erase(folder);
  }
  void align(const std::string& uri, const Bytes& there);
  std::string after_cut(uint64_t file);
  void survive(const std::string& folder, std::map<std::string, std::string>& files);
  void rebuild(const std::map<std::string, std::string>& files);

  SeededRandom random;
  const std::string root;
  const std::unique_ptr<files::FileStore> store = files::make_local_store();
  std::map<std::string, Bytes> last;                            // by URI, as written; null: removed
  std::map<std::string, std::map<std::string, Entry>> durable;  // by folder and name
  std::map<std::string, std::vector<std::pair<std::string, Entry>>> pending;
  std::map<uint64_t, std::string> synced, written;  // bytes of files: as synced, as named
  std::set<uint64_t> folders;
  const std::function<void()>* before_sync = nullptr;
};

namespace {

Disk::Body* watching = nullptr;

// The local store works on the disk, and nothing else does.
class Watch {
 public:
  Watch(Disk::Body& body, const std::function<void()>* before_sync) {
    body.before_sync = before_sync;
    watching = &body;
  }
  ~Watch() { watching = nullptr; }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
};

void sync_seen(int descriptor) {
  Disk::Body& disk = *watching;
  if (disk.before_sync != nullptr && *disk.before_sync) (*disk.before_sync)();
  struct stat info;
  if (::fstat(descriptor, &info) != 0) return;
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t length = ::readlink(link.c_str(), path, sizeof path);
  if (length <= 0) return;
  if (S_ISDIR(info.st_mode))
    disk.synced_folder({path, static_cast<size_t>(length)});
  else
    disk.synced[info.st_ino] = text_of(link);
}

void name_seen(const char* path) {
  if (watching == nullptr || !watching->holds(path)) return;
  const uint64_t number = number_of(path);
  watching->written[number] = text_of(path);
  watching->named(path, number);
}

}  // namespace

// Others' changes are durable and cost nothing.
void Disk::Body::align(const std::string& uri, const Bytes& there) {
  const auto known = last.find(uri);
  const Bytes have = known == last.end() ? nullptr : known->second;
  if (have == there || (have && there && *have == *there)) return;
  const std::string path = path_of(uri);
  fs::create_directories(folder_of(path));
  for (std::string folder = folder_of(path); folder != root; folder = folder_of(folder)) {
    const uint64_t number = number_of(folder);
    folders.insert(number);
    durable[folder_of(folder)][name_of(folder)] = number;
  }
  fs::remove(path);
  uint64_t number = 0;
  if (there) {
    std::ofstream(path, std::ios::binary) << *there;
    number = number_of(path);
    synced[number] = written[number] = *there;
  }
  durable[folder_of(path)][name_of(path)] = number;
  std::erase_if(pending[folder_of(path)],
                [&](const auto& one) { return one.first == name_of(path); });
  last[uri] = there;
}

// The bytes of a file of which not all may be on the disk.
std::string Disk::Body::after_cut(uint64_t file) {
  if (const auto found = synced.find(file); found != synced.end()) return found->second;
  const std::string& whole = written[file];
  const uint64_t drawn = random.next() % 3;
  return whole.substr(0, drawn == 0   ? 0
                         : drawn == 1 ? random.next() % (whole.size() + 1)
                                      : whole.size());
}

void Disk::Body::survive(const std::string& folder, std::map<std::string, std::string>& files) {
  std::map<std::string, Entry> entries = durable[folder];
  if (const auto open = pending.find(folder); open != pending.end()) {
    // Names reach the disk in any order; what was done to one name, in its order.
    std::set<std::string> stuck;
    for (const auto& [name, entry] : open->second) {
      if (random.next() % 2 == 0) stuck.insert(name);
      if (!stuck.contains(name)) entries[name] = entry;
    }
  }
  for (const auto& [name, entry] : entries) {
    if (entry == 0) continue;
    const std::string path = folder + "/" + name;
    if (folders.contains(entry))
      survive(path, files);
    else
      files[path] = after_cut(entry);
  }
}

// The folder as the power cut leaves it; all of that is durable.
void Disk::Body::rebuild(const std::map<std::string, std::string>& files) {
  for (const auto& entry : fs::directory_iterator(root)) fs::remove_all(entry.path());
  durable.clear();
  pending.clear();
  synced.clear();
  written.clear();
  folders.clear();
  last.clear();
  for (const auto& [path, bytes] : files)
    align(std::string(kScheme) + path.substr(root.size() + 1),
          std::make_shared<const std::string>(bytes));
}

Disk::Disk(uint64_t seed) : body_(std::make_unique<Body>(seed)) {}
Disk::~Disk() {
  std::error_code error;
  fs::remove_all(body_->root, error);
}

void Disk::write(const std::string& uri, const Bytes& there, const std::string& bytes,
                 files::WriteMode mode, const std::function<void()>& before_sync) {
  body_->align(uri, there);
  const Watch watch(*body_, &before_sync);
  const auto file = body_->store->create(body_->path_of(uri), mode);
  file->write(bytes);
  file->finish();
  body_->last[uri] = std::make_shared<const std::string>(bytes);
}

bool Disk::put(const std::string& uri, const Bytes& there, const std::string& bytes,
               const std::function<void()>& before_sync) {
  body_->align(uri, there);
  const Watch watch(*body_, &before_sync);
  const bool is_new = body_->store->put_if_absent(body_->path_of(uri), bytes);
  if (is_new) body_->last[uri] = std::make_shared<const std::string>(bytes);
  return is_new;
}

void Disk::remove(const std::string& uri, const Bytes& there) {
  body_->align(uri, there);
  if (!there) return;
  const Watch watch(*body_, nullptr);
  body_->store->remove(body_->path_of(uri));
  body_->last[uri] = nullptr;
}

std::map<std::string, Disk::Change> Disk::cut_power() {
  std::map<std::string, std::string> files;
  body_->survive(body_->root, files);
  const std::map<std::string, Bytes> before = body_->last;
  body_->rebuild(files);
  std::map<std::string, Change> changes;
  for (const auto& [uri, bytes] : before) {
    const auto found = body_->last.find(uri);
    const Bytes after = found == body_->last.end() ? nullptr : found->second;
    if (bytes == after || (bytes && after && *bytes == *after)) continue;
    changes[uri] = {bytes, after};
  }
  for (const auto& [uri, after] : body_->last) {
    if (!before.contains(uri)) changes[uri] = {nullptr, after};
  }
  return changes;
}

int64_t Disk::not_synced() const {
  int64_t count = 0;
  for (const auto& [folder, names] : body_->pending) count += static_cast<int64_t>(names.size());
  for (const auto& [file, bytes] : body_->written) count += body_->synced.contains(file) ? 0 : 1;
  return count;
}

}  // namespace firn::simulation

using firn::simulation::name_seen;
using firn::simulation::number_of;
using firn::simulation::sync_seen;
using firn::simulation::watching;

extern "C" {

int fsync(int descriptor) {
  if (watching != nullptr) sync_seen(descriptor);
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

int fdatasync(int descriptor) {
  if (watching != nullptr) sync_seen(descriptor);
  return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept {
  const auto result =
      static_cast<int>(::syscall(SYS_linkat, from_folder, from, to_folder, to, flags));
  if (result == 0) name_seen(to);
  return result;
}

int link(const char* from, const char* to) noexcept {
  return ::linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to,
              unsigned flags) noexcept {
  const auto result =
      static_cast<int>(::syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
  if (result == 0) name_seen(to);
  return result;
}

int rename(const char* from, const char* to) noexcept {
  return ::renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char* path) noexcept {
  const auto result = static_cast<int>(::syscall(SYS_unlink, path));
  if (result == 0 && watching != nullptr && watching->holds(path)) watching->named(path, 0);
  return result;
}

int mkdir(const char* path, mode_t mode) noexcept {
  const auto result = static_cast<int>(::syscall(SYS_mkdir, path, mode));
  if (result == 0 && watching != nullptr && watching->holds(path)) {
    watching->folders.insert(number_of(path));
    watching->named(path, number_of(path));
  }
  return result;
}

}  // extern "C"

// DuckDB's file system over files::FileStore.
#include "engine/store_file_system.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace firn::engine {
namespace {

class StoreHandle final : public duckdb::FileHandle {
 public:
  StoreHandle(StoreFileSystem& system, std::string path, duckdb::FileOpenFlags flags)
      : FileHandle(system, std::move(path), flags) {}

  void Close() override {
    input.reset();
    if (output == nullptr) return;
    const auto finished = std::move(output);
    finished->finish();
    static_cast<StoreFileSystem&>(file_system).count_written(finished->position());
  }

  files::InputFile& in() const {
    FIRN_CHECK(input != nullptr, "the file is not open for reading");
    return *input;
  }
  files::OutputFile& out() const {
    FIRN_CHECK(output != nullptr, "the file is not open for writing");
    return *output;
  }

  std::unique_ptr<files::InputFile> input;
  std::unique_ptr<files::OutputFile> output;
  int64_t size = 0;         // of the input
  int64_t modified_ms = 0;  // of the input; 0 where it was not asked for
  int64_t position = 0;     // of sequential reads
};

StoreHandle& of(duckdb::FileHandle& handle) { return static_cast<StoreHandle&>(handle); }

int64_t option(const duckdb::OpenFileInfo& info, const char* name) {
  if (!info.extended_info) return -1;
  const auto found = info.extended_info->options.find(name);
  if (found == info.extended_info->options.end()) return -1;
  return found->second.GetValue<int64_t>();
}

}  // namespace

std::string to_store_path(const std::string& uri) { return std::string(kStoreScheme) + uri; }

std::string from_store_path(const std::string& path) {
  return path.starts_with(kStoreScheme) ? path.substr(kStoreScheme.size()) : path;
}

duckdb::unique_ptr<duckdb::FileHandle> StoreFileSystem::OpenFile(
    const std::string& path, duckdb::FileOpenFlags flags,
    duckdb::optional_ptr<duckdb::FileOpener>) {
  return open(path, flags, -1, 0);
}

duckdb::unique_ptr<duckdb::FileHandle> StoreFileSystem::OpenFileExtended(
    const duckdb::OpenFileInfo& info, duckdb::FileOpenFlags flags,
    duckdb::optional_ptr<duckdb::FileOpener>) {
  return open(info.path, flags, option(info, "file_size"), 0);
}

duckdb::unique_ptr<duckdb::FileHandle> StoreFileSystem::open(const std::string& path,
                                                             duckdb::FileOpenFlags flags,
                                                             int64_t known_size,
                                                             int64_t known_modified_ms) {
  const std::string uri = from_store_path(path);
  auto handle = duckdb::make_uniq<StoreHandle>(*this, path, flags);
  if (flags.OpenForWriting()) {
    if (flags.OpenForAppending() || flags.OpenForReading()) {
      throw_unsupported("opening '" + uri + "' for appending or for reading and writing at once");
    }
    handle->output =
        store_.create(uri, flags.OverwriteExistingFile() ? files::WriteMode::kOverwrite
                                                         : files::WriteMode::kCreateNew);
    return handle;
  }
  if (flags.ReturnNullIfNotExists() && !store_.stat(uri)) return nullptr;
  handle->input = store_.open(uri);
  handle->size = known_size >= 0 ? known_size : handle->input->size();
  handle->modified_ms = known_modified_ms;
  return handle;
}

void StoreFileSystem::Read(duckdb::FileHandle& handle, void* buffer, int64_t bytes,
                           duckdb::idx_t location) {
  of(handle).in().read_at(static_cast<int64_t>(location), bytes, static_cast<char*>(buffer));
}

int64_t StoreFileSystem::Read(duckdb::FileHandle& handle, void* buffer, int64_t bytes) {
  StoreHandle& file = of(handle);
  const int64_t length = std::min(bytes, file.size - file.position);
  if (length <= 0) return 0;
  file.in().read_at(file.position, length, static_cast<char*>(buffer));
  file.position += length;
  return length;
}

int64_t StoreFileSystem::Write(duckdb::FileHandle& handle, void* buffer, int64_t bytes) {
  of(handle).out().write({static_cast<const char*>(buffer), static_cast<size_t>(bytes)});
  return bytes;
}

void StoreFileSystem::Write(duckdb::FileHandle& handle, void* buffer, int64_t bytes,
                            duckdb::idx_t location) {
  FIRN_CHECK(static_cast<int64_t>(location) == of(handle).out().position(),
             "files are written front to back");
  Write(handle, buffer, bytes);
}

int64_t StoreFileSystem::GetFileSize(duckdb::FileHandle& handle) {
  const StoreHandle& file = of(handle);
  return file.output != nullptr ? file.output->position() : file.size;
}

duckdb::timestamp_t StoreFileSystem::GetLastModifiedTime(duckdb::FileHandle& handle) {
  StoreHandle& file = of(handle);
  if (file.modified_ms == 0 && file.input != nullptr) {
    if (const auto info = store_.stat(from_store_path(file.path)))
      file.modified_ms = info->modified_ms;
  }
  return duckdb::Timestamp::FromEpochMs(file.modified_ms);
}

std::string StoreFileSystem::GetVersionTag(duckdb::FileHandle&) { return ""; }

duckdb::FileType StoreFileSystem::GetFileType(duckdb::FileHandle&) {
  return duckdb::FileType::FILE_TYPE_REGULAR;
}

duckdb::FileMetadata StoreFileSystem::Stats(duckdb::FileHandle& handle) {
  duckdb::FileMetadata metadata;
  metadata.file_size = GetFileSize(handle);
  metadata.last_modification_time = GetLastModifiedTime(handle);
  metadata.file_type = duckdb::FileType::FILE_TYPE_REGULAR;
  return metadata;
}

// Durability comes with Close(): there is no file to sync before it is complete.
void StoreFileSystem::FileSync(duckdb::FileHandle&) {}

void StoreFileSystem::Seek(duckdb::FileHandle& handle, duckdb::idx_t location) {
  of(handle).position = static_cast<int64_t>(location);
}

void StoreFileSystem::Reset(duckdb::FileHandle& handle) { of(handle).position = 0; }

duckdb::idx_t StoreFileSystem::SeekPosition(duckdb::FileHandle& handle) {
  return static_cast<duckdb::idx_t>(of(handle).position);
}

bool StoreFileSystem::FileExists(const std::string& path,
                                 duckdb::optional_ptr<duckdb::FileOpener>) {
  return store_.stat(from_store_path(path)).has_value();
}

bool StoreFileSystem::DirectoryExists(const std::string& path,
                                      duckdb::optional_ptr<duckdb::FileOpener>) {
  std::string folder = from_store_path(path);
  if (!folder.ends_with('/')) folder += '/';
  return !store_.list(folder).empty();
}

void StoreFileSystem::RemoveFile(const std::string& path,
                                 duckdb::optional_ptr<duckdb::FileOpener>) {
  store_.remove(from_store_path(path));
}

// Patterns are expanded where paths are resolved (file_scan.h): DuckDB is always given complete
// names.
duckdb::vector<duckdb::OpenFileInfo> StoreFileSystem::Glob(const std::string& path,
                                                           duckdb::FileOpener*) {
  duckdb::vector<duckdb::OpenFileInfo> found;
  if (store_.stat(from_store_path(path))) found.emplace_back(path);
  return found;
}

bool StoreFileSystem::CanHandleFile(const std::string& path) {
  return path.starts_with(kStoreScheme);
}

}  // namespace firn::engine

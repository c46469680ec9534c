// DuckDB's view of files::FileStore: every read and write of the engine goes through firn's stores.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "engine/duck.h"
#include "files/file_store.h"

namespace firn::engine {

// Files opened for writing become visible and durable in Close(); a handle that is destroyed
// without it leaves nothing. Sizes are asked for once a handle; OpenFileInfo's extended option
// "file_size" saves even that. `store` must outlive it.
class StoreFileSystem final : public duckdb::FileSystem {
 public:
  explicit StoreFileSystem(files::FileStore& store) : store_(store) {}

  duckdb::unique_ptr<duckdb::FileHandle> OpenFile(
      const std::string& path, duckdb::FileOpenFlags flags,
      duckdb::optional_ptr<duckdb::FileOpener> opener) override;
  void Read(duckdb::FileHandle& handle, void* buffer, int64_t bytes,
            duckdb::idx_t location) override;
  int64_t Read(duckdb::FileHandle& handle, void* buffer, int64_t bytes) override;
  int64_t Write(duckdb::FileHandle& handle, void* buffer, int64_t bytes) override;
  void Write(duckdb::FileHandle& handle, void* buffer, int64_t bytes,
             duckdb::idx_t location) override;
  int64_t GetFileSize(duckdb::FileHandle& handle) override;
  duckdb::timestamp_t GetLastModifiedTime(duckdb::FileHandle& handle) override;
  std::string GetVersionTag(duckdb::FileHandle& handle) override;
  duckdb::FileType GetFileType(duckdb::FileHandle& handle) override;
  duckdb::FileMetadata Stats(duckdb::FileHandle& handle) override;
  void FileSync(duckdb::FileHandle& handle) override;
  void Seek(duckdb::FileHandle& handle, duckdb::idx_t location) override;
  void Reset(duckdb::FileHandle& handle) override;
  duckdb::idx_t SeekPosition(duckdb::FileHandle& handle) override;
  bool FileExists(const std::string& path,
                  duckdb::optional_ptr<duckdb::FileOpener> opener) override;
  bool DirectoryExists(const std::string& path,
                       duckdb::optional_ptr<duckdb::FileOpener> opener) override;
  void RemoveFile(const std::string& path,
                  duckdb::optional_ptr<duckdb::FileOpener> opener) override;
  duckdb::vector<duckdb::OpenFileInfo> Glob(const std::string& path,
                                            duckdb::FileOpener* opener) override;
  bool CanHandleFile(const std::string& path) override;
  bool CanSeek() override { return true; }
  bool OnDiskFile(duckdb::FileHandle&) override { return true; }
  bool IsPipe(const std::string&, duckdb::optional_ptr<duckdb::FileOpener>) override {
    return false;
  }
  std::string GetName() const override { return "firn"; }

  // Of all files that were written and closed.
  int64_t bytes_written() const { return bytes_written_; }
  void count_written(int64_t bytes) { bytes_written_ += bytes; }

 protected:
  bool SupportsOpenFileExtended() const override { return true; }
  duckdb::unique_ptr<duckdb::FileHandle> OpenFileExtended(
      const duckdb::OpenFileInfo& info, duckdb::FileOpenFlags flags,
      duckdb::optional_ptr<duckdb::FileOpener> opener) override;

 private:
  duckdb::unique_ptr<duckdb::FileHandle> open(const std::string& path, duckdb::FileOpenFlags flags,
                                              int64_t known_size, int64_t known_modified_ms);

  files::FileStore& store_;
  std::atomic<int64_t> bytes_written_ = 0;
};

// Names of our own scheme ("firn-store:<uri>") reach the store whatever DuckDB thinks of the URI's
// scheme.
inline constexpr std::string_view kStoreScheme = "firn-store:";
std::string to_store_path(const std::string& uri);
std::string from_store_path(const std::string& path);

}  // namespace firn::engine

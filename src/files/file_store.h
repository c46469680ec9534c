// Where bytes live: local folders, memory (tests and simulation), object stores. URIs in, bytes
// out.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace firn::files {

// Options of object stores by name: s3.endpoint, s3.region, s3.access-key-id, … (files/s3_options.h
// has them all).
using StoreOptions = std::map<std::string, std::string>;

struct FileInfo {
  std::string uri;
  int64_t size = 0;         // bytes
  int64_t modified_ms = 0;  // since 1970, UTC
};

class InputFile {  // safe for concurrent read_at
 public:
  virtual ~InputFile() = default;
  virtual int64_t size() const = 0;
  // Reads exactly `length` bytes; throws Error{kIo} where the file is shorter.
  virtual void read_at(int64_t offset, int64_t length, char* out) const = 0;
  std::string read_all() const;
};

// Destroyed without finish() the file never becomes visible (or is removed).
class OutputFile {
 public:
  virtual ~OutputFile() = default;
  virtual void write(std::string_view bytes) = 0;
  virtual int64_t position() const = 0;
  // Durable when it returns: data and folder entry are synced.
  virtual void finish() = 0;
};

enum class WriteMode {
  kCreateNew,  // throws Error{FIRN_FILE_ALREADY_EXISTS} where the name is taken (decided at
               // finish() at the latest)
  kOverwrite,
};

class FileStore {
 public:
  virtual ~FileStore() = default;
  virtual std::unique_ptr<InputFile> open(
      const std::string& uri) = 0;  // Error{kNotFound} where missing
  virtual std::unique_ptr<OutputFile> create(const std::string& uri,
                                             WriteMode) = 0;  // makes parent folders
  virtual std::optional<FileInfo> stat(const std::string& uri) = 0;
  // Every file below a folder, sorted by uri; the uris begin with `folder` as it was given. A
  // missing folder is empty. Unfinished files are not shown.
  virtual std::vector<FileInfo> list(const std::string& folder) = 0;
  virtual void remove(const std::string& uri) = 0;  // missing is fine
  // Atomic and durable; false where the name is taken already.
  virtual bool put_if_absent(const std::string& uri, std::string_view bytes) = 0;
  // A file under another name, whatever was there. Atomic on local disks; object stores copy.
  virtual void move(const std::string& from, const std::string& to);
  // A folder with all below it; missing is fine.
  virtual void remove_folder(const std::string& folder);
  // Object stores know no empty folders.
  virtual bool folder_exists(const std::string& folder) { return !list(folder).empty(); }
  // From now on, files below `prefix` (s3://bucket/folder) are reached with these options: a
  // catalog's, or credentials that it lends for one table. The longest prefix counts. Stores of one
  // place take no notice.
  virtual void use_options(const std::string& prefix, const StoreOptions&) { (void)prefix; }
  std::string read_all(const std::string& uri);
};

// Local files: plain paths and file:// URIs. Writes go to a hidden sibling and are renamed
// (kCreateNew: linked) into place.
std::unique_ptr<FileStore> make_local_store();
// mem://… for tests.
std::unique_ptr<FileStore> make_memory_store();
// Picks by scheme: none and file: → local, mem: → memory, s3, s3a, s3n → S3, set up at first use;
// others are refused by name. S3 is folders below the option firn.s3.root (files/bucket_folders.h)
// where that is set and neither options nor environment name credentials or an endpoint, and the
// option firn.aws is not "true".
std::unique_ptr<FileStore> make_router_store(StoreOptions options = {});

// "s3" of "s3://bucket/key", "" of a plain path; lower case.
std::string scheme_of(std::string_view uri);
std::string join_uri(std::string_view folder, std::string_view name);
// "file:/a", "file:///a" and "/a" → "/a"; other schemes are refused.
std::string local_path(std::string_view uri);

}  // namespace firn::files

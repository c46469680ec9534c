// What all stores share: whole files, URIs, and the choice of a store by scheme.
#include "files/file_store.h"

#include <algorithm>
#include <cctype>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "files/bucket_folders.h"
#include "files/s3_store.h"

namespace firn::files {
namespace {

bool is_scheme_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' || c == '.';
}

class RouterStore final : public FileStore {
 public:
  explicit RouterStore(StoreOptions options) : options_(std::move(options)) {}

  std::unique_ptr<InputFile> open(const std::string& uri) override { return pick(uri)->open(uri); }
  std::unique_ptr<OutputFile> create(const std::string& uri, WriteMode mode) override {
    return pick(uri)->create(uri, mode);
  }
  std::optional<FileInfo> stat(const std::string& uri) override { return pick(uri)->stat(uri); }
  std::vector<FileInfo> list(const std::string& folder) override {
    return pick(folder)->list(folder);
  }
  void remove(const std::string& uri) override { pick(uri)->remove(uri); }
  bool put_if_absent(const std::string& uri, std::string_view bytes) override {
    return pick(uri)->put_if_absent(uri, bytes);
  }
  void move(const std::string& from, const std::string& to) override { pick(from)->move(from, to); }
  void remove_folder(const std::string& folder) override { pick(folder)->remove_folder(folder); }
  bool folder_exists(const std::string& folder) override {
    return pick(folder)->folder_exists(folder);
  }

  void use_options(const std::string& prefix, const StoreOptions& options) override {
    const std::string place = s3_place(prefix);
    if (place.empty()) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    Place& found = places_[place];
    if (found.store != nullptr && found.options == options) return;
    for (const auto& [other, its] : places_) {  // connections are kept, so one store is shared
      if (its.store != nullptr && its.options == options) {
        found = its;
        return;
      }
    }
    found = {options, make_s3_store(s3_options(options, process_environment()))};
  }

 private:
  struct Place {
    StoreOptions options;
    std::shared_ptr<FileStore> store;
  };

  static bool is_s3(const std::string& scheme) {
    return scheme == "s3" || scheme == "s3a" || scheme == "s3n";
  }

  // "bucket/folder/" of s3://bucket/folder; "" of what is not on S3.
  static std::string s3_place(const std::string& uri) {
    if (!is_s3(scheme_of(uri))) return "";
    const size_t slashes = uri.find("://");
    if (slashes == std::string::npos) return "";
    std::string place = uri.substr(slashes + 3);
    if (!place.ends_with('/')) place += '/';
    return place;
  }

  // Object stores are set up when they are first asked for.
  std::shared_ptr<FileStore> pick(const std::string& uri) {
    const std::string scheme = scheme_of(uri);
    if (scheme.empty() || scheme == "file") return local_;
    if (scheme == "mem") return memory_;
    if (is_s3(scheme)) return s3(uri);
    throw_unsupported("files at " + scheme + ":// (" + uri +
                      "); there are local paths, file: and s3:// (s3a, s3n)");
  }

  std::shared_ptr<FileStore> s3(const std::string& uri) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (const Place* place = place_of(s3_place(uri))) return place->store;
    if (s3_) return s3_;
    const auto root = options_.find("firn.s3.root");
    const auto aws = options_.find("firn.aws");
    const bool asked_for = aws != options_.end() && aws->second == "true";
    if (root != options_.end() && !asked_for && !names_s3(options_, process_environment()))
      s3_ = make_bucket_folders(root->second);
    else
      s3_ = make_s3_store(s3_options(options_, process_environment()));
    return s3_;
  }

  // The longest prefix, looked up folder by folder. The lock is held by the caller.
  const Place* place_of(const std::string& uri) const {
    if (places_.empty()) return nullptr;
    for (size_t end = uri.size(); end != std::string::npos && end > 0;
         end = end < 2 ? std::string::npos : uri.rfind('/', end - 2)) {
      const auto found = places_.find(end == uri.size() ? uri : uri.substr(0, end + 1));
      if (found != places_.end() && found->second.store != nullptr) return &found->second;
    }
    return nullptr;
  }

  const StoreOptions options_;
  const std::shared_ptr<FileStore> local_ = make_local_store();
  const std::shared_ptr<FileStore> memory_ = make_memory_store();
  std::mutex mutex_;
  std::shared_ptr<FileStore> s3_;        // guarded by mutex_
  std::map<std::string, Place> places_;  // by s3_place; guarded by mutex_
};

}  // namespace

std::string InputFile::read_all() const {
  std::string bytes(static_cast<size_t>(size()), '\0');
  read_at(0, size(), bytes.data());
  return bytes;
}

std::string FileStore::read_all(const std::string& uri) { return open(uri)->read_all(); }

void FileStore::move(const std::string& from, const std::string& to) {
  constexpr int64_t kPiece = 8 << 20;
  const auto input = open(from);
  const auto output = create(to, WriteMode::kOverwrite);
  std::string piece;
  for (int64_t at = 0; at < input->size(); at += kPiece) {
    piece.resize(static_cast<size_t>(std::min(kPiece, input->size() - at)));
    input->read_at(at, static_cast<int64_t>(piece.size()), piece.data());
    output->write(piece);
  }
  output->finish();
  remove(from);
}

void FileStore::remove_folder(const std::string& folder) {
  for (const FileInfo& file : list(folder.ends_with('/') ? folder : folder + "/")) remove(file.uri);
}

std::string scheme_of(std::string_view uri) {
  std::string scheme;
  for (const char c : uri) {
    if (c == ':') break;
    if (!is_scheme_character(c)) return "";
    scheme += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  const bool has_colon = uri.size() > scheme.size() + 1 && uri[scheme.size() + 1] == '/';
  return has_colon && scheme.size() > 1 ? scheme : "";
}

std::string join_uri(std::string_view folder, std::string_view name) {
  while (folder.size() > 1 && folder.ends_with('/') && !folder.ends_with("://")) {
    folder.remove_suffix(1);
  }
  while (name.starts_with('/')) name.remove_prefix(1);
  if (folder.empty() || folder.ends_with('/')) return std::string(folder) + std::string(name);
  return std::string(folder) + "/" + std::string(name);
}

// Characters are taken as they stand, as Hadoop's Path does: a '%' in a file's name is a '%'.
std::string local_path(std::string_view uri) {
  const std::string scheme = scheme_of(uri);
  if (scheme.empty()) return std::string(uri);
  if (scheme != "file") throw_invalid("not a local path: " + std::string(uri));
  std::string_view path = uri.substr(5);
  if (path.starts_with("//")) {
    path.remove_prefix(2);
    if (path.starts_with("localhost/")) path.remove_prefix(9);
    if (!path.starts_with("/")) {
      throw_invalid("a file URI cannot name another host: " + std::string(uri));
    }
  }
  return std::string(path);
}

std::unique_ptr<FileStore> make_router_store(StoreOptions options) {
  return std::make_unique<RouterStore>(std::move(options));
}

}  // namespace firn::files

// What all stores share: whole files, URIs, and the choice of a store by scheme.
#include "files/file_store.h"

#include <cctype>
#include <map>
#include <utility>

#include "base/error.h"

namespace firn::files {
namespace {

bool is_scheme_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' || c == '.';
}

class RouterStore final : public FileStore {
 public:
  RouterStore() {
    const auto memory = std::shared_ptr<FileStore>(make_memory_store());
    const auto local = std::shared_ptr<FileStore>(make_local_store());
    by_scheme_ = {{"", local}, {"file", local}, {"mem", memory}};
  }

  std::unique_ptr<InputFile> open(const std::string& uri) override { return pick(uri).open(uri); }
  std::unique_ptr<OutputFile> create(const std::string& uri, WriteMode mode) override {
    return pick(uri).create(uri, mode);
  }
  std::optional<FileInfo> stat(const std::string& uri) override { return pick(uri).stat(uri); }
  std::vector<FileInfo> list(const std::string& folder) override {
    return pick(folder).list(folder);
  }
  void remove(const std::string& uri) override { pick(uri).remove(uri); }
  bool put_if_absent(const std::string& uri, std::string_view bytes) override {
    return pick(uri).put_if_absent(uri, bytes);
  }

 private:
  FileStore& pick(const std::string& uri) const {
    const std::string scheme = scheme_of(uri);
    const auto found = by_scheme_.find(scheme);
    if (found == by_scheme_.end()) throw_unsupported("files at " + scheme + ":// (" + uri + ")");
    return *found->second;
  }

  std::map<std::string, std::shared_ptr<FileStore>> by_scheme_;
};

}  // namespace

std::string InputFile::read_all() const {
  std::string bytes(static_cast<size_t>(size()), '\0');
  read_at(0, size(), bytes.data());
  return bytes;
}

std::string FileStore::read_all(const std::string& uri) { return open(uri)->read_all(); }

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

std::unique_ptr<FileStore> make_router_store() { return std::make_unique<RouterStore>(); }

}  // namespace firn::files

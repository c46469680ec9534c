// Buckets as folders: every call goes to the local store under another name.
#include "files/bucket_folders.h"

#include <utility>

#include "base/error.h"

namespace firn::files {
namespace {

class BucketFolders final : public FileStore {
 public:
  explicit BucketFolders(std::string root) : root_(std::move(root)) {}

  std::unique_ptr<InputFile> open(const std::string& uri) override {
    return local_->open(bucket_path(root_, uri));
  }
  std::unique_ptr<OutputFile> create(const std::string& uri, WriteMode mode) override {
    return local_->create(bucket_path(root_, uri), mode);
  }
  std::optional<FileInfo> stat(const std::string& uri) override {
    std::optional<FileInfo> found = local_->stat(bucket_path(root_, uri));
    if (found) found->uri = uri;
    return found;
  }
  std::vector<FileInfo> list(const std::string& folder) override {
    const std::string path = bucket_path(root_, folder);
    std::vector<FileInfo> found = local_->list(path);
    for (FileInfo& file : found) {
      file.uri = join_uri(folder, std::string_view(file.uri).substr(path.size()));
    }
    return found;
  }
  void remove(const std::string& uri) override { local_->remove(bucket_path(root_, uri)); }
  bool put_if_absent(const std::string& uri, std::string_view bytes) override {
    return local_->put_if_absent(bucket_path(root_, uri), bytes);
  }
  void move(const std::string& from, const std::string& to) override {
    local_->move(bucket_path(root_, from), bucket_path(root_, to));
  }
  void remove_folder(const std::string& folder) override {
    local_->remove_folder(bucket_path(root_, folder));
  }
  bool folder_exists(const std::string& folder) override {
    return local_->folder_exists(bucket_path(root_, folder));
  }

 private:
  const std::string root_;
  const std::unique_ptr<FileStore> local_ = make_local_store();
};

}  // namespace

std::string bucket_path(const std::string& root, const std::string& uri) {
  std::string_view rest = std::string_view(uri).substr(uri.find(':') + 1);
  while (rest.starts_with('/')) rest.remove_prefix(1);
  for (size_t start = 0; start <= rest.size();) {
    const size_t slash = std::min(rest.find('/', start), rest.size());
    const std::string_view part = rest.substr(start, slash - start);
    if (part == ".." || part == "." || (start == 0 && part.empty()))
      throw_invalid("'" + uri + "' names no object: s3://bucket/key is wanted");
    start = slash + 1;
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  return join_uri(root, rest);
}

std::unique_ptr<FileStore> make_bucket_folders(std::string root) {
  return std::make_unique<BucketFolders>(std::move(root));
}

}  // namespace firn::files

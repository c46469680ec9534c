// See purge.h.
#include "catalog/purge.h"

#include <set>

#include "base/error.h"
#include "table/snapshot_files.h"

namespace firn::catalog {

namespace {

class FilesOfTable {
 public:
  explicit FilesOfTable(files::FileStore& store) : store_(store) {}

  void add_snapshot(const iceberg::TableMetadata& metadata, const iceberg::Snapshot& snapshot) {
    unless_missing([&] {
      for (const auto& row : table::manifests_of(store_, metadata, snapshot)) add_manifest(row);
    });
    if (!snapshot.manifest_list.empty()) lists_.insert(snapshot.manifest_list);
  }

  std::vector<std::string> in_order() const {
    std::vector<std::string> all(data_.begin(), data_.end());
    all.insert(all.end(), manifests_.begin(), manifests_.end());
    all.insert(all.end(), lists_.begin(), lists_.end());
    return all;
  }

 private:
  void add_manifest(const iceberg::ManifestFile& row) {
    if (!manifests_.insert(row.path).second) return;
    unless_missing([&] {
      for (const auto& entry : table::load_manifest(store_, row).entries)
        data_.insert(entry.data_file.file_path);
    });
  }

  template <typename Read>
  static void unless_missing(Read read) {
    try {
      read();
    } catch (const Error& error) {
      if (error.code() != Code::kNotFound) throw;
    }
  }

  files::FileStore& store_;
  std::set<std::string> data_, manifests_, lists_;
};

}  // namespace

std::vector<std::string> files_of(files::FileStore& store, const table::State& state) {
  FilesOfTable found(store);
  for (const auto& snapshot : state.metadata->snapshots)
    found.add_snapshot(*state.metadata, snapshot);
  std::vector<std::string> files = found.in_order();
  for (const auto& entry : state.metadata->metadata_log) files.push_back(entry.file);
  files.push_back(state.metadata_file);
  return files;
}

}  // namespace firn::catalog

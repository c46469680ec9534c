// Manifests, decoded and packed, shared by all scans of a process: files never change, so what was
// read once stays right.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "files/file_store.h"
#include "iceberg/manifest.h"
#include "table/manifest_outline.h"

namespace firn::table {

// Least recently used first out, bounded by an estimate of the bytes held. Safe for concurrent use.
class ManifestCache {
 public:
  explicit ManifestCache(int64_t max_bytes) : max_bytes_(max_bytes) {}

  // With everything inherited from the row.
  std::shared_ptr<const iceberg::Manifest> get(files::FileStore&, const iceberg::ManifestFile& row);
  // For planning: a fraction of the time and memory of get(). Not for rows with a first row id:
  // such ids are handed out over all entries.
  // `columns`: whose bounds are wanted first, read with the file.
  std::shared_ptr<ManifestOutline> outline(files::FileStore&, const iceberg::ManifestFile& row,
                                           std::span<const types::Field> columns);
  int64_t bytes() const;

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const iceberg::Manifest> manifest;  // one of the two
    std::shared_ptr<ManifestOutline> outline;
    int64_t bytes = 0;
  };
  std::optional<Entry> find(const std::string& key);
  void insert(Entry entry);

  const int64_t max_bytes_;
  mutable std::mutex mutex_;
  std::list<Entry> newest_first_;                                       // guarded by mutex_
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;  // guarded by mutex_
  int64_t bytes_ = 0;                                                   // guarded by mutex_
};

}  // namespace firn::table

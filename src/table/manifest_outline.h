// A manifest as planning sees it: partitions, and of the columns that filters ask for counts and
// bounds. Whole entries are made for the files that a scan keeps.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "files/file_store.h"
#include "iceberg/packed_manifest.h"

namespace firn::table {

// Safe for concurrent use.
class ManifestOutline {
 public:
  using Bounds = iceberg::PackedManifest::Bounds;

  // The bounds of `columns` are read with the file, in the same walk.
  ManifestOutline(files::FileStore& store, iceberg::ManifestFile row,
                  std::span<const types::Field> columns);

  const iceberg::PackedManifest& packed() const { return packed_; }
  // Of every entry; `column` as the scan's schema has it. Kept for the next scan, a few columns at
  // most.
  std::shared_ptr<const Bounds> bounds_of(const types::Field& column);
  // Whole, with everything inherited from the row.
  std::shared_ptr<const iceberg::ManifestEntry> entry(size_t index) const;
  // That it may come to hold, about.
  int64_t bytes() const;

 private:
  void keep(const types::Field& column, std::shared_ptr<const Bounds> bounds);
  struct Column {
    types::Type type;  // bounds are values of it: another after a promotion
    std::shared_ptr<const Bounds> bounds;
  };

  const iceberg::ManifestFile row_;
  iceberg::PackedManifest packed_;  // changed by the constructor alone
  std::mutex mutex_;
  std::map<int, Column> columns_;  // guarded by mutex_
};

}  // namespace firn::table

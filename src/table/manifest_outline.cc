// See manifest_outline.h.
#include "table/manifest_outline.h"

#include <utility>

#include "iceberg/manifest_avro.h"

namespace firn::table {

namespace {

constexpr size_t kColumnsKept = 4;

}  // namespace

ManifestOutline::ManifestOutline(files::FileStore& store, iceberg::ManifestFile row)
    : row_(std::move(row)), packed_(store.read_all(row_.path), row_.path) {}

std::shared_ptr<const ManifestOutline::Bounds> ManifestOutline::bounds_of(
    const types::Field& column) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = columns_.find(column.id);
    if (found != columns_.end() && found->second.type == column.type) return found->second.bounds;
  }
  auto bounds = std::make_shared<const Bounds>(packed_.bounds_of(column));
  const std::lock_guard lock(mutex_);
  if (columns_.size() >= kColumnsKept && !columns_.contains(column.id))
    columns_.erase(columns_.begin());
  columns_.insert_or_assign(column.id, Column{column.type, bounds});
  return bounds;
}

std::shared_ptr<const iceberg::ManifestEntry> ManifestOutline::entry(size_t index) const {
  iceberg::Manifest one{packed_.header(), {}};
  one.entries.push_back(packed_.entry(index));
  iceberg::inherit(one, row_);
  return std::make_shared<const iceberg::ManifestEntry>(std::move(one.entries.front()));
}

int64_t ManifestOutline::bytes() const {
  return static_cast<int64_t>(packed_.bytes() +
                              packed_.size() * kColumnsKept * sizeof(types::ColumnBounds));
}

}  // namespace firn::table

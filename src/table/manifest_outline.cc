// See manifest_outline.h.
#include "table/manifest_outline.h"

#include <algorithm>
#include <utility>

#include "iceberg/manifest_avro.h"

namespace firn::table {

namespace {

constexpr size_t kColumnsKept = 4;

// As far as the list tells.
size_t entries_of(const iceberg::ManifestFile& row) {
  int64_t entries = 0;
  for (const auto& count :
       {row.added_files_count, row.existing_files_count, row.deleted_files_count})
    entries += std::max(0, count.value_or(0));
  return static_cast<size_t>(entries);
}

}  // namespace

ManifestOutline::ManifestOutline(files::FileStore& store, iceberg::ManifestFile row,
                                 std::span<const types::Field> columns)
    : row_(std::move(row)),
      packed_(store.read_all(row_.path), row_.path, columns, entries_of(row_)) {
  size_t i = 0;
  for (auto& bounds : packed_.take_bounds())
    keep(columns[i++], std::make_shared<const Bounds>(std::move(bounds)));
}

void ManifestOutline::keep(const types::Field& column, std::shared_ptr<const Bounds> bounds) {
  const std::lock_guard lock(mutex_);
  if (columns_.size() >= kColumnsKept && !columns_.contains(column.id))
    columns_.erase(columns_.begin());
  columns_.insert_or_assign(column.id, Column{column.type, std::move(bounds)});
}

std::shared_ptr<const ManifestOutline::Bounds> ManifestOutline::bounds_of(
    const types::Field& column) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = columns_.find(column.id);
    if (found != columns_.end() && found->second.type == column.type) return found->second.bounds;
  }
  auto bounds = std::make_shared<const Bounds>(packed_.bounds_of(column));
  keep(column, bounds);
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

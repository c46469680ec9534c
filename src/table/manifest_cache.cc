// See manifest_cache.h.
#include "table/manifest_cache.h"

#include <utility>

#include "table/scan.h"
#include "table/snapshot_files.h"

namespace firn::table {

namespace {

constexpr const char* kOutlinePrefix = "outline ";  // of keys; paths are the others'
constexpr int64_t kMapNodeBytes = 64;               // an allocated node of the metrics' maps, about

int64_t text_bytes(const std::map<int, std::string>& bounds) {
  int64_t bytes = 0;
  for (const auto& [id, bound] : bounds)
    bytes += kMapNodeBytes + static_cast<int64_t>(bound.size());
  return bytes;
}

int64_t decoded_bytes(const iceberg::Manifest& manifest) {
  int64_t bytes = sizeof(iceberg::Manifest);
  for (const auto& entry : manifest.entries) {
    const iceberg::DataFile& file = entry.data_file;
    const size_t counts = file.column_sizes.size() + file.value_counts.size() +
                          file.null_value_counts.size() + file.nan_value_counts.size();
    bytes += static_cast<int64_t>(sizeof(entry) + file.file_path.size() +
                                  file.partition.size() * sizeof(types::Value) +
                                  file.split_offsets.size() * sizeof(int64_t)) +
             static_cast<int64_t>(counts) * kMapNodeBytes + text_bytes(file.lower_bounds) +
             text_bytes(file.upper_bounds);
  }
  return bytes;
}

}  // namespace

std::optional<ManifestCache::Entry> ManifestCache::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return std::nullopt;
  newest_first_.splice(newest_first_.begin(), newest_first_, found->second);
  return *found->second;
}

std::shared_ptr<const iceberg::Manifest> ManifestCache::get(files::FileStore& store,
                                                            const iceberg::ManifestFile& row) {
  if (const auto found = find(row.path)) return found->manifest;
  auto manifest = std::make_shared<const iceberg::Manifest>(load_manifest(store, row));
  insert({row.path, manifest, nullptr, decoded_bytes(*manifest)});
  return manifest;
}

std::shared_ptr<ManifestOutline> ManifestCache::outline(files::FileStore& store,
                                                        const iceberg::ManifestFile& row,
                                                        std::span<const types::Field> columns) {
  const std::string key = kOutlinePrefix + row.path;
  if (const auto found = find(key)) return found->outline;
  auto outline = std::make_shared<ManifestOutline>(store, row, columns);
  insert({key, nullptr, outline, outline->bytes()});
  return outline;
}

int64_t ManifestCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

void ManifestCache::insert(Entry entry) {
  if (entry.bytes > max_bytes_) return;
  const std::lock_guard lock(mutex_);
  if (by_key_.contains(entry.key)) return;  // another scan was quicker
  bytes_ += entry.bytes;
  newest_first_.push_front(std::move(entry));
  by_key_[newest_first_.front().key] = newest_first_.begin();
  while (bytes_ > max_bytes_) {
    bytes_ -= newest_first_.back().bytes;
    by_key_.erase(newest_first_.back().key);
    newest_first_.pop_back();
  }
}

std::shared_ptr<ManifestCache> make_manifest_cache(int64_t max_bytes) {
  return std::make_shared<ManifestCache>(max_bytes);
}

}  // namespace firn::table

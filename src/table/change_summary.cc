// See change_summary.h.
#include "table/change_summary.h"

#include <charconv>
#include <optional>

#include "base/version.h"
#include "table/partition_key.h"
#include "table/summary.h"

namespace firn::table {
namespace {

struct CountKey {
  const char* added;
  const char* removed;
  int64_t (*of)(const FileCounts&);
};
const CountKey kCounts[] = {
    {"added-data-files", "deleted-data-files", [](const FileCounts& c) { return c.data_files; }},
    {"added-delete-files", "removed-delete-files",
     [](const FileCounts& c) { return c.position_delete_files + c.equality_delete_files; }},
    {"added-position-delete-files", "removed-position-delete-files",
     [](const FileCounts& c) { return c.position_delete_files; }},
    {"added-equality-delete-files", "removed-equality-delete-files",
     [](const FileCounts& c) { return c.equality_delete_files; }},
    {"added-records", "deleted-records", [](const FileCounts& c) { return c.records; }},
    {"added-files-size", "removed-files-size", [](const FileCounts& c) { return c.bytes; }},
    {"added-position-deletes", "removed-position-deletes",
     [](const FileCounts& c) { return c.position_deletes; }},
    {"added-equality-deletes", "removed-equality-deletes",
     [](const FileCounts& c) { return c.equality_deletes; }},
};
struct TotalKey {
  const char* key;
  int64_t (*of)(const FileCounts&);
};
const TotalKey kTotals[] = {
    {"total-data-files", [](const FileCounts& c) { return c.data_files; }},
    {"total-records", [](const FileCounts& c) { return c.records; }},
    {"total-files-size", [](const FileCounts& c) { return c.bytes; }},
    {"total-delete-files",
     [](const FileCounts& c) { return c.position_delete_files + c.equality_delete_files; }},
    {"total-position-deletes", [](const FileCounts& c) { return c.position_deletes; }},
    {"total-equality-deletes", [](const FileCounts& c) { return c.equality_deletes; }},
};

// nullopt where the parent has no such total or one that is not a number.
}  // namespace

void ChangeCounts::count(FileCounts& counts, const iceberg::DataFile& file) {
  counts.bytes += file.file_size_in_bytes;
  switch (file.content) {
    case iceberg::Content::kData:
      ++counts.data_files;
      counts.records += file.record_count;
      break;
    case iceberg::Content::kPositionDeletes:
      ++counts.position_delete_files;
      counts.position_deletes += file.record_count;
      break;
    case iceberg::Content::kEqualityDeletes:
      ++counts.equality_delete_files;
      counts.equality_deletes += file.record_count;
      break;
  }
  partitions_.insert(partition_key(file.spec_id, file.partition));
}

iceberg::Properties ChangeCounts::summary(const iceberg::Snapshot* parent,
                                          const iceberg::Properties& extra) const {
  iceberg::Properties summary = {{"engine-name", "firn"}, {"engine-version", kVersion}};
  for (const auto& [key, value] : extra) summary[key] = value;
  const auto set = [&summary](const char* key, int64_t count) {
    summary.erase(key);
    if (count > 0) summary[key] = std::to_string(count);
  };
  for (const CountKey& row : kCounts) {
    set(row.added, row.of(added_));
    set(row.removed, row.of(removed_));
  }
  for (const TotalKey& row : kTotals) {
    const std::optional<int64_t> before = total_before(parent, row.key);
    summary.erase(row.key);
    if (!before) continue;
    const int64_t total = *before + row.of(added_) - row.of(removed_);
    if (total >= 0) summary[row.key] = std::to_string(total);
  }
  summary["changed-partition-count"] = std::to_string(partitions_.size());
  return summary;
}

}  // namespace firn::table

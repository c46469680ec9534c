// See summary.h.
#include "table/summary.h"

#include <charconv>
#include <optional>
#include <set>

#include "base/version.h"
#include "table/partition_key.h"

namespace firn::table {

namespace {

struct Total {
  const char* key;
  int64_t SummaryCounts::* added;  // nullptr: appends do not change it
};

const Total kAppendTotals[] = {
    {"total-data-files", &SummaryCounts::added_data_files},
    {"total-records", &SummaryCounts::added_records},
    {"total-files-size", &SummaryCounts::added_bytes},
    {"total-delete-files", nullptr},
    {"total-position-deletes", nullptr},
    {"total-equality-deletes", nullptr},
};

struct Added {
  const char* key;
  int64_t SummaryCounts::* count;
};

const Added kAdded[] = {
    {"added-data-files", &SummaryCounts::added_data_files},
    {"added-records", &SummaryCounts::added_records},
    {"added-files-size", &SummaryCounts::added_bytes},
};

// nullopt where the parent has no such total or one that is not a number.
iceberg::Properties summary_of(const iceberg::Snapshot* parent, const SummaryCounts& counts,
                               const iceberg::Properties& extra) {
  iceberg::Properties summary = {{"engine-name", "firn"}, {"engine-version", kVersion}};
  for (const auto& [key, value] : extra) summary[key] = value;
  for (const Total& total : kAppendTotals) {
    const std::optional<int64_t> before = total_before(parent, total.key);
    summary.erase(total.key);
    if (before)
      summary[total.key] = std::to_string(*before + (total.added ? counts.*total.added : 0));
  }
  return summary;
}

}  // namespace

std::optional<int64_t> total_before(const iceberg::Snapshot* parent, const char* key) {
  if (parent == nullptr) return 0;
  const auto found = parent->summary.find(key);
  if (found == parent->summary.end()) return std::nullopt;
  int64_t number = 0;
  const char* last = found->second.data() + found->second.size();
  const auto [end, problem] = std::from_chars(found->second.data(), last, number);
  if (problem != std::errc() || end != last) return std::nullopt;
  return number;
}

SummaryCounts count_added(const std::vector<iceberg::DataFile>& files) {
  SummaryCounts counts;
  std::set<std::string> partitions;
  for (const auto& file : files) {
    counts.added_data_files += 1;
    counts.added_records += file.record_count;
    counts.added_bytes += file.file_size_in_bytes;
    partitions.insert(partition_key(file.spec_id, file.partition));
  }
  counts.changed_partitions = static_cast<int64_t>(partitions.size());
  return counts;
}

iceberg::Properties append_summary(const iceberg::Snapshot* parent, const SummaryCounts& counts,
                                   const iceberg::Properties& extra) {
  iceberg::Properties summary = summary_of(parent, counts, extra);
  for (const Added& added : kAdded) {
    summary.erase(added.key);
    if (counts.*added.count > 0) summary[added.key] = std::to_string(counts.*added.count);
  }
  summary["changed-partition-count"] = std::to_string(counts.changed_partitions);
  return summary;
}

iceberg::Properties replace_summary(const iceberg::Snapshot* parent,
                                    const iceberg::Properties& extra) {
  iceberg::Properties summary = summary_of(parent, {}, extra);
  summary["changed-partition-count"] = "0";
  return summary;
}

}  // namespace firn::table

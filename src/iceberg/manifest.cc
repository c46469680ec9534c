// Inheritance and summaries of manifests (specification, "Sequence Number Inheritance", "First Row
// ID Inheritance").
#include "iceberg/manifest.h"

#include "iceberg/avro_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "iceberg/manifest_avro.h"

namespace firn::iceberg {

namespace {

using types::Value;

// One partition field over the entries of a manifest.
struct FieldStats {
  bool contains_null = false;
  bool contains_nan = false;
  std::optional<Value> lower, upper;

  void add(const Value& value) {
    if (types::is_null(value)) {
      contains_null = true;
    } else if (is_nan(value)) {
      contains_nan = true;
    } else {
      if (!lower || types::compare(value, *lower) < 0) lower = value;
      if (!upper || types::compare(value, *upper) > 0) upper = value;
    }
  }

  FieldSummary summary(const types::Type& type) const {
    const auto bytes = [&](const std::optional<Value>& value) {
      return value ? std::optional(types::to_single_value_bytes(*value, type)) : std::nullopt;
    };
    return {contains_null, contains_nan, bytes(lower), bytes(upper)};
  }

 private:
  static bool is_nan(const Value& value) {
    if (const auto* number = std::get_if<float>(&value)) return std::isnan(*number);
    if (const auto* number = std::get_if<double>(&value)) return std::isnan(*number);
    return false;
  }
};

std::vector<FieldSummary> partition_summaries(const Manifest& manifest) {
  const types::Type type = manifest.header.spec.partition_type(manifest.header.schema);
  std::vector<FieldStats> stats(type.fields().size());
  for (const ManifestEntry& entry : manifest.entries) {
    FIRN_CHECK(entry.data_file.partition.size() == stats.size(),
               "a data file has one partition value for each field of its spec");
    for (size_t i = 0; i < stats.size(); ++i)
      stats[i].add(widened(entry.data_file.partition[i], type.fields()[i].type));
  }
  std::vector<FieldSummary> summaries;
  for (size_t i = 0; i < stats.size(); ++i)
    summaries.push_back(stats[i].summary(type.fields()[i].type));
  return summaries;
}

// Tables from before sequence numbers: every entry has 0. Else only what was added takes the
// manifest's.
bool inherits_numbers(const ManifestEntry& entry, const ManifestFile& file) {
  return entry.status == EntryStatus::kAdded || file.sequence_number == 0;
}

}  // namespace

void inherit(Manifest& manifest, const ManifestFile& file) {
  std::optional<int64_t> next_row_id =
      manifest.header.is_deletes ? std::nullopt : file.first_row_id;
  for (ManifestEntry& entry : manifest.entries) {
    entry.data_file.spec_id = file.partition_spec_id;
    if (!entry.snapshot_id) entry.snapshot_id = file.added_snapshot_id;
    if (inherits_numbers(entry, file)) {
      if (!entry.sequence_number) entry.sequence_number = file.sequence_number;
      if (!entry.file_sequence_number) entry.file_sequence_number = file.sequence_number;
    }
    if (entry.status != EntryStatus::kDeleted && !entry.sequence_number) {
      throw_corrupt(fmt::format("{}: the entry of {} is EXISTING and has no sequence_number",
                                file.path, entry.data_file.file_path));
    }
    if (entry.status == EntryStatus::kDeleted) continue;
    if (!next_row_id) {
      // No ids were given to this manifest: its snapshot is older than the table's row lineage.
      entry.data_file.first_row_id.reset();
    } else if (!entry.data_file.first_row_id) {
      entry.data_file.first_row_id = next_row_id;
      *next_row_id += entry.data_file.record_count;
    }
  }
}

ManifestFile summarize(const Manifest& manifest, SequenceNumber next_sequence_number) {
  ManifestFile file;
  file.partition_spec_id = manifest.header.spec.spec_id;
  file.is_deletes = manifest.header.is_deletes;
  file.min_sequence_number = next_sequence_number;
  int files[3] = {0, 0, 0};
  int64_t rows[3] = {0, 0, 0};
  for (const ManifestEntry& entry : manifest.entries) {
    const auto status = static_cast<size_t>(entry.status);
    files[status] += 1;
    rows[status] += entry.data_file.record_count;
    if (entry.status == EntryStatus::kDeleted) continue;
    file.min_sequence_number =
        std::min(file.min_sequence_number, entry.sequence_number.value_or(next_sequence_number));
  }
  const auto existing = static_cast<size_t>(EntryStatus::kExisting);
  const auto added = static_cast<size_t>(EntryStatus::kAdded);
  const auto deleted = static_cast<size_t>(EntryStatus::kDeleted);
  file.existing_files_count = files[existing];
  file.existing_rows_count = rows[existing];
  file.added_files_count = files[added];
  file.added_rows_count = rows[added];
  file.deleted_files_count = files[deleted];
  file.deleted_rows_count = rows[deleted];
  file.partitions = partition_summaries(manifest);
  return file;
}

}  // namespace firn::iceberg

// Manifests and manifest lists of format v2 → Avro, as the reference implementation writes them.
#include <fmt/format.h>

#include "base/error.h"
#include "iceberg/avro_schema.h"
#include "iceberg/avro_value.h"
#include "iceberg/avro_writer.h"
#include "iceberg/format.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/manifest_schema.h"
#include "iceberg/metadata_json.h"

namespace firn::iceberg {

namespace {

void check_version(int format_version, const char* what) {
  if (format_version <= kNewestWritten) return;
  throw_unsupported(fmt::format("writing a {} of format version {}", what, format_version));
}

template <typename T, typename Put>
void put_optional(AvroEncoder& out, const std::optional<T>& value, Put put) {
  if (!value) return out.put_null();
  out.put_some();
  put(*value);
}

void put_optional_long(AvroEncoder& out, const std::optional<int64_t>& value) {
  put_optional(out, value, [&](int64_t number) { out.put_long(number); });
}

void put_optional_bytes(AvroEncoder& out, const std::optional<std::string>& value) {
  put_optional(out, value, [&](const std::string& bytes) { out.put_bytes(bytes); });
}

// An optional array; empty is written as null.
template <typename Items, typename Put>
void put_items(AvroEncoder& out, const Items& items, Put put) {
  if (items.empty()) return out.put_null();
  out.put_some();
  out.put_long(static_cast<int64_t>(items.size()));
  for (const auto& item : items) put(item);
  out.put_long(0);
}

// A map of metrics; empty is null too, unless the file says that it is there.
bool put_empty_map(AvroEncoder& out, const DataFile& file, MetricsMap map, bool empty) {
  if (!empty || (file.empty_maps & map) == 0) return false;
  out.put_some();
  out.put_long(0);
  return true;
}

void put_counts(AvroEncoder& out, const DataFile& file, const std::map<int, int64_t>& counts,
                MetricsMap map) {
  if (put_empty_map(out, file, map, counts.empty())) return;
  put_items(out, counts, [&](const auto& entry) {
    out.put_long(entry.first);
    out.put_long(entry.second);
  });
}

void put_bounds(AvroEncoder& out, const DataFile& file, const std::map<int, std::string>& bounds,
                MetricsMap map) {
  if (put_empty_map(out, file, map, bounds.empty())) return;
  put_items(out, bounds, [&](const auto& entry) {
    out.put_long(entry.first);
    out.put_bytes(entry.second);
  });
}

void put_partition(AvroEncoder& out, const std::vector<types::Value>& partition,
                   const types::Type& type) {
  FIRN_CHECK(partition.size() == type.fields().size(),
             "a data file has one partition value for each field of its spec");
  for (size_t i = 0; i < partition.size(); ++i) {
    if (types::is_null(partition[i])) {
      out.put_null();
      continue;
    }
    out.put_some();
    write_avro_value(out, widened(partition[i], type.fields()[i].type), type.fields()[i].type);
  }
}

// Fields in the order of manifest_entry_type().
void put_data_file(AvroEncoder& out, const DataFile& file, const types::Type& partition_type) {
  out.put_long(static_cast<int64_t>(file.content));
  out.put_bytes(file.file_path);
  out.put_bytes(file.file_format);
  put_partition(out, file.partition, partition_type);
  out.put_long(file.record_count);
  out.put_long(file.file_size_in_bytes);
  put_counts(out, file, file.column_sizes, kColumnSizes);
  put_counts(out, file, file.value_counts, kValueCounts);
  put_counts(out, file, file.null_value_counts, kNullValueCounts);
  put_counts(out, file, file.nan_value_counts, kNanValueCounts);
  put_bounds(out, file, file.lower_bounds, kLowerBounds);
  put_bounds(out, file, file.upper_bounds, kUpperBounds);
  put_optional_bytes(out, file.key_metadata);
  put_items(out, file.split_offsets, [&](int64_t offset) { out.put_long(offset); });
  put_items(out, file.equality_ids, [&](int id) { out.put_long(id); });
  put_optional(out, file.sort_order_id, [&](int id) { out.put_long(id); });
  put_optional_bytes(out, file.referenced_data_file);
}

// ADDED entries may leave both numbers to inheritance; others must keep what they had.
void check_numbers(const ManifestEntry& entry) {
  if (entry.status == EntryStatus::kAdded) return;
  if (entry.snapshot_id && entry.sequence_number && entry.file_sequence_number) return;
  throw_invalid(fmt::format(
      "the manifest entry of {} is not ADDED and lacks its snapshot id or sequence numbers",
      entry.data_file.file_path));
}

void put_entry(AvroEncoder& out, const ManifestEntry& entry, const types::Type& partition_type) {
  check_numbers(entry);
  out.put_long(static_cast<int64_t>(entry.status));
  put_optional_long(out, entry.snapshot_id);
  put_optional_long(out, entry.sequence_number);
  put_optional_long(out, entry.file_sequence_number);
  put_data_file(out, entry.data_file, partition_type);
}

void put_summary(AvroEncoder& out, const FieldSummary& summary) {
  out.put_boolean(summary.contains_null);
  put_optional(out, summary.contains_nan, [&](bool nan) { out.put_boolean(nan); });
  put_optional_bytes(out, summary.lower_bound);
  put_optional_bytes(out, summary.upper_bound);
}

template <typename T>
int64_t count_of(const ManifestFile& file, const std::optional<T>& count, const char* name) {
  if (!count)
    throw_unsupported(fmt::format("listing the manifest {} without {}, which format v2 requires",
                                  file.path, name));
  return *count;
}

// Fields in the order of manifest_file_type().
void put_manifest_file(AvroEncoder& out, const ManifestFile& file) {
  out.put_bytes(file.path);
  out.put_long(file.length);
  out.put_long(file.partition_spec_id);
  out.put_long(file.is_deletes ? 1 : 0);
  out.put_long(file.sequence_number);
  out.put_long(file.min_sequence_number);
  out.put_long(file.added_snapshot_id);
  out.put_long(count_of(file, file.added_files_count, "added_files_count"));
  out.put_long(count_of(file, file.existing_files_count, "existing_files_count"));
  out.put_long(count_of(file, file.deleted_files_count, "deleted_files_count"));
  out.put_long(count_of(file, file.added_rows_count, "added_rows_count"));
  out.put_long(count_of(file, file.existing_rows_count, "existing_rows_count"));
  out.put_long(count_of(file, file.deleted_rows_count, "deleted_rows_count"));
  put_items(out, file.partitions, [&](const FieldSummary& summary) { put_summary(out, summary); });
  put_optional_bytes(out, file.key_metadata);
}

// The container's own schema, which the reference implementation keeps beside Avro's.
std::string iceberg_schema(const types::Type& structure) {
  return write_schema({0, structure.fields(), {}});
}

}  // namespace

std::string write_manifest(const Manifest& manifest) {
  const ManifestHeader& header = manifest.header;
  check_version(header.format_version, "manifest");
  const types::Type partition_type = header.spec.partition_type(header.schema);
  const types::Type entry_type = manifest_entry_type(partition_type);
  AvroFileWriter writer(avro_schema_of(entry_type, "manifest_entry"),
                        {{"schema", write_schema(header.schema)},
                         {"schema-id", std::to_string(header.schema.schema_id)},
                         {"partition-spec", write_partition_fields(header.spec)},
                         {"partition-spec-id", std::to_string(header.spec.spec_id)},
                         {"format-version", std::to_string(kNewestWritten)},
                         {"content", header.is_deletes ? "deletes" : "data"},
                         {"iceberg.schema", iceberg_schema(entry_type)}});
  for (const ManifestEntry& entry : manifest.entries) {
    FIRN_CHECK((entry.data_file.content != Content::kData) == header.is_deletes,
               "a manifest holds data or deletes");
    put_entry(writer.encoder(), entry, partition_type);
    writer.end_object();
  }
  return std::move(writer).finish();
}

std::string write_manifest_list(const ManifestListHeader& header,
                                const std::vector<ManifestFile>& manifests) {
  check_version(header.format_version, "manifest list");
  const types::Type type = manifest_file_type();
  AvroFileWriter writer(
      avro_schema_of(type, "manifest_file"),
      {{"snapshot-id", std::to_string(header.snapshot_id)},
       {"parent-snapshot-id",
        header.parent_snapshot_id ? std::to_string(*header.parent_snapshot_id) : "null"},
       {"sequence-number", std::to_string(header.sequence_number)},
       {"format-version", std::to_string(kNewestWritten)},
       {"iceberg.schema", iceberg_schema(type)}});
  for (const ManifestFile& file : manifests) {
    put_manifest_file(writer.encoder(), file);
    writer.end_object();
  }
  return std::move(writer).finish();
}

}  // namespace firn::iceberg

// Avro → manifests and manifest lists of format v1, v2 and v3, by field id.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "base/error.h"
#include "iceberg/avro_record.h"
#include "iceberg/avro_value.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/manifest_reader.h"
#include "iceberg/metadata_json.h"

namespace firn::iceberg {

namespace {

constexpr size_t kMaxRecords =
    4'000'000;  // a few bytes of a damaged file must not become all memory
constexpr auto kOptional = Presence::kOptional;
constexpr auto kRequired = Presence::kRequired;

void read_counts(AvroValue& value, DataFile& file, std::map<int, int64_t>& counts, MetricsMap map) {
  read_int_map(value, [&](int id, AvroValue& held) {
    counts.insert_or_assign(counts.end(), id, held.as_long());
  });
  if (counts.empty()) file.empty_maps |= map;
}

void read_bounds(AvroValue& value, DataFile& file, std::map<int, std::string>& bounds,
                 MetricsMap map) {
  read_int_map(value, [&](int id, AvroValue& held) {
    bounds.insert_or_assign(bounds.end(), id, held.as_bytes());
  });
  if (bounds.empty()) file.empty_maps |= map;
}

int64_t not_negative(AvroValue& value) {
  const int64_t number = value.as_long();
  if (number < 0) value.decoder().fail(fmt::format("{} is {}", value.field(), number));
  return number;
}

int file_count(AvroValue& value) {
  const int number = value.as_int();
  if (number < 0) value.decoder().fail(fmt::format("{} is {}", value.field(), number));
  return number;
}

std::string required_path(AvroValue& value) {
  std::string path = value.as_string();
  if (path.empty()) value.decoder().fail(fmt::format("{} is empty", value.field()));
  return path;
}

// clang-format off: one row a field
constexpr AvroFieldRule<DataFile> kDataFileRules[] = {
    {134, "content", kOptional, [](AvroValue& v, DataFile& f) { f.content = static_cast<Content>(read_in_range(v, 2)); }},
    {100, "file_path", kRequired, [](AvroValue& v, DataFile& f) { f.file_path = required_path(v); }},
    {101, "file_format", kRequired, [](AvroValue& v, DataFile& f) { f.file_format = upper_case(v.as_string()); }},
    {103, "record_count", kRequired, [](AvroValue& v, DataFile& f) { f.record_count = not_negative(v); }},
    {104, "file_size_in_bytes", kRequired, [](AvroValue& v, DataFile& f) { f.file_size_in_bytes = not_negative(v); }},
    {108, "column_sizes", kOptional, [](AvroValue& v, DataFile& f) { read_counts(v, f, f.column_sizes, kColumnSizes); }},
    {109, "value_counts", kOptional, [](AvroValue& v, DataFile& f) { read_counts(v, f, f.value_counts, kValueCounts); }},
    {110, "null_value_counts", kOptional, [](AvroValue& v, DataFile& f) { read_counts(v, f, f.null_value_counts, kNullValueCounts); }},
    {137, "nan_value_counts", kOptional, [](AvroValue& v, DataFile& f) { read_counts(v, f, f.nan_value_counts, kNanValueCounts); }},
    {125, "lower_bounds", kOptional, [](AvroValue& v, DataFile& f) { read_bounds(v, f, f.lower_bounds, kLowerBounds); }},
    {128, "upper_bounds", kOptional, [](AvroValue& v, DataFile& f) { read_bounds(v, f, f.upper_bounds, kUpperBounds); }},
    {131, "key_metadata", kOptional, [](AvroValue& v, DataFile& f) { f.key_metadata = v.as_bytes(); }},
    {132, "split_offsets", kOptional, [](AvroValue& v, DataFile& f) {
       v.for_each_element([&](AvroValue offset) { f.split_offsets.push_back(offset.as_long()); });
     }},
    {135, "equality_ids", kOptional, [](AvroValue& v, DataFile& f) {
       v.for_each_element([&](AvroValue id) { f.equality_ids.push_back(id.as_int()); });
     }},
    {140, "sort_order_id", kOptional, [](AvroValue& v, DataFile& f) { f.sort_order_id = v.as_int(); }},
    {142, "first_row_id", kOptional, [](AvroValue& v, DataFile& f) { f.first_row_id = v.as_long(); }},
    {143, "referenced_data_file", kOptional, [](AvroValue& v, DataFile& f) { f.referenced_data_file = v.as_string(); }},
    {144, "content_offset", kOptional, [](AvroValue& v, DataFile& f) { f.content_offset = v.as_long(); }},
    {145, "content_size_in_bytes", kOptional, [](AvroValue& v, DataFile& f) { f.content_size_in_bytes = v.as_long(); }},
};

constexpr AvroFieldRule<ManifestEntry> kEntryRules[] = {
    {0, "status", kRequired, [](AvroValue& v, ManifestEntry& e) { e.status = static_cast<EntryStatus>(read_in_range(v, 2)); }},
    {1, "snapshot_id", kOptional, [](AvroValue& v, ManifestEntry& e) { e.snapshot_id = v.as_long(); }},
    {3, "sequence_number", kOptional, [](AvroValue& v, ManifestEntry& e) { e.sequence_number = v.as_long(); }},
    {4, "file_sequence_number", kOptional, [](AvroValue& v, ManifestEntry& e) { e.file_sequence_number = v.as_long(); }},
};

constexpr AvroFieldRule<FieldSummary> kSummaryRules[] = {
    {509, "contains_null", kRequired, [](AvroValue& v, FieldSummary& s) { s.contains_null = v.as_boolean(); }},
    {518, "contains_nan", kOptional, [](AvroValue& v, FieldSummary& s) { s.contains_nan = v.as_boolean(); }},
    {510, "lower_bound", kOptional, [](AvroValue& v, FieldSummary& s) { s.lower_bound = v.as_bytes(); }},
    {511, "upper_bound", kOptional, [](AvroValue& v, FieldSummary& s) { s.upper_bound = v.as_bytes(); }},
};

void read_summaries(AvroValue& value, ManifestFile& file) {
  AvroRecordReader<FieldSummary> reader(kSummaryRules);
  value.for_each_element([&](AvroValue element) { reader.read(element, file.partitions.emplace_back()); });
}

constexpr AvroFieldRule<ManifestFile> kManifestFileRules[] = {
    {500, "manifest_path", kRequired, [](AvroValue& v, ManifestFile& f) { f.path = required_path(v); }},
    {501, "manifest_length", kRequired, [](AvroValue& v, ManifestFile& f) { f.length = not_negative(v); }},
    {502, "partition_spec_id", kRequired, [](AvroValue& v, ManifestFile& f) { f.partition_spec_id = v.as_int(); }},
    {517, "content", kOptional, [](AvroValue& v, ManifestFile& f) { f.is_deletes = read_in_range(v, 1) == 1; }},
    {515, "sequence_number", kOptional, [](AvroValue& v, ManifestFile& f) { f.sequence_number = v.as_long(); }},
    {516, "min_sequence_number", kOptional, [](AvroValue& v, ManifestFile& f) { f.min_sequence_number = v.as_long(); }},
    {503, "added_snapshot_id", kOptional, [](AvroValue& v, ManifestFile& f) { f.added_snapshot_id = v.as_long(); }},
    {504, "added_files_count", kOptional, [](AvroValue& v, ManifestFile& f) { f.added_files_count = file_count(v); }},
    {505, "existing_files_count", kOptional, [](AvroValue& v, ManifestFile& f) { f.existing_files_count = file_count(v); }},
    {506, "deleted_files_count", kOptional, [](AvroValue& v, ManifestFile& f) { f.deleted_files_count = file_count(v); }},
    {512, "added_rows_count", kOptional, [](AvroValue& v, ManifestFile& f) { f.added_rows_count = not_negative(v); }},
    {513, "existing_rows_count", kOptional, [](AvroValue& v, ManifestFile& f) { f.existing_rows_count = not_negative(v); }},
    {514, "deleted_rows_count", kOptional, [](AvroValue& v, ManifestFile& f) { f.deleted_rows_count = not_negative(v); }},
    {507, "partitions", kOptional, read_summaries},
    {519, "key_metadata", kOptional, [](AvroValue& v, ManifestFile& f) { f.key_metadata = v.as_bytes(); }},
    {520, "first_row_id", kOptional, [](AvroValue& v, ManifestFile& f) { f.first_row_id = v.as_long(); }},
};
// clang-format on

// The type that the manifest's own schema gives a partition field; nothing where its source column
// is not in it.
std::vector<std::optional<types::Type>> partition_types(const ManifestHeader& header) {
  std::vector<std::optional<types::Type>> result;
  for (const types::PartitionField& field : header.spec.fields) {
    const types::Field* source = header.schema.find(field.source_id);
    const bool known = source != nullptr && types::can_transform(field.transform, source->type);
    result.push_back(known ? std::optional(types::result_type(field.transform, source->type))
                           : std::nullopt);
  }
  return result;
}

std::optional<std::string> value_of(const AvroFile& file, const char* key) {
  const auto found = file.metadata().find(key);
  return found == file.metadata().end() ? std::nullopt : std::optional(found->second);
}

int int_of(const AvroFile& file, const char* key, int otherwise, const std::string& name) {
  const auto text = value_of(file, key);
  if (!text) return otherwise;
  int number = 0;
  const char* end = text->data() + text->size();
  if (const auto result = std::from_chars(text->data(), end, number);
      result.ec != std::errc() || result.ptr != end) {
    throw_corrupt(fmt::format("{}: header key {} is '{}', not a number", name, key, *text));
  }
  return number;
}

// Runs `parse`, adding the file's name to what it throws.
template <typename Parse>
auto parse_header(const std::string& name, const char* key, Parse parse) {
  try {
    return parse();
  } catch (const Error& error) {
    throw_corrupt(fmt::format("{}: header key {}: {}", name, key, error.message()));
  }
}

}  // namespace

// Header keys as the specification has them. Java never writes schema-id (the schema carries its
// own); v1 manifests may leave out all but schema and partition-spec.
ManifestHeader read_manifest_header(const AvroFile& file, const std::string& name) {
  ManifestHeader header;
  header.format_version = int_of(file, "format-version", 1, name);
  if (header.format_version < 1 || header.format_version > 3) {
    throw_unsupported(
        fmt::format("{}: a manifest of format version {}", name, header.format_version));
  }
  const auto schema = value_of(file, "schema");
  if (!schema) throw_corrupt(fmt::format("{}: header key schema is missing", name));
  header.schema = parse_header(name, "schema", [&] { return parse_schema(*schema); });
  const auto spec = value_of(file, "partition-spec");
  if (!spec) throw_corrupt(fmt::format("{}: header key partition-spec is missing", name));
  header.spec.spec_id = int_of(file, "partition-spec-id", 0, name);
  const bool whole =
      spec->starts_with("{");  // some writers put the whole spec where its fields belong
  header.spec.fields = parse_header(name, "partition-spec", [&] {
    return whole ? parse_partition_spec(*spec).fields : parse_partition_fields(*spec);
  });
  const std::string content = value_of(file, "content").value_or("data");
  if (content != "data" && content != "deletes") {
    throw_corrupt(
        fmt::format("{}: header key content is '{}', neither data nor deletes", name, content));
  }
  header.is_deletes = content == "deletes";
  return header;
}

void check_record_count(size_t count, const std::string& name) {
  if (count >= kMaxRecords)
    throw_corrupt(fmt::format("{}: more than {} records", name, kMaxRecords));
}

int read_in_range(AvroValue& value, int highest) {
  const int number = value.as_int();
  if (number < 0 || number > highest)
    value.decoder().fail(fmt::format("{} is {}", value.field(), number));
  return number;
}

PartitionReader::PartitionReader(const ManifestHeader& header)
    : header_(header), types_(partition_types(header)) {}

// By field id; v1 writers did not have to keep ids, so there the position decides where no id fits.
void PartitionReader::read(AvroValue& record, std::vector<types::Value>& partition) {
  if (bound_ != &record.node()) bind(record);
  partition.assign(header_.spec.fields.size(), types::Null{});
  const std::vector<AvroField>& fields = record.node().fields;
  for (size_t i = 0; i < fields.size(); ++i) {
    AvroValue value(record.decoder(), record.schema(), fields[i].node, fields[i].name);
    if (positions_[i] < 0) {
      value.skip();
      continue;
    }
    const auto at = static_cast<size_t>(positions_[i]);
    types::Value read = read_avro_value(value);
    partition[at] = types_[at] ? conform(std::move(read), *types_[at], value) : std::move(read);
  }
}

void PartitionReader::bind(AvroValue& record) {
  if (record.node().kind != AvroKind::kRecord) record.fail_kind("record");
  const std::vector<AvroField>& fields = record.node().fields;
  positions_.assign(fields.size(), -1);
  size_t bound = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    for (size_t j = 0; j < header_.spec.fields.size(); ++j) {
      if (fields[i].field_id != header_.spec.fields[j].field_id) continue;
      positions_[i] = static_cast<int>(j);
      ++bound;
    }
  }
  if (bound == 0 && header_.format_version == 1 && fields.size() == header_.spec.fields.size()) {
    for (size_t i = 0; i < fields.size(); ++i) positions_[i] = static_cast<int>(i);
    bound = fields.size();
  }
  if (bound != header_.spec.fields.size()) {
    record.decoder().fail(
        "the partition's field ids are not those of the manifest's partition-spec");
  }
  bound_ = &record.node();
}

ManifestEntryReader::ManifestEntryReader(const ManifestHeader& header)
    : header_(header), partitions_(header), entries_(kEntryRules), files_(kDataFileRules) {}

ManifestEntry ManifestEntryReader::read(AvroValue& record) {
  ManifestEntry entry;
  bool has_file = false;
  entries_.read(record, entry, [&](const AvroField& field, AvroValue& value) {
    if (field.field_id != kEntryDataFileFieldId || value.is_null()) return false;
    has_file = true;
    read_file(value, entry.data_file);
    return true;
  });
  if (!has_file) record.decoder().fail("a manifest entry has no data_file (2)");
  return entry;
}

void ManifestEntryReader::read_file(AvroValue& record, DataFile& file) {
  file.spec_id = header_.spec.spec_id;
  bool has_partition = false;
  files_.read(record, file, [&](const AvroField& field, AvroValue& value) {
    if (field.field_id != kPartitionFieldId || value.is_null()) return false;
    has_partition = true;
    partitions_.read(value, file.partition);
    return true;
  });
  if ((file.content != Content::kData) != header_.is_deletes) {
    record.decoder().fail(fmt::format("{} is a {} file in a manifest of {}", file.file_path,
                                      header_.is_deletes ? "data" : "delete",
                                      header_.is_deletes ? "deletes" : "data"));
  }
  if (!has_partition && !header_.spec.fields.empty())
    record.decoder().fail("a data file has no partition (102)");
}

Manifest read_manifest(std::string_view bytes, const std::string& name) {
  AvroFile file(bytes, name);
  Manifest manifest;
  manifest.header = read_manifest_header(file, name);
  ManifestEntryReader reader(manifest.header);
  file.for_each([&](AvroValue record) {
    check_record_count(manifest.entries.size(), name);
    manifest.entries.push_back(reader.read(record));
  });
  return manifest;
}

std::vector<ManifestFile> read_manifest_list(std::string_view bytes, const std::string& name) {
  AvroFile file(bytes, name);
  AvroRecordReader<ManifestFile> reader(kManifestFileRules);
  std::vector<ManifestFile> manifests;
  file.for_each([&](AvroValue record) {
    check_record_count(manifests.size(), name);
    reader.read(record, manifests.emplace_back());
  });
  return manifests;
}

}  // namespace firn::iceberg

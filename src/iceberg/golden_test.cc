// Tables written by the reference implementation (through Spark) and by PyIceberg, under
// test/data/iceberg, against what fastavro sees in them (expected.json). The files are made by
// make_golden.py there.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/error.h"
#include "iceberg/avro_reader.h"
#include "iceberg/json_cursor.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/metadata_json.h"
#include "iceberg/packed_manifest.h"

namespace firn::iceberg {
namespace {

std::filesystem::path folder(const std::string& table) {
  return std::filesystem::path("test/data/iceberg") / table;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path << " (run from the project's root)";
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string hex(std::string_view bytes) {
  std::string text = "hex:";
  for (const unsigned char c : bytes) {
    text += "0123456789abcdef"[c >> 4];
    text += "0123456789abcdef"[c & 15];
  }
  return text;
}

std::string decimal_text(__int128 value) {
  const bool negative = value < 0;
  std::string digits;
  for (unsigned __int128 rest = negative ? -static_cast<unsigned __int128>(value)
                                         : static_cast<unsigned __int128>(value);
       rest != 0 || digits.empty(); rest /= 10) {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
  }
  return "dec:" + (negative ? "-" + digits : digits);
}

// A value without a type, as make_golden.py writes it.
struct Plain {
  Json operator()(types::Null) const { return nullptr; }
  Json operator()(bool value) const { return value; }
  Json operator()(int32_t value) const { return value; }
  Json operator()(int64_t value) const { return value; }
  Json operator()(float value) const { return (*this)(static_cast<double>(value)); }
  Json operator()(double value) const {
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    std::string bytes;
    for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(bits >> shift));
    return "f64:" + hex(bytes).substr(4);
  }
  Json operator()(types::Decimal value) const { return decimal_text(value.unscaled); }
  Json operator()(const std::string& value) const { return value; }
  Json operator()(const types::Bytes& value) const { return hex(value.data); }
};

template <typename T>
Json plain(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}
Json plain_bytes(const std::optional<std::string>& value) {
  return value ? Json(hex(*value)) : Json();
}
Json plain(const std::map<int, int64_t>& counts) {
  Json array = Json::array();
  for (const auto& [id, count] : counts) array.push_back({id, count});
  return array;
}
Json plain(const std::map<int, std::string>& bounds) {
  Json array = Json::array();
  for (const auto& [id, bytes] : bounds) array.push_back({id, hex(bytes)});
  return array;
}

Json plain(const DataFile& file, const types::PartitionSpec& spec) {
  Json json;
  json["content"] = static_cast<int>(file.content);
  json["file_path"] = file.file_path;
  json["file_format"] = file.file_format;
  json["partition"] = Json::object();
  for (size_t i = 0; i < spec.fields.size(); ++i) {
    json["partition"][spec.fields[i].name] = std::visit(Plain{}, file.partition[i]);
  }
  json["record_count"] = file.record_count;
  json["file_size_in_bytes"] = file.file_size_in_bytes;
  json["column_sizes"] = plain(file.column_sizes);
  json["value_counts"] = plain(file.value_counts);
  json["null_value_counts"] = plain(file.null_value_counts);
  json["nan_value_counts"] = plain(file.nan_value_counts);
  json["lower_bounds"] = plain(file.lower_bounds);
  json["upper_bounds"] = plain(file.upper_bounds);
  json["key_metadata"] = plain_bytes(file.key_metadata);
  json["split_offsets"] = file.split_offsets;
  json["equality_ids"] = file.equality_ids;
  json["sort_order_id"] = plain(file.sort_order_id);
  json["first_row_id"] = plain(file.first_row_id);
  json["referenced_data_file"] = plain(file.referenced_data_file);
  json["content_offset"] = plain(file.content_offset);
  json["content_size_in_bytes"] = plain(file.content_size_in_bytes);
  return json;
}

Json plain(const ManifestEntry& entry, const types::PartitionSpec& spec) {
  Json json;
  json["status"] = static_cast<int>(entry.status);
  json["snapshot_id"] = plain(entry.snapshot_id);
  json["sequence_number"] = plain(entry.sequence_number);
  json["file_sequence_number"] = plain(entry.file_sequence_number);
  json["data_file"] = plain(entry.data_file, spec);
  return json;
}

Json plain(const ManifestFile& file) {
  Json json;
  json["manifest_path"] = file.path;
  json["manifest_length"] = file.length;
  json["partition_spec_id"] = file.partition_spec_id;
  json["content"] = file.is_deletes ? 1 : 0;
  json["sequence_number"] = file.sequence_number;
  json["min_sequence_number"] = file.min_sequence_number;
  json["added_snapshot_id"] = file.added_snapshot_id;
  json["added_files_count"] = plain(file.added_files_count);
  json["existing_files_count"] = plain(file.existing_files_count);
  json["deleted_files_count"] = plain(file.deleted_files_count);
  json["added_rows_count"] = plain(file.added_rows_count);
  json["existing_rows_count"] = plain(file.existing_rows_count);
  json["deleted_rows_count"] = plain(file.deleted_rows_count);
  json["partitions"] = Json::array();
  for (const FieldSummary& summary : file.partitions) {
    json["partitions"].push_back({{"contains_null", summary.contains_null},
                                  {"contains_nan", plain(summary.contains_nan)},
                                  {"lower_bound", plain_bytes(summary.lower_bound)},
                                  {"upper_bound", plain_bytes(summary.upper_bound)}});
  }
  json["key_metadata"] = plain_bytes(file.key_metadata);
  json["first_row_id"] = plain(file.first_row_id);
  return json;
}

// Null, empty and absent say the same; lists of pairs are maps.
Json normal(const Json& json) {
  if (json.is_object()) {
    Json result = Json::object();
    for (const auto& [key, value] : json.items()) {
      Json inner = normal(value);
      if (!inner.is_null() && !(inner.is_structured() && inner.empty()))
        result[key] = std::move(inner);
    }
    return result;
  }
  if (!json.is_array()) return json;
  Json result = Json::array();
  for (const Json& element : json) result.push_back(normal(element));
  const bool pairs = !result.empty() && result[0].is_array() && result[0].size() == 2;
  if (pairs) std::sort(result.begin(), result.end());
  return result;
}

// v1 lists and manifests have fields that are no longer written, and lack some that have a meaning
// where absent.
void drop_v1_only(Json& record) {
  Json& file = record.contains("data_file") ? record["data_file"] : record;
  for (const char* name :
       {"block_size_in_bytes", "content", "sequence_number", "min_sequence_number"})
    file.erase(name);
}

class Golden : public testing::TestWithParam<const char*> {
 protected:
  std::filesystem::path at(const std::string& file) const { return folder(GetParam()) / file; }
  Json expected() const { return Json::parse(read_file(at("expected.json"))); }
  TableMetadata metadata() const { return parse_table_metadata(read_file(at("metadata.json"))); }
  bool by_java() const { return std::string_view(GetParam()).starts_with("spark"); }
};

class GoldenV2 : public Golden {};  // only v2 is written

TEST_P(Golden, ManifestLists) {
  const Json expected_lists = expected()["lists"];
  ASSERT_FALSE(expected_lists.empty());
  const bool v1 = metadata().format_version == 1;
  for (const auto& [name, rows] : expected_lists.items()) {
    const std::vector<ManifestFile> manifests = read_manifest_list(read_file(at(name)), name);
    ASSERT_EQ(manifests.size(), rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      Json want = rows[i];
      Json have = plain(manifests[i]);
      if (v1) drop_v1_only(want), drop_v1_only(have);
      EXPECT_EQ(normal(have), normal(want)) << name << " row " << i;
    }
  }
}

TEST_P(Golden, Manifests) {
  const Json expected_manifests = expected()["manifests"];
  ASSERT_FALSE(expected_manifests.empty());
  const bool v1 = metadata().format_version == 1;
  for (const auto& [name, rows] : expected_manifests.items()) {
    const Manifest manifest = read_manifest(read_file(at(name)), name);
    ASSERT_EQ(manifest.entries.size(), rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      Json want = rows[i];
      Json have = plain(manifest.entries[i], manifest.header.spec);
      if (v1) drop_v1_only(want), drop_v1_only(have);
      EXPECT_EQ(normal(have), normal(want)) << name << " entry " << i;
    }
  }
}

// Other writers' manifests are passed over quickly, and packed they tell the same.
TEST_P(Golden, PackedManifests) {
  const Json expected_manifests = expected()["manifests"];
  for (const auto& [name, rows] : expected_manifests.items()) {
    const std::string bytes = read_file(at(name));
    EXPECT_TRUE(PlainEntries::of(AvroFile(bytes, name).schema())) << name;
    const Manifest whole = read_manifest(bytes, name);
    const PackedManifest packed(bytes, name);
    ASSERT_EQ(packed.size(), whole.entries.size());
    for (size_t i = 0; i < packed.size(); ++i) {
      EXPECT_EQ(packed.status(i), whole.entries[i].status);
      EXPECT_EQ(packed.partition(i), whole.entries[i].data_file.partition);
      EXPECT_EQ(packed.entry(i), whole.entries[i]);
    }
  }
}

// What we write of a v2 manifest is what the reference wrote: the same Avro schema to the byte, the
// same entries.
TEST_P(GoldenV2, ManifestsWrittenAgain) {
  const Json expected_manifests = expected()["manifests"];
  ASSERT_FALSE(expected_manifests.empty());
  for (const auto& [name, rows] : expected_manifests.items()) {
    const std::string bytes = read_file(at(name));
    const Manifest manifest = read_manifest(bytes, name);
    const std::string written = write_manifest(manifest);
    EXPECT_EQ(read_manifest(written, name).entries, manifest.entries);
    if (!by_java()) continue;
    auto theirs = AvroFile(bytes, name).metadata();
    auto ours = AvroFile(written, name).metadata();
    ours.erase("schema-id");  // which the specification asks for, and the reference leaves out
    EXPECT_EQ(ours, theirs);
  }
}

TEST_P(GoldenV2, ManifestListsWrittenAgain) {
  const TableMetadata table = metadata();
  for (const Snapshot& snapshot : table.snapshots) {
    const std::string name = std::filesystem::path(snapshot.manifest_list).filename();
    const std::string bytes = read_file(at(name));
    const std::vector<ManifestFile> manifests = read_manifest_list(bytes, name);
    const std::string written = write_manifest_list(
        {2, snapshot.id, snapshot.parent, snapshot.sequence_number, std::nullopt}, manifests);
    EXPECT_EQ(read_manifest_list(written, name), manifests);
    if (!by_java()) continue;
    EXPECT_EQ(AvroFile(written, name).metadata(), AvroFile(bytes, name).metadata());
  }
}

// Counting a manifest anew gives the row that its writer listed.
TEST_P(Golden, SummariesAreTheWriters) {
  const Json expected_lists = expected()["lists"];
  ASSERT_FALSE(expected_lists.empty());
  for (const auto& [list, rows] : expected_lists.items()) {
    for (const ManifestFile& listed : read_manifest_list(read_file(at(list)), list)) {
      const std::string name = std::filesystem::path(listed.path).filename();
      const Manifest manifest = read_manifest(read_file(at(name)), name);
      ManifestFile summary = summarize(manifest, listed.sequence_number);
      summary.path = listed.path;
      summary.length = listed.length;
      summary.sequence_number = listed.sequence_number;
      summary.added_snapshot_id = listed.added_snapshot_id;
      summary.first_row_id = listed.first_row_id;
      EXPECT_EQ(plain(summary), plain(listed)) << name;
      EXPECT_EQ(static_cast<size_t>(listed.length), read_file(at(name)).size());
    }
  }
}

TEST_P(Golden, MetadataWrittenAgain) {
  const std::string text = read_file(at("metadata.json"));
  const TableMetadata table = parse_table_metadata(text);
  if (table.format_version == 3) {
    EXPECT_THROW(write_table_metadata(table), Error);
    EXPECT_TRUE(table.next_row_id && table.current_snapshot()->first_row_id);
    return;
  }
  Json want = Json::parse(text);
  if (table.format_version == 1) {
    for (const char* name : {"schema", "partition-spec"}) want.erase(name);
    want["format-version"] = 2;
    want["last-sequence-number"] = 0;
  }
  EXPECT_EQ(normal(Json::parse(write_table_metadata(table))), normal(want));
}

INSTANTIATE_TEST_SUITE_P(, Golden,
                         testing::Values("spark_v1", "spark_v2", "spark_v3", "pyiceberg_identity",
                                         "pyiceberg_transforms"),
                         [](const auto& row) { return std::string(row.param); });

INSTANTIATE_TEST_SUITE_P(, GoldenV2,
                         testing::Values("spark_v2", "pyiceberg_identity", "pyiceberg_transforms"),
                         [](const auto& row) { return std::string(row.param); });

// fastavro wrote the same manifest in each codec.
TEST(GoldenCodecs, GiveTheSameEntries) {
  const auto read = [](const std::string& codec) {
    return read_manifest(read_file(folder("codecs") / (codec + ".avro")), codec).entries;
  };
  const std::vector<ManifestEntry> want = read("null");
  EXPECT_EQ(want.size(), 2u);
  for (const char* codec : {"deflate", "snappy", "zstandard"})
    EXPECT_EQ(read(codec), want) << codec;
}

TEST(GoldenTables, HoldWhatTheyAreFor) {
  const auto read = [](const char* name) {
    return parse_table_metadata(read_file(folder(name) / "metadata.json"));
  };
  const TableMetadata v2 = read("spark_v2");
  EXPECT_FALSE(v2.refs.at("first").is_branch);
  EXPECT_EQ(v2.refs.at("dev").min_snapshots_to_keep, 2);
  EXPECT_EQ(v2.schemas.size(), 2u);
  EXPECT_EQ(v2.sort_orders.size(), 2u);
  bool has_existing = false;
  bool has_deletes = false;
  for (const auto& file : std::filesystem::directory_iterator(folder("spark_v2"))) {
    const std::string name = file.path().filename();
    if (!name.ends_with(".avro") || name.starts_with("snap-")) continue;
    const Manifest manifest = read_manifest(read_file(file.path()), name);
    has_deletes |= manifest.header.is_deletes;
    for (const ManifestEntry& entry : manifest.entries)
      has_existing |= entry.status == EntryStatus::kExisting;
  }
  EXPECT_TRUE(has_existing && has_deletes);
  EXPECT_EQ(read("spark_v1").spec().fields.size(), 2u);  // a dropped field stays as void
  EXPECT_EQ(read("spark_v1").spec().fields[1].transform.id, types::TransformId::kVoid);
  EXPECT_EQ(read("spark_v3").schema().fields[1].type.id(), types::TypeId::kVariant);
}

}  // namespace
}  // namespace firn::iceberg

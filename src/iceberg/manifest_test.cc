// Manifests and manifest lists: the bytes as the reference implementation writes them, reading of
// every version, inheritance and summaries.
#include "iceberg/manifest.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "iceberg/avro_reader.h"
#include "iceberg/avro_schema.h"
#include "iceberg/avro_writer.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/metadata_json.h"
#include "iceberg/metrics.h"
#include "types/test_support.h"

namespace firn::iceberg {
namespace {

using types::Bytes;
using types::Decimal;
using types::Null;
using types::Type;
using types::TypeId;
using types::Value;

ManifestHeader header(const std::string& schema, const std::string& spec) {
  ManifestHeader result;
  result.schema = parse_schema(schema);
  result.spec = {3, parse_partition_fields(spec)};
  return result;
}

ManifestHeader by_day() {
  return header(
      R"({"type":"struct","schema-id":5,"fields":[{"id":1,"name":"id","required":true,"type":"long"},)"
      R"({"id":2,"name":"at","required":false,"type":"timestamptz"}]})",
      R"([{"name":"at_day","transform":"day","source-id":2,"field-id":1000}])");
}

ManifestHeader unpartitioned() {
  return header(
      R"({"type":"struct","schema-id":0,"fields":[{"id":1,"name":"id","required":true,"type":"long"}]})",
      "[]");
}

DataFile file(const std::string& path, std::vector<Value> partition, int64_t rows = 10) {
  DataFile result;
  result.file_path = path;
  result.partition = std::move(partition);
  result.record_count = rows;
  result.file_size_in_bytes = 1000;
  result.spec_id = 3;
  return result;
}

DataFile full_file() {
  DataFile result = file("s3://b/t/data/a.parquet", {int32_t{19000}});
  result.column_sizes = {{1, 100}, {2, 200}};
  result.value_counts = {{1, 10}, {2, 10}};
  result.null_value_counts = {{1, 0}, {2, 3}};
  result.nan_value_counts = {{1, 0}};
  result.lower_bounds = {{1, std::string("\1\0\0\0\0\0\0\0", 8)}};
  result.upper_bounds = {{1, std::string("\x7f\0\0\0\0\0\0\0", 8)}, {2, ""}};
  result.key_metadata = std::string("\0key", 4);
  result.split_offsets = {4, 1 << 30};
  result.sort_order_id = 1;
  return result;
}

ManifestEntry added(DataFile file) {
  ManifestEntry entry;
  entry.data_file = std::move(file);
  return entry;
}
ManifestEntry with_numbers(EntryStatus status, DataFile file, SnapshotId snapshot,
                           SequenceNumber number) {
  return {status, snapshot, number, number, std::move(file)};
}

// What the specification's Appendix A and the reference implementation fix: names of records, every
// id, maps with int keys as arrays, partition fields as unions with null, field order.
constexpr const char* kEntrySchemaByDay =
    R"j({"type":"record","name":"manifest_entry","fields":[)j"
    R"j({"name":"status","type":"int","field-id":0},)j"
    R"j({"name":"snapshot_id","type":["null","long"],"default":null,"field-id":1},)j"
    R"j({"name":"sequence_number","type":["null","long"],"default":null,"field-id":3},)j"
    R"j({"name":"file_sequence_number","type":["null","long"],"default":null,"field-id":4},)j"
    R"j({"name":"data_file","type":{"type":"record","name":"r2","fields":[)j"
    R"j({"name":"content","type":"int","doc":"Contents of the file: 0=data, 1=position deletes, 2=equality deletes","field-id":134},)j"
    R"j({"name":"file_path","type":"string","doc":"Location URI with FS scheme","field-id":100},)j"
    R"j({"name":"file_format","type":"string","doc":"File format name: avro, orc, or parquet","field-id":101},)j"
    R"j({"name":"partition","type":{"type":"record","name":"r102","fields":[)j"
    R"j({"name":"at_day","type":["null",{"type":"int","logicalType":"date"}],"default":null,"field-id":1000}]},)j"
    R"j("doc":"Partition data tuple, schema based on the partition spec","field-id":102},)j"
    R"j({"name":"record_count","type":"long","doc":"Number of records in the file","field-id":103},)j"
    R"j({"name":"file_size_in_bytes","type":"long","doc":"Total file size in bytes","field-id":104},)j"
    R"j({"name":"column_sizes","type":["null",{"type":"array","items":{"type":"record","name":"k117_v118","fields":[)j"
    R"j({"name":"key","type":"int","field-id":117},{"name":"value","type":"long","field-id":118}]},"logicalType":"map"}],)j"
    R"j("doc":"Map of column id to total size on disk","default":null,"field-id":108},)j"
    R"j({"name":"value_counts","type":["null",{"type":"array","items":{"type":"record","name":"k119_v120","fields":[)j"
    R"j({"name":"key","type":"int","field-id":119},{"name":"value","type":"long","field-id":120}]},"logicalType":"map"}],)j"
    R"j("doc":"Map of column id to total count, including null and NaN","default":null,"field-id":109},)j"
    R"j({"name":"null_value_counts","type":["null",{"type":"array","items":{"type":"record","name":"k121_v122","fields":[)j"
    R"j({"name":"key","type":"int","field-id":121},{"name":"value","type":"long","field-id":122}]},"logicalType":"map"}],)j"
    R"j("doc":"Map of column id to null value count","default":null,"field-id":110},)j"
    R"j({"name":"nan_value_counts","type":["null",{"type":"array","items":{"type":"record","name":"k138_v139","fields":[)j"
    R"j({"name":"key","type":"int","field-id":138},{"name":"value","type":"long","field-id":139}]},"logicalType":"map"}],)j"
    R"j("doc":"Map of column id to number of NaN values in the column","default":null,"field-id":137},)j"
    R"j({"name":"lower_bounds","type":["null",{"type":"array","items":{"type":"record","name":"k126_v127","fields":[)j"
    R"j({"name":"key","type":"int","field-id":126},{"name":"value","type":"bytes","field-id":127}]},"logicalType":"map"}],)j"
    R"j("doc":"Map of column id to lower bound","default":null,"field-id":125},)j"
    R"j({"name":"upper_bounds","type":["null",{"type":"array","items":{"type":"record","name":"k129_v130","fields":[)j"
    R"j({"name":"key","type":"int","field-id":129},{"name":"value","type":"bytes","field-id":130}]},"logicalType":"map"}],)j"
    R"j("doc":"Map of column id to upper bound","default":null,"field-id":128},)j"
    R"j({"name":"key_metadata","type":["null","bytes"],"doc":"Encryption key metadata blob","default":null,"field-id":131},)j"
    R"j({"name":"split_offsets","type":["null",{"type":"array","items":"long","element-id":133}],)j"
    R"j("doc":"Splittable offsets","default":null,"field-id":132},)j"
    R"j({"name":"equality_ids","type":["null",{"type":"array","items":"int","element-id":136}],)j"
    R"j("doc":"Equality comparison field IDs","default":null,"field-id":135},)j"
    R"j({"name":"sort_order_id","type":["null","int"],"doc":"Sort order ID","default":null,"field-id":140},)j"
    R"j({"name":"referenced_data_file","type":["null","string"],)j"
    R"j("doc":"Fully qualified location (URI with FS scheme) of a data file that all deletes reference","default":null,"field-id":143}]},"field-id":2}]})j";

constexpr const char* kListSchema =
    R"j({"type":"record","name":"manifest_file","fields":[)j"
    R"j({"name":"manifest_path","type":"string","doc":"Location URI with FS scheme","field-id":500},)j"
    R"j({"name":"manifest_length","type":"long","doc":"Total file size in bytes","field-id":501},)j"
    R"j({"name":"partition_spec_id","type":"int","doc":"Spec ID used to write","field-id":502},)j"
    R"j({"name":"content","type":"int","doc":"Contents of the manifest: 0=data, 1=deletes","field-id":517},)j"
    R"j({"name":"sequence_number","type":"long","doc":"Sequence number when the manifest was added","field-id":515},)j"
    R"j({"name":"min_sequence_number","type":"long","doc":"Lowest sequence number in the manifest","field-id":516},)j"
    R"j({"name":"added_snapshot_id","type":"long","doc":"Snapshot ID that added the manifest","field-id":503},)j"
    R"j({"name":"added_files_count","type":"int","doc":"Added entry count","field-id":504},)j"
    R"j({"name":"existing_files_count","type":"int","doc":"Existing entry count","field-id":505},)j"
    R"j({"name":"deleted_files_count","type":"int","doc":"Deleted entry count","field-id":506},)j"
    R"j({"name":"added_rows_count","type":"long","doc":"Added rows count","field-id":512},)j"
    R"j({"name":"existing_rows_count","type":"long","doc":"Existing rows count","field-id":513},)j"
    R"j({"name":"deleted_rows_count","type":"long","doc":"Deleted rows count","field-id":514},)j"
    R"j({"name":"partitions","type":["null",{"type":"array","items":{"type":"record","name":"r508","fields":[)j"
    R"j({"name":"contains_null","type":"boolean","doc":"True if any file has a null partition value","field-id":509},)j"
    R"j({"name":"contains_nan","type":["null","boolean"],"doc":"True if any file has a nan partition value","default":null,"field-id":518},)j"
    R"j({"name":"lower_bound","type":["null","bytes"],"doc":"Partition lower bound for all files","default":null,"field-id":510},)j"
    R"j({"name":"upper_bound","type":["null","bytes"],"doc":"Partition upper bound for all files","default":null,"field-id":511}]},)j"
    R"j("element-id":508}],"doc":"Summary for each partition","default":null,"field-id":507},)j"
    R"j({"name":"key_metadata","type":["null","bytes"],"doc":"Encryption key metadata blob","default":null,"field-id":519}]})j";

std::map<std::string, std::string> header_keys(const std::string& bytes) {
  const std::string name = "f";
  return AvroFile(bytes, name).metadata();
}

TEST(ManifestBytes, SchemaIsTheReferences) {
  const auto keys = header_keys(write_manifest({by_day(), {}}));
  EXPECT_EQ(keys.at("avro.schema"), kEntrySchemaByDay);
}

TEST(ManifestBytes, HeaderKeys) {
  auto keys = header_keys(write_manifest({by_day(), {}}));
  EXPECT_EQ(keys.at("schema"), write_schema(by_day().schema));  // the table's, not the entries'
  EXPECT_EQ(keys.at("schema-id"), "5");
  EXPECT_EQ(keys.at("partition-spec"),
            R"([{"name":"at_day","transform":"day","source-id":2,"field-id":1000}])");
  EXPECT_EQ(keys.at("partition-spec-id"), "3");
  EXPECT_EQ(keys.at("format-version"), "2");
  EXPECT_EQ(keys.at("content"), "data");
  EXPECT_EQ(keys.at("avro.codec"), "deflate");
  ManifestHeader deletes = by_day();
  deletes.is_deletes = true;
  EXPECT_EQ(header_keys(write_manifest({deletes, {}})).at("content"), "deletes");
}

TEST(ManifestBytes, UnpartitionedHasAnEmptyRecord) {
  const auto keys = header_keys(write_manifest({unpartitioned(), {}}));
  EXPECT_NE(keys.at("avro.schema")
                .find(R"({"name":"partition","type":{"type":"record","name":"r102","fields":[]},)"),
            std::string::npos);
  EXPECT_EQ(keys.at("partition-spec"), "[]");
  const Manifest manifest{unpartitioned(), {added(file("a", {}))}};
  EXPECT_EQ(read_manifest(write_manifest(manifest), "m").entries, manifest.entries);
}

TEST(ManifestListBytes, SchemaAndHeaderKeys) {
  auto keys = header_keys(write_manifest_list({2, 7, 6, 4, std::nullopt}, {}));
  EXPECT_EQ(keys.at("avro.schema"), kListSchema);
  EXPECT_EQ(keys.at("snapshot-id"), "7");
  EXPECT_EQ(keys.at("parent-snapshot-id"), "6");
  EXPECT_EQ(keys.at("sequence-number"), "4");
  EXPECT_EQ(keys.at("format-version"), "2");
  keys = header_keys(write_manifest_list({2, 7, std::nullopt, 4, std::nullopt}, {}));
  EXPECT_EQ(keys.at("parent-snapshot-id"), "null");
}

TEST(Manifests, RoundTrip) {
  Manifest manifest{by_day(), {}};
  manifest.entries = {added(full_file()), added(file("b", {Null{}})),
                      with_numbers(EntryStatus::kExisting, file("c", {int32_t{-1}}), 5, 3),
                      with_numbers(EntryStatus::kDeleted, file("d", {int32_t{0}}), 6, 2)};
  const Manifest read = read_manifest(write_manifest(manifest), "m");
  EXPECT_EQ(read.entries, manifest.entries);
  EXPECT_EQ(read.header.format_version, 2);
  EXPECT_TRUE(read.header.schema.same_fields(manifest.header.schema));
  EXPECT_EQ(read.header.schema.schema_id, 5);
  EXPECT_EQ(read.header.spec, manifest.header.spec);
  // nothing is inherited while reading
  EXPECT_EQ(read.entries[0].sequence_number, std::nullopt);
  EXPECT_EQ(read.entries[0].snapshot_id, std::nullopt);
  // null and 0 are different days
  EXPECT_TRUE(types::is_null(read.entries[1].data_file.partition[0]));
  EXPECT_EQ(read.entries[3].data_file.partition[0], Value(int32_t{0}));
}

TEST(Manifests, DeleteFiles) {
  Manifest manifest{by_day(), {}};
  manifest.header.is_deletes = true;
  DataFile equality = file("eq.parquet", {Null{}});
  equality.content = Content::kEqualityDeletes;
  equality.equality_ids = {1, 2};
  DataFile position = file("pos.parquet", {Null{}});
  position.content = Content::kPositionDeletes;
  position.referenced_data_file = "s3://b/t/data/a.parquet";
  manifest.entries = {added(equality), added(position)};
  const Manifest read = read_manifest(write_manifest(manifest), "m");
  EXPECT_TRUE(read.header.is_deletes);
  EXPECT_EQ(read.entries, manifest.entries);
}

// Partition values of every type, with null beside them.
struct PartitionRow {
  const char* name;
  const char* type;
  const char* transform;
  Value value;
};
class PartitionTypes : public testing::TestWithParam<PartitionRow> {};
TEST_P(PartitionTypes, RoundTrip) {
  Manifest manifest;
  types::Field column = field(1, "c", types::parse_primitive(GetParam().type));
  manifest.header.schema.fields = {column};
  manifest.header.spec = {0, {{1, 1000, "p", types::parse_transform(GetParam().transform)}}};
  manifest.entries = {added(file("a", {GetParam().value})), added(file("b", {Null{}}))};
  for (ManifestEntry& entry : manifest.entries) entry.data_file.spec_id = 0;
  EXPECT_EQ(read_manifest(write_manifest(manifest), "m").entries, manifest.entries);
}
INSTANTIATE_TEST_SUITE_P(
    , PartitionTypes,
    testing::Values(PartitionRow{"boolean", "boolean", "identity", true},
                    PartitionRow{"int_", "int", "identity", int32_t{-7}},
                    PartitionRow{"long_", "long", "identity", int64_t{1} << 40},
                    PartitionRow{"float_", "float", "identity", -0.0F},
                    PartitionRow{"double_", "double", "identity", 2.5},
                    PartitionRow{"decimal4", "decimal(4,2)", "identity", Decimal{-1}},
                    PartitionRow{"decimal38", "decimal(38,2)", "identity",
                                 Decimal{-(__int128{1} << 100)}},
                    PartitionRow{"date", "date", "identity", int32_t{17486}},
                    PartitionRow{"time", "time", "identity", int64_t{1}},
                    PartitionRow{"timestamp", "timestamp", "identity", int64_t{-1}},
                    PartitionRow{"timestamptz", "timestamptz", "identity", int64_t{1}},
                    PartitionRow{"string", "string", "identity", std::string("a/b=ü")},
                    PartitionRow{"uuid", "uuid", "identity", Bytes{std::string(16, '\xfe')}},
                    PartitionRow{"fixed", "fixed[3]", "identity", Bytes{std::string("\0\1\2", 3)}},
                    PartitionRow{"binary", "binary", "identity", Bytes{""}},
                    PartitionRow{"bucket", "string", "bucket[16]", int32_t{15}},
                    PartitionRow{"truncate_string", "string", "truncate[3]", std::string("abc")},
                    PartitionRow{"truncate_decimal", "decimal(9,2)", "truncate[50]", Decimal{1400}},
                    PartitionRow{"truncate_binary", "binary", "truncate[2]", Bytes{"ab"}},
                    PartitionRow{"year", "timestamp", "year", int32_t{47}},
                    PartitionRow{"month", "date", "month", int32_t{-1}},
                    PartitionRow{"day", "timestamptz", "day", int32_t{17486}},
                    PartitionRow{"hour", "timestamp", "hour", int32_t{419688}},
                    PartitionRow{"void_", "string", "void", Null{}}),
    [](const auto& row) { return row.param.name; });

TEST(Manifests, WhatMustNotBeWritten) {
  Manifest manifest{by_day(), {added(file("a", {}))}};
  EXPECT_THROW(write_manifest(manifest), Error);  // no partition value
  manifest.entries = {added(file("a", {std::string("2020-01-01")}))};
  EXPECT_THROW(write_manifest(manifest), Error);  // of another type
  manifest.entries = {added(file("a", {int32_t{1}}))};
  manifest.entries[0].status = EntryStatus::kExisting;
  EXPECT_THROW(write_manifest(manifest), Error);  // EXISTING keeps its numbers
  manifest.entries[0].status = EntryStatus::kAdded;
  manifest.header.is_deletes = true;
  EXPECT_THROW(write_manifest(manifest), Error);  // data in a delete manifest
  manifest.header.is_deletes = false;
  manifest.header.format_version = 3;
  EXPECT_THROW(write_manifest(manifest), Error);
  EXPECT_THROW(write_manifest_list({3, 1, std::nullopt, 1, 0}, {}), Error);
}

ManifestFile listed(const std::string& path) {
  ManifestFile result;
  result.path = path;
  result.length = 4711;
  result.partition_spec_id = 3;
  result.sequence_number = 9;
  result.min_sequence_number = 2;
  result.added_snapshot_id = 77;
  result.added_files_count = 1;
  result.existing_files_count = 2;
  result.deleted_files_count = 3;
  result.added_rows_count = 10;
  result.existing_rows_count = 20;
  result.deleted_rows_count = 30;
  return result;
}

TEST(ManifestLists, RoundTrip) {
  std::vector<ManifestFile> manifests = {listed("m1"), listed("m2")};
  manifests[0].partitions = {{true, false, std::string("\1\0\0\0", 4), std::string("\2\0\0\0", 4)},
                             {false, std::nullopt, std::nullopt, std::nullopt}};
  manifests[0].key_metadata = "k";
  manifests[1].is_deletes = true;
  EXPECT_EQ(read_manifest_list(write_manifest_list({2, 77, 76, 9, std::nullopt}, manifests), "l"),
            manifests);
  manifests[1].added_rows_count.reset();
  EXPECT_THROW(write_manifest_list({2, 77, 76, 9, std::nullopt}, manifests), Error);
}

// ---- other writers
struct Writer {
  std::string schema;
  std::map<std::string, std::string> keys;
  std::string bytes(const std::function<void(AvroEncoder&)>& put) const {
    AvroFileWriter writer(schema, keys, "null");
    put(writer.encoder());
    writer.end_object();
    return std::move(writer).finish();
  }
};

constexpr const char* kTableSchema =
    R"({"type":"struct","fields":[{"id":1,"name":"id","required":true,"type":"long"},{"id":2,"name":"d","required":false,"type":"date"}]})";

// v1: no content, no sequence numbers, deprecated fields, partition fields without the spec's ids,
// other names.
TEST(OtherWriters, V1Manifest) {
  const Writer writer{
      R"({"type":"record","name":"entry","fields":[
      {"name":"STATUS","type":"int","field-id":0},{"name":"snap","type":"long","field-id":1},
      {"name":"df","type":{"type":"record","name":"df","fields":[
        {"name":"path","type":"string","field-id":100},{"name":"format","type":"string","field-id":101},
        {"name":"partition","type":{"type":"record","name":"p","fields":[{"name":"d","type":["null","int"],"field-id":1}]},"field-id":102},
        {"name":"rows","type":"long","field-id":103},{"name":"size","type":"long","field-id":104},
        {"name":"block_size_in_bytes","type":"long","field-id":105},
        {"name":"distinct","type":["null",{"type":"array","items":{"type":"record","name":"k123_v124","fields":[
           {"name":"key","type":"int","field-id":123},{"name":"value","type":"long","field-id":124}]},"logicalType":"map"}],"field-id":111},
        {"name":"no_id","type":{"type":"map","values":"double"}}]},"field-id":2}]})",
      {{"schema", kTableSchema},
       {"partition-spec", R"([{"name":"d","transform":"identity","source-id":2}])"}}};
  const std::string bytes = writer.bytes([](AvroEncoder& out) {
    out.put_long(1);
    out.put_long(42);
    out.put_bytes("s3://x/a.parquet");
    out.put_bytes("parquet");
    out.put_some();
    out.put_long(17486);
    out.put_long(3);
    out.put_long(100);
    out.put_long(64 << 20);
    out.put_some();  // one entry, in a block with its size
    out.put_long(-1);
    out.put_long(2);
    out.put_long(1);
    out.put_long(5);
    out.put_long(0);
    out.put_long(1);  // map with one entry
    out.put_bytes("k");
    out.put_double(1);
    out.put_long(0);
  });
  Manifest manifest = read_manifest(bytes, "v1.avro");
  EXPECT_EQ(manifest.header.format_version, 1);
  EXPECT_EQ(manifest.header.spec.spec_id, 0);
  ASSERT_EQ(manifest.entries.size(), 1u);
  const ManifestEntry& entry = manifest.entries[0];
  EXPECT_EQ(entry.snapshot_id, 42);
  EXPECT_EQ(entry.data_file.content, Content::kData);
  EXPECT_EQ(entry.data_file.file_format, "PARQUET");
  EXPECT_EQ(entry.data_file.partition, std::vector<Value>{Value(int32_t{17486})});
  ManifestFile listed_v1 = listed("v1.avro");
  listed_v1.sequence_number = 0;
  inherit(manifest, listed_v1);
  EXPECT_EQ(entry.sequence_number, 0);
  EXPECT_EQ(entry.file_sequence_number, 0);
  EXPECT_EQ(entry.snapshot_id, 42);
}

// v3: first_row_id and the place of a deletion vector.
TEST(OtherWriters, V3Manifest) {
  const Writer writer{R"({"type":"record","name":"manifest_entry","fields":[
      {"name":"status","type":"int","field-id":0},
      {"name":"data_file","type":{"type":"record","name":"r2","fields":[
        {"name":"content","type":"int","field-id":134},
        {"name":"file_path","type":"string","field-id":100},{"name":"file_format","type":"string","field-id":101},
        {"name":"partition","type":{"type":"record","name":"r102","fields":[]},"field-id":102},
        {"name":"record_count","type":"long","field-id":103},{"name":"file_size_in_bytes","type":"long","field-id":104},
        {"name":"first_row_id","type":["null","long"],"field-id":142},
        {"name":"referenced_data_file","type":["null","string"],"field-id":143},
        {"name":"content_offset","type":["null","long"],"field-id":144},
        {"name":"content_size_in_bytes","type":["null","long"],"field-id":145}]},"field-id":2}]})",
                      {{"schema", kTableSchema},
                       {"partition-spec", "[]"},
                       {"format-version", "3"},
                       {"content", "deletes"}}};
  const Manifest manifest = read_manifest(writer.bytes([](AvroEncoder& out) {
    out.put_long(1);
    out.put_long(1);
    out.put_bytes("s3://x/dv.puffin");
    out.put_bytes("puffin");
    out.put_long(3);
    out.put_long(100);
    out.put_some();
    out.put_long(1000);
    out.put_some();
    out.put_bytes("s3://x/a.parquet");
    out.put_some();
    out.put_long(4);
    out.put_some();
    out.put_long(40);
  }),
                                          "v3.avro");
  EXPECT_EQ(manifest.header.format_version, 3);
  EXPECT_TRUE(manifest.header.is_deletes);
  const DataFile& dv = manifest.entries.at(0).data_file;
  EXPECT_EQ(dv.file_format, "PUFFIN");
  EXPECT_EQ(dv.first_row_id, 1000);
  EXPECT_EQ(dv.referenced_data_file, "s3://x/a.parquet");
  EXPECT_EQ(dv.content_offset, 4);
  EXPECT_EQ(dv.content_size_in_bytes, 40);
}

TEST(OtherWriters, V1ListHasNoNumbers) {
  const Writer writer{R"({"type":"record","name":"manifest_file","fields":[
      {"name":"manifest_path","type":"string","field-id":500},{"name":"manifest_length","type":"long","field-id":501},
      {"name":"partition_spec_id","type":"int","field-id":502},{"name":"added_snapshot_id","type":["null","long"],"field-id":503},
      {"name":"added_data_files_count","type":["null","int"],"field-id":504}]})",
                      {}};
  const std::vector<ManifestFile> manifests = read_manifest_list(writer.bytes([](AvroEncoder& out) {
    out.put_bytes("m");
    out.put_long(10);
    out.put_long(1);
    out.put_some();
    out.put_long(5);
    out.put_null();
  }),
                                                                 "l");
  ASSERT_EQ(manifests.size(), 1u);
  EXPECT_EQ(manifests[0].sequence_number, 0);
  EXPECT_EQ(manifests[0].added_snapshot_id, 5);
  EXPECT_EQ(manifests[0].added_files_count, std::nullopt);
  EXPECT_FALSE(manifests[0].is_deletes);
}

struct CorruptRow {
  const char* name;
  std::function<void(std::map<std::string, std::string>&)> change;
  const char* message;
};
class CorruptHeaders : public testing::TestWithParam<CorruptRow> {};
TEST_P(CorruptHeaders, NameFileAndKey) {
  auto keys = header_keys(write_manifest({by_day(), {}}));
  GetParam().change(keys);
  const std::string schema = keys.at("avro.schema");
  keys.erase("avro.schema");
  try {
    read_manifest(AvroFileWriter(schema, keys).finish(), "m7.avro");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kCorrupt);
    EXPECT_EQ(error.message(), std::string("m7.avro: ") + GetParam().message);
  }
}
using Keys = std::map<std::string, std::string>;
INSTANTIATE_TEST_SUITE_P(
    , CorruptHeaders,
    testing::Values(CorruptRow{"no_schema", [](Keys& k) { k.erase("schema"); },
                               "header key schema is missing"},
                    CorruptRow{"no_spec", [](Keys& k) { k.erase("partition-spec"); },
                               "header key partition-spec is missing"},
                    CorruptRow{"bad_schema", [](Keys& k) { k["schema"] = "{}"; },
                               "header key schema: schema: fields is missing"},
                    CorruptRow{"spec_id", [](Keys& k) { k["partition-spec-id"] = "x"; },
                               "header key partition-spec-id is 'x', not a number"},
                    CorruptRow{"content", [](Keys& k) { k["content"] = "manifests"; },
                               "header key content is 'manifests', neither data nor deletes"}),
    [](const auto& row) { return row.param.name; });

TEST(OtherWriters, SchemaIdIsNotDemandedAndAWholeSpecIsTolerated) {
  auto keys = header_keys(write_manifest({by_day(), {}}));
  const std::string schema = keys.at("avro.schema");
  keys.erase("avro.schema");
  keys.erase("schema-id");
  keys["partition-spec"] = R"({"spec-id":3,"fields":)" + keys["partition-spec"] + "}";
  const Manifest manifest = read_manifest(AvroFileWriter(schema, keys).finish(), "m");
  EXPECT_EQ(manifest.header.spec, by_day().spec);
}

TEST(OtherWriters, FieldsWithoutIdsAreNotFound) {
  std::string schema = kEntrySchemaByDay;
  const std::string id = R"(,"field-id":100)";
  schema.erase(schema.find(id), id.size());
  auto keys = header_keys(write_manifest({by_day(), {}}));
  keys.erase("avro.schema");
  try {
    read_manifest(
        Writer{schema, keys}.bytes([](AvroEncoder& out) { out.put_raw(std::string(64, '\0')); }),
        "m.avro");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "m.avro: data_file has no field file_path (100)");
  }
}

// ---- inheritance and summaries
TEST(Inherit, FillsWhatIsNull) {
  Manifest manifest{by_day(), {}};
  manifest.entries = {added(file("a", {Null{}})),
                      with_numbers(EntryStatus::kAdded, file("b", {Null{}}), 5, 4),
                      with_numbers(EntryStatus::kExisting, file("c", {Null{}}), 6, 3),
                      with_numbers(EntryStatus::kDeleted, file("d", {Null{}}), 7, 2)};
  manifest.entries[1]
      .file_sequence_number.reset();  // a rewritten file keeps its data sequence number
  ManifestFile from = listed("m");
  from.partition_spec_id = 12;
  inherit(manifest, from);
  EXPECT_EQ(manifest.entries[0].snapshot_id, 77);
  EXPECT_EQ(manifest.entries[0].sequence_number, 9);
  EXPECT_EQ(manifest.entries[0].file_sequence_number, 9);
  EXPECT_EQ(manifest.entries[0].data_file.spec_id, 12);
  EXPECT_EQ(manifest.entries[1].sequence_number, 4);
  EXPECT_EQ(manifest.entries[1].file_sequence_number, 9);
  EXPECT_EQ(manifest.entries[2].sequence_number, 3);
  EXPECT_EQ(manifest.entries[3].snapshot_id, 7);
}

TEST(Inherit, ExistingWithoutNumbersIsCorrupt) {
  Manifest manifest{by_day(), {added(file("a", {Null{}}))}};
  manifest.entries[0].status = EntryStatus::kExisting;
  EXPECT_THROW(inherit(manifest, listed("m")), Error);
}

TEST(Inherit, BeforeSequenceNumbersEveryEntryHasZero) {
  Manifest manifest{by_day(), {added(file("a", {Null{}}))}};
  manifest.entries[0].status = EntryStatus::kExisting;
  manifest.entries[0].snapshot_id = 4;
  ManifestFile from = listed("m");
  from.sequence_number = 0;
  inherit(manifest, from);
  EXPECT_EQ(manifest.entries[0].sequence_number, 0);
  EXPECT_EQ(manifest.entries[0].file_sequence_number, 0);
  EXPECT_EQ(manifest.entries[0].snapshot_id, 4);
}

TEST(Inherit, RowIds) {
  Manifest manifest{by_day(),
                    {added(file("a", {Null{}}, 10)), added(file("b", {Null{}}, 5)),
                     with_numbers(EntryStatus::kDeleted, file("c", {Null{}}, 7), 5, 4),
                     added(file("d", {Null{}}, 1))}};
  manifest.entries[1].data_file.first_row_id =
      3;  // its own wins and takes nothing from the manifest's
  ManifestFile from = listed("m");
  from.first_row_id = 100;
  inherit(manifest, from);
  EXPECT_EQ(manifest.entries[0].data_file.first_row_id, 100);
  EXPECT_EQ(manifest.entries[1].data_file.first_row_id, 3);
  EXPECT_EQ(manifest.entries[2].data_file.first_row_id, std::nullopt);
  EXPECT_EQ(manifest.entries[3].data_file.first_row_id, 110);
  from.first_row_id.reset();  // a snapshot from before the upgrade
  inherit(manifest, from);
  EXPECT_EQ(manifest.entries[0].data_file.first_row_id, std::nullopt);
}

TEST(Summarize, CountsNumbersAndPartitions) {
  Manifest manifest{by_day(), {}};
  manifest.entries = {added(file("a", {int32_t{300}}, 10)), added(file("b", {Null{}}, 5)),
                      with_numbers(EntryStatus::kExisting, file("c", {int32_t{-2}}, 3), 5, 4),
                      with_numbers(EntryStatus::kDeleted, file("d", {int32_t{9}}, 2), 6, 1)};
  const ManifestFile summary = summarize(manifest, 8);
  EXPECT_EQ(summary.partition_spec_id, 3);
  EXPECT_EQ(summary.added_files_count, 2);
  EXPECT_EQ(summary.added_rows_count, 15);
  EXPECT_EQ(summary.existing_files_count, 1);
  EXPECT_EQ(summary.existing_rows_count, 3);
  EXPECT_EQ(summary.deleted_files_count, 1);
  EXPECT_EQ(summary.deleted_rows_count, 2);
  EXPECT_EQ(summary.min_sequence_number, 4);  // of live entries only
  ASSERT_EQ(summary.partitions.size(), 1u);
  EXPECT_TRUE(summary.partitions[0].contains_null);
  EXPECT_EQ(summary.partitions[0].contains_nan, false);
  EXPECT_EQ(summary.partitions[0].lower_bound, std::string("\xfe\xff\xff\xff", 4));
  EXPECT_EQ(summary.partitions[0].upper_bound, std::string("\x2c\x01\x00\x00", 4));
  manifest.entries.resize(2);
  EXPECT_EQ(summarize(manifest, 8).min_sequence_number, 8);
}

TEST(Summarize, NanIsNoBoundAndNegativeZeroComesFirst) {
  Manifest manifest;
  manifest.header.schema.fields = {field(1, "x", Type::primitive(TypeId::kDouble))};
  manifest.header.spec = {0, {{1, 1000, "x", {}}}};
  manifest.entries = {added(file("a", {std::nan("")})), added(file("b", {0.0})),
                      added(file("c", {-0.0}))};
  const FieldSummary summary = summarize(manifest, 1).partitions.at(0);
  EXPECT_EQ(summary.contains_nan, true);
  EXPECT_EQ(summary.lower_bound, std::string("\0\0\0\0\0\0\0\x80", 8));
  EXPECT_EQ(summary.upper_bound, std::string("\0\0\0\0\0\0\0\0", 8));
}

}  // namespace
}  // namespace firn::iceberg

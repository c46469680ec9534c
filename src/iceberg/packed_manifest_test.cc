// Packed manifests against whole decoding.
#include "iceberg/packed_manifest.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "base/error.h"
#include "iceberg/avro_reader.h"
#include "iceberg/avro_writer.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/metadata_json.h"
#include "iceberg/metrics.h"

namespace firn::iceberg {
namespace {

ManifestHeader packed_header() {
  ManifestHeader header;
  header.schema = parse_schema(
      R"({"type":"struct","schema-id":5,"fields":[{"id":1,"name":"id","required":true,"type":"long"},)"
      R"({"id":2,"name":"at","required":false,"type":"timestamptz"}]})");
  header.spec = {3, parse_partition_fields(
                        R"([{"name":"at_day","transform":"day","source-id":2,"field-id":1000}])")};
  return header;
}

DataFile packed_file() {
  DataFile file;
  file.file_path = "s3://b/t/data/a.parquet";
  file.partition = {int32_t{19000}};
  file.record_count = 10;
  file.file_size_in_bytes = 1000;
  file.spec_id = 3;
  file.column_sizes = {{1, 100}, {2, 200}};
  file.value_counts = {{1, 10}, {2, 10}};
  file.null_value_counts = {{1, 0}, {2, 3}};
  file.nan_value_counts = {{1, 0}};
  file.lower_bounds = {{1, std::string("\1\0\0\0\0\0\0\0", 8)}};
  file.upper_bounds = {{1, std::string("\x7f\0\0\0\0\0\0\0", 8)}, {2, ""}};
  file.key_metadata = std::string("\0key", 4);
  file.split_offsets = {4, 1 << 30};
  file.sort_order_id = 1;
  return file;
}

ManifestEntry packed_entry(DataFile file) {
  ManifestEntry entry;
  entry.data_file = std::move(file);
  return entry;
}

// A packed manifest gives what whole decoding gives.
TEST(PackedManifest, HasTheEntriesAndBoundsOfTheWhole) {
  Manifest manifest{packed_header(), {}};
  for (int i = 0; i < 500; ++i) {  // several blocks
    DataFile one = packed_file();
    one.file_path += std::to_string(i) + std::string(200, 'x');
    one.partition = {i % 3 == 0 ? types::Value(types::Null{}) : types::Value(int32_t{19000 + i})};
    if (i % 4 == 0) one.lower_bounds.clear();
    manifest.entries.push_back(packed_entry(one));
    manifest.entries.back().status = static_cast<EntryStatus>(i % 3);
    manifest.entries.back().snapshot_id = manifest.entries.back().sequence_number = i + 1;
    manifest.entries.back().file_sequence_number = i + 1;
  }
  const std::string bytes = write_manifest(manifest);
  const Manifest whole = read_manifest(bytes, "m.avro");
  const PackedManifest packed(bytes, "m.avro");
  ASSERT_EQ(packed.size(), whole.entries.size());
  EXPECT_GT(packed.bytes(), size_t{500} * 200);
  for (const types::Field& column : whole.header.schema.fields) {
    const auto bounds = packed.bounds_of(column);
    types::Schema narrow;
    narrow.fields = {column};
    for (size_t i = 0; i < packed.size(); ++i) {
      const types::ColumnBounds want = bounds_of(whole.entries[i].data_file, narrow)[column.id];
      EXPECT_EQ(bounds[i].value_count, want.value_count);
      EXPECT_EQ(bounds[i].null_count, want.null_count);
      EXPECT_EQ(bounds[i].nan_count, want.nan_count);
      EXPECT_EQ(bounds[i].lower, want.lower);
      EXPECT_EQ(bounds[i].upper, want.upper);
    }
  }
  // Put aside in the first walk they are the same.
  const std::vector<types::Field>& columns = whole.header.schema.fields;
  PackedManifest at_once(bytes, "m.avro", columns, packed.size());
  const auto aside = at_once.take_bounds();
  ASSERT_EQ(aside.size(), columns.size());
  for (size_t c = 0; c < columns.size(); ++c) {
    const auto bounds = packed.bounds_of(columns[c]);
    ASSERT_EQ(aside[c].size(), bounds.size());
    for (size_t i = 0; i < bounds.size(); ++i) {
      EXPECT_EQ(aside[c][i].value_count, bounds[i].value_count);
      EXPECT_EQ(aside[c][i].null_count, bounds[i].null_count);
      EXPECT_EQ(aside[c][i].nan_count, bounds[i].nan_count);
      EXPECT_EQ(aside[c][i].lower, bounds[i].lower);
      EXPECT_EQ(aside[c][i].upper, bounds[i].upper);
    }
  }
  for (size_t i = 0; i < packed.size(); ++i) {
    EXPECT_EQ(packed.entry(i), whole.entries[i]);
    EXPECT_EQ(packed.status(i), whole.entries[i].status);
    EXPECT_EQ(packed.partition(i), whole.entries[i].data_file.partition);
  }
}

// Whatever bit of a record is wrong: where whole decoding takes it, packing does, and finds the
// same.
TEST(PackedManifest, TakesDamagedRecordsAsTheWholeDoes) {
  const std::string name = "m.avro",
                    good = write_manifest({packed_header(), {packed_entry(packed_file())}});
  AvroFile file(good, name);
  std::string scratch;
  std::string_view record;
  int64_t count = 0;
  ASSERT_TRUE(file.next_block(scratch, record, count));
  std::map<std::string, std::string> keys = file.metadata();
  const std::string schema = keys.extract("avro.schema").mapped();
  keys.erase("avro.codec");
  size_t taken = 0;
  for (size_t bit = 0; bit < record.size() * 8; ++bit) {
    std::string damaged(record);
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    AvroFileWriter writer(schema, keys, "null");
    writer.encoder().put_raw(damaged);
    writer.end_object();
    const std::string bytes = std::move(writer).finish();
    std::optional<Manifest> whole;
    try {
      whole = read_manifest(bytes, name);
    } catch (const Error&) {
    }
    try {
      const std::vector<types::Field> columns = packed_header().schema.fields;
      PackedManifest packed(bytes, name, columns, 1);
      const auto bounds = packed.take_bounds();
      if (!whole) continue;  // parts that planning does not look at
      ++taken;
      EXPECT_EQ(packed.status(0), whole->entries[0].status) << bit;
      EXPECT_EQ(packed.partition(0), whole->entries[0].data_file.partition) << bit;
      for (size_t i = 0; i < columns.size(); ++i) {
        types::Schema narrow;
        narrow.fields = {columns[i]};
        const auto want = bounds_of(whole->entries[0].data_file, narrow)[columns[i].id];
        EXPECT_EQ(bounds[i][0].value_count, want.value_count) << bit;
        EXPECT_EQ(bounds[i][0].null_count, want.null_count) << bit;
        EXPECT_EQ(bounds[i][0].nan_count, want.nan_count) << bit;
        EXPECT_EQ(bounds[i][0].lower, want.lower) << bit;
        EXPECT_EQ(bounds[i][0].upper, want.upper) << bit;
      }
    } catch (const Error& error) {
      EXPECT_FALSE(whole) << bit << ": " << error.message();
    }
  }
  EXPECT_GT(taken, size_t{100});
}

TEST(PackedManifest, DamageIsToldWithTheFile) {
  const std::string bytes = write_manifest({packed_header(), {packed_entry(packed_file())}});
  for (size_t cut = 4; cut < bytes.size(); cut += 7) {
    try {
      const PackedManifest packed(bytes.substr(0, cut), "m.avro");
      EXPECT_EQ(packed.size(), 0) << cut;
    } catch (const Error& error) {
      EXPECT_NE(error.message().find("m.avro"), std::string::npos) << error.message();
    }
  }
}

}  // namespace
}  // namespace firn::iceberg

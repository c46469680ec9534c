// Table metadata in JSON: every version read, v2 written, and what is refused with which field
// named.
#include "iceberg/metadata_json.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "iceberg/json_cursor.h"

namespace firn::iceberg {
namespace {

constexpr const char* kSchema = R"({"type":"struct","schema-id":0,"fields":[
  {"id":1,"name":"id","required":true,"type":"long"},
  {"id":2,"name":"at","required":false,"type":"timestamptz","doc":"when"}]})";

// A v2 table with two snapshots, a branch and a tag.
Json v2() {
  Json json = Json::parse(R"({
    "format-version": 2, "table-uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1", "location": "s3://b/t",
    "last-sequence-number": 34, "last-updated-ms": 1602638573590, "last-column-id": 2,
    "current-schema-id": 0, "schemas": [],
    "default-spec-id": 1, "partition-specs": [{"spec-id": 0, "fields": []},
      {"spec-id": 1, "fields": [{"name": "at_day", "transform": "day", "source-id": 2, "field-id": 1000}]}],
    "last-partition-id": 1000,
    "default-sort-order-id": 3, "sort-orders": [{"order-id": 3, "fields": [
      {"transform": "identity", "source-id": 1, "direction": "asc", "null-order": "nulls-first"},
      {"transform": "bucket[4]", "source-id": 2, "direction": "desc", "null-order": "nulls-last"}]}],
    "properties": {"read.split.target.size": "134217728"},
    "current-snapshot-id": 3055729675574597004,
    "snapshots": [
      {"snapshot-id": 3051729675574597004, "timestamp-ms": 1515100955770, "sequence-number": 0,
       "summary": {"operation": "append"}, "manifest-list": "s3://a/b/1.avro"},
      {"snapshot-id": 3055729675574597004, "parent-snapshot-id": 3051729675574597004,
       "timestamp-ms": 1555100955770, "sequence-number": 1, "schema-id": 0,
       "summary": {"operation": "overwrite", "added-records": "7"}, "manifest-list": "s3://a/b/2.avro"}],
    "snapshot-log": [{"snapshot-id": 3051729675574597004, "timestamp-ms": 1515100955770},
                     {"snapshot-id": 3055729675574597004, "timestamp-ms": 1555100955770}],
    "metadata-log": [{"timestamp-ms": 1515100, "metadata-file": "s3://b/t/metadata/00000.metadata.json"}],
    "refs": {"main": {"snapshot-id": 3055729675574597004, "type": "branch"},
             "old": {"snapshot-id": 3051729675574597004, "type": "tag", "max-ref-age-ms": 10},
             "dev": {"snapshot-id": 3051729675574597004, "type": "branch", "min-snapshots-to-keep": 2,
                     "max-snapshot-age-ms": 20}},
    "statistics": [{"snapshot-id": 3055729675574597004, "statistics-path": "s3://b/s.puffin",
                    "file-size-in-bytes": 413, "file-footer-size-in-bytes": 42, "blob-metadata": []}]
  })");
  json["schemas"].push_back(Json::parse(kSchema));
  return json;
}

TableMetadata parse(const Json& json) { return parse_table_metadata(json.dump()); }

TEST(MetadataJson, ReadsV2) {
  const TableMetadata table = parse(v2());
  EXPECT_EQ(table.format_version, 2);
  EXPECT_EQ(table.table_uuid, "9c12d441-03fe-4693-9a96-a0705ddf69c1");
  EXPECT_EQ(table.last_sequence_number, 34);
  EXPECT_EQ(table.schema().fields[1].doc, "when");
  EXPECT_EQ(table.spec().fields[0].transform.to_string(), "day");
  EXPECT_EQ(table.sort_orders[0].fields[1].transform.to_string(), "bucket[4]");
  EXPECT_FALSE(table.sort_orders[0].fields[1].ascending);
  EXPECT_FALSE(table.sort_orders[0].fields[1].nulls_first);
  ASSERT_NE(table.current_snapshot(), nullptr);
  EXPECT_EQ(table.current_snapshot()->operation, "overwrite");
  EXPECT_EQ(table.current_snapshot()->summary, (Properties{{"added-records", "7"}}));
  EXPECT_EQ(table.current_snapshot()->parent, 3051729675574597004);
  EXPECT_EQ(table.head_of("dev")->id, 3051729675574597004);
  EXPECT_FALSE(table.refs.at("old").is_branch);
  EXPECT_EQ(table.refs.at("dev").max_snapshot_age_ms, 20);
  EXPECT_EQ(table.head_of("nowhere"), nullptr);
  EXPECT_EQ(table.metadata_log.size(), 1u);
}

TEST(MetadataJson, WritesWhatItReads) {
  const std::string text = write_table_metadata(parse(v2()));
  EXPECT_EQ(write_table_metadata(parse_table_metadata(text)), text);
  const Json json = Json::parse(text);
  Json want = v2();
  want["partition-statistics"] = Json::array();
  want["snapshots"][0].erase("sequence-number");  // 0 is the default
  EXPECT_EQ(json, want) << json.dump(1);
}

TEST(MetadataJson, V1IsUpgradedOnWrite) {
  Json json =
      Json::parse(R"({"format-version": 1, "table-uuid": "d20125c8-7284-442c-9aea-15fee620737c",
    "location": "s3://b/t", "last-updated-ms": 1, "last-column-id": 2,
    "partition-spec": [{"name": "id", "transform": "identity", "source-id": 1},
                       {"name": "at_hour", "transform": "hour", "source-id": 2}],
    "properties": {}, "current-snapshot-id": -1, "snapshots": []})");
  json["schema"] = Json::parse(kSchema);
  json["schema"].erase("schema-id");
  const TableMetadata table = parse(json);
  EXPECT_EQ(table.format_version, 1);
  EXPECT_EQ(table.current_schema_id, 0);
  EXPECT_EQ(table.last_sequence_number, 0);
  EXPECT_EQ(table.spec().fields[1].field_id, 1001);  // v1 counts from 1000
  EXPECT_EQ(table.last_partition_id, 1001);
  EXPECT_EQ(table.sort_orders, std::vector<types::SortOrder>{types::SortOrder{}});
  EXPECT_EQ(table.current_snapshot_id, std::nullopt);  // -1
  EXPECT_TRUE(table.refs.empty());
  const Json written = Json::parse(write_table_metadata(table));
  EXPECT_EQ(written["format-version"], 2);
  EXPECT_EQ(written["last-sequence-number"], 0);
  EXPECT_EQ(written["current-snapshot-id"], -1);
  EXPECT_TRUE(written.contains("schemas") && written.contains("partition-specs") &&
              written.contains("sort-orders"));
  EXPECT_FALSE(written.contains("schema") || written.contains("partition-spec"));
}

TEST(MetadataJson, V1SnapshotsWithoutManifestListAreReadNotRewritten) {
  Json json = v2();
  json["format-version"] = 1;
  json["snapshots"][0].erase("manifest-list");
  json["snapshots"][0]["manifests"] = {"s3://a/m0.avro", "s3://a/m1.avro"};
  json["snapshots"][1].erase("sequence-number");
  const TableMetadata table = parse(json);
  EXPECT_EQ(table.snapshots[0].manifests,
            (std::vector<std::string>{"s3://a/m0.avro", "s3://a/m1.avro"}));
  EXPECT_THROW(write_table_metadata(table), Error);
}

TEST(MetadataJson, ReadsV3) {
  Json json = v2();
  json["format-version"] = 3;
  json["next-row-id"] = 77;
  json["snapshots"][1]["first-row-id"] = 70;
  json["snapshots"][1]["added-rows"] = 7;
  json["encryption-keys"] = Json::array({{{"key-id", "k"}}});
  json["schemas"][0]["fields"].push_back(
      {{"id", 3},
       {"name", "ns"},
       {"required", false},
       {"type", "timestamptz_ns"},
       {"initial-default", "2017-11-16T22:31:08.123456789+00:00"}});
  for (const char* type : {"timestamp_ns", "unknown", "variant", "geometry", "geometry(srid:4326)",
                           "geography", "geography(srid:4326, karney)"}) {
    const int id = static_cast<int>(json["schemas"][0]["fields"].size()) + 10;
    json["schemas"][0]["fields"].push_back(
        {{"id", id}, {"name", type}, {"required", false}, {"type", type}});
  }
  json["partition-specs"][0]["fields"] = Json::parse(
      R"([{"name": "z", "transform": "zorder", "source-ids": [1, 2], "field-id": 1001},
          {"name": "one", "transform": "identity", "source-ids": [2], "field-id": 1002},
          {"name": "two", "transform": "bucket[4]", "source-ids": [1, 2], "field-id": 1003}])");
  const TableMetadata table = parse(json);
  EXPECT_EQ(table.next_row_id, 77);
  EXPECT_EQ(table.snapshots[1].first_row_id, 70);
  EXPECT_EQ(table.snapshots[1].added_rows, 7);
  EXPECT_EQ(table.encryption_keys.size(), 1u);
  EXPECT_EQ(table.schema().fields[2].initial_default, types::Value(int64_t{1510871468123456789}));
  EXPECT_EQ(table.schema().fields[5].type.id(), types::TypeId::kVariant);
  const auto& fields = table.specs[0].fields;
  EXPECT_EQ(fields[0].transform.id, types::TransformId::kUnknown);
  EXPECT_EQ(fields[1].source_id, 2);
  EXPECT_EQ(fields[1].transform.id, types::TransformId::kIdentity);
  EXPECT_EQ(fields[2].transform.id,
            types::TransformId::kUnknown);  // of two columns: not the bucket we know
  try {
    write_table_metadata(table);
    FAIL() << "v3 is not written";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUnsupported);
  }
}

struct Tolerated {
  const char* name;
  std::function<void(Json&)> change;
  std::function<bool(const TableMetadata&)> holds;
};

class MetadataTolerates : public testing::TestWithParam<Tolerated> {};
TEST_P(MetadataTolerates, Holds) {
  Json json = v2();
  GetParam().change(json);
  EXPECT_TRUE(GetParam().holds(parse(json)));
}
void no_snapshot(Json& json) {
  json["refs"] = Json::object();
  json["snapshots"] = Json::array();
}
INSTANTIATE_TEST_SUITE_P(
    , MetadataTolerates,
    testing::Values(
        Tolerated{"current_snapshot_null",
                  [](Json& j) { no_snapshot(j), j["current-snapshot-id"] = nullptr; },
                  [](const TableMetadata& t) {
                    return !t.current_snapshot_id && t.current_snapshot() == nullptr;
                  }},
        Tolerated{"current_snapshot_absent",
                  [](Json& j) { no_snapshot(j), j.erase("current-snapshot-id"); },
                  [](const TableMetadata& t) { return !t.current_snapshot_id; }},
        Tolerated{"no_refs_gives_main", [](Json& j) { j.erase("refs"); },
                  [](const TableMetadata& t) {
                    return t.refs.size() == 1 &&
                           t.refs.at("main").snapshot_id == 3055729675574597004;
                  }},
        Tolerated{"refs_without_main", [](Json& j) { j["refs"].erase("main"); },
                  [](const TableMetadata& t) { return t.head_of("main") == t.current_snapshot(); }},
        Tolerated{"summary_without_operation",
                  [](Json& j) { j["snapshots"][1]["summary"].erase("operation"); },
                  [](const TableMetadata& t) { return t.snapshots[1].operation == "overwrite"; }},
        Tolerated{"no_summary", [](Json& j) { j["snapshots"][0].erase("summary"); },
                  [](const TableMetadata& t) { return t.snapshots[0].operation.empty(); }},
        Tolerated{
            "no_logs_no_properties",
            [](Json& j) {
              j.erase("snapshot-log"), j.erase("metadata-log"), j.erase("properties");
            },
            [](const TableMetadata& t) { return t.snapshot_log.empty() && t.properties.empty(); }},
        Tolerated{"unknown_fields",
                  [](Json& j) { j["x-new"] = {1, 2}, j["snapshots"][0]["x"] = 1; },
                  [](const TableMetadata& t) { return t.snapshots.size() == 2; }},
        Tolerated{"unknown_transform",
                  [](Json& j) { j["partition-specs"][1]["fields"][0]["transform"] = "soundex[2]"; },
                  [](const TableMetadata& t) {
                    return t.spec().fields[0].transform.id == types::TransformId::kUnknown &&
                           t.spec().fields[0].transform.to_string() == "soundex[2]";
                  }}),
    [](const auto& row) { return row.param.name; });

struct Refused {
  const char* name;
  std::function<void(Json&)> change;
  const char* message;
};
class MetadataRefuses : public testing::TestWithParam<Refused> {};
TEST_P(MetadataRefuses, NamesTheField) {
  Json json = v2();
  GetParam().change(json);
  try {
    parse(json);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kCorrupt);
    EXPECT_EQ(error.message(), std::string("table metadata: ") + GetParam().message);
  }
}
INSTANTIATE_TEST_SUITE_P(
    , MetadataRefuses,
    testing::Values(
        Refused{"location", [](Json& j) { j.erase("location"); }, "location is missing"},
        Refused{"uuid", [](Json& j) { j.erase("table-uuid"); },
                "table-uuid is missing (format v2)"},
        Refused{"version_zero", [](Json& j) { j["format-version"] = 0; },
                "format-version is below 1"},
        Refused{"version_text", [](Json& j) { j["format-version"] = "2"; },
                "format-version is not an integer of 64 bits"},
        Refused{"last_column_id_range", [](Json& j) { j["last-column-id"] = 1LL << 40; },
                "last-column-id is not an integer of 32 bits"},
        Refused{"snapshot_id_fraction", [](Json& j) { j["snapshots"][1]["snapshot-id"] = 1.5; },
                "snapshots[1].snapshot-id is not an integer of 64 bits"},
        Refused{"manifest_list", [](Json& j) { j["snapshots"][1].erase("manifest-list"); },
                "snapshots[1].manifest-list is missing"},
        Refused{"v2_embedded_manifests",
                [](Json& j) {
                  j["snapshots"][0].erase("manifest-list");
                  j["snapshots"][0]["manifests"] = Json::array();
                },
                "snapshots[0].manifest-list is missing"},
        Refused{"summary_value", [](Json& j) { j["snapshots"][1]["summary"]["added-records"] = 7; },
                "snapshots[1].summary.added-records is not a string"},
        Refused{"newer_than_table", [](Json& j) { j["snapshots"][1]["sequence-number"] = 35; },
                "snapshots[1].sequence-number is greater than the table's last-sequence-number"},
        Refused{"snapshot_twice", [](Json& j) { j["snapshots"].push_back(j["snapshots"][0]); },
                "snapshots[2].snapshot-id is used twice"},
        Refused{"current_unknown",
                [](Json& j) { j["current-snapshot-id"] = 5, j["refs"] = Json::object(); },
                "current-snapshot-id 5 is not in snapshots"},
        Refused{"main_differs", [](Json& j) { j["current-snapshot-id"] = 3051729675574597004; },
                "refs.main differs from current-snapshot-id"},
        Refused{"main_is_tag", [](Json& j) { j["refs"]["main"]["type"] = "tag"; },
                "refs.main is a tag"},
        Refused{"ref_type", [](Json& j) { j["refs"]["dev"]["type"] = "fork"; },
                "refs.dev.type is neither branch nor tag"},
        Refused{"ref_unknown", [](Json& j) { j["refs"]["dev"]["snapshot-id"] = 9; },
                "refs.dev.snapshot-id is not in snapshots"},
        Refused{"current_schema", [](Json& j) { j["current-schema-id"] = 4; },
                "current-schema-id 4 is not in schemas"},
        Refused{"default_spec", [](Json& j) { j["default-spec-id"] = 4; },
                "default-spec-id 4 is not in partition-specs"},
        Refused{"default_order", [](Json& j) { j["default-sort-order-id"] = 4; },
                "default-sort-order-id 4 is not in sort-orders"},
        Refused{"field_type",
                [](Json& j) { j["schemas"][0]["fields"][0]["type"] = Json{{"type", "tuple"}}; },
                "schemas[0].fields[0].type has the unknown type 'tuple'"},
        Refused{"field_id_twice", [](Json& j) { j["schemas"][0]["fields"][1]["id"] = 1; },
                "schemas[0] gives field id 1 twice (field 'at')"},
        Refused{"name_twice", [](Json& j) { j["schemas"][0]["fields"][1]["name"] = "id"; },
                "schemas[0].fields[1] repeats the name 'id'"},
        Refused{"identifier", [](Json& j) { j["schemas"][0]["identifier-field-ids"] = {9}; },
                "schemas[0].identifier-field-ids names the unknown field 9"},
        Refused{"direction", [](Json& j) { j["sort-orders"][0]["fields"][0]["direction"] = "up"; },
                "sort-orders[0].fields[0].direction is neither asc nor desc"},
        Refused{"partition_ids_mixed",
                [](Json& j) {
                  Json field = j["partition-specs"][1]["fields"][0];
                  field.erase("field-id");
                  j["partition-specs"][1]["fields"].push_back(field);
                },
                "partition-specs[1].fields gives a field-id to some fields only"},
        Refused{"log", [](Json& j) { j["snapshot-log"][0].erase("timestamp-ms"); },
                "snapshot-log[0].timestamp-ms is missing"},
        Refused{"not_an_array", [](Json& j) { j["snapshots"] = 1; },
                "snapshots is not a JSON array"}),
    [](const auto& row) { return row.param.name; });

TEST(MetadataJson, VersionsAboveThreeAreUnsupported) {
  Json json = v2();
  json["format-version"] = 4;
  try {
    parse(json);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUnsupported);
  }
}

TEST(MetadataJson, DeepNestingIsRefused) {
  EXPECT_THROW(parse_table_metadata(std::string(100000, '[')), Error);
  EXPECT_THROW(parse_schema(R"({"type":"struct","fields":)" + std::string(100000, '[')), Error);
  EXPECT_THROW(parse_table_metadata("{\"a\": \"\xff\"}"), Error);
  EXPECT_THROW(parse_table_metadata(""), Error);
}

TEST(MetadataJson, TextThatIsNotUtf8IsRefusedOnWrite) {
  TableMetadata table = parse(v2());
  table.properties["k"] = "\xff";
  try {
    write_table_metadata(table);
    FAIL() << "written";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidInput);
  }
}

TEST(MetadataBytes, Gzip) {
  const std::string json = write_table_metadata(parse(v2()));
  const std::string zipped = encode_metadata_bytes(json, true);
  EXPECT_LT(zipped.size(), json.size());
  EXPECT_EQ(decode_metadata_bytes("s3://b/00001-x.gz.metadata.json", zipped), json);
  EXPECT_EQ(decode_metadata_bytes("s3://b/00001-x.metadata.json", json), json);
  EXPECT_EQ(encode_metadata_bytes(json, false), json);
  for (const auto& [uri, bytes] :
       {std::pair<std::string, std::string>{"a.gz.metadata.json", json},
        {"a.gz.metadata.json", zipped.substr(0, zipped.size() / 2)},
        {"a.gz.metadata.json", zipped.substr(0, 20) + "garbage" + zipped.substr(27)}}) {
    try {
      (void)parse_table_metadata(decode_metadata_bytes(uri, bytes));
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kCorrupt);
    }
  }
}

}  // namespace
}  // namespace firn::iceberg

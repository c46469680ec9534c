// Requirements and updates: their effect on metadata, and their JSON.
#include "iceberg/update.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "iceberg/metadata_json.h"
#include "types/test_support.h"

namespace firn::iceberg {
namespace {

using types::Type;
using types::TypeId;

constexpr int64_t kNow = 1'700'000'000'000;

types::Schema schema() {
  types::Schema result;
  result.fields = {field(1, "id", Type::primitive(TypeId::kLong), true),
                   field(2, "at", Type::primitive(TypeId::kTimestamptz)),
                   field(3, "name", Type::primitive(TypeId::kString)),
                   field(4, "tags", Type::list(5, false, Type::primitive(TypeId::kString)))};
  return result;
}

types::Schema wider_schema() {
  types::Schema result = schema();
  result.schema_id = 99;
  result.fields.push_back(field(6, "extra", Type::primitive(TypeId::kInt)));
  return result;
}

types::PartitionSpec by_day() { return {0, {{2, 0, "at_day", types::parse_transform("day")}}}; }
types::PartitionSpec by_bucket() {
  return {0, {{1, 0, "id_bucket", types::parse_transform("bucket[8]")}}};
}
types::PartitionSpec by_day_and_bucket() {
  return {0,
          {{1, 0, "id_bucket", types::parse_transform("bucket[8]")},
           {2, 0, "at_day", types::parse_transform("day")}}};
}

std::vector<Update> creation() {
  return {AssignUuid{"u-1"},    SetLocation{"mem://t"},     AddSchema{schema()},
          SetCurrentSchema{-1}, AddPartitionSpec{by_day()}, SetDefaultSpec{-1},
          AddSortOrder{{}},     SetDefaultSortOrder{-1},    SetProperties{{{"a", "1"}}}};
}

TableMetadata table() { return apply(nullptr, creation(), kNow, std::nullopt); }

Snapshot snapshot(SnapshotId id, SequenceNumber sequence_number,
                  std::optional<SnapshotId> parent = std::nullopt) {
  Snapshot result;
  result.id = id;
  result.parent = parent;
  result.sequence_number = sequence_number;
  result.timestamp_ms = kNow + sequence_number * 1000;
  result.manifest_list = "mem://t/metadata/snap-" + std::to_string(id) + ".avro";
  result.operation = "append";
  result.schema_id = 0;
  return result;
}

SnapshotRef branch(SnapshotId id) {
  SnapshotRef ref;
  ref.snapshot_id = id;
  return ref;
}
SnapshotRef tag(SnapshotId id) {
  SnapshotRef ref = branch(id);
  ref.is_branch = false;
  return ref;
}

// A table with snapshots 1..count on main, one commit each.
TableMetadata with_snapshots(int count) {
  TableMetadata result = table();
  for (int i = 1; i <= count; ++i) {
    const auto parent = i > 1 ? std::optional<SnapshotId>(i - 1) : std::nullopt;
    result =
        apply(&result, {AddSnapshot{snapshot(i, i, parent)}, SetSnapshotRef{"main", branch(i)}},
              kNow + i * 1000, "mem://t/metadata/" + std::to_string(i) + ".json");
  }
  return result;
}

std::vector<SnapshotId> logged(const TableMetadata& table) {
  std::vector<SnapshotId> ids;
  for (const auto& entry : table.snapshot_log) ids.push_back(entry.snapshot_id);
  return ids;
}

TEST(Apply, CreatesATable) {
  const TableMetadata result = table();
  EXPECT_EQ(result.format_version, 2);
  EXPECT_EQ(result.table_uuid, "u-1");
  EXPECT_EQ(result.location, "mem://t");
  EXPECT_EQ(result.last_column_id, 5);  // the list's element counts
  EXPECT_EQ(result.current_schema_id, 0);
  EXPECT_EQ(result.spec().fields[0].field_id, 1000);
  EXPECT_EQ(result.last_partition_id, 1000);
  EXPECT_EQ(result.default_sort_order_id, 0);
  EXPECT_EQ(result.last_updated_ms, kNow);
  EXPECT_TRUE(result.metadata_log.empty());
  EXPECT_EQ(write_table_metadata(parse_table_metadata(write_table_metadata(result))),
            write_table_metadata(result));
}

TEST(Apply, SchemaIdIsReusedForTheSameFields) {
  TableMetadata base = table();
  base = apply(&base, {AddSchema{wider_schema()}, SetCurrentSchema{-1}}, kNow, std::nullopt);
  EXPECT_EQ(base.current_schema_id, 1);  // not the client's 99
  EXPECT_EQ(base.last_column_id, 6);
  base = apply(&base, {AddSchema{schema()}, SetCurrentSchema{-1}}, kNow, std::nullopt);
  EXPECT_EQ(base.current_schema_id, 0);
  EXPECT_EQ(base.schemas.size(), 2u);
  EXPECT_EQ(base.last_column_id, 6);  // never goes back
}

TEST(Apply, SpecsAreReusedAndFieldIdsKept) {
  TableMetadata base = table();
  base = apply(&base, {AddPartitionSpec{by_bucket()}, SetDefaultSpec{-1}}, kNow, std::nullopt);
  EXPECT_EQ(base.default_spec_id, 1);
  EXPECT_EQ(base.spec().fields[0].field_id, 1001);
  base =
      apply(&base, {AddPartitionSpec{by_day_and_bucket()}, SetDefaultSpec{-1}}, kNow, std::nullopt);
  EXPECT_EQ(base.default_spec_id, 2);
  EXPECT_EQ(base.spec().fields[0].field_id, 1001);  // same source and transform as before
  EXPECT_EQ(base.spec().fields[1].field_id, 1000);
  EXPECT_EQ(base.last_partition_id, 1001);
  base = apply(&base, {AddPartitionSpec{by_day()}, SetDefaultSpec{-1}}, kNow, std::nullopt);
  EXPECT_EQ(base.default_spec_id, 0);
  EXPECT_EQ(base.specs.size(), 3u);
}

TEST(Apply, SortOrdersAreReusedAndUnsortedIsZero) {
  const types::SortOrder by_name{7, {{3, {}, true, true}}};
  TableMetadata base = table();
  base = apply(&base, {AddSortOrder{by_name}, SetDefaultSortOrder{-1}}, kNow, std::nullopt);
  EXPECT_EQ(base.default_sort_order_id, 1);
  base = apply(&base, {AddSortOrder{{}}, SetDefaultSortOrder{-1}}, kNow, std::nullopt);
  EXPECT_EQ(base.default_sort_order_id, 0);
  base = apply(&base, {AddSortOrder{by_name}, SetDefaultSortOrder{-1}}, kNow, std::nullopt);
  EXPECT_EQ(base.default_sort_order_id, 1);
  EXPECT_EQ(base.sort_orders.size(), 2u);
}

TEST(Apply, SnapshotsMoveMainAndTheLog) {
  const TableMetadata base = with_snapshots(3);
  EXPECT_EQ(base.current_snapshot_id, 3);
  EXPECT_EQ(base.refs.at("main").snapshot_id, 3);
  EXPECT_EQ(base.last_sequence_number, 3);
  EXPECT_EQ(logged(base), (std::vector<SnapshotId>{1, 2, 3}));
  EXPECT_EQ(base.snapshot_log[2].timestamp_ms, base.current_snapshot()->timestamp_ms);
  ASSERT_EQ(base.metadata_log.size(), 3u);
  EXPECT_EQ(base.metadata_log[2].file, "mem://t/metadata/3.json");
  EXPECT_EQ(base.metadata_log[2].timestamp_ms, kNow + 2000);  // when the previous file was written
}

TEST(Apply, StaleSequenceNumberIsAConflict) {
  const TableMetadata base = with_snapshots(3);
  for (const SequenceNumber stale : {0, 2, 3}) {
    try {
      apply(&base, {AddSnapshot{snapshot(9, stale, 3)}}, kNow, std::nullopt);
      ADD_FAILURE() << "accepted " << stale;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kConflict);
    }
  }
}

TEST(Apply, SnapshotsBetweenTwoUpdatesLeaveTheLog) {
  const TableMetadata base = with_snapshots(1);
  const TableMetadata result =
      apply(&base,
            {AddSnapshot{snapshot(2, 2, 1)}, SetSnapshotRef{"main", branch(2)},
             AddSnapshot{snapshot(3, 3, 2)}, SetSnapshotRef{"main", branch(3)}},
            kNow, std::nullopt);
  EXPECT_EQ(logged(result), (std::vector<SnapshotId>{1, 3}));
  EXPECT_EQ(result.snapshots.size(), 3u);
}

TEST(Apply, RollbackIsLoggedAtTheTimeOfTheChange) {
  const TableMetadata base = with_snapshots(3);
  const TableMetadata result =
      apply(&base, {SetSnapshotRef{"main", branch(1)}}, kNow + 50'000, std::nullopt);
  EXPECT_EQ(result.current_snapshot_id, 1);
  EXPECT_EQ(logged(result), (std::vector<SnapshotId>{1, 2, 3, 1}));
  EXPECT_EQ(result.snapshot_log.back().timestamp_ms, kNow + 50'000);
}

TEST(Apply, BranchesAndTagsLeaveMainAlone) {
  TableMetadata base = with_snapshots(2);
  base = apply(&base,
               {AddSnapshot{snapshot(3, 3, 1)}, SetSnapshotRef{"dev", branch(3)},
                SetSnapshotRef{"v1", tag(1)}},
               kNow, std::nullopt);
  EXPECT_EQ(base.current_snapshot_id, 2);
  EXPECT_EQ(logged(base), (std::vector<SnapshotId>{1, 2}));
  EXPECT_EQ(base.head_of("dev")->id, 3);
  base = apply(&base, {RemoveSnapshotRef{"v1"}}, kNow, std::nullopt);
  EXPECT_FALSE(base.refs.contains("v1"));
  base = apply(&base, {RemoveSnapshotRef{"main"}}, kNow, std::nullopt);
  EXPECT_EQ(base.current_snapshot_id, std::nullopt);
  EXPECT_NO_THROW(parse_table_metadata(write_table_metadata(base)));
}

TEST(Apply, ExpiryTrimsTheLogRefsAndStatistics) {
  TableMetadata base = with_snapshots(4);
  base = apply(
      &base,
      {SetSnapshotRef{"old", tag(1)}, SetSnapshotRef{"keep", tag(3)},
       SetStatistics{2, R"({"snapshot-id":2})"}, SetPartitionStatistics{2, R"({"snapshot-id":2})"},
       SetStatistics{4, R"({"snapshot-id":4})"}},
      kNow, std::nullopt);
  // 2 is gone: 1 seems to have been current until 3 came, so the history before 3 goes with it
  const TableMetadata result = apply(&base, {RemoveSnapshots{{2}}}, kNow, std::nullopt);
  EXPECT_EQ(logged(result), (std::vector<SnapshotId>{3, 4}));
  EXPECT_EQ(result.snapshots.size(), 3u);
  EXPECT_TRUE(result.refs.contains("old"));
  EXPECT_EQ(result.statistics, (std::vector<std::string>{R"({"snapshot-id":4})"}));
  EXPECT_TRUE(result.partition_statistics.empty());
  const TableMetadata without = apply(&base, {RemoveSnapshots{{1}}}, kNow, std::nullopt);
  EXPECT_FALSE(without.refs.contains("old"));
  EXPECT_TRUE(without.refs.contains("keep"));
  const TableMetadata empty = apply(&base, {RemoveSnapshots{{1, 2, 3, 4}}}, kNow, std::nullopt);
  EXPECT_EQ(empty.current_snapshot_id, std::nullopt);
  EXPECT_TRUE(empty.refs.empty() && empty.snapshot_log.empty());
  EXPECT_NO_THROW(parse_table_metadata(write_table_metadata(empty)));
}

TEST(Apply, MetadataLogIsTrimmed) {
  TableMetadata base = table();
  base = apply(&base, {SetProperties{{{"write.metadata.previous-versions-max", "3"}}}}, kNow, "0");
  for (int i = 1; i <= 6; ++i) {
    base = apply(&base, {SetProperties{{{"n", std::to_string(i)}}}}, kNow + i, std::to_string(i));
  }
  ASSERT_EQ(base.metadata_log.size(), 3u);
  EXPECT_EQ(base.metadata_log.front().file, "4");
  EXPECT_EQ(base.metadata_log.back().file, "6");
  // the default is 100, the least is 1
  base = apply(&base, {RemoveProperties{{"write.metadata.previous-versions-max"}}}, kNow, "7");
  for (int i = 0; i < 120; ++i)
    base = apply(&base, {SetProperties{{{"n", std::to_string(i)}}}}, kNow, "x");
  EXPECT_EQ(base.metadata_log.size(), 100u);
  base = apply(&base, {SetProperties{{{"write.metadata.previous-versions-max", "0"}}}}, kNow, "y");
  EXPECT_EQ(base.metadata_log.size(), 1u);
}

TEST(Apply, TimeDoesNotGoBack) {
  const TableMetadata base = with_snapshots(2);
  Snapshot late = snapshot(3, 3, 2);
  late.timestamp_ms = kNow - 3'600'000;
  const TableMetadata result = apply(&base, {AddSnapshot{late}, SetSnapshotRef{"main", branch(3)}},
                                     kNow - 3'600'000, std::nullopt);
  EXPECT_GE(result.last_updated_ms, base.last_updated_ms);
  // readers refuse a log that goes back by more than a minute
  EXPECT_GE(result.snapshot_log[2].timestamp_ms, result.snapshot_log[1].timestamp_ms - 60'000);
  EXPECT_EQ(result.snapshots[2].timestamp_ms, late.timestamp_ms);
}

TEST(Apply, NothingToDoChangesNothing) {
  const TableMetadata base = with_snapshots(2);
  const TableMetadata same =
      apply(&base,
            {SetSnapshotRef{"main", branch(2)}, SetCurrentSchema{0}, AssignUuid{"u-1"},
             RemoveProperties{{"none"}}, SetDefaultSpec{0}, SetLocation{"mem://t"},
             UpgradeFormatVersion{2}},
            kNow + 99'000, "file");
  EXPECT_EQ(write_table_metadata(same), write_table_metadata(base));
}

TEST(Apply, V1BecomesV2) {
  TableMetadata base = table();
  base.format_version = 1;
  const TableMetadata result = apply(
      &base, {AddSnapshot{snapshot(1, 1)}, SetSnapshotRef{"main", branch(1)}}, kNow, std::nullopt);
  EXPECT_EQ(result.format_version, 2);
  EXPECT_EQ(result.last_sequence_number, 1);
}

struct RefusedRow {
  const char* name;
  std::vector<Update> updates;
  Code code;
};
class ApplyRefuses : public testing::TestWithParam<RefusedRow> {};
TEST_P(ApplyRefuses, WithCode) {
  const TableMetadata base = with_snapshots(2);
  try {
    apply(&base, GetParam().updates, kNow, std::nullopt);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), GetParam().code) << error.what();
  }
}
types::Schema with_type(Type type) {
  types::Schema result = schema();
  result.fields.push_back(field(9, "x", std::move(type)));
  return result;
}
INSTANTIATE_TEST_SUITE_P(
    , ApplyRefuses,
    testing::Values(
        RefusedRow{"downgrade", {UpgradeFormatVersion{1}}, Code::kInvalidInput},
        RefusedRow{"upgrade_to_v3", {UpgradeFormatVersion{3}}, Code::kUnsupported},
        RefusedRow{"last_schema_never_added", {SetCurrentSchema{-1}}, Code::kInvalidInput},
        RefusedRow{"last_spec_never_added", {SetDefaultSpec{-1}}, Code::kInvalidInput},
        RefusedRow{"last_order_never_added", {SetDefaultSortOrder{-1}}, Code::kInvalidInput},
        RefusedRow{"unknown_order", {SetDefaultSortOrder{5}}, Code::kInvalidInput},
        RefusedRow{"same_snapshot_id", {AddSnapshot{snapshot(2, 9)}}, Code::kInvalidInput},
        RefusedRow{"ref_to_unknown", {SetSnapshotRef{"dev", branch(77)}}, Code::kInvalidInput},
        RefusedRow{"main_as_tag", {SetSnapshotRef{"main", tag(1)}}, Code::kInvalidInput},
        RefusedRow{"no_location", {SetLocation{""}}, Code::kInvalidInput},
        RefusedRow{"unknown_transform",
                   {AddPartitionSpec{{0, {{1, 0, "x", types::parse_transform("zorder")}}}}},
                   Code::kUnsupported},
        RefusedRow{
            "partition_source", {AddPartitionSpec{{0, {{77, 0, "x", {}}}}}}, Code::kInvalidInput},
        RefusedRow{
            "partition_of_list", {AddPartitionSpec{{0, {{4, 0, "x", {}}}}}}, Code::kInvalidInput},
        RefusedRow{"day_of_long",
                   {AddPartitionSpec{{0, {{1, 0, "x", types::parse_transform("day")}}}}},
                   Code::kInvalidInput},
        RefusedRow{"partition_named_as_other_column",
                   {AddPartitionSpec{{0, {{2, 0, "name", types::parse_transform("day")}}}}},
                   Code::kInvalidInput},
        RefusedRow{
            "partition_name_twice",
            {AddPartitionSpec{{0, {{2, 0, "x", types::parse_transform("day")}, {1, 0, "x", {}}}}}},
            Code::kInvalidInput},
        RefusedRow{"sort_source", {AddSortOrder{{0, {{77, {}, true, true}}}}}, Code::kInvalidInput},
        RefusedRow{"remove_default_spec", {RemovePartitionSpecs{{0}}}, Code::kInvalidInput},
        RefusedRow{"remove_current_schema", {RemoveSchemas{{0}}}, Code::kInvalidInput},
        RefusedRow{"drop_partition_source",
                   {AddSchema{{0, {field(1, "id", Type::primitive(TypeId::kLong))}, {}}},
                    SetCurrentSchema{-1}},
                   Code::kInvalidInput},
        RefusedRow{"v3_type",
                   {AddSchema{with_type(Type::primitive(TypeId::kTimestampNs))}},
                   Code::kUnsupported},
        RefusedRow{"v3_type_nested",
                   {AddSchema{with_type(Type::list(10, true, Type::primitive(TypeId::kVariant)))}},
                   Code::kUnsupported}),
    [](const auto& row) { return row.param.name; });

TEST(Apply, NewTablesNeedUuidAndLocation) {
  for (size_t without : {0, 1, 2, 4, 6}) {
    std::vector<Update> updates = creation();
    updates.erase(updates.begin() + static_cast<std::ptrdiff_t>(without));
    EXPECT_THROW(apply(nullptr, updates, kNow, std::nullopt), Error) << without;
  }
}

TEST(Apply, V3TablesAreReadOnly) {
  TableMetadata base = table();
  base.format_version = 3;
  EXPECT_THROW(apply(&base, {SetProperties{{{"a", "b"}}}}, kNow, std::nullopt), Error);
}

// ---- requirements
struct RequirementRow {
  const char* name;
  Requirement requirement;
  const char* broken;  // on a table of two snapshots and a tag; "" where it holds
  bool holds_without_table;
};
class Requirements : public testing::TestWithParam<RequirementRow> {};
TEST_P(Requirements, Check) {
  TableMetadata base = with_snapshots(2);
  base.refs["v1"] = tag(1);
  EXPECT_EQ(broken_requirement(&base, {GetParam().requirement}).value_or(""), GetParam().broken);
  EXPECT_EQ(!broken_requirement(nullptr, {GetParam().requirement}), GetParam().holds_without_table);
}
INSTANTIATE_TEST_SUITE_P(
    , Requirements,
    testing::Values(
        RequirementRow{"create", AssertCreate{}, "the table already exists", true},
        RequirementRow{"uuid", AssertTableUuid{"U-1"}, "", false},
        RequirementRow{"other_uuid", AssertTableUuid{"u-2"}, "the table's uuid is u-1, not u-2",
                       false},
        RequirementRow{"ref", AssertRefSnapshotId{"main", 2}, "", false},
        RequirementRow{"ref_moved", AssertRefSnapshotId{"main", 1},
                       "branch main has moved: expected snapshot 1, found 2", false},
        RequirementRow{"ref_new", AssertRefSnapshotId{"dev", std::nullopt}, "", true},
        RequirementRow{"ref_came_meanwhile", AssertRefSnapshotId{"v1", std::nullopt},
                       "tag v1 was created meanwhile", true},
        RequirementRow{"ref_missing", AssertRefSnapshotId{"dev", 1},
                       "branch or tag dev is missing, expected at snapshot 1", false},
        RequirementRow{"field_id", AssertLastAssignedFieldId{5}, "", true},
        RequirementRow{"field_id_changed", AssertLastAssignedFieldId{4},
                       "the last assigned field id changed: expected 4, found 5", true},
        RequirementRow{"schema", AssertCurrentSchemaId{0}, "", false},
        RequirementRow{"schema_changed", AssertCurrentSchemaId{1},
                       "the current schema changed: expected 1, found 0", false},
        RequirementRow{"partition_id", AssertLastAssignedPartitionId{1000}, "", true},
        RequirementRow{"partition_id_changed", AssertLastAssignedPartitionId{999},
                       "the last assigned partition field id changed: expected 999, found 1000",
                       true},
        RequirementRow{"spec_changed", AssertDefaultSpecId{3},
                       "the default partition spec changed: expected 3, found 0", false},
        RequirementRow{"order_changed", AssertDefaultSortOrderId{3},
                       "the default sort order changed: expected 3, found 0", false}),
    [](const auto& row) { return row.param.name; });

// ---- JSON
struct JsonRow {
  const char* name;
  const char* json;
};
class UpdateJson : public testing::TestWithParam<JsonRow> {};
TEST_P(UpdateJson, RoundTrip) {
  EXPECT_EQ(write_update(parse_update(GetParam().json)), GetParam().json);
}
INSTANTIATE_TEST_SUITE_P(
    , UpdateJson,
    testing::Values(
        JsonRow{"assign_uuid", R"({"action":"assign-uuid","uuid":"u"})"},
        JsonRow{"upgrade", R"({"action":"upgrade-format-version","format-version":2})"},
        JsonRow{
            "add_schema",
            R"({"action":"add-schema","schema":{"type":"struct","schema-id":0,"fields":[{"id":1,"name":"a","required":true,"type":"int"}]},"last-column-id":1})"},
        JsonRow{"set_current_schema", R"({"action":"set-current-schema","schema-id":-1})"},
        JsonRow{
            "add_spec",
            R"({"action":"add-spec","spec":{"spec-id":0,"fields":[{"name":"a","transform":"identity","source-id":1,"field-id":1000}]}})"},
        JsonRow{
            "add_unbound_spec",
            R"({"action":"add-spec","spec":{"spec-id":0,"fields":[{"name":"a","transform":"identity","source-id":1}]}})"},
        JsonRow{"set_default_spec", R"({"action":"set-default-spec","spec-id":-1})"},
        JsonRow{
            "add_sort_order",
            R"({"action":"add-sort-order","sort-order":{"order-id":1,"fields":[{"transform":"identity","source-id":1,"direction":"desc","null-order":"nulls-last"}]}})"},
        JsonRow{"set_default_sort_order",
                R"({"action":"set-default-sort-order","sort-order-id":-1})"},
        JsonRow{
            "add_snapshot",
            R"({"action":"add-snapshot","snapshot":{"sequence-number":3,"snapshot-id":7,"parent-snapshot-id":6,"timestamp-ms":9,"summary":{"operation":"append","added-records":"1"},"manifest-list":"s3://l","schema-id":0}})"},
        JsonRow{
            "set_ref",
            R"({"action":"set-snapshot-ref","ref-name":"dev","snapshot-id":7,"type":"branch","min-snapshots-to-keep":1,"max-snapshot-age-ms":2,"max-ref-age-ms":3})"},
        JsonRow{"set_tag",
                R"({"action":"set-snapshot-ref","ref-name":"v","snapshot-id":7,"type":"tag"})"},
        JsonRow{"remove_snapshots", R"({"action":"remove-snapshots","snapshot-ids":[1,2]})"},
        JsonRow{"remove_ref", R"({"action":"remove-snapshot-ref","ref-name":"dev"})"},
        JsonRow{"set_location", R"({"action":"set-location","location":"s3://x"})"},
        JsonRow{"set_properties", R"({"action":"set-properties","updates":{"a":"b"}})"},
        JsonRow{"remove_properties", R"({"action":"remove-properties","removals":["a"]})"},
        JsonRow{
            "set_statistics",
            R"({"action":"set-statistics","snapshot-id":7,"statistics":{"snapshot-id":7,"statistics-path":"p"}})"},
        JsonRow{"remove_statistics", R"({"action":"remove-statistics","snapshot-id":7})"},
        JsonRow{
            "set_partition_statistics",
            R"({"action":"set-partition-statistics","partition-statistics":{"snapshot-id":7}})"},
        JsonRow{"remove_partition_statistics",
                R"({"action":"remove-partition-statistics","snapshot-id":7})"},
        JsonRow{"remove_specs", R"({"action":"remove-partition-specs","spec-ids":[1]})"},
        JsonRow{"remove_schemas", R"({"action":"remove-schemas","schema-ids":[1]})"}),
    [](const auto& row) { return row.param.name; });

TEST(UpdateJsonForms, EarlyClients) {
  EXPECT_EQ(write_update(parse_update(R"({"action":"set-properties","updated":{"a":"b"}})")),
            R"({"action":"set-properties","updates":{"a":"b"}})");
  EXPECT_EQ(write_update(parse_update(R"({"action":"remove-properties","removed":["a"]})")),
            R"({"action":"remove-properties","removals":["a"]})");
}

class RequirementJson : public testing::TestWithParam<JsonRow> {};
TEST_P(RequirementJson, RoundTrip) {
  EXPECT_EQ(write_requirement(parse_requirement(GetParam().json)), GetParam().json);
}
INSTANTIATE_TEST_SUITE_P(
    , RequirementJson,
    testing::Values(
        JsonRow{"create", R"({"type":"assert-create"})"},
        JsonRow{"uuid", R"({"type":"assert-table-uuid","uuid":"u"})"},
        JsonRow{"ref", R"({"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":7})"},
        JsonRow{"new_ref", R"({"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":null})"},
        JsonRow{"field_id",
                R"({"type":"assert-last-assigned-field-id","last-assigned-field-id":3})"},
        JsonRow{"schema", R"({"type":"assert-current-schema-id","current-schema-id":3})"},
        JsonRow{"partition_id",
                R"({"type":"assert-last-assigned-partition-id","last-assigned-partition-id":3})"},
        JsonRow{"spec", R"({"type":"assert-default-spec-id","default-spec-id":3})"},
        JsonRow{"order", R"({"type":"assert-default-sort-order-id","default-sort-order-id":3})"}),
    [](const auto& row) { return row.param.name; });

TEST(UpdateJsonForms, UnknownOnesAreNamed) {
  for (const char* json : {R"({"action":"add-view-version"})", R"({"action":"fly"})"}) {
    try {
      parse_update(json);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kUnsupported);
    }
  }
  EXPECT_THROW(parse_update("{}"), Error);
  EXPECT_THROW(parse_update("[]"), Error);
  EXPECT_THROW(parse_requirement(R"({"type":"assert-view-uuid","uuid":"x"})"), Error);
}

}  // namespace
}  // namespace firn::iceberg

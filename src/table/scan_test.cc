// Which files a scan reads: pruning at three levels, deletes matched by partition, path and
// sequence number.
#include "table/scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "iceberg/metrics.h"
#include "table/delete_index.h"
#include "table/manifest_cache.h"
#include "table/sample_table.h"

namespace firn::table {
namespace {

using iceberg::Content;
using types::Predicate;
using types::PredicateOp;

Predicate leaf(PredicateOp op, int field, types::Value value) {
  return {op, field, {std::move(value)}, {}};
}

struct PruneRow {
  const char* name;
  Predicate filter;
  size_t tasks;
  int64_t manifests_read;
};

void PrintTo(const PruneRow& row, std::ostream* out) { *out << row.name; }

// Three snapshots, one manifest each: day 1 (ids 0-9, 10-19), day 2 (ids 20-29), day null (ids
// 30-39).
class Pruning : public testing::TestWithParam<PruneRow> {};

TEST_P(Pruning, ReadsWhatMayMatch) {
  SampleTable sample({by_day()});
  const types::Value one = int32_t{1}, two = int32_t{2}, none = types::Null{};
  sample.append(sample.request({sample.file({one}, 0), sample.file({one}, 10)}));
  sample.append(sample.request({sample.file({two}, 20)}));
  sample.append(sample.request({sample.file({none}, 30)}));
  const ScanPlan plan =
      plan_scan(sample.table.metadata(), *sample.store, {.filter = GetParam().filter}, nullptr);
  EXPECT_EQ(plan.tasks.size(), GetParam().tasks);
  EXPECT_EQ(plan.manifests_total, 3);
  EXPECT_EQ(plan.manifests_read, GetParam().manifests_read);
  EXPECT_EQ(plan.files_total, 4);
  EXPECT_EQ(plan.files_skipped, 4 - static_cast<int64_t>(plan.tasks.size()));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Pruning,
    testing::Values(
        PruneRow{"NoFilter", types::always_true(), 4, 3},
        PruneRow{"ByManifest", leaf(PredicateOp::kEqual, kDayField, int32_t{2}), 1, 1},
        PruneRow{"ByRangeOfDays", leaf(PredicateOp::kLess, kDayField, int32_t{2}), 2, 1},
        PruneRow{"NullPartition", {PredicateOp::kIsNull, kDayField, {}, {}}, 1, 1},
        PruneRow{"NotNullPartition", {PredicateOp::kNotNull, kDayField, {}, {}}, 3, 2},
        PruneRow{"ByBounds", leaf(PredicateOp::kEqual, kIdField, int64_t{12}), 1, 3},
        PruneRow{"ByBoundsAndPartition",
                 types::all_of({leaf(PredicateOp::kGreater, kIdField, int64_t{9}),
                                leaf(PredicateOp::kEqual, kDayField, int32_t{1})}),
                 1, 1},
        PruneRow{"NothingIsKnownOfNames", leaf(PredicateOp::kEqual, kNameField, std::string("x")),
                 4, 3},
        PruneRow{"Nothing", {PredicateOp::kFalse, 0, {}, {}}, 0, 0},
        PruneRow{"OutOfRange", leaf(PredicateOp::kGreater, kIdField, int64_t{99}), 0, 3}),
    [](const auto& info) { return info.param.name; });

TEST(Scan, EachSpecPrunesByItsOwnFields) {
  SampleTable sample({by_day()});
  const types::Value one = int32_t{1};
  sample.append(sample.request({sample.file({one})}));
  types::PartitionSpec unpartitioned;
  sample.pointer->change(
      {{}, {iceberg::AddPartitionSpec{unpartitioned}, iceberg::SetDefaultSpec{-1}}});
  sample.append(sample.request({sample.file({}, 0, 10, 1)}));
  const auto tasks = [&](int day) {
    return plan_scan(sample.table.metadata(), *sample.store,
                     {.filter = leaf(PredicateOp::kEqual, kDayField, int32_t{day})}, nullptr)
        .tasks.size();
  };
  EXPECT_EQ(tasks(1), 2);
  EXPECT_EQ(tasks(2), 1);  // the unpartitioned file may hold any day
}

TEST(Scan, AnEmptyTableHasNoTasks) {
  SampleTable sample;
  EXPECT_TRUE(plan_scan(sample.table.metadata(), *sample.store, {}, nullptr).tasks.empty());
}

TEST(Scan, TimeTravelReadsTheSnapshotsFiles) {
  SampleTable sample;
  const iceberg::SnapshotId first = sample.foreign_append();
  sample.foreign_append();
  sample.table.refresh();
  EXPECT_EQ(plan_scan(sample.table.metadata(), *sample.store, {.snapshot_id = first}, nullptr)
                .tasks.size(),
            1);
  EXPECT_EQ(plan_scan(sample.table.metadata(), *sample.store, {}, nullptr).tasks.size(), 2);
  EXPECT_THROW(plan_scan(sample.table.metadata(), *sample.store, {.snapshot_id = 1}, nullptr),
               Error);
}

TEST(Scan, OnlyOlderSnapshotsAreReadWithTheirOwnSchema) {
  SampleTable sample;
  const iceberg::SnapshotId first = sample.foreign_append();
  ASSERT_TRUE(std::holds_alternative<Committed>(sample.append(sample.request({sample.file()}))));
  const iceberg::SnapshotId second = *sample.table.metadata().current_snapshot_id;
  types::Schema wider = sample_schema();
  wider.fields.push_back(
      {.id = 4, .name = "added", .type = types::Type::primitive(types::TypeId::kInt)});
  sample.pointer->change({{}, {iceberg::AddSchema{wider}, iceberg::SetCurrentSchema{-1}}});
  iceberg::TableMetadata metadata = sample.pointer->metadata();
  for (auto& snapshot : metadata.snapshots) snapshot.schema_id = 0;
  const auto columns = [&](std::optional<iceberg::SnapshotId> snapshot) {
    return plan_scan(metadata, *sample.store, {.snapshot_id = snapshot}, nullptr)
        .schema.fields.size();
  };
  EXPECT_EQ(columns({}), 4);
  EXPECT_EQ(columns(second), 4);
  EXPECT_EQ(columns(first), 3);
}

// Outlines must keep what whole manifests would, whatever is asked, cold and from the cache.
TEST(Scan, OutlinesKeepTheFilesThatTheirBoundsAllow) {
  SampleTable sample({by_day()});
  std::vector<iceberg::DataFile> files;
  for (int i = 0; i < 60; ++i) {
    iceberg::DataFile file = sample.file({types::Value(int32_t{i % 4})}, i * 10);
    if (i % 7 == 0) file.lower_bounds.erase(kIdField);
    if (i % 11 == 0) file.upper_bounds[kIdField] = "three";  // no long: says nothing
    if (i % 13 == 0) file.null_value_counts[kIdField] = i % 2 == 0 ? 0 : 10;
    if (i % 5 == 0) file.lower_bounds[kNameField] = file.upper_bounds[kNameField] = "n";
    files.push_back(file);
    if (i % 3 == 2) sample.append(sample.request(std::exchange(files, {})));
  }
  const iceberg::TableMetadata& metadata = sample.table.metadata();
  const auto everything = plan_scan(metadata, *sample.store, {}, nullptr);
  ASSERT_EQ(everything.tasks.size(), 60);
  const types::Value id = int64_t{205}, day = int32_t{2};
  const Predicate filters[] = {
      leaf(PredicateOp::kEqual, kIdField, id),
      leaf(PredicateOp::kGreater, kIdField, id),
      leaf(PredicateOp::kNotEqual, kNameField, std::string("n")),
      {PredicateOp::kIsNull, kIdField, {}, {}},
      {PredicateOp::kNot, 0, {}, {leaf(PredicateOp::kLess, kIdField, id)}},
      types::any_of(
          {leaf(PredicateOp::kLess, kIdField, id), leaf(PredicateOp::kEqual, kDayField, day)}),
      types::all_of({leaf(PredicateOp::kGreater, kIdField, id),
                     leaf(PredicateOp::kEqual, kDayField, day),
                     leaf(PredicateOp::kEqual, kNameField, std::string("m"))}),
  };
  const auto cache = make_manifest_cache(1 << 20);
  for (const Predicate& filter : filters) {
    std::set<std::string> want;
    const auto projected = types::project_inclusive(filter, metadata.schema(), metadata.spec());
    for (const ScanTask& task : everything.tasks) {
      if (types::matches_partition(projected, metadata.spec(), task.file->partition) &&
          types::may_match(filter, metadata.schema(),
                           iceberg::bounds_of(*task.file, metadata.schema())))
        want.insert(task.file->file_path);
    }
    for (ManifestCache* const used :
         {static_cast<ManifestCache*>(nullptr), cache.get(), cache.get()}) {
      std::set<std::string> got;
      for (const ScanTask& task :
           plan_scan(metadata, *sample.store, {.filter = filter}, used).tasks) {
        got.insert(task.file->file_path);
        const auto same = std::ranges::find_if(everything.tasks, [&](const ScanTask& other) {
          return other.file->file_path == task.file->file_path;
        });
        EXPECT_EQ(*task.file, *same->file);
        EXPECT_EQ(task.sequence_number, same->sequence_number);
      }
      EXPECT_EQ(got, want) << types::to_string(filter, metadata.schema());
    }
  }
}

TEST(Scan, ADamagedManifestFailsWhereManyAreReadAtOnce) {
  SampleTable sample;
  for (int i = 0; i < 30; ++i) sample.append(sample.request({sample.file({}, i * 10)}));
  const auto rows = manifests_of(*sample.store, sample.table.metadata(),
                                 *sample.table.metadata().current_snapshot());
  sample.store->remove(rows[17].path);
  sample.store->create(rows[17].path, files::WriteMode::kCreateNew)->finish();
  try {
    plan_scan(sample.table.metadata(), *sample.store,
              {.filter = leaf(PredicateOp::kEqual, kIdField, int64_t{205})}, nullptr);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find(rows[17].path), std::string::npos) << error.message();
  }
}

TEST(Scan, TheCacheServesLaterScansAndStaysBounded) {
  SampleTable sample;
  for (int i = 0; i < 4; ++i) sample.append(sample.request({sample.file()}));
  const auto cache = make_manifest_cache(1 << 20);
  plan_scan(sample.table.metadata(), *sample.store, {}, cache.get());
  for (const auto& info : sample.store->list("mem://warehouse/s/t/metadata")) {
    if (info.uri.find("-m0.avro") != std::string::npos) sample.store->remove(info.uri);
  }
  EXPECT_EQ(plan_scan(sample.table.metadata(), *sample.store, {}, cache.get()).tasks.size(), 4);
  EXPECT_GT(cache->bytes(), 0);
  const auto tiny = make_manifest_cache(10);
  EXPECT_THROW(plan_scan(sample.table.metadata(), *sample.store, {}, tiny.get()), Error);
  EXPECT_EQ(tiny->bytes(), 0);
}

TEST(ManifestCache, TheLeastRecentlyUsedGoesFirst) {
  SampleTable sample;
  for (int i = 0; i < 3; ++i) sample.append(sample.request({sample.file()}));
  const auto rows = manifests_of(*sample.store, sample.table.metadata(),
                                 *sample.table.metadata().current_snapshot());
  ManifestCache measure(1 << 20);
  measure.get(*sample.store, rows[0]);
  ManifestCache cache(measure.bytes() * 2 + measure.bytes() / 2);
  cache.get(*sample.store, rows[0]);
  cache.get(*sample.store, rows[1]);
  cache.get(*sample.store, rows[0]);
  cache.get(*sample.store, rows[2]);  // drops rows[1]
  for (const auto& row : rows) sample.store->remove(row.path);
  EXPECT_NO_THROW(cache.get(*sample.store, rows[0]));
  EXPECT_NO_THROW(cache.get(*sample.store, rows[2]));
  EXPECT_THROW(cache.get(*sample.store, rows[1]), Error);
}

// ---- deletes

struct DeleteRow {
  const char* name;
  Content content;
  iceberg::SequenceNumber sequence;     // of the delete file; the data file's is 5
  int spec_id;                          // the data file's is 1, partitioned
  std::vector<types::Value> partition;  // the data file's is {7}
  std::optional<std::string> names;     // referenced_data_file
  bool applies;
};

void PrintTo(const DeleteRow& row, std::ostream* out) { *out << row.name; }

class Deletes : public testing::TestWithParam<DeleteRow> {};

TEST_P(Deletes, ApplyByPartitionPathAndSequence) {
  const DeleteRow& row = GetParam();
  auto deletes = std::make_shared<iceberg::DataFile>();
  deletes->content = row.content;
  deletes->spec_id = row.spec_id;
  deletes->partition = row.partition;
  deletes->referenced_data_file = row.names;
  DeleteIndex index;
  index.add(deletes, row.sequence, row.partition.empty());
  iceberg::DataFile data;
  data.file_path = "a.parquet";
  data.spec_id = 1;
  data.partition = {types::Value(int32_t{7})};
  const DeleteIndex::Matches matches = index.find(data, 5);
  EXPECT_EQ(matches.position_deletes.size(),
            row.applies && row.content == Content::kPositionDeletes ? 1 : 0);
  EXPECT_EQ(matches.equality_deletes.size(),
            row.applies && row.content == Content::kEqualityDeletes ? 1 : 0);
}

const types::Value kSeven = int32_t{7}, kEight = int32_t{8}, kLongSeven = int64_t{7};
constexpr auto kPosition = Content::kPositionDeletes;
constexpr auto kEquality = Content::kEqualityDeletes;

INSTANTIATE_TEST_SUITE_P(
    Rows, Deletes,
    testing::Values(DeleteRow{"PositionNewer", kPosition, 6, 1, {kSeven}, {}, true},
                    DeleteRow{"PositionSameCommit", kPosition, 5, 1, {kSeven}, {}, true},
                    DeleteRow{"PositionOlder", kPosition, 4, 1, {kSeven}, {}, false},
                    DeleteRow{"PositionOtherPartition", kPosition, 6, 1, {kEight}, {}, false},
                    DeleteRow{"PositionOtherSpec", kPosition, 6, 2, {kSeven}, {}, false},
                    DeleteRow{"PositionNamesTheFile", kPosition, 6, 1, {kSeven}, "a.parquet", true},
                    DeleteRow{
                        "PositionNamesAnother", kPosition, 6, 1, {kSeven}, "b.parquet", false},
                    DeleteRow{"PositionOfAnUnpartitionedSpec", kPosition, 6, 0, {}, {}, false},
                    DeleteRow{"EqualityNewer", kEquality, 6, 1, {kSeven}, {}, true},
                    DeleteRow{"EqualitySameCommit", kEquality, 5, 1, {kSeven}, {}, false},
                    DeleteRow{"EqualityOtherPartition", kEquality, 6, 1, {kEight}, {}, false},
                    DeleteRow{"EqualityPromotedPartition", kEquality, 6, 1, {kLongSeven}, {}, true},
                    DeleteRow{"EqualityGlobal", kEquality, 6, 0, {}, {}, true},
                    DeleteRow{"EqualityGlobalSameCommit", kEquality, 5, 0, {}, {}, false}),
    [](const auto& info) { return info.param.name; });

TEST(DeleteIndex, ADeletionVectorIsRefusedByName) {
  auto vector = std::make_shared<iceberg::DataFile>();
  vector->content = Content::kPositionDeletes;
  vector->file_format = "PUFFIN";
  vector->file_path = "dv.puffin";
  DeleteIndex index;
  try {
    index.add(vector, 1, false);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUnsupported);
    EXPECT_NE(error.message().find("dv.puffin"), std::string::npos);
  }
}

}  // namespace
}  // namespace firn::table

// Merging the small manifests of a streaming table: what must stay equal, and when it is done.
#include "table/manifest_merge.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "table/change.h"
#include "table/sample_table.h"

namespace firn::table {
namespace {

class ManifestMergeTest : public testing::Test {
 protected:
  void append(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(
          std::holds_alternative<Committed>(sample.append(sample.request({sample.file()}))));
    }
  }
  CommitOutcome merge(MergeRequest request) {
    return merge_manifests(sample.table, request, sample.clock, sample.random);
  }
  size_t manifests() {
    const iceberg::TableMetadata metadata = sample.pointer->metadata();
    return manifests_of(*sample.store, metadata, *metadata.current_snapshot()).size();
  }
  std::vector<std::pair<std::string, iceberg::SequenceNumber>> sorted_live() {
    auto live = sample.live();
    std::ranges::sort(live);
    return live;
  }

  SampleTable sample;
};

TEST_F(ManifestMergeTest, RowsAndSequenceNumbersStay) {
  append(6);
  const auto before = sorted_live();
  const CommitOutcome outcome = merge({.min_count = 5});
  ASSERT_TRUE(std::holds_alternative<Committed>(outcome));
  EXPECT_EQ(sorted_live(), before);
  EXPECT_EQ(manifests(), 1);
  const iceberg::Snapshot head = *sample.table.metadata().current_snapshot();
  EXPECT_EQ(head.operation, "replace");
  EXPECT_EQ(head.summary.at("total-data-files"), "6");
  EXPECT_EQ(head.summary.at("manifests-replaced"), "6");
  EXPECT_EQ(head.summary.at("manifests-created"), "1");
  EXPECT_FALSE(head.summary.contains("added-records"));
}

TEST_F(ManifestMergeTest, EntriesAreWrittenAsExistingWithExplicitNumbers) {
  append(5);
  ASSERT_TRUE(std::holds_alternative<Committed>(merge({.min_count = 5})));
  const iceberg::TableMetadata metadata = sample.pointer->metadata();
  const auto rows = manifests_of(*sample.store, metadata, *metadata.current_snapshot());
  ASSERT_EQ(rows.size(), 1);
  EXPECT_EQ(rows[0].min_sequence_number, 1);
  EXPECT_EQ(rows[0].sequence_number, 6);
  EXPECT_EQ(rows[0].existing_files_count, 5);
  EXPECT_EQ(rows[0].added_files_count, 0);
  // As written, before anything is inherited.
  for (const auto& entry :
       iceberg::read_manifest(sample.store->read_all(rows[0].path), rows[0].path).entries) {
    EXPECT_EQ(entry.status, iceberg::EntryStatus::kExisting);
    EXPECT_TRUE(entry.snapshot_id.has_value());
    EXPECT_TRUE(entry.sequence_number.has_value());
    EXPECT_TRUE(entry.file_sequence_number.has_value());
  }
}

// What an earlier snapshot deleted is history: a merged manifest has live entries alone.
TEST_F(ManifestMergeTest, DeletedEntriesOfEarlierSnapshotsAreLeftOut) {
  const iceberg::DataFile gone = sample.file(), stays = sample.file();
  sample.append(sample.request({gone, stays}));
  ChangeRequest request;
  request.removed_files = {std::make_shared<const iceberg::DataFile>(gone)};
  change_files(sample.table, request, sample.clock, sample.random);
  append(5);
  const auto before = sorted_live();
  ASSERT_TRUE(std::holds_alternative<Committed>(merge({.min_count = 5})));
  EXPECT_EQ(sorted_live(), before);
  const iceberg::TableMetadata metadata = sample.pointer->metadata();
  for (const auto& row : manifests_of(*sample.store, metadata, *metadata.current_snapshot())) {
    EXPECT_EQ(row.deleted_files_count, 0);
    for (const auto& entry :
         iceberg::read_manifest(sample.store->read_all(row.path), row.path).entries) {
      EXPECT_NE(entry.status, iceberg::EntryStatus::kDeleted);
      EXPECT_NE(entry.data_file.file_path, gone.file_path);
    }
  }
}

TEST_F(ManifestMergeTest, TooFewManifestsAreLeftAlone) {
  append(4);
  const MergeRequest request{.min_count = 5};
  EXPECT_FALSE(needs_merge(sample.table, request));
  const CommitOutcome outcome = merge(request);
  ASSERT_TRUE(std::holds_alternative<Committed>(outcome));
  EXPECT_EQ(std::get<Committed>(outcome).snapshot_id, 0);
  EXPECT_EQ(sample.pointer->metadata().snapshots.size(), 4);
  append(1);
  EXPECT_TRUE(needs_merge(sample.table, request));
}

// A merged manifest of 64 files and more is not merged again with the next small ones: each entry
// is rewritten once a class.
TEST_F(ManifestMergeTest, SizeClassesKeepTheWorkFlat) {
  for (int i = 0; i < 640; ++i) {
    append(1);
    if (needs_merge(sample.table, {.min_count = 64})) {
      ASSERT_TRUE(std::holds_alternative<Committed>(merge({.min_count = 64})));
    }
  }
  EXPECT_EQ(manifests(), 10);
  EXPECT_EQ(sample.live().size(), 640);
}

TEST_F(ManifestMergeTest, AnAppendMeanwhileIsKept) {
  append(5);
  sample.pointer->before_commit([&, first = sample.pointer->commits_seen() + 1](int number) {
    if (number == first) sample.foreign_append();
  });
  const CommitOutcome outcome = merge({.min_count = 5});
  ASSERT_TRUE(std::holds_alternative<Committed>(outcome));
  EXPECT_EQ(std::get<Committed>(outcome).conflicts, 1);
  EXPECT_EQ(sample.live().size(), 6);
  EXPECT_EQ(manifests(), 2);
  EXPECT_TRUE(sample.unreferenced().empty());
}

// Once the snapshots before a merge are expired, the manifests that it replaced go too.
TEST_F(ManifestMergeTest, ExpiryFreesReplacedManifests) {
  append(5);
  ASSERT_TRUE(std::holds_alternative<Committed>(merge({.min_count = 5})));
  EXPECT_EQ(sample.store->list("mem://warehouse/s/t/metadata").size(),
            5 + 5 + 1 + 1);  // manifests, lists, merged, its list
  AppendRequest request = sample.request({sample.file()});
  request.max_snapshots = 1;
  ASSERT_TRUE(std::holds_alternative<Committed>(sample.append(request)));
  EXPECT_EQ(sample.pointer->metadata().snapshots.size(), 1);
  EXPECT_EQ(sample.live().size(), 6);
  EXPECT_EQ(sample.store->list("mem://warehouse/s/t/metadata").size(), 2 + 1);
  EXPECT_TRUE(sample.unreferenced().empty());
}

}  // namespace
}  // namespace firn::table

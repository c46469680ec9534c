// Compaction's commit, expiry by age and number, and manifests packed anew.
#include <gtest/gtest.h>

#include <algorithm>

#include "table/expire_snapshots.h"
#include "table/rewrite_files.h"
#include "table/rewrite_manifests.h"
#include "table/sample_table.h"
#include "table/scan.h"
#include "table/token.h"

namespace firn::table {
namespace {

class MaintenanceTest : public testing::Test {
 protected:
  RewriteRequest compaction() {
    sample.table.refresh();
    const iceberg::TableMetadata& metadata = sample.table.metadata();
    RewriteRequest request;
    request.since = *metadata.current_snapshot_id;
    request.data_sequence_number = metadata.current_snapshot()->sequence_number;
    int64_t rows = 0;
    for (const ScanTask& task : plan_scan(metadata, *sample.store, {}, nullptr).tasks) {
      request.removed.push_back(task.file);
      rows += task.file->record_count;
    }
    request.added = {sample.file({}, 0, rows)};
    return request;
  }
  CommitOutcome rewrite(const RewriteRequest& request) {
    return rewrite_files(sample.table, request, sample.clock, sample.random);
  }
  // A position delete file of a foreign writer that names `path`.
  void foreign_delete(const std::string& path) {
    Table other(sample.pointer, *sample.store, *sample.pointer->load());
    const iceberg::TableMetadata& base = other.metadata();
    const iceberg::SnapshotId id = random_snapshot_id(sample.random, base);
    SnapshotFiles written(*sample.store, other.metadata_location(), id, sample.random);
    iceberg::DataFile file = sample.file();
    file.content = iceberg::Content::kPositionDeletes;
    file.referenced_data_file = path;
    iceberg::Manifest manifest;
    manifest.header = {2, base.schema(), base.spec(), true};
    manifest.entries.push_back({iceberg::EntryStatus::kAdded, id, {}, {}, file});
    const iceberg::SequenceNumber next = base.last_sequence_number + 1;
    std::vector<iceberg::ManifestFile> rows = {written.write(manifest, next)};
    for (auto& row : manifests_of(*sample.store, base, *base.current_snapshot()))
      rows.push_back(std::move(row));
    iceberg::Snapshot snapshot;
    snapshot.id = id;
    snapshot.parent = base.current_snapshot_id;
    snapshot.sequence_number = next;
    snapshot.timestamp_ms = base.last_updated_ms + 1;
    snapshot.operation = "delete";
    snapshot.manifest_list = written.write_list(1, {2, id, snapshot.parent, next, {}}, rows);
    sample.pointer->change(
        {{},
         {iceberg::AddSnapshot{snapshot}, iceberg::SetSnapshotRef{"main", {.snapshot_id = id}}}});
  }

  SampleTable sample;
};

TEST_F(MaintenanceTest, CompactionKeepsRowsTotalsAndSequenceNumbers) {
  for (int i = 0; i < 3; ++i) sample.append(sample.request({sample.file()}));
  const RewriteRequest request = compaction();
  ASSERT_TRUE(std::holds_alternative<Committed>(rewrite(request)));
  const auto live = sample.live();
  ASSERT_EQ(live.size(), 1u);
  EXPECT_EQ(live[0].first, request.added[0].file_path);
  EXPECT_EQ(live[0].second, 3);  // of the snapshot that was read
  const iceberg::Snapshot& head = *sample.table.metadata().current_snapshot();
  EXPECT_EQ(head.operation, "replace");
  EXPECT_EQ(head.summary.at("total-records"), "30");
  EXPECT_EQ(head.summary.at("total-data-files"), "1");
  EXPECT_EQ(head.summary.at("deleted-data-files"), "3");
  EXPECT_TRUE(sample.unreferenced().empty());
}

TEST_F(MaintenanceTest, CompactionKeepsAnAppendMeanwhile) {
  for (int i = 0; i < 3; ++i) sample.append(sample.request({sample.file()}));
  const RewriteRequest request = compaction();
  sample.pointer->before_commit([&, first = sample.pointer->commits_seen() + 1](int number) {
    if (number == first) sample.foreign_append();
  });
  ASSERT_TRUE(std::holds_alternative<Committed>(rewrite(request)));
  EXPECT_EQ(sample.live().size(), 2u);
  EXPECT_TRUE(sample.unreferenced().empty());
}

TEST_F(MaintenanceTest, CompactionGivesWayToADeleteMeanwhile) {
  for (int i = 0; i < 3; ++i) sample.append(sample.request({sample.file()}));
  const RewriteRequest request = compaction();
  foreign_delete(request.removed[1]->file_path);
  const CommitOutcome outcome = rewrite(request);
  ASSERT_TRUE(std::holds_alternative<Conflict>(outcome));
  EXPECT_NE(std::get<Conflict>(outcome).reason.find("found new delete"), std::string::npos);
  EXPECT_EQ(sample.live().size(), 4u);  // three data files and the delete file
  EXPECT_TRUE(sample.unreferenced().empty());
}

TEST_F(MaintenanceTest, AFileIsCompactedOnce) {
  for (int i = 0; i < 3; ++i) sample.append(sample.request({sample.file()}));
  const RewriteRequest first = compaction(), second = compaction();
  ASSERT_TRUE(std::holds_alternative<Committed>(rewrite(first)));
  EXPECT_TRUE(std::holds_alternative<Conflict>(rewrite(second)));
}

TEST_F(MaintenanceTest, ManifestsBecomeOne) {
  for (int i = 0; i < 4; ++i) sample.append(sample.request({sample.file()}));
  RewrittenManifests counts;
  sample.table.refresh();
  ASSERT_TRUE(std::holds_alternative<Committed>(
      rewrite_manifests(sample.table, {}, counts, sample.clock, sample.random)));
  EXPECT_EQ(counts.rewritten, 4);
  EXPECT_EQ(counts.added, 1);
  EXPECT_EQ(sample.live().size(), 4u);
  rewrite_manifests(sample.table, {}, counts, sample.clock, sample.random);
  EXPECT_EQ(counts.rewritten, 0);  // nothing left to do
}

TEST_F(MaintenanceTest, ExpiryKeepsWhatRefsNeedAndRemovesTheRest) {
  std::vector<iceberg::DataFile> files;
  std::vector<iceberg::SnapshotId> ids;
  for (int i = 0; i < 4; ++i) {
    files.push_back(sample.file());
    sample.store->put_if_absent(files.back().file_path, "rows");
    sample.append(sample.request({files.back()}));
    sample.table.refresh();
    ids.push_back(*sample.table.metadata().current_snapshot_id);
    sample.clock.advance(1000);
  }
  const RewriteRequest request = compaction();
  sample.store->put_if_absent(request.added[0].file_path, "rows");
  ASSERT_TRUE(std::holds_alternative<Committed>(rewrite(request)));
  sample.pointer->change(
      {{}, {iceberg::SetSnapshotRef{"tag", {.snapshot_id = ids[1], .is_branch = false}}}});
  sample.table.refresh();
  sample.clock.advance(10'000);
  ExpireRequest all;
  all.older_than_ms = sample.clock.now_ms();
  const ExpireResult done = expire_snapshots(sample.table, all, sample.clock, sample.random);
  EXPECT_EQ(sample.table.metadata().snapshots.size(), 2u);  // the newest and the tagged one
  EXPECT_EQ(done.data_files, 2);                            // the tag still has the first two
  EXPECT_EQ(done.manifest_lists, 3);
  EXPECT_TRUE(sample.store->stat(files[1].file_path));
  EXPECT_FALSE(sample.store->stat(files[2].file_path));
  EXPECT_TRUE(sample.store->stat(request.added[0].file_path));
  EXPECT_TRUE(sample.unreferenced().empty());
  all.ids = {ids[1]};
  EXPECT_THROW(expire_snapshots(sample.table, all, sample.clock, sample.random), Error);
}

TEST_F(MaintenanceTest, ExpiryByNumber) {
  for (int i = 0; i < 5; ++i) {
    sample.append(sample.request({sample.file()}));
    sample.clock.advance(1000);
  }
  sample.table.refresh();
  ExpireRequest request;
  request.older_than_ms = sample.clock.now_ms() + 1000;
  request.retain_last = 3;
  EXPECT_EQ(plan_expiry(sample.table.metadata(), request, sample.clock.now_ms()).snapshots.size(),
            2u);
  request.retain_last.reset();
  request.older_than_ms.reset();  // five days
  EXPECT_TRUE(
      plan_expiry(sample.table.metadata(), request, sample.clock.now_ms()).snapshots.empty());
}

}  // namespace
}  // namespace firn::table

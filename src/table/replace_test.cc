// Replacing a table's rows: what goes, what stays in the totals, and who may still read the old
// files.
#include "table/replace.h"

#include <gtest/gtest.h>

#include "table/sample_table.h"
#include "table/scan.h"

namespace firn::table {
namespace {

class ReplaceTest : public testing::Test {
 protected:
  CommitOutcome replace(std::vector<iceberg::DataFile> files, int max_snapshots = 0) {
    ReplaceRequest request;
    request.files = std::move(files);
    request.max_snapshots = max_snapshots;
    return replace_all(sample.table, request, sample.clock, sample.random);
  }
  size_t tasks() {
    sample.table.refresh();
    return plan_scan(sample.table.metadata(), *sample.store, {}, nullptr).tasks.size();
  }

  SampleTable sample;
};

TEST_F(ReplaceTest, TheOldRowsGoInTheSameSnapshot) {
  for (int i = 0; i < 3; ++i) sample.append(sample.request({sample.file()}));
  ASSERT_TRUE(std::holds_alternative<Committed>(replace({sample.file({}, 0, 7)})));
  EXPECT_EQ(tasks(), 1);
  const iceberg::Snapshot& head = *sample.table.metadata().current_snapshot();
  EXPECT_EQ(head.operation, "overwrite");
  EXPECT_EQ(head.summary.at("deleted-records"), "30");
  EXPECT_EQ(head.summary.at("total-records"), "7");
  EXPECT_EQ(head.summary.at("total-data-files"), "1");
}

TEST_F(ReplaceTest, NothingMayBeItsContent) {
  sample.append(sample.request({sample.file()}));
  ASSERT_TRUE(std::holds_alternative<Committed>(replace({})));
  EXPECT_EQ(tasks(), 0);
  ASSERT_TRUE(std::holds_alternative<Committed>(replace({sample.file()})));
  EXPECT_EQ(tasks(), 1);
}

TEST_F(ReplaceTest, AnAppendMeanwhileIsReplacedToo) {
  sample.append(sample.request({sample.file()}));
  sample.pointer->before_commit([&, first = sample.pointer->commits_seen() + 1](int number) {
    if (number == first) sample.foreign_append();
  });
  ASSERT_TRUE(std::holds_alternative<Committed>(replace({sample.file()})));
  EXPECT_EQ(tasks(), 1);
  EXPECT_TRUE(sample.unreferenced().empty());
}

// Files leave the store when the last snapshot that reads them is expired, not before.
TEST_F(ReplaceTest, ReplacedFilesAreRemovedWithTheirLastSnapshot) {
  const iceberg::DataFile old = sample.file();
  sample.store->put_if_absent(old.file_path, "rows");
  sample.append(sample.request({old}));
  const iceberg::DataFile fresh = sample.file();
  sample.store->put_if_absent(fresh.file_path, "rows");
  ASSERT_TRUE(std::holds_alternative<Committed>(replace({fresh}, 2)));
  EXPECT_TRUE(sample.store->stat(old.file_path));
  AppendRequest request = sample.request({sample.file()});
  request.max_snapshots = 2;
  sample.append(request);
  EXPECT_FALSE(sample.store->stat(old.file_path));
  EXPECT_TRUE(sample.store->stat(fresh.file_path));
  EXPECT_EQ(tasks(), 2);
}

}  // namespace
}  // namespace firn::table

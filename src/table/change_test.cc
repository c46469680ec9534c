// Changes of files: what leaves, what the summary says, and which concurrent commits forbid it.
#include "table/change.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "table/sample_table.h"

namespace firn::table {
namespace {

types::Predicate id_is(types::PredicateOp op, int64_t value) {
  types::Predicate predicate;
  predicate.op = op;
  predicate.field_id = kIdField;
  predicate.values = {value};
  return predicate;
}

std::shared_ptr<const iceberg::DataFile> shared(const iceberg::DataFile& file) {
  return std::make_shared<const iceberg::DataFile>(file);
}

iceberg::DataFile deletes_of(const iceberg::DataFile& data, int64_t rows = 1) {
  iceberg::DataFile file;
  file.content = iceberg::Content::kPositionDeletes;
  file.file_path = data.file_path + "-deletes.parquet";
  file.partition = data.partition;
  file.spec_id = data.spec_id;
  file.record_count = rows;
  file.file_size_in_bytes = 50;
  file.referenced_data_file = data.file_path;
  return file;
}

struct Changing : SampleTable {
  using SampleTable::SampleTable;
  CommitOutcome change(const ChangeRequest& request) {
    return change_files(table, request, clock, random);
  }
  iceberg::Properties summary() { return pointer->metadata().current_snapshot()->summary; }
  std::string operation() { return pointer->metadata().current_snapshot()->operation; }
  std::optional<iceberg::SnapshotId> head() { return pointer->metadata().current_snapshot_id; }
  std::vector<std::string> paths() {
    std::vector<std::string> found;
    for (const auto& [path, sequence] : live()) found.push_back(path);
    std::ranges::sort(found);
    return found;
  }
  // What a second writer does behind our back.
  void foreign_change(const ChangeRequest& request) {
    Table other(pointer, *store, *pointer->load());
    SeededRandom ids{99};
    ASSERT_TRUE(std::holds_alternative<Committed>(change_files(other, request, clock, ids)));
  }
};

std::string conflict_of(Changing& table, const ChangeRequest& request) {
  try {
    table.change(request);
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

TEST(Change, RewrittenFilesLeaveAndTheSummaryCounts) {
  Changing t;
  const auto a = t.file({}, 0), b = t.file({}, 100);
  t.append(t.request({a, b}));
  ChangeRequest request;
  request.removed_files = {shared(a)};
  const auto c = t.file({}, 0, 9);
  request.added_files = {c};
  ASSERT_TRUE(std::holds_alternative<Committed>(t.change(request)));
  EXPECT_EQ(t.paths(), (std::vector<std::string>{b.file_path, c.file_path}));
  EXPECT_EQ(t.operation(), "overwrite");
  const auto summary = t.summary();
  EXPECT_EQ(summary.at("added-records"), "9");
  EXPECT_EQ(summary.at("deleted-records"), "10");
  EXPECT_EQ(summary.at("deleted-data-files"), "1");
  EXPECT_EQ(summary.at("total-records"), "19");
  EXPECT_EQ(summary.at("total-data-files"), "2");
  EXPECT_EQ(summary.at("total-delete-files"), "0");
  EXPECT_TRUE(t.unreferenced().empty());
  // The file that stays keeps its sequence number.
  for (const auto& [path, sequence] : t.live())
    EXPECT_EQ(sequence, path == b.file_path ? 1 : 2) << path;
}

TEST(Change, OperationSaysWhatHappens) {
  struct Row {
    bool adds, removes, deletes;
    const char* operation;
  };
  for (const Row& row : {Row{true, false, false, "append"}, Row{true, true, false, "overwrite"},
                         Row{false, true, false, "delete"}, Row{false, false, true, "delete"},
                         Row{true, false, true, "overwrite"}}) {
    Changing t;
    const auto a = t.file(), b = t.file();
    t.append(t.request({a, b}));
    ChangeRequest request;
    if (row.adds) request.added_files = {t.file()};
    if (row.removes) request.removed_files = {shared(a)};
    if (row.deletes) request.added_deletes = {deletes_of(b)};
    t.change(request);
    EXPECT_EQ(t.operation(), row.operation);
  }
}

TEST(Change, DeletesByFilterTakeWholeFilesOnly) {
  Changing t;
  const auto a = t.file({}, 0), b = t.file({}, 100);  // ids 0-9, 100-109
  t.append(t.request({a, b}));
  ChangeRequest request;
  request.delete_where = id_is(types::PredicateOp::kLess, 50);
  t.change(request);
  EXPECT_EQ(t.paths(), std::vector<std::string>{b.file_path});
  EXPECT_EQ(t.operation(), "delete");
  request.delete_where = id_is(types::PredicateOp::kLess, 105);
  EXPECT_THROW(t.change(request), Error);
  EXPECT_EQ(t.paths(), std::vector<std::string>{b.file_path});
  const auto before = t.head();
  request.delete_where = id_is(types::PredicateOp::kLess, -5);
  EXPECT_EQ(std::get<Committed>(t.change(request)).snapshot_id, 0);
  EXPECT_EQ(t.head(), before);
}

TEST(Change, PartitionsOfTheNewFilesAreReplaced) {
  Changing t({by_day()});
  const types::Value one = int32_t{1}, two = int32_t{2}, three = int32_t{3};
  const auto a = t.file({one}), b = t.file({two});
  t.append(t.request({a, b}));
  ChangeRequest request;
  const auto c = t.file({two}), d = t.file({three});
  request.added_files = {c, d};
  request.replace_partitions = true;
  request.operation = "overwrite";
  t.change(request);
  EXPECT_EQ(t.paths(), (std::vector<std::string>{a.file_path, c.file_path, d.file_path}));
  EXPECT_EQ(t.summary().at("replace-partitions"), "true");
}

TEST(Change, DeleteFilesOfRemovedDataGoToo) {
  Changing t;
  const auto a = t.file(), b = t.file();
  t.append(t.request({a, b}));
  ChangeRequest deletes;
  deletes.added_deletes = {deletes_of(a), deletes_of(b)};
  t.change(deletes);
  EXPECT_EQ(t.summary().at("total-position-deletes"), "2");
  ChangeRequest rewrite;
  rewrite.removed_files = {shared(a)};
  rewrite.added_files = {t.file()};
  t.change(rewrite);
  EXPECT_EQ(t.summary().at("removed-position-deletes"), "1");
  EXPECT_EQ(t.summary().at("total-delete-files"), "1");
}

// Deletes that apply to nothing any more: all live data is younger.
TEST(Change, DeleteFilesOlderThanAllDataGo) {
  Changing t;
  const auto a = t.file(), b = t.file();
  t.append(t.request({a, b}));
  iceberg::DataFile of_both = deletes_of(a, 2);
  of_both.referenced_data_file.reset();
  ChangeRequest deletes;
  deletes.added_deletes = {of_both};
  t.change(deletes);
  ChangeRequest half;
  half.removed_files = {shared(a)};
  half.added_files = {t.file()};
  t.change(half);
  EXPECT_EQ(t.summary().at("total-delete-files"), "1");
  ChangeRequest rest;
  rest.removed_files = {shared(b)};
  rest.added_files = {t.file()};
  t.change(rest);
  EXPECT_EQ(t.summary().at("total-delete-files"), "0");
  EXPECT_EQ(t.summary().at("removed-position-deletes"), "2");
}

// What must still hold when the catalog applies a change: the table is the same, and so is the head
// of its branch.
TEST(Change, EveryCommitRequiresTableAndHead) {
  Changing t;
  const std::string uuid = t.pointer->metadata().table_uuid;
  for (int commit = 0; commit < 2; ++commit) {  // on a table without a snapshot, and on one with
    const std::optional<iceberg::SnapshotId> head = t.head();
    t.append(t.request({t.file()}));
    const auto requirements = t.pointer->last_requirements();
    ASSERT_EQ(requirements.size(), 2U);
    EXPECT_EQ(std::get<iceberg::AssertTableUuid>(requirements[0]).uuid, uuid);
    const auto& of_head = std::get<iceberg::AssertRefSnapshotId>(requirements[1]);
    EXPECT_EQ(of_head.ref, "main");
    EXPECT_EQ(of_head.snapshot_id, head);
  }
}

TEST(Change, StagedSnapshotsEnterNoBranch) {
  Changing t;
  t.append(t.request({t.file()}));
  const auto before = t.head();
  ChangeRequest request;
  request.added_files = {t.file()};
  request.staged = true;
  request.summary = {{"wap.id", "audit-1"}};
  const auto committed = std::get<Committed>(t.change(request));
  EXPECT_EQ(t.head(), before);
  const auto metadata = t.pointer->metadata();
  ASSERT_NE(metadata.snapshot_by_id(committed.snapshot_id), nullptr);
  EXPECT_EQ(metadata.snapshot_by_id(committed.snapshot_id)->summary.at("wap.id"), "audit-1");
}

// ---- conflicts

TEST(Change, NewDataConflictsUnderSerializableIsolation) {
  for (const bool serializable : {true, false}) {
    for (const int64_t first_id : {0, 1000}) {
      Changing t;
      const auto a = t.file({}, 0);
      t.append(t.request({a}));
      ChangeRequest request;
      request.removed_files = {shared(a)};
      request.added_files = {t.file({}, 0, 9)};
      request.rules = ConflictRules{};
      request.rules->since = t.head();
      request.rules->filter = id_is(types::PredicateOp::kLess, 100);
      request.rules->no_new_data = serializable;
      ChangeRequest foreign;
      foreign.added_files = {t.file({}, first_id)};
      t.foreign_change(foreign);
      const std::string conflict = conflict_of(t, request);
      if (serializable && first_id == 0)
        EXPECT_NE(conflict.find("found conflicting files"), std::string::npos) << conflict;
      else
        EXPECT_EQ(conflict, "");
    }
  }
}

TEST(Change, RemovedFilesMustBeThereAndWithoutNewDeletes) {
  Changing t;
  const auto a = t.file(), b = t.file();
  t.append(t.request({a, b}));
  const auto since = t.head();
  ChangeRequest foreign;
  foreign.added_deletes = {deletes_of(a)};
  t.foreign_change(foreign);
  ChangeRequest request;
  request.rules = ConflictRules{};
  request.rules->since = since;
  request.removed_files = {shared(a)};
  request.added_files = {t.file()};
  EXPECT_NE(conflict_of(t, request).find("found new delete for replaced data file"),
            std::string::npos);
  request.removed_files = {shared(b)};
  EXPECT_EQ(conflict_of(t, request), "");
  EXPECT_NE(conflict_of(t, request).find("missing required files to delete"), std::string::npos);
}

TEST(Change, PositionDeletesNeedTheirDataFiles) {
  for (const bool deletes_may_remove : {true, false}) {
    Changing t;
    const auto a = t.file({}, 0), b = t.file({}, 100);
    t.append(t.request({a, b}));
    ChangeRequest request;
    request.rules = ConflictRules{};
    request.rules->since = t.head();
    request.rules->must_exist = {a.file_path};
    request.rules->deletes_may_remove = deletes_may_remove;
    request.added_deletes = {deletes_of(a)};
    ChangeRequest foreign;
    foreign.delete_where = id_is(types::PredicateOp::kLess, 50);
    t.foreign_change(foreign);
    const std::string conflict = conflict_of(t, request);
    if (deletes_may_remove)
      EXPECT_EQ(conflict, "");
    else
      EXPECT_NE(conflict.find("missing data files"), std::string::npos) << conflict;
  }
}

TEST(Change, ExpiredHistoryIsAConflict) {
  Changing t;
  const auto a = t.file();
  t.append(t.request({a}));
  ChangeRequest request;
  request.rules = ConflictRules{};
  request.rules->since = 12345;
  request.added_files = {t.file()};
  EXPECT_NE(conflict_of(t, request).find("cannot determine history"), std::string::npos);
}

TEST(Change, RetriesAfterAnotherCommit) {
  Changing t;
  const auto a = t.file({}, 0);
  t.append(t.request({a}));
  ChangeRequest request;
  request.removed_files = {shared(a)};
  const auto b = t.file({}, 0, 9);
  request.added_files = {b};
  request.rules = ConflictRules{};
  request.rules->since = t.head();
  t.foreign_append();  // our table handle is a snapshot behind
  ASSERT_TRUE(std::holds_alternative<Committed>(t.change(request)));
  EXPECT_EQ(t.live().size(), 2u);
  EXPECT_TRUE(t.unreferenced().empty());
}

}  // namespace
}  // namespace firn::table

// The commit loop under every kind of reply, the exactly-once decision, and what an append leaves
// in the table.
#include "table/append.h"

#include <gtest/gtest.h>

#include <thread>

#include "table/sample_table.h"
#include "table/token.h"

namespace firn::table {
namespace {

using iceberg::SnapshotId;

const Committed* committed(const CommitOutcome& outcome) {
  return std::get_if<Committed>(&outcome);
}

std::string name_of(const CommitOutcome& outcome) {
  static constexpr const char* kNames[] = {"committed", "conflict", "unknown"};
  return kNames[outcome.index()];
}

// ---- the commit loop under faults

struct FaultRow {
  const char* name;
  std::vector<Fault> faults;
  const char* want;
  int snapshots;     // in the table afterwards
  int conflicts;     // counted, where committed
  bool keeps_files;  // unreferenced manifests stay
};

void PrintTo(const FaultRow& row, std::ostream* out) { *out << row.name; }

class CommitUnderFaults : public testing::TestWithParam<FaultRow> {};

TEST_P(CommitUnderFaults, EndsAsItMust) {
  const FaultRow& row = GetParam();
  SampleTable sample;
  sample.pointer->plan(row.faults);
  const CommitOutcome outcome = sample.append(sample.request({sample.file()}));
  EXPECT_EQ(name_of(outcome), row.want);
  EXPECT_EQ(sample.pointer->metadata().snapshots.size(), row.snapshots);
  EXPECT_EQ(sample.live().size(), row.snapshots);
  if (committed(outcome)) {
    EXPECT_EQ(committed(outcome)->conflicts, row.conflicts);
  }
  EXPECT_EQ(!sample.unreferenced().empty(), row.keeps_files);
}

const auto kC = Fault::kConflict;
const auto kL = Fault::kLost;
const auto kS = Fault::kSentTwice;

INSTANTIATE_TEST_SUITE_P(
    Rows, CommitUnderFaults,
    testing::Values(
        FaultRow{"AllWell", {}, "committed", 1, 0, false},
        FaultRow{"OneConflict", {kC}, "committed", 1, 1, false},
        FaultRow{"FourConflictsAreRetried", {kC, kC, kC, kC}, "committed", 1, 4, false},
        // The table has not moved: the refusals prove nothing.
        FaultRow{"FiveConflictsAreTooMany", {kC, kC, kC, kC, kC}, "conflict", 0, 0, true},
        FaultRow{"ARepeatedRequestIsFoundAgain", {kS}, "committed", 1, 1, false},
        FaultRow{"TheLastAttemptWasSentTwice", {kC, kC, kC, kC, kS}, "committed", 1, 5, false},
        FaultRow{"AReplyOfAnotherRequestIsNoCommit", {Fault::kOldReply}, "committed", 1, 0, false},
        FaultRow{"OneOldReplyAndConflictsStayUnknown",
                 {Fault::kOldReply, kC, kC, kC, kC},
                 "unknown",
                 0,
                 0,
                 true},
        FaultRow{"LostReplyIsFoundAgain", {Fault::kReplyLost}, "committed", 1, 0, false},
        FaultRow{"LostCommitIsSentAgain", {kL}, "committed", 1, 0, false},
        FaultRow{"LostThenConflict", {kL, kC}, "committed", 1, 1, false},
        FaultRow{"LostForEverStaysUnknown", {kL, kL, kL, kL, kL}, "unknown", 0, 0, true},
        FaultRow{
            "UnknownBeforeConflictsStaysUnknown", {kL, kC, kC, kC, kC}, "unknown", 0, 0, true}),
    [](const auto& info) { return info.param.name; });

TEST(Append, ALateCommitLandsOnce) {
  SampleTable sample;
  sample.pointer->plan({Fault::kLate});
  sample.pointer->before_commit([&](int number) {
    if (number == 2) {
      EXPECT_TRUE(sample.pointer->land_late());
    }
  });
  const CommitOutcome outcome = sample.append(sample.request({sample.file()}));
  ASSERT_TRUE(committed(outcome));
  EXPECT_EQ(sample.live().size(), 1);
  EXPECT_TRUE(sample.unreferenced().empty());
}

TEST(Append, ALateCommitDoesNotFollowItsOwnRetry) {
  SampleTable sample;
  sample.pointer->plan({Fault::kLate});
  ASSERT_TRUE(committed(sample.append(sample.request({sample.file()}))));
  EXPECT_FALSE(sample.pointer->land_late());
  EXPECT_EQ(sample.live().size(), 1);
}

// A foreign property commit moves the metadata but not the branch: the late attempt still fits, so
// nothing is proven by it.
TEST(Append, AForeignPropertyProvesNothing) {
  SampleTable sample({}, {{"commit.retry.num-retries", "1"}});
  sample.pointer->plan({Fault::kLate, kL});
  sample.pointer->before_commit([&](int number) {
    if (number == 2) sample.foreign_property("owner", "somebody");
  });
  AppendRequest request = sample.request({sample.file()});
  request.snapshot_id = 4711;
  EXPECT_EQ(name_of(sample.append(request)), "unknown");
  EXPECT_TRUE(sample.pointer->land_late());
  EXPECT_EQ(sample.live().size(), 1);  // and its files are there
  const CommitOutcome again = sample.append(request);
  ASSERT_TRUE(committed(again));
  EXPECT_TRUE(committed(again)->was_done_before);
  EXPECT_EQ(sample.live().size(), 1);
}

TEST(Append, AMovedBranchProvesAbsence) {
  SampleTable sample({}, {{"commit.retry.num-retries", "1"}});
  sample.pointer->plan({Fault::kLate});
  sample.pointer->before_commit([&](int number) {
    if (number == 2) sample.foreign_append();
  });
  EXPECT_EQ(name_of(sample.append(sample.request({sample.file()}))), "conflict");
  EXPECT_FALSE(sample.pointer->land_late());
  EXPECT_EQ(sample.live().size(), 1);  // the foreign file alone
  EXPECT_TRUE(sample.unreferenced().empty());
}

// What a caller does with an unknown outcome: the same request, same snapshot id, once more.
TEST(Append, AnUnknownRequestIsSentAgainAndLandsOnce) {
  for (const Fault fault : {Fault::kLost, Fault::kLate, Fault::kReplyLost}) {
    SampleTable sample({}, {{"commit.retry.num-retries", "0"}});
    sample.pointer->plan({fault});
    sample.pointer->before_commit([&](int) { sample.pointer->fail_loads(1); });
    AppendRequest request = sample.request({sample.file()});
    request.snapshot_id = 4711;
    request.token = Token{.query_id = "q", .epoch = 0};
    EXPECT_EQ(name_of(sample.append(request)), "unknown");
    sample.pointer->before_commit({});
    const CommitOutcome again = sample.append(request);
    ASSERT_TRUE(committed(again));
    EXPECT_EQ(committed(again)->was_done_before, fault == Fault::kReplyLost);
    EXPECT_FALSE(sample.pointer->land_late());
    EXPECT_EQ(sample.live().size(), 1);
    EXPECT_EQ(sample.pointer->metadata().snapshots.size(), 1);
  }
}

TEST(Append, ASilentCatalogAfterAnUnknownReplyIsNoFailure) {
  SampleTable sample;
  sample.pointer->plan({Fault::kReplyLost});
  sample.pointer->before_commit([&](int) { sample.pointer->fail_loads(100); });
  const CommitOutcome outcome = sample.append(sample.request({sample.file()}));
  EXPECT_EQ(name_of(outcome), "unknown");
  sample.pointer->fail_loads(0);
  EXPECT_EQ(sample.live().size(), 1);  // and its files are there
}

TEST(Append, AnErrorOfTheCatalogKeepsTheFiles) {
  SampleTable sample;
  sample.pointer->plan({Fault::kRefused});
  EXPECT_THROW(sample.append(sample.request({sample.file()})), Error);
  EXPECT_FALSE(sample.unreferenced().empty());
}

TEST(Append, WaitsDoubleUpToTheLimit) {
  SampleTable sample({}, {{"commit.retry.num-retries", "3"},
                          {"commit.retry.min-wait-ms", "1000"},
                          {"commit.retry.max-wait-ms", "2000"}});
  sample.pointer->plan({kC, kC, kC});
  ASSERT_TRUE(committed(sample.append(sample.request({sample.file()}))));
  EXPECT_GE(sample.clock.slept_ms(), 1000 + 2000 + 2000);
  EXPECT_LE(sample.clock.slept_ms(), (1000 + 2000 + 2000) * 11 / 10);
}

TEST(Append, TotalTimeoutEndsTheRetries) {
  SampleTable sample(
      {}, {{"commit.retry.min-wait-ms", "1000"}, {"commit.retry.total-timeout-ms", "2500"}});
  sample.pointer->plan({kC, kC, kC, kC});
  EXPECT_EQ(name_of(sample.append(sample.request({sample.file()}))), "conflict");
  EXPECT_LE(sample.clock.slept_ms(), 2500);
}

TEST(Append, ABadRetryPropertyIsNamed) {
  SampleTable sample({}, {{"commit.retry.num-retries", "many"}});
  try {
    sample.append(sample.request({sample.file()}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("commit.retry.num-retries"), std::string::npos);
  }
}

TEST(Append, RetriesReuseTheManifestAndWriteANewList) {
  SampleTable sample;
  sample.foreign_append();
  std::set<std::string> manifests_seen;
  sample.pointer->before_commit([&](int number) {
    for (const auto& info : sample.store->list("mem://warehouse/s/t/metadata")) {
      if (info.uri.find("-m0.avro") != std::string::npos) manifests_seen.insert(info.uri);
    }
    if (number == 1) sample.foreign_append();
  });
  const CommitOutcome outcome = sample.append(sample.request({sample.file()}));
  ASSERT_TRUE(committed(outcome));
  EXPECT_EQ(committed(outcome)->conflicts, 1);
  EXPECT_EQ(manifests_seen.size(), 3);  // two foreign ones and one of ours
  const auto live = sample.live();
  ASSERT_EQ(live.size(), 3);
  EXPECT_EQ(live.front().second,
            3);  // ours, newest first, with the sequence number of the attempt that landed
  const iceberg::Snapshot* head = sample.table.metadata().current_snapshot();
  EXPECT_NE(head->manifest_list.find("/snap-" + std::to_string(head->id) + "-2-"),
            std::string::npos);
  EXPECT_TRUE(sample.unreferenced().empty());
}

// ---- the exactly-once decision

struct DecisionRow {
  const char* name;
  std::optional<int64_t> property, summary;  // tokens in the table
  std::optional<int64_t> last;               // L
  int64_t epoch;                             // N
  const char* want;                          // "commit", "done" or a condition
};

void PrintTo(const DecisionRow& row, std::ostream* out) { *out << row.name; }

class Decision : public testing::TestWithParam<DecisionRow> {};

TEST_P(Decision, FollowsTheRecipe) {
  const DecisionRow& row = GetParam();
  SampleTable sample;
  if (row.summary) {
    AppendRequest earlier = sample.request({sample.file()});
    earlier.summary = {{kQueryIdKey, "q"}, {kEpochIdKey, std::to_string(*row.summary)}};
    ASSERT_TRUE(committed(sample.append(earlier)));
    ASSERT_TRUE(committed(
        sample.append(sample.request({sample.file()}))));  // others' commits do not hide it
  }
  if (row.property) {
    sample.foreign_property(token_property_key("q", "main"),
                            token_property_value({.query_id = "q", .epoch = *row.property}, 5));
  }
  const size_t before = sample.pointer->metadata().snapshots.size();
  AppendRequest request = sample.request({sample.file()});
  request.token = Token{.query_id = "q",
                        .checkpoint_location = "/ckpt",
                        .epoch = row.epoch,
                        .last_written_epoch = row.last};
  std::string got;
  try {
    const CommitOutcome outcome = sample.append(request);
    ASSERT_TRUE(committed(outcome));
    got = committed(outcome)->was_done_before ? "done" : "commit";
  } catch (const Error& error) {
    got = error.condition();
  }
  EXPECT_EQ(got, row.want);
  EXPECT_EQ(sample.pointer->metadata().snapshots.size(), before + (got == "commit" ? 1 : 0));
  EXPECT_TRUE(sample.unreferenced().empty());
}

constexpr auto kNone = std::nullopt;
constexpr const char* kBehind = "STREAM_CHECKPOINT_BEHIND_TABLE";
constexpr const char* kRestored = "STREAM_TABLE_RESTORED";

INSTANTIATE_TEST_SUITE_P(
    Rows, Decision,
    testing::Values(DecisionRow{"FirstCommitOfAQuery", kNone, kNone, kNone, 0, "commit"},
                    DecisionRow{"NextEpoch", 4, 4, 4, 5, "commit"},
                    DecisionRow{"EpochsMayBeSkipped", 4, 4, 4, 9, "commit"},
                    DecisionRow{"SameEpochByProperty", 5, kNone, 4, 5, "done"},
                    DecisionRow{"SameEpochBySummary", kNone, 5, 4, 5, "done"},
                    DecisionRow{"SnapshotExpiredButPropertyThere", 5, kNone, kNone, 5, "done"},
                    DecisionRow{"OnlySparkWroteBefore", kNone, 4, 4, 5, "commit"},
                    DecisionRow{"TableIsAhead", 7, 7, 4, 5, kBehind},
                    DecisionRow{"TableIsAheadOfAnEmptyLedger", 3, kNone, kNone, 5, kBehind},
                    DecisionRow{"TableHoldsAnEpochTheLedgerDoesNot", 4, 4, 3, 5, kBehind},
                    DecisionRow{"LedgerAndTableAreAheadOfTheEpoch", 7, 7, 7, 5, kBehind},
                    DecisionRow{"TokenLost", kNone, kNone, 4, 5, kRestored},
                    DecisionRow{"TableSetBack", 3, 3, 4, 5, kRestored},
                    // A rollback keeps properties: nothing is ingested again by itself.
                    DecisionRow{"RolledBackByTheUser", 4, 2, 4, 5, "commit"}),
    [](const auto& info) { return info.param.name; });

TEST(Token, GoesOnAfterARestoreWhereTheUserSaysSo) {
  SampleTable sample;
  AppendRequest request = sample.request({sample.file()});
  request.token =
      Token{.query_id = "q", .epoch = 5, .last_written_epoch = 4, .go_on_after_restore = true};
  EXPECT_TRUE(committed(sample.append(request)));
}

TEST(Token, IsDecidedAgainOnEveryAttempt) {
  SampleTable sample;
  sample.pointer->before_commit([&](int number) {  // a second writer of the same query slips in
    if (number == 1) {
      sample.foreign_append();
      sample.foreign_property(token_property_key("q", "main"),
                              token_property_value({.query_id = "q", .epoch = 5}, 5));
    }
  });
  AppendRequest request = sample.request({sample.file()});
  request.token = Token{.query_id = "q", .epoch = 5};
  const CommitOutcome outcome = sample.append(request);
  ASSERT_TRUE(committed(outcome));
  EXPECT_TRUE(committed(outcome)->was_done_before);
  EXPECT_EQ(sample.live().size(), 1);  // the foreign file alone
}

// Two processes with copies of one checkpoint: both are at epoch 5, over ranges of their own.
TEST(Token, TheSameEpochOverOtherOffsetsIsNotDone) {
  SampleTable sample;
  AppendRequest first = sample.request({sample.file()});
  first.token = Token{.query_id = "q", .epoch = 5, .source_offsets = R"({"t":{"0":42}})"};
  ASSERT_TRUE(committed(sample.append(first)));
  AppendRequest other = sample.request({sample.file()});
  other.token = Token{.query_id = "q", .epoch = 5, .source_offsets = R"({"t":{"0":99}})"};
  try {
    sample.append(other);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "STREAM_CHECKPOINT_BEHIND_TABLE");
    EXPECT_NE(error.message().find("other offsets"), std::string::npos);
  }
  other.token->source_offsets = first.token->source_offsets;  // a replay of the same range
  const CommitOutcome again = sample.append(other);
  ASSERT_TRUE(committed(again));
  EXPECT_TRUE(committed(again)->was_done_before);
  EXPECT_EQ(sample.live().size(), 1);
  EXPECT_TRUE(sample.unreferenced().empty());
}

// What another branch holds says nothing about this one, in properties and in summaries.
TEST(Token, EachBranchHasItsOwn) {
  SampleTable sample;
  AppendRequest request = sample.request({sample.file()});
  request.token = Token{.query_id = "q", .epoch = 5};
  ASSERT_TRUE(committed(sample.append(request)));
  sample.pointer->change(
      {{},
       {iceberg::SetSnapshotRef{"audit",
                                {.snapshot_id = sample.table.metadata().current_snapshot()->id}}}});
  request = sample.request({sample.file()});
  request.branch = "audit";
  request.token = Token{.query_id = "q", .epoch = 6, .last_written_epoch = 5};
  ASSERT_TRUE(committed(sample.append(request)));
  EXPECT_EQ(newest_token(sample.table.metadata(), "q", "audit"), 6);
  EXPECT_EQ(newest_token(sample.table.metadata(), "q", "main"), 5);
  request = sample.request({sample.file()});
  request.token = Token{.query_id = "q", .epoch = 6, .last_written_epoch = 5};
  const CommitOutcome main = sample.append(request);  // main lacks epoch 6, whatever audit has
  ASSERT_TRUE(committed(main));
  EXPECT_FALSE(committed(main)->was_done_before);
  EXPECT_EQ(newest_token(sample.table.metadata(), "q", "main"), 6);
}

TEST(Token, TravelsInSummaryAndProperty) {
  SampleTable sample;
  AppendRequest request = sample.request({sample.file()});
  request.token = Token{.query_id = "q", .epoch = 5, .source_offsets = R"({"t":{"0":42}})"};
  ASSERT_TRUE(committed(sample.append(request)));
  const iceberg::TableMetadata& metadata = sample.table.metadata();
  EXPECT_EQ(metadata.current_snapshot()->summary.at("spark.sql.streaming.queryId"), "q");
  EXPECT_EQ(metadata.current_snapshot()->summary.at("spark.sql.streaming.epochId"), "5");
  EXPECT_EQ(metadata.properties.at("firn.stream.q.main"),
            R"({"epoch":5,"at":)" + std::to_string(sample.clock.now_ms()) +
                R"(,"offsets":{"t":{"0":42}}})");
  EXPECT_EQ(newest_token(metadata, "q", "main"), 5);
  EXPECT_EQ(newest_token(metadata, "q", "other"), std::nullopt);
  EXPECT_EQ(newest_token(metadata, "other", "main"), std::nullopt);
}

TEST(Token, IdleOnesArePrunedAfterNinetyDays) {
  constexpr int64_t kDay = 24LL * 3600 * 1000;
  SampleTable sample;
  const int64_t now = sample.clock.now_ms();
  const auto old_token = [&](const char* query, int64_t at) {
    sample.foreign_property(token_property_key(query, "main"),
                            token_property_value({.query_id = query, .epoch = 1}, at));
  };
  old_token("idle", now - 91 * kDay);
  old_token("recent", now - 89 * kDay);
  old_token("q", now - 91 * kDay);
  AppendRequest request = sample.request({sample.file()});
  request.token = Token{.query_id = "q", .epoch = 2, .last_written_epoch = 1};
  ASSERT_TRUE(committed(sample.append(request)));
  const iceberg::Properties& properties = sample.table.metadata().properties;
  EXPECT_FALSE(properties.contains("firn.stream.idle.main"));
  EXPECT_TRUE(properties.contains("firn.stream.recent.main"));
  EXPECT_EQ(newest_token(sample.table.metadata(), "q", "main"), 2);
}

TEST(Token, AnotherTableOfTheSameNameIsRefused) {
  SampleTable sample;
  AppendRequest request = sample.request({sample.file()});
  request.expected_table_uuid = "00000000-0000-0000-0000-000000000000";
  try {
    sample.append(request);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "STREAM_TABLE_RECREATED");
  }
}

TEST(Append, APreparedSnapshotIsCommittedOnceByTwoProcesses) {
  SampleTable sample;
  AppendRequest request = sample.request({sample.file()});
  request.snapshot_id = 4711;
  ASSERT_TRUE(committed(sample.append(request)));
  const CommitOutcome again = sample.append(request);
  ASSERT_TRUE(committed(again));
  EXPECT_TRUE(committed(again)->was_done_before);
  EXPECT_EQ(committed(again)->snapshot_id, 4711);
  EXPECT_EQ(sample.live().size(), 1);
}

// ---- what is written

TEST(Append, SummaryHasAllTotals) {
  SampleTable sample({by_day()});
  const types::Value monday = int32_t{19000}, tuesday = int32_t{19001};
  ASSERT_TRUE(committed(sample.append(
      sample.request({sample.file({monday}), sample.file({tuesday}), sample.file({tuesday})}))));
  ASSERT_TRUE(committed(sample.append(sample.request({sample.file({monday}, 0, 7)}))));
  const iceberg::Snapshot& head = *sample.table.metadata().current_snapshot();
  EXPECT_EQ(head.operation, "append");
  const iceberg::Properties want = {
      {"added-data-files", "1"},       {"added-records", "7"},
      {"added-files-size", "700"},     {"changed-partition-count", "1"},
      {"total-data-files", "4"},       {"total-records", "37"},
      {"total-files-size", "3700"},    {"total-delete-files", "0"},
      {"total-position-deletes", "0"}, {"total-equality-deletes", "0"},
      {"engine-name", "firn"}};
  for (const auto& [key, value] : want) EXPECT_EQ(head.summary.at(key), value) << key;
  EXPECT_TRUE(head.summary.contains("engine-version"));
  const iceberg::Snapshot& first = sample.table.metadata().snapshots.front();
  EXPECT_EQ(first.summary.at("changed-partition-count"), "2");
}

TEST(Append, ATotalThatDoesNotParseIsLeftOut) {
  SampleTable sample;
  sample.foreign_append();  // its summary has no totals
  ASSERT_TRUE(committed(sample.append(sample.request({sample.file()}))));
  EXPECT_FALSE(sample.table.metadata().current_snapshot()->summary.contains("total-records"));
  EXPECT_EQ(sample.table.metadata().current_snapshot()->summary.at("added-records"), "10");
}

TEST(Append, OneManifestASpec) {
  SampleTable sample({by_day()});
  types::PartitionSpec second;
  second.fields = {by_bucket(4)};
  sample.pointer->change({{}, {iceberg::AddPartitionSpec{second}, iceberg::SetDefaultSpec{-1}}});
  const types::Value day = int32_t{19000}, bucket = int32_t{3};
  ASSERT_TRUE(committed(
      sample.append(sample.request({sample.file({day}, 0, 10, 0), sample.file({bucket}, 0, 10, 1),
                                    sample.file({day}, 0, 10, 0)}))));
  const auto rows = manifests_of(*sample.store, sample.table.metadata(),
                                 *sample.table.metadata().current_snapshot());
  ASSERT_EQ(rows.size(), 2);
  EXPECT_EQ(rows[0].partition_spec_id, 0);
  EXPECT_EQ(rows[0].added_files_count, 2);
  EXPECT_EQ(rows[1].partition_spec_id, 1);
  EXPECT_EQ(rows[1].added_rows_count, 10);
}

TEST(Append, ManyFilesAreSplitOverManifests) {
  SampleTable sample;
  std::vector<iceberg::DataFile> files;
  for (int i = 0; i < 10'001; ++i) files.push_back(sample.file());
  ASSERT_TRUE(committed(sample.append(sample.request(std::move(files)))));
  const auto rows = manifests_of(*sample.store, sample.table.metadata(),
                                 *sample.table.metadata().current_snapshot());
  ASSERT_EQ(rows.size(), 2);
  EXPECT_EQ(rows[0].added_files_count, 10'000);
  EXPECT_EQ(rows[1].added_files_count, 1);
}

TEST(Append, ANewBranchStartsAtMain) {
  SampleTable sample;
  ASSERT_TRUE(committed(sample.append(sample.request({sample.file()}))));
  AppendRequest request = sample.request({sample.file()});
  request.branch = "audit";
  ASSERT_TRUE(committed(sample.append(request)));
  EXPECT_EQ(sample.live("main").size(), 1);
  EXPECT_EQ(sample.live("audit").size(), 2);
}

TEST(Append, ATagCannotBeWrittenTo) {
  SampleTable sample;
  const SnapshotId id = sample.foreign_append();
  sample.pointer->change(
      {{}, {iceberg::SetSnapshotRef{"release", {.snapshot_id = id, .is_branch = false}}}});
  AppendRequest request = sample.request({sample.file()});
  request.branch = "release";
  EXPECT_THROW(sample.append(request), Error);
}

TEST(Append, AV1TableIsUpgraded) {
  iceberg::TableMetadata metadata = sample_metadata({});
  metadata.format_version = 1;
  SampleTable sample(metadata);
  ASSERT_TRUE(committed(sample.append(sample.request({sample.file()}))));
  EXPECT_EQ(sample.table.metadata().format_version, 2);
  EXPECT_EQ(sample.live().front().second, 1);
}

TEST(Append, AV3TableIsRefusedByName) {
  iceberg::TableMetadata metadata = sample_metadata({});
  metadata.format_version = 3;
  SampleTable sample(metadata);
  try {
    sample.append(sample.request({sample.file()}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUnsupported);
    EXPECT_NE(error.message().find("format version 3"), std::string::npos);
  }
}

TEST(Append, MergesAtTheMinimumCount) {
  SampleTable sample({}, {{"commit.manifest.min-count-to-merge", "3"}});
  const auto manifests = [&] {
    return manifests_of(*sample.store, sample.table.metadata(),
                        *sample.table.metadata().current_snapshot())
        .size();
  };
  std::vector<size_t> counts;
  for (int i = 0; i < 4; ++i) {
    AppendRequest request = sample.request({sample.file()});
    request.fast = false;
    ASSERT_TRUE(committed(sample.append(request)));
    counts.push_back(manifests());
  }
  EXPECT_EQ(counts, (std::vector<size_t>{1, 2, 1, 2}));
  std::vector<iceberg::SequenceNumber> sequence;
  for (const auto& [path, number] : sample.live()) sequence.push_back(number);
  EXPECT_EQ(sequence, (std::vector<iceberg::SequenceNumber>{4, 3, 2, 1}));
}

TEST(Append, AMergeThatConflictsIsReusedOrRemoved) {
  SampleTable sample({}, {{"commit.manifest.min-count-to-merge", "3"}});
  for (int i = 0; i < 2; ++i)
    ASSERT_TRUE(committed(sample.append(sample.request({sample.file()}))));
  sample.pointer->plan({kC});
  AppendRequest request = sample.request({sample.file()});
  request.fast = false;
  sample.pointer->before_commit([&, first = sample.pointer->commits_seen() + 1](int number) {
    if (number == first) sample.foreign_append();
  });
  ASSERT_TRUE(committed(sample.append(request)));
  EXPECT_EQ(sample.live().size(), 4);
  EXPECT_TRUE(sample.unreferenced().empty());
}

// ---- expiry inside the commit

TEST(Append, MaxSnapshotsExpiresInTheSameCommit) {
  SampleTable sample;
  for (int i = 0; i < 10; ++i) {
    AppendRequest request = sample.request({sample.file()});
    request.max_snapshots = 3;
    ASSERT_TRUE(committed(sample.append(request)));
  }
  EXPECT_EQ(sample.pointer->metadata().snapshots.size(), 3);
  EXPECT_EQ(sample.live().size(), 10);
  EXPECT_TRUE(sample.unreferenced().empty());  // lists of expired snapshots are gone
}

TEST(Append, ExpirySparesTagsAndReaders) {
  SampleTable sample;
  const SnapshotId tagged = sample.foreign_append();
  for (int i = 0; i < 3; ++i) sample.foreign_append();
  sample.pointer->change(
      {{}, {iceberg::SetSnapshotRef{"release", {.snapshot_id = tagged, .is_branch = false}}}});
  AppendRequest request = sample.request({sample.file()});
  request.max_snapshots = 2;
  ASSERT_TRUE(committed(sample.append(request)));
  EXPECT_EQ(sample.pointer->metadata().snapshots.size(), 5);  // the oldest is needed, so all stay
  sample.pointer->change({{}, {iceberg::RemoveSnapshotRef{"release"}}});

  request = sample.request({sample.file()});
  request.max_snapshots = 2;
  request.keep_snapshots = {sample.pointer->metadata().snapshots[2].id};
  ASSERT_TRUE(committed(sample.append(request)));
  EXPECT_EQ(sample.pointer->metadata().snapshots.size(),
            4);  // two expired, the one that is read stays
  EXPECT_EQ(sample.pointer->metadata().snapshots.front().id, request.keep_snapshots.front());
}

TEST(Append, NothingIsDeletedWhereTheOutcomeIsUnknown) {
  SampleTable sample({}, {{"commit.retry.num-retries", "0"}});
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(committed(sample.append(sample.request({sample.file()}))));
  const size_t before = sample.store->list("mem://warehouse/s/t/metadata").size();
  sample.pointer->plan({kL});
  AppendRequest request = sample.request({sample.file()});
  request.max_snapshots = 1;
  EXPECT_EQ(name_of(sample.append(request)), "unknown");
  EXPECT_EQ(sample.store->list("mem://warehouse/s/t/metadata").size(), before + 2);
  EXPECT_EQ(sample.live().size(), 3);
}

// ---- two writers at once

TEST(Append, TwoThreadsLoseNothingAndRepeatNothing) {
  constexpr int kEach = 50;
  SampleTable sample({}, {{"commit.retry.num-retries", "100"}, {"commit.retry.min-wait-ms", "0"}});
  const auto write = [&sample](uint64_t seed) {
    SteppedClock clock;
    SeededRandom random(seed);
    Table table(sample.pointer, *sample.store, *sample.pointer->load());
    for (int i = 0; i < kEach; ++i) {
      AppendRequest request;
      iceberg::DataFile file;
      file.file_path =
          "mem://warehouse/s/t/data/" + std::to_string(seed) + "-" + std::to_string(i) + ".parquet";
      file.record_count = 1;
      request.files = {file};
      ASSERT_TRUE(committed(append(table, request, clock, random)));
    }
  };
  std::thread one(write, 1), two(write, 2);
  one.join();
  two.join();
  std::set<std::string> paths;
  for (const auto& [path, number] : sample.live()) EXPECT_TRUE(paths.insert(path).second) << path;
  EXPECT_EQ(paths.size(), 2 * kEach);
  EXPECT_EQ(sample.pointer->metadata().current_snapshot()->summary.at("total-data-files"),
            std::to_string(2 * kEach));
  EXPECT_TRUE(sample.unreferenced().empty());
}

}  // namespace
}  // namespace firn::table

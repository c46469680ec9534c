// Errors, conditions, suggestions, log lines, hashes, memory shares, threads.
#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/conditions.h"
#include "base/error.h"
#include "base/hash128.h"
#include "base/log.h"
#include "base/memory_budget.h"
#include "base/names.h"
#include "base/nearest.h"
#include "base/test_support.h"
#include "base/thread_pool.h"

namespace firn {
namespace {

TEST(Error, PrintsAsSparkDoes) {
  const Error error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", "`silver`.`x`"}});
  EXPECT_EQ(error.code(), Code::kNotFound);
  EXPECT_EQ(error.sqlstate(), "42P01");
  EXPECT_EQ(std::string(error.what()),
            "[TABLE_OR_VIEW_NOT_FOUND] The table or view `silver`.`x` cannot be found. Verify the "
            "spelling and correctness of the schema and catalog.\nIf you did not qualify the name "
            "with a schema, verify the current_schema() output, or qualify the name with the "
            "correct schema and catalog.\nTo tolerate the error on drop use DROP VIEW IF EXISTS or "
            "DROP TABLE IF EXISTS. SQLSTATE: 42P01");
}

TEST(Error, FillsSlotsOnceAndKnowsWhatIsNoSlot) {
  EXPECT_EQ(error_of([] { throw_corrupt("a <b> c"); }).message(), "a <b> c");
  EXPECT_EQ(Error("INVALID_INDEX_OF_ZERO").message(),
            "The index 0 is invalid. An index shall be either < 0 or > 0 (the first element has "
            "index 1).");
}

TEST(Error, ABugInThrowingIsTold) {
  EXPECT_EQ(error_of([] { throw Error("FIRN_IO"); }).condition(), "FIRN_INTERNAL");
  EXPECT_NE(error_of([] { throw Error("FIRN_IO"); }).message().find("FIRN_IO"), std::string::npos);
  EXPECT_NE(Error("NO_SUCH_CONDITION").message().find("NO_SUCH_CONDITION"), std::string::npos);
  const Error failed = error_of([] { FIRN_CHECK(1 > 2, "one is less"); });
  EXPECT_EQ(failed.code(), Code::kInternal);
  EXPECT_NE(failed.message().find("one is less (1 > 2 at "), std::string::npos);
}

TEST(Error, ContextsAreAdded) {
  const Error error =
      Error("DIVIDE_BY_ZERO", {{"config", "\"x\""}}).with_context({{1, 8, 7, 12}, "1 / 0"});
  ASSERT_EQ(error.contexts().size(), 1U);
  EXPECT_EQ(error.contexts()[0].fragment, "1 / 0");
}

TEST(Conditions, RowsAreUniqueAndWellFormed) {
  std::set<std::string_view> names;
  for (const auto& rows : {firn_conditions(), spark_conditions()}) {
    std::string_view before;
    for (const Condition& row : rows) {
      EXPECT_TRUE(names.insert(row.name).second) << row.name << " stands twice";
      EXPECT_LT(before, row.name) << "rows are sorted";
      EXPECT_TRUE(row.sqlstate.empty() || row.sqlstate.size() == 5) << row.name;
      EXPECT_FALSE(row.message.empty()) << row.name;
      EXPECT_EQ(find_condition(row.name), &row);
      before = row.name;
    }
  }
  EXPECT_EQ(find_condition("nope"), nullptr);
  EXPECT_GT(names.size(), 400U);
}

struct DistanceRow {
  const char* a;
  const char* b;
  size_t want;
};
TEST(Nearest, EditDistance) {
  for (const DistanceRow& row : {DistanceRow{"", "", 0},
                                 {"abc", "", 3},
                                 {"abc", "ABC", 0},
                                 {"kitten", "sitting", 3},
                                 {"ab", "ba", 1},
                                 {"startingOffset", "startingOffsets", 1},
                                 {"abcd", "acbd", 1}}) {
    EXPECT_EQ(edit_distance(row.a, row.b), row.want) << row.a << " " << row.b;
    EXPECT_EQ(edit_distance(row.b, row.a), row.want) << row.b << " " << row.a;
  }
}

TEST(Nearest, SuggestsWhatIsNearOnly) {
  const std::vector<std::string> options = {"subscribe", "startingOffsets", "failOnDataLoss"};
  EXPECT_EQ(did_you_mean("startingofset", options), " Did you mean `startingOffsets`?");
  EXPECT_EQ(did_you_mean("checkpoint", options), "");
  EXPECT_EQ(did_you_mean("x", {}), "");
  const Error error =
      error_of([&] { throw_unknown_option("option of read_kafka", "subscibe", options); });
  EXPECT_EQ(error.message(), "Unknown option of read_kafka `subscibe`. Did you mean `subscribe`?");
}

TEST(Log, LevelsByName) {
  EXPECT_EQ(parse_log_level("WARN"), LogLevel::kWarn);
  EXPECT_EQ(parse_log_level("off"), LogLevel::kOff);
  EXPECT_NE(error_of([] { parse_log_level("loud"); }).message().find("'loud'"), std::string::npos);
}

struct HashRow {
  const char* text;
  Hash128 want;
};
TEST(Hash128, PublishedVectors) {
  for (const HashRow& row :
       {HashRow{"", {0, 0}},
        {"hello", {0xCBD8A7B341BD9B02, 0x5B1E906A48AE1D19}},
        {"hello, world", {0x342FAC623A5EBC8E, 0x4CDCBC079642414D}},
        {"19 Jan 2038 at 3:14:07 AM", {0xB89E5988B737AFFC, 0x664FC2950231B2CB}},
        {"The quick brown fox jumps over the lazy dog.",
         {0xCD99481F9EE902C9, 0x695DA1A38987B6E7}}}) {
    EXPECT_EQ(hash128(row.text), row.want) << row.text;
  }
  EXPECT_NE(hash128("a", 1), hash128("a", 2));
}

TEST(Random, UuidsAreOfVersion4AndReplay) {
  SeededRandom one(5);
  SeededRandom two(5);
  const std::string uuid = random_uuid(one);
  EXPECT_EQ(uuid, random_uuid(two));
  EXPECT_NE(uuid, random_uuid(one));
  ASSERT_EQ(uuid.size(), 36U);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
  SystemRandom system;
  EXPECT_NE(random_uuid(system), random_uuid(system));
}

TEST(MemoryBudget, SharesAreBounded) {
  MemoryBudget budget(100);
  const auto kafka = budget.add_share("kafka", 60);
  EXPECT_EQ(budget.unshared(), 40);
  EXPECT_EQ(error_of([&] { budget.add_share("duckdb", 41); }).code(), Code::kResource);
  {
    const MemoryReservation held = kafka->reserve(50);
    EXPECT_FALSE(kafka->try_reserve(11));
    const Error error = error_of([&] { kafka->reserve(11); });
    EXPECT_EQ(error.code(), Code::kResource);
    EXPECT_NE(error.message().find("kafka"), std::string::npos);
    EXPECT_TRUE(kafka->try_reserve(10));
  }
  EXPECT_EQ(kafka->used(), 0);
  EXPECT_EQ(kafka->peak(), 60);
  EXPECT_GT(memory_of_this_machine(), 0);
}

TEST(MemoryBudget, WaitsForRoomOrAStop) {
  MemoryBudget budget(100);
  const auto share = budget.add_share("fetch", 10);
  EXPECT_EQ(share->wait_and_reserve(25, {}).bytes(), 25);  // alone, a huge item passes
  auto held = std::make_unique<MemoryReservation>(share->reserve(8));
  std::thread waiter([&] { EXPECT_EQ(share->wait_and_reserve(5, {}).bytes(), 5); });
  held.reset();
  waiter.join();
  const MemoryReservation again = share->reserve(8);
  StopSource stop;
  std::thread stopped([&] {
    EXPECT_EQ(error_of([&] { share->wait_and_reserve(5, stop.get_token()); }).code(),
              Code::kCancelled);
  });
  stop.request_stop();
  stopped.join();
}

TEST(ThreadPool, RunsEverythingAndHandsErrorsOver) {
  std::atomic<int> sum = 0;
  {
    ThreadPool pool(3, "test");
    EXPECT_EQ(pool.size(), 3U);
    for (int i = 1; i <= 100; ++i) pool.submit([&sum, i] { sum += i; });
    EXPECT_EQ(pool.submit([] { return 7; }).get(), 7);
    auto failing = pool.submit([]() -> int { throw_invalid("no"); });
    EXPECT_EQ(error_of([&] { failing.get(); }).message(), "no");
  }
  EXPECT_EQ(sum, 5050);
}

TEST(Names, AreJoinedQuotedAndSplit) {
  EXPECT_EQ(dotted({"a", "b", "c"}), "a.b.c");
  EXPECT_EQ(backquoted({"a", "b"}), "`a`.`b`");
  EXPECT_EQ(split_dots("a..b"), (std::vector<std::string>{"a", "", "b"}));
  EXPECT_EQ(split_dots(""), std::vector<std::string>{""});
}

TEST(Ascii, OtherBytesStay) {
  EXPECT_EQ(lower_case("AbZ_É1"), "abz_É1");
  EXPECT_EQ(upper_case("aBz_é1"), "ABZ_é1");
}

}  // namespace
}  // namespace firn

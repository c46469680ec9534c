// The generator's numbers, the sums, and where a demo's folder is.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "app/demo/bookings.h"
#include "app/demo/place.h"
#include "app/demo/reconciliation.h"
#include "base/error.h"
#include "sql/parser.h"

namespace firn::app {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kStart = 1'767'225'600'000;  // 2026-01-01

std::vector<std::string> all_events(int64_t count, uint64_t seed, EventCounts* counts = nullptr) {
  EventGenerator generator({count, seed, kStart});
  std::vector<std::string> events;
  for (std::string json; generator.next(json);) events.push_back(json);
  if (counts != nullptr) *counts = generator.counts();
  return events;
}

struct CountRow {
  int64_t events, duplicates, no_consent, malformed, missing, negative, late;
};

TEST(Events, KnownNumbersOfEachKind) {
  constexpr CountRow kRows[] = {
      {1, 0, 0, 0, 0, 0, 0},
      {2, 0, 0, 0, 0, 0, 1},
      {200000, 3980 - 1, 19900, 1990, 1791, 1194, 1000},
  };
  for (const CountRow& row : kRows) {
    EventCounts counts;
    all_events(row.events, 1, &counts);
    EXPECT_EQ(counts.produced, row.events);
    EXPECT_EQ(counts.duplicates, row.duplicates) << row.events;
    EXPECT_EQ(counts.no_consent, row.no_consent) << row.events;
    EXPECT_EQ(counts.malformed, row.malformed) << row.events;
    EXPECT_EQ(counts.missing, row.missing) << row.events;
    EXPECT_EQ(counts.negative, row.negative) << row.events;
    EXPECT_EQ(counts.late, row.late) << row.events;
    EXPECT_EQ(
        counts.silver + counts.duplicates + counts.no_consent + counts.quarantined() + counts.late,
        counts.produced);
  }
}

TEST(Events, TheSameForTheSameSeed) {
  EXPECT_EQ(all_events(3000, 7), all_events(3000, 7));
  EXPECT_NE(all_events(3000, 7), all_events(3000, 8));
}

TEST(Events, RepeatedOnesAreTheDuplicates) {
  EventCounts counts;
  const std::vector<std::string> events = all_events(20000, 3, &counts);
  const std::set<std::string> distinct(events.begin(), events.end());
  EXPECT_EQ(static_cast<int64_t>(events.size() - distinct.size()), counts.duplicates);
}

TEST(Events, LateOnesComeLastAndAreTwoDaysOld) {
  EventGenerator generator({1000, 1, kStart});
  std::string json;
  int64_t at = 0;
  for (; generator.next(json); ++at) {
    const bool old = json.find("\"occurred_at\":\"2025-12-29T") != std::string::npos ||
                     json.find("\"occurred_at\":\"2025-12-30T") != std::string::npos;
    EXPECT_EQ(old, at >= generator.on_time_count()) << json;
  }
  EXPECT_GE(generator.newest_silver_ms(), kStart - 5000);
}

struct UpToRow {
  int partition;
  int64_t offset, want;
};
TEST(Feed, EventsGoRoundThePartitions) {
  EXPECT_EQ(demo_partitions(1), 4);
  EXPECT_EQ(demo_partitions(200000), 17);
  constexpr UpToRow kRows[] = {{0, 0, 0}, {3, 0, 0}, {0, 1, 1}, {3, 1, 4}, {0, 2, 5}, {2, 10, 39}};
  for (const UpToRow& row : kRows)
    EXPECT_EQ(events_up_to(row.partition, row.offset, 4), row.want)
        << row.partition << " " << row.offset;
}

TEST(Reconciliation, SumsAndDifferences) {
  EventCounts sent;
  sent.produced = 100, sent.silver = 70, sent.duplicates = 5, sent.no_consent = 10;
  sent.malformed = 4, sent.missing = 3, sent.negative = 2, sent.late = 6;
  QueryState query;
  query.totals = {{"rows_in", 100}, {"duplicates", 5}, {"late", 6}};
  EXPECT_TRUE(reconcile(sent, query, {70, 9, 40, 70}).differences().empty());
  EXPECT_EQ(reconcile(sent, query, {69, 9, 40, 69}).differences(),
            (std::vector<std::string>{"silver: 70 sent, 69 found", "no consent: 10 sent, 11 found",
                                      "bookings in gold: 70 sent, 69 found"}));
  EXPECT_EQ(reconcile(sent, query, {70, 9, 40, 60}).differences(),
            (std::vector<std::string>{"bookings in gold: 70 sent, 60 found"}));
}

class Place : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("firn_place_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    before_ = fs::current_path();
    fs::current_path(folder_);
  }
  void TearDown() override {
    fs::current_path(before_);
    fs::remove_all(folder_);
  }
  static DemoPlace begin(const std::string& warehouse, bool finished) {
    DemoPlace place = choose_place(warehouse, 500, kStart + 3'600'000);
    place.record.finished = finished;
    write_record(place);
    return place;
  }
  fs::path folder_, before_;
};

TEST_F(Place, NewAndResumed) {
  const DemoPlace place = begin("lake", false);
  EXPECT_FALSE(place.resumed);
  EXPECT_EQ(place.warehouse, (folder_ / "lake").string());
  EXPECT_EQ(place.record.events.start_ms, kStart);
  const DemoPlace again = choose_place("lake/", std::nullopt, 0);
  EXPECT_TRUE(again.resumed);
  EXPECT_EQ(again.record.events.events, 500);
  EXPECT_EQ(again.record.events.start_ms, kStart);
  EXPECT_THROW(choose_place("lake", 501, 0), Error);
}

TEST_F(Place, AnEndedDemoIsLeftAlone) {
  begin("", true);
  EXPECT_EQ(choose_place("", std::nullopt, 0).warehouse, (folder_ / "firn-demo-2").string());
  EXPECT_THROW(choose_place("firn-demo", std::nullopt, 0), Error);
}

TEST_F(Place, TablesOfOthersAreRefused) {
  fs::create_directories("other");
  std::ofstream("other/catalog.db") << "x";
  EXPECT_THROW(choose_place("other", std::nullopt, 0), Error);
}

TEST(Bookings, ThePipelineParses) { EXPECT_EQ(sql::parse_script(bookings_pipeline()).size(), 8U); }

}  // namespace
}  // namespace firn::app

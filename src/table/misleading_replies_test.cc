// Commits where the catalog's replies mislead: repetitions, replies of earlier requests, older
// states.
#include <gtest/gtest.h>

#include "table/append.h"
#include "table/sample_table.h"

namespace firn::table {
namespace {

const Committed* landed(const CommitOutcome& outcome) { return std::get_if<Committed>(&outcome); }

std::string kind_of(const CommitOutcome& outcome) {
  static constexpr const char* kKinds[] = {"committed", "conflict", "unknown"};
  return kKinds[outcome.index()];
}

// Something on the way sends a request twice: the first copy lands, the second is refused, and the
// caller hears of that. The manifests are the table's own by then.
TEST(Append, ARepeatedRequestsRefusalDeletesNoLiveManifest) {
  for (const bool catalog_falls_silent : {false, true}) {
    SampleTable sample({}, {{"commit.retry.num-retries", catalog_falls_silent ? "4" : "0"}});
    ASSERT_TRUE(landed(sample.append(sample.request({sample.file()}))));
    sample.pointer->plan({Fault::kSentTwice});
    if (catalog_falls_silent)
      sample.pointer->before_commit([&](int) { sample.pointer->fail_loads(100); });
    if (catalog_falls_silent) {
      EXPECT_THROW(sample.append(sample.request({sample.file()})), Error);
    } else {
      const CommitOutcome outcome = sample.append(sample.request({sample.file()}));
      ASSERT_TRUE(landed(outcome));
      EXPECT_FALSE(landed(outcome)->was_done_before);
    }
    sample.pointer->fail_loads(0);
    EXPECT_EQ(sample.live().size(), 2);  // reads the list and the manifests of both
  }
}

// A catalog that answers from a copy gives an older state: what that lacks may be in the table.
TEST(Append, AnOlderStateOfTheTableProvesNothing) {
  for (const auto& [faults, want] : {std::pair{std::vector{Fault::kReplyLost}, "unknown"},
                                     {std::vector{Fault::kSentTwice}, "conflict"}}) {
    SampleTable sample({}, {{"commit.retry.num-retries", "0"}});
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(landed(sample.append(sample.request({sample.file()}))));
    sample.pointer->plan(faults);
    sample.pointer->before_commit([&](int) { sample.pointer->give_stale(100); });
    EXPECT_EQ(kind_of(sample.append(sample.request({sample.file()}))), want);
    sample.pointer->give_stale(0);
    EXPECT_EQ(sample.live().size(), 3);
  }
}

// The first attempt lands, the second is refused and is given the first one's reply.
TEST(Append, AnEarlierAttemptsReplyTellsWhichAttemptLanded) {
  SampleTable sample;
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(landed(sample.append(sample.request({sample.file()}))));
  sample.pointer->plan({Fault::kReplyLost, Fault::kOldReply});
  sample.pointer->before_commit([&, first = sample.pointer->commits_seen() + 1](int number) {
    if (number == first) sample.pointer->give_stale(1);
  });
  ASSERT_TRUE(landed(sample.append(sample.request({sample.file()}))));
  EXPECT_EQ(sample.live().size(), 3);
  EXPECT_TRUE(sample.unreferenced().empty());
}

TEST(Append, ExpiryByOthersBetweenALookAndTheNextIsNoError) {
  SampleTable sample;
  AppendRequest request = sample.request({sample.file()});
  request.max_snapshots = 1;
  for (int i = 0; i < 3; ++i) {
    request.files = {sample.file()};
    ASSERT_TRUE(landed(sample.append(request)));
  }
  sample.pointer->give_stale(1);  // as it was before the files that it names went
  request.files = {sample.file()};
  ASSERT_TRUE(landed(sample.append(request)));
  EXPECT_EQ(sample.live().size(), 4);
  sample.store->remove(sample.pointer->metadata().current_snapshot()->manifest_list);
  EXPECT_THROW(sample.append(request), Error);  // a file that the newest state lacks
}

}  // namespace
}  // namespace firn::table

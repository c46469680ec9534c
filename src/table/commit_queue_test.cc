// Changes of one process to one table take turns.
#include "table/commit_queue.h"

#include <gtest/gtest.h>

#include "table/sample_table.h"

namespace firn::table {
namespace {

CommitQueue::Change append_of(SampleTable& sample, AppendRequest request) {
  return [&sample, request = std::move(request)](Table& table, const StopToken& stop) {
    return append(table, request, sample.clock, sample.random, stop);
  };
}

TEST(CommitQueue, ChangesNeverConflictWithEachOther) {
  SampleTable sample({}, {{"commit.retry.num-retries", "0"}});
  CommitQueue queue(sample.table, sample.clock);
  std::vector<std::future<CommitOutcome>> outcomes;
  for (int i = 0; i < 30; ++i)
    outcomes.push_back(queue.submit(append_of(sample, sample.request({sample.file()}))));
  for (auto& outcome : outcomes) EXPECT_TRUE(std::holds_alternative<Committed>(outcome.get()));
  EXPECT_EQ(sample.live().size(), 30);
  EXPECT_EQ(queue.state().metadata->snapshots.size(), 30);
}

TEST(CommitQueue, RunsInTheOrderOfTheCalls) {
  SampleTable sample;
  CommitQueue queue(sample.table, sample.clock);
  std::vector<int> order;
  std::vector<std::future<CommitOutcome>> outcomes;
  for (int i = 0; i < 20; ++i) {
    outcomes.push_back(queue.submit([&order, i](Table&, const StopToken&) {
      order.push_back(i);
      return CommitOutcome(Committed{});
    }));
  }
  for (auto& outcome : outcomes) outcome.get();
  ASSERT_EQ(order.size(), 20);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(CommitQueue, AnErrorIsItsCallersAndTheNextGoesOn) {
  SampleTable sample;
  CommitQueue queue(sample.table, sample.clock);
  auto bad = queue.submit([](Table&, const StopToken&) -> CommitOutcome { throw_invalid("no"); });
  auto good = queue.submit(append_of(sample, sample.request({sample.file()})));
  EXPECT_THROW(bad.get(), Error);
  EXPECT_TRUE(std::holds_alternative<Committed>(good.get()));
}

TEST(CommitQueue, YieldsAfterAForeignConflict) {
  SampleTable sample({}, {{"commit.retry.min-wait-ms", "0"}});
  {
    CommitQueue queue(sample.table, sample.clock, std::chrono::milliseconds(100));
    queue.submit(append_of(sample, sample.request({sample.file()}))).get();
    sample.pointer->plan({Fault::kConflict});
    queue.submit(append_of(sample, sample.request({sample.file()}))).get();
  }
  EXPECT_EQ(sample.clock.slept_ms(), 100);
}

TEST(CommitQueue, ItsEndCancelsWhatHasNotBegun) {
  SampleTable sample;
  std::promise<void> begun;
  std::future<CommitOutcome> running, waiting;
  {
    CommitQueue queue(sample.table, sample.clock);
    running = queue.submit([&begun](Table&, const StopToken& stop) {
      begun.set_value();
      while (!stop.stop_requested()) std::this_thread::yield();
      return CommitOutcome(Committed{});
    });
    waiting = queue.submit(append_of(sample, sample.request({sample.file()})));
    begun.get_future().wait();
  }
  EXPECT_TRUE(std::holds_alternative<Committed>(running.get()));
  EXPECT_THROW(waiting.get(), Error);
  EXPECT_TRUE(sample.live().empty());
}

}  // namespace
}  // namespace firn::table

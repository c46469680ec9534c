// The committing thread: unknown outcomes and stops, merges that fail, sinks before the prepared
// record.
#include "stream/epoch.h"

#include <gtest/gtest.h>

#include <chrono>

#include "table/sample_table.h"

namespace firn::stream {
namespace {

using table::Fault;

class OneFile final : public engine::TableWriter {
 public:
  explicit OneFile(iceberg::DataFile file) : file_(std::move(file)) {}
  void append(engine::Chunk&) override {}
  std::vector<iceberg::DataFile> finish() override { return {file_}; }
  int64_t rows() const override { return 1; }
  int64_t buffered_bytes() const override { return 0; }

 private:
  iceberg::DataFile file_;
};

class NotingSink final : public BatchSink {
 public:
  std::string description() const override { return "noting"; }
  void add_batch(SinkBatch batch, const StopToken& stop) override {
    throw_if_stopped(stop);
    ids.push_back(batch.id);
    if (fails) throw_invalid("the sink is full");
  }
  std::vector<int64_t> ids;
  bool fails = false;
};

struct Bench {
  table::SampleTable sample{{}, {{"commit.retry.num-retries", "0"}}};
  std::unique_ptr<files::FileStore> store = files::make_memory_store();
  SeededRandom random{7};
  std::unique_ptr<Ledger> ledger = open_ledger(*store, "mem://checkpoint", random);
  std::vector<Progress> seen;

  std::unique_ptr<Committer> committer(std::shared_ptr<BatchSink> sink = nullptr) {
    CommitTarget target;
    target.name = "s.t";
    target.sink = std::move(sink);
    if (target.sink == nullptr) {
      target.queue = std::make_shared<table::CommitQueue>(sample.table, sample.clock);
      target.table_uuid = sample.table.metadata().table_uuid;
    }
    std::vector<CommitTarget> targets;
    targets.push_back(std::move(target));
    return std::make_unique<Committer>(
        Committer::Seams{*ledger, sample.clock, random}, std::move(targets), CrashPoint(""),
        [this](const Epoch&, const Progress& progress) { seen.push_back(progress); });
  }
  std::unique_ptr<Epoch> epoch(int64_t number) {
    auto made = std::make_unique<Epoch>();
    made->number = number;
    made->offsets = {number, 0, 0, {}, {"{}"}};
    made->writers.push_back(std::make_unique<OneFile>(sample.file()));
    made->batches.resize(1);
    return made;
  }
};

TEST(Committer, AStopEndsTheWaitForAnUnknownOutcome) {
  Bench bench;
  bench.sample.pointer->plan(std::vector<Fault>(200000, Fault::kLost));
  const auto committer = bench.committer();
  committer->submit(bench.epoch(0), {});
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const auto start = std::chrono::steady_clock::now();
  committer->stop_waiting();
  try {
    committer->drain();
    FAIL() << "the outcome is not known";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kCancelled);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_TRUE(bench.ledger->prepared(0));  // the next start decides by it
  EXPECT_FALSE(bench.ledger->latest_commit());
}

TEST(Committer, AStopDoesNotHarmACommitThatIsAnswered) {
  Bench bench;
  const auto committer = bench.committer();
  committer->stop_waiting();
  committer->submit(bench.epoch(0), {});
  committer->drain();
  EXPECT_EQ(bench.ledger->latest_commit()->epoch, 0);
  EXPECT_EQ(bench.sample.live().size(), 1U);
}

TEST(Committer, AMergeThatFailsIsCounted) {
  Bench bench;
  std::vector<Fault> faults(100, Fault::kNone);
  faults.push_back(Fault::kRefused);
  bench.sample.pointer->plan(std::move(faults));
  const auto committer = bench.committer();
  for (int64_t number = 0; number < 105; ++number) {
    committer->submit(bench.epoch(number), {});
    committer->drain();
  }
  EXPECT_EQ(bench.seen.at(99).failed_merges.count("s.t"), 0U);
  EXPECT_EQ(bench.seen.back().failed_merges.at("s.t"), 1);
}

TEST(Committer, ASinkIsFilledBetweenTheOffsetsAndThePreparedRecord) {
  Bench bench;
  const auto sink = std::make_shared<NotingSink>();
  sink->fails = true;
  {
    const auto committer = bench.committer(sink);
    committer->submit(bench.epoch(0), {});
    EXPECT_THROW(committer->drain(), Error);
  }
  EXPECT_TRUE(bench.ledger->latest_offsets());
  EXPECT_FALSE(bench.ledger->prepared(0));
  sink->fails = false;
  const auto committer = bench.committer(sink);
  committer->submit(bench.epoch(0), {});
  committer->drain();
  EXPECT_EQ(sink->ids, (std::vector<int64_t>{0, 0}));
  EXPECT_TRUE(bench.ledger->prepared(0));
  EXPECT_EQ(bench.ledger->latest_commit()->epoch, 0);
}

}  // namespace
}  // namespace firn::stream

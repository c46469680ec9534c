// Reading ahead stops at a bound of bytes; errors and the end arrive in their place.
#include "stream/prefetch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

#include "base/error.h"

namespace firn::stream {
namespace {

// Batches of these sizes, then the end or an error.
class Sizes final : public RangeReader {
 public:
  Sizes(std::vector<int64_t> sizes, bool fails, std::atomic<int>& reads)
      : sizes_(std::move(sizes)), fails_(fails), reads_(reads) {}
  std::optional<SourceBatch> next(const StopToken&) override {
    if (at_ == sizes_.size()) {
      if (fails_) throw_io("the broker is gone");
      return std::nullopt;
    }
    auto batch = std::make_shared<engine::RecordBatch>();
    batch->memory_bytes = sizes_[at_++];
    ++reads_;
    return SourceBatch(std::shared_ptr<const engine::RecordBatch>(std::move(batch)));
  }

 private:
  std::vector<int64_t> sizes_;
  size_t at_ = 0;
  bool fails_;
  std::atomic<int>& reads_;
};

// How often the reader read once it had time for `expected` reads, and for more.
int settled(const std::atomic<int>& reads, int expected) {
  for (int i = 0; i < 1000 && reads.load() < expected; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  return reads.load();
}

struct AheadRow {
  const char* name;
  std::vector<int64_t> sizes;
  int64_t bound;
  int read_ahead;  // batches read while nothing is taken: those that wait and one in hand
};

TEST(Prefetch, ReadsAheadUpToItsBytes) {
  const AheadRow rows[] = {
      {"as many as fit, and one", {40, 40, 40, 40, 40}, 100, 3},
      {"exactly full", {50, 50, 50, 50}, 100, 3},
      {"one that is too large waits alone", {500, 10, 10, 10}, 100, 2},
      {"all of them", {10, 10, 10}, 100, 3},
      {"empty ones cost nothing", {0, 0, 0, 0, 0, 0}, 0, 6},
  };
  for (const AheadRow& row : rows) {
    std::atomic<int> reads = 0;
    StopSource stop;
    Prefetch ahead(std::make_unique<Sizes>(row.sizes, false, reads), row.bound, stop.get_token());
    EXPECT_EQ(settled(reads, row.read_ahead), row.read_ahead) << row.name;
    std::vector<int64_t> got;
    while (const auto batch = ahead.next()) got.push_back(memory_bytes(*batch));
    EXPECT_EQ(got, row.sizes) << row.name;
    EXPECT_LE(ahead.most_bytes(), std::max(row.bound, row.sizes.front())) << row.name;
  }
}

TEST(Prefetch, AnErrorComesAfterWhatWasRead) {
  std::atomic<int> reads = 0;
  StopSource stop;
  Prefetch ahead(std::make_unique<Sizes>(std::vector<int64_t>{1, 1}, true, reads), 100,
                 stop.get_token());
  EXPECT_TRUE(ahead.next());
  EXPECT_TRUE(ahead.next());
  EXPECT_THROW(ahead.next(), Error);
}

TEST(Prefetch, StopsWhileItIsFull) {
  std::atomic<int> reads = 0;
  StopSource stop;
  const Prefetch ahead(std::make_unique<Sizes>(std::vector<int64_t>(50, 60), false, reads), 100,
                       stop.get_token());
  EXPECT_EQ(settled(reads, 2), 2);  // the destructor must not wait for somebody to take them
}

}  // namespace
}  // namespace firn::stream

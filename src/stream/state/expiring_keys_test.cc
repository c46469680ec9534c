// Keys against a plain map, over restarts.
#include "stream/state/expiring_keys.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace firn::stream {
namespace {

TEST(ExpiringKeys, EqualsAPlainMapOverRestarts) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const auto store = files::make_memory_store();
    SeededRandom ids(seed);
    std::mt19937_64 random(seed);
    auto keys = std::make_unique<ExpiringKeys>("mem://state/0", *store, ids);
    std::map<uint64_t, int64_t> model, committed;
    std::string version;
    int64_t watermark = 0, committed_watermark = 0;
    for (int64_t epoch = 0; epoch < 200; ++epoch) {
      for (uint64_t i = random() % 40; i > 0; --i) {
        const uint64_t key = random() % 500;
        const int64_t time = watermark + 1 + static_cast<int64_t>(random() % 300);
        ASSERT_EQ(keys->insert({key, 1}, time), model.emplace(key, time).second)
            << "seed " << seed << " epoch " << epoch;
      }
      watermark += static_cast<int64_t>(random() % 20);
      keys->expire(watermark);
      std::erase_if(model, [&](const auto& entry) { return entry.second <= watermark; });
      version = keys->prepare(epoch);
      committed = model;
      committed_watermark = watermark;
      keys->collect(version, epoch);
      if (random() % 6 == 0) {
        keys = std::make_unique<ExpiringKeys>("mem://state/0", *store, ids);
        keys->restore(version);
        model = committed;
        watermark = committed_watermark;
      }
      ASSERT_EQ(keys->keys(), static_cast<int64_t>(model.size())) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace firn::stream

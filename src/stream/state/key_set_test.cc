// The key set against a plain set, over restarts from any version.
#include "stream/state/key_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "base/error.h"
#include "stream/state/key_file.h"

namespace firn::stream {
namespace {

std::vector<uint8_t> insert(KeySet& set, const std::vector<Hash128>& keys) {
  std::vector<uint8_t> is_new;
  set.insert(keys, is_new);
  return is_new;
}

TEST(FuseFilter, HoldsEveryKeyAndFewOthers) {
  for (const uint64_t count : {uint64_t{1}, uint64_t{2}, uint64_t{7}, uint64_t{1000},
                               uint64_t{200000}, uint64_t{400000}}) {
    std::mt19937_64 random(count);
    std::vector<uint64_t> keys;
    for (uint64_t i = 0; i < count; ++i) keys.push_back(random());
    const FuseFilter filter([&] { return keys; });
    for (const uint64_t key : keys) ASSERT_TRUE(filter.may_contain(key)) << count;
    int false_hits = 0;
    for (int i = 0; i < 100000; ++i) false_hits += filter.may_contain(random()) ? 1 : 0;
    EXPECT_LT(false_hits, 1000) << count;
    std::string bytes;
    filter.append_to(bytes);
    const auto again = FuseFilter::parse(bytes);
    ASSERT_TRUE(again) << count;
    for (const uint64_t key : keys) ASSERT_TRUE(again->may_contain(key)) << count;
    EXPECT_FALSE(FuseFilter::parse(std::string_view(bytes).substr(0, bytes.size() - 1)));
    bytes[8] ^= 3;  // the segment's length
    EXPECT_FALSE(FuseFilter::parse(bytes));
  }
}

TEST(KeySet, EqualsAPlainSetOverRestarts) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto store = files::make_memory_store();
    SeededRandom ids(seed);
    std::mt19937_64 random(seed);
    const KeySetOptions options{"mem://state/0", 500, 3, 5, seed % 2 == 0 ? 1000U : 1000000U};
    auto set = std::make_unique<KeySet>(options, *store, ids);
    std::set<Hash128> model, committed;
    std::string version;
    for (int64_t epoch = 0; epoch < 120; ++epoch) {
      std::vector<Hash128> keys;
      for (uint64_t i = random() % 60; i > 0; --i) keys.push_back({random() % 3000, 0});
      const std::vector<uint8_t> is_new = insert(*set, keys);
      for (size_t i = 0; i < keys.size(); ++i)
        ASSERT_EQ(is_new[i] != 0, model.insert(keys[i]).second)
            << "seed " << seed << " epoch " << epoch;
      if (random() % 8 == 0) {  // the process dies before or after its epoch is prepared
        if (random() % 2 == 0) {
          version = set->prepare(epoch);
          committed = model;
        }
        set = std::make_unique<KeySet>(options, *store, ids);
        set->restore(version);
        model = committed;
        continue;
      }
      version = set->prepare(epoch);
      committed = model;
      EXPECT_EQ(set->keys(), static_cast<int64_t>(model.size()));
      if (random() % 4 == 0) set->collect(version, epoch);
    }
  }
}

TEST(KeySet, MergesRunsUpToASizeOnly) {
  const auto store = files::make_memory_store();
  SeededRandom ids(1);
  KeySet set({"mem://state/0", 100, 2, 5, 500}, *store, ids);
  std::string version;
  for (int64_t epoch = 0; epoch < 20; ++epoch) {
    std::vector<Hash128> keys;
    for (uint64_t i = 0; i < 101; ++i) keys.push_back({static_cast<uint64_t>(epoch) * 101 + i, 7});
    insert(set, keys);
    version = set.prepare(epoch);
    set.collect(version, epoch);
  }
  EXPECT_EQ(set.keys(), 20 * 101);
  for (const files::FileInfo& file : store->list("mem://state/0"))
    EXPECT_LT(file.size, 500 * 16 + 64) << file.uri;
  KeySet again({"mem://state/0", 100, 2, 5, 500}, *store, ids);
  again.restore(version);
  EXPECT_EQ(insert(again, {{0, 7}, {20 * 101 - 1, 7}, {20 * 101, 7}}),
            (std::vector<uint8_t>{0, 0, 1}));
}

TEST(KeySet, ARunIsWrittenBeforeTheTableDoubles) {
  const auto store = files::make_memory_store();
  SeededRandom ids(1);
  constexpr uint64_t kBound = 8192, kAnEpoch = 1000;
  KeySet set({"mem://state/0", kBound, 100, 100, 1 << 20}, *store, ids);
  int64_t most = 0;
  for (int64_t epoch = 0; epoch < 30; ++epoch) {
    std::vector<Hash128> keys;
    for (uint64_t i = 0; i < kAnEpoch; ++i)
      keys.push_back({(static_cast<uint64_t>(epoch) * kAnEpoch + i) * 0x9E3779B97F4A7C15U, 7});
    insert(set, keys);
    most = std::max(most, set.memory_bytes());
    set.prepare(epoch);
  }
  EXPECT_EQ(set.keys(), 30 * static_cast<int64_t>(kAnEpoch));
  // A table for the bound's keys, half full; fresh keys; about two bytes a key of the runs.
  EXPECT_LE(most, static_cast<int64_t>(2 * kBound * 16 + 2048 * 16 + 30 * kAnEpoch * 2));
}

TEST(KeySet, NamesADamagedFile) {
  const auto store = files::make_memory_store();
  SeededRandom ids(1);
  const KeySetOptions options{"mem://state/0", 100, 3, 5};
  KeySet set(options, *store, ids);
  insert(set, {{1, 2}, {3, 4}});
  const std::string version = set.prepare(0);
  const std::string file = store->list("mem://state/0").front().uri;
  std::string bytes = store->read_all(file);
  bytes[bytes.size() - 20] ^= 1;
  store->remove(file);
  store->put_if_absent(file, bytes);
  KeySet other(options, *store, ids);
  try {
    other.restore(version);
    FAIL() << "a damaged file was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "STREAM_CHECKPOINT_CORRUPT");
    EXPECT_NE(std::string(error.what()).find(file), std::string::npos);
  }
}

constexpr uint64_t kRunKeys = 100'000;  // of RunFiles: two blocks

// A set whose keys lie in one run, as a restart finds it.
class RunFiles : public testing::Test {
 protected:
  RunFiles() {
    KeySet set(options_, *store_, ids_);
    for (uint64_t i = 0; i < kRunKeys; ++i) keys_.push_back({hash128(std::to_string(i)).first, i});
    insert(set, keys_);
    version_ = set.prepare(0);
    set.collect(version_, 0);
  }
  std::string file(const std::string& end) {
    for (const files::FileInfo& info : store_->list(options_.folder)) {
      if (info.uri.ends_with(end) && info.uri.find("run-") != std::string::npos) return info.uri;
    }
    return "";
  }
  std::string run() {
    const std::string lookup = file(".lookup");
    return lookup.substr(0, lookup.size() - std::string(".lookup").size());
  }
  void damage(const std::string& uri, size_t at) {
    std::string bytes = store_->read_all(uri);
    bytes[at] ^= 1;
    store_->remove(uri);
    store_->put_if_absent(uri, bytes);
  }
  // As many of the keys as are known after a restart.
  size_t known_after_restart() {
    KeySet set(options_, *store_, ids_);
    set.restore(version_);
    std::vector<Hash128> asked = keys_;
    asked.push_back({1, 1});
    const std::vector<uint8_t> is_new = insert(set, asked);
    EXPECT_EQ(is_new.back(), 1);
    return static_cast<size_t>(std::count(is_new.begin(), is_new.end(), 0));
  }

  const KeySetOptions options_{"mem://state/0", 1000, 3, 5};
  std::unique_ptr<files::FileStore> store_ = files::make_memory_store();
  SeededRandom ids_{1};
  std::vector<Hash128> keys_;
  std::string version_;
};

TEST_F(RunFiles, AreKnownAfterARestart) {
  ASSERT_EQ(store_->list(options_.folder).size(), 2);
  EXPECT_EQ(known_after_restart(), kRunKeys);
}

TEST_F(RunFiles, ALookupThatIsMissingOrDamagedIsMadeAnew) {
  const std::string lookup = file(".lookup");
  const std::string good = store_->read_all(lookup);
  store_->remove(lookup);
  EXPECT_EQ(known_after_restart(), kRunKeys);
  EXPECT_EQ(store_->read_all(lookup), good);
  for (const size_t at : {size_t{0}, size_t{12}, size_t{40}, good.size() / 2, good.size() - 1}) {
    damage(lookup, at);
    EXPECT_EQ(known_after_restart(), kRunKeys) << at;
    EXPECT_EQ(store_->read_all(lookup), good) << at;
  }
  store_->remove(lookup);
  store_->put_if_absent(lookup, good.substr(0, good.size() / 3));
  EXPECT_EQ(known_after_restart(), kRunKeys);
}

// A restart does not read the run, so damage shows when the key is asked for, and no key is taken
// for a new one.
TEST_F(RunFiles, DamageShowsWhenABlockIsTouched) {
  damage(run(), kKeyFileHeader + (kRunKeys - 10) * sizeof(Hash128));
  std::vector<Hash128> sorted = keys_;
  std::sort(sorted.begin(), sorted.end());
  KeySet set(options_, *store_, ids_);
  set.restore(version_);
  EXPECT_EQ(insert(set, {sorted[5]}), (std::vector<uint8_t>{0}));  // of the other block
  try {
    insert(set, {sorted[kRunKeys - 20]});
    FAIL() << "a damaged block was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "STREAM_CHECKPOINT_CORRUPT");
    EXPECT_NE(std::string(error.what()).find(run()), std::string::npos);
  }
}

TEST_F(RunFiles, TheLookupGoesWithItsRun) {
  KeySet set(options_, *store_, ids_);
  set.restore(version_);
  set.collect(version_, 0);
  EXPECT_EQ(store_->list(options_.folder).size(), 2);
  set.collect(R"({"runs":[],"deltas":[],"keys":0})", 1);
  EXPECT_TRUE(store_->list(options_.folder).empty());
}

}  // namespace
}  // namespace firn::stream

// The state of windows against plain maps, over restarts from any version; codec and merges as
// rows.
#include "stream/state/window_state.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <map>
#include <random>

#include "base/error.h"
#include "stream/state/state_merge.h"
#include "stream/state/value_codec.h"

namespace firn::stream {
namespace {

using kernels::ColumnView;
using kernels::Physical;

class Scratch {
 public:
  Scratch() {
    const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() /
            ("firn_" + std::string(test->name()) + "_" + std::to_string(::getpid()));
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

using Model = std::map<std::string, std::string>;

std::string key_of(int64_t end, int64_t group) {
  std::string key;
  append_window_end(end, key);
  return key + std::to_string(group);
}

// One slice: random groups of windows after `closed` get new values; what is there must equal the
// model.
void write_some(WindowState& state, Model& model, std::mt19937_64& random, int64_t closed) {
  std::map<std::string, std::string> wanted;
  for (uint64_t i = random() % 30; i > 0; --i)
    wanted[key_of(closed + 1 + static_cast<int64_t>(random() % 50),
                  static_cast<int64_t>(random() % 10))] =
        std::string(random() % 40, static_cast<char>('a' + random() % 26));
  std::vector<std::string> keys;
  for (const auto& [key, value] : wanted) keys.push_back(key);
  std::vector<std::optional<std::string>> kept;
  state.read(keys, kept);
  std::vector<WindowState::Entry> entries;
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto found = model.find(keys[i]);
    ASSERT_EQ(kept[i].has_value(), found != model.end());
    if (kept[i]) {
      ASSERT_EQ(*kept[i], found->second);
    }
    entries.push_back({keys[i], wanted[keys[i]], !kept[i]});
    model[keys[i]] = wanted[keys[i]];
  }
  state.write(entries);
}

void close_some(WindowState& state, Model& model, int64_t watermark) {
  Model gone;
  state.close(watermark, [&](std::string_view key, std::string_view value) {
    gone.emplace(std::string(key), std::string(value));
  });
  const auto end = model.lower_bound(key_of(watermark + 1, 0).substr(0, kWindowEndBytes));
  ASSERT_EQ(gone, Model(model.begin(), end));
  model.erase(model.begin(), end);
}

struct SizesRow {
  const char* name;
  size_t max_deltas;
  int64_t base_bytes;
};

class WindowStateSizes : public testing::TestWithParam<SizesRow> {};

TEST_P(WindowStateSizes, EqualsAPlainMapOverRestarts) {
  for (uint64_t seed = 0; seed < 3; ++seed) {
    const Scratch scratch;
    const auto store = files::make_memory_store();
    SeededRandom ids(seed);
    std::mt19937_64 random(seed);
    const WindowStateOptions options{"mem://state/0",       scratch.path(),
                                     size_t{1} << 20,       GetParam().max_deltas,
                                     GetParam().base_bytes, GetParam().base_bytes};
    auto state = std::make_unique<WindowState>(options, *store, ids);
    Model model, committed;
    std::string version;
    int64_t closed = -1, committed_closed = -1;
    for (int64_t epoch = 0; epoch < 60; ++epoch) {
      for (uint64_t slices = random() % 3; slices > 0; --slices)
        write_some(*state, model, random, closed);
      closed += static_cast<int64_t>(random() % 12);
      close_some(*state, model, closed);
      ASSERT_EQ(state->keys(), static_cast<int64_t>(model.size()));
      const bool dies = random() % 10 == 0;
      if (!dies || random() % 2 == 0) {
        version = state->prepare(epoch);
        committed = model;
        committed_closed = closed;
        if (random() % 4 == 0) state->collect(version, epoch);
      }
      if (!dies) continue;
      if (random() % 2 == 0) {  // it ran ahead of what was committed
        write_some(*state, model, random, closed);
        state->prepare(epoch + 1);
      }
      state = std::make_unique<WindowState>(options, *store, ids);
      state->restore(version);
      model = committed;
      closed = committed_closed;
    }
    close_some(*state, model, 1 << 20);
    EXPECT_EQ(state->keys(), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, WindowStateSizes,
                         testing::Values(SizesRow{"deltas", 1000, 1 << 30},
                                         SizesRow{"merged_deltas", 4, 1 << 30},
                                         SizesRow{"bases", 1000, 400}, SizesRow{"both", 3, 3000}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(WindowState, NamesADamagedFile) {
  const Scratch scratch;
  const auto store = files::make_memory_store();
  SeededRandom ids(1);
  const WindowStateOptions options{"mem://state/0", scratch.path()};
  WindowState state(options, *store, ids);
  state.write(std::vector<WindowState::Entry>{{key_of(1, 1), "value", true}});
  const std::string version = state.prepare(0);
  const std::string file = store->list("mem://state/0").front().uri;
  const std::string good = store->read_all(file);
  std::string flipped = good;
  flipped[40] ^= 1;
  for (const std::string& bad : {flipped, good.substr(0, good.size() - 1), std::string("other")}) {
    store->remove(file);
    store->put_if_absent(file, bad);
    WindowState other(options, *store, ids);
    try {
      other.restore(version);
      FAIL() << "a damaged file was read";
    } catch (const Error& error) {
      EXPECT_EQ(error.condition(), "STREAM_CHECKPOINT_CORRUPT");
      EXPECT_NE(std::string(error.what()).find(file), std::string::npos);
    }
  }
}

TEST(WindowState, CollectKeepsWhatTheVersionNeeds) {
  const Scratch scratch;
  const auto store = files::make_memory_store();
  SeededRandom ids(1);
  WindowState state({"mem://state/0", scratch.path(), size_t{1} << 20, 2}, *store, ids);
  std::string version;
  for (int64_t epoch = 0; epoch < 10; ++epoch) {
    state.write(std::vector<WindowState::Entry>{{key_of(100, epoch), "value", true}});
    version = state.prepare(epoch);
  }
  state.collect(version, 9);
  EXPECT_LE(store->list("mem://state/0").size(), 3U);
  WindowState other({"mem://state/0", scratch.path()}, *store, ids);
  other.restore(version);
  EXPECT_EQ(other.keys(), 10);
  state.collect(version, 9);
  int64_t seen = 0;
  other.close(100, [&](std::string_view, std::string_view) { ++seen; });
  EXPECT_EQ(seen, 10);
}

TEST(WindowState, ScratchOfADeadProcessIsRemovedAndOfALiveOneKept) {
  const Scratch scratch;
  const auto store = files::make_memory_store();
  SeededRandom ids(1);
  std::filesystem::create_directories(scratch.path() + "/dead");
  WindowState first({"mem://state/0", scratch.path()}, *store, ids);
  EXPECT_FALSE(std::filesystem::exists(scratch.path() + "/dead"));
  {
    WindowState second({"mem://state/1", scratch.path()}, *store, ids);
    first.write(std::vector<WindowState::Entry>{{key_of(1, 1), "value", true}});
  }
  int64_t seen = 0;
  first.close(1, [&](std::string_view, std::string_view) { ++seen; });
  EXPECT_EQ(seen, 1);
}

// ---- values

TEST(ValueCodec, WindowEndsAreInTheOrderOfTime) {
  const std::optional<int64_t> ends[] = {
      std::numeric_limits<int64_t>::min(), -1,          0, 1, 255, 256,
      std::numeric_limits<int64_t>::max(), std::nullopt};
  std::string before;
  for (const auto& end : ends) {
    std::string bytes;
    append_window_end(end, bytes);
    EXPECT_LT(before, bytes);
    std::string_view at = bytes;
    EXPECT_EQ(take_window_end(at), end);
    EXPECT_TRUE(at.empty());
    before = bytes;
  }
}

template <class T>
ColumnView column_of(Physical physical, const std::vector<T>& values,
                     const uint64_t* validity = nullptr) {
  return {physical, values.data(), validity, values.size(), {}};
}

TEST(ValueCodec, EqualKeysHaveEqualBytes) {
  const std::vector<double> values = {0.0, -0.0, std::nan(""), -std::nan("1"), 1.5};
  const ColumnView column = column_of(Physical::kDouble, values);
  std::vector<std::string> keys(values.size());
  for (uint64_t row = 0; row < values.size(); ++row) append_key(column, row, keys[row]);
  EXPECT_EQ(keys[0], keys[1]);
  EXPECT_EQ(keys[2], keys[3]);
  EXPECT_NE(keys[0], keys[4]);
}

// ---- merges

template <class T>
std::string state_bytes(Physical physical, std::optional<T> value) {
  const std::vector<T> values = {value.value_or(T{})};
  const uint64_t validity = value ? 1 : 0;
  std::string bytes;
  append_value(column_of(physical, values, &validity), 0, bytes);
  return bytes;
}

template <class T>
void expect_merge(const char* merge, Physical physical, std::optional<T> kept,
                  std::optional<T> fresh, std::optional<T> want) {
  std::string out;
  merge_states({{merge, physical}}, state_bytes(physical, kept), state_bytes(physical, fresh), out);
  EXPECT_EQ(out, state_bytes(physical, want)) << merge;
}

TEST(StateMerge, FollowsTheTable) {
  using Long = std::optional<int64_t>;
  using Double = std::optional<double>;
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  expect_merge("sum", Physical::kInt64, Long(2), Long(3), Long(5));
  expect_merge("sum", Physical::kInt64, Long(), Long(3), Long(3));
  expect_merge("sum", Physical::kInt64, Long(2), Long(), Long(2));
  expect_merge("sum", Physical::kInt64, Long(), Long(), Long());
  expect_merge("wrapping_sum", Physical::kInt64, Long(kMost), Long(1), Long(-kMost - 1));
  expect_merge("min", Physical::kInt64, Long(-2), Long(3), Long(-2));
  expect_merge("max", Physical::kInt64, Long(-2), Long(3), Long(3));
  expect_merge("sum", Physical::kDouble, Double(0.5), Double(0.25), Double(0.75));
  expect_merge("max", Physical::kDouble, Double(nan), Double(1), Double(nan));
  expect_merge("min", Physical::kDouble, Double(nan), Double(1), Double(1));
  expect_merge<__int128>("sum", Physical::kInt128, __int128{1} << 100, __int128{1} << 100,
                         __int128{1} << 101);
  using Text = std::optional<kernels::StringRef>;
  const auto text = [](const char* value) {
    return Text(kernels::StringRef(value, static_cast<uint32_t>(std::strlen(value))));
  };
  expect_merge("min", Physical::kString, text("ab"), text("abc"), text("ab"));
  expect_merge("max", Physical::kString, text("z"), text("a text of more than 12 bytes"),
               text("z"));
  expect_merge("max", Physical::kString, text("\x7f"), text("\xc3\xa9"), text("\xc3\xa9"));
}

TEST(StateMerge, ASumThatLeavesItsTypeIsAnError) {
  __int128 most = 1;
  for (int i = 0; i < 38; ++i) most *= 10;
  const auto overflows = [](Physical physical, const std::string& a, const std::string& b) {
    std::string out;
    try {
      merge_states({{"sum", physical}}, a, b, out);
    } catch (const Error& error) {
      return error.condition() == "ARITHMETIC_OVERFLOW";
    }
    return false;
  };
  EXPECT_TRUE(overflows(Physical::kInt64,
                        state_bytes<int64_t>(Physical::kInt64, std::numeric_limits<int64_t>::max()),
                        state_bytes<int64_t>(Physical::kInt64, 1)));
  EXPECT_TRUE(overflows(Physical::kInt128, state_bytes<__int128>(Physical::kInt128, most - 1),
                        state_bytes<__int128>(Physical::kInt128, 1)));
  EXPECT_FALSE(overflows(Physical::kInt128, state_bytes<__int128>(Physical::kInt128, most - 2),
                         state_bytes<__int128>(Physical::kInt128, 1)));
}

}  // namespace
}  // namespace firn::stream

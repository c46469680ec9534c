// Aggregates that take all values of a group at once, as an array: bitmaps, histograms, count-min
// sketches.
#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/error.h"
#include "kernels/elements.h"
#include "kernels/kernels.h"
#include "kernels/murmur3.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using Text = std::string_view;
using types::DataTypeId;

// ---- Bitmaps of 4,096 bytes
constexpr size_t kBitmapBytes = 4096;

void bitmap_construct(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const ColumnView& positions = in[0].children[0];
  const Reader<AnyInt> reader(positions);
  for (uint64_t row = 0; row < rows; ++row) {
    std::string bitmap(kBitmapBytes, '\0');
    const ListEntry entry = list_at(in[0], row);
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
      const int64_t position = reader[i].value;
      if (position < 0 || position >= static_cast<int64_t>(8 * kBitmapBytes))
        throw Error("INVALID_BITMAP_POSITION", {{"bitPosition", std::to_string(position)},
                                                {"bitmapNumBits", std::to_string(8 * kBitmapBytes)},
                                                {"bitmapNumBytes", std::to_string(kBitmapBytes)}});
      char& byte = bitmap[static_cast<size_t>(position / 8)];
      byte = static_cast<char>(static_cast<unsigned char>(byte) | 1U << (position % 8));
    }
    out.set_string(row, bitmap);
  }
}
// Shorter values count as filled with zeros.
template <bool kAnd>
void bitmap_merge(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const Reader<Text> reader(in[0].children[0]);
  for (uint64_t row = 0; row < rows; ++row) {
    std::string bitmap(kBitmapBytes, kAnd ? '\xFF' : '\0');
    const ListEntry entry = list_at(in[0], row);
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
      const Text value = reader[i];
      for (size_t b = 0; b < kBitmapBytes; ++b) {
        const char other = b < value.size() ? value[b] : '\0';
        bitmap[b] = static_cast<char>(kAnd ? bitmap[b] & other : bitmap[b] | other);
      }
    }
    out.set_string(row, bitmap);
  }
}

// java.util.Random: sketches are made with its numbers.
class JavaRandom {
 public:
  explicit JavaRandom(int64_t seed) : state_((static_cast<uint64_t>(seed) ^ kFactor) & kMask) {}
  uint32_t bits(int count) {
    state_ = (state_ * kFactor + 0xB) & kMask;
    return static_cast<uint32_t>(state_ >> (48 - count));
  }
  double real() {
    const uint64_t high = bits(26);
    return static_cast<double>((high << 27) + bits(27)) / static_cast<double>(1ULL << 53);
  }
  int32_t below(int32_t bound) {  // bound is no power of 2
    for (;;) {
      const auto drawn = static_cast<int64_t>(bits(31));
      const int64_t rest = drawn % bound;
      if (drawn - rest + (bound - 1) <= INT32_MAX) return static_cast<int32_t>(rest);
    }
  }

 private:
  static constexpr uint64_t kFactor = 0x5DEECE66D, kMask = (1ULL << 48) - 1;
  uint64_t state_;
};

// ---- Histograms: the two closest bins are merged while there are too many.
struct HistogramBin {
  double x, y;
};
class NumericHistogram {
 public:
  explicit NumericHistogram(size_t most) : most_(most) {}
  void add(double value) {
    const auto at = std::lower_bound(bins_.begin(), bins_.end(), value,
                                     [](const HistogramBin& bin, double v) { return bin.x < v; });
    if (at != bins_.end() && at->x == value) {
      at->y += 1;
      return;
    }
    bins_.insert(at, {value, 1});
    while (bins_.size() > most_) merge_closest();
  }
  const std::vector<HistogramBin>& bins() const { return bins_; }

 private:
  void merge_closest() {
    double least = bins_[1].x - bins_[0].x;
    size_t at = 0, ties = 1;
    for (size_t i = 1; i + 1 < bins_.size(); ++i) {
      const double gap = bins_[i + 1].x - bins_[i].x;
      if (gap < least) {
        least = gap, at = i, ties = 1;
      } else if (gap == least && random_.real() <= 1.0 / static_cast<double>(++ties)) {
        at = i;
      }
    }
    const double height = bins_[at].y + bins_[at + 1].y;
    bins_[at].x *= bins_[at].y / height;
    bins_[at].x += bins_[at + 1].x / height * bins_[at + 1].y;
    bins_[at].y = height;
    bins_.erase(bins_.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }

  size_t most_;
  std::vector<HistogramBin> bins_;
  JavaRandom random_{31183};  // Spark's
};

void write_histogram_place(Output& out, uint64_t row, const types::DataType& type, double x) {
  if (type.id() == DataTypeId::kDouble)
    out.values<double>()[row] = x;
  else if (type.id() == DataTypeId::kFloat)
    out.values<float>()[row] = static_cast<float>(x);
  else
    write(out, row, AnyInt{static_cast<int64_t>(x)});
}
// histogram(values as doubles, number of bins)
void histogram(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  const Reader<double> values(in[0].children[0]);
  const Reader<int32_t> most(in[1]);
  std::vector<HistogramBin> all;
  for (uint64_t row = 0; row < rows; ++row) {
    const ListEntry entry = list_at(in[0], row);
    NumericHistogram made(static_cast<size_t>(std::max(most[row], 2)));
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) made.add(values[i]);
    out.values<ListEntry>()[row] = {all.size(), made.bins().size()};
    if (made.bins().empty()) out.set_null(row);
    all.insert(all.end(), made.bins().begin(), made.bins().end());
  }
  out.resize(all.size());
  const types::DataType& place = info.result.element().fields()[0].type;
  for (uint64_t i = 0; i < all.size(); ++i) {
    write_histogram_place(out.child(0).child(0), i, place, all[i].x);
    out.child(0).child(1).values<double>()[i] = all[i].y;
  }
}

// ---- Count-min sketches in Spark's serialised form, version 1.
class CountMinSketch {
 public:
  CountMinSketch(double eps, double confidence, int64_t seed)
      : width_(static_cast<int32_t>(std::ceil(2 / eps))),
        depth_(static_cast<int32_t>(std::ceil(-std::log1p(-confidence) / std::log(2.0)))) {
    if (eps <= 0 || confidence <= 0 || confidence >= 1 || depth_ <= 0 || width_ <= 0 ||
        static_cast<double>(width_) * depth_ > 1e8)
      throw_invalid(
          "count_min_sketch: the relative error must be positive and the confidence between 0 and "
          "1, both not so small that the sketch grows beyond 800 MB.");
    JavaRandom random(static_cast<int32_t>(seed));  // Spark takes the lower half of a BIGINT
    for (int32_t i = 0; i < depth_; ++i) factors_.push_back(random.below(INT32_MAX));
    table_.resize(static_cast<size_t>(width_) * static_cast<size_t>(depth_));
  }
  void add(int64_t value) {
    for (int32_t i = 0; i < depth_; ++i) {
      auto hash = static_cast<int64_t>(static_cast<uint64_t>(factors_[static_cast<size_t>(i)]) *
                                       static_cast<uint64_t>(value));
      hash = static_cast<int64_t>(static_cast<uint64_t>(hash) + static_cast<uint64_t>(hash >> 32));
      count(i, static_cast<int32_t>(hash & INT32_MAX) % width_);
    }
    ++total_;
  }
  void add(Text value) {
    const uint32_t first = Murmur3::bytes(value, 0), second = Murmur3::bytes(value, first);
    for (int32_t i = 0; i < depth_; ++i) {
      const auto hash = static_cast<int32_t>(first + static_cast<uint32_t>(i) * second);
      count(i, std::abs(hash % width_));
    }
    ++total_;
  }
  std::string bytes() const {
    std::string out;
    append(out, 1, 4), append(out, total_, 8), append(out, depth_, 4), append(out, width_, 4);
    for (const int32_t factor : factors_) append(out, factor, 8);
    for (const int64_t cell : table_) append(out, cell, 8);
    return out;
  }

 private:
  void count(int32_t line, int32_t cell) {
    ++table_[static_cast<size_t>(line) * static_cast<size_t>(width_) + static_cast<size_t>(cell)];
  }
  static void append(std::string& out, int64_t value, int size) {  // big-endian
    for (int i = size - 1; i >= 0; --i)
      out += static_cast<char>(static_cast<uint64_t>(value) >> (8 * i) & 0xFF);
  }

  int32_t width_, depth_;
  int64_t total_ = 0;
  std::vector<int32_t> factors_;
  std::vector<int64_t> table_;
};

// count_min(values, eps, confidence, seed)
void count_min(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  const DataTypeId type = info.arguments[0].element().id();
  const bool text = type == DataTypeId::kString || type == DataTypeId::kBinary;
  const ColumnView& values = in[0].children[0];
  const Reader<double> eps(in[1]), confidence(in[2]);
  const Reader<int64_t> seed(in[3]);
  for (uint64_t row = 0; row < rows; ++row) {
    CountMinSketch sketch(eps[row], confidence[row], seed[row]);
    const ListEntry entry = list_at(in[0], row);
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
      if (text)
        sketch.add(Reader<Text>(values)[i]);
      else
        sketch.add(Reader<AnyInt>(values)[i].value);
    }
    out.set_string(row, sketch.bytes());
  }
}

// The most frequent value; the least of several.
void least_mode(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const ColumnView& values = in[0].children[0];
  std::vector<uint64_t> chosen;
  for (uint64_t row = 0; row < rows; ++row) {
    const ListEntry entry = list_at(in[0], row);
    std::unordered_multimap<uint64_t, std::pair<uint64_t, uint64_t>> counts;  // value's row, count
    uint64_t best = kNoRow, most = 0;
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
      const auto [begin, end] = counts.equal_range(hash_of(values, i));
      const auto same = std::find_if(begin, end, [&](const auto& known) {
        return equal_values(values, known.second.first, values, i);
      });
      const uint64_t count = same != end ? ++same->second.second : 1;
      if (same == end) counts.emplace(hash_of(values, i), std::pair(i, count));
      if (count < most) continue;
      if (count > most || compare_values(values, i, values, best) < 0) best = i;
      most = count;
    }
    chosen.push_back(best);
  }
  gather(values, chosen, out);
}

// join_binaries(values, separator); NULL where there are none
void join_binaries(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const Reader<Text> values(in[0].children[0]), separators(in[1]);
  for (uint64_t row = 0; row < rows; ++row) {
    const ListEntry entry = in[0].is_valid(row) ? list_at(in[0], row) : ListEntry{};
    if (entry.length == 0) {
      out.set_null(row);
      continue;
    }
    const Text separator = in[1].is_valid(row) ? separators[row] : Text();
    std::string joined(values[entry.offset]);
    for (uint64_t i = entry.offset + 1; i < entry.offset + entry.length; ++i)
      joined.append(separator).append(values[i]);
    out.set_string(row, joined);
  }
}

constexpr KernelRow kRowsOfGathered[] = {
    {"least_mode", least_mode, kSlices},
    {"join_binaries", join_binaries},
    {"bitmap_construct", bitmap_construct, kFallible},
    {"bitmap_or", bitmap_merge<false>},
    {"bitmap_and", bitmap_merge<true>},
    {"histogram", histogram},
    {"count_min", count_min, kFallible},
};

}  // namespace

std::span<const KernelRow> gathered_kernels() { return kRowsOfGathered; }

}  // namespace firn::kernels

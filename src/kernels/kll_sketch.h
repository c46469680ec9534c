// A KLL sketch of quantiles (Karnin, Lang, Liberty) in the bytes of Apache DataSketches.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace firn::kernels {

// Items a level may hold: k for the top one, 2/3 of that for each below, 8 at least.
uint32_t kll_level_capacity(uint32_t k, size_t levels, size_t level);

template <class T>
class KllSketch {
 public:
  static constexpr uint32_t kLeast = 8;  // of a level

  explicit KllSketch(uint32_t k) : k_(k), min_k_(k), levels_(1) {}
  // nullopt where the bytes are no such sketch.
  static std::optional<KllSketch> parse(std::string_view bytes);
  std::string bytes() const;

  uint64_t count() const { return n_; }
  uint32_t k() const { return k_; }
  size_t levels() const { return levels_.size(); }
  size_t retained() const {
    size_t items = 0;
    for (const std::vector<T>& level : levels_) items += level.size();
    return items;
  }
  T least() const { return least_; }
  T greatest() const { return greatest_; }

  void add(T item) {
    if constexpr (std::is_floating_point_v<T>)
      if (std::isnan(item)) return;
    see(item, item);
    levels_[0].push_back(item);
    ++n_;
    compress();
  }
  void merge(const KllSketch& other) {
    if (other.n_ == 0) return;
    see(other.least_, other.greatest_);
    n_ += other.n_;
    min_k_ = std::min(min_k_, other.min_k_);
    if (levels_.size() < other.levels_.size()) levels_.resize(other.levels_.size());
    for (size_t i = 0; i < other.levels_.size(); ++i) {
      levels_[i].insert(levels_[i].end(), other.levels_[i].begin(), other.levels_[i].end());
      if (i > 0) std::sort(levels_[i].begin(), levels_[i].end());
    }
    compress();
  }

  // Items in order, each with the number of values that it and those before it stand for.
  struct Step {
    T item;
    uint64_t until;
  };
  std::vector<Step> steps() const {
    std::vector<Step> all;
    for (size_t i = 0; i < levels_.size(); ++i)
      for (const T item : levels_[i]) all.push_back({item, uint64_t{1} << i});
    std::sort(all.begin(), all.end(), [](const Step& a, const Step& b) { return a.item < b.item; });
    uint64_t until = 0;
    for (Step& step : all) step.until = until += step.until;
    return all;
  }

 private:
  void see(T low, T high) {
    if (n_ == 0 || low < least_) least_ = low;
    if (n_ == 0 || high > greatest_) greatest_ = high;
  }
  size_t capacity() const {
    size_t items = 0;
    for (size_t i = 0; i < levels_.size(); ++i) items += kll_level_capacity(k_, levels_.size(), i);
    return items;
  }
  // Halves the lowest level that is full: every other item goes up with twice the weight.
  void compress() {
    while (retained() > capacity()) {
      size_t at = 0;
      while (levels_[at].size() < kll_level_capacity(k_, levels_.size(), at)) ++at;
      if (at + 1 == levels_.size()) levels_.emplace_back();
      std::vector<T>& full = levels_[at];
      std::vector<T>& above = levels_[at + 1];
      if (at == 0) std::sort(full.begin(), full.end());
      const size_t odd = full.size() % 2;
      state_ = state_ * 6364136223846793005U + 1442695040888963407U;
      for (size_t i = odd + (state_ >> 63); i < full.size(); i += 2) above.push_back(full[i]);
      std::sort(above.begin(), above.end());
      full.resize(odd);
    }
  }

  uint32_t k_, min_k_;
  uint64_t n_ = 0;
  uint64_t state_ = 1;  // of the coin that says which half goes up
  T least_{}, greatest_{};
  std::vector<std::vector<T>> levels_;
};

// ---- Layout: preamble of 8 bytes (ints of preamble, version, family, flags, k, m), then nothing
// where empty, the item where there is one, else n, least k, levels, where each level begins, least
// and greatest item, items. Little-endian.
inline constexpr char kKllFamily = 15;
inline constexpr char kKllEmpty = 1, kKllSorted = 2, kKllSingle = 4;
inline constexpr size_t kKllFullPreamble = 20;

template <class N>
void append_little(std::string& out, N value) {
  char raw[sizeof(N)];
  std::memcpy(raw, &value, sizeof(N));
  out.append(raw, sizeof(N));
}
template <class N>
N read_little(std::string_view bytes, size_t at) {
  N value;
  std::memcpy(&value, bytes.data() + at, sizeof(N));
  return value;
}

template <class T>
std::string KllSketch<T>::bytes() const {
  std::string out;
  const char flags = n_ == 0 ? kKllEmpty : n_ == 1 ? kKllSingle : kKllSorted;
  out += static_cast<char>(n_ <= 1 ? 2 : 5);
  out += static_cast<char>(n_ == 1 ? 2 : 1);
  out += kKllFamily;
  out += flags;
  append_little(out, static_cast<uint16_t>(k_));
  out += static_cast<char>(kLeast);
  out += '\0';
  if (n_ == 0) return out;
  if (n_ == 1) {
    append_little(out, least_);
    return out;
  }
  append_little(out, n_);
  append_little(out, static_cast<uint16_t>(min_k_));
  out += static_cast<char>(levels_.size());
  out += '\0';
  auto begin = static_cast<uint32_t>(capacity() - retained());
  for (const std::vector<T>& level : levels_) {
    append_little(out, begin);
    begin += static_cast<uint32_t>(level.size());
  }
  append_little(out, least_);
  append_little(out, greatest_);
  std::vector<T> first = levels_[0];
  std::sort(first.begin(), first.end());
  for (const T item : first) append_little(out, item);
  for (size_t i = 1; i < levels_.size(); ++i)
    for (const T item : levels_[i]) append_little(out, item);
  return out;
}

template <class T>
std::optional<KllSketch<T>> KllSketch<T>::parse(std::string_view bytes) {
  if (bytes.size() < 8 || bytes[2] != kKllFamily || bytes[6] != static_cast<char>(kLeast))
    return std::nullopt;
  KllSketch made(read_little<uint16_t>(bytes, 4));
  if (made.k_ < kLeast) return std::nullopt;
  if ((bytes[3] & kKllEmpty) != 0) return made;
  if ((bytes[3] & kKllSingle) != 0) {
    if (bytes.size() != 8 + sizeof(T)) return std::nullopt;
    made.add(read_little<T>(bytes, 8));
    return made;
  }
  if (bytes[0] != 5 || bytes.size() < kKllFullPreamble) return std::nullopt;
  const size_t levels = static_cast<unsigned char>(bytes[18]);
  const size_t items_at = kKllFullPreamble + 4 * levels + 2 * sizeof(T);
  if (levels == 0 || levels > 61 || bytes.size() < items_at) return std::nullopt;
  made.n_ = read_little<uint64_t>(bytes, 8);
  made.min_k_ = read_little<uint16_t>(bytes, 16);
  made.levels_.resize(levels);
  made.least_ = read_little<T>(bytes, items_at - 2 * sizeof(T));
  made.greatest_ = read_little<T>(bytes, items_at - sizeof(T));
  const size_t items = (bytes.size() - items_at) / sizeof(T);
  if (items_at + items * sizeof(T) != bytes.size()) return std::nullopt;
  const uint32_t first = read_little<uint32_t>(bytes, kKllFullPreamble);
  uint64_t weight = 0;
  for (size_t i = 0, from = 0; i < levels; ++i) {
    size_t until = items;
    if (i + 1 < levels)
      until = read_little<uint32_t>(bytes, kKllFullPreamble + 4 * (i + 1)) - size_t{first};
    if (until < from || until > items) return std::nullopt;
    for (; from < until; ++from)
      made.levels_[i].push_back(read_little<T>(bytes, items_at + from * sizeof(T)));
    weight += static_cast<uint64_t>(made.levels_[i].size()) << i;
  }
  if (weight != made.n_) return std::nullopt;
  return made;
}

}  // namespace firn::kernels

// kll_sketch_agg_bigint and its kin.
#include <fmt/format.h>

#include <array>

#include "base/error.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"
#include "kernels/kll_sketch.h"
#include "kernels/nested.h"

namespace firn::kernels {

uint32_t kll_level_capacity(uint32_t k, size_t levels, size_t level) {
  const auto scaled = [](uint64_t size, size_t depth) {
    uint64_t power = 1;
    for (size_t i = 0; i < depth; ++i) power *= 3;
    return (((size << 1) << depth) / power + 1) >> 1;
  };
  const size_t depth = levels - level - 1;
  const uint64_t size =
      depth <= 30 ? scaled(k, depth) : scaled(scaled(k, depth / 2), depth - depth / 2);
  return static_cast<uint32_t>(std::max<uint64_t>(8, size));
}

namespace {

using Columns = std::span<const ColumnView>;
using Text = std::string_view;

constexpr int32_t kDefaultK = 200, kLeastK = 8, kGreatestK = 65535;

uint32_t k_of(Columns in, size_t argument, uint64_t row) {
  const int32_t k = in.size() > argument && in[argument].is_valid(row)
                        ? in[argument].values<int32_t>()[row]
                        : kDefaultK;
  if (k < kLeastK || k > kGreatestK)
    throw Error("KLL_SKETCH_K_OUT_OF_RANGE",
                {{"functionName", "`kll_sketch_agg`"}, {"k", std::to_string(k)}});
  return static_cast<uint32_t>(k);
}
template <class T>
KllSketch<T> sketch_of(Text bytes) {
  auto sketch = KllSketch<T>::parse(bytes);
  if (!sketch) throw Error("KLL_INVALID_INPUT_SKETCH_BUFFER", {{"function", "`kll_sketch`"}});
  return *std::move(sketch);
}

// kll_build(values, k); NULL where there are none
template <class T>
void kll_build(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const Reader<T> values(in[0].children[0]);
  for (uint64_t row = 0; row < rows; ++row) {
    const ListEntry entry = list_at(in[0], row);
    KllSketch<T> sketch(k_of(in, 1, row));
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) sketch.add(values[i]);
    out.set_string(row, sketch.bytes());
  }
}
// kll_gather(sketches, k)
template <class T>
void kll_gather(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const Reader<Text> sketches(in[0].children[0]);
  for (uint64_t row = 0; row < rows; ++row) {
    const ListEntry entry = list_at(in[0], row);
    std::optional<KllSketch<T>> merged;
    if (in.size() > 1) merged.emplace(k_of(in, 1, row));
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
      const KllSketch<T> next = sketch_of<T>(sketches[i]);
      if (!merged) merged.emplace(next.k());
      merged->merge(next);
    }
    if (!merged) merged.emplace(static_cast<uint32_t>(kDefaultK));
    out.set_string(row, merged->bytes());
  }
}
template <class T>
void kll_merge(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text, Text>(in, rows, out, [](Text a, Text b) {
    KllSketch<T> merged = sketch_of<T>(a);
    merged.merge(sketch_of<T>(b));
    return merged.bytes();
  });
}
template <class T>
void kll_count(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out,
                 [](Text bytes) { return static_cast<int64_t>(sketch_of<T>(bytes).count()); });
}

template <class T>
std::optional<T> quantile(const KllSketch<T>& sketch, double rank) {
  if (!(rank >= 0 && rank <= 1))
    throw Error("KLL_SKETCH_INVALID_QUANTILE_RANGE",
                {{"functionName", "`kll_sketch_get_quantile`"}});
  if (sketch.count() == 0) return std::nullopt;
  const auto wanted = static_cast<uint64_t>(std::ceil(rank * static_cast<double>(sketch.count())));
  for (const auto& step : sketch.steps())
    if (step.until >= wanted) return step.item;
  return sketch.greatest();
}
template <class T>
std::optional<double> rank_of(const KllSketch<T>& sketch, T value) {
  if (sketch.count() == 0) return std::nullopt;
  uint64_t below = 0;
  for (const auto& step : sketch.steps()) {
    if (step.item > value) break;
    below = step.until;
  }
  return static_cast<double>(below) / static_cast<double>(sketch.count());
}

// f(sketch, argument), or that for each element of an argument that is an array.
template <class T, class Argument, class Result, class F>
void ask(Columns in, uint64_t rows, Output& out, const F& f) {
  if (in[1].physical != Physical::kList) {
    map_rows<Text, Argument>(in, rows, out, [&](Text bytes, Argument argument) {
      return f(sketch_of<T>(bytes), argument);
    });
    return;
  }
  const Reader<Text> sketches(in[0]);
  const ColumnView& arguments = in[1].children[0];
  const Reader<Argument> reader(arguments);
  std::vector<std::optional<Result>> all;
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t begin = all.size();
    if (all_valid(in, row)) {
      const KllSketch<T> sketch = sketch_of<T>(sketches[row]);
      const ListEntry entry = list_at(in[1], row);
      for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i)
        all.push_back(arguments.is_valid(i) ? f(sketch, reader[i]) : std::nullopt);
    } else {
      out.set_null(row);
    }
    out.values<ListEntry>()[row] = {begin, all.size() - begin};
  }
  out.resize(all.size());
  for (size_t i = 0; i < all.size(); ++i) write(out.child(0), i, all[i]);
}
template <class T>
void kll_quantile(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  ask<T, double, T>(in, rows, out, quantile<T>);
}
template <class T>
void kll_rank(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  ask<T, T, double>(in, rows, out, rank_of<T>);
}

template <class T>
void kll_text(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  static constexpr const char* kName = std::is_integral_v<T>       ? "KllLongsSketch"
                                       : std::is_same_v<T, double> ? "KllDoublesSketch"
                                                                   : "KllFloatsSketch";
  map_rows<Text>(in, rows, out, [](Text bytes) {
    const KllSketch<T> sketch = sketch_of<T>(bytes);
    std::string text = fmt::format(
        "### {} Summary:\n   K                      : {}\n   N                      : {}\n"
        "   Levels                 : {}\n   Retained Items         : {}\n",
        kName, sketch.k(), sketch.count(), sketch.levels(), sketch.retained());
    if (sketch.count() > 0)
      text += fmt::format("   Min Item               : {}\n   Max Item               : {}\n",
                          sketch.least(), sketch.greatest());
    return text + "### End sketch summary\n";
  });
}

constexpr uint32_t kOfBytes = kNullOnNull | kFallible;
constexpr KernelRow kRowsOfKll[] = {
    {"kll_build_bigint", kll_build<int64_t>, kFallible},
    {"kll_build_float", kll_build<float>, kFallible},
    {"kll_build_double", kll_build<double>, kFallible},
    {"kll_gather_bigint", kll_gather<int64_t>, kFallible},
    {"kll_gather_float", kll_gather<float>, kFallible},
    {"kll_gather_double", kll_gather<double>, kFallible},
    {"kll_sketch_merge_bigint", kll_merge<int64_t>, kOfBytes},
    {"kll_sketch_merge_float", kll_merge<float>, kOfBytes},
    {"kll_sketch_merge_double", kll_merge<double>, kOfBytes},
    {"kll_sketch_get_n_bigint", kll_count<int64_t>, kOfBytes},
    {"kll_sketch_get_n_float", kll_count<float>, kOfBytes},
    {"kll_sketch_get_n_double", kll_count<double>, kOfBytes},
    {"kll_sketch_get_quantile_bigint", kll_quantile<int64_t>, kOfBytes},
    {"kll_sketch_get_quantile_float", kll_quantile<float>, kOfBytes},
    {"kll_sketch_get_quantile_double", kll_quantile<double>, kOfBytes},
    {"kll_sketch_get_rank_bigint", kll_rank<int64_t>, kOfBytes},
    {"kll_sketch_get_rank_float", kll_rank<float>, kOfBytes},
    {"kll_sketch_get_rank_double", kll_rank<double>, kOfBytes},
    {"kll_sketch_to_string_bigint", kll_text<int64_t>, kOfBytes},
    {"kll_sketch_to_string_float", kll_text<float>, kOfBytes},
    {"kll_sketch_to_string_double", kll_text<double>, kOfBytes},
};

}  // namespace

std::span<const KernelRow> kll_kernels() { return kRowsOfKll; }

}  // namespace firn::kernels

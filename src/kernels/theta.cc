// theta_sketch_agg and its kin: Theta sketches in the bytes of Apache DataSketches (compact,
// ordered, serial version 3).
#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>

#include "base/error.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"
#include "kernels/murmur3.h"
#include "kernels/nested.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using Text = std::string_view;
using types::DataTypeId;

constexpr uint64_t kHashSeed = 9001;
constexpr uint16_t kSeedHash = 0x93CC;  // of that seed
constexpr uint64_t kWhole = INT64_MAX;  // theta of a sketch that holds every hash
constexpr int32_t kDefaultLog = 12, kLeastLog = 4, kGreatestLog = 26;

struct Theta {
  uint64_t theta = kWhole;
  std::vector<uint64_t> hashes;  // ascending, below theta
  bool empty = true;             // no value was seen
};

// MurmurHash3 for 64-bit machines, the first half.
uint64_t murmur_64(Text text, uint64_t seed) {
  constexpr uint64_t kA = 0x87c37b91114253d5, kB = 0x4cf5ad432745937f;
  const auto mix_a = [](uint64_t k) { return std::rotl(k * kA, 31) * kB; };
  const auto mix_b = [](uint64_t k) { return std::rotl(k * kB, 33) * kA; };
  const auto finish = [](uint64_t h) {
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccd;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53;
    return h ^ h >> 33;
  };
  uint64_t a = seed, b = seed;
  size_t i = 0;
  for (; i + 16 <= text.size(); i += 16) {
    a ^= mix_a(load_bytes<uint64_t>(text.data() + i));
    a = (std::rotl(a, 27) + b) * 5 + 0x52dce729;
    b ^= mix_b(load_bytes<uint64_t>(text.data() + i + 8));
    b = (std::rotl(b, 31) + a) * 5 + 0x38495ab5;
  }
  char rest[16] = {};
  std::memcpy(rest, text.data() + i, text.size() - i);
  if (text.size() - i > 8) b ^= mix_b(load_bytes<uint64_t>(rest + 8));
  if (text.size() - i > 0) a ^= mix_a(load_bytes<uint64_t>(rest));
  a ^= text.size(), b ^= text.size();
  a += b, b += a;
  return finish(a) + finish(b);
}
uint64_t theta_hash(Text bytes) { return murmur_64(bytes, kHashSeed) >> 1; }
uint64_t theta_hash(uint64_t bits) {
  char raw[8];
  std::memcpy(raw, &bits, 8);
  return theta_hash(Text(raw, 8));
}
uint64_t theta_hash(double value) {
  if (value == 0) value = 0;  // -0.0 counts as 0.0
  if (std::isnan(value)) return theta_hash(uint64_t{0x7ff8000000000000});
  uint64_t bits;
  std::memcpy(&bits, &value, 8);
  return theta_hash(bits);
}

void settle(Theta& sketch, size_t most) {
  std::vector<uint64_t>& hashes = sketch.hashes;
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  if (!hashes.empty() && hashes.front() == 0) hashes.erase(hashes.begin());
  hashes.erase(std::lower_bound(hashes.begin(), hashes.end(), sketch.theta), hashes.end());
  if (hashes.size() <= most) return;
  sketch.theta = hashes[most];
  hashes.resize(most);
}

template <class N>
void append_bytes(std::string& out, N value) {
  char raw[sizeof(N)];
  std::memcpy(raw, &value, sizeof(N));
  out.append(raw, sizeof(N));
}
constexpr char kReadOnly = 2, kEmpty = 4, kCompact = 8, kOrdered = 16, kSingle = 32;

std::string theta_bytes(const Theta& sketch) {
  const bool whole = sketch.theta == kWhole;
  const bool single = whole && sketch.hashes.size() == 1;
  const bool bare = sketch.empty || single;
  std::string out;
  out += static_cast<char>(bare ? 1 : whole ? 2 : 3);
  out += "\x03\x03";  // serial version, family
  out.append(2, '\0');
  out += static_cast<char>(kReadOnly | kCompact | kOrdered | (sketch.empty ? kEmpty : 0) |
                           (single ? kSingle : 0));
  append_bytes(out, kSeedHash);
  if (!bare) {
    append_bytes(out, static_cast<uint32_t>(sketch.hashes.size()));
    append_bytes(out, 1.0F);
    if (!whole) append_bytes(out, sketch.theta);
  }
  for (const uint64_t hash : sketch.hashes) append_bytes(out, hash);
  return out;
}
[[noreturn]] void throw_theta(const char* function) {
  throw Error("THETA_INVALID_INPUT_SKETCH_BUFFER",
              {{"function", "`" + std::string(function) + "`"}});
}
Theta theta_of(Text bytes, const char* function) {
  if (bytes.size() < 8 || bytes[2] != 3) throw_theta(function);
  if (bytes[1] != 3)
    throw_unsupported("Theta sketches of serial version " +
                      std::to_string(static_cast<int>(bytes[1])));
  Theta sketch;
  const auto longs = static_cast<size_t>(bytes[0] & 0x3F);
  if ((bytes[5] & kEmpty) != 0) return sketch;
  sketch.empty = false;
  if (longs < 1 || longs > 3 || bytes.size() < 8 * longs ||
      load_bytes<uint16_t>(bytes.data() + 6) != kSeedHash)
    throw_theta(function);
  const size_t count = longs == 1 ? 1 : load_bytes<uint32_t>(bytes.data() + 8);
  if (longs == 3) sketch.theta = load_bytes<uint64_t>(bytes.data() + 16);
  if (bytes.size() != 8 * (longs + count)) throw_theta(function);
  for (size_t i = 0; i < count; ++i)
    sketch.hashes.push_back(load_bytes<uint64_t>(bytes.data() + 8 * (longs + i)));
  settle(sketch, count);
  return sketch;
}

size_t entries_of(Columns in, size_t argument, uint64_t row, const char* function) {
  const int32_t log = in.size() > argument && in[argument].is_valid(row)
                          ? in[argument].values<int32_t>()[row]
                          : kDefaultLog;
  if (log < kLeastLog || log > kGreatestLog)
    throw Error("THETA_INVALID_LG_NOM_ENTRIES", {{"function", "`" + std::string(function) + "`"},
                                                 {"min", std::to_string(kLeastLog)},
                                                 {"max", std::to_string(kGreatestLog)},
                                                 {"value", std::to_string(log)}});
  return size_t{1} << log;
}

void add_all(Theta& sketch, const Theta& other) {
  sketch.theta = std::min(sketch.theta, other.theta);
  sketch.empty &= other.empty;
  sketch.hashes.insert(sketch.hashes.end(), other.hashes.begin(), other.hashes.end());
}
Theta in_both(const Theta& a, const Theta& b) {
  Theta both;
  both.theta = std::min(a.theta, b.theta);
  std::set_intersection(a.hashes.begin(), a.hashes.end(), b.hashes.begin(), b.hashes.end(),
                        std::back_inserter(both.hashes));
  both.empty = a.empty || b.empty;
  if (both.empty) return {};
  settle(both, both.hashes.size());
  return both;
}
Theta in_first_only(const Theta& a, const Theta& b) {
  if (a.empty) return {};
  Theta rest;
  rest.empty = false;
  rest.theta = std::min(a.theta, b.theta);
  std::set_difference(a.hashes.begin(), a.hashes.end(), b.hashes.begin(), b.hashes.end(),
                      std::back_inserter(rest.hashes));
  settle(rest, rest.hashes.size());
  rest.empty = rest.hashes.empty() && rest.theta == kWhole;
  return rest;
}

// theta_build(values, log2 of entries)
void theta_build(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  const DataTypeId type = info.arguments[0].element().id();
  const ColumnView& values = in[0].children[0];
  for (uint64_t row = 0; row < rows; ++row) {
    const ListEntry entry = list_at(in[0], row);
    Theta sketch;
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
      if (type == DataTypeId::kString || type == DataTypeId::kBinary) {
        const Text text = Reader<Text>(values)[i];
        if (text.empty()) continue;  // as DataSketches leaves them out
        sketch.hashes.push_back(theta_hash(text));
      } else if (type == DataTypeId::kDouble || type == DataTypeId::kFloat) {
        sketch.hashes.push_back(theta_hash(
            type == DataTypeId::kFloat ? values.values<float>()[i] : values.values<double>()[i]));
      } else {
        sketch.hashes.push_back(theta_hash(static_cast<uint64_t>(Reader<AnyInt>(values)[i].value)));
      }
      sketch.empty = false;
    }
    settle(sketch, entries_of(in, 1, row, "theta_sketch_agg"));
    out.set_string(row, theta_bytes(sketch));
  }
}
void theta_unite(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const Reader<Text> sketches(in[0].children[0]);
  for (uint64_t row = 0; row < rows; ++row) {
    const ListEntry entry = list_at(in[0], row);
    Theta all;
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i)
      add_all(all, theta_of(sketches[i], "theta_union_agg"));
    settle(all, entries_of(in, 1, row, "theta_union_agg"));
    out.set_string(row, theta_bytes(all));
  }
}
void theta_intersect(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const Reader<Text> sketches(in[0].children[0]);
  for (uint64_t row = 0; row < rows; ++row) {
    const ListEntry entry = list_at(in[0], row);
    Theta both;
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
      Theta next = theta_of(sketches[i], "theta_intersection_agg");
      both = i == entry.offset ? std::move(next) : in_both(both, next);
    }
    out.set_string(row, theta_bytes(both));
  }
}
void theta_union(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const Reader<Text> first(in[0]), second(in[1]);
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) {
      out.set_null(row);
      continue;
    }
    Theta all = theta_of(first[row], "theta_union");
    add_all(all, theta_of(second[row], "theta_union"));
    settle(all, entries_of(in, 2, row, "theta_union"));
    out.set_string(row, theta_bytes(all));
  }
}
void theta_intersection(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text, Text>(in, rows, out, [](Text a, Text b) {
    return theta_bytes(
        in_both(theta_of(a, "theta_intersection"), theta_of(b, "theta_intersection")));
  });
}
void theta_difference(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text, Text>(in, rows, out, [](Text a, Text b) {
    return theta_bytes(
        in_first_only(theta_of(a, "theta_difference"), theta_of(b, "theta_difference")));
  });
}
void theta_estimate(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [](Text bytes) -> int64_t {
    const Theta sketch = theta_of(bytes, "theta_sketch_estimate");
    const double share = static_cast<double>(sketch.theta) / static_cast<double>(kWhole);
    return std::llround(static_cast<double>(sketch.hashes.size()) / share);
  });
}

constexpr KernelRow kRowsOfTheta[] = {
    {"theta_build", theta_build, kFallible},
    {"theta_unite", theta_unite, kFallible},
    {"theta_intersect", theta_intersect, kFallible},
    {"theta_union", theta_union, kNullOnNull | kFallible},
    {"theta_intersection", theta_intersection, kNullOnNull | kFallible},
    {"theta_difference", theta_difference, kNullOnNull | kFallible},
    {"theta_sketch_estimate", theta_estimate, kNullOnNull | kFallible},
};

}  // namespace

std::span<const KernelRow> theta_kernels() { return kRowsOfTheta; }

}  // namespace firn::kernels

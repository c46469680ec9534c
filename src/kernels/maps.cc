// Maps: made, taken apart, put together.
#include <algorithm>
#include <unordered_map>

#include "base/error.h"
#include "kernels/elements.h"
#include "kernels/kernels.h"
#include "kernels/value_text.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using Text = std::string_view;
using types::DataTypeId;

// ---- Maps
[[noreturn]] void throw_duplicate_key(const ColumnView& keys, uint64_t row,
                                      const types::DataType& type) {
  std::string text;
  append_text(text, keys, row, type, {});
  throw Error("DUPLICATED_MAP_KEY",
              {{"key", text}, {"mapKeyDedupPolicy", "\"spark.sql.mapKeyDedupPolicy\""}});
}
// The entries of one map as they come. A key that comes again is an error, or takes the first one's
// place with its own value: spark.sql.mapKeyDedupPolicy, which resolution puts into the seed.
bool last_key_wins(const CallInfo& info) { return info.seed == 1; }
class MapKeys {
 public:
  MapKeys(const Elements& keys, const CallInfo& info)
      : keys_(keys), type_(info.result.key()), last_wins_(last_key_wins(info)) {}
  void add(uint64_t key, uint64_t entry) {
    if (!keys_.column(key).is_valid(keys_.row(key))) throw Error("NULL_MAP_KEY", {});
    const uint64_t hash = keys_.hash(key);
    const auto [begin, end] = places_.equal_range(hash);
    for (auto place = begin; place != end; ++place) {
      if (!keys_.equal(kept_[place->second].first, key)) continue;
      if (!last_wins_) throw_duplicate_key(keys_.column(key), keys_.row(key), type_);
      kept_[place->second] = {key, entry};
      return;
    }
    places_.emplace(hash, kept_.size());
    kept_.emplace_back(key, entry);
  }
  const std::vector<std::pair<uint64_t, uint64_t>>& kept() const { return kept_; }

 private:
  const Elements& keys_;
  const types::DataType& type_;
  bool last_wins_;
  std::vector<std::pair<uint64_t, uint64_t>> kept_;  // key, entry
  std::unordered_multimap<uint64_t, size_t> places_;
};
void map_from_arrays(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  const Elements elements(in[0].children[0], in[0].children[0]);
  std::vector<uint64_t> keys, values;
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t begin = keys.size();
    if (all_valid(in, row)) {
      const ListEntry k = list_at(in[0], row), v = list_at(in[1], row);
      if (k.length != v.length)
        throw_invalid("map_from_arrays: there are " + std::to_string(k.length) + " keys but " +
                      std::to_string(v.length) + " values.");
      MapKeys map(elements, info);
      for (uint64_t i = 0; i < k.length; ++i) map.add(k.offset + i, v.offset + i);
      for (const auto& [key, value] : map.kept()) keys.push_back(key), values.push_back(value);
    } else {
      out.set_null(row);
    }
    out.values<ListEntry>()[row] = {begin, keys.size() - begin};
  }
  out.resize(keys.size());
  gather(in[0].children[0], keys, out.child(0).child(0));
  gather(in[1].children[0], values, out.child(0).child(1));
}
void map_from_entries(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  const ColumnView& entries = in[0].children[0];
  const Elements keys(entries.children[0], entries.children[0]);
  ListGather list(entries, out);
  for (uint64_t row = 0; row < rows; ++row) {
    bool valid = in[0].is_valid(row);
    const ListEntry entry = valid ? list_at(in[0], row) : ListEntry{};
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i)
      valid &= entries.is_valid(i);
    if (!valid) {
      list.null_row(row);
      continue;
    }
    MapKeys map(keys, info);
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) map.add(i, i);
    for (const auto& kept : map.kept()) list.add(kept.second);
    list.end_row(row);
  }
  list.finish();
}
void map_part(Columns in, uint64_t rows, const ColumnView& part, Output& out) {
  ListGather list(part, out);
  each_to_list(in, rows, list, [&](uint64_t, ListEntry entry) {
    for (uint64_t i = 0; i < entry.length; ++i) list.add(entry.offset + i);
  });
}
void map_keys(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_part(in, rows, in[0].children[0].children[0], out);
}
void map_values(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_part(in, rows, in[0].children[0].children[1], out);
}
void map_entries(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_part(in, rows, in[0].children[0], out);
}

void map_concat(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  const ColumnView &first = in[0].children[0], &second = in[1].children[0];
  const Elements keys(first.children[0], second.children[0]), entries(first, second);
  std::vector<uint64_t> ids;
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t begin = ids.size();
    if (all_valid(in, row)) {
      const ListEntry a = list_at(in[0], row), b = list_at(in[1], row);
      MapKeys map(keys, info);
      for (uint64_t i = 0; i < a.length + b.length; ++i) {
        const uint64_t id = i < a.length ? a.offset + i : entries.second(b.offset + i - a.length);
        map.add(id, id);
      }
      for (const auto& kept : map.kept()) ids.push_back(kept.second);
    } else {
      out.set_null(row);
    }
    out.values<ListEntry>()[row] = {begin, ids.size() - begin};
  }
  gather_two(first, second, ids, out);
}

void str_to_map(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  std::vector<std::pair<Text, std::optional<Text>>> entries;
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t begin = entries.size();
    if (!all_valid(in, row)) {
      out.set_null(row);
      out.values<ListEntry>()[row] = {begin, 0};
      continue;
    }
    const auto text_at = [&](size_t i, Text otherwise) {
      return in.size() > i ? in[i].values<StringRef>()[row].view() : otherwise;
    };
    const Text text = text_at(0, ""), pairs = text_at(1, ","), split = text_at(2, ":");
    for (size_t at = 0;;) {
      const size_t end = pairs.empty() ? text.size() : std::min(text.find(pairs, at), text.size());
      const Text entry = text.substr(at, end - at);
      const size_t colon = entry.find(split);
      const Text key = entry.substr(0, colon);
      const auto value = colon == Text::npos
                             ? std::optional<Text>()
                             : std::optional<Text>(entry.substr(colon + split.size()));
      const auto same = std::find_if(entries.begin() + static_cast<std::ptrdiff_t>(begin),
                                     entries.end(), [&](const auto& e) { return e.first == key; });
      if (same == entries.end()) {
        entries.emplace_back(key, value);
      } else {
        if (!last_key_wins(info))
          throw Error("DUPLICATED_MAP_KEY",
                      {{"key", std::string(key)},
                       {"mapKeyDedupPolicy", "\"spark.sql.mapKeyDedupPolicy\""}});
        same->second = value;
      }
      if (end == text.size()) break;
      at = end + pairs.size();
    }
    out.values<ListEntry>()[row] = {begin, entries.size() - begin};
  }
  out.resize(entries.size());
  Output &keys = out.child(0).child(0), &values = out.child(0).child(1);
  for (size_t i = 0; i < entries.size(); ++i) {
    keys.set_string(i, entries[i].first);
    write(values, i, entries[i].second);
  }
}

constexpr uint32_t kMapsSliced = kSlices;
constexpr KernelRow kRowsOfMaps[] = {
    {"map_from_arrays", map_from_arrays, kMapsSliced | kFallible},
    {"map_from_entries", map_from_entries, kMapsSliced | kFallible},
    {"map_keys", map_keys, kMapsSliced},
    {"map_values", map_values, kMapsSliced},
    {"map_entries", map_entries, kMapsSliced},
    {"map_concat", map_concat, kMapsSliced | kFallible},
    {"str_to_map", str_to_map, kFallible},
};

}  // namespace

std::span<const KernelRow> map_kernels() { return kRowsOfMaps; }

}  // namespace firn::kernels

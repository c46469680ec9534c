// Maps: made, taken apart, put together.
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
void check_keys(const ColumnView& keys, ListEntry entry, const types::DataType& type) {
  const Elements elements(keys, keys);
  ElementSet seen(elements);
  for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
    if (!keys.is_valid(i)) throw Error("NULL_MAP_KEY", {});
    if (!seen.insert(i)) throw_duplicate_key(keys, i, type);
  }
}
void map_from_arrays(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  std::vector<uint64_t> keys, values;
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t begin = keys.size();
    if (all_valid(in, row)) {
      const ListEntry k = list_at(in[0], row), v = list_at(in[1], row);
      if (k.length != v.length)
        throw_invalid("map_from_arrays: there are " + std::to_string(k.length) + " keys but " +
                      std::to_string(v.length) + " values.");
      check_keys(in[0].children[0], k, info.result.key());
      for (uint64_t i = 0; i < k.length; ++i)
        keys.push_back(k.offset + i), values.push_back(v.offset + i);
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
    check_keys(entries.children[0], entry, info.result.key());
    for (uint64_t i = 0; i < entry.length; ++i) list.add(entry.offset + i);
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
      ElementSet seen(keys);
      for (uint64_t i = 0; i < a.length + b.length; ++i) {
        ids.push_back(i < a.length ? a.offset + i : entries.second(b.offset + i - a.length));
        if (!seen.insert(ids.back()))
          throw_duplicate_key(keys.column(ids.back()), keys.row(ids.back()), info.result.key());
      }
    } else {
      out.set_null(row);
    }
    out.values<ListEntry>()[row] = {begin, ids.size() - begin};
  }
  gather_two(first, second, ids, out);
}

void str_to_map(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
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
      for (size_t i = begin; i < entries.size(); ++i) {
        if (entries[i].first == key)
          throw Error("DUPLICATED_MAP_KEY",
                      {{"key", std::string(key)},
                       {"mapKeyDedupPolicy", "\"spark.sql.mapKeyDedupPolicy\""}});
      }
      if (colon == Text::npos)
        entries.emplace_back(key, std::nullopt);
      else
        entries.emplace_back(key, entry.substr(colon + split.size()));
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

constexpr uint32_t kSliced = kSlices;
constexpr KernelRow kRows[] = {
    {"map_from_arrays", map_from_arrays, kSliced | kFallible},
    {"map_from_entries", map_from_entries, kSliced | kFallible},
    {"map_keys", map_keys, kSliced},
    {"map_values", map_values, kSliced},
    {"map_entries", map_entries, kSliced},
    {"map_concat", map_concat, kSliced | kFallible},
    {"str_to_map", str_to_map, kFallible},
};

}  // namespace

std::span<const KernelRow> map_kernels() { return kRows; }

}  // namespace firn::kernels

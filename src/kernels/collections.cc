// Sizes and elements of arrays and maps, and searching in them. An array is a list; a map a list
// of (key, value).
#include "base/error.h"
#include "kernels/elements.h"
#include "kernels/kernels.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using Text = std::string_view;
using types::DataTypeId;

// ---- Sizes and single elements
void size(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  for (uint64_t row = 0; row < rows; ++row) {
    if (in[0].is_valid(row))
      out.values<int32_t>()[row] = static_cast<int32_t>(list_at(in[0], row).length);
    else if (info.mode == Mode::kLegacy)
      out.values<int32_t>()[row] = -1;
    else
      out.set_null(row);
  }
}
void array_size(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  each_list(in, rows, out, [&](uint64_t row, ListEntry entry) {
    out.values<int32_t>()[row] = static_cast<int32_t>(entry.length);
  });
}

uint64_t find_key(const ColumnView& entries, ListEntry entry, const ColumnView& key, uint64_t row) {
  for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
    if (equal_values(entries.children[0], i, key, row)) return i;
  }
  return kNoRow;
}
void map_item(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  std::vector<uint64_t> found(rows, kNoRow);
  for (uint64_t row = 0; row < rows; ++row) {
    if (all_valid(in, row))
      found[row] = find_key(in[0].children[0], list_at(in[0], row), in[1], row);
  }
  gather(in[0].children[0].children[1], found, out);
}
[[noreturn]] void throw_index(const char* condition, int64_t index, uint64_t length) {
  throw Error(condition, {{"indexValue", std::to_string(index)},
                          {"arraySize", std::to_string(length)},
                          {"ansiConfig", "\"spark.sql.ansi.enabled\""}});
}
// a[i] from 0; `strict`: outside is an error in ANSI mode.
template <bool strict>
void item(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  std::vector<uint64_t> found(rows, kNoRow);
  const Reader<AnyInt> indexes(in[1]);
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) continue;
    const ListEntry entry = list_at(in[0], row);
    const int64_t index = indexes[row].value;
    if (index >= 0 && index < static_cast<int64_t>(entry.length))
      found[row] = entry.offset + static_cast<uint64_t>(index);
    else if (strict && info.mode == Mode::kAnsi)
      throw_index("INVALID_ARRAY_INDEX", index, entry.length);
  }
  gather(in[0].children[0], found, out);
}
void element_at(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  if (info.arguments[0].id() == DataTypeId::kMap) return map_item(info, scratch, in, rows, out);
  std::vector<uint64_t> found(rows, kNoRow);
  const Reader<AnyInt> indexes(in[1]);
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) continue;
    const ListEntry entry = list_at(in[0], row);
    const int64_t index = indexes[row].value, length = static_cast<int64_t>(entry.length);
    if (index == 0) throw Error("INVALID_INDEX_OF_ZERO", {});
    if (index <= length && -index <= length)
      found[row] = entry.offset + static_cast<uint64_t>(index > 0 ? index - 1 : length + index);
    else if (info.mode == Mode::kAnsi)
      throw_index("INVALID_ARRAY_INDEX_IN_ELEMENT_AT", index, entry.length);
  }
  gather(in[0].children[0], found, out);
}
// One field of each struct.
void array_field(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  if (rows == 0) return;
  const auto field = static_cast<size_t>(in[1].values<int32_t>()[0]);
  ListGather list(in[0].children[0].children.at(field), out);
  each_to_list(in.first(1), rows, list, [&](uint64_t, ListEntry entry) {
    for (uint64_t i = 0; i < entry.length; ++i)
      list.add(in[0].children[0].is_valid(entry.offset + i) ? entry.offset + i : kNoRow);
  });
}

// ---- Searching
void array_contains(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  each_list(in, rows, out, [&](uint64_t row, ListEntry entry) {
    bool found = false, nulls = false;
    for (uint64_t i = entry.offset; i < entry.offset + entry.length && !found; ++i) {
      nulls |= !in[0].children[0].is_valid(i);
      found = equal_values(in[0].children[0], i, in[1], row);
    }
    out.values<bool>()[row] = found;
    if (!found && nulls) out.set_null(row);
  });
}
void array_position(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  each_list(in, rows, out, [&](uint64_t row, ListEntry entry) {
    int64_t position = 0;
    for (uint64_t i = 0; i < entry.length && position == 0; ++i) {
      if (equal_values(in[0].children[0], entry.offset + i, in[1], row))
        position = static_cast<int64_t>(i) + 1;
    }
    out.values<int64_t>()[row] = position;
  });
}
void map_contains_key(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  each_list(in, rows, out, [&](uint64_t row, ListEntry entry) {
    out.values<bool>()[row] = find_key(in[0].children[0], entry, in[1], row) != kNoRow;
  });
}
template <bool greatest>
void extreme(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const ColumnView& elements = in[0].children[0];
  std::vector<uint64_t> found(rows, kNoRow);
  for (uint64_t row = 0; row < rows; ++row) {
    if (!in[0].is_valid(row)) continue;
    const ListEntry entry = list_at(in[0], row);
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
      if (!elements.is_valid(i)) continue;
      const int order =
          found[row] == kNoRow ? 0 : compare_values(elements, i, elements, found[row]);
      if (found[row] == kNoRow || (greatest ? order > 0 : order < 0)) found[row] = i;
    }
  }
  gather(elements, found, out);
}

void arrays_overlap(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const ColumnView &first = in[0].children[0], &second = in[1].children[0];
  each_list(in, rows, out, [&](uint64_t row, ListEntry a) {
    const ListEntry b = list_at(in[1], row);
    bool overlap = false, nulls = false;
    for (uint64_t i = a.offset; i < a.offset + a.length && !overlap; ++i) {
      nulls |= !first.is_valid(i);
      for (uint64_t j = b.offset; j < b.offset + b.length && !overlap; ++j) {
        nulls |= !second.is_valid(j);
        overlap = first.is_valid(i) && equal_values(first, i, second, j);
      }
    }
    out.values<bool>()[row] = overlap;
    if (!overlap && nulls && a.length > 0 && b.length > 0) out.set_null(row);
  });
}
constexpr uint32_t kCollectionsSliced = kSlices;
constexpr KernelRow kRowsOfCollections[] = {
    {"size", size, kNoFlags},
    {"array_size", array_size, kNullOnNull},
    {"element_at", element_at, kCollectionsSliced | kFallible},
    {"get", item<false>, kCollectionsSliced},
    {"array_item", item<true>, kCollectionsSliced | kFallible},
    {"map_item", map_item, kCollectionsSliced},
    {"array_field", array_field, kCollectionsSliced},
    {"array_contains", array_contains, kNullOnNull},
    {"array_position", array_position, kNullOnNull},
    {"array_min", extreme<false>, kCollectionsSliced},
    {"array_max", extreme<true>, kCollectionsSliced},
    {"arrays_overlap", arrays_overlap, kNullOnNull},
    {"map_contains_key", map_contains_key, kNullOnNull},
};

}  // namespace

std::span<const KernelRow> collection_kernels() { return kRowsOfCollections; }

}  // namespace firn::kernels

// Functions over arrays and maps. An array is a list; a map a list of (key, value).
#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>

#include "base/error.h"
#include "kernels/calendar.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"
#include "kernels/nested.h"
#include "kernels/value_text.h"
#include "kernels/zone_scratch.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using Text = std::string_view;
using types::DataTypeId;

// Calls f(row, entry) for rows in which all arguments are valid; the others are NULL.
template <class F>
void each_list(Columns in, uint64_t rows, Output& out, F&& f) {
  for (uint64_t row = 0; row < rows; ++row) {
    if (all_valid(in, row))
      f(row, list_at(in[0], row));
    else
      out.set_null(row);
  }
}
// The same for results that are lists of elements of the first argument.
template <class F>
void each_to_list(Columns in, uint64_t rows, ListGather& list, F&& f) {
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) {
      list.null_row(row);
      continue;
    }
    f(row, list_at(in[0], row));
    list.end_row(row);
  }
  list.finish();
}

// Two columns of elements as one, for functions that mix them: rows below `first.size` are the
// first's.
class Elements {
 public:
  Elements(const ColumnView& first, const ColumnView& second) : first_(first), second_(second) {}
  const ColumnView& column(uint64_t id) const { return id < first_.size ? first_ : second_; }
  uint64_t row(uint64_t id) const { return id < first_.size ? id : id - first_.size; }
  uint64_t second(uint64_t row) const { return first_.size + row; }
  bool equal(uint64_t a, uint64_t b) const {
    return equal_values(column(a), row(a), column(b), row(b));
  }
  uint64_t hash(uint64_t id) const { return hash_of(column(id), row(id)); }

 private:
  const ColumnView& first_;
  const ColumnView& second_;
};

// Sets of elements by value.
class ElementSet {
 public:
  explicit ElementSet(const Elements& elements) : elements_(elements) {}
  bool contains(uint64_t id) const {
    const auto [begin, end] = ids_.equal_range(elements_.hash(id));
    return std::any_of(begin, end,
                       [&](const auto& entry) { return elements_.equal(entry.second, id); });
  }
  bool insert(uint64_t id) {  // false where it was there
    if (contains(id)) return false;
    ids_.emplace(elements_.hash(id), id);
    return true;
  }

 private:
  const Elements& elements_;
  std::unordered_multimap<uint64_t, uint64_t> ids_;
};

// Writes lists of elements out of two columns.
void gather_two(const ColumnView& first, const ColumnView& second, const std::vector<uint64_t>& ids,
                Output& out);

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

// ---- Arrays of the same elements
void array_remove(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const ColumnView& elements = in[0].children[0];
  ListGather list(elements, out);
  each_to_list(in, rows, list, [&](uint64_t row, ListEntry entry) {
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
      if (!elements.is_valid(i) || !equal_values(elements, i, in[1], row)) list.add(i);
    }
  });
}
void array_distinct(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const Elements elements(in[0].children[0], in[0].children[0]);
  ListGather list(in[0].children[0], out);
  each_to_list(in, rows, list, [&](uint64_t, ListEntry entry) {
    ElementSet seen(elements);
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
      if (seen.insert(i)) list.add(i);
    }
  });
}
void array_compact(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  ListGather list(in[0].children[0], out);
  each_to_list(in, rows, list, [&](uint64_t, ListEntry entry) {
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
      if (in[0].children[0].is_valid(i)) list.add(i);
    }
  });
}
void sort_array(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const ColumnView& elements = in[0].children[0];
  ListGather list(elements, out);
  std::vector<uint64_t> order;
  each_to_list(in, rows, list, [&](uint64_t row, ListEntry entry) {
    order.resize(entry.length);
    std::iota(order.begin(), order.end(), entry.offset);
    const bool ascending = in.size() < 2 || in[1].values<uint8_t>()[row] != 0;
    std::stable_sort(order.begin(), order.end(), [&](uint64_t a, uint64_t b) {
      const int result = compare_values(elements, a, elements, b);
      return ascending ? result < 0 : result > 0;
    });
    for (const uint64_t i : order) list.add(i);
  });
}
void slice(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  ListGather list(in[0].children[0], out);
  each_to_list(in, rows, list, [&](uint64_t row, ListEntry entry) {
    const int64_t start = in[1].values<int32_t>()[row], count = in[2].values<int32_t>()[row],
                  length = static_cast<int64_t>(entry.length);
    if (start == 0)
      throw Error("INVALID_PARAMETER_VALUE.START",
                  {{"parameter", "`start`"}, {"functionName", "`slice`"}});
    if (count < 0)
      throw Error("INVALID_PARAMETER_VALUE.LENGTH", {{"parameter", "`length`"},
                                                     {"length", std::to_string(count)},
                                                     {"functionName", "`slice`"}});
    const int64_t from = start > 0 ? start - 1 : length + start;
    for (int64_t i = from; from >= 0 && i < from + count && i < length; ++i)
      list.add(entry.offset + static_cast<uint64_t>(i));
  });
}
void reverse_array(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  ListGather list(in[0].children[0], out);
  each_to_list(in, rows, list, [&](uint64_t, ListEntry entry) {
    for (uint64_t i = entry.length; i-- > 0;) list.add(entry.offset + i);
  });
}
void shuffle(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  if (!scratch.has_value()) scratch = static_cast<uint64_t>(info.seed) * 2 + 1;
  auto& state = *std::any_cast<uint64_t>(&scratch);
  ListGather list(in[0].children[0], out);
  std::vector<uint64_t> order;
  each_to_list(in, rows, list, [&](uint64_t, ListEntry entry) {
    order.resize(entry.length);
    std::iota(order.begin(), order.end(), entry.offset);
    for (uint64_t i = entry.length; i > 1; --i) {
      state = state * 6364136223846793005 + 1442695040888963407;
      std::swap(order[i - 1], order[(state >> 33) % i]);
    }
    for (const uint64_t i : order) list.add(i);
  });
}
void flatten(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const ColumnView& inner = in[0].children[0];
  if (inner.physical != Physical::kList) {
    throw Error("FIRN_INTERNAL", {{"what", "flatten over an array that holds no arrays"}});
  }
  ListGather list(inner.children[0], out);
  for (uint64_t row = 0; row < rows; ++row) {
    bool valid = in[0].is_valid(row);
    const ListEntry entry = valid ? list_at(in[0], row) : ListEntry{};
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i)
      valid &= inner.is_valid(i);
    if (!valid) {
      list.null_row(row);
      continue;
    }
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
      const ListEntry part = list_at(inner, i);
      for (uint64_t j = 0; j < part.length; ++j) list.add(part.offset + j);
    }
    list.end_row(row);
  }
  list.finish();
}
void array_repeat(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  ListGather list(in[0], out);
  for (uint64_t row = 0; row < rows; ++row) {
    if (!in[1].is_valid(row)) {
      list.null_row(row);
      continue;
    }
    for (int32_t i = 0; i < in[1].values<int32_t>()[row]; ++i) list.add(row);
    list.end_row(row);
  }
  list.finish();
}

// ---- Two arrays
enum class Sets { kUnion, kIntersect, kExcept };
template <Sets op>
void sets(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const ColumnView &first = in[0].children[0], &second = in[1].children[0];
  const Elements elements(first, second);
  std::vector<uint64_t> ids;
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t begin = ids.size();
    if (all_valid(in, row)) {
      const ListEntry a = list_at(in[0], row), b = list_at(in[1], row);
      ElementSet others(elements), seen(elements);
      for (uint64_t i = 0; op != Sets::kUnion && i < b.length; ++i)
        others.insert(elements.second(b.offset + i));
      for (uint64_t i = a.offset; i < a.offset + a.length; ++i) {
        const bool wanted = op == Sets::kUnion || others.contains(i) == (op == Sets::kIntersect);
        if (wanted && seen.insert(i)) ids.push_back(i);
      }
      for (uint64_t i = 0; op == Sets::kUnion && i < b.length; ++i) {
        if (seen.insert(elements.second(b.offset + i)))
          ids.push_back(elements.second(b.offset + i));
      }
    } else {
      out.set_null(row);
    }
    out.values<ListEntry>()[row] = {begin, ids.size() - begin};
  }
  gather_two(first, second, ids, out);
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
// A value put at the end or the start.
template <bool at_end>
void array_with(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const Elements elements(in[0].children[0], in[1]);
  std::vector<uint64_t> ids;
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t begin = ids.size();
    if (in[0].is_valid(row)) {
      const ListEntry entry = list_at(in[0], row);
      if (!at_end) ids.push_back(elements.second(row));
      for (uint64_t i = 0; i < entry.length; ++i) ids.push_back(entry.offset + i);
      if (at_end) ids.push_back(elements.second(row));
    } else {
      out.set_null(row);
    }
    out.values<ListEntry>()[row] = {begin, ids.size() - begin};
  }
  gather_two(in[0].children[0], in[1], ids, out);
}

template <class T>
void copy_two(const ColumnView& first, const ColumnView& second, const std::vector<uint64_t>& ids,
              Output& out) {
  for (size_t i = 0; i < ids.size(); ++i) {
    out.values<T>()[i] =
        ids[i] < first.size ? first.values<T>()[ids[i]] : second.values<T>()[ids[i] - first.size];
  }
}

// out[i] = the element with that id: of the first column below its size, else of the second.
void gather_into(const ColumnView& first, const ColumnView& second,
                 const std::vector<uint64_t>& ids, Output& out) {
  const Elements elements(first, second);
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!elements.column(ids[i]).is_valid(elements.row(ids[i]))) out.set_null(i);
  }
  switch (first.physical) {
    case Physical::kStruct:
      for (size_t i = 0; i < first.children.size(); ++i)
        gather_into(first.children[i], second.children[i], ids, out.child(i));
      return;
    case Physical::kList: {
      const Elements inner(first.children[0], second.children[0]);
      std::vector<uint64_t> inner_ids;
      for (size_t i = 0; i < ids.size(); ++i) {
        const ColumnView& column = elements.column(ids[i]);
        const uint64_t row = elements.row(ids[i]), begin = inner_ids.size();
        const ListEntry entry = column.is_valid(row) ? list_at(column, row) : ListEntry{};
        for (uint64_t j = entry.offset; j < entry.offset + entry.length; ++j)
          inner_ids.push_back(ids[i] < first.size ? j : inner.second(j));
        out.values<ListEntry>()[i] = {begin, entry.length};
      }
      return gather_two(first.children[0], second.children[0], inner_ids, out);
    }
    case Physical::kBool:
    case Physical::kInt8:
      return copy_two<int8_t>(first, second, ids, out);
    case Physical::kInt16:
      return copy_two<int16_t>(first, second, ids, out);
    case Physical::kInt32:
    case Physical::kFloat:
      return copy_two<int32_t>(first, second, ids, out);
    case Physical::kInt64:
    case Physical::kDouble:
      return copy_two<int64_t>(first, second, ids, out);
    case Physical::kInt128:
      return copy_two<Int128>(first, second, ids, out);
    case Physical::kString:
      return copy_two<StringRef>(first, second, ids, out);
  }
}

// The same as the elements of a list.
void gather_two(const ColumnView& first, const ColumnView& second, const std::vector<uint64_t>& ids,
                Output& out) {
  out.resize(ids.size());
  gather_into(first, second, ids, out.child(0));
}

void concat_arrays(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  if (in.size() == 1) {
    ListGather list(in[0].children[0], out);
    each_to_list(in, rows, list, [&](uint64_t, ListEntry entry) {
      for (uint64_t i = 0; i < entry.length; ++i) list.add(entry.offset + i);
    });
    return;
  }
  const Elements elements(in[0].children[0], in[1].children[0]);
  std::vector<uint64_t> ids;
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t begin = ids.size();
    if (all_valid(in, row)) {
      const ListEntry a = list_at(in[0], row), b = list_at(in[1], row);
      for (uint64_t i = 0; i < a.length; ++i) ids.push_back(a.offset + i);
      for (uint64_t i = 0; i < b.length; ++i) ids.push_back(elements.second(b.offset + i));
    } else {
      out.set_null(row);
    }
    out.values<ListEntry>()[row] = {begin, ids.size() - begin};
  }
  gather_two(in[0].children[0], in[1].children[0], ids, out);
}

// What a lambda gave for each element: does it hold for one, for all (three-valued)?
template <bool all>
void quantified(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const ColumnView& holds = in[0].children[0];
  each_list(in, rows, out, [&](uint64_t row, ListEntry entry) {
    bool decided = false, nulls = false;
    for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
      if (!holds.is_valid(i))
        nulls = true;
      else
        decided |= (holds.values<uint8_t>()[i] != 0) != all;
    }
    out.values<bool>()[row] = decided != all;
    if (!decided && nulls) out.set_null(row);
  });
}

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

// ---- sequence
void sequence(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  const types::DataType& element = info.result.element();
  const bool days = element.id() == DataTypeId::kDate,
             time = element.id() == DataTypeId::kTimestamp ||
                    element.id() == DataTypeId::kTimestampNtz;
  const bool months = in.size() > 2 && info.arguments[2].id() == DataTypeId::kYearMonthInterval;
  const TimeZone* zone = element.id() == DataTypeId::kTimestamp ? &zone_of(info, scratch) : nullptr;
  std::vector<int64_t> values;
  const Reader<AnyInt> starts(in[0]), stops(in[1]);
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t begin = values.size();
    if (all_valid(in, row)) {
      const int64_t start = starts[row].value, stop = stops[row].value;
      int64_t step = in.size() > 2 ? Reader<AnyInt>(in[2])[row].value
                                   : (start <= stop ? 1 : -1) * (time ? kMicrosPerDay : 1);
      if (days && in.size() > 2 && !months) step /= kMicrosPerDay;
      if ((step == 0 && start != stop) || (step > 0 && start > stop) ||
          (step < 0 && start < stop)) {
        throw_invalid("sequence: the step " + std::to_string(step) + " does not lead from " +
                      std::to_string(start) + " to " + std::to_string(stop) + ".");
      }
      const auto value_at = [&](int64_t n) {
        if (!months && !(time && step % kMicrosPerDay == 0 && zone != nullptr))
          return start + n * step;
        if (months && days) return add_months(start, n * step);
        const int64_t wall = zone == nullptr ? start : zone->to_local(start);
        const int64_t moved =
            months ? add_months(floor_div(wall, kMicrosPerDay), n * step) * kMicrosPerDay +
                         floor_mod(wall, kMicrosPerDay)
                   : wall + n * step;
        return zone == nullptr ? moved : zone->to_utc(moved);
      };
      for (int64_t n = 0;; ++n) {
        const int64_t value = value_at(n);
        if (step >= 0 ? value > stop : value < stop) break;
        values.push_back(value);
        if (values.size() - begin > 100'000'000)
          throw_invalid("sequence: more than 100,000,000 elements.");
        if (step == 0) break;
      }
    } else {
      out.set_null(row);
    }
    out.values<ListEntry>()[row] = {begin, values.size() - begin};
  }
  out.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i) write(out.child(0), i, AnyInt{values[i]});
}

constexpr uint32_t kSliced = kSlices;
constexpr KernelRow kRows[] = {
    {"size", size, kNoFlags},
    {"array_size", array_size, kNullOnNull},
    {"element_at", element_at, kSliced | kFallible},
    {"get", item<false>, kSliced},
    {"array_item", item<true>, kSliced | kFallible},
    {"map_item", map_item, kSliced},
    {"array_field", array_field, kSliced},
    {"array_contains", array_contains, kNullOnNull},
    {"array_position", array_position, kNullOnNull},
    {"array_remove", array_remove, kSliced},
    {"array_append", array_with<true>, kSliced},
    {"array_prepend", array_with<false>, kSliced},
    {"array_distinct", array_distinct, kSliced},
    {"array_compact", array_compact, kSliced},
    {"array_min", extreme<false>, kSliced},
    {"array_max", extreme<true>, kSliced},
    {"array_union", sets<Sets::kUnion>, kSliced},
    {"array_intersect", sets<Sets::kIntersect>, kSliced},
    {"array_except", sets<Sets::kExcept>, kSliced},
    {"arrays_overlap", arrays_overlap, kNullOnNull},
    {"array_repeat", array_repeat, kSliced},
    {"sort_array", sort_array, kSliced},
    {"slice", slice, kSliced | kFallible},
    {"reverse_array", reverse_array, kSliced},
    {"shuffle", shuffle, kSliced | kNotConstant},
    {"flatten", flatten, kSliced},
    {"concat_arrays", concat_arrays, kSliced},
    {"exists_of", quantified<false>, kNullOnNull},
    {"forall_of", quantified<true>, kNullOnNull},
    {"sequence", sequence, kFallible},
    {"map_from_arrays", map_from_arrays, kSliced | kFallible},
    {"map_from_entries", map_from_entries, kSliced | kFallible},
    {"map_keys", map_keys, kSliced},
    {"map_values", map_values, kSliced},
    {"map_entries", map_entries, kSliced},
    {"map_contains_key", map_contains_key, kNullOnNull},
    {"map_concat", map_concat, kSliced | kFallible},
    {"str_to_map", str_to_map, kFallible},
};

}  // namespace

std::span<const KernelRow> collection_kernels() { return kRows; }

}  // namespace firn::kernels

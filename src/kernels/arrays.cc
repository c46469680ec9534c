// Arrays made of arrays.
#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "kernels/elements.h"
#include "kernels/kernels.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using Text = std::string_view;
using types::DataTypeId;

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

constexpr uint32_t kArraysSliced = kSlices;
constexpr KernelRow kRowsOfArrays[] = {
    {"array_remove", array_remove, kArraysSliced},
    {"array_append", array_with<true>, kArraysSliced},
    {"array_prepend", array_with<false>, kArraysSliced},
    {"array_distinct", array_distinct, kArraysSliced},
    {"array_compact", array_compact, kArraysSliced},
    {"array_union", sets<Sets::kUnion>, kArraysSliced},
    {"array_intersect", sets<Sets::kIntersect>, kArraysSliced},
    {"array_except", sets<Sets::kExcept>, kArraysSliced},
    {"array_repeat", array_repeat, kArraysSliced},
    {"sort_array", sort_array, kArraysSliced},
    {"slice", slice, kArraysSliced | kFallible},
    {"reverse_array", reverse_array, kArraysSliced},
    {"flatten", flatten, kArraysSliced},
    {"concat_arrays", concat_arrays, kArraysSliced},
    {"exists_of", quantified<false>, kNullOnNull},
    {"forall_of", quantified<true>, kNullOnNull},
};

}  // namespace

std::span<const KernelRow> array_kernels() { return kRowsOfArrays; }

}  // namespace firn::kernels

// Order and places within arrays: array_sort, array_insert.
#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "kernels/elements.h"
#include "kernels/kernels.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;

void array_sorted(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const ColumnView& elements = in[0].children[0];
  ListGather list(elements, out);
  std::vector<uint64_t> order;
  each_to_list(in, rows, list, [&](uint64_t, ListEntry entry) {
    order.resize(entry.length);
    std::iota(order.begin(), order.end(), entry.offset);
    std::stable_sort(order.begin(), order.end(), [&](uint64_t a, uint64_t b) {
      if (!elements.is_valid(a) || !elements.is_valid(b))
        return elements.is_valid(a) && !elements.is_valid(b);
      return compare_values(elements, a, elements, b) < 0;
    });
    for (const uint64_t i : order) list.add(i);
  });
}

// The second list says the place of each element.
void array_placed(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const ColumnView& places = in[1].children[0];
  ListGather list(in[0].children[0], out);
  std::vector<uint64_t> order;
  each_to_list(in, rows, list, [&](uint64_t row, ListEntry entry) {
    const ListEntry given = list_at(in[1], row);
    order.assign(entry.length, kNoRow);
    for (uint64_t i = 0; i < entry.length && i < given.length; ++i) {
      const auto place = static_cast<uint64_t>(places.values<int32_t>()[given.offset + i]);
      if (place < order.size()) order[place] = entry.offset + i;
    }
    for (const uint64_t i : order) list.add(i);
  });
}

void array_insert(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  constexpr int64_t kLongest = 2147483632;
  const Elements elements(in[0].children[0], in[2]);
  const uint64_t null_id = in[0].children[0].size + in[2].size;
  std::vector<uint64_t> ids;
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t begin = ids.size();
    if (!in[0].is_valid(row) || !in[1].is_valid(row)) {
      out.set_null(row);
      out.values<ListEntry>()[row] = {begin, 0};
      continue;
    }
    const ListEntry entry = list_at(in[0], row);
    const int64_t place = in[1].values<int32_t>()[row];
    const auto length = static_cast<int64_t>(entry.length);
    if (place == 0) throw Error("INVALID_INDEX_OF_ZERO", {});
    if (place > kLongest || -place > kLongest)
      throw_invalid("array_insert: the position is too far.");
    // Negative positions count from the end; -1 is behind the last element.
    const int64_t at = place > 0 ? place - 1 : length + place + 1;
    std::vector<uint64_t> items;
    for (int64_t i = 0; i < length; ++i) items.push_back(entry.offset + static_cast<uint64_t>(i));
    if (at < 0) {
      items.insert(items.begin(), static_cast<size_t>(-at), null_id);
      items.insert(items.begin(), elements.second(row));
    } else if (at > length) {
      items.resize(static_cast<size_t>(at), null_id);
      items.push_back(elements.second(row));
    } else {
      items.insert(items.begin() + at, elements.second(row));
    }
    ids.insert(ids.end(), items.begin(), items.end());
    out.values<ListEntry>()[row] = {begin, ids.size() - begin};
  }
  gather_two(in[0].children[0], in[2], ids, out);
}

// The value as bytes that the engine can order: it sorts nulls within values otherwise.
void order_key(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  std::string key;
  for (uint64_t row = 0; row < rows; ++row) {
    if (!in[0].is_valid(row)) {
      out.set_null(row);
      continue;
    }
    key.clear();
    append_order_key(key, in[0], row);
    out.set_string(row, key);
  }
}

constexpr KernelRow kRowsOfArrayOrder[] = {
    {"order_key", order_key, kNullOnNull},
    {"array_sorted", array_sorted, kSlices},
    {"array_placed", array_placed, kSlices},
    {"array_insert", array_insert, kSlices | kFallible},
};

}  // namespace

std::span<const KernelRow> array_order_kernels() { return kRowsOfArrayOrder; }

}  // namespace firn::kernels

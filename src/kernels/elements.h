// Elements of two columns seen as one, sets of them, and lists made of both. For src/kernels only.
#pragma once

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "kernels/elementwise.h"
#include "kernels/nested.h"

namespace firn::kernels {

// Calls f(row, entry) for rows in which all arguments are valid; the others are NULL.
template <class F>
void each_list(std::span<const ColumnView> in, uint64_t rows, Output& out, F&& f) {
  for (uint64_t row = 0; row < rows; ++row) {
    if (all_valid(in, row))
      f(row, list_at(in[0], row));
    else
      out.set_null(row);
  }
}
// The same for results that are lists of elements of the first argument.
template <class F>
void each_to_list(std::span<const ColumnView> in, uint64_t rows, ListGather& list, F&& f) {
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

// Writes lists of elements out of two columns: out's elements are those with these ids.
void gather_two(const ColumnView& first, const ColumnView& second, const std::vector<uint64_t>& ids,
                Output& out);

}  // namespace firn::kernels

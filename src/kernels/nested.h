// Copying, comparing and ordering values of any type, nested ones included.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "kernels/kernel.h"

namespace firn::kernels {

inline constexpr uint64_t kNoRow = ~uint64_t{0};  // a NULL

// out[i] = in[rows[i]]; kNoRow gives NULL. `out` has rows.size() rows. Strings are slices of `in`.
void gather(const ColumnView& in, std::span<const uint64_t> rows, Output& out);

// Spark's order: NULLs first, NaN last, false before true, bytes unsigned; structs and arrays
// element by element.
int compare_values(const ColumnView& a, uint64_t row_a, const ColumnView& b, uint64_t row_b);
inline bool equal_values(const ColumnView& a, uint64_t row_a, const ColumnView& b, uint64_t row_b) {
  return compare_values(a, row_a, b, row_b) == 0;
}
// Equal values have equal hashes.
uint64_t hash_of(const ColumnView& column, uint64_t row);

inline ListEntry list_at(const ColumnView& column, uint64_t row) {
  return column.values<ListEntry>()[row];
}

// Collects element rows list by list, then writes them with one gather.
class ListGather {
 public:
  ListGather(const ColumnView& elements, Output& out) : elements_(elements), out_(out) {}
  void add(uint64_t element) { rows_.push_back(element); }
  void end_row(uint64_t row) {
    out_.values<ListEntry>()[row] = {begin_, rows_.size() - begin_};
    begin_ = rows_.size();
  }
  void null_row(uint64_t row) {
    out_.values<ListEntry>()[row] = {begin_, 0};
    out_.set_null(row);
  }
  void finish() {
    out_.resize(rows_.size());
    gather(elements_, rows_, out_.child(0));
  }

 private:
  const ColumnView& elements_;
  Output& out_;
  std::vector<uint64_t> rows_;
  uint64_t begin_ = 0;
};

// Bytes that compare as the values do (order_key.cc).
void append_order_key(std::string& key, const ColumnView& column, uint64_t row);

}  // namespace firn::kernels

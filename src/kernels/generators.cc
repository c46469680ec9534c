// What generators make lists of: with positions, with a row where there is none.
#include "kernels/elements.h"
#include "kernels/kernels.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;

// (position, element), from 0.
void with_positions(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  std::vector<uint64_t> elements;
  std::vector<int32_t> positions;
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t begin = elements.size();
    if (in[0].is_valid(row)) {
      const ListEntry entry = list_at(in[0], row);
      for (uint64_t i = 0; i < entry.length; ++i) {
        elements.push_back(entry.offset + i);
        positions.push_back(static_cast<int32_t>(i));
      }
    } else {
      out.set_null(row);
    }
    out.values<ListEntry>()[row] = {begin, elements.size() - begin};
  }
  out.resize(elements.size());
  Output& pairs = out.child(0);
  for (size_t i = 0; i < positions.size(); ++i) pairs.child(0).values<int32_t>()[i] = positions[i];
  gather(in[0].children[0], elements, pairs.child(1));
}

// A NULL element where the list is NULL or empty.
void outer_rows(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  ListGather list(in[0].children[0], out);
  for (uint64_t row = 0; row < rows; ++row) {
    const ListEntry entry = in[0].is_valid(row) ? list_at(in[0], row) : ListEntry{};
    for (uint64_t i = 0; i < entry.length; ++i) list.add(entry.offset + i);
    if (entry.length == 0) list.add(kNoRow);
    list.end_row(row);
  }
  list.finish();
}

// Elements at the same place as a struct; shorter lists are filled with NULLs.
void arrays_zip(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  std::vector<std::vector<uint64_t>> elements(in.size());
  uint64_t total = 0;
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t begin = total;
    if (all_valid(in, row)) {
      uint64_t longest = 0;
      for (const ColumnView& list : in) longest = std::max(longest, list_at(list, row).length);
      for (size_t c = 0; c < in.size(); ++c) {
        const ListEntry entry = list_at(in[c], row);
        for (uint64_t i = 0; i < longest; ++i)
          elements[c].push_back(i < entry.length ? entry.offset + i : kNoRow);
      }
      total += longest;
    } else {
      out.set_null(row);
    }
    out.values<ListEntry>()[row] = {begin, total - begin};
  }
  out.resize(total);
  for (size_t c = 0; c < in.size(); ++c)
    gather(in[c].children[0], elements[c], out.child(0).child(c));
}

constexpr KernelRow kRowsOfGenerators[] = {
    {"with_positions", with_positions, kSlices},
    {"outer_rows", outer_rows, kSlices},
    {"arrays_zip", arrays_zip, kSlices},
};

}  // namespace

std::span<const KernelRow> generator_kernels() { return kRowsOfGenerators; }

}  // namespace firn::kernels

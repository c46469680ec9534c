// Lists whose elements come from two columns.
#include "kernels/elements.h"

namespace firn::kernels {
namespace {

template <class T>
void copy_two(const ColumnView& first, const ColumnView& second, const std::vector<uint64_t>& ids,
              Output& out) {
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < first.size)
      out.values<T>()[i] = first.values<T>()[ids[i]];
    else if (ids[i] < first.size + second.size)
      out.values<T>()[i] = second.values<T>()[ids[i] - first.size];
  }
}

// out[i] = the element with that id: of the first column below its size, else of the second.
void gather_into(const ColumnView& first, const ColumnView& second,
                 const std::vector<uint64_t>& ids, Output& out) {
  const Elements elements(first, second);
  for (size_t i = 0; i < ids.size(); ++i) {
    const bool none = ids[i] >= first.size + second.size;
    if (none || !elements.column(ids[i]).is_valid(elements.row(ids[i]))) out.set_null(i);
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
        const bool some = row < column.size && column.is_valid(row);
        const ListEntry entry = some ? list_at(column, row) : ListEntry{};
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
      return copy_two<Int128Cell>(first, second, ids, out);
    case Physical::kString:
      return copy_two<StringRef>(first, second, ids, out);
  }
}

}  // namespace

void gather_two(const ColumnView& first, const ColumnView& second, const std::vector<uint64_t>& ids,
                Output& out) {
  out.resize(ids.size());
  gather_into(first, second, ids, out.child(0));
}

}  // namespace firn::kernels

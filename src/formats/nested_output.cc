// Trees of output columns.
#include "formats/nested_output.h"

#include <algorithm>

namespace firn::formats {

using types::DataTypeId;

NestedOutput::NestedOutput(const types::DataType& of, kernels::Output& into)
    : type(of), out(&into) {
  switch (of.id()) {
    case DataTypeId::kStruct:
      for (size_t i = 0; i < of.fields().size(); ++i)
        children.emplace_back(of.fields()[i].type, into.child(i));
      break;
    case DataTypeId::kArray:
      children.emplace_back(of.element(), into.child(0));
      break;
    case DataTypeId::kMap:
      children.emplace_back(of.key(), into.child(0).child(0));
      children.emplace_back(of.value(), into.child(0).child(1));
      break;
    default:
      break;
  }
}

uint64_t NestedOutput::add_element() {
  if (used >= capacity) {
    capacity = std::max<uint64_t>(64, capacity * 2);
    out->resize(capacity);
  }
  return used++;
}

void NestedOutput::set_null(uint64_t row) {
  out->set_null(row);
  if (type.id() == DataTypeId::kStruct) {
    for (NestedOutput& child : children) child.set_null(row);
  } else if (type.id() == DataTypeId::kArray || type.id() == DataTypeId::kMap) {
    out->values<kernels::ListEntry>()[row] = {used, 0};
  }
}

void NestedOutput::put_decimal(uint64_t row, __int128 unscaled) {
  switch (out->physical()) {
    case kernels::Physical::kInt16:
      return put<int16_t>(row, static_cast<int16_t>(unscaled));
    case kernels::Physical::kInt32:
      return put<int32_t>(row, static_cast<int32_t>(unscaled));
    case kernels::Physical::kInt64:
      return put<int64_t>(row, static_cast<int64_t>(unscaled));
    default:
      return put<kernels::Int128Cell>(row, unscaled);
  }
}

void NestedOutput::trim() {
  if (type.id() == DataTypeId::kArray || type.id() == DataTypeId::kMap) out->resize(used);
  for (NestedOutput& child : children) child.trim();
}

}  // namespace firn::formats

// Output columns of any type that are filled value by value; lists grow as they are filled.
#pragma once

#include <vector>

#include "kernels/kernel.h"
#include "types/data_type.h"

namespace firn::formats {

struct NestedOutput {
  types::DataType type;
  kernels::Output* out = nullptr;
  uint64_t used = 0, capacity = 0;     // of a list's elements
  std::vector<NestedOutput> children;  // struct: fields; array: element; map: key and value

  NestedOutput(const types::DataType& of, kernels::Output& into);
  // A slot behind the list's last element; children may be written there then.
  uint64_t add_element();
  void set_null(uint64_t row);  // struct children too
  template <class T>
  void put(uint64_t row, T value) {
    out->values<T>()[row] = value;
  }
  void put_decimal(uint64_t row, __int128 unscaled);
  void trim();  // lists to what was used; once, at the end
};

}  // namespace firn::formats

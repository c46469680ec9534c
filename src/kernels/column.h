// Columns as kernels, state operators and the engine pass them: spans of values and validity, in
// the layout that the engine's vectors have, so that nothing is copied. No engine headers here.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace firn::kernels {

// 16 bytes: length, then 12 inline bytes, or a 4-byte prefix and a pointer. Unused inline bytes are
// zero.
struct StringRef {
  uint32_t length = 0;
  char prefix[4] = {};
  union {
    char rest[8];
    const char* pointer;
  };
  StringRef() : rest{} {}
  StringRef(const char* data, uint32_t size)
      : length(size), rest{} {  // data must outlive the ref where size > 12
    if (size <= 12) {
      std::memcpy(prefix, data, size < 4 ? size : 4);
      if (size > 4) std::memcpy(rest, data + 4, size - 4);
    } else {
      std::memcpy(prefix, data, 4);
      pointer = data;
    }
  }
  const char* data() const { return length <= 12 ? prefix : pointer; }
  std::string_view view() const { return {data(), length}; }
};
static_assert(sizeof(StringRef) == 16);

// 128 bits as the engine's vectors hold them: aligned to 8 bytes, where a __int128 wants 16.
__extension__ struct __attribute__((packed, aligned(8))) Int128Cell {
  __int128 value;

  Int128Cell() = default;
  Int128Cell(__int128 number) : value(number) {}
  operator __int128() const { return value; }
};

struct ListEntry {
  uint64_t offset = 0;
  uint64_t length = 0;
};

enum class Physical : uint8_t {
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kInt128,
  kFloat,
  kDouble,
  kString,
  kList,
  kStruct
};

inline constexpr size_t kValueAlignment = 8;  // of a column's values, at least

// A flat column of `size` rows. validity: one bit a row, set = valid; nullptr = all valid.
// kBool: one byte a row. kList (and maps: list of struct{key,value}): data = ListEntry[],
// children[0] = the elements. kStruct: children only.
struct ColumnView {
  Physical physical = Physical::kInt64;
  const void* data = nullptr;
  const uint64_t* validity = nullptr;
  uint64_t size = 0;
  std::vector<ColumnView> children;

  bool is_valid(uint64_t row) const {
    return validity == nullptr || (validity[row >> 6] >> (row & 63) & 1) != 0;
  }
  template <class T>
  const T* values() const {
    static_assert(alignof(T) <= kValueAlignment);
    return static_cast<const T*>(data);
  }
};

}  // namespace firn::kernels

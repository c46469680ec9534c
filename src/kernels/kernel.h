// What a kernel is: a vectorised function over columns. Kernels know neither the engine nor SQL
// text; they get the argument columns, the call's types and confs, and write one result column.
// They throw firn::Error; the caller adds the position.
#pragma once

#include <any>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/column.h"
#include "types/data_type.h"

namespace firn::kernels {

// A result column of `size` rows that a kernel fills. Rows are valid until set_null; values of null
// rows are unspecified.
class Output {
 public:
  virtual ~Output() = default;

  template <class T>
  T* values() {
    static_assert(alignof(T) <= kValueAlignment);
    return static_cast<T*>(data_);
  }
  Physical physical() const { return physical_; }
  void set_null(uint64_t row) { validity_[row >> 6] &= ~(uint64_t{1} << (row & 63)); }
  uint64_t* validity() { return validity_; }
  uint64_t size() const { return size_; }

  // Strings: copied into the column's memory.
  void set_string(uint64_t row, std::string_view text) {
    if (text.size() <= 12) {
      values<StringRef>()[row] = StringRef(text.data(), static_cast<uint32_t>(text.size()));
      return;
    }
    char* memory = new_bytes(text.size());
    std::memcpy(memory, text.data(), text.size());
    values<StringRef>()[row] = StringRef(memory, static_cast<uint32_t>(text.size()));
  }
  // A part of an argument's text: not copied, the arguments' memory is kept.
  void set_slice(uint64_t row, std::string_view part) {
    values<StringRef>()[row] = StringRef(part.data(), static_cast<uint32_t>(part.size()));
  }
  // Memory that lives as long as the column.
  virtual char* new_bytes(size_t size) = 0;

  // Memory that strings of this column (or of its children) point into lives as long as the column.
  virtual void keep(std::shared_ptr<const void> owner) = 0;

  // Struct children; a list's elements (child 0), a map's struct of key and value (child 0).
  virtual Output& child(size_t index) = 0;
  // Lists: elements must be resized before they are written; keeps what was written.
  virtual void resize(uint64_t size) = 0;

 protected:
  Physical physical_ = Physical::kInt64;
  void* data_ = nullptr;
  uint64_t* validity_ = nullptr;
  uint64_t size_ = 0;
};

enum class Mode : uint8_t {
  kLegacy,
  kAnsi,
  kTry
};  // wrap or NULL as Spark's legacy does; throw; NULL

// The fixed part of one call, made when the query is lowered.
struct CallInfo {
  std::vector<types::DataType> arguments;
  types::DataType result;
  Mode mode = Mode::kAnsi;
  std::string zone = "UTC";
  int64_t seed = 0;
  bool operator==(const CallInfo&) const = default;
};

// What a kernel keeps between the batches of one thread: compiled patterns, generators.
using Scratch = std::any;

using Kernel = void (*)(const CallInfo&, Scratch&, std::span<const ColumnView> arguments,
                        uint64_t rows, Output& out);

enum KernelFlags : uint32_t {
  kNoFlags = 0,
  kNullOnNull = 1,   // rows with a NULL argument are NULL: the kernel needs not look at them, but
                     // may not crash on them
  kSlices = 2,       // uses set_slice
  kFallible = 4,     // may throw
  kNotConstant = 8,  // one result a row even where the arguments are constant (rand)
};

struct KernelRow {
  std::string_view name;
  Kernel kernel;
  uint32_t flags = kNoFlags;
};

// nullptr where there is none.
const KernelRow* find_kernel(std::string_view name);
std::vector<const KernelRow*> all_kernels();

}  // namespace firn::kernels

// Memory for strings that a kernel had to make: grows in blocks, freed as a whole. Not safe for
// concurrent use.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace firn::kernels {

class Arena {
 public:
  char* allocate(size_t size) {
    if (size > left_) grow(size);
    char* const result = at_;
    at_ += size;
    left_ -= size;
    return result;
  }
  // Gives back the tail of the newest allocation.
  void give_back(size_t size) {
    at_ -= size;
    left_ += size;
  }

 private:
  static constexpr size_t kBlock = size_t{64} << 10;
  void grow(size_t size) {
    const size_t block = size > kBlock ? size : kBlock;
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(block));
    at_ = blocks_.back().get();
    left_ = block;
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* at_ = nullptr;
  size_t left_ = 0;
};

}  // namespace firn::kernels

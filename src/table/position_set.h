// Rows of data files by position: one bit a row, so that a statement may touch any number of them.
#pragma once

#include <bit>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace firn::table {

class Positions {  // of one file
 public:
  // False where it was there already.
  bool add(int64_t position) {
    const auto word = static_cast<size_t>(position >> 6);
    if (word >= words_.size()) words_.resize(word + 1 + word / 2);
    const uint64_t bit = uint64_t{1} << (position & 63);
    if ((words_[word] & bit) != 0) return false;
    words_[word] |= bit;
    ++count_;
    return true;
  }
  int64_t count() const { return count_; }
  template <class Visit>
  void for_each(Visit visit) const {  // ascending
    for (size_t i = 0; i < words_.size(); ++i) {
      for (uint64_t word = words_[i]; word != 0; word &= word - 1)
        visit(static_cast<int64_t>(i * 64) + std::countr_zero(word));
    }
  }

 private:
  std::vector<uint64_t> words_;
  int64_t count_ = 0;
};

// Not safe for concurrent use while it grows.
class PositionSet {
 public:
  // False where it was there already.
  bool add(std::string_view file, int64_t position) {
    if (last_ == files_.end() || last_->first != file) {
      last_ = files_.find(file);
      if (last_ == files_.end()) last_ = files_.emplace(std::string(file), Positions{}).first;
    }
    if (!last_->second.add(position)) return false;
    ++count_;
    return true;
  }
  const Positions* find(std::string_view file) const {
    const auto found = files_.find(file);
    return found == files_.end() ? nullptr : &found->second;
  }
  const std::map<std::string, Positions, std::less<>>& files() const { return files_; }
  int64_t count() const { return count_; }
  bool empty() const { return count_ == 0; }

  PositionSet() = default;
  PositionSet(const PositionSet&) = delete;  // last_ points into files_
  PositionSet& operator=(const PositionSet&) = delete;

 private:
  std::map<std::string, Positions, std::less<>> files_;
  std::map<std::string, Positions, std::less<>>::iterator last_ = files_.end();
  int64_t count_ = 0;
};

}  // namespace firn::table

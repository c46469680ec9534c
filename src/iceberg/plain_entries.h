// Passing over the records of manifests at the speed of memory, where they have the shape that all
// known writers give them. Inside this module.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "iceberg/avro_schema.h"

namespace firn::iceberg {

// Avro's bytes without a word about what is wrong with them: where a function answers false, the
// slow way (AvroDecoder) finds out.
class PlainCursor {
 public:
  explicit PlainCursor(std::string_view bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}
  const char* at() const { return at_; }

  bool read(int64_t& number) {
    uint64_t value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      if (at_ == end_) return false;
      const auto byte = static_cast<unsigned char>(*at_++);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) {
        number = static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
        return true;
      }
    }
    return false;  // 64 bits: nobody counts that far
  }
  bool read_bytes(std::string_view& bytes) {
    int64_t length = 0;
    if (!read(length) || length < 0 || length > end_ - at_) return false;
    bytes = {at_, static_cast<size_t>(length)};
    at_ += length;
    return true;
  }
  bool skip(size_t bytes) {
    if (bytes > static_cast<size_t>(end_ - at_)) return false;
    at_ += bytes;
    return true;
  }
  bool skip_numbers(int64_t count) {
    for (; count > 0; --count) {
      const char* const limit = end_ - at_ > kLongest ? at_ + kLongest : end_;
      while (at_ < limit && (*at_ & 0x80) != 0) ++at_;
      if (at_ == limit) return false;
      ++at_;
    }
    return true;
  }
  bool starts_with(std::string_view bytes) const {
    return std::string_view(at_, static_cast<size_t>(end_ - at_)).starts_with(bytes);
  }
  // Of an array's or map's next block, 0 at its end.
  bool read_count(int64_t& count) {
    int64_t size = 0;
    if (!read(count)) return false;
    if (count < 0) {
      count = -count;
      if (!read(size)) return false;
    }
    return count <= end_ - at_;  // none of these items is empty
  }

 private:
  static constexpr int kLongest = 10;  // bytes of a number
  const char* at_;
  const char* end_;
};

// What the parts of an entry are, and how to pass over them.
struct PlainEntries {
  enum class Kind : uint8_t {
    kNumber,
    kFixed,
    kBytes,
    kNumbers,
    kNumberPairs,
    kBytesPairs,
    kTuple
  };
  struct Part {
    Kind kind = Kind::kNumber;
    int null_branch = -1;     // of a union with null; -1: no union
    size_t size = 0;          // kFixed
    std::vector<Part> parts;  // kTuple
    int field_id = -1;
    int node = 0;          // of the schema; a union's other branch
    bool of_file = false;  // else of the entry itself
    uint8_t role = 0;      // for who walks
  };
  std::vector<Part> parts;  // the entry's, with those of its data file in their place

  // Nothing where a part is of some other kind.
  static std::optional<PlainEntries> of(const AvroSchema& schema);

  // Calls `take(part, cursor)` for each part that is not null: 0 leaves the value, 1 has consumed
  // it, -1 gives up. False where the record is not what it should be, or `take` gave up.
  template <typename Take>
  bool walk(PlainCursor& cursor, Take take) const {
    for (const Part& part : parts) {
      bool is_null = false;
      if (!resolve(part, cursor, is_null)) return false;
      if (is_null) continue;
      const int taken = take(part, cursor);
      if (taken < 0 || (taken == 0 && !skip(part, cursor))) return false;
    }
    return true;
  }
  // Past a value whose union is resolved.
  static bool skip(const Part& part, PlainCursor& cursor);

 private:
  static bool resolve(const Part& part, PlainCursor& cursor, bool& is_null) {
    if (part.null_branch < 0) return true;
    int64_t branch = 0;
    if (!cursor.read(branch) || branch < 0 || branch > 1) return false;
    is_null = branch == part.null_branch;
    return true;
  }
};

// The pairs of a metrics map: `of_number(id, count)` or `of_bytes(id, bytes)`.
template <typename OfNumber, typename OfBytes>
bool read_plain_pairs(PlainEntries::Kind kind, PlainCursor& cursor, OfNumber of_number,
                      OfBytes of_bytes) {
  int64_t count = 0;
  while (true) {
    if (!cursor.read_count(count)) return false;
    if (count == 0) return true;
    for (; count > 0; --count) {
      int64_t id = 0, number = 0;
      std::string_view bytes;
      if (!cursor.read(id) || id < std::numeric_limits<int>::min() ||
          id > std::numeric_limits<int>::max())
        return false;
      if (kind == PlainEntries::Kind::kNumberPairs) {
        if (!cursor.read(number)) return false;
        of_number(static_cast<int>(id), number);
      } else {
        if (!cursor.read_bytes(bytes)) return false;
        of_bytes(static_cast<int>(id), bytes);
      }
    }
  }
}

}  // namespace firn::iceberg

// Java's DateTimeFormatter patterns, as far as Spark allows them: formatting and strict parsing,
// English names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/time_zone.h"

namespace firn::kernels {

class DateTimePattern {
 public:
  // Throws INVALID_DATETIME_PATTERN.* for letters that Spark refuses.
  explicit DateTimePattern(std::string_view pattern);

  // `offset_seconds` and `zone_id` serve the letters X, x, Z, O, z and V.
  void format(std::string& out, int64_t local_us, int32_t offset_seconds,
              std::string_view zone_id) const;

  struct Parsed {
    int64_t local_us = 0;
    std::optional<int32_t> offset_seconds;
    std::string zone_id;  // of the letter V, "" where there was none
  };
  // The whole text must match, and 64 bits of µs hold it. Absent fields: 1970-01-01 00:00:00.
  std::optional<Parsed> parse(std::string_view text) const;

 private:
  struct Item {
    char letter = 0;  // 0: literal text; '[' and ']': an optional section
    int count = 0;
    std::string text;
  };
  struct Fields;
  bool parse_items(size_t item, size_t end, std::string_view text, size_t& at,
                   Fields& fields) const;
  bool parse_item(size_t item, std::string_view text, size_t& at, Fields& fields) const;
  bool next_is_number(size_t item) const;
  void format_item(std::string& out, const Item& item, int64_t local_us, int32_t offset_seconds,
                   std::string_view zone_id) const;

  std::vector<Item> items_;
};

}  // namespace firn::kernels

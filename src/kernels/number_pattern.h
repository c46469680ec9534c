// Patterns of to_char and to_number: [S|MI][$][0|9|G|,]…[.|D][0|9]…[$][PR|MI|S].
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/decimal.h"

namespace firn::kernels {

struct NumberPattern {
  enum class Part : uint8_t { kDigits, kSeparator, kPoint, kDollar, kSign, kMinus, kOpen, kClose };
  struct Token {
    Part part;
    int count = 0;       // kDigits
    bool exact = false;  // kDigits: they began with 0
  };
  std::vector<Token> tokens;
  int before = 0, after = 0;  // digits around the point

  int precision() const { return before + after; }
  int scale() const { return after; }
};

// Throws INVALID_FORMAT.* with Spark's reasons.
NumberPattern parse_number_pattern(std::string_view pattern);

// The text; digits that the pattern has no room for become #.
std::string format_number(const NumberPattern& pattern, Int128 unscaled, int scale);
// The number at the pattern's scale; nullopt where the text does not match.
std::optional<Int128> parse_number(const NumberPattern& pattern, std::string_view text);

}  // namespace firn::kernels

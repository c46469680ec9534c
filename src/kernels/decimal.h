// Exact decimal arithmetic: 256-bit integers, rounding HALF_UP, precision checks, text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace firn::kernels {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

// A signed 256-bit integer: the product of two decimals never leaves it.
class Wide {
 public:
  Wide() = default;
  Wide(Int128 value) : high_(value < 0 ? ~Uint128{0} : 0), low_(static_cast<Uint128>(value)) {}

  bool negative() const { return static_cast<Int128>(high_) < 0; }
  bool is_zero() const { return high_ == 0 && low_ == 0; }
  Wide operator-() const;
  friend Wide operator+(const Wide& a, const Wide& b);
  friend Wide operator-(const Wide& a, const Wide& b) { return a + -b; }
  friend Wide operator*(const Wide& a, const Wide& b);
  // Truncating, like integers. b is not zero.
  friend Wide operator/(const Wide& a, const Wide& b);
  friend Wide operator%(const Wide& a, const Wide& b);
  friend bool operator==(const Wide&, const Wide&) = default;
  friend bool operator<(const Wide& a, const Wide& b);

  std::optional<Int128> narrow() const;  // nullopt where 128 bits do not hold it

 private:
  static void divide(Wide a, Wide b, Wide& quotient, Wide& remainder);  // both positive
  Uint128 high_ = 0, low_ = 0;
};

Wide power_of_ten(int exponent);          // 0 … 76
Int128 small_power_of_ten(int exponent);  // 0 … 38
Wide divide_half_up(const Wide& numerator, const Wide& denominator);
// value at `from` digits behind the point → at `to` digits, HALF_UP. nullopt where 128 bits do not
// hold it.
std::optional<Int128> rescale(const Wide& value, int from, int to);
bool fits_precision(Int128 value, int precision);

// Plain notation: "-12.50", "0.00".
std::string decimal_text(const Wide& value, int scale);
// As Java's BigDecimal reads it: sign, digits, point, exponent. The value at `scale` digits,
// HALF_UP; nullopt where the text is no number; `overflow` where the digits do not fit `precision`.
std::optional<Int128> parse_decimal(std::string_view text, int precision, int scale,
                                    bool& overflow);

// Throws Spark's NUMERIC_VALUE_OUT_OF_RANGE.
[[noreturn]] void throw_decimal_overflow(const Wide& value, int value_scale, int precision,
                                         int scale);

}  // namespace firn::kernels

// 256-bit integers from two 128-bit halves, and the decimal rules on top of them.
#include "kernels/decimal.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace firn::kernels {
namespace {

Uint128 high_half(Uint128 value) { return value >> 64; }
Uint128 low_half(Uint128 value) { return static_cast<uint64_t>(value); }

// The full product of two unsigned 128-bit integers.
void multiply_full(Uint128 a, Uint128 b, Uint128& high, Uint128& low) {
  const Uint128 ll = low_half(a) * low_half(b), lh = low_half(a) * high_half(b);
  const Uint128 hl = high_half(a) * low_half(b), hh = high_half(a) * high_half(b);
  const Uint128 middle = high_half(ll) + low_half(lh) + low_half(hl);
  low = (middle << 64) | low_half(ll);
  high = hh + high_half(lh) + high_half(hl) + high_half(middle);
}

std::array<Wide, 77> make_powers() {
  std::array<Wide, 77> powers;
  powers[0] = Wide(1);
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * Wide(10);
  return powers;
}

}  // namespace

Wide Wide::operator-() const {
  Wide result;
  result.low_ = ~low_ + 1;
  result.high_ = ~high_ + (result.low_ == 0 ? 1 : 0);
  return result;
}

Wide operator+(const Wide& a, const Wide& b) {
  Wide result;
  result.low_ = a.low_ + b.low_;
  result.high_ = a.high_ + b.high_ + (result.low_ < a.low_ ? 1 : 0);
  return result;
}

Wide operator*(const Wide& a, const Wide& b) {
  const bool negative = a.negative() != b.negative();
  const Wide x = a.negative() ? -a : a, y = b.negative() ? -b : b;
  Wide result;
  multiply_full(x.low_, y.low_, result.high_, result.low_);
  result.high_ += x.high_ * y.low_ + x.low_ * y.high_;
  return negative ? -result : result;
}

bool operator<(const Wide& a, const Wide& b) {
  if (a.high_ != b.high_) return static_cast<Int128>(a.high_) < static_cast<Int128>(b.high_);
  return a.low_ < b.low_;
}

void Wide::divide(Wide a, Wide b, Wide& quotient, Wide& remainder) {
  if (a.high_ == 0 && b.high_ == 0) {
    quotient = Wide();
    quotient.low_ = a.low_ / b.low_;
    remainder = Wide();
    remainder.low_ = a.low_ % b.low_;
    return;
  }
  quotient = Wide();
  remainder = Wide();
  for (int bit = 255; bit >= 0; --bit) {
    remainder.high_ = (remainder.high_ << 1) | (remainder.low_ >> 127);
    remainder.low_ <<= 1;
    remainder.low_ |= bit >= 128 ? (a.high_ >> (bit - 128)) & 1 : (a.low_ >> bit) & 1;
    if (remainder < b) continue;
    remainder = remainder - b;
    if (bit >= 128)
      quotient.high_ |= Uint128{1} << (bit - 128);
    else
      quotient.low_ |= Uint128{1} << bit;
  }
}

Wide operator/(const Wide& a, const Wide& b) {
  Wide quotient, remainder;
  Wide::divide(a.negative() ? -a : a, b.negative() ? -b : b, quotient, remainder);
  return a.negative() != b.negative() ? -quotient : quotient;
}

Wide operator%(const Wide& a, const Wide& b) {
  Wide quotient, remainder;
  Wide::divide(a.negative() ? -a : a, b.negative() ? -b : b, quotient, remainder);
  return a.negative() ? -remainder : remainder;
}

std::optional<Int128> Wide::narrow() const {
  const bool sign = (low_ >> 127) != 0;
  if (high_ != (sign ? ~Uint128{0} : Uint128{0})) return std::nullopt;
  return static_cast<Int128>(low_);
}

Wide power_of_ten(int exponent) {
  static const std::array<Wide, 77> powers = make_powers();
  FIRN_CHECK(exponent >= 0 && exponent < 77, "a power of ten out of range");
  return powers[static_cast<size_t>(exponent)];
}

Int128 small_power_of_ten(int exponent) { return *power_of_ten(exponent).narrow(); }

Wide divide_half_up(const Wide& numerator, const Wide& denominator) {
  const Wide quotient = numerator / denominator;
  Wide remainder = numerator % denominator;
  if (remainder.negative()) remainder = -remainder;
  const Wide bound = denominator.negative() ? -denominator : denominator;
  if (remainder + remainder < bound) return quotient;
  return numerator.negative() != denominator.negative() ? quotient - Wide(1) : quotient + Wide(1);
}

std::optional<Int128> rescale(const Wide& value, int from, int to) {
  if (from == to) return value.narrow();
  if (from > to) return divide_half_up(value, power_of_ten(from - to)).narrow();
  const std::optional<Int128> narrow = value.narrow();
  if (!narrow) return std::nullopt;
  return (Wide(*narrow) * power_of_ten(to - from)).narrow();
}

bool fits_precision(Int128 value, int precision) {
  const Int128 bound = small_power_of_ten(precision);
  return value < bound && value > -bound;
}

std::string decimal_text(const Wide& value, int scale) {
  const bool negative = value.negative();
  Wide rest = negative ? -value : value;
  std::string digits;
  const Wide billion = power_of_ten(18);
  while (!rest.is_zero()) {
    auto part = static_cast<uint64_t>(*(rest % billion).narrow());
    rest = rest / billion;
    for (int i = 0; i < 18 && (part != 0 || !rest.is_zero()); ++i, part /= 10)
      digits += static_cast<char>('0' + part % 10);
  }
  while (digits.size() <= static_cast<size_t>(scale)) digits += '0';
  std::string text = negative ? "-" : "";
  for (size_t i = digits.size(); i-- > 0;) {
    text += digits[i];
    if (i == static_cast<size_t>(scale) && scale > 0) text += '.';
  }
  return text;
}

namespace {

// Digits without leading zeros, and the power of ten that they are multiplied with.
struct DecimalDigits {
  bool negative = false;
  std::string digits;
  int64_t exponent = 0;
};

std::optional<DecimalDigits> scan_decimal(std::string_view text) {
  DecimalDigits result;
  size_t at = 0;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) result.negative = text[at++] == '-';
  bool any = false, point = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !point) {
      point = true;
    } else if (text[at] >= '0' && text[at] <= '9') {
      any = true;
      if (!result.digits.empty() || text[at] != '0') result.digits += text[at];
      if (point) --result.exponent;
    } else {
      break;
    }
  }
  if (!any) return std::nullopt;
  if (at == text.size()) return result;
  if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
  ++at;
  bool negative = false;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) negative = text[at++] == '-';
  if (at == text.size()) return std::nullopt;
  int64_t exponent = 0;
  for (; at < text.size(); ++at) {
    if (text[at] < '0' || text[at] > '9' || exponent > 1'000'000'000) return std::nullopt;
    exponent = exponent * 10 + (text[at] - '0');
  }
  result.exponent += negative ? -exponent : exponent;
  return result;
}

}  // namespace

std::optional<Int128> parse_decimal(std::string_view text, int precision, int scale,
                                    bool& overflow) {
  overflow = false;
  const std::optional<DecimalDigits> number = scan_decimal(text);
  if (!number) return std::nullopt;
  if (number->digits.empty()) return 0;
  // Digits before the point of the result, before rounding.
  const int64_t integral = static_cast<int64_t>(number->digits.size()) + number->exponent;
  if (integral > precision - scale) {
    overflow = true;
    return std::nullopt;
  }
  const int64_t wanted = integral + scale;  // digits that the result keeps
  if (wanted < 0) return 0;
  Int128 value = 0;
  for (int64_t i = 0; i < wanted; ++i) {
    value = value * 10 + (i < static_cast<int64_t>(number->digits.size())
                              ? number->digits[static_cast<size_t>(i)] - '0'
                              : 0);
  }
  if (wanted < static_cast<int64_t>(number->digits.size()) &&
      number->digits[static_cast<size_t>(wanted)] >= '5')
    ++value;
  if (!fits_precision(value, precision)) {
    overflow = true;
    return std::nullopt;
  }
  return number->negative ? -value : value;
}

void throw_decimal_overflow(const Wide& value, int value_scale, int precision, int scale) {
  throw Error("NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION",
              {{"value", decimal_text(value, value_scale)},
               {"precision", std::to_string(precision)},
               {"scale", std::to_string(scale)},
               {"config", "\"spark.sql.ansi.enabled\""}});
}

}  // namespace firn::kernels

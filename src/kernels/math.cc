// Mathematics: rounding, logarithms and powers with Java's and Spark's edge cases, bits.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/error.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"
#include "kernels/number_text.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using types::DataTypeId;

// ---- double → double
template <double (*f)(double)>
void real(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<double>(in, rows, out, [](double x) { return f(x); });
}
// e to a power as Java's StrictMath computes it (the last bit differs from the C library's): x is
// k * ln 2 + r, and e^r is a rational function of r.
double java_exp(double x) {
  constexpr double kLn2High = 6.93147180369123816490e-01, kLn2Low = 1.90821492927058770002e-10;
  constexpr double kTerms[] = {1.66666666666666019037e-01, -2.77777777770155933842e-03,
                               6.61375632143793436117e-05, -1.65339022054652515390e-06,
                               4.13813679705723846039e-08};
  constexpr double kOverflow = 7.09782712893383973096e+02, kUnderflow = -7.45133219101941108420e+02;
  if (std::isnan(x) || x > kOverflow || x < kUnderflow) return std::exp(x);
  const double size = std::abs(x);
  if (size < 0x1p-28) return 1 + x;
  int k = 0;
  double high = x, low = 0;
  if (size > 0.5 * std::numbers::ln2) {
    if (size < 1.5 * std::numbers::ln2)
      k = x < 0 ? -1 : 1;
    else
      k = static_cast<int>(std::numbers::log2e * x + (x < 0 ? -0.5 : 0.5));
    high = x - k * kLn2High;
    low = k * kLn2Low;
    x = high - low;
  }
  const double t = x * x;
  const double c =
      x - t * (kTerms[0] + t * (kTerms[1] + t * (kTerms[2] + t * (kTerms[3] + t * kTerms[4]))));
  if (k == 0) return 1 - ((x * c) / (c - 2) - x);
  return std::ldexp(1 - ((low - (x * c) / (2 - c)) - high), k);
}
double java_cosh(double x) {
  const double size = std::abs(x);
  if (!(size >= 0.5 * std::numbers::ln2) || size >= 22) return std::cosh(x);
  const double power = java_exp(size);
  return 0.5 * power + 0.5 / power;
}
// As Java's StrictMath: x is 2^k * (1 + f), and ln(1 + f) is a polynomial of f / (2 + f).
double java_log(double x) {
  constexpr double kLn2High = 6.93147180369123816490e-01, kLn2Low = 1.90821492927058770002e-10;
  constexpr double kTerms[] = {6.666666666666735130e-01, 3.999999999940941908e-01,
                               2.857142874366239149e-01, 2.222219843214978396e-01,
                               1.818357216161805012e-01, 1.531383769920937332e-01,
                               1.479819860511658591e-01};
  if (!std::isnormal(x) || x < 0) return std::log(x);
  auto bits = std::bit_cast<uint64_t>(x);
  auto high = static_cast<int32_t>(bits >> 32);
  int k = (high >> 20) - 1023;
  high &= 0xfffff;
  const int32_t above = (high + 0x95f64) & 0x100000;  // 1 + f beyond sqrt(2)
  bits = (bits & 0xffffffff) | static_cast<uint64_t>(high | (above ^ 0x3ff00000)) << 32;
  k += above >> 20;
  const double f = std::bit_cast<double>(bits) - 1;
  if ((0xfffff & (2 + high)) < 3) {
    if (f == 0) return k * kLn2High + k * kLn2Low;
    const double rest = f * f * (0.5 - 0.33333333333333333 * f);
    return k == 0 ? f - rest : k * kLn2High - ((rest - k * kLn2Low) - f);
  }
  const double s = f / (2 + f), z = s * s, w = z * z;
  const double even = w * (kTerms[1] + w * (kTerms[3] + w * kTerms[5]));
  const double odd = z * (kTerms[0] + w * (kTerms[2] + w * (kTerms[4] + w * kTerms[6])));
  const double rest = odd + even;
  if (((high - 0x6147a) | (0x6b851 - high)) > 0) {
    const double half = 0.5 * f * f;
    return k == 0 ? f - (half - s * (half + rest))
                  : k * kLn2High - ((half - (s * (half + rest) + k * kLn2Low)) - f);
  }
  return k == 0 ? f - s * (f - rest) : k * kLn2High - ((s * (f - rest) - k * kLn2Low) - f);
}
double binary_log(double x) { return java_log(x) / std::numbers::ln2; }

// Logarithms are NULL where the argument is not above `bound`.
template <double (*f)(double), int bound>
void logarithm(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<double>(in, rows, out, [](double x) -> std::optional<double> {
    if (x <= bound) return std::nullopt;
    return f(x);
  });
}
void log(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  if (in.size() == 1) return logarithm<java_log, 0>(info, scratch, in, rows, out);
  map_rows<double, double>(in, rows, out, [](double base, double x) -> std::optional<double> {
    if (x <= 0 || base <= 0) return std::nullopt;
    return java_log(x) / java_log(base);
  });
}
template <double (*f)(double, double)>
void real2(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<double, double>(in, rows, out, [](double x, double y) { return f(x, y); });
}
double sign(double x) { return std::isnan(x) || x == 0 ? x : x < 0 ? -1.0 : 1.0; }
double cotangent(double x) { return 1.0 / std::tan(x); }
double angle(double y, double x) { return std::atan2(y + 0.0, x + 0.0); }  // no -0.0
double secant(double x) { return 1.0 / std::cos(x); }
double cosecant(double x) { return 1.0 / std::sin(x); }
// As Java code does without inverse hyperbolic functions of its own.
double area_sine(double x) {
  return std::isinf(x) ? x
         : x >= 0      ? std::log(x + std::sqrt(x * x + 1.0))
                       : -std::log(-x + std::sqrt(x * x + 1.0));
}
double area_cosine(double x) { return std::log(x + std::sqrt(x * x - 1.0)); }
double area_tangent(double x) { return 0.5 * (std::log1p(x) - std::log1p(-x)); }
double degrees(double x) { return x * (180.0 / std::numbers::pi); }
// Rounded correctly, which the double version is not.
double cube_root(double x) { return static_cast<double>(cbrtl(static_cast<long double>(x))); }
double radians(double x) { return x / 180.0 * std::numbers::pi; }
// Java: |x| = 1 to an infinite power and 1 to NaN give NaN; C gives 1.
double power(double x, double y) {
  if (std::isnan(y) || (std::fabs(x) == 1 && std::isinf(y)))
    return std::numeric_limits<double>::quiet_NaN();
  return std::pow(x, y);
}

// ---- Rounding
enum class Rounding { kHalfUp, kHalfEven, kCeiling, kFloor };

// value ÷ 10^drop, rounded.
Wide round_digits(const Wide& value, int drop, Rounding rounding) {
  const Wide unit = power_of_ten(drop);
  const Wide quotient = value / unit, remainder = value % unit;
  if (remainder.is_zero()) return quotient;
  const bool negative = value.negative();
  const Wide away = negative ? quotient - Wide(1) : quotient + Wide(1);
  if (rounding == Rounding::kCeiling) return negative ? quotient : away;
  if (rounding == Rounding::kFloor) return negative ? away : quotient;
  const Wide magnitude = remainder.negative() ? -remainder : remainder;
  const Wide twice = magnitude + magnitude;
  if (twice < unit) return quotient;
  if (unit < twice || rounding == Rounding::kHalfUp) return away;
  return (quotient % Wide(2)).is_zero() ? quotient : away;
}

// A decimal with `scale` digits behind the point at `wanted` digits (which may be negative), then
// at the result's scale.
std::optional<Decimal128> round_decimal(const CallInfo& info, Int128 value, int scale, int wanted,
                                        Rounding rounding) {
  Wide rounded(value);
  int at = scale;
  if (wanted < scale) {
    const int drop = scale - wanted;
    rounded = drop > 76 ? Wide(0) : round_digits(rounded, drop, rounding);
    at = wanted;
  }
  if (at < info.result.scale())
    rounded = rounded * power_of_ten(std::min(info.result.scale() - at, 76));
  const std::optional<Int128> narrow = rounded.narrow();
  if (narrow && fits_precision(*narrow, info.result.precision())) return Decimal128{*narrow};
  if (info.mode == Mode::kAnsi)
    throw_decimal_overflow(rounded, info.result.scale(), info.result.precision(),
                           info.result.scale());
  return std::nullopt;
}

// As BigDecimal of the shortest text: 2.675 rounds as its text says.
template <class T>
T round_floating(T value, int wanted, Rounding rounding) {
  if (std::isnan(value) || std::isinf(value) || value == 0) return value;
  const std::string text = java_text(value);
  bool overflow = false;
  // Digits beyond 38 cannot matter: a double has 17.
  const int digits_before =
      static_cast<int>(std::floor(std::log10(std::fabs(static_cast<double>(value))))) + 1;
  if (wanted >= 17 - digits_before) return value;
  if (digits_before > 20) {
    const int drop = -wanted;
    if (drop <= 0) return value;
  }
  const int scale = std::clamp(18 - digits_before, 0, 37);
  const std::optional<Int128> exact = parse_decimal(text, 38, scale, overflow);
  if (!exact || wanted >= scale) return value;
  const int drop = scale - wanted;
  if (drop > 38) return 0;
  const Wide rounded = round_digits(Wide(*exact), drop, rounding) * power_of_ten(drop);
  return static_cast<T>(*parse_double(decimal_text(rounded, scale)));
}

int round_scale(Columns in) { return in.size() > 1 ? in[1].values<int32_t>()[0] : 0; }

template <Rounding rounding>
void round(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  if (rows == 0) return;
  if (in.size() > 1 && !in[1].is_valid(0)) {
    for (uint64_t row = 0; row < rows; ++row) out.set_null(row);
    return;
  }
  const int wanted = round_scale(in);
  switch (info.arguments[0].id()) {
    case DataTypeId::kDecimal:
      return map_rows<Decimal128>(in, rows, out, [&](Decimal128 x) {
        return round_decimal(info, x.unscaled, info.arguments[0].scale(), wanted, rounding);
      });
    case DataTypeId::kDouble:
      return map_rows<double>(in, rows, out,
                              [&](double x) { return round_floating(x, wanted, rounding); });
    case DataTypeId::kFloat:
      return map_rows<float>(in, rows, out,
                             [&](float x) { return round_floating(x, wanted, rounding); });
    default:
      return map_rows<AnyInt>(in, rows, out, [&](AnyInt x) -> AnyInt {
        if (wanted >= 0) return x;
        if (wanted < -38) return {0};
        const Wide rounded = round_digits(Wide(x.value), -wanted, rounding) * power_of_ten(-wanted);
        const std::optional<Int128> narrow = rounded.narrow();
        const Int128 limit = info.result.id() == DataTypeId::kLong      ? Int128{INT64_MAX}
                             : info.result.id() == DataTypeId::kInteger ? Int128{INT32_MAX}
                             : info.result.id() == DataTypeId::kShort   ? Int128{INT16_MAX}
                                                                        : Int128{INT8_MAX};
        if (info.mode == Mode::kAnsi && (!narrow || *narrow > limit || *narrow < -limit - 1)) {
          throw Error("ARITHMETIC_OVERFLOW", {{"message", "Overflow"},
                                              {"alternative", ""},
                                              {"config", "\"spark.sql.ansi.enabled\""}});
        }
        return {static_cast<int64_t>(narrow.value_or(0))};
      });
  }
}

// ceil and floor: BIGINT of doubles, a decimal of decimals; with a scale, decimals.
template <Rounding rounding>
void ceil_or_floor(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  const DataTypeId from = info.arguments[0].id();
  if (info.result.id() == DataTypeId::kLong && from == DataTypeId::kDouble) {
    map_rows<double>(in, rows, out, [](double x) -> int64_t {
      const double whole = rounding == Rounding::kCeiling ? std::ceil(x) : std::floor(x);
      if (std::isnan(whole)) return 0;
      if (whole >= 9223372036854775807.0) return INT64_MAX;
      if (whole <= -9223372036854775808.0) return INT64_MIN;
      return static_cast<int64_t>(whole);
    });
  } else if (info.result.id() == DataTypeId::kLong) {
    map_rows<AnyInt>(in, rows, out, [](AnyInt x) { return x; });
  } else {
    round<rounding>(info, scratch, in, rows, out);
  }
}

// ---- Whole numbers and bits
void factorial(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int32_t>(in, rows, out, [](int32_t n) -> std::optional<int64_t> {
    if (n < 0 || n > 20) return std::nullopt;
    int64_t product = 1;
    for (int32_t i = 2; i <= n; ++i) product *= i;
    return product;
  });
}
void bit_count(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  const bool boolean = info.arguments[0].id() == DataTypeId::kBoolean;
  map_rows<AnyInt>(in, rows, out, [&](AnyInt x) {
    return static_cast<int32_t>(boolean ? x.value != 0
                                        : __builtin_popcountll(static_cast<uint64_t>(x.value)));
  });
}
void bit_get(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  const DataTypeId type = info.arguments[0].id();
  const int bits = type == DataTypeId::kByte      ? 8
                   : type == DataTypeId::kShort   ? 16
                   : type == DataTypeId::kInteger ? 32
                                                  : 64;
  map_rows<AnyInt, int32_t>(in, rows, out, [&](AnyInt x, int32_t position) {
    if (position < 0 || position >= bits) {
      throw Error("INVALID_PARAMETER_VALUE.BIT_POSITION_RANGE",
                  {{"functionName", "`bit_get`"},
                   {"parameter", "`pos`"},
                   {"upper", std::to_string(bits)},
                   {"invalidValue", std::to_string(position)}});
    }
    return static_cast<int8_t>(x.value >> position & 1);
  });
}
enum class Bits { kAnd, kOr, kXor };
template <Bits op>
void bits(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<AnyInt, AnyInt>(in, rows, out, [](AnyInt a, AnyInt b) {
    return AnyInt{op == Bits::kAnd  ? a.value & b.value
                  : op == Bits::kOr ? a.value | b.value
                                    : a.value ^ b.value};
  });
}
void complement(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<AnyInt>(in, rows, out, [](AnyInt a) { return AnyInt{~a.value}; });
}
enum class Shift { kLeft, kRight, kRightUnsigned };
template <Shift op, class T, class U>
T shifted(T x, int32_t by) {
  const int n = by & (static_cast<int>(sizeof(T)) * 8 - 1);  // as Java
  if (op == Shift::kLeft) return static_cast<T>(static_cast<U>(x) << n);
  return op == Shift::kRight ? static_cast<T>(x >> n) : static_cast<T>(static_cast<U>(x) >> n);
}
template <Shift op>
void shift(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  if (info.result.id() == DataTypeId::kLong) {
    map_rows<int64_t, int32_t>(
        in, rows, out, [](int64_t x, int32_t by) { return shifted<op, int64_t, uint64_t>(x, by); });
  } else {
    map_rows<int32_t, int32_t>(
        in, rows, out, [](int32_t x, int32_t by) { return shifted<op, int32_t, uint32_t>(x, by); });
  }
}
void width_bucket(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<double, double, double, int64_t>(
      in, rows, out,
      [](double x, double low, double high, int64_t count) -> std::optional<int64_t> {
        if (count <= 0 || count == INT64_MAX || std::isnan(x) || low == high ||
            !std::isfinite(low) || !std::isfinite(high))
          return std::nullopt;
        const double lower = std::min(low, high), upper = std::max(low, high);
        if (low < high) {
          if (x < lower) return 0;
          if (x >= upper) return count + 1;
          return static_cast<int64_t>(static_cast<double>(count) * (x - lower) / (upper - lower)) +
                 1;
        }
        if (x > upper) return 0;
        if (x <= lower) return count + 1;
        return static_cast<int64_t>(static_cast<double>(count) * (upper - x) / (upper - lower)) + 1;
      });
}
void isnan(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  const bool single = info.arguments[0].id() == DataTypeId::kFloat;
  for (uint64_t row = 0; row < rows; ++row) {
    out.values<bool>()[row] =
        in[0].is_valid(row) &&
        (single ? std::isnan(in[0].values<float>()[row]) : std::isnan(in[0].values<double>()[row]));
  }
}
void nanvl(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  if (info.result.id() == DataTypeId::kFloat)
    map_rows<float, float>(in, rows, out, [](float a, float b) { return std::isnan(a) ? b : a; });
  else
    map_rows<double, double>(in, rows, out,
                             [](double a, double b) { return std::isnan(a) ? b : a; });
}

// ---- Errors on request
void raise_error(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output&) {
  for (uint64_t row = 0; row < rows; ++row) {
    throw Error(
        "USER_RAISED_EXCEPTION",
        {{"errorMessage",
          in[0].is_valid(row) ? std::string(in[0].values<StringRef>()[row].view()) : "null"}});
  }
}
void raise_not_null(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output&) {
  for (uint64_t row = 0; row < rows; ++row) {
    throw Error("NOT_NULL_ASSERT_VIOLATION",
                {{"walkedTypePath", std::string(in[0].values<StringRef>()[row].view())}});
  }
}
void assert_true(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  for (uint64_t row = 0; row < rows; ++row) {
    out.set_null(row);
    if (in[0].is_valid(row) && in[0].values<uint8_t>()[row] != 0) continue;
    const bool message = in.size() > 1 && in[1].is_valid(row);
    throw Error("USER_RAISED_EXCEPTION",
                {{"errorMessage", message ? std::string(in[1].values<StringRef>()[row].view())
                                          : "The condition is not true!"}});
  }
}

constexpr uint32_t kMathStrict = kNullOnNull;
constexpr KernelRow kRowsOfMath[] = {
    {"sign", real<sign>, kMathStrict},
    {"ceil", ceil_or_floor<Rounding::kCeiling>, kMathStrict | kFallible},
    {"floor", ceil_or_floor<Rounding::kFloor>, kMathStrict | kFallible},
    {"round", round<Rounding::kHalfUp>, kMathStrict | kFallible},
    {"bround", round<Rounding::kHalfEven>, kMathStrict | kFallible},
    {"rint", real<std::nearbyint>, kMathStrict},
    {"sqrt", real<std::sqrt>, kMathStrict},
    {"cbrt", real<cube_root>, kMathStrict},
    {"exp", real<java_exp>, kMathStrict},
    {"expm1", real<std::expm1>, kMathStrict},
    {"ln", logarithm<java_log, 0>, kMathStrict},
    {"log", log, kMathStrict},
    {"log10", logarithm<std::log10, 0>, kMathStrict},
    {"log2", logarithm<binary_log, 0>, kMathStrict},
    {"log1p", logarithm<std::log1p, -1>, kMathStrict},
    {"pow", real2<power>, kMathStrict},
    {"hypot", real2<std::hypot>, kMathStrict},
    {"sin", real<std::sin>, kMathStrict},
    {"cos", real<std::cos>, kMathStrict},
    {"tan", real<std::tan>, kMathStrict},
    {"sec", real<secant>, kMathStrict},
    {"csc", real<cosecant>, kMathStrict},
    {"asinh", real<area_sine>, kMathStrict},
    {"acosh", real<area_cosine>, kMathStrict},
    {"atanh", real<area_tangent>, kMathStrict},
    {"cot", real<cotangent>, kMathStrict},
    {"asin", real<std::asin>, kMathStrict},
    {"acos", real<std::acos>, kMathStrict},
    {"atan", real<std::atan>, kMathStrict},
    {"atan2", real2<angle>, kMathStrict},
    {"sinh", real<std::sinh>, kMathStrict},
    {"cosh", real<java_cosh>, kMathStrict},
    {"tanh", real<std::tanh>, kMathStrict},
    {"degrees", real<degrees>, kMathStrict},
    {"radians", real<radians>, kMathStrict},
    {"factorial", factorial, kMathStrict},
    {"width_bucket", width_bucket, kMathStrict},
    {"bit_count", bit_count, kMathStrict},
    {"bit_get", bit_get, kMathStrict | kFallible},
    {"bit_and_of", bits<Bits::kAnd>, kMathStrict},
    {"bit_or_of", bits<Bits::kOr>, kMathStrict},
    {"bit_xor_of", bits<Bits::kXor>, kMathStrict},
    {"bit_not_of", complement, kMathStrict},
    {"shiftleft", shift<Shift::kLeft>, kMathStrict},
    {"shiftright", shift<Shift::kRight>, kMathStrict},
    {"shiftrightunsigned", shift<Shift::kRightUnsigned>, kMathStrict},
    {"isnan", isnan, kNoFlags},
    {"nanvl", nanvl, kMathStrict},
    {"raise_error", raise_error, kFallible},
    {"raise_not_null", raise_not_null, kFallible},
    {"assert_true", assert_true, kFallible},
};

}  // namespace

std::span<const KernelRow> math_kernels() { return kRowsOfMath; }

}  // namespace firn::kernels

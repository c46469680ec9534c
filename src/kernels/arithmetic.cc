// + - * / div % pmod, negation and absolute value over every numeric type, with Spark's overflow
// rules.
#include <cmath>
#include <limits>

#include "base/error.h"
#include "kernels/decimal.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"

namespace firn::kernels {
namespace {

using types::DataTypeId;

[[noreturn]] void throw_overflow(const char* type, std::string_view hint) {
  throw Error(
      "ARITHMETIC_OVERFLOW",
      {{"message", std::string(type) + " overflow"},
       {"alternative", hint.empty() ? ""
                                    : " Use '" + std::string(hint) +
                                          "' to tolerate overflow and return NULL instead."},
       {"config", "\"spark.sql.ansi.enabled\""}});
}
// Of bytes and shorts, with their literals' suffix.
[[noreturn]] void throw_narrow_overflow(int a, std::string_view symbol, int b, char suffix,
                                        std::string_view hint) {
  throw Error("BINARY_ARITHMETIC_OVERFLOW", {{"value1", std::to_string(a) + suffix},
                                             {"symbol", std::string(symbol)},
                                             {"value2", std::to_string(b) + suffix},
                                             {"functionName", "`" + std::string(hint) + "`"}});
}
[[noreturn]] void throw_divide_by_zero() {
  throw Error("DIVIDE_BY_ZERO", {{"config", "\"spark.sql.ansi.enabled\""}});
}

template <class T>
const char* java_name() {
  if constexpr (sizeof(T) == 8) return "long";
  if constexpr (sizeof(T) == 4) return "integer";
  if constexpr (sizeof(T) == 2) return "short";
  return "byte";
}

struct Add {
  static constexpr std::string_view kHint = "try_add";
  static constexpr std::string_view kSymbol = "+";
  template <class T>
  static bool overflows(T a, T b, T& out) {
    return __builtin_add_overflow(a, b, &out);
  }
  template <class T>
  static T apply(T a, T b) {
    return a + b;
  }
};
struct Subtract {
  static constexpr std::string_view kHint = "try_subtract";
  static constexpr std::string_view kSymbol = "-";
  template <class T>
  static bool overflows(T a, T b, T& out) {
    return __builtin_sub_overflow(a, b, &out);
  }
  template <class T>
  static T apply(T a, T b) {
    return a - b;
  }
};
struct Multiply {
  static constexpr std::string_view kHint = "try_multiply";
  static constexpr std::string_view kSymbol = "*";
  template <class T>
  static bool overflows(T a, T b, T& out) {
    return __builtin_mul_overflow(a, b, &out);
  }
  template <class T>
  static T apply(T a, T b) {
    return a * b;
  }
};

template <class Op, class T>
void integers(Mode mode, std::span<const ColumnView> in, uint64_t rows, Output& out) {
  if (mode == Mode::kLegacy) {  // wraps around
    map_rows<T, T>(in, rows, out, [](T a, T b) {
      T result;
      Op::overflows(a, b, result);
      return result;
    });
    return;
  }
  map_rows<T, T>(in, rows, out, [mode](T a, T b) -> std::optional<T> {
    T result;
    if (!Op::overflows(a, b, result)) [[likely]]
      return result;
    if (mode == Mode::kTry) return std::nullopt;
    if (sizeof(T) < 4)
      throw_narrow_overflow(static_cast<int>(a), Op::kSymbol, static_cast<int>(b),
                            sizeof(T) == 1 ? 'Y' : 'S', Op::kHint);
    throw_overflow(java_name<T>(), Op::kHint);
  });
}

template <class Op>
void decimals(const CallInfo& info, std::span<const ColumnView> in, uint64_t rows, Output& out);

template <class Op>
void binary(const CallInfo& info, Scratch&, std::span<const ColumnView> in, uint64_t rows,
            Output& out) {
  switch (info.result.id()) {
    case DataTypeId::kByte:
      return integers<Op, int8_t>(info.mode, in, rows, out);
    case DataTypeId::kShort:
      return integers<Op, int16_t>(info.mode, in, rows, out);
    case DataTypeId::kInteger:
    case DataTypeId::kYearMonthInterval:
      return integers<Op, int32_t>(info.mode, in, rows, out);
    case DataTypeId::kLong:
    case DataTypeId::kDayTimeInterval:
      return integers<Op, int64_t>(info.mode, in, rows, out);
    case DataTypeId::kFloat:
      return map_rows<float, float>(in, rows, out,
                                    [](float a, float b) { return Op::apply(a, b); });
    case DataTypeId::kDouble:
      return map_rows<double, double>(in, rows, out,
                                      [](double a, double b) { return Op::apply(a, b); });
    case DataTypeId::kDecimal:
      return decimals<Op>(info, in, rows, out);
    default:
      throw Error("FIRN_INTERNAL", {{"what", "arithmetic over " + info.result.simple_string()}});
  }
}

// ---- Decimals: exact in 256 bits, then rounded HALF_UP to the result's scale and checked against
// its precision.
std::optional<Decimal128> fit(const CallInfo& info, const Wide& value, int scale) {
  const std::optional<Int128> rounded = rescale(value, scale, info.result.scale());
  if (rounded && fits_precision(*rounded, info.result.precision())) return Decimal128{*rounded};
  if (info.mode == Mode::kAnsi)
    throw_decimal_overflow(value, scale, info.result.precision(), info.result.scale());
  return std::nullopt;
}

template <class Op>
void decimals(const CallInfo& info, std::span<const ColumnView> in, uint64_t rows, Output& out) {
  const int s1 = info.arguments[0].scale(), s2 = info.arguments[1].scale();
  map_rows<Decimal128, Decimal128>(
      in, rows, out, [&](Decimal128 a, Decimal128 b) -> std::optional<Decimal128> {
        if constexpr (std::is_same_v<Op, Multiply>) {
          return fit(info, Wide(a.unscaled) * Wide(b.unscaled), s1 + s2);
        } else {
          const int scale = std::max(s1, s2);
          const Wide x = Wide(a.unscaled) * power_of_ten(scale - s1),
                     y = Wide(b.unscaled) * power_of_ten(scale - s2);
          return fit(info, std::is_same_v<Op, Add> ? x + y : x - y, scale);
        }
      });
}

// ---- Division. The right side 0: DIVIDE_BY_ZERO in ANSI mode, NULL else, for doubles too.
template <class T, class F>
void divide_rows(const CallInfo& info, std::span<const ColumnView> in, uint64_t rows, Output& out,
                 F&& f) {
  map_rows<T, T>(in, rows, out, [&](T a, T b) -> std::optional<decltype(f(a, b))> {
    if (b == T{0}) {
      if (info.mode == Mode::kAnsi) throw_divide_by_zero();
      return std::nullopt;
    }
    return f(a, b);
  });
}

void divide_decimals(const CallInfo& info, std::span<const ColumnView> in, uint64_t rows,
                     Output& out) {
  const int s1 = info.arguments[0].scale(), s2 = info.arguments[1].scale();
  const int scale = info.result.scale();
  map_rows<Decimal128, Decimal128>(
      in, rows, out, [&](Decimal128 a, Decimal128 b) -> std::optional<Decimal128> {
        if (b.unscaled == 0) {
          if (info.mode == Mode::kAnsi) throw_divide_by_zero();
          return std::nullopt;
        }
        // a/10^s1 ÷ b/10^s2 with `scale` digits = a·10^(scale - s1 + s2) ÷ b.
        const int shift = scale - s1 + s2;
        const Wide numerator =
            shift >= 0 ? Wide(a.unscaled) * power_of_ten(shift) : Wide(a.unscaled);
        const Wide denominator =
            shift >= 0 ? Wide(b.unscaled) : Wide(b.unscaled) * power_of_ten(-shift);
        return fit(info, divide_half_up(numerator, denominator), scale);
      });
}

void divide(const CallInfo& info, Scratch&, std::span<const ColumnView> in, uint64_t rows,
            Output& out) {
  switch (info.result.id()) {
    case DataTypeId::kDecimal:
      return divide_decimals(info, in, rows, out);
    case DataTypeId::kDouble:
      return divide_rows<double>(info, in, rows, out, [](double a, double b) { return a / b; });
    case DataTypeId::kFloat:
      return divide_rows<float>(info, in, rows, out, [](float a, float b) { return a / b; });
    default:
      throw Error("FIRN_INTERNAL", {{"what", "division to " + info.result.simple_string()}});
  }
}

// `div`: the integral part, always BIGINT (intervals and decimals too).
void integral_divide(const CallInfo& info, Scratch&, std::span<const ColumnView> in, uint64_t rows,
                     Output& out) {
  if (info.arguments[0].id() == DataTypeId::kDecimal) {
    const int s1 = info.arguments[0].scale(), s2 = info.arguments[1].scale(),
              scale = std::max(s1, s2);
    map_rows<Decimal128, Decimal128>(
        in, rows, out, [&](Decimal128 a, Decimal128 b) -> std::optional<int64_t> {
          if (b.unscaled == 0) {
            if (info.mode == Mode::kAnsi) throw_divide_by_zero();
            return std::nullopt;
          }
          const Wide quotient = (Wide(a.unscaled) * power_of_ten(scale - s1)) /
                                (Wide(b.unscaled) * power_of_ten(scale - s2));
          const std::optional<Int128> narrow = rescale(quotient, 0, 0);
          if (!narrow || *narrow > std::numeric_limits<int64_t>::max() ||
              *narrow < std::numeric_limits<int64_t>::min()) {
            if (info.mode == Mode::kAnsi) throw_overflow("long", "try_divide");
            return std::nullopt;
          }
          return static_cast<int64_t>(*narrow);
        });
    return;
  }
  map_rows<AnyInt, AnyInt>(in, rows, out, [&](AnyInt a, AnyInt b) -> std::optional<int64_t> {
    if (b.value == 0) {
      if (info.mode == Mode::kAnsi) throw_divide_by_zero();
      return std::nullopt;
    }
    if (b.value == -1 && a.value == std::numeric_limits<int64_t>::min()) {
      if (info.mode == Mode::kAnsi) throw_overflow("Overflow in integral divide", "try_divide");
      return a.value;
    }
    return a.value / b.value;
  });
}

struct Remainder {
  static int64_t apply(int64_t a, int64_t b) { return b == -1 ? 0 : a % b; }
  static double apply(double a, double b) { return std::fmod(a, b); }
  static Wide apply(const Wide& a, const Wide& b) { return a % b; }
};
// The remainder with the divisor's sign turned positive: ((a % n) + n) % n for negative remainders.
struct PositiveModulo {
  static int64_t apply(int64_t a, int64_t b) {
    const int64_t r = Remainder::apply(a, b);
    if (r >= 0) return r;
    return Remainder::apply(
        static_cast<int64_t>(static_cast<uint64_t>(r) + static_cast<uint64_t>(b)), b);
  }
  static double apply(double a, double b) {
    const double r = std::fmod(a, b);
    return r < 0 ? std::fmod(r + b, b) : r;
  }
  static Wide apply(const Wide& a, const Wide& b) {
    const Wide r = a % b;
    return r < Wide(0) ? (r + b) % b : r;
  }
};

[[noreturn]] void throw_remainder_by_zero() {
  throw Error("REMAINDER_BY_ZERO", {{"config", "\"spark.sql.ansi.enabled\""}});
}

template <class Op>
void modulo(const CallInfo& info, Scratch&, std::span<const ColumnView> in, uint64_t rows,
            Output& out) {
  const auto zero = [&] {
    if (info.mode == Mode::kAnsi) throw_remainder_by_zero();
  };
  if (info.arguments[0].id() == DataTypeId::kDecimal) {
    const int s1 = info.arguments[0].scale(), s2 = info.arguments[1].scale(),
              scale = std::max(s1, s2);
    map_rows<Decimal128, Decimal128>(
        in, rows, out, [&](Decimal128 a, Decimal128 b) -> std::optional<Decimal128> {
          if (b.unscaled == 0) return zero(), std::nullopt;
          return fit(info,
                     Op::apply(Wide(a.unscaled) * power_of_ten(scale - s1),
                               Wide(b.unscaled) * power_of_ten(scale - s2)),
                     scale);
        });
  } else if (info.result.id() == DataTypeId::kDouble) {
    map_rows<double, double>(in, rows, out, [&](double a, double b) -> std::optional<double> {
      if (b == 0) return zero(), std::nullopt;
      return Op::apply(a, b);
    });
  } else if (info.result.id() == DataTypeId::kFloat) {
    map_rows<float, float>(in, rows, out, [&](float a, float b) -> std::optional<float> {
      if (b == 0) return zero(), std::nullopt;
      return static_cast<float>(Op::apply(static_cast<double>(a), static_cast<double>(b)));
    });
  } else {
    map_rows<AnyInt, AnyInt>(in, rows, out, [&](AnyInt a, AnyInt b) -> std::optional<AnyInt> {
      if (b.value == 0) return zero(), std::nullopt;
      return AnyInt{Op::apply(a.value, b.value)};
    });
  }
}

// ---- Unary
int64_t lowest(DataTypeId type) {
  switch (type) {
    case DataTypeId::kByte:
      return std::numeric_limits<int8_t>::min();
    case DataTypeId::kShort:
      return std::numeric_limits<int16_t>::min();
    case DataTypeId::kInteger:
    case DataTypeId::kYearMonthInterval:
      return std::numeric_limits<int32_t>::min();
    default:
      return std::numeric_limits<int64_t>::min();
  }
}

enum class Unary { kNegate, kAbsolute };

template <Unary op>
void unary(const CallInfo& info, Scratch&, std::span<const ColumnView> in, uint64_t rows,
           Output& out) {
  const DataTypeId type = info.result.id();
  if (type == DataTypeId::kDouble) {
    map_rows<double>(in, rows, out,
                     [](double a) { return op == Unary::kNegate ? -a : std::fabs(a); });
  } else if (type == DataTypeId::kFloat) {
    map_rows<float>(in, rows, out,
                    [](float a) { return op == Unary::kNegate ? -a : std::fabs(a); });
  } else if (type == DataTypeId::kDecimal) {
    map_rows<Decimal128>(in, rows, out, [](Decimal128 a) {
      return Decimal128{op == Unary::kNegate || a.unscaled < 0 ? -a.unscaled : a.unscaled};
    });
  } else {
    const int64_t bottom = lowest(type);
    const char* name = bottom == std::numeric_limits<int64_t>::min()   ? "long"
                       : bottom == std::numeric_limits<int32_t>::min() ? "integer"
                       : bottom == std::numeric_limits<int16_t>::min() ? "short"
                                                                       : "byte";
    map_rows<AnyInt>(in, rows, out, [&](AnyInt a) -> std::optional<AnyInt> {
      if (op == Unary::kAbsolute && a.value >= 0) return a;
      if (a.value != bottom) return AnyInt{-a.value};
      if (info.mode == Mode::kAnsi) throw_overflow(name, "");
      if (info.mode == Mode::kTry) return std::nullopt;
      return a;
    });
  }
}

// A sum of integers that DuckDB kept in 128 bits, back to BIGINT.
void narrow_sum(const CallInfo& info, Scratch&, std::span<const ColumnView> in, uint64_t rows,
                Output& out) {
  map_rows<Decimal128>(in, rows, out, [&](Decimal128 sum) -> std::optional<int64_t> {
    const auto narrow = static_cast<int64_t>(sum.unscaled);
    if (narrow == sum.unscaled || info.mode == Mode::kLegacy) return narrow;
    if (info.mode == Mode::kTry) return std::nullopt;
    throw_overflow("long", "try_sum");
  });
}

// A sum or any other decimal whose digits may not fit the result: NULL, or an error in ANSI mode.
void fit_decimal(const CallInfo& info, Scratch&, std::span<const ColumnView> in, uint64_t rows,
                 Output& out) {
  const int scale = info.arguments[0].scale();
  map_rows<Decimal128>(in, rows, out,
                       [&](Decimal128 value) { return fit(info, Wide(value.unscaled), scale); });
}

constexpr KernelRow kRowsOfArithmetic[] = {
    {"add", binary<Add>, kNullOnNull | kFallible},
    {"subtract", binary<Subtract>, kNullOnNull | kFallible},
    {"multiply", binary<Multiply>, kNullOnNull | kFallible},
    {"divide", divide, kNullOnNull | kFallible},
    {"div", integral_divide, kNullOnNull | kFallible},
    {"remainder", modulo<Remainder>, kNullOnNull | kFallible},
    {"pmod", modulo<PositiveModulo>, kNullOnNull | kFallible},
    {"negative", unary<Unary::kNegate>, kNullOnNull | kFallible},
    {"abs", unary<Unary::kAbsolute>, kNullOnNull | kFallible},
    {"narrow_sum", narrow_sum, kNullOnNull | kFallible},
    {"fit_decimal", fit_decimal, kNullOnNull | kFallible},
};

}  // namespace

std::span<const KernelRow> arithmetic_kernels() { return kRowsOfArithmetic; }

}  // namespace firn::kernels

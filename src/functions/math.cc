// Mathematical functions and hashes.
#include "functions/rows.h"

namespace firn::functions {

// clang-format off: one row a line
std::vector<Function> math_functions() {
  using enum DataTypeId;
  const Kind scalar = Kind::kScalar;
  return {
    {"abs", {}, scalar, {any()}, type_of(0), kChecked, "Without sign."},
    {"sign", {"signum"}, scalar, {real()}, fixed(kDouble), kStrict, "-1, 0 or 1."},
    {"ceil", {"ceiling"}, scalar, {any(), optional(integer())}, named("ceil"), kStrict, "The least whole number that is not less; with a scale, the least such decimal."},
    {"floor", {}, scalar, {any(), optional(integer())}, named("ceil"), kStrict, "The greatest whole number that is not greater; with a scale, the greatest such decimal."},
    {"round", {}, scalar, {numeric(), optional(integer())}, named("round"), kChecked, "Rounded half up to that many decimals (a literal)."},
    {"bround", {}, scalar, {numeric(), optional(integer())}, named("round"), kChecked, "Rounded half to even to that many decimals (a literal)."},
    {"rint", {}, scalar, {real()}, fixed(kDouble), kStrict, "The nearest whole number as DOUBLE, half to even."},
    {"sqrt", {}, scalar, {real()}, fixed(kDouble), kStrict, "Square root; NaN for negative numbers."},
    {"cbrt", {}, scalar, {real()}, fixed(kDouble), kStrict, "Cubic root."},
    {"exp", {}, scalar, {real()}, fixed(kDouble), kStrict, "e to that power."},
    {"expm1", {}, scalar, {real()}, fixed(kDouble), kStrict, "exp(x) - 1."},
    {"ln", {}, scalar, {real()}, fixed(kDouble), kStrict, "Natural logarithm; NULL where the argument is not positive."},
    {"log", {}, scalar, {real(), optional(real())}, fixed(kDouble), kStrict, "Natural logarithm, or of the second argument to the base of the first."},
    {"log10", {}, scalar, {real()}, fixed(kDouble), kStrict, "Logarithm to the base 10."},
    {"log2", {}, scalar, {real()}, fixed(kDouble), kStrict, "Logarithm to the base 2."},
    {"log1p", {}, scalar, {real()}, fixed(kDouble), kStrict, "ln(1 + x)."},
    {"pow", {"power"}, scalar, {real(), real()}, fixed(kDouble), kStrict, "The first argument to the power of the second."},
    {"hypot", {}, scalar, {real(), real()}, fixed(kDouble), kStrict, "sqrt(a * a + b * b)."},
    {"sin", {}, scalar, {real()}, fixed(kDouble), kStrict, "Sine."},
    {"cos", {}, scalar, {real()}, fixed(kDouble), kStrict, "Cosine."},
    {"tan", {}, scalar, {real()}, fixed(kDouble), kStrict, "Tangent."},
    {"cot", {}, scalar, {real()}, fixed(kDouble), kStrict, "Cotangent."},
    {"sec", {}, scalar, {real()}, fixed(kDouble), kStrict, "Secant."},
    {"csc", {}, scalar, {real()}, fixed(kDouble), kStrict, "Cosecant."},
    {"asinh", {}, scalar, {real()}, fixed(kDouble), kStrict, "Inverse hyperbolic sine."},
    {"acosh", {}, scalar, {real()}, fixed(kDouble), kStrict, "Inverse hyperbolic cosine."},
    {"atanh", {}, scalar, {real()}, fixed(kDouble), kStrict, "Inverse hyperbolic tangent."},
    {"asin", {}, scalar, {real()}, fixed(kDouble), kStrict, "Arc sine; NaN outside [-1, 1]."},
    {"acos", {}, scalar, {real()}, fixed(kDouble), kStrict, "Arc cosine; NaN outside [-1, 1]."},
    {"atan", {}, scalar, {real()}, fixed(kDouble), kStrict, "Arc tangent."},
    {"atan2", {}, scalar, {real(), real()}, fixed(kDouble), kStrict, "Angle of the point (second, first)."},
    {"sinh", {}, scalar, {real()}, fixed(kDouble), kStrict, "Hyperbolic sine."},
    {"cosh", {}, scalar, {real()}, fixed(kDouble), kStrict, "Hyperbolic cosine."},
    {"tanh", {}, scalar, {real()}, fixed(kDouble), kStrict, "Hyperbolic tangent."},
    {"degrees", {}, scalar, {real()}, fixed(kDouble), kStrict, "From radians."},
    {"radians", {}, scalar, {real()}, fixed(kDouble), kStrict, "From degrees."},
    {"factorial", {}, scalar, {integer()}, fixed(kLong), kStrict, "n!, for n from 0 to 20; else NULL."},
    {"width_bucket", {}, scalar, {real(), real(), real(), bigint()}, fixed(kLong), kStrict, "Number of the bucket that a value falls into."},
    {"pi", {}, scalar, {}, fixed(kDouble), kReplaced, "Pi."},
    {"e", {}, scalar, {}, fixed(kDouble), kReplaced, "Euler's number."},
    {"rand", {"random"}, scalar, {optional(bigint())}, fixed(kDouble), kVolatile, "Uniform in [0, 1); the seed is fixed when the query is resolved."},
    {"randn", {}, scalar, {optional(bigint())}, fixed(kDouble), kVolatile, "Standard normal; the seed is fixed when the query is resolved."},
    {"monotonically_increasing_id", {}, scalar, {}, fixed(kLong), kVolatile, "An increasing number, unique for each row."},
    {"distributed_sequence_id", {}, scalar, {}, fixed(kLong), kVolatile, "The row's number, from 0: the index of the pandas API."},
    {"bit_count", {}, scalar, {one_of({kBoolean, kByte, kShort, kInteger, kLong})}, fixed(kInteger), kStrict, "Number of bits that are set."},
    {"bit_get", {"getbit"}, scalar, {integral(), integer()}, fixed(kByte), kNullOnNull | kCanThrow, "The bit at a position, from the right."},
    {"try_mod", {}, scalar, {any(), any()}, named("remainder"), kStrict, "As %, NULL where the divisor is 0."},
    {"try_add", {}, scalar, {any(), any()}, named("add"), kStrict, "As +, NULL on overflow."},
    {"try_subtract", {}, scalar, {any(), any()}, named("subtract"), kStrict, "As -, NULL on overflow."},
    {"try_multiply", {}, scalar, {any(), any()}, named("multiply"), kStrict, "As *, NULL on overflow."},
    {"try_divide", {}, scalar, {any(), any()}, named("divide"), kStrict, "As /, NULL where the divisor is 0."},
  };
}

std::vector<Function> hash_functions() {
  using enum DataTypeId;
  const Kind scalar = Kind::kScalar;
  return {
    {"md5", {}, scalar, {binary()}, fixed(kString), kStrict, "MD5 in 32 hexadecimal digits."},
    {"sha1", {"sha"}, scalar, {binary()}, fixed(kString), kStrict, "SHA-1 in hexadecimal digits."},
    {"sha2", {}, scalar, {binary(), integer()}, fixed(kString), kStrict, "SHA-224, 256, 384 or 512 in hexadecimal digits; 0 is 256; NULL for other lengths."},
    {"crc32", {}, scalar, {binary()}, fixed(kLong), kStrict, "Cyclic redundancy check."},
    {"hash", {}, scalar, {any(), many(any())}, fixed(kInteger), kPure, "Murmur3 of all arguments, seed 42."},
    {"xxhash64", {}, scalar, {any(), many(any())}, fixed(kLong), kPure, "64-bit xxHash of all arguments, seed 42."},
    {"zorder", {}, scalar, {integer(), any(), many(any())}, fixed(kBinary), kPure | kInternal, "The bits of the columns in turn; texts count with that many bytes."},
  };
}
// clang-format on

}  // namespace firn::functions

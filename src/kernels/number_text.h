// Numbers and text as Java writes and reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace firn::kernels {

// Double.toString and Float.toString: "1.0", "1.0E10", "NaN", "-Infinity".
std::string java_text(double value);
std::string java_text(float value);

// Without the blanks and control characters at both ends that Spark's casts ignore.
std::string_view trim_blanks(std::string_view text);

// A whole number in `text` (blanks around ignored). `fraction`: digits behind a point are read
// over, as casts outside ANSI mode do. nullopt where it is none or beyond 64 bits.
std::optional<int64_t> parse_integer(std::string_view text, bool fraction);
// Double.parseDouble with "inf", "infinity", "nan" in any case.
std::optional<double> parse_double(std::string_view text);
std::optional<float> parse_float(std::string_view text);
// t, true, y, yes, 1 and f, false, n, no, 0 in any case.
std::optional<bool> parse_boolean(std::string_view text);

}  // namespace firn::kernels

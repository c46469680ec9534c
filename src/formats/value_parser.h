// Texts of CSV fields and of partition folders → values of a column.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "formats/options.h"
#include "kernels/kernel.h"
#include "types/data_type.h"

namespace firn::formats {

struct ValueFormats {
  std::string nan = "NaN", positive_infinity = "Inf", negative_infinity = "-Inf";
  std::shared_ptr<const kernels::TimeZone> zone;
  // null: as a cast reads them
  std::shared_ptr<const kernels::DateTimePattern> dates, timestamps, local_timestamps;
  bool decimal_comma = false;  // by the locale: "1.234,5"
  bool fallback = false;       // where a pattern does not match: as a cast reads it
};
ValueFormats value_formats(const Options& options);
// Of the option locale. Throws UNSUPPORTED_FEATURE.FIRN where numbers or names of that language are
// not known.
bool has_decimal_comma(const Options& options);

// False where the text is no value of the type; the row is then as it was. Throws
// UNSUPPORTED_FEATURE.FIRN for nested types.
bool store_text(std::string_view text, const types::DataType& type, const ValueFormats& formats,
                uint64_t row, kernels::Output& out);

// ---- what the type inference of CSV and of folders asks
bool is_java_integer(std::string_view text, int64_t least, int64_t most, int64_t& value);
bool is_java_double(std::string_view text, double& value);
std::optional<int64_t> read_timestamp(std::string_view text, const ValueFormats& formats);
std::optional<int32_t> read_date(std::string_view text, const ValueFormats& formats);

}  // namespace firn::formats

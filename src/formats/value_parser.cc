// Values as java.lang's and Spark's parsers read them from text.
#include "formats/value_parser.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>

#include "base/error.h"
#include "kernels/calendar.h"
#include "kernels/decimal.h"
#include "kernels/timestamp_text.h"

namespace firn::formats {

using kernels::Output;
using types::DataType;
using types::DataTypeId;

namespace {

// Languages that write 1.234,5; those that are not named here write 1,234.5 or are refused.
constexpr std::string_view kCommas[] = {"da", "de", "el", "es", "hr", "id",
                                        "it", "nl", "pt", "ro", "sl", "tr"};
constexpr std::string_view kPoints[] = {"", "en", "he", "ja", "ko", "th", "zh"};

std::string language_of(const Options& options) {
  const std::string locale = options.text("locale", "");
  return lower_case(locale.substr(0, locale.find_first_of("-_")));
}

// Names of months and days are known in English only.
void check_names(const Options& options) {
  for (const char* name : {"dateFormat", "timestampFormat", "timestampNTZFormat"}) {
    const std::string pattern = options.text(name, "");
    bool quoted = false, names = pattern.find("MMM") != std::string::npos ||
                                 pattern.find("LLL") != std::string::npos;
    for (const char c : pattern) {
      quoted ^= c == '\'';
      names |= !quoted && (c == 'E' || c == 'a' || c == 'G');
    }
    if (names)
      throw_unsupported("names of months and days in the locale " + options.text("locale", ""));
  }
}

}  // namespace

bool has_decimal_comma(const Options& options) {
  const std::string language = language_of(options);
  if (!language.empty() && language != "en") check_names(options);
  if (std::ranges::find(kCommas, language) != std::end(kCommas)) return true;
  if (std::ranges::find(kPoints, language) == std::end(kPoints))
    throw_unsupported("numbers in the locale " + options.text("locale", ""));
  return false;
}

ValueFormats value_formats(const Options& options) {
  ValueFormats formats;
  formats.decimal_comma = has_decimal_comma(options);
  formats.nan = options.text("nanValue", "NaN");
  formats.positive_infinity = options.text("positiveInf", "Inf");
  formats.negative_infinity = options.text("negativeInf", "-Inf");
  formats.zone = options.zone();
  formats.dates = options.pattern("dateFormat");
  formats.timestamps = options.pattern("timestampFormat");
  formats.local_timestamps = options.pattern("timestampNTZFormat");
  formats.fallback = options.flag("enableDateTimeParsingFallback", false);
  return formats;
}

// Long.parseLong: no blanks, one sign.
bool is_java_integer(std::string_view text, int64_t least, int64_t most, int64_t& value) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return false;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= least &&
         value <= most;
}

// Double.parseDouble: blanks around, "NaN" and "Infinity" as they stand, a type letter behind.
bool is_java_double(std::string_view text, double& value) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  std::string_view body = text;
  const bool signed_text = !body.empty() && (body.front() == '+' || body.front() == '-');
  if (signed_text) body.remove_prefix(1);
  if (body.empty()) return false;
  const double sign = signed_text && text.front() == '-' ? -1 : 1;
  if (body == "NaN" || body == "Infinity") {
    value = body == "NaN" ? std::numeric_limits<double>::quiet_NaN()
                          : sign * std::numeric_limits<double>::infinity();
    return true;
  }
  if (std::string_view("dDfF").find(body.back()) != std::string_view::npos) body.remove_suffix(1);
  if (body.empty() || body.find_first_not_of("0123456789.eE+-") != std::string_view::npos)
    return false;
  if (body.front() == '+' || body.front() == '-') return false;
  const auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), value);
  if (end != body.data() + body.size()) return false;
  if (error == std::errc::result_out_of_range)
    value = std::strtod(std::string(body).c_str(), nullptr);
  value *= sign;
  return true;
}

std::optional<int64_t> read_timestamp(std::string_view text, const ValueFormats& formats) {
  if (formats.timestamps != nullptr) {
    if (const auto parsed = formats.timestamps->parse(text)) {
      if (parsed->offset_seconds)
        return parsed->local_us - int64_t{1000000} * *parsed->offset_seconds;
      const auto named =
          parsed->zone_id.empty() ? nullptr : kernels::find_time_zone(parsed->zone_id);
      return (named != nullptr ? *named : *formats.zone).to_utc(parsed->local_us);
    }
    if (!formats.fallback) return std::nullopt;
  }
  return kernels::parse_timestamp(text, *formats.zone);
}

std::optional<int32_t> read_date(std::string_view text, const ValueFormats& formats) {
  if (formats.dates != nullptr) {
    if (const auto parsed = formats.dates->parse(text))
      return static_cast<int32_t>(kernels::floor_div(parsed->local_us, kernels::kMicrosPerDay));
    if (!formats.fallback) return std::nullopt;
  }
  return kernels::parse_date(text);
}

namespace {

template <class T>
bool put(Output& out, uint64_t row, T value) {
  out.values<T>()[row] = value;
  return true;
}

template <class T>
bool store_integer(std::string_view text, uint64_t row, Output& out) {
  int64_t value = 0;
  return is_java_integer(text, std::numeric_limits<T>::min(), std::numeric_limits<T>::max(),
                         value) &&
         put<T>(out, row, static_cast<T>(value));
}

bool read_double(std::string_view text, const ValueFormats& formats, double& value) {
  if (text == formats.nan)
    value = std::numeric_limits<double>::quiet_NaN();
  else if (text == formats.positive_infinity)
    value = std::numeric_limits<double>::infinity();
  else if (text == formats.negative_infinity)
    value = -std::numeric_limits<double>::infinity();
  else
    return is_java_double(text, value);
  return true;
}

bool store_decimal(std::string_view text, const DataType& type, bool comma, uint64_t row,
                   Output& out) {
  std::string digits;
  const char thousands = comma ? '.' : ',';
  for (const char c : text) {
    if (c != thousands) digits += comma && c == ',' ? '.' : c;
  }
  bool overflow = false;
  const auto value = kernels::parse_decimal(digits, type.precision(), type.scale(), overflow);
  if (!value || overflow) return false;
  switch (out.physical()) {
    case kernels::Physical::kInt16:
      return put<int16_t>(out, row, static_cast<int16_t>(*value));
    case kernels::Physical::kInt32:
      return put<int32_t>(out, row, static_cast<int32_t>(*value));
    case kernels::Physical::kInt64:
      return put<int64_t>(out, row, static_cast<int64_t>(*value));
    default:
      return put<kernels::Int128Cell>(out, row, *value);
  }
}

bool store_boolean(std::string_view text, uint64_t row, Output& out) {
  const std::string word = lower_case(std::string(text));
  return (word == "true" || word == "false") && put<bool>(out, row, word == "true");
}

}  // namespace

bool store_text(std::string_view text, const DataType& type, const ValueFormats& formats,
                uint64_t row, Output& out) {
  double number = 0;
  switch (type.id()) {
    case DataTypeId::kString:
    case DataTypeId::kBinary:
      out.set_string(row, text);
      return true;
    case DataTypeId::kByte:
      return store_integer<int8_t>(text, row, out);
    case DataTypeId::kShort:
      return store_integer<int16_t>(text, row, out);
    case DataTypeId::kInteger:
      return store_integer<int32_t>(text, row, out);
    case DataTypeId::kLong:
      return store_integer<int64_t>(text, row, out);
    case DataTypeId::kFloat:
      return read_double(text, formats, number) && put<float>(out, row, static_cast<float>(number));
    case DataTypeId::kDouble:
      return read_double(text, formats, number) && put<double>(out, row, number);
    case DataTypeId::kDecimal:
      return store_decimal(text, type, formats.decimal_comma, row, out);
    case DataTypeId::kBoolean:
      return store_boolean(text, row, out);
    case DataTypeId::kDate: {
      const auto days = read_date(text, formats);
      return days && put<int32_t>(out, row, *days);
    }
    case DataTypeId::kTimestamp: {
      const auto instant = read_timestamp(text, formats);
      return instant && put<int64_t>(out, row, *instant);
    }
    case DataTypeId::kTimestampNtz: {
      if (formats.local_timestamps != nullptr) {
        const auto parsed = formats.local_timestamps->parse(text);
        return parsed && put<int64_t>(out, row, parsed->local_us);
      }
      const auto local = kernels::parse_timestamp_ntz(text, false);
      return local && put<int64_t>(out, row, *local);
    }
    case DataTypeId::kNull:
      out.set_null(row);
      return true;
    default:
      throw_unsupported("a column of type " + type.sql() + " in a text format");
  }
}

}  // namespace firn::formats

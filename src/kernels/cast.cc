// Spark's casts between all types: ANSI (errors), legacy (NULL or wrapped values) and try_cast
// (NULL).
#include <cmath>
#include <limits>

#include "base/error.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"
#include "kernels/number_text.h"
#include "kernels/time_zone.h"
#include "kernels/timestamp_text.h"
#include "kernels/value_text.h"

namespace firn::kernels {
namespace {

using types::DataType;
using types::DataTypeId;

constexpr int64_t kSecond = 1'000'000, kMicrosADay = 86'400 * kSecond;

struct CastSite {
  const CallInfo& info;
  const TimeZone& zone;
  bool throws() const { return info.mode == Mode::kAnsi; }
  bool legacy() const { return info.mode == Mode::kLegacy; }
};

std::string quoted(const DataType& type) { return "\"" + type.sql() + "\""; }

[[noreturn]] void throw_malformed(const CastSite& site, const ColumnView& in, uint64_t row,
                                  const DataType& from, const DataType& to) {
  throw Error("CAST_INVALID_INPUT",
              {{"expression", literal_text(in, row, from, {&site.zone, true})},
               {"sourceType", quoted(from)},
               {"targetType", quoted(to)}});
}
[[noreturn]] void throw_overflow(const CastSite& site, const ColumnView& in, uint64_t row,
                                 const DataType& from, const DataType& to) {
  throw Error("CAST_OVERFLOW", {{"value", literal_text(in, row, from, {&site.zone, true})},
                                {"sourceType", quoted(from)},
                                {"targetType", quoted(to)}});
}

// out[row] = f(row), where f gives an optional: absent is NULL. Rows that are NULL stay NULL.
template <class F>
void each(const ColumnView& in, Output& out, F&& f) {
  for (uint64_t row = 0; row < in.size; ++row) {
    if (in.is_valid(row))
      write(out, row, f(row));
    else
      out.set_null(row);
  }
}

struct IntegerRange {
  int64_t low, high;
};
IntegerRange range_of(DataTypeId type) {
  switch (type) {
    case DataTypeId::kByte:
      return {INT8_MIN, INT8_MAX};
    case DataTypeId::kShort:
      return {INT16_MIN, INT16_MAX};
    case DataTypeId::kInteger:
      return {INT32_MIN, INT32_MAX};
    default:
      return {INT64_MIN, INT64_MAX};
  }
}

// ---- To whole numbers

// Java's (int) and (long): NaN is 0, the ends of the range elsewhere; bytes and shorts wrap from
// the int.
int64_t java_integer(double value, DataTypeId type) {
  if (std::isnan(value)) return 0;
  const IntegerRange range = range_of(type == DataTypeId::kLong ? type : DataTypeId::kInteger);
  if (value >= static_cast<double>(range.high)) return range.high;
  if (value <= static_cast<double>(range.low)) return range.low;
  return static_cast<int64_t>(value);
}

template <class T>
void floating_to_integer(const CastSite& site, const ColumnView& in, const DataType& from,
                         const DataType& to, Output& out) {
  const IntegerRange range = range_of(to.id());
  const T* values = in.values<T>();
  each(in, out, [&](uint64_t row) -> std::optional<AnyInt> {
    const T value = values[row];
    if (site.legacy()) return AnyInt{java_integer(static_cast<double>(value), to.id())};
    const double low = static_cast<double>(range.low), high = static_cast<double>(range.high);
    // 2^63 itself is a double and out of range.
    const bool fits = to.id() == DataTypeId::kLong
                          ? value >= low && value < high
                          : std::floor(value) <= high && std::ceil(value) >= low;
    if (fits) return AnyInt{static_cast<int64_t>(value)};
    if (site.throws()) throw_overflow(site, in, row, from, to);
    return std::nullopt;
  });
}

void decimal_to_integer(const CastSite& site, const ColumnView& in, const DataType& from,
                        const DataType& to, Output& out) {
  const IntegerRange range = range_of(to.id());
  const Reader<Decimal128> values(in);
  const Int128 divisor = small_power_of_ten(from.scale());
  each(in, out, [&](uint64_t row) -> std::optional<AnyInt> {
    const Int128 whole = values[row].unscaled / divisor;
    if ((whole >= range.low && whole <= range.high) || site.legacy())
      return AnyInt{static_cast<int64_t>(whole)};
    if (site.throws()) throw_overflow(site, in, row, from, to);
    return std::nullopt;
  });
}

void integer_to_integer(const CastSite& site, const ColumnView& in, const DataType& from,
                        const DataType& to, Output& out) {
  const IntegerRange range = range_of(to.id());
  const Reader<AnyInt> values(in);
  each(in, out, [&](uint64_t row) -> std::optional<AnyInt> {
    const AnyInt value = values[row];
    if ((value.value >= range.low && value.value <= range.high) || site.legacy()) return value;
    if (site.throws()) throw_overflow(site, in, row, from, to);
    return std::nullopt;
  });
}

void string_to_integer(const CastSite& site, const ColumnView& in, const DataType& from,
                       const DataType& to, Output& out) {
  const IntegerRange range = range_of(to.id());
  const Reader<std::string_view> values(in);
  each(in, out, [&](uint64_t row) -> std::optional<AnyInt> {
    const std::optional<int64_t> value = parse_integer(values[row], site.legacy());
    if (value && *value >= range.low && *value <= range.high) return AnyInt{*value};
    if (site.throws()) throw_malformed(site, in, row, from, to);
    return std::nullopt;
  });
}

int64_t floor_divide(int64_t a, int64_t b) {
  return a / b - ((a % b != 0) && ((a < 0) != (b < 0)));
}

void timestamp_to_integer(const CastSite& site, const ColumnView& in, const DataType& from,
                          const DataType& to, Output& out) {
  const IntegerRange range = range_of(to.id());
  each(in, out, [&](uint64_t row) -> std::optional<AnyInt> {
    const int64_t seconds = floor_divide(in.values<int64_t>()[row], kSecond);
    if ((seconds >= range.low && seconds <= range.high) || site.legacy()) return AnyInt{seconds};
    if (site.throws()) throw_overflow(site, in, row, from, to);
    return std::nullopt;
  });
}

void to_integer(const CastSite& site, const ColumnView& in, const DataType& from,
                const DataType& to, Output& out) {
  switch (from.id()) {
    case DataTypeId::kBoolean:
    case DataTypeId::kByte:
    case DataTypeId::kShort:
    case DataTypeId::kInteger:
    case DataTypeId::kLong:
    case DataTypeId::kYearMonthInterval:
      return integer_to_integer(site, in, from, to, out);
    case DataTypeId::kFloat:
      return floating_to_integer<float>(site, in, from, to, out);
    case DataTypeId::kDouble:
      return floating_to_integer<double>(site, in, from, to, out);
    case DataTypeId::kDecimal:
      return decimal_to_integer(site, in, from, to, out);
    case DataTypeId::kString:
      return string_to_integer(site, in, from, to, out);
    case DataTypeId::kTimestamp:
      return timestamp_to_integer(site, in, from, to, out);
    default:
      throw_unsupported("casts from " + from.simple_string() + " to " + to.simple_string());
  }
}

// ---- To floating point

double decimal_to_double(Int128 value, int scale) {
  // Both exact as doubles: one division rounds correctly.
  if (value > -(Int128{1} << 53) && value < (Int128{1} << 53) && scale <= 22) {
    return static_cast<double>(value) / static_cast<double>(small_power_of_ten(scale));
  }
  return *parse_double(decimal_text(Wide(value), scale));
}

template <class T>
void to_floating(const CastSite& site, const ColumnView& in, const DataType& from,
                 const DataType& to, Output& out) {
  switch (from.id()) {
    case DataTypeId::kBoolean:
    case DataTypeId::kByte:
    case DataTypeId::kShort:
    case DataTypeId::kInteger:
    case DataTypeId::kLong: {
      const Reader<AnyInt> values(in);
      return each(in, out, [&](uint64_t row) { return static_cast<T>(values[row].value); });
    }
    case DataTypeId::kFloat:
      return each(in, out, [&](uint64_t row) { return static_cast<T>(in.values<float>()[row]); });
    case DataTypeId::kDouble:
      return each(in, out, [&](uint64_t row) { return static_cast<T>(in.values<double>()[row]); });
    case DataTypeId::kDecimal: {
      const Reader<Decimal128> values(in);
      return each(in, out, [&](uint64_t row) {
        if constexpr (sizeof(T) == 4)
          return *parse_float(decimal_text(Wide(values[row].unscaled), from.scale()));
        else
          return decimal_to_double(values[row].unscaled, from.scale());
      });
    }
    case DataTypeId::kTimestamp:
      return each(in, out, [&](uint64_t row) {
        return static_cast<T>(static_cast<double>(in.values<int64_t>()[row]) / 1e6);
      });
    case DataTypeId::kString: {
      const Reader<std::string_view> values(in);
      return each(in, out, [&](uint64_t row) -> std::optional<T> {
        std::optional<T> value;
        if constexpr (sizeof(T) == 4)
          value = parse_float(values[row]);
        else
          value = parse_double(values[row]);
        if (!value && site.throws()) throw_malformed(site, in, row, from, to);
        return value;
      });
    }
    default:
      throw_unsupported("casts from " + from.simple_string() + " to " + to.simple_string());
  }
}

// ---- To decimal

std::optional<Decimal128> fit_cast(const CastSite& site, const Wide& value, int scale,
                                   const DataType& to) {
  const std::optional<Int128> rounded = rescale(value, scale, to.scale());
  if (rounded && fits_precision(*rounded, to.precision())) return Decimal128{*rounded};
  if (site.throws()) throw_decimal_overflow(value, scale, to.precision(), to.scale());
  return std::nullopt;
}

std::optional<Decimal128> text_to_decimal(const CastSite& site, std::string_view text,
                                          const DataType& to, bool& malformed) {
  bool overflow = false;
  const std::optional<Int128> value =
      parse_decimal(trim_blanks(text), to.precision(), to.scale(), overflow);
  malformed = !value && !overflow;
  if (value) return Decimal128{*value};
  if (overflow && site.throws()) {
    throw Error("NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION",
                {{"value", std::string(trim_blanks(text))},
                 {"precision", std::to_string(to.precision())},
                 {"scale", std::to_string(to.scale())},
                 {"config", "\"spark.sql.ansi.enabled\""}});
  }
  return std::nullopt;
}

void to_decimal(const CastSite& site, const ColumnView& in, const DataType& from,
                const DataType& to, Output& out) {
  switch (from.id()) {
    case DataTypeId::kBoolean:
    case DataTypeId::kByte:
    case DataTypeId::kShort:
    case DataTypeId::kInteger:
    case DataTypeId::kLong: {
      const Reader<AnyInt> values(in);
      return each(in, out,
                  [&](uint64_t row) { return fit_cast(site, Wide(values[row].value), 0, to); });
    }
    case DataTypeId::kDecimal: {
      const Reader<Decimal128> values(in);
      return each(in, out, [&](uint64_t row) {
        return fit_cast(site, Wide(values[row].unscaled), from.scale(), to);
      });
    }
    case DataTypeId::kTimestamp:
      return each(in, out, [&](uint64_t row) {
        return fit_cast(site, Wide(in.values<int64_t>()[row]), 6, to);
      });
    case DataTypeId::kFloat:
    case DataTypeId::kDouble:
      return each(in, out, [&](uint64_t row) {
        const std::string text = from.id() == DataTypeId::kFloat
                                     ? java_text(in.values<float>()[row])
                                     : java_text(in.values<double>()[row]);
        bool malformed = false;
        const auto value = text_to_decimal(site, text, to, malformed);
        if (malformed && site.throws()) throw_overflow(site, in, row, from, to);
        return value;
      });
    case DataTypeId::kString: {
      const Reader<std::string_view> values(in);
      return each(in, out, [&](uint64_t row) {
        bool malformed = false;
        const auto value = text_to_decimal(site, values[row], to, malformed);
        if (malformed && site.throws()) throw_malformed(site, in, row, from, to);
        return value;
      });
    }
    default:
      throw_unsupported("casts from " + from.simple_string() + " to " + to.simple_string());
  }
}

// ---- To boolean, binary, dates and times

void to_boolean(const CastSite& site, const ColumnView& in, const DataType& from,
                const DataType& to, Output& out) {
  if (from.id() == DataTypeId::kString) {
    const Reader<std::string_view> values(in);
    return each(in, out, [&](uint64_t row) -> std::optional<bool> {
      const std::optional<bool> value = parse_boolean(values[row]);
      if (!value && site.throws()) throw_malformed(site, in, row, from, to);
      return value;
    });
  }
  if (from.id() == DataTypeId::kDouble)
    return each(in, out, [&](uint64_t row) { return in.values<double>()[row] != 0; });
  if (from.id() == DataTypeId::kFloat)
    return each(in, out, [&](uint64_t row) { return in.values<float>()[row] != 0; });
  if (!from.is_numeric() && from.id() != DataTypeId::kTimestamp) {
    throw_unsupported("casts from " + from.simple_string() + " to boolean");
  }
  const Reader<Decimal128> values(in);
  const Reader<AnyInt> integers(in);
  each(in, out, [&](uint64_t row) {
    return in.physical == Physical::kInt8 ? integers[row].value != 0 : values[row].unscaled != 0;
  });
}

void to_date(const CastSite& site, const ColumnView& in, const DataType& from, const DataType& to,
             Output& out) {
  const auto local_day = [](int64_t local) {
    return static_cast<int32_t>(floor_divide(local, kMicrosADay));
  };
  switch (from.id()) {
    case DataTypeId::kString: {
      const Reader<std::string_view> values(in);
      return each(in, out, [&](uint64_t row) -> std::optional<int32_t> {
        const std::optional<int32_t> days = parse_date(values[row]);
        if (!days && site.throws()) throw_malformed(site, in, row, from, to);
        return days;
      });
    }
    case DataTypeId::kTimestamp:
      return each(in, out, [&](uint64_t row) {
        return local_day(site.zone.to_local(in.values<int64_t>()[row]));
      });
    case DataTypeId::kTimestampNtz:
      return each(in, out, [&](uint64_t row) { return local_day(in.values<int64_t>()[row]); });
    default:
      throw_unsupported("casts from " + from.simple_string() + " to date");
  }
}

std::optional<int64_t> seconds_to_micros(double seconds) {
  if (std::isnan(seconds) || std::isinf(seconds)) return std::nullopt;
  return java_integer(seconds * 1e6, DataTypeId::kLong);
}

void to_timestamp(const CastSite& site, const ColumnView& in, const DataType& from,
                  const DataType& to, Output& out) {
  const bool ntz = to.id() == DataTypeId::kTimestampNtz;
  const auto from_local = [&](int64_t local) { return ntz ? local : site.zone.to_utc(local); };
  switch (from.id()) {
    case DataTypeId::kString: {
      const Reader<std::string_view> values(in);
      return each(in, out, [&](uint64_t row) -> std::optional<int64_t> {
        const auto micros =
            ntz ? parse_timestamp_ntz(values[row], true) : parse_timestamp(values[row], site.zone);
        if (!micros && site.throws()) throw_malformed(site, in, row, from, to);
        return micros;
      });
    }
    case DataTypeId::kDate:
      return each(in, out, [&](uint64_t row) {
        return from_local(in.values<int32_t>()[row] * kMicrosADay);
      });
    case DataTypeId::kTimestamp:
      return each(in, out,
                  [&](uint64_t row) { return site.zone.to_local(in.values<int64_t>()[row]); });
    case DataTypeId::kTimestampNtz:
      return each(in, out, [&](uint64_t row) { return from_local(in.values<int64_t>()[row]); });
    case DataTypeId::kBoolean:  // microseconds here, where numbers are seconds
      return each(in, out, [&](uint64_t row) { return int64_t{in.values<bool>()[row]}; });
    case DataTypeId::kByte:
    case DataTypeId::kShort:
    case DataTypeId::kInteger:
    case DataTypeId::kLong: {
      const Reader<AnyInt> values(in);
      return each(in, out, [&](uint64_t row) -> std::optional<int64_t> {
        int64_t micros = 0;
        if (!__builtin_mul_overflow(values[row].value, kSecond, &micros)) return micros;
        if (site.throws()) throw_overflow(site, in, row, from, to);
        return values[row].value < 0 ? INT64_MIN : INT64_MAX;  // SECONDS.toMicros
      });
    }
    case DataTypeId::kFloat:
      return each(in, out, [&](uint64_t row) {
        return seconds_to_micros(static_cast<double>(in.values<float>()[row]));
      });
    case DataTypeId::kDouble:
      return each(in, out,
                  [&](uint64_t row) { return seconds_to_micros(in.values<double>()[row]); });
    case DataTypeId::kDecimal: {
      const Reader<Decimal128> values(in);
      return each(in, out, [&](uint64_t row) -> std::optional<int64_t> {
        const Wide micros =
            Wide(values[row].unscaled) * power_of_ten(6) / power_of_ten(from.scale());
        const std::optional<Int128> narrow = micros.narrow();
        if (narrow && *narrow >= INT64_MIN && *narrow <= INT64_MAX)
          return static_cast<int64_t>(*narrow);
        if (site.throws()) throw_overflow(site, in, row, from, to);
        return std::nullopt;
      });
    }
    default:
      throw_unsupported("casts from " + from.simple_string() + " to " + to.simple_string());
  }
}

void to_string(const CastSite& site, const ColumnView& in, const DataType& from, Output& out) {
  if (from.id() == DataTypeId::kString || from.id() == DataTypeId::kBinary) {
    return each(in, out, [&](uint64_t row) { return in.values<StringRef>()[row]; });
  }
  const TextStyle style{&site.zone, !site.legacy()};
  std::string text;
  each(in, out, [&](uint64_t row) {
    text.clear();
    append_text(text, in, row, from, style);
    return std::string_view(text);
  });
}

void cast_to_binary(const ColumnView& in, const DataType& from, const DataType& to, Output& out) {
  if (from.id() == DataTypeId::kString || from.id() == DataTypeId::kBinary) {
    return each(in, out, [&](uint64_t row) { return in.values<StringRef>()[row]; });
  }
  if (!from.is_integral())
    throw_unsupported("casts from " + from.simple_string() + " to " + to.simple_string());
  const size_t width = from.id() == DataTypeId::kByte      ? 1
                       : from.id() == DataTypeId::kShort   ? 2
                       : from.id() == DataTypeId::kInteger ? 4
                                                           : 8;
  const Reader<AnyInt> values(in);
  each(in, out, [&](uint64_t row) {  // big-endian
    std::string bytes(width, '\0');
    for (size_t i = 0; i < width; ++i)
      bytes[width - 1 - i] = static_cast<char>(values[row].value >> (8 * i));
    return bytes;
  });
}

// ---- Nested types: children one by one

void cast_column(const CastSite& site, const ColumnView& in, const DataType& from,
                 const DataType& to, Output& out);

void copy_nulls(const ColumnView& in, Output& out) {
  for (uint64_t row = 0; row < in.size; ++row) {
    if (!in.is_valid(row)) out.set_null(row);
  }
}

void to_nested(const CastSite& site, const ColumnView& in, const DataType& from, const DataType& to,
               Output& out) {
  FIRN_CHECK(from.id() == to.id(), "a cast to another kind of nested type");
  copy_nulls(in, out);
  if (to.id() == DataTypeId::kStruct) {
    for (size_t i = 0; i < to.fields().size(); ++i) {
      cast_column(site, in.children.at(i), from.fields().at(i).type, to.fields()[i].type,
                  out.child(i));
    }
    return;
  }
  std::memcpy(out.values<ListEntry>(), in.data, in.size * sizeof(ListEntry));
  for (uint64_t row = 0; row < in.size; ++row) {
    if (!in.is_valid(row)) out.values<ListEntry>()[row] = {};
  }
  out.resize(in.children[0].size);
  if (to.id() == DataTypeId::kArray)
    return cast_column(site, in.children[0], from.element(), to.element(), out.child(0));
  cast_column(site, in.children[0].children[0], from.key(), to.key(), out.child(0).child(0));
  cast_column(site, in.children[0].children[1], from.value(), to.value(), out.child(0).child(1));
}

void cast_column(const CastSite& site, const ColumnView& in, const DataType& from,
                 const DataType& to, Output& out) {
  if (from.id() == DataTypeId::kNull) {
    for (uint64_t row = 0; row < in.size; ++row) out.set_null(row);
    return;
  }
  switch (to.id()) {
    case DataTypeId::kBoolean:
      if (from.id() == to.id()) return integer_to_integer(site, in, from, DataTypeId::kLong, out);
      return to_boolean(site, in, from, to, out);
    case DataTypeId::kByte:
    case DataTypeId::kShort:
    case DataTypeId::kInteger:
    case DataTypeId::kLong:
      return to_integer(site, in, from, to, out);
    case DataTypeId::kYearMonthInterval:
    case DataTypeId::kDayTimeInterval:
      if (from.id() != to.id())
        throw_unsupported("casts from " + from.simple_string() + " to " + to.simple_string());
      return integer_to_integer(site, in, from, DataTypeId::kLong, out);
    case DataTypeId::kFloat:
      return to_floating<float>(site, in, from, to, out);
    case DataTypeId::kDouble:
      return to_floating<double>(site, in, from, to, out);
    case DataTypeId::kDecimal:
      return to_decimal(site, in, from, to, out);
    case DataTypeId::kString:
      return to_string(site, in, from, out);
    case DataTypeId::kBinary:
      return cast_to_binary(in, from, to, out);
    case DataTypeId::kDate:
      if (from.id() == to.id()) return integer_to_integer(site, in, from, DataTypeId::kLong, out);
      return to_date(site, in, from, to, out);
    case DataTypeId::kTimestamp:
    case DataTypeId::kTimestampNtz:
      if (from.id() == to.id()) return integer_to_integer(site, in, from, DataTypeId::kLong, out);
      return to_timestamp(site, in, from, to, out);
    case DataTypeId::kArray:
    case DataTypeId::kMap:
    case DataTypeId::kStruct:
      return to_nested(site, in, from, to, out);
    default:
      throw_unsupported("casts from " + from.simple_string() + " to " + to.simple_string());
  }
}

void cast(const CallInfo& info, Scratch& scratch, std::span<const ColumnView> in, uint64_t,
          Output& out) {
  if (!scratch.has_value()) {
    auto zone = find_time_zone(info.zone);
    if (!zone) throw_invalid("There is no time zone " + info.zone + ".");
    scratch = std::move(zone);
  }
  const auto& zone = std::any_cast<const std::shared_ptr<const TimeZone>&>(scratch);
  cast_column({info, *zone}, in[0], info.arguments[0], info.result, out);
}

constexpr KernelRow kRowsOfCast[] = {
    {"cast", cast, kSlices | kFallible},
};

}  // namespace

std::span<const KernelRow> cast_kernels() { return kRowsOfCast; }

}  // namespace firn::kernels

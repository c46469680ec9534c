// One reader a layout of Arrow's.
#include "columnar/array_reader.h"

#include <cmath>
#include <cstring>

#include <arrow/array.h>
#include <arrow/array/array_dict.h>
#include <arrow/type.h>
#include <arrow/visit_array_inline.h>

#include "base/error.h"

namespace firn::columnar {
namespace {

using kernels::Output;
using kernels::Physical;

// A NULL struct's fields are NULL too.
void set_null(const arrow::DataType& type, Output& out, uint64_t row) {
  out.set_null(row);
  if (type.id() != arrow::Type::STRUCT) return;
  for (int i = 0; i < type.num_fields(); ++i)
    set_null(*type.field(i)->type(), out.child(static_cast<size_t>(i)), row);
}

void read_nulls(const arrow::Array& array, int64_t begin, int64_t count, Output& out, uint64_t at) {
  if (array.null_count() == 0) return;
  for (int64_t i = 0; i < count; ++i) {
    if (array.IsNull(begin + i)) set_null(*array.type(), out, at + static_cast<uint64_t>(i));
  }
}

template <class Array, class To, class Convert>
void read_each(const Array& array, int64_t begin, int64_t count, Output& out, uint64_t at,
               Convert convert) {
  To* const values = out.values<To>() + at;
  for (int64_t i = 0; i < count; ++i) {
    if (array.IsValid(begin + i)) values[i] = convert(array.Value(begin + i));
  }
}

float half_to_float(uint16_t half) {
  const int exponent = half >> 10 & 31, mantissa = half & 1023;
  const float sign = (half & 0x8000) != 0 ? -1.0F : 1.0F;
  if (exponent == 31) return mantissa != 0 ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(mantissa), -24);
  return sign * std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
}

int64_t floor_divide(int64_t value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

int64_t to_micros(int64_t value, arrow::TimeUnit::type unit) {
  int64_t result = value;
  switch (unit) {
    case arrow::TimeUnit::NANO:
      return floor_divide(value, 1000);
    case arrow::TimeUnit::MICRO:
      return value;
    case arrow::TimeUnit::MILLI:
      if (!__builtin_mul_overflow(value, int64_t{1000}, &result)) return result;
      break;
    case arrow::TimeUnit::SECOND:
      if (!__builtin_mul_overflow(value, int64_t{1000000}, &result)) return result;
      break;
  }
  throw_invalid(
      "A timestamp or duration of the Arrow data lies beyond what 64 bits of "
      "microseconds can say.");
}

void store_decimal(Output& out, uint64_t row, __int128 value) {
  switch (out.physical()) {
    case Physical::kInt16:
      out.values<int16_t>()[row] = static_cast<int16_t>(value);
      return;
    case Physical::kInt32:
      out.values<int32_t>()[row] = static_cast<int32_t>(value);
      return;
    case Physical::kInt64:
      out.values<int64_t>()[row] = static_cast<int64_t>(value);
      return;
    case Physical::kInt128:
      out.values<kernels::Int128Cell>()[row] = value;
      return;
    default:
      FIRN_CHECK(false, "a decimal column is of integers");
  }
}

struct ArrayReader {
  int64_t begin, count;
  Output& out;
  uint64_t at;

  template <class Array>
  arrow::Status same_layout(const Array& array) {
    using Value = typename Array::value_type;
    std::memcpy(out.values<Value>() + at, array.raw_values() + begin,
                static_cast<size_t>(count) * sizeof(Value));
    return arrow::Status::OK();
  }
  template <class To, class Array, class Convert>
  arrow::Status each(const Array& array, Convert convert) {
    read_each<Array, To>(array, begin, count, out, at, convert);
    return arrow::Status::OK();
  }
  template <class Array>
  arrow::Status strings(const Array& array) {
    for (int64_t i = 0; i < count; ++i) {
      if (array.IsNull(begin + i)) continue;
      const std::string_view text = array.GetView(begin + i);
      if (text.size() > UINT32_MAX) throw_unsupported("a single string of more than 4 GB");
      out.set_slice(at + static_cast<uint64_t>(i), text);
    }
    return arrow::Status::OK();
  }
  template <class Array>
  arrow::Status decimals(const Array& array) {
    const int width = static_cast<const arrow::DecimalType&>(*array.type()).byte_width();
    for (int64_t i = 0; i < count; ++i) {
      if (array.IsNull(begin + i)) continue;
      const uint8_t* const bytes = array.GetValue(begin + i);
      __int128 value = 0;
      if (width == 4) {
        int32_t narrow = 0;
        std::memcpy(&narrow, bytes, 4);
        value = narrow;
      } else if (width == 8) {
        int64_t narrow = 0;
        std::memcpy(&narrow, bytes, 8);
        value = narrow;
      } else {
        std::memcpy(&value, bytes, 16);
      }
      store_decimal(out, at + static_cast<uint64_t>(i), value);
    }
    return arrow::Status::OK();
  }
  template <class Array>
  arrow::Status lists(const Array& array) {
    uint64_t total = 0;
    for (int64_t i = 0; i < count; ++i) {
      if (array.IsValid(begin + i)) total += static_cast<uint64_t>(array.value_length(begin + i));
    }
    uint64_t next = out.child(0).size();
    out.resize(next + total);
    Output& elements = out.child(0);
    auto* const entries = out.values<kernels::ListEntry>() + at;
    for (int64_t i = 0; i < count; ++i) {
      entries[i] = {next, 0};
      if (array.IsNull(begin + i)) continue;
      const auto length = static_cast<int64_t>(array.value_length(begin + i));
      entries[i].length = static_cast<uint64_t>(length);
      read_array(*array.values(), array.value_offset(begin + i), length, elements, next);
      next += entries[i].length;
    }
    return arrow::Status::OK();
  }

  arrow::Status Visit(const arrow::NullArray&) {
    for (int64_t i = 0; i < count; ++i) out.set_null(at + static_cast<uint64_t>(i));
    return arrow::Status::OK();
  }
  arrow::Status Visit(const arrow::BooleanArray& array) {
    return each<uint8_t>(array, [](bool value) { return static_cast<uint8_t>(value); });
  }
  arrow::Status Visit(const arrow::Int8Array& array) { return same_layout(array); }
  arrow::Status Visit(const arrow::Int16Array& array) { return same_layout(array); }
  arrow::Status Visit(const arrow::Int32Array& array) { return same_layout(array); }
  arrow::Status Visit(const arrow::Int64Array& array) { return same_layout(array); }
  arrow::Status Visit(const arrow::FloatArray& array) { return same_layout(array); }
  arrow::Status Visit(const arrow::DoubleArray& array) { return same_layout(array); }
  arrow::Status Visit(const arrow::Date32Array& array) { return same_layout(array); }
  arrow::Status Visit(const arrow::MonthIntervalArray& array) { return same_layout(array); }
  arrow::Status Visit(const arrow::UInt8Array& array) {
    return each<int16_t>(array, [](uint8_t value) { return static_cast<int16_t>(value); });
  }
  arrow::Status Visit(const arrow::UInt16Array& array) {
    return each<int32_t>(array, [](uint16_t value) { return static_cast<int32_t>(value); });
  }
  arrow::Status Visit(const arrow::UInt32Array& array) {
    return each<int64_t>(array, [](uint32_t value) { return static_cast<int64_t>(value); });
  }
  arrow::Status Visit(const arrow::UInt64Array& array) {
    return each<kernels::Int128Cell>(array,
                                     [](uint64_t value) { return static_cast<__int128>(value); });
  }
  arrow::Status Visit(const arrow::HalfFloatArray& array) {
    return each<float>(array, [](uint16_t value) { return half_to_float(value); });
  }
  arrow::Status Visit(const arrow::Date64Array& array) {
    return each<int32_t>(
        array, [](int64_t value) { return static_cast<int32_t>(floor_divide(value, 86'400'000)); });
  }
  arrow::Status Visit(const arrow::TimestampArray& array) {
    const auto unit = static_cast<const arrow::TimestampType&>(*array.type()).unit();
    if (unit == arrow::TimeUnit::MICRO) return same_layout(array);
    return each<int64_t>(array, [unit](int64_t value) { return to_micros(value, unit); });
  }
  arrow::Status Visit(const arrow::DurationArray& array) {
    const auto unit = static_cast<const arrow::DurationType&>(*array.type()).unit();
    return each<int64_t>(array, [unit](int64_t value) { return to_micros(value, unit); });
  }
  arrow::Status Visit(const arrow::Decimal32Array& array) { return decimals(array); }
  arrow::Status Visit(const arrow::Decimal64Array& array) { return decimals(array); }
  arrow::Status Visit(const arrow::Decimal128Array& array) { return decimals(array); }
  arrow::Status Visit(const arrow::StringArray& array) { return strings(array); }
  arrow::Status Visit(const arrow::LargeStringArray& array) { return strings(array); }
  arrow::Status Visit(const arrow::StringViewArray& array) { return strings(array); }
  arrow::Status Visit(const arrow::BinaryArray& array) { return strings(array); }
  arrow::Status Visit(const arrow::LargeBinaryArray& array) { return strings(array); }
  arrow::Status Visit(const arrow::BinaryViewArray& array) { return strings(array); }
  arrow::Status Visit(const arrow::FixedSizeBinaryArray& array) { return strings(array); }
  arrow::Status Visit(const arrow::ListArray& array) { return lists(array); }
  arrow::Status Visit(const arrow::LargeListArray& array) { return lists(array); }
  arrow::Status Visit(const arrow::FixedSizeListArray& array) { return lists(array); }
  arrow::Status Visit(const arrow::MapArray& array) { return lists(array); }
  arrow::Status Visit(const arrow::StructArray& array) {
    for (int i = 0; i < array.num_fields(); ++i)
      read_array(*array.field(i), begin, count, out.child(static_cast<size_t>(i)), at);
    return arrow::Status::OK();
  }
  arrow::Status Visit(const arrow::DictionaryArray& array) {
    for (int64_t i = 0; i < count; ++i) {
      if (array.IsValid(begin + i)) {
        read_array(*array.dictionary(), array.GetValueIndex(begin + i), 1, out,
                   at + static_cast<uint64_t>(i));
      }
    }
    return arrow::Status::OK();
  }
  arrow::Status Visit(const arrow::Array& array) {
    throw Error("UNSUPPORTED_ARROWTYPE", {{"typeName", array.type()->ToString()}});
  }
};

}  // namespace

void read_array(const arrow::Array& array, int64_t begin, int64_t count, Output& out, uint64_t at) {
  if (count == 0) return;
  ArrayReader reader{begin, count, out, at};
  const arrow::Status status = arrow::VisitArrayInline(array, &reader);
  FIRN_CHECK(status.ok(), "readers of arrays throw");
  if (array.type_id() != arrow::Type::NA) read_nulls(array, begin, count, out, at);
}

}  // namespace firn::columnar

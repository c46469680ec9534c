// Conversions that Spark's reader of ORC makes where a file has other types than the schema.
#include "columnar/array_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>
#include <arrow/type.h>

#include "base/ascii.h"
#include "base/error.h"
#include "columnar/arrow_status.h"
#include "columnar/arrow_types.h"

namespace firn::columnar {
namespace {

using types::DataType;
using types::DataTypeId;
using Array = std::shared_ptr<arrow::Array>;

bool is_whole(const DataType& type) {
  return type.id() == DataTypeId::kByte || type.id() == DataTypeId::kShort ||
         type.id() == DataTypeId::kInteger || type.id() == DataTypeId::kLong;
}
bool is_floating(const DataType& type) {
  return type.id() == DataTypeId::kFloat || type.id() == DataTypeId::kDouble;
}

// The same in memory.
bool is_same(const DataType& found, const DataType& wanted) {
  if (wanted.id() == DataTypeId::kTimestampNtz && found.id() == DataTypeId::kTimestamp) return true;
  if (wanted.id() == DataTypeId::kYearMonthInterval) return found.id() == DataTypeId::kInteger;
  if (wanted.id() == DataTypeId::kDayTimeInterval) return found.id() == DataTypeId::kLong;
  return wanted.same_ignoring_nullability(found);
}

int field_of(const DataType& structure, const std::string& name) {
  for (size_t i = 0; i < structure.fields().size(); ++i) {
    if (lower_case(structure.fields()[i].name) == lower_case(name)) return static_cast<int>(i);
  }
  return -1;
}

double number_at(const arrow::Array& array, int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::FLOAT:
      return static_cast<const arrow::FloatArray&>(array).Value(row);
    default:
      return static_cast<const arrow::DoubleArray&>(array).Value(row);
  }
}
int64_t whole_at(const arrow::Array& array, int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::INT8:
      return static_cast<const arrow::Int8Array&>(array).Value(row);
    case arrow::Type::INT16:
      return static_cast<const arrow::Int16Array&>(array).Value(row);
    case arrow::Type::INT32:
      return static_cast<const arrow::Int32Array&>(array).Value(row);
    default:
      return static_cast<const arrow::Int64Array&>(array).Value(row);
  }
}

// NULL where the number does not fit.
template <class Builder>
Array numbers(const arrow::Array& array, bool whole) {
  using To = typename Builder::value_type;
  Builder builder;
  for (int64_t row = 0; row < array.length(); ++row) {
    if (array.IsNull(row)) {
      must(builder.AppendNull());
      continue;
    }
    if constexpr (std::is_floating_point_v<To>) {
      must(builder.Append(whole ? static_cast<To>(whole_at(array, row))
                                : static_cast<To>(number_at(array, row))));
    } else {
      const double real = whole ? 0 : std::trunc(number_at(array, row));
      const bool fits = whole || (real >= -9.2e18 && real <= 9.2e18);
      const int64_t value = whole ? whole_at(array, row) : fits ? static_cast<int64_t>(real) : 0;
      if (fits && value >= std::numeric_limits<To>::min() &&
          value <= std::numeric_limits<To>::max())
        must(builder.Append(static_cast<To>(value)));
      else
        must(builder.AppendNull());
    }
  }
  return must(builder.Finish());
}

Array texts(const arrow::Array& array) {
  arrow::StringBuilder builder;
  for (int64_t row = 0; row < array.length(); ++row) {
    if (array.IsNull(row))
      must(builder.AppendNull());
    else
      must(builder.Append(std::to_string(whole_at(array, row))));
  }
  return must(builder.Finish());
}

Array converted(const arrow::Array& array, const DataType& found, const DataType& wanted) {
  const bool whole = is_whole(found);
  switch (wanted.id()) {
    case DataTypeId::kByte:
      return numbers<arrow::Int8Builder>(array, whole);
    case DataTypeId::kShort:
      return numbers<arrow::Int16Builder>(array, whole);
    case DataTypeId::kInteger:
      return numbers<arrow::Int32Builder>(array, whole);
    case DataTypeId::kLong:
      return numbers<arrow::Int64Builder>(array, whole);
    case DataTypeId::kFloat:
      return numbers<arrow::FloatBuilder>(array, whole);
    case DataTypeId::kDouble:
      return numbers<arrow::DoubleBuilder>(array, whole);
    default:
      return texts(array);
  }
}

Array fitted_struct(const arrow::StructArray& array, const DataType& found,
                    const DataType& wanted) {
  arrow::ArrayVector children;
  arrow::FieldVector fields;
  for (const types::StructField& field : wanted.fields()) {
    const int at = field_of(found, field.name);
    if (at >= 0) {
      children.push_back(
          fitted_array(array.field(at), found.fields()[static_cast<size_t>(at)].type, field.type));
    } else {
      const auto type = to_arrow_field(field.name, field.type, true, {})->type();
      children.push_back(must(arrow::MakeArrayOfNull(type, array.length())));
    }
    fields.push_back(arrow::field(field.name, children.back()->type()));
  }
  return std::make_shared<arrow::StructArray>(arrow::struct_(fields), array.length(), children,
                                              array.null_bitmap());
}

}  // namespace

bool can_fit(const DataType& found, const DataType& wanted) {
  if (is_same(found, wanted)) return true;
  if (is_whole(found))
    return is_whole(wanted) || is_floating(wanted) || wanted.id() == DataTypeId::kString;
  if (is_floating(found)) return is_whole(wanted) || is_floating(wanted);
  if (found.id() != wanted.id()) return false;
  switch (wanted.id()) {
    case DataTypeId::kArray:
      return can_fit(found.element(), wanted.element());
    case DataTypeId::kMap:
      return can_fit(found.key(), wanted.key()) && can_fit(found.value(), wanted.value());
    case DataTypeId::kStruct:
      return std::ranges::all_of(wanted.fields(), [&](const types::StructField& field) {
        const int at = field_of(found, field.name);
        return at < 0 || can_fit(found.fields()[static_cast<size_t>(at)].type, field.type);
      });
    default:
      return false;
  }
}

Array fitted_array(const Array& array, const DataType& found, const DataType& wanted) {
  if (is_same(found, wanted)) return array;
  if (array->offset() != 0) throw_unsupported("reading a part of an array of another type");
  switch (wanted.id()) {
    case DataTypeId::kStruct:
      return fitted_struct(static_cast<const arrow::StructArray&>(*array), found, wanted);
    case DataTypeId::kArray: {
      const auto& list = static_cast<const arrow::ListArray&>(*array);
      const Array elements = fitted_array(list.values(), found.element(), wanted.element());
      return std::make_shared<arrow::ListArray>(arrow::list(elements->type()), list.length(),
                                                list.value_offsets(), elements, list.null_bitmap());
    }
    case DataTypeId::kMap: {
      const auto& map = static_cast<const arrow::MapArray&>(*array);
      const Array keys = fitted_array(map.keys(), found.key(), wanted.key());
      const Array items = fitted_array(map.items(), found.value(), wanted.value());
      return std::make_shared<arrow::MapArray>(arrow::map(keys->type(), items->type()),
                                               map.length(), map.value_offsets(), keys, items,
                                               map.null_bitmap());
    }
    default:
      return converted(*array, found, wanted);
  }
}

}  // namespace firn::columnar

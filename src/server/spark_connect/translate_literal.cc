// Literals of Spark Connect: constants, and calls that make arrays, maps and structs of them.
#include <algorithm>

#include "server/spark_connect/translate_parts.h"
#include "sql/literal_values.h"

// Older clients fill fields that newer protocols call deprecated.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace firn::server::spark_connect {
namespace {

using plan::ExprPtr;
using types::DataType;
using types::DataTypeId;
using Literal = proto::Expression::Literal;
using LiteralCase = Literal::LiteralTypeCase;

ExprPtr constant(DataType type, types::Value value) {
  return plan::make(plan::Literal{std::move(type), std::move(value)});
}

ExprPtr call(std::string name, std::vector<ExprPtr> arguments) {
  plan::UnresolvedCall made;
  made.name = std::move(name);
  made.arguments = std::move(arguments);
  return plan::make(std::move(made));
}

// Its value and the type that holds both the value and what the message says.
std::pair<DataType, types::Value> decimal(const Literal::Decimal& given) {
  const auto value = sql::parse_decimal(given.value());
  if (!value)
    throw Error("FIRN_INVALID_INPUT",
                {{"what", "A decimal literal holds no decimal number: " + given.value()}});
  if (given.scale() < 0 || given.scale() > 38 || given.precision() > 38)
    throw_invalid("A decimal literal claims " + std::to_string(given.precision()) + " digits, " +
                  std::to_string(given.scale()) +
                  " of them behind the point: there are 38 at most.");
  // What a client says that was not told a type: Spark takes the number's own then.
  const bool unknown = given.precision() == 10 && given.scale() == 0;
  if (unknown) {
    const int digits = std::max({value->precision, value->scale, 1});
    return {DataType::decimal(std::min(digits, 38), value->scale), value->value};
  }
  const int scale = std::max(value->scale, given.has_scale() ? given.scale() : 0);
  int whole = std::max(value->precision - value->scale, 0);
  if (given.has_precision()) whole = std::max(whole, given.precision() - scale);
  types::Decimal number = value->value;
  for (int i = value->scale; i < scale; ++i) number.unscaled *= 10;
  return {DataType::decimal(std::min(whole + scale, 38), scale), number};
}

ExprPtr array(const Literal::Array& given) {
  std::vector<ExprPtr> items;
  for (const Literal& item : given.elements()) items.push_back(literal(item));
  if (!given.has_element_type()) return call("array", std::move(items));
  DataType type = DataType::array(data_type(given.element_type()));
  return plan::make(plan::Cast{call("array", std::move(items)), std::move(type)});
}

ExprPtr map(const Literal::Map& given) {
  std::vector<ExprPtr> items;
  for (int i = 0; i < given.keys_size() && i < given.values_size(); ++i) {
    items.push_back(literal(given.keys(i)));
    items.push_back(literal(given.values(i)));
  }
  if (!given.has_key_type() || !given.has_value_type()) return call("map", std::move(items));
  DataType type = DataType::map(data_type(given.key_type()), data_type(given.value_type()));
  return plan::make(plan::Cast{call("map", std::move(items)), std::move(type)});
}

ExprPtr structure(const Literal::Struct& given) {
  std::vector<ExprPtr> items;
  const DataType type = data_type(given.struct_type());
  for (int i = 0; i < given.elements_size(); ++i) {
    const std::string name =
        type.id() == DataTypeId::kStruct && static_cast<size_t>(i) < type.fields().size()
            ? type.fields()[static_cast<size_t>(i)].name
            : "col" + std::to_string(i + 1);
    items.push_back(constant(DataTypeId::kString, name));
    items.push_back(literal(given.elements(i)));
  }
  ExprPtr made = call("named_struct", std::move(items));
  if (type.id() != DataTypeId::kStruct) return made;
  return plan::make(plan::Cast{std::move(made), type});
}

template <typename List, typename Make>
ExprPtr plain_array(const List& list, DataTypeId element, Make make) {
  std::vector<ExprPtr> items;
  for (const auto& item : list.values()) items.push_back(constant(element, make(item)));
  return plan::make(plan::Cast{call("array", std::move(items)), DataType::array(element)});
}

ExprPtr specialized(const Literal::SpecializedArray& given) {
  using Kind = Literal::SpecializedArray::ValueTypeCase;
  const auto whole = [](auto value) -> types::Value { return static_cast<int64_t>(value); };
  const auto same = [](const auto& value) -> types::Value { return value; };
  switch (given.value_type_case()) {
    case Kind::kBools:
      return plain_array(given.bools(), DataTypeId::kBoolean, same);
    case Kind::kInts:
      return plain_array(given.ints(), DataTypeId::kInteger, whole);
    case Kind::kLongs:
      return plain_array(given.longs(), DataTypeId::kLong, whole);
    case Kind::kFloats:
      return plain_array(given.floats(), DataTypeId::kFloat, same);
    case Kind::kDoubles:
      return plain_array(given.doubles(), DataTypeId::kDouble, same);
    case Kind::kStrings:
      return plain_array(given.strings(), DataTypeId::kString, same);
    default:
      refuse("the array literal", given, "value_type");
  }
}

}  // namespace

ExprPtr literal(const Literal& given) {
  if (given.has_data_type() && !given.has_null()) {
    Literal plain = given;
    plain.clear_data_type();
    const DataType type = data_type(given.data_type());
    if (type.id() == DataTypeId::kStruct && plain.has_struct_())
      *plain.mutable_struct_()->mutable_struct_type() = given.data_type();
    ExprPtr value = literal(plain);
    const plan::Literal* same = plan::as_literal(*value);
    if (same != nullptr && same->type == type) return value;
    return plan::make(plan::Cast{std::move(value), type});
  }
  switch (given.literal_type_case()) {
    case LiteralCase::kNull:
      return constant(data_type(given.null()), types::Null{});
    case LiteralCase::kBinary:
      return constant(DataTypeId::kBinary, types::Bytes{given.binary()});
    case LiteralCase::kBoolean:
      return constant(DataTypeId::kBoolean, given.boolean());
    case LiteralCase::kByte:
      return constant(DataTypeId::kByte, int64_t{given.byte()});
    case LiteralCase::kShort:
      return constant(DataTypeId::kShort, int64_t{given.short_()});
    case LiteralCase::kInteger:
      return constant(DataTypeId::kInteger, int64_t{given.integer()});
    case LiteralCase::kLong:
      return constant(DataTypeId::kLong, int64_t{given.long_()});
    case LiteralCase::kFloat:
      return constant(DataTypeId::kFloat, given.float_());
    case LiteralCase::kDouble:
      return constant(DataTypeId::kDouble, given.double_());
    case LiteralCase::kDecimal: {
      auto [type, value] = decimal(given.decimal());
      return constant(std::move(type), std::move(value));
    }
    case LiteralCase::kString:
      return constant(DataTypeId::kString, given.string());
    case LiteralCase::kDate:
      return constant(DataTypeId::kDate, int32_t{given.date()});
    case LiteralCase::kTimestamp:
      return constant(DataTypeId::kTimestamp, int64_t{given.timestamp()});
    case LiteralCase::kTimestampNtz:
      return constant(DataTypeId::kTimestampNtz, int64_t{given.timestamp_ntz()});
    case LiteralCase::kYearMonthInterval:
      return constant(DataTypeId::kYearMonthInterval, int64_t{given.year_month_interval()});
    case LiteralCase::kDayTimeInterval:
      return constant(DataTypeId::kDayTimeInterval, int64_t{given.day_time_interval()});
    case LiteralCase::kArray:
      return array(given.array());
    case LiteralCase::kMap:
      return map(given.map());
    case LiteralCase::kStruct:
      return structure(given.struct_());
    case LiteralCase::kSpecializedArray:
      return specialized(given.specialized_array());
    default:
      refuse("the literal", given, "literal_type");
  }
}

}  // namespace firn::server::spark_connect

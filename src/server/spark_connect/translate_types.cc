// Spark Connect's data types ↔ Spark's data types as firn has them.
#include "server/spark_connect/translate_parts.h"
#include "sql/parser.h"

namespace firn::server::spark_connect {
namespace {

using types::DataType;
using types::DataTypeId;
using Kind = proto::DataType::KindCase;

struct Plain {  // types without parameters
  Kind kind;
  DataTypeId id;
};
constexpr Plain kPlain[] = {
    {Kind::kNull, DataTypeId::kNull},
    {Kind::kBoolean, DataTypeId::kBoolean},
    {Kind::kByte, DataTypeId::kByte},
    {Kind::kShort, DataTypeId::kShort},
    {Kind::kInteger, DataTypeId::kInteger},
    {Kind::kLong, DataTypeId::kLong},
    {Kind::kFloat, DataTypeId::kFloat},
    {Kind::kDouble, DataTypeId::kDouble},
    {Kind::kString, DataTypeId::kString},
    {Kind::kChar, DataTypeId::kString},
    {Kind::kVarChar, DataTypeId::kString},
    {Kind::kBinary, DataTypeId::kBinary},
    {Kind::kDate, DataTypeId::kDate},
    {Kind::kTimestamp, DataTypeId::kTimestamp},
    {Kind::kTimestampNtz, DataTypeId::kTimestampNtz},
};

// The comment of a field's metadata, which is JSON: {"comment":"…"}.
std::string comment_of(const std::string& metadata) {
  const std::string key = "\"comment\"";
  size_t at = metadata.find(key);
  if (at == std::string::npos) return "";
  at = metadata.find('"', at + key.size());
  if (at == std::string::npos) return "";
  std::string text;
  for (++at; at < metadata.size() && metadata[at] != '"'; ++at) {
    if (metadata[at] == '\\' && at + 1 < metadata.size()) ++at;
    text += metadata[at];
  }
  return text;
}

std::string metadata_of(const std::string& comment) {
  std::string text = "{\"comment\":\"";
  for (const char c : comment) {
    if (c == '"' || c == '\\') text += '\\';
    text += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return text + "\"}";
}

void check_interval(int start, int end, int last) {
  if (start < 0 || end < start || end > last)
    throw_invalid("An interval type from field " + std::to_string(start) + " to field " +
                  std::to_string(end) + " is asked for; there are the fields 0 to " +
                  std::to_string(last) + ".");
}

}  // namespace

types::DataType data_type(const proto::DataType& given) {
  for (const Plain& row : kPlain)
    if (row.kind == given.kind_case()) return row.id;
  switch (given.kind_case()) {
    case Kind::kDecimal: {
      const int precision = given.decimal().has_precision() ? given.decimal().precision() : 10;
      const int scale = given.decimal().has_scale() ? given.decimal().scale() : 0;
      if (precision < 1 || precision > 38 || scale < 0 || scale > precision)
        throw_invalid("There is no type DECIMAL(" + std::to_string(precision) + "," +
                      std::to_string(scale) +
                      "): it has 1 to 38 digits, and no more behind the "
                      "point than in all.");
      return DataType::decimal(precision, scale);
    }
    case Kind::kYearMonthInterval: {
      const auto& interval = given.year_month_interval();
      const int start = interval.has_start_field() ? interval.start_field() : 0;
      check_interval(start, interval.has_end_field() ? interval.end_field() : start, 1);
      return DataType::year_month(start, interval.has_end_field()     ? interval.end_field()
                                         : interval.has_start_field() ? start
                                                                      : 1);
    }
    case Kind::kDayTimeInterval: {
      const auto& interval = given.day_time_interval();
      const int start = interval.has_start_field() ? interval.start_field() : 0;
      check_interval(start, interval.has_end_field() ? interval.end_field() : start, 3);
      return DataType::day_time(start, interval.has_end_field()     ? interval.end_field()
                                       : interval.has_start_field() ? start
                                                                    : 3);
    }
    case Kind::kArray:
      return DataType::array(data_type(given.array().element_type()),
                             given.array().contains_null());
    case Kind::kMap:
      return DataType::map(data_type(given.map().key_type()), data_type(given.map().value_type()),
                           given.map().value_contains_null());
    case Kind::kStruct: {
      std::vector<types::StructField> fields;
      for (const auto& field : given.struct_().fields())
        fields.push_back({field.name(), data_type(field.data_type()), field.nullable(),
                          comment_of(field.metadata())});
      return DataType::structure(std::move(fields));
    }
    case Kind::kUnparsed:
      return sql::parse_schema(given.unparsed().data_type_string());
    case Kind::kUdt:
      if (given.udt().has_sql_type()) return data_type(given.udt().sql_type());
      [[fallthrough]];
    default:
      refuse("the data type", given, "kind");
  }
}

void to_proto(const DataType& type, proto::DataType* out) {
  switch (type.id()) {
    case DataTypeId::kNull:
      out->mutable_null();
      return;
    case DataTypeId::kBoolean:
      out->mutable_boolean();
      return;
    case DataTypeId::kByte:
      out->mutable_byte();
      return;
    case DataTypeId::kShort:
      out->mutable_short_();
      return;
    case DataTypeId::kInteger:
      out->mutable_integer();
      return;
    case DataTypeId::kLong:
      out->mutable_long_();
      return;
    case DataTypeId::kFloat:
      out->mutable_float_();
      return;
    case DataTypeId::kDouble:
      out->mutable_double_();
      return;
    case DataTypeId::kDecimal:
      out->mutable_decimal()->set_precision(type.precision());
      out->mutable_decimal()->set_scale(type.scale());
      return;
    case DataTypeId::kString:
      out->mutable_string()->set_collation("UTF8_BINARY");
      return;
    case DataTypeId::kBinary:
      out->mutable_binary();
      return;
    case DataTypeId::kDate:
      out->mutable_date();
      return;
    case DataTypeId::kTimestamp:
      out->mutable_timestamp();
      return;
    case DataTypeId::kTimestampNtz:
      out->mutable_timestamp_ntz();
      return;
    case DataTypeId::kYearMonthInterval:
      out->mutable_year_month_interval()->set_start_field(type.interval_start());
      out->mutable_year_month_interval()->set_end_field(type.interval_end());
      return;
    case DataTypeId::kDayTimeInterval:
      out->mutable_day_time_interval()->set_start_field(type.interval_start());
      out->mutable_day_time_interval()->set_end_field(type.interval_end());
      return;
    case DataTypeId::kArray:
      to_proto(type.element(), out->mutable_array()->mutable_element_type());
      out->mutable_array()->set_contains_null(type.contains_null());
      return;
    case DataTypeId::kMap:
      to_proto(type.key(), out->mutable_map()->mutable_key_type());
      to_proto(type.value(), out->mutable_map()->mutable_value_type());
      out->mutable_map()->set_value_contains_null(type.contains_null());
      return;
    case DataTypeId::kStruct:
      out->mutable_struct_();
      for (const types::StructField& field : type.fields()) {
        auto* made = out->mutable_struct_()->add_fields();
        made->set_name(field.name);
        to_proto(field.type, made->mutable_data_type());
        made->set_nullable(field.nullable);
        if (!field.comment.empty()) made->set_metadata(metadata_of(field.comment));
      }
      return;
    default:  // a type that is newer than this table
      throw_unsupported("the data type " + type.sql() + " in Spark Connect");
  }
}

}  // namespace firn::server::spark_connect

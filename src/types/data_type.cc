// Spark's data types: construction, comparison, the three spellings (simpleString, sql, json), and
// to and from Iceberg.
#include "types/data_type.h"

#include <array>
#include <cstdio>

#include "base/ascii.h"
#include "base/error.h"
#include "base/json_string.h"

namespace firn::types {
namespace {

struct Spelling {
  DataTypeId id;
  std::string_view simple;  // simpleString; sql() is the same in upper case
  std::string_view json;
};
constexpr Spelling kSpellings[] = {
    {DataTypeId::kNull, "void", "void"},
    {DataTypeId::kBoolean, "boolean", "boolean"},
    {DataTypeId::kByte, "tinyint", "byte"},
    {DataTypeId::kShort, "smallint", "short"},
    {DataTypeId::kInteger, "int", "integer"},
    {DataTypeId::kLong, "bigint", "long"},
    {DataTypeId::kFloat, "float", "float"},
    {DataTypeId::kDouble, "double", "double"},
    {DataTypeId::kString, "string", "string"},
    {DataTypeId::kBinary, "binary", "binary"},
    {DataTypeId::kDate, "date", "date"},
    {DataTypeId::kTimestamp, "timestamp", "timestamp"},
    {DataTypeId::kTimestampNtz, "timestamp_ntz", "timestamp_ntz"},
};
constexpr std::string_view kYearMonthFields[] = {"year", "month"};
constexpr std::string_view kDayTimeFields[] = {"day", "hour", "minute", "second"};

std::string interval_text(std::string_view start, std::string_view end) {
  std::string text = "interval " + std::string(start);
  if (start != end) text += " to " + std::string(end);
  return text;
}

// Spelling of a type without children.
std::string leaf_text(const DataType& type, std::string_view Spelling::* which) {
  switch (type.id()) {
    case DataTypeId::kDecimal:
      return "decimal(" + std::to_string(type.precision()) + "," + std::to_string(type.scale()) +
             ")";
    case DataTypeId::kYearMonthInterval:
      return interval_text(kYearMonthFields[type.interval_start()],
                           kYearMonthFields[type.interval_end()]);
    case DataTypeId::kDayTimeInterval:
      return interval_text(kDayTimeFields[type.interval_start()],
                           kDayTimeFields[type.interval_end()]);
    default:
      break;
  }
  for (const Spelling& spelling : kSpellings)
    if (spelling.id == type.id()) return std::string(spelling.*which);
  FIRN_CHECK(false, "a data type without spelling");
  return {};
}

std::string quote_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string quote_sql(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + '\'';
}

std::string_view bool_text(bool value) { return value ? "true" : "false"; }

bool same_fields(const std::vector<StructField>& a, const std::vector<StructField>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (a[i].name != b[i].name || !a[i].type.same_ignoring_nullability(b[i].type)) return false;
  return true;
}

}  // namespace

DataType DataType::decimal(int precision, int scale) {
  FIRN_CHECK(precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision,
             "decimal out of bounds");
  DataType type(DataTypeId::kDecimal);
  type.a_ = precision;
  type.b_ = scale;
  return type;
}

DataType DataType::year_month(int start, int end) {
  FIRN_CHECK(0 <= start && start <= end && end <= 1, "year-month interval fields");
  DataType type(DataTypeId::kYearMonthInterval);
  type.a_ = start;
  type.b_ = end;
  return type;
}

DataType DataType::day_time(int start, int end) {
  FIRN_CHECK(0 <= start && start <= end && end <= 3, "day-time interval fields");
  DataType type(DataTypeId::kDayTimeInterval);
  type.a_ = start;
  type.b_ = end;
  return type;
}

DataType DataType::array(DataType element, bool contains_null) {
  DataType type(DataTypeId::kArray);
  type.a_ = contains_null;
  type.fields_ = std::make_shared<const std::vector<StructField>>(
      std::vector<StructField>{{"element", std::move(element), contains_null, ""}});
  return type;
}

DataType DataType::map(DataType key, DataType value, bool value_contains_null) {
  DataType type(DataTypeId::kMap);
  type.a_ = value_contains_null;
  type.fields_ = std::make_shared<const std::vector<StructField>>(std::vector<StructField>{
      {"key", std::move(key), false, ""}, {"value", std::move(value), value_contains_null, ""}});
  return type;
}

DataType DataType::structure(std::vector<StructField> fields) {
  DataType type(DataTypeId::kStruct);
  type.fields_ = std::make_shared<const std::vector<StructField>>(std::move(fields));
  return type;
}

const DataType& DataType::element() const {
  FIRN_CHECK(id_ == DataTypeId::kArray, "element() of a type that is no array");
  return (*fields_)[0].type;
}

const DataType& DataType::key() const {
  FIRN_CHECK(id_ == DataTypeId::kMap, "key() of a type that is no map");
  return (*fields_)[0].type;
}

const DataType& DataType::value() const {
  FIRN_CHECK(id_ == DataTypeId::kMap, "value() of a type that is no map");
  return (*fields_)[1].type;
}

const std::vector<StructField>& DataType::fields() const {
  FIRN_CHECK(id_ == DataTypeId::kStruct, "fields() of a type that is no struct");
  return *fields_;
}

std::string DataType::simple_string() const {
  switch (id_) {
    case DataTypeId::kArray:
      return "array<" + element().simple_string() + ">";
    case DataTypeId::kMap:
      return "map<" + key().simple_string() + "," + value().simple_string() + ">";
    case DataTypeId::kStruct: {
      std::string text = "struct<";
      for (const StructField& field : fields()) {
        if (text.back() != '<') text += ',';
        text += field.name + ":" + field.type.simple_string();
      }
      return text + ">";
    }
    default:
      return leaf_text(*this, &Spelling::simple);
  }
}

std::string DataType::sql() const {
  switch (id_) {
    case DataTypeId::kArray:
      return "ARRAY<" + element().sql() + ">";
    case DataTypeId::kMap:
      return "MAP<" + key().sql() + ", " + value().sql() + ">";
    case DataTypeId::kStruct: {
      std::string text = "STRUCT<";
      for (const StructField& field : fields()) {
        if (text.back() != '<') text += ", ";
        text += quote_if_needed(field.name) + ": " + field.type.sql();
        if (!field.nullable) text += " NOT NULL";
        if (!field.comment.empty()) text += " COMMENT " + quote_sql(field.comment);
      }
      return text + ">";
    }
    default:
      return upper_case(leaf_text(*this, &Spelling::simple));
  }
}

std::string DataType::json() const {
  std::string text;
  switch (id_) {
    case DataTypeId::kArray:
      return text.append(R"({"type":"array","elementType":)")
          .append(element().json())
          .append(R"(,"containsNull":)")
          .append(bool_text(contains_null()))
          .append("}");
    case DataTypeId::kMap:
      return text.append(R"({"type":"map","keyType":)")
          .append(key().json())
          .append(R"(,"valueType":)")
          .append(value().json())
          .append(R"(,"valueContainsNull":)")
          .append(bool_text(contains_null()))
          .append("}");
    case DataTypeId::kStruct:
      text = R"({"type":"struct","fields":[)";
      for (const StructField& field : fields()) {
        if (text.back() != '[') text += ',';
        text.append(R"({"name":)")
            .append(quote_json(field.name))
            .append(R"(,"type":)")
            .append(field.type.json())
            .append(R"(,"nullable":)")
            .append(bool_text(field.nullable))
            .append(R"(,"metadata":{)");
        if (!field.comment.empty()) text.append(R"("comment":)").append(quote_json(field.comment));
        text += "}}";
      }
      return text + "]}";
    default:
      return quote_json(leaf_text(*this, &Spelling::json));
  }
}

bool DataType::operator==(const DataType& other) const {
  if (id_ != other.id_ || a_ != other.a_ || b_ != other.b_) return false;
  return fields_ == other.fields_ || (fields_ && other.fields_ && *fields_ == *other.fields_);
}

bool DataType::same_ignoring_nullability(const DataType& other) const {
  if (id_ != other.id_) return false;
  if (is_nested()) return fields_ == other.fields_ || types::same_fields(*fields_, *other.fields_);
  return a_ == other.a_ && b_ == other.b_;
}

std::string quote_if_needed(std::string_view name) {
  bool plain = !name.empty() && !(name[0] >= '0' && name[0] <= '9');
  for (const char c : name)
    plain = plain && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_');
  if (plain) return std::string(name);
  std::string out = "`";
  for (const char c : name) out.append(c == '`' ? 2 : 1, c);
  return out + '`';
}

namespace {

struct Pair {
  DataTypeId spark;
  TypeId iceberg;
};
// Spark → Iceberg where no parameter is involved.
constexpr Pair kToIceberg[] = {
    {DataTypeId::kBoolean, TypeId::kBoolean},
    {DataTypeId::kByte, TypeId::kInt},
    {DataTypeId::kShort, TypeId::kInt},
    {DataTypeId::kInteger, TypeId::kInt},
    {DataTypeId::kLong, TypeId::kLong},
    {DataTypeId::kFloat, TypeId::kFloat},
    {DataTypeId::kDouble, TypeId::kDouble},
    {DataTypeId::kString, TypeId::kString},
    {DataTypeId::kBinary, TypeId::kBinary},
    {DataTypeId::kDate, TypeId::kDate},
    {DataTypeId::kTimestamp, TypeId::kTimestamptz},
    {DataTypeId::kTimestampNtz, TypeId::kTimestamp},
};
// Iceberg → Spark, likewise.
constexpr Pair kToSpark[] = {
    {DataTypeId::kBoolean, TypeId::kBoolean},
    {DataTypeId::kInteger, TypeId::kInt},
    {DataTypeId::kLong, TypeId::kLong},
    {DataTypeId::kFloat, TypeId::kFloat},
    {DataTypeId::kDouble, TypeId::kDouble},
    {DataTypeId::kDate, TypeId::kDate},
    {DataTypeId::kTimestampNtz, TypeId::kTimestamp},
    {DataTypeId::kTimestamp, TypeId::kTimestamptz},
    {DataTypeId::kString, TypeId::kString},
    {DataTypeId::kString, TypeId::kUuid},
    {DataTypeId::kString, TypeId::kTime},
    {DataTypeId::kBinary, TypeId::kFixed},
    {DataTypeId::kBinary, TypeId::kBinary},
    {DataTypeId::kNull, TypeId::kUnknown},
};

// All ids of one level first, then those below, as Java's AssignFreshIds hands them out.
std::vector<Field> to_iceberg_fields(const std::vector<StructField>& fields, int& next_id) {
  std::vector<Field> result(fields.size());
  for (Field& field : result) field.id = next_id++;
  for (size_t i = 0; i < fields.size(); ++i) {
    result[i].name = fields[i].name;
    result[i].required = !fields[i].nullable;
    result[i].doc = fields[i].comment;
    result[i].type = to_iceberg(fields[i].type, next_id);
  }
  return result;
}

std::vector<StructField> to_spark_fields(const std::vector<Field>& fields) {
  std::vector<StructField> result;
  result.reserve(fields.size());
  for (const Field& field : fields)
    result.push_back({field.name, to_spark(field.type), !field.required, field.doc});
  return result;
}

}  // namespace

Type to_iceberg(const DataType& type, int& next_id) {
  switch (type.id()) {
    case DataTypeId::kDecimal:
      return Type::decimal(type.precision(), type.scale());
    case DataTypeId::kArray: {
      const int element_id = next_id++;
      return Type::list(element_id, !type.contains_null(), to_iceberg(type.element(), next_id));
    }
    case DataTypeId::kMap: {
      const int key_id = next_id++;
      const int value_id = next_id++;
      Type key = to_iceberg(type.key(), next_id);
      Type value = to_iceberg(type.value(), next_id);
      return Type::map(key_id, std::move(key), value_id, !type.contains_null(), std::move(value));
    }
    case DataTypeId::kStruct:
      return Type::structure(to_iceberg_fields(type.fields(), next_id));
    default:
      break;
  }
  for (const Pair& pair : kToIceberg)
    if (pair.spark == type.id()) return Type::primitive(pair.iceberg);
  throw_unsupported("a column of type " + type.sql() + " in an Iceberg table.");
}

Value to_spark(const Value& value, const Type& type) {
  // Partition values from before their column was widened.
  const auto* const single = std::get_if<float>(&value);
  if (single != nullptr && type.id() == TypeId::kDouble) return double{*single};
  const auto* const narrow = std::get_if<int32_t>(&value);
  if (narrow != nullptr && type.id() == TypeId::kLong) return int64_t{*narrow};
  const bool as_text = type.id() == TypeId::kUuid || type.id() == TypeId::kTime;
  if (!as_text || is_null(value)) return value;
  std::string text = to_human(value, type);
  if (text.find('.') != std::string::npos)  // a time's fraction, without its last zeros
    text.erase(text.find_last_not_of('0') + 1);
  return text;
}

DataType to_spark(const Type& type) {
  switch (type.id()) {
    case TypeId::kDecimal:
      return DataType::decimal(type.precision(), type.scale());
    case TypeId::kList:
      return DataType::array(to_spark(type.element().type), !type.element().required);
    case TypeId::kMap:
      return DataType::map(to_spark(type.key().type), to_spark(type.value().type),
                           !type.value().required);
    case TypeId::kStruct:
      return DataType::structure(to_spark_fields(type.fields()));
    default:
      break;
  }
  for (const Pair& pair : kToSpark)
    if (pair.iceberg == type.id()) return pair.spark;
  throw_unsupported("reading a column of Iceberg's type " + type.to_string() +
                    ": Spark has no type for it.");
}

Schema to_iceberg_schema(const DataType& structure) {
  Schema schema;
  int next_id = 1;
  schema.fields = to_iceberg_fields(structure.fields(), next_id);
  return schema;
}

DataType to_spark(const Schema& schema) {
  return DataType::structure(to_spark_fields(schema.fields));
}

}  // namespace firn::types

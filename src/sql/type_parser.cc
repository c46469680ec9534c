// Data types: INT, DECIMAL(10, 2), ARRAY<…>, MAP<…, …>, STRUCT<a: INT NOT NULL COMMENT '…'>,
// INTERVAL DAY TO SECOND.
#include <charconv>

#include "sql/grammar.h"
#include "sql/token.h"

namespace firn::sql {
namespace {

using types::DataType;
using types::DataTypeId;

struct TypeName {
  std::string_view name;  // upper case
  DataTypeId id;
};
constexpr TypeName kTypeNames[] = {
    {"BOOLEAN", DataTypeId::kBoolean},
    {"TINYINT", DataTypeId::kByte},
    {"BYTE", DataTypeId::kByte},
    {"SMALLINT", DataTypeId::kShort},
    {"SHORT", DataTypeId::kShort},
    {"INT", DataTypeId::kInteger},
    {"INTEGER", DataTypeId::kInteger},
    {"BIGINT", DataTypeId::kLong},
    {"LONG", DataTypeId::kLong},
    {"FLOAT", DataTypeId::kFloat},
    {"REAL", DataTypeId::kFloat},
    {"DOUBLE", DataTypeId::kDouble},
    {"DATE", DataTypeId::kDate},
    {"TIMESTAMP", DataTypeId::kTimestamp},
    {"TIMESTAMP_LTZ", DataTypeId::kTimestamp},
    {"TIMESTAMP_NTZ", DataTypeId::kTimestampNtz},
    {"STRING", DataTypeId::kString},
    {"BINARY", DataTypeId::kBinary},
    {"VOID", DataTypeId::kNull},
};
// Lengths are read and, as Spark does in queries and Iceberg in tables, not kept.
constexpr std::string_view kSizedStrings[] = {"CHAR", "CHARACTER", "VARCHAR"};
constexpr std::string_view kDecimals[] = {"DECIMAL", "DEC", "NUMERIC"};
constexpr std::string_view kNested[] = {"ARRAY", "MAP", "STRUCT"};
constexpr std::string_view kUnsupported[] = {"VARIANT", "TIME", "GEOMETRY", "GEOGRAPHY"};

constexpr std::string_view kYearMonthFields[] = {"YEAR", "MONTH"};
constexpr std::string_view kDayTimeFields[] = {"DAY", "HOUR", "MINUTE", "SECOND"};

template <size_t N>
int index_of(const std::string_view (&names)[N], std::string_view name) {
  for (size_t i = 0; i < N; ++i)
    if (names[i] == name) return static_cast<int>(i);
  return -1;
}

}  // namespace

types::DataType Grammar::data_type() {
  const Nesting nesting(*this);
  const Token& token = peek();
  if (token.keyword == "INTERVAL") return interval_type();
  if (token.keyword == "ARRAY" && at("<", 1)) {
    at_ += 2;
    DataType element = data_type();
    expect(">");
    return DataType::array(std::move(element));
  }
  if (token.keyword == "MAP" && at("<", 1)) {
    at_ += 2;
    DataType key = data_type();
    expect(",");
    DataType value = data_type();
    expect(">");
    return DataType::map(std::move(key), std::move(value));
  }
  if (token.keyword == "STRUCT" && at_any({"<", "<>"}, 1)) return struct_type();
  if (token.kind != TokenKind::kWord) fail();
  return parameterized_type(take());
}

types::DataType Grammar::struct_type() {
  take();
  std::vector<types::StructField> fields;
  if (accept("<>")) return DataType::structure(fields);
  expect("<");
  if (!at(">")) fields = comma_list([this] { return column_field(true); });
  expect(">");
  return DataType::structure(std::move(fields));
}

types::StructField Grammar::column_field(bool colon) {
  types::StructField field;
  field.name = identifier();
  if (colon) accept(":");
  field.type = data_type();
  if (accept_words({"NOT", "NULL"})) field.nullable = false;
  if (accept("COMMENT")) field.comment = string_literal();
  return field;
}

types::DataType Grammar::interval_type() {
  const Token& interval = take();
  if (!at_any({"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"}))
    unsupported("the data type INTERVAL without its fields", interval);
  const Token& first = take();
  const Token* last = &first;
  if (accept("TO")) last = &take();
  for (const bool year_month : {true, false}) {
    const int start = year_month ? index_of(kYearMonthFields, first.keyword)
                                 : index_of(kDayTimeFields, first.keyword);
    const int end = year_month ? index_of(kYearMonthFields, last->keyword)
                               : index_of(kDayTimeFields, last->keyword);
    if (start < 0) continue;
    if (end < 0 || (last != &first && end <= start)) fail_at(*last);
    return year_month ? DataType::year_month(start, end) : DataType::day_time(start, end);
  }
  fail_at(first);
}

types::DataType Grammar::parameterized_type(const Token& name) {
  std::vector<int> parameters;
  if (at("(") && peek(1).kind == TokenKind::kInteger) {
    take();
    parameters = comma_list([this] {
      const Token& token = take();
      int value = 0;
      const auto end =
          std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
      if (token.kind != TokenKind::kInteger || end.ec != std::errc()) fail_at(token);
      return value;
    });
    expect(")");
  }
  if (is_one_of(kDecimals, name.keyword) && parameters.size() <= 2) {
    const int precision = parameters.empty() ? 10 : parameters[0];
    const int scale = parameters.size() < 2 ? 0 : parameters[1];
    if (precision > 38)
      throw Error("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
                  {{"precision", std::to_string(precision)}, {"maxPrecision", "38"}},
                  {context_of(name)});
    if (precision < 1 || scale > precision)
      fail_at(name, ": the scale of a decimal is at most its precision");
    return DataType::decimal(precision, scale);
  }
  if (is_one_of(kSizedStrings, name.keyword)) {
    if (parameters.size() == 1) return DataTypeId::kString;
    throw Error("DATATYPE_MISSING_SIZE", {{"type", "\"" + std::string(name.keyword) + "\""}},
                {context_of(name)});
  }
  if (is_one_of(kUnsupported, name.keyword))
    unsupported("the data type " + std::string(name.keyword), name);
  if (is_one_of(kNested, name.keyword))
    fail_at(name, ": the types of its parts are missing, as in " +
                      std::string(name.keyword == "MAP"     ? "MAP<STRING, INT>"
                                  : name.keyword == "ARRAY" ? "ARRAY<INT>"
                                                            : "STRUCT<a: INT>"));
  if (name.keyword == "STRING" && at("COLLATE")) unsupported("COLLATE", peek());
  for (const TypeName& row : kTypeNames)
    if (row.name == name.keyword && parameters.empty()) return row.id;
  throw Error("UNSUPPORTED_DATATYPE", {{"typeName", "\"" + std::string(name.text) + "\""}},
              {context_of(name)});
}

types::DataType Grammar::only_data_type() {
  DataType type = data_type();
  expect_end();
  return type;
}

types::DataType Grammar::only_table_schema() {
  std::vector<types::StructField> fields = comma_list([this] { return column_field(true); });
  expect_end();
  return DataType::structure(std::move(fields));
}

}  // namespace firn::sql

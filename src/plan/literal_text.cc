// Literals as text, the way Spark's Literal.sql and toPrettySQL spell them.
#include "plan/literal_text.h"

#include <cstdio>

#include "kernels/number_text.h"
#include "kernels/value_text.h"

namespace firn::plan {
namespace {

using types::DataTypeId;

std::string date_text(int64_t days) {
  std::string text;
  kernels::append_date(text, days);
  return text;
}

std::string timestamp_text(int64_t micros) {
  std::string text;
  kernels::append_local_timestamp(text, micros);
  return text;
}

std::string hex_text(const std::string& bytes) {
  std::string text;
  for (const unsigned char c : bytes) {
    char buffer[3];
    std::snprintf(buffer, sizeof buffer, "%02X", c);
    text += buffer;
  }
  return text;
}

std::string quoted(const std::string& value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + '\'';
}

int64_t whole(const types::Value& value) {
  if (const auto* narrow = std::get_if<int32_t>(&value)) return *narrow;
  return std::get<int64_t>(value);
}

// Numbers without the suffix that tells their type.
std::string number_text(const Literal& literal) {
  switch (literal.type.id()) {
    case DataTypeId::kFloat:
      return kernels::java_text(std::get<float>(literal.value));
    case DataTypeId::kDouble:
      return kernels::java_text(std::get<double>(literal.value));
    case DataTypeId::kDecimal:
      return kernels::decimal_java_text(std::get<types::Decimal>(literal.value).unscaled,
                                        literal.type.scale());
    default:
      return std::to_string(whole(literal.value));
  }
}

std::string number_sql(const Literal& literal) {
  const std::string text = number_text(literal);
  switch (literal.type.id()) {
    case DataTypeId::kByte:
      return text + "Y";
    case DataTypeId::kShort:
      return text + "S";
    case DataTypeId::kLong:
      return text + "L";
    case DataTypeId::kFloat:
      return "CAST(" + text + " AS FLOAT)";
    case DataTypeId::kDouble:
      return text + "D";
    case DataTypeId::kDecimal:
      return text + "BD";
    default:
      return text;
  }
}

}  // namespace

std::string sql_text(const Literal& literal) {
  if (types::is_null(literal.value))
    return literal.type.id() == DataTypeId::kNull ? "NULL"
                                                  : "CAST(NULL AS " + literal.type.sql() + ")";
  if (literal.type.is_numeric()) return number_sql(literal);
  switch (literal.type.id()) {
    case DataTypeId::kBoolean:
      return std::get<bool>(literal.value) ? "true" : "false";
    case DataTypeId::kString:
      return quoted(std::get<std::string>(literal.value));
    case DataTypeId::kBinary:
      return "X'" + hex_text(std::get<types::Bytes>(literal.value).data) + "'";
    case DataTypeId::kDate:
      return "DATE '" + date_text(whole(literal.value)) + "'";
    case DataTypeId::kTimestamp:
      return "TIMESTAMP '" + timestamp_text(whole(literal.value)) + "'";
    case DataTypeId::kTimestampNtz:
      return "TIMESTAMP_NTZ '" + timestamp_text(whole(literal.value)) + "'";
    case DataTypeId::kYearMonthInterval:
      return kernels::year_month_text(static_cast<int32_t>(whole(literal.value)), literal.type);
    case DataTypeId::kDayTimeInterval:
      return kernels::day_time_text(whole(literal.value), literal.type);
    default:
      return "?";
  }
}

std::string pretty_text(const Literal& literal) {
  if (types::is_null(literal.value)) return "NULL";
  if (literal.type.id() == DataTypeId::kString) return std::get<std::string>(literal.value);
  return literal.type.is_numeric() ? number_text(literal) : sql_text(literal);
}

}  // namespace firn::plan

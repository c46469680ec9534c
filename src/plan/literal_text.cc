// Literals as text, the way Spark's Literal.sql and toPrettySQL spell them.
#include "plan/literal_text.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace firn::plan {
namespace {

using types::DataTypeId;

std::string digits_of(__int128 value) {
  const bool negative = value < 0;
  unsigned __int128 rest =
      negative ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  std::string text;
  do {
    text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest > 0);
  return negative ? "-" + text : text;
}

std::string decimal_text(types::Decimal value, int scale) {
  std::string text = digits_of(value.unscaled);
  if (scale == 0) return text;
  const size_t sign = text[0] == '-' ? 1 : 0;
  const int exponent = static_cast<int>(text.size() - sign) - 1 - scale;
  if (exponent < -6) {  // as BigDecimal.toString
    if (text.size() > sign + 1) text.insert(sign + 1, ".");
    return text + "E" + std::to_string(exponent);
  }
  while (text.size() - sign <= static_cast<size_t>(scale)) text.insert(sign, "0");
  return text.insert(text.size() - static_cast<size_t>(scale), ".");
}

// Java's Double.toString for the values that SQL text usually has: shortest digits, at least one
// after the point.
template <typename T>
std::string floating_text(T value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  const T size = std::fabs(value);
  char buffer[64];
  if (size != 0 && (size < T(1e-3) || size >= T(1e7))) {
    const auto end =
        std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
    std::string text(buffer, end);
    const size_t e = text.find('e');
    std::string mantissa = text.substr(0, e);
    if (mantissa.find('.') == std::string::npos) {  // Java: the nearest of two digits
      std::snprintf(buffer, sizeof buffer, "%.1e", static_cast<double>(value));
      text = buffer;
      mantissa = text.substr(0, text.find('e'));
      return mantissa + "E" + std::to_string(std::stoi(text.substr(text.find('e') + 1)));
    }
    return mantissa + "E" + std::to_string(std::stoi(text.substr(e + 1)));
  }
  std::string text(
      buffer, std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed).ptr);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

std::string date_text(int64_t days) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return buffer;
}

// ".25" of microseconds below a second; "" where there are none.
std::string fraction_text(int64_t micros) {
  if (micros == 0) return "";
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, ".%06d", static_cast<int>(micros));
  std::string text = buffer;
  while (text.back() == '0') text.pop_back();
  return text;
}

std::string timestamp_text(int64_t micros) {
  constexpr int64_t kDay = 86'400'000'000;
  int64_t days = micros / kDay, rest = micros % kDay;
  if (rest < 0) rest += kDay, --days;
  char buffer[32];
  const int64_t seconds = rest / 1'000'000;
  std::snprintf(buffer, sizeof buffer, " %02d:%02d:%02d", static_cast<int>(seconds / 3600),
                static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  return date_text(days) + buffer + fraction_text(rest % 1'000'000);
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

std::string year_month_text(const types::DataType& type, int64_t months) {
  const std::string sign = months < 0 ? "-" : "";
  const int64_t size = months < 0 ? -months : months;
  if (type.interval_start() == 1) return "'" + sign + std::to_string(size) + "' MONTH";
  if (type.interval_end() == 0) return "'" + sign + std::to_string(size / 12) + "' YEAR";
  return "'" + sign + std::to_string(size / 12) + "-" + std::to_string(size % 12) +
         "' YEAR TO MONTH";
}

std::string day_time_text(const types::DataType& type, int64_t micros) {
  constexpr std::string_view kNames[] = {"DAY", "HOUR", "MINUTE", "SECOND"};
  constexpr int64_t kUnits[] = {86'400'000'000, 3'600'000'000, 60'000'000, 1'000'000};
  constexpr std::string_view kGaps[] = {"", " ", ":", ":"};
  std::string text = micros < 0 ? "'-" : "'";
  unsigned long rest =
      micros < 0 ? -static_cast<unsigned long>(micros) : static_cast<unsigned long>(micros);
  for (int field = type.interval_start(); field <= type.interval_end(); ++field) {
    const bool first = field == type.interval_start();
    const std::string number = std::to_string(rest / static_cast<unsigned long>(kUnits[field]));
    rest %= static_cast<unsigned long>(kUnits[field]);
    if (!first) text += kGaps[field];
    if (field > 0 && number.size() < 2) text += '0';
    text += number;
  }
  if (type.interval_end() == 3) text += fraction_text(static_cast<int64_t>(rest));
  text += "' ";
  text += kNames[type.interval_start()];
  if (type.interval_start() != type.interval_end())
    text.append(" TO ").append(kNames[type.interval_end()]);
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
      return floating_text(std::get<float>(literal.value));
    case DataTypeId::kDouble:
      return floating_text(std::get<double>(literal.value));
    case DataTypeId::kDecimal:
      return decimal_text(std::get<types::Decimal>(literal.value), literal.type.scale());
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
      return "INTERVAL " + year_month_text(literal.type, whole(literal.value));
    case DataTypeId::kDayTimeInterval:
      return "INTERVAL " + day_time_text(literal.type, whole(literal.value));
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

// Literals: numbers with their suffixes, strings, DATE '…' and its like, hexadecimal bytes.
#include <charconv>
#include <cmath>

#include "sql/grammar.h"
#include "sql/literal_values.h"

namespace firn::sql {
namespace {

using types::DataType;
using types::DataTypeId;

struct IntegerType {
  TokenKind kind;
  DataTypeId id;
  std::string_view name;
  int64_t least, greatest;
};
constexpr IntegerType kIntegerTypes[] = {
    {TokenKind::kByte, DataTypeId::kByte, "tinyint", INT8_MIN, INT8_MAX},
    {TokenKind::kShort, DataTypeId::kShort, "smallint", INT16_MIN, INT16_MAX},
    {TokenKind::kLong, DataTypeId::kLong, "bigint", INT64_MIN, INT64_MAX},
};

struct TypedLiteral {
  std::string_view word;
  DataTypeId id;
};
constexpr TypedLiteral kTypedLiterals[] = {
    {"DATE", DataTypeId::kDate},
    {"TIMESTAMP", DataTypeId::kTimestamp},
    {"TIMESTAMP_LTZ", DataTypeId::kTimestamp},
    {"TIMESTAMP_NTZ", DataTypeId::kTimestampNtz},
    {"X", DataTypeId::kBinary},
};

const TypedLiteral* find_typed_literal(const Token& token) {
  for (const TypedLiteral& row : kTypedLiterals) {
    const bool same =
        token.keyword == row.word || (row.word == "X" && (token.text == "X" || token.text == "x"));
    if (token.kind == TokenKind::kWord && same) return &row;
  }
  return nullptr;
}

std::optional<int64_t> integer_value(const std::string& digits) {
  int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

}  // namespace

ExprPtr Grammar::literal(DataType type, types::Value value, size_t first) const {
  return plan::make(plan::Literal{std::move(type), std::move(value)}, origin_from(first));
}

bool Grammar::at_number(size_t ahead) const {
  const TokenKind kind = peek(ahead).kind;
  return kind >= TokenKind::kInteger && kind <= TokenKind::kBigDecimal;
}

ExprPtr Grammar::number(bool negative, size_t first) {
  const Token& token = take();
  const bool suffixed = token.kind > TokenKind::kExponent;
  std::string text(token.text);
  if (suffixed) text.resize(text.size() - (token.kind == TokenKind::kBigDecimal ? 2 : 1));
  if (negative) text.insert(0, "-");
  switch (token.kind) {
    case TokenKind::kInteger:
    case TokenKind::kByte:
    case TokenKind::kShort:
    case TokenKind::kLong:
      return integer(text, token.kind, first);
    case TokenKind::kDecimal:
    case TokenKind::kBigDecimal:
      return decimal(text, first);
    default:
      break;
  }
  const bool single = token.kind == TokenKind::kFloat;
  const double value = std::strtod(text.c_str(), nullptr);
  const bool too_large = std::isinf(value) || (single && std::isinf(static_cast<float>(value)));
  if (too_large)
    throw Error("INVALID_NUMERIC_LITERAL_RANGE",
                {{"rawStrippedQualifier", text},
                 {"typeName", single ? "float" : "double"},
                 {"minValue", single ? "-3.4028234663852886E+38" : "-1.7976931348623157E+308"},
                 {"maxValue", single ? "3.4028234663852886E+38" : "1.7976931348623157E+308"}},
                {context_of(token)});
  if (single) return literal(DataTypeId::kFloat, std::strtof(text.c_str(), nullptr), first);
  return literal(DataTypeId::kDouble, value, first);
}

ExprPtr Grammar::integer(const std::string& digits, TokenKind kind, size_t first) {
  const std::optional<int64_t> value = integer_value(digits);
  for (const IntegerType& row : kIntegerTypes) {
    if (row.kind != kind) continue;
    if (value && *value >= row.least && *value <= row.greatest)
      return literal(row.id, *value, first);
    throw Error("INVALID_NUMERIC_LITERAL_RANGE",
                {{"rawStrippedQualifier", digits},
                 {"typeName", std::string(row.name)},
                 {"minValue", std::to_string(row.least)},
                 {"maxValue", std::to_string(row.greatest)}},
                {context_of(tokens_[at_ - 1])});
  }
  if (!value) return decimal(digits, first);
  const bool fits = *value >= INT32_MIN && *value <= INT32_MAX;
  return literal(fits ? DataTypeId::kInteger : DataTypeId::kLong, *value, first);
}

ExprPtr Grammar::decimal(const std::string& text, size_t first) {
  const std::optional<DecimalLiteral> value = parse_decimal(text);
  if (!value)
    throw Error("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
                {{"precision", std::to_string(count_digits(text))}, {"maxPrecision", "38"}},
                {context_of(tokens_[at_ - 1])});
  return literal(DataType::decimal(value->precision, value->scale), value->value, first);
}

ExprPtr Grammar::string_value() {
  const size_t first = at_;
  std::string value = string_literal();
  return literal(DataTypeId::kString, std::move(value), first);
}

bool Grammar::at_typed_literal() const {
  return find_typed_literal(peek()) != nullptr && at_string(1);
}

ExprPtr Grammar::typed_literal() {
  const size_t first = at_;
  const DataTypeId id = find_typed_literal(take())->id;
  const std::string text = string_literal();
  const auto invalid = [&](std::string_view type) {
    return Error("INVALID_TYPED_LITERAL",
                 {{"valueType", "\"" + std::string(type) + "\""}, {"value", "'" + text + "'"}},
                 {*origin_from(first)});
  };
  switch (id) {
    case DataTypeId::kDate:
      if (const auto days = parse_date(text)) return literal(id, *days, first);
      throw invalid("DATE");
    case DataTypeId::kTimestampNtz:
      if (const auto parts = parse_timestamp(text); parts) return literal(id, parts->micros, first);
      throw invalid("TIMESTAMP_NTZ");
    case DataTypeId::kTimestamp: {
      const auto parts = parse_timestamp(text);
      if (!parts) throw invalid("TIMESTAMP");
      // The value needs the session's time zone, which resolution knows.
      ExprPtr child = literal(DataTypeId::kString, text, first);
      return plan::make(plan::Cast{std::move(child), id, plan::CastMode::kAnsi, true},
                        origin_from(first));
    }
    default:
      if (auto bytes = parse_hex(text)) return literal(id, std::move(*bytes), first);
      throw invalid("X");
  }
}

}  // namespace firn::sql

// Partition transforms: spelling, the types they apply to, and their values.
#include "types/transform.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

#include "base/error.h"
#include "types/calendar.h"

namespace firn::types {
namespace {

struct TransformSpelling {
  TransformId id;
  std::string_view text;
};
constexpr TransformSpelling kUnsized[] = {
    {TransformId::kIdentity, "identity"}, {TransformId::kYear, "year"},
    {TransformId::kMonth, "month"},       {TransformId::kDay, "day"},
    {TransformId::kHour, "hour"},         {TransformId::kVoid, "void"},
};
constexpr TransformSpelling kSized[] = {{TransformId::kBucket, "bucket"},
                                        {TransformId::kTruncate, "truncate"}};

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

// The number in "name[number]"; nullopt where the text is no such thing or the number is not
// positive.
std::optional<int> size_in(std::string_view text, std::string_view name) {
  const bool framed = text.size() > name.size() + 2 &&
                      same_word(text.substr(0, name.size()), name) && text[name.size()] == '[' &&
                      text.back() == ']';
  if (!framed) return std::nullopt;
  const std::string_view digits = text.substr(name.size() + 1, text.size() - name.size() - 2);
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number <= 0) {
    return std::nullopt;
  }
  return number;
}

bool is_timestamp(TypeId id) {
  return id == TypeId::kTimestamp || id == TypeId::kTimestamptz || id == TypeId::kTimestampNs ||
         id == TypeId::kTimestamptzNs;
}

bool is_hashable(TypeId id) {
  switch (id) {
    case TypeId::kInt:
    case TypeId::kLong:
    case TypeId::kDecimal:
    case TypeId::kDate:
    case TypeId::kTime:
    case TypeId::kString:
    case TypeId::kUuid:
    case TypeId::kFixed:
    case TypeId::kBinary:
      return true;
    default:
      return is_timestamp(id);
  }
}

bool is_truncatable(TypeId id) {
  return id == TypeId::kInt || id == TypeId::kLong || id == TypeId::kDecimal ||
         id == TypeId::kString || id == TypeId::kBinary;
}

bool has_identity(const Type& type) {
  return !type.is_nested() && type.id() != TypeId::kVariant && type.id() != TypeId::kGeometry &&
         type.id() != TypeId::kGeography;
}

// Toward minus infinity; what would pass the smallest number wraps around, as it does in Java.
template <typename Signed, typename Unsigned>
Signed truncate_number(Signed value, Signed width) {
  Signed remainder = value % width;
  if (remainder < 0) remainder += width;
  return static_cast<Signed>(static_cast<Unsigned>(value) - static_cast<Unsigned>(remainder));
}

__int128 truncate_unscaled(__int128 unscaled, int width) {
  const __int128 remainder = ((unscaled % width) + width) % width;
  return unscaled - remainder;
}

std::string first_code_points(const std::string& utf8, int count) {
  size_t end = 0;
  for (; end < utf8.size(); ++end) {
    const bool starts = (static_cast<uint8_t>(utf8[end]) & 0xC0) != 0x80;
    if (starts && count-- == 0) break;
  }
  return utf8.substr(0, end);
}

Value truncate(const Value& value, int width) {
  if (const auto* number = std::get_if<int32_t>(&value)) {
    return truncate_number<int32_t, uint32_t>(*number, width);
  }
  if (const auto* number = std::get_if<int64_t>(&value)) {
    return truncate_number<int64_t, uint64_t>(*number, width);
  }
  if (const auto* decimal = std::get_if<Decimal>(&value)) {
    return Decimal{truncate_unscaled(decimal->unscaled, width)};
  }
  if (const auto* text = std::get_if<std::string>(&value)) return first_code_points(*text, width);
  return Bytes{std::get<Bytes>(value).data.substr(0, static_cast<size_t>(width))};
}

// Hours since 1970 of a timestamp.
int64_t hours_of(const Type& source, int64_t since_1970) {
  const bool nanos = source.id() == TypeId::kTimestampNs || source.id() == TypeId::kTimestamptzNs;
  return floor_div<int64_t>(since_1970, nanos ? 1000 * kMicrosPerHour : kMicrosPerHour);
}

int64_t days_of(const Type& source, const Value& value) {
  if (const auto* days = std::get_if<int32_t>(&value)) return *days;
  return floor_div<int64_t>(hours_of(source, std::get<int64_t>(value)), 24);
}

// Hours pass 32 bits in the year 246953: the last one stands for all that follow, so that the order
// is kept.
int32_t saturate(int64_t hours) {
  return static_cast<int32_t>(std::clamp<int64_t>(hours, INT32_MIN, INT32_MAX));
}

Value apply_time(TransformId id, const Type& source, const Value& value) {
  switch (id) {
    case TransformId::kYear:
      return years_since_1970(days_of(source, value));
    case TransformId::kMonth:
      return months_since_1970(days_of(source, value));
    case TransformId::kDay:
      return static_cast<int32_t>(days_of(source, value));
    default:
      return saturate(hours_of(source, std::get<int64_t>(value)));
  }
}

[[noreturn]] void refuse(const Transform& transform, const Type& source) {
  throw_invalid("the transform " + transform.to_string() + " does not apply to type " +
                source.to_string());
}

std::string month_text(int64_t months) {
  const int64_t year = floor_div<int64_t>(months, 12);
  return fmt::format("{:04}-{:02}", 1970 + year, months - 12 * year + 1);
}

std::string hour_text(int64_t hours) {
  const int64_t days = floor_div<int64_t>(hours, 24);
  const CivilDate date = civil_from_days(days);
  return fmt::format("{:04}-{:02}-{:02}-{:02}", date.year, date.month, date.day, hours - 24 * days);
}

}  // namespace

std::string Transform::to_string() const {
  for (const TransformSpelling& row : kUnsized) {
    if (row.id == id) return std::string(row.text);
  }
  for (const TransformSpelling& row : kSized) {
    if (row.id == id) return std::string(row.text) + "[" + std::to_string(parameter) + "]";
  }
  return unknown_text;
}

Transform parse_transform(std::string_view text) {
  for (const TransformSpelling& row : kUnsized) {
    if (same_word(text, row.text)) return Transform{row.id, 0, ""};
  }
  for (const TransformSpelling& row : kSized) {
    if (const std::optional<int> size = size_in(text, row.text))
      return Transform{row.id, *size, ""};
  }
  return Transform{TransformId::kUnknown, 0, std::string(text)};
}

bool can_transform(const Transform& transform, const Type& source) {
  switch (transform.id) {
    case TransformId::kIdentity:
      return has_identity(source);
    case TransformId::kBucket:
      return is_hashable(source.id());
    case TransformId::kTruncate:
      return is_truncatable(source.id());
    case TransformId::kYear:
    case TransformId::kMonth:
    case TransformId::kDay:
      return source.id() == TypeId::kDate || is_timestamp(source.id());
    case TransformId::kHour:
      return is_timestamp(source.id());
    case TransformId::kVoid:
    case TransformId::kUnknown:
      return true;
  }
  return false;
}

Type result_type(const Transform& transform, const Type& source) {
  switch (transform.id) {
    case TransformId::kBucket:
    case TransformId::kYear:
    case TransformId::kMonth:
    case TransformId::kHour:
      return Type::primitive(TypeId::kInt);
    case TransformId::kDay:
      return Type::primitive(TypeId::kDate);
    case TransformId::kUnknown:
      return Type::primitive(TypeId::kString);
    default:
      return source;
  }
}

Value apply(const Transform& transform, const Type& source, const Value& value) {
  if (!can_transform(transform, source)) refuse(transform, source);
  if (transform.id == TransformId::kUnknown) {
    throw_unsupported("the partition transform " + transform.unknown_text);
  }
  if (is_null(value) || transform.id == TransformId::kVoid) return Null{};
  switch (transform.id) {
    case TransformId::kIdentity:
      return value;
    case TransformId::kBucket:
      return (bucket_hash(source, value) & INT32_MAX) % transform.parameter;
    case TransformId::kTruncate:
      return truncate(value, transform.parameter);
    default:
      return apply_time(transform.id, source, value);
  }
}

std::string to_human(const Transform& transform, const Type& source, const Value& partition_value) {
  if (is_null(partition_value)) return "null";
  switch (transform.id) {
    case TransformId::kYear:
      return fmt::format("{:04}", 1970 + std::get<int32_t>(partition_value));
    case TransformId::kMonth:
      return month_text(std::get<int32_t>(partition_value));
    case TransformId::kHour:
      return hour_text(std::get<int32_t>(partition_value));
    default:
      return to_human(partition_value, result_type(transform, source));
  }
}

}  // namespace firn::types

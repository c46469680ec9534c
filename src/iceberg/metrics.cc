// Metrics modes, truncation of bounds, and bounds as predicates want them.
#include "iceberg/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"

namespace firn::iceberg {

namespace {

using types::Field;
using types::Schema;
using types::Value;

constexpr int kDefaultInferredColumns = 100;
constexpr std::string_view kColumnPrefix = "write.metadata.metrics.column.";
constexpr const char* kDefaultKey = "write.metadata.metrics.default";
constexpr const char* kLimitKey = "write.metadata.metrics.max-inferred-column-defaults";

// Reserved columns of position delete files (specification, "Reserved Field IDs"): their bounds are
// never truncated.
constexpr int kDeleteFilePathId = 2147483546;
constexpr int kDeleteFilePosId = 2147483545;

std::optional<int> number_in(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

MetricsMode parse_mode(const std::string& key, std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  if (text == "none") return {MetricsModeId::kNone, 0};
  if (text == "counts") return {MetricsModeId::kCounts, 0};
  if (text == "full") return {MetricsModeId::kFull, 0};
  if (text.starts_with("truncate(") && text.ends_with(")")) {
    const auto length = number_in(std::string_view(text).substr(9, text.size() - 10));
    if (length && *length > 0) return {MetricsModeId::kTruncate, *length};
  }
  throw_invalid(fmt::format(
      "the table property {} is '{}'; it must be none, counts, truncate(<length>) or full", key,
      text));
}

// The columns that get default metrics, in the order in which the limit counts them: the primitives
// of one struct, then those of its nested types.
void collect_columns(const std::vector<Field>& fields, std::vector<int>& ids) {
  for (const Field& field : fields) {
    if (!field.type.is_nested()) ids.push_back(field.id);
  }
  for (const Field& field : fields) {
    if (field.type.is_nested()) collect_columns(field.type.fields(), ids);
  }
}

int inferred_limit(const Properties& properties) {
  const auto found = properties.find(kLimitKey);
  if (found == properties.end()) return kDefaultInferredColumns;
  const auto number = number_in(found->second);
  if (!number || *number < 0) {
    throw_invalid(
        fmt::format("the table property {} is '{}', not a number", kLimitKey, found->second));
  }
  return *number;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// Where the first `code_points` code points end.
size_t prefix_bytes(std::string_view utf8, int code_points) {
  size_t at = 0;
  for (int i = 0; i < code_points && at < utf8.size(); ++i) {
    ++at;
    while (at < utf8.size() && is_continuation(utf8[at])) ++at;
  }
  return at;
}

// nullopt where the bytes are no well-formed code point.
std::optional<uint32_t> decode(std::string_view bytes) {
  if (bytes.empty() || bytes.size() > 4) return std::nullopt;
  const auto first = static_cast<unsigned char>(bytes[0]);
  static constexpr unsigned char kMask[] = {0x7f, 0x1f, 0x0f, 0x07};
  static constexpr unsigned char kLead[] = {0x00, 0xc0, 0xe0, 0xf0};
  const size_t index = bytes.size() - 1;
  if ((first & static_cast<unsigned char>(~kMask[index])) != kLead[index]) return std::nullopt;
  uint32_t code_point = first & kMask[index];
  for (const unsigned char c : bytes.substr(1)) code_point = code_point << 6 | (c & 0x3f);
  if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff)) return std::nullopt;
  return code_point;
}

std::string encode(uint32_t code_point) {
  std::string utf8;
  const auto put = [&](uint32_t byte) { utf8.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xc0 | code_point >> 6);
    put(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    put(0xe0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3f));
    put(0x80 | (code_point & 0x3f));
  } else {
    put(0xf0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3f));
    put(0x80 | (code_point >> 6 & 0x3f));
    put(0x80 | (code_point & 0x3f));
  }
  return utf8;
}

std::optional<uint32_t> next_code_point(uint32_t code_point) {
  if (code_point == 0xd7ff) return 0xe000;  // surrogates are no characters
  if (code_point == 0x10ffff) return std::nullopt;
  return code_point + 1;
}

bool is_nan(const Value& value) {
  if (const auto* number = std::get_if<float>(&value)) return std::isnan(*number);
  if (const auto* number = std::get_if<double>(&value)) return std::isnan(*number);
  return false;
}

void put_counts(const std::map<int, int64_t>& counts,
                std::optional<int64_t> types::ColumnBounds::* member, types::BoundsById& bounds) {
  for (const auto& [id, count] : counts) bounds[id].*member = count;
}

void put_bounds(const DataFile& file, const std::vector<Field>& fields, types::BoundsById& bounds) {
  const auto put = [&](const std::map<int, std::string>& values, const Field& field,
                       std::optional<Value> types::ColumnBounds::* member) {
    const auto found = values.find(field.id);
    if (found == values.end()) return;
    if (auto value = bound_from(found->second, field.type))
      bounds[field.id].*member = std::move(value);
  };
  for (const Field& field : fields) {
    if (field.type.is_nested()) {
      put_bounds(file, field.type.fields(), bounds);
      continue;
    }
    put(file.lower_bounds, field, &types::ColumnBounds::lower);
    put(file.upper_bounds, field, &types::ColumnBounds::upper);
  }
}

}  // namespace

MetricsMode metrics_mode(const Properties& properties, const Schema& schema, int field_id) {
  if (field_id == kDeleteFilePathId || field_id == kDeleteFilePosId)
    return {MetricsModeId::kFull, 0};
  if (const auto name = schema.name_of(field_id)) {
    const std::string key = std::string(kColumnPrefix) + *name;
    if (const auto found = properties.find(key); found != properties.end())
      return parse_mode(key, found->second);
  }
  if (const auto found = properties.find(kDefaultKey); found != properties.end()) {
    return parse_mode(kDefaultKey, found->second);
  }
  const auto limit = static_cast<size_t>(inferred_limit(properties));
  std::vector<int> ids;
  collect_columns(schema.fields, ids);
  if (ids.size() <= limit) return {};
  const auto end = ids.begin() + static_cast<std::ptrdiff_t>(limit);
  return std::find(ids.begin(), end, field_id) != end ? MetricsMode{}
                                                      : MetricsMode{MetricsModeId::kNone, 0};
}

std::string truncate_lower(std::string_view utf8, int code_points) {
  return std::string(utf8.substr(0, prefix_bytes(utf8, code_points)));
}

std::optional<std::string> truncate_upper(std::string_view utf8, int code_points) {
  std::string_view prefix = utf8.substr(0, prefix_bytes(utf8, code_points));
  if (prefix.size() == utf8.size()) return std::string(utf8);
  while (!prefix.empty()) {
    size_t start = prefix.size() - 1;
    while (start > 0 && is_continuation(prefix[start])) --start;
    const auto last = decode(prefix.substr(start));
    if (!last) return std::nullopt;  // no text: no bound is right in every reader's order
    prefix = prefix.substr(0, start);
    if (const auto next = next_code_point(*last)) return std::string(prefix) + encode(*next);
  }
  return std::nullopt;
}

std::string truncate_lower_bytes(std::string_view bytes, int length) {
  return std::string(bytes.substr(0, static_cast<size_t>(length)));
}

std::optional<std::string> truncate_upper_bytes(std::string_view bytes, int length) {
  if (bytes.size() <= static_cast<size_t>(length)) return std::string(bytes);
  std::string prefix(bytes.substr(0, static_cast<size_t>(length)));
  while (!prefix.empty()) {
    auto last = static_cast<unsigned char>(prefix.back());
    if (last != 0xff) {
      prefix.back() = static_cast<char>(last + 1);
      return prefix;
    }
    prefix.pop_back();
  }
  return std::nullopt;
}

std::optional<Value> bound_from(std::string_view bytes, const types::Type& type) {
  try {
    Value value = types::from_single_value_bytes(bytes, type);
    if (is_nan(value)) return std::nullopt;
    return value;
  } catch (const Error&) {
    return std::nullopt;
  }
}

types::BoundsById bounds_of(const DataFile& file, const Schema& schema) {
  types::BoundsById bounds;
  put_counts(file.value_counts, &types::ColumnBounds::value_count, bounds);
  put_counts(file.null_value_counts, &types::ColumnBounds::null_count, bounds);
  put_counts(file.nan_value_counts, &types::ColumnBounds::nan_count, bounds);
  put_bounds(file, schema.fields, bounds);
  return bounds;
}

}  // namespace firn::iceberg

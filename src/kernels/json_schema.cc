// Inference in one pass: every value widens the node of its place.
#include "kernels/json_schema.h"

#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "kernels/json_cursor.h"
#include "kernels/timestamp_text.h"

namespace firn::kernels {
namespace {

using types::DataType;
using types::DataTypeId;

DataType wider_decimal(const DataType& a, const DataType& b) {
  const int scale = std::max(a.scale(), b.scale());
  const int range = std::max(a.precision() - a.scale(), b.precision() - b.scale());
  if (range + scale > 38) return DataTypeId::kDouble;
  return DataType::decimal(range + scale, scale);
}

// The type that both leaves fit; STRING where nothing else does.
DataType common(const DataType& a, const DataType& b) {
  if (a == b || b.id() == DataTypeId::kNull) return a;
  if (a.id() == DataTypeId::kNull) return b;
  const DataType bigint = DataType::decimal(20, 0);
  const auto as_decimal = [&](const DataType& type) {
    return type.id() == DataTypeId::kLong ? bigint : type;
  };
  if (!a.is_numeric() || !b.is_numeric()) {
    const bool times = a.id() >= DataTypeId::kTimestamp && a.id() <= DataTypeId::kTimestampNtz &&
                       b.id() >= DataTypeId::kTimestamp && b.id() <= DataTypeId::kTimestampNtz;
    return times ? DataTypeId::kTimestamp : DataTypeId::kString;
  }
  if (a.id() == DataTypeId::kDouble || b.id() == DataTypeId::kDouble) return DataTypeId::kDouble;
  return wider_decimal(as_decimal(a), as_decimal(b));
}

// Digits and scale of a number's text as Java's BigDecimal counts them; nullopt beyond 38.
std::optional<DataType> decimal_of(std::string_view text) {
  int digits = 0, scale = 0;
  bool behind_point = false;
  const size_t e = text.find_first_of("eE");
  int exponent = 0;
  if (e != std::string_view::npos) {
    std::string_view power = text.substr(e + 1);
    if (power.starts_with('+')) power.remove_prefix(1);
    if (std::from_chars(power.data(), power.data() + power.size(), exponent).ec != std::errc())
      return std::nullopt;
    text = text.substr(0, e);
  }
  for (const char c : text) {
    if (c == '.') behind_point = true;
    if (c < '0' || c > '9') continue;
    if (digits > 0 || c != '0') ++digits;
    if (behind_point) ++scale;
  }
  digits = std::max(digits, 1);
  scale -= exponent;
  if (std::max(digits, scale) > 38 || scale < 0) return std::nullopt;
  return DataType::decimal(std::max(digits, scale), scale);
}

DataType number_type(const JsonInference& rules, JsonToken token, std::string_view text) {
  if (rules.primitives_as_string) return DataTypeId::kString;
  if (token == JsonToken::kInteger) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size()) return DataTypeId::kLong;
    return decimal_of(text).value_or(DataTypeId::kDouble);
  }
  if (token == JsonToken::kFraction && rules.prefers_decimal)
    return decimal_of(text).value_or(DataTypeId::kDouble);
  return DataTypeId::kDouble;
}

DataType string_type(const JsonInference& rules, std::string_view text, const TimeZone& zone) {
  if (text.empty()) return {};  // generators write "" for null
  bool integer = false;
  if (rules.prefers_decimal &&
      scan_number(text.data(), text.data() + text.size(), integer) == text.size()) {
    if (const auto decimal = decimal_of(text)) return *decimal;
  }
  if (!rules.infer_timestamp) return DataTypeId::kString;
  const bool fits = rules.json.timestamps != nullptr
                        ? rules.json.timestamps->parse(text).has_value()
                        : parse_timestamp(text, zone).has_value();
  return fits ? DataTypeId::kTimestamp : DataTypeId::kString;
}

}  // namespace

// One value after the other into its node; the text was checked before.
class JsonSchema::Walk {
 public:
  Walk(const JsonInference& rules, const TimeZone& zone, JsonCursor& cursor)
      : rules_(rules), zone_(zone), cursor_(cursor) {}

  void value(Node& node) {
    if (!cursor_.is_container()) {
      JsonToken token{};
      std::string_view text;
      cursor_.scalar_token(token, text);
      return merge(node, leaf(token, text));
    }
    if (cursor_.peek() == '{')
      object(node);
    else
      array(node);
  }
  // Elements of an array at the root are records.
  bool root_array(Node& root) {
    cursor_.enter();
    bool sound = true;
    for (bool first = true, done = false;;) {
      if (!cursor_.next_member(first, ']', done) || done) return sound;
      if (cursor_.peek() == '{') {
        object(root);
      } else {
        cursor_.skip(1);
        sound = false;
      }
    }
  }
  void object(Node& node) {
    const bool fits = node.is_struct || (!node.is_array && node.type.id() == DataTypeId::kNull);
    if (!fits) merge(node, DataTypeId::kString);
    Node ignored;
    Node& into = fits ? node : ignored;
    into.is_struct = true;
    cursor_.enter();
    std::string_view key;
    for (bool first = true, done = false;;) {
      if (!cursor_.next_member(first, '}', done) || done) return;
      if (!cursor_.read_key(key)) return;
      auto field = into.fields.find(key);
      if (field == into.fields.end()) field = into.fields.emplace(std::string(key), Node()).first;
      value(field->second);
    }
  }

 private:
  void array(Node& node) {
    const bool fits = node.is_array || (!node.is_struct && node.type.id() == DataTypeId::kNull);
    if (!fits) merge(node, DataTypeId::kString);
    Node ignored;
    Node& into = fits ? node : ignored;
    into.is_array = true;
    if (!into.element) into.element = std::make_unique<Node>();
    cursor_.enter();
    for (bool first = true, done = false;;) {
      if (!cursor_.next_member(first, ']', done) || done) return;
      value(*into.element);
    }
  }
  DataType leaf(JsonToken token, std::string_view text) const {
    switch (token) {
      case JsonToken::kString:
        return string_type(rules_, text, zone_);
      case JsonToken::kTrue:
      case JsonToken::kFalse:
        return rules_.primitives_as_string ? DataTypeId::kString : DataTypeId::kBoolean;
      case JsonToken::kNull:
        return {};
      default:
        return number_type(rules_, token, text);
    }
  }

  const JsonInference& rules_;
  const TimeZone& zone_;
  JsonCursor& cursor_;
};

JsonSchema::JsonSchema(JsonInference rules)
    : rules_(std::move(rules)),
      zone_(rules_.json.zone != nullptr ? rules_.json.zone : find_time_zone("UTC")) {
  root_.is_struct = true;
}

void JsonSchema::merge(Node& node, const DataType& leaf) {
  if (leaf.id() == DataTypeId::kNull) return;
  if (node.is_struct || node.is_array) {
    node = Node();
    node.type = DataTypeId::kString;
    return;
  }
  node.type = common(node.type, leaf);
}

bool JsonSchema::add(std::string_view text) {
  Arena arena;
  JsonCursor probe(text, rules_.json, *zone_, arena);
  probe.skip_blanks();
  if (probe.at_end()) return true;  // a blank line is no record
  JsonCursor cursor = probe;
  if (probe.skip(0) == JsonStatus::kBroken) return false;
  Walk walk(rules_, *zone_, cursor);
  if (cursor.peek() == '[') return walk.root_array(root_);
  if (cursor.peek() != '{') return text.substr(0, 4) == "null";
  walk.object(root_);
  return true;
}

std::optional<DataType> JsonSchema::settled(const Node& node) const {
  if (node.is_array) {
    const auto element = settled(*node.element);
    if (!element) return std::nullopt;
    return DataType::array(*element);
  }
  if (!node.is_struct) {
    if (node.type.id() != DataTypeId::kNull) return node.type;
    if (rules_.drop_field_if_all_null) return std::nullopt;
    return DataType(DataTypeId::kString);
  }
  std::vector<types::StructField> fields;
  for (const auto& [name, child] : node.fields) {
    if (name.empty()) continue;
    if (const auto type = settled(child)) fields.push_back({name, *type, true, ""});
  }
  if (fields.empty()) return std::nullopt;
  return DataType::structure(std::move(fields));
}

DataType JsonSchema::schema() const { return settled(root_).value_or(DataType::structure({})); }

}  // namespace firn::kernels

// Types: construction, spelling, parsing of primitives, promotion rules.
#include "types/type.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/error.h"

namespace firn::types {
namespace {

constexpr int kMaxPrecision = 38;

struct TypeSpelling {
  TypeId id;
  std::string_view text;
};
// Types that need no parameter to be spelt.
constexpr TypeSpelling kTypeSpellings[] = {
    {TypeId::kBoolean, "boolean"},
    {TypeId::kInt, "int"},
    {TypeId::kLong, "long"},
    {TypeId::kFloat, "float"},
    {TypeId::kDouble, "double"},
    {TypeId::kDate, "date"},
    {TypeId::kTime, "time"},
    {TypeId::kTimestamp, "timestamp"},
    {TypeId::kTimestamptz, "timestamptz"},
    {TypeId::kString, "string"},
    {TypeId::kUuid, "uuid"},
    {TypeId::kBinary, "binary"},
    {TypeId::kTimestampNs, "timestamp_ns"},
    {TypeId::kTimestamptzNs, "timestamptz_ns"},
    {TypeId::kUnknown, "unknown"},
    {TypeId::kVariant, "variant"},
    {TypeId::kGeometry, "geometry"},
    {TypeId::kGeography, "geography"},
};

std::string_view spelling_of(TypeId id) {
  for (const TypeSpelling& row : kTypeSpellings) {
    if (row.id == id) return row.text;
  }
  return "";
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// The parameters of "name(a, b)" or "name[a]" with the given name and brackets; nullopt where the
// text is another.
std::optional<std::vector<std::string_view>> parameters_of(std::string_view text,
                                                           std::string_view name, char open,
                                                           char close) {
  if (!text.starts_with(name)) return std::nullopt;
  std::string_view rest = trim(text.substr(name.size()));
  if (rest.size() < 2 || rest.front() != open || rest.back() != close) return std::nullopt;
  rest = rest.substr(1, rest.size() - 2);
  std::vector<std::string_view> parts;
  for (size_t comma = rest.find(','); comma != std::string_view::npos; comma = rest.find(',')) {
    parts.push_back(trim(rest.substr(0, comma)));
    rest.remove_prefix(comma + 1);
  }
  parts.push_back(trim(rest));
  return parts;
}

std::optional<int> parse_int(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

std::optional<Type> parse_parameterized(std::string_view text) {
  if (const auto parts = parameters_of(text, "decimal", '(', ')'); parts && parts->size() == 2) {
    const std::optional<int> precision = parse_int((*parts)[0]);
    const std::optional<int> scale = parse_int((*parts)[1]);
    const bool fits = precision && scale && *precision >= 1 && *precision <= kMaxPrecision &&
                      *scale <= *precision;
    if (fits) return Type::decimal(*precision, *scale);
  }
  if (const auto parts = parameters_of(text, "fixed", '[', ']'); parts && parts->size() == 1) {
    if (const std::optional<int> length = parse_int((*parts)[0])) return Type::fixed(*length);
  }
  if (const auto parts = parameters_of(text, "geometry", '(', ')'); parts && parts->size() == 1) {
    return Type::geo(TypeId::kGeometry, std::string((*parts)[0]), "");
  }
  if (const auto parts = parameters_of(text, "geography", '(', ')'); parts && parts->size() <= 2) {
    return Type::geo(TypeId::kGeography, std::string((*parts)[0]),
                     parts->size() == 2 ? std::string((*parts)[1]) : "");
  }
  return std::nullopt;
}

std::string struct_to_string(const std::vector<Field>& fields) {
  std::string text = "struct<";
  for (const Field& field : fields) {
    if (text.size() > 7) text += ", ";
    text += std::to_string(field.id) + ": " + field.name;
    text += field.required ? ": required " : ": optional ";
    text += field.type.to_string();
  }
  return text + ">";
}

}  // namespace

Type Type::primitive(TypeId id) {
  FIRN_CHECK(!spelling_of(id).empty(), "a type with parameters has its own constructor");
  Type type;
  type.id_ = id;
  return type;
}

Type Type::decimal(int precision, int scale) {
  if (precision < 1 || precision > kMaxPrecision || scale < 0 || scale > precision) {
    throw_invalid("decimal(" + std::to_string(precision) + ", " + std::to_string(scale) +
                  ") is not a decimal type: precision is 1 to 38, scale 0 to precision");
  }
  Type type;
  type.id_ = TypeId::kDecimal;
  type.a_ = precision;
  type.b_ = scale;
  return type;
}

Type Type::fixed(int length) {
  if (length < 0) throw_invalid("fixed[" + std::to_string(length) + "] has a negative length");
  Type type;
  type.id_ = TypeId::kFixed;
  type.a_ = length;
  return type;
}

Type Type::geo(TypeId id, std::string crs, std::string algorithm) {
  FIRN_CHECK(id == TypeId::kGeometry || id == TypeId::kGeography, "not a geospatial type");
  Type type;
  type.id_ = id;
  if (!crs.empty() || !algorithm.empty()) {
    type.geo_ = std::make_shared<const std::pair<std::string, std::string>>(std::move(crs),
                                                                            std::move(algorithm));
  }
  return type;
}

Type Type::structure(std::vector<Field> fields) {
  Type type;
  type.id_ = TypeId::kStruct;
  type.fields_ = std::make_shared<const std::vector<Field>>(std::move(fields));
  return type;
}

Type Type::list(int element_id, bool element_required, Type element) {
  Type type;
  type.id_ = TypeId::kList;
  std::vector<Field> fields(1);
  fields[0].id = element_id;
  fields[0].name = "element";
  fields[0].required = element_required;
  fields[0].type = std::move(element);
  type.fields_ = std::make_shared<const std::vector<Field>>(std::move(fields));
  return type;
}

Type Type::map(int key_id, Type key, int value_id, bool value_required, Type value) {
  Type type;
  type.id_ = TypeId::kMap;
  std::vector<Field> fields(2);
  fields[0].id = key_id;
  fields[0].name = "key";
  fields[0].required = true;
  fields[0].type = std::move(key);
  fields[1].id = value_id;
  fields[1].name = "value";
  fields[1].required = value_required;
  fields[1].type = std::move(value);
  type.fields_ = std::make_shared<const std::vector<Field>>(std::move(fields));
  return type;
}

const std::vector<Field>& Type::fields() const {
  FIRN_CHECK(fields_ != nullptr, "only structs, lists and maps have fields");
  return *fields_;
}
const Field& Type::element() const {
  FIRN_CHECK(id_ == TypeId::kList, "only lists have elements");
  return (*fields_)[0];
}
const Field& Type::key() const {
  FIRN_CHECK(id_ == TypeId::kMap, "only maps have keys");
  return (*fields_)[0];
}
const Field& Type::value() const {
  FIRN_CHECK(id_ == TypeId::kMap, "only maps have values");
  return (*fields_)[1];
}

std::string_view Type::crs() const { return geo_ ? std::string_view(geo_->first) : ""; }
std::string_view Type::algorithm() const { return geo_ ? std::string_view(geo_->second) : ""; }

std::string Type::to_string() const {
  switch (id_) {
    case TypeId::kDecimal:
      return "decimal(" + std::to_string(a_) + ", " + std::to_string(b_) + ")";
    case TypeId::kFixed:
      return "fixed[" + std::to_string(a_) + "]";
    case TypeId::kStruct:
      return struct_to_string(*fields_);
    case TypeId::kList:
      return "list<" + element().type.to_string() + ">";
    case TypeId::kMap:
      return "map<" + key().type.to_string() + ", " + value().type.to_string() + ">";
    default:
      break;
  }
  std::string text(spelling_of(id_));
  if (geo_) text += "(" + geo_->first + (geo_->second.empty() ? "" : ", " + geo_->second) + ")";
  return text;
}

bool Type::operator==(const Type& other) const {
  if (id_ != other.id_ || a_ != other.a_ || b_ != other.b_) return false;
  if (crs() != other.crs() || algorithm() != other.algorithm()) return false;
  return fields_ == other.fields_ || (fields_ && other.fields_ && *fields_ == *other.fields_);
}

Type parse_primitive(std::string_view text) {
  const std::string_view name = trim(text);
  for (const TypeSpelling& row : kTypeSpellings) {
    if (row.text == name) return Type::primitive(row.id);
  }
  if (std::optional<Type> type = parse_parameterized(name)) return *type;
  throw_corrupt("\"" + std::string(text) + "\" is not an Iceberg type");
}

bool can_promote(const Type& from, const Type& to, int format_version) {
  if (from == to) return true;
  const auto goes = [&](TypeId a, TypeId b) { return from.id() == a && to.id() == b; };
  if (goes(TypeId::kInt, TypeId::kLong) || goes(TypeId::kFloat, TypeId::kDouble)) return true;
  if (goes(TypeId::kDecimal, TypeId::kDecimal)) {
    return from.scale() == to.scale() && from.precision() <= to.precision();
  }
  if (format_version < 3) return false;
  return from.id() == TypeId::kUnknown || goes(TypeId::kDate, TypeId::kTimestamp) ||
         goes(TypeId::kDate, TypeId::kTimestampNs);
}

}  // namespace firn::types

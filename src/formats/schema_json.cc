// Reading of schema JSON.
#include "formats/schema_json.h"

#include <nlohmann/json.hpp>

#include <cstdio>

#include "base/error.h"

namespace firn::formats {
namespace {

using nlohmann::json;
using types::DataType;
using types::DataTypeId;

constexpr int kMaxDepth = 1000;  // of brackets; a type takes two or three

struct NameRow {
  const char* name;
  DataTypeId id;
};
constexpr NameRow kNames[] = {
    {"void", DataTypeId::kNull},
    {"null", DataTypeId::kNull},
    {"boolean", DataTypeId::kBoolean},
    {"byte", DataTypeId::kByte},
    {"tinyint", DataTypeId::kByte},
    {"short", DataTypeId::kShort},
    {"smallint", DataTypeId::kShort},
    {"integer", DataTypeId::kInteger},
    {"int", DataTypeId::kInteger},
    {"long", DataTypeId::kLong},
    {"bigint", DataTypeId::kLong},
    {"float", DataTypeId::kFloat},
    {"double", DataTypeId::kDouble},
    {"string", DataTypeId::kString},
    {"binary", DataTypeId::kBinary},
    {"date", DataTypeId::kDate},
    {"timestamp", DataTypeId::kTimestamp},
    {"timestamp_ltz", DataTypeId::kTimestamp},
    {"timestamp_ntz", DataTypeId::kTimestampNtz},
};
struct IntervalRow {
  const char* name;
  bool months;
  int start, end;
};
constexpr IntervalRow kIntervals[] = {
    {"interval year", true, 0, 0},
    {"interval month", true, 1, 1},
    {"interval year to month", true, 0, 1},
    {"interval day", false, 0, 0},
    {"interval hour", false, 1, 1},
    {"interval minute", false, 2, 2},
    {"interval second", false, 3, 3},
    {"interval day to hour", false, 0, 1},
    {"interval day to minute", false, 0, 2},
    {"interval day to second", false, 0, 3},
    {"interval hour to minute", false, 1, 2},
    {"interval hour to second", false, 1, 3},
    {"interval minute to second", false, 2, 3},
};

DataType named(const std::string& name) {
  for (const NameRow& row : kNames) {
    if (name == row.name) return row.id;
  }
  for (const IntervalRow& row : kIntervals) {
    if (name == row.name)
      return row.months ? DataType::year_month(row.start, row.end)
                        : DataType::day_time(row.start, row.end);
  }
  if (name == "decimal") return DataType::decimal(10, 0);
  int precision = 0, scale = 0;
  if (std::sscanf(name.c_str(), "decimal(%d,%d)", &precision, &scale) == 2) {
    if (precision < 1 || precision > 38 || scale < 0 || scale > precision)
      throw_invalid("a schema in JSON has the type " + name +
                    ": precision is 1 to 38, scale 0 to precision");
    return DataType::decimal(precision, scale);
  }
  const bool text = name.starts_with("char(") || name.starts_with("varchar(") ||
                    name.starts_with("string collate");
  if (text) return DataTypeId::kString;
  throw_unsupported("the type " + name + " in a schema");
}

DataType of(const json& node) {
  if (node.is_string()) return named(node.get<std::string>());
  const std::string kind = node.at("type").get<std::string>();
  if (kind == "array")
    return DataType::array(of(node.at("elementType")), node.value("containsNull", true));
  if (kind == "map")
    return DataType::map(of(node.at("keyType")), of(node.at("valueType")),
                         node.value("valueContainsNull", true));
  if (kind == "udt") return of(node.at("sqlType"));
  if (kind != "struct") return named(kind);
  std::vector<types::StructField> fields;
  for (const json& field : node.at("fields")) {
    std::string comment;
    if (field.contains("metadata") && field["metadata"].contains("comment"))
      comment = field["metadata"]["comment"].get<std::string>();
    fields.push_back({field.at("name").get<std::string>(), of(field.at("type")),
                      field.value("nullable", true), comment});
  }
  return DataType::structure(std::move(fields));
}

}  // namespace

DataType parse_schema_json(std::string_view text) {
  try {
    return of(json::parse(text, [](int depth, json::parse_event_t, json&) {
      if (depth > kMaxDepth)
        throw_invalid("a schema in JSON has more than " + std::to_string(kMaxDepth) + " levels");
      return true;
    }));
  } catch (const json::exception& broken) {
    throw_invalid("not a schema in JSON: " + std::string(broken.what()));
  }
}

std::vector<std::string> parse_text_list(std::string_view text) {
  try {
    return json::parse(text).get<std::vector<std::string>>();
  } catch (const json::exception& broken) {
    throw_invalid("not a list of texts in JSON: " + std::string(broken.what()));
  }
}

std::string text_list(const std::vector<std::string>& texts) { return json(texts).dump(); }

}  // namespace firn::formats

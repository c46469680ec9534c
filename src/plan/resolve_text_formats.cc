// from_csv, to_csv and schema_of_csv: fields as text, cast one by one. from_json with patterns for
// dates and times: these are read as text first.
#include <algorithm>

#include "base/ascii.h"
#include "kernels/csv_line.h"
#include "kernels/number_text.h"
#include "kernels/timestamp_text.h"
#include "plan/fold.h"
#include "plan/resolver.h"

namespace firn::plan {
namespace {

using enum DataTypeId;
using TextOptions = std::map<std::string, std::string>;

const std::string* text_of(const Expr& expr) {
  const Literal* constant = as_literal(expr);
  return constant != nullptr ? std::get_if<std::string>(&constant->value) : nullptr;
}

TextOptions options_of(const ExprPtr& argument) {
  TextOptions options;
  const ExprPtr folded = fold(argument);
  const Call* map = as_call(*folded, "map");
  for (size_t i = 0; map != nullptr && i + 1 < map->arguments.size(); i += 2) {
    const std::string* key = text_of(*map->arguments[i]);
    const std::string* value = text_of(*map->arguments[i + 1]);
    if (key != nullptr && value != nullptr) options[lower_case(*key)] = *value;
  }
  return options;
}

std::string option(const TextOptions& options, const char* name, const char* otherwise) {
  const auto found = options.find(name);
  return found != options.end() ? found->second : otherwise;
}

// As the kernels take it.
ExprPtr style(const TextOptions& options, bool writes) {
  const std::string separator =
      options.count("delimiter") ? option(options, "delimiter", ",") : option(options, "sep", ",");
  if (separator.empty()) throw Error("INVALID_DELIMITER_VALUE.EMPTY_STRING");
  const char* trims = writes ? "true" : "false";
  std::string packed;
  for (const std::string& part :
       {separator, option(options, "quote", "\""), option(options, "escape", "\\"),
        option(options, "nullvalue", ""), option(options, "emptyvalue", writes ? "\"\"" : ""),
        lower_case(option(options, "ignoreleadingwhitespace", trims)),
        lower_case(option(options, "ignoretrailingwhitespace", trims)),
        lower_case(option(options, "quoteall", "false"))})
    packed += part + '\x1F';
  return string_literal(packed);
}

std::string inferred(const std::string& text) {
  if (text.empty()) return "STRING";
  if (const auto number = kernels::parse_integer(text, false))
    return *number == static_cast<int32_t>(*number) ? "INT" : "BIGINT";
  if (kernels::parse_double(text)) return "DOUBLE";
  const bool dated = text.size() >= 8 && text[4] == '-';
  if (dated && text.size() <= 10 && kernels::parse_date(text)) return "DATE";
  if (dated && kernels::parse_timestamp_ntz(text, true)) return "TIMESTAMP";
  const std::string word = lower_case(text);
  return word == "true" || word == "false" ? "BOOLEAN" : "STRING";
}

}  // namespace

// nullptr where no pattern is given.
ExprPtr Resolver::json_with_patterns(CallSite& at, const DataType& type) {
  if (at.arguments.size() < 3 || type.id() != kStruct) return nullptr;
  const std::optional<QueryContext>& origin = at.unresolved->origin;
  const ExprPtr folded = fold(at.arguments[2]);
  const Call* map = as_call(*folded, "map");
  if (map == nullptr) return nullptr;
  std::map<DataTypeId, ExprPtr> patterns;
  std::vector<ExprPtr> others;
  for (size_t i = 0; i + 1 < map->arguments.size(); i += 2) {
    const std::string* key = text_of(*map->arguments[i]);
    const std::string name = key != nullptr ? lower_case(*key) : "";
    if (name == "dateformat")
      patterns[kDate] = map->arguments[i + 1];
    else if (name == "timestampformat")
      patterns[kTimestamp] = map->arguments[i + 1];
    else if (name == "timestampntzformat")
      patterns[kTimestampNtz] = map->arguments[i + 1];
    else
      others.insert(others.end(), {map->arguments[i], map->arguments[i + 1]});
  }
  if (patterns.empty()) return nullptr;
  std::vector<types::StructField> read = type.fields();
  for (types::StructField& member : read)
    if (patterns.count(member.type.id())) member.type = kString;
  std::vector<ExprPtr> arguments{at.arguments[0], at.arguments[1]};
  if (!others.empty())
    arguments.push_back(
        call("map", std::move(others), DataType::map(kString, kString), settings()));
  const ExprPtr text =
      call("from_json", std::move(arguments), DataType::structure(read), settings(), origin);
  std::vector<ExprPtr> members;
  for (size_t i = 0; i < read.size(); ++i) {
    const DataType& wanted = type.fields()[i].type;
    ExprPtr value = field(text, static_cast<int>(i));
    if (const auto pattern = patterns.find(wanted.id()); pattern != patterns.end()) {
      const ExprPtr read_value =
          call(wanted.id() == kDate ? "try_to_date" : "try_to_timestamp", {value, pattern->second},
               wanted.id() == kDate ? kDate : kTimestamp, settings());
      value = cast(read_value, wanted, CastMode::kLegacy, true, origin, options_.time_zone);
    }
    members.push_back(string_literal(read[i].name));
    members.push_back(std::move(value));
  }
  return case_when({{call("isnotnull", {text}, kBoolean, settings()),
                     call("named_struct", std::move(members), type, settings(), origin)}},
                   null_of(type), origin);
}

ExprPtr Resolver::csv(CallSite& at) {
  const std::optional<QueryContext>& origin = at.unresolved->origin;
  coerce_arguments(at);
  std::vector<ExprPtr>& arguments = at.arguments;
  const std::string_view name = at.function.name;
  const size_t options_at = name == "from_csv" ? 2 : 1;
  const TextOptions options =
      arguments.size() > options_at ? options_of(arguments[options_at]) : TextOptions();
  if (name == "schema_of_csv") {
    const std::string* line = text_of(*arguments[0]);
    if (line == nullptr)
      throw_at(origin, "DATATYPE_MISMATCH.UNEXPECTED_NULL",
               {{"sqlExpr", "\"" + display(at.unresolved) + "\""}, {"exprName", "`csv`"}});
    std::string text;
    int columns = 0;
    const std::string styled = std::get<std::string>(as_literal(*style(options, false))->value);
    for (const auto& part : kernels::split_csv(*line, styled)) {
      const std::string column = "_c" + std::to_string(columns++);
      text += (text.empty() ? "" : ", ") + column + ": " + inferred(part.value_or(""));
    }
    return string_literal("STRUCT<" + text + ">");
  }
  if (name == "to_csv") {
    const DataType type = arguments[0]->type;
    if (type.id() != kStruct) throw_input_type(at, 0, "\"STRUCT\"");
    std::vector<ExprPtr> texts;
    for (size_t i = 0; i < type.fields().size(); ++i) {
      const ExprPtr value = field(arguments[0], static_cast<int>(i));
      const DataTypeId id = value->type.id();
      const bool moment = id == kTimestamp || id == kTimestampNtz;
      if (moment || (id == kDate && options.count("dateformat"))) {
        const std::string pattern = id == kDate
                                        ? option(options, "dateformat", "yyyy-MM-dd")
                                        : option(options, "timestampformat",
                                                 id == kTimestamp ? "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"
                                                                  : "yyyy-MM-dd'T'HH:mm:ss.SSS");
        texts.push_back(call("date_format", {coerce(value, kTimestamp), string_literal(pattern)},
                             kString, settings(), origin));
      } else {
        texts.push_back(value->type.is_nested() ? cast(value, kString, CastMode::kLegacy, true,
                                                       origin, options_.time_zone)
                                                : coerce(value, kString));
      }
    }
    const ExprPtr list =
        call("array", std::move(texts), DataType::array(kString, true), settings());
    const ExprPtr line =
        call("csv_line", {list, style(options, true)}, kString, settings(), origin);
    if (!arguments[0]->nullable) return line;
    return case_when({{call("isnotnull", {arguments[0]}, kBoolean, settings()), line}},
                     null_of(kString), origin);
  }
  const std::string* schema_text = text_of(*arguments[1]);
  if (schema_text == nullptr)
    throw_at(origin, "INVALID_SCHEMA.NON_STRING_LITERAL",
             {{"inputSchema", "\"" + display(at.node.arguments[1]) + "\""}});
  const DataType schema = surroundings_.parse_schema(*schema_text);
  if (schema.id() != kStruct)
    throw_at(origin, "INVALID_SCHEMA.NON_STRUCT_TYPE",
             {{"inputSchema", "\"" + *schema_text + "\""}, {"dataType", quoted_type(schema)}});
  const std::string mode = lower_case(option(options, "mode", "permissive"));
  if (mode != "permissive" && mode != "failfast")
    throw_at(origin, "PARSE_MODE_UNSUPPORTED",
             {{"funcName", "`from_csv`"}, {"mode", option(options, "mode", "")}});
  const CastMode cast_mode = mode == "failfast" ? CastMode::kAnsi : CastMode::kTry;
  const ExprPtr fields = call("csv_fields", {arguments[0], style(options, false)},
                              DataType::array(kString, true), settings(), origin);
  std::vector<types::StructField> members;
  std::vector<ExprPtr> values;
  for (size_t i = 0; i < schema.fields().size(); ++i) {
    types::StructField member = schema.fields()[i];
    member.nullable = true;
    const ExprPtr text =
        call("get", {fields, integer_literal(static_cast<int64_t>(i))}, kString, settings());
    const DataTypeId id = member.type.id();
    ExprPtr value = text;
    if (id == kDate && options.count("dateformat"))
      value =
          call("try_to_date", {text, string_literal(options.at("dateformat"))}, kDate, settings());
    else if (id == kTimestamp && options.count("timestampformat"))
      value = call("try_to_timestamp", {text, string_literal(options.at("timestampformat"))},
                   kTimestamp, settings());
    else if (member.type.is_nested())
      throw_unsupported("nested values in from_csv.");
    else if (id != kString)
      value = cast(text, member.type, cast_mode, false, origin, options_.time_zone);
    values.push_back(string_literal(member.name));
    values.push_back(std::move(value));
    members.push_back(std::move(member));
  }
  const DataType type = DataType::structure(std::move(members));
  const ExprPtr made = call("named_struct", std::move(values), type, settings(), origin);
  return case_when({{call("isnotnull", {arguments[0]}, kBoolean, settings()), made}}, null_of(type),
                   origin);
}

}  // namespace firn::plan

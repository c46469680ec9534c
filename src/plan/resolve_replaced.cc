// Functions that resolution replaces by other expressions.
#include <algorithm>

#include "base/version.h"
#include "plan/file_columns.h"
#include "plan/fold.h"
#include "plan/resolver.h"

namespace firn::plan {
namespace {

using enum DataTypeId;

// One field of EXTRACT: what gives it, and the field of an interval ("" = none).
struct ExtractField {
  std::string_view names;  // spellings, separated by spaces
  std::string_view function;
  std::string_view interval;
};
constexpr ExtractField kExtractFields[] = {
    {" year y years yr yrs ", "year", "year"},
    {" yearofweek ", "yearofweek", ""},
    {" quarter qtr ", "quarter", ""},
    {" month mon mons months ", "month", "month"},
    {" week w weeks ", "weekofyear", ""},
    {" day d days ", "day", "day"},
    {" dayofweek dow ", "dayofweek", ""},
    {" dayofweek_iso dow_iso ", "weekday", ""},
    {" doy ", "dayofyear", ""},
    {" hour h hours hr hrs ", "hour", "hour"},
    {" minute m min mins minutes ", "minute", "minute"},
    {" second s sec seconds secs ", "second_with_fraction", "second"},
};

}  // namespace

ExprPtr Resolver::now(const std::optional<QueryContext>& origin) {
  if (options_.streaming_batch_time_parameter)
    return typed(Parameter{kBatchTimeParameter}, kTimestamp, false, origin);
  return literal(kTimestamp, options_.now_us, origin);
}

ExprPtr Resolver::seconds_now(CallSite& at) {
  return plan::call("unix_seconds", {now(at.unresolved->origin)}, kLong, settings(),
                    at.unresolved->origin);
}

namespace {

// What the scan below says of the row's file.
ExprPtr input_file(std::string_view function, const Scope& scope,
                   const std::optional<QueryContext>& origin) {
  const bool name = function == "input_file_name";
  const auto match = find_name(scope, {name ? kInputFileColumn : "_metadata"}, true, origin);
  if (!match || (!name && match->attribute.type.id() != kStruct))
    return name ? string_literal("") : literal(kLong, int64_t{-1}, origin);
  if (name) return column(match->attribute, origin);
  constexpr int kBlockStart = 3, kBlockLength = 4;
  return field(column(match->attribute, origin),
               function == "input_file_block_start" ? kBlockStart : kBlockLength, origin);
}

}  // namespace

ExprPtr Resolver::replaced(CallSite& at) {
  if (at.function.name.starts_with("input_file_"))
    return input_file(at.function.name, *at.site.scope, at.unresolved->origin);
  const std::string_view name = at.function.name;
  std::vector<ExprPtr>& arguments = at.arguments;
  const std::optional<QueryContext>& origin = at.unresolved->origin;
  const auto again = [&](std::string_view function, std::vector<ExprPtr> inputs) {
    UnresolvedCall made;
    made.name = function;
    made.arguments = std::move(inputs);
    CallSite inner{made, at.unresolved, at.site, *functions::find_function(function), {}};
    inner.arguments = made.arguments;
    if (ExprPtr result = arithmetic(inner)) return result;
    return finished_call(inner);
  };
  const auto check = [&](const ExprPtr& value) {
    return plan::call("isnotnull", {value}, kBoolean, settings());
  };

  if (name == "positive") {
    coerce_arguments(at);
    return arguments[0]->type.id() == kString ? coerce(arguments[0], kDouble) : arguments[0];
  }
  if (name == "between") {
    const ExprPtr low = again(">=", {arguments[0], arguments[1]}),
                  high = again("<=", {arguments[0], arguments[2]});
    return plan::call("and", {low, high}, kBoolean, settings(), origin);
  }
  if (name == "nvl") return again("coalesce", arguments);
  if (name == "if") {
    coerce_arguments(at);
    return case_when({{arguments[0], arguments[1]}}, arguments[2], origin);
  }
  if (name == "nvl2") {
    coerce_arguments(at);
    return case_when({{check(arguments[0]), arguments[1]}}, arguments[2], origin);
  }
  if (name == "nullif") {
    const ExprPtr same = again("=", {arguments[0], arguments[1]});
    return case_when({{same, null_of(arguments[0]->type)}}, arguments[0], origin);
  }
  if (name == "nullifzero") {
    const ExprPtr zero = again("=", {arguments[0], integer_literal(0)});
    return case_when({{zero, null_of(arguments[0]->type)}}, arguments[0], origin);
  }
  if (name == "zeroifnull") return again("coalesce", {arguments[0], integer_literal(0)});
  if (name == "unwrap_udt") return arguments[0];  // such columns have their SQL type from the start
  if (name == "collation") {
    coerce_arguments(at);
    return string_literal("SYSTEM.BUILTIN.UTF8_BINARY");
  }
  if (name == "typeof") return string_literal(arguments[0]->type.simple_string());
  if (name == "pi") return literal(kDouble, 3.141592653589793, origin);
  if (name == "e") return literal(kDouble, 2.718281828459045, origin);
  if (name == "version") return string_literal(kVersion);
  if (name == "current_catalog") return string_literal(options_.current_catalog);
  if (name == "current_database") return string_literal(options_.current_namespace);
  if (name == "current_user") return string_literal(options_.user);
  if (name == "current_timezone") return string_literal(options_.time_zone);
  if (name == "current_timestamp" || name == "localtimestamp" || name == "current_date") {
    const ExprPtr moment = now(origin);
    if (name == "current_timestamp") return moment;
    return cast(moment, name == "current_date" ? kDate : kTimestampNtz, implicit_mode(), true,
                origin, options_.time_zone);
  }
  if (name == "struct") {
    std::vector<ExprPtr> members;
    for (size_t i = 0; i < arguments.size(); ++i) {
      std::string member = "col" + std::to_string(i + 1);
      const bool plain_arguments = at.node.arguments.size() == arguments.size();
      const ExprPtr written = plain_arguments ? at.node.arguments[i] : arguments[i];
      if (const auto* named = std::get_if<Alias>(&written->node))
        member = named->name;
      else if (const auto* ref = std::get_if<UnresolvedName>(&written->node))
        member = ref->parts.back();
      else if (const auto* column = std::get_if<ColumnRef>(&written->node))
        member = column->attribute.name;
      else if (const auto* key = std::get_if<UnresolvedExtract>(&written->node))
        if (const Literal* text = as_literal(*key->key))
          if (const auto* field_name = std::get_if<std::string>(&text->value)) member = *field_name;
      const auto* star_alias = std::get_if<Alias>(&arguments[i]->node);
      if (star_alias != nullptr) member = star_alias->name;
      members.push_back(string_literal(member));
      members.push_back(star_alias != nullptr ? star_alias->child : arguments[i]);
    }
    return again("named_struct", std::move(members));
  }
  if (name == "extract") {
    coerce_arguments(at);
    const auto* text = std::get_if<std::string>(&as_literal(*arguments[0])->value);
    std::string field = " ";
    for (const char c : text != nullptr ? *text : std::string())
      field += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    field += ' ';
    const bool interval = arguments[1]->type.id() == kYearMonthInterval ||
                          arguments[1]->type.id() == kDayTimeInterval;
    for (const ExtractField& row : kExtractFields) {
      if (row.names.find(field) == std::string_view::npos || (interval && row.interval.empty()))
        continue;
      if (interval) {
        const DataType type = row.interval == "second" ? DataType::decimal(8, 6)
                              : row.interval == "year" || row.interval == "day" ? DataType(kInteger)
                                                                                : DataType(kByte);
        return plan::call("interval_field",
                          {string_literal(std::string(row.interval)), arguments[1]}, type,
                          settings(), origin);
      }
      const ExprPtr value = again(row.function, {arguments[1]});
      return field == " dow_iso " || field == " dayofweek_iso "
                 ? again("+", {value, integer_literal(1)})
                 : value;
    }
    throw_at(origin, "INVALID_EXTRACT_FIELD",
             {{"field", backquoted(field.substr(1, field.size() - 2))},
              {"expr", "\"" + display(at.node.arguments[1]) + "\""}});
  }
  if (name == "from_xml" || name == "to_xml" || name == "schema_of_xml") return xml(at);
  if (name == "from_csv" || name == "to_csv" || name == "schema_of_csv") return csv(at);
  if (name == "spark_partition_id") return integer_literal(0);
  if (name == "mask") {
    const ExprPtr defaults[] = {nullptr, string_literal("X"), string_literal("x"),
                                string_literal("n"), null_of(kString)};
    for (size_t i = arguments.size(); i < 5; ++i) arguments.push_back(defaults[i]);
    return again("mask_text", arguments);
  }
  if (name == "uniform") {
    const auto type = common_type(arguments[0]->type, arguments[1]->type, options_.ansi);
    if (!type || !type->is_numeric()) throw_input_type(at, 0, "\"NUMERIC\"");
    std::vector<ExprPtr> seed;
    if (arguments.size() > 2) seed.push_back(arguments[2]);
    const ExprPtr draw = again("rand", std::move(seed));
    const ExprPtr low = coerce(arguments[0], kDouble), high = coerce(arguments[1], kDouble);
    const ExprPtr moved =
        plan::call("+",
                   {low, plan::call("*", {draw, plan::call("-", {high, low}, kDouble, settings())},
                                    kDouble, settings())},
                   kDouble, settings(), origin);
    return cast(moved, *type, CastMode::kLegacy, false, origin, options_.time_zone);
  }
  if (name == "to_char") {
    const DataTypeId id = arguments[0]->type.id();
    const auto shown_as = [&](const std::string& function, bool all) {
      remember_display(at.unresolved, function + "(" + display(at.node.arguments[0]) +
                                          (all ? ", " + display(at.node.arguments[1]) : "") + ")");
    };
    if (id == kDate || id == kTimestamp || id == kTimestampNtz) {
      shown_as("date_format", true);
      return again("date_format", arguments);
    }
    if (id == kBinary) {
      const ExprPtr pattern = fold(arguments[1]);
      const Literal* constant = as_literal(*pattern);
      const auto* text = constant != nullptr ? std::get_if<std::string>(&constant->value) : nullptr;
      std::string format = text != nullptr ? *text : "";
      for (char& c : format)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
      if (format == "base64" || format == "hex" || format == "utf-8")
        shown_as(format == "utf-8" ? "decode" : format, format == "utf-8");
      if (format == "base64" || format == "hex") return again(format, {arguments[0]});
      if (format == "utf-8") return again("decode", {arguments[0], string_literal("utf-8")});
      throw_at(origin, "INVALID_PARAMETER_VALUE.BINARY_FORMAT",
               {{"parameter", "`format`"},
                {"functionName", "`to_char`"},
                {"invalidFormat", "'" + format + "'"}});
    }
    const auto target = implicit_type(arguments[0]->type, kDecimal, options_.ansi);
    if (!target) throw_input_type(at, 0, "\"DECIMAL\"");
    if (as_literal(*fold(arguments[1])) == nullptr)
      throw_at(origin, "DATATYPE_MISMATCH.NON_FOLDABLE_INPUT",
               {{"sqlExpr", "\"" + display(at.unresolved) + "\""},
                {"inputName", "`format`"},
                {"inputType", "\"STRING\""},
                {"inputExpr", "\"" + display(at.node.arguments[1]) + "\""}});
    const DataType decimal = arguments[0]->type.id() == kDecimal ? arguments[0]->type
                             : arguments[0]->type.is_numeric()   ? decimal_for(arguments[0]->type)
                                                                 : *target;
    return again("format_decimal", {coerce(arguments[0], decimal), arguments[1]});
  }
  if (name == "array_sort") {
    if (arguments[0]->type.id() == kNull) throw_input_type(at, 0, "\"ARRAY\"");
    coerce_arguments(at);
    if (!is_orderable(arguments[0]->type))
      throw_at(origin, "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE",
               {{"sqlExpr", "\"" + display(at.unresolved) + "\""},
                {"functionName", "`array_sort`"},
                {"dataType", quoted_type(arguments[0]->type)}});
    return plan::call("array_sorted", {arguments[0]}, arguments[0]->type, settings(), origin);
  }
  if (name == "session_window") return session_window(at);
  if (name == "window") return time_window(at);
  if (name == "window_time") {
    coerce_arguments(at);
    const auto end = find_field(arguments[0]->type, "end", false, origin);
    if (!end) throw_input_type(at, 0, "a time window");
    const ExprPtr last = field(arguments[0], *end);
    return plan::call("plus_micros", {last, long_literal(-1)}, last->type, settings(), origin);
  }
  throw Error("FIRN_INTERNAL", {{"what", "no replacement for the function " + std::string(name)}});
}

}  // namespace firn::plan

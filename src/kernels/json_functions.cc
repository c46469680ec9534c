// from_json, to_json and what looks into JSON text.
#include <cmath>
#include <map>
#include <vector>

#include "base/ascii.h"
#include "base/error.h"
#include "kernels/calendar.h"
#include "kernels/datetime_pattern.h"
#include "kernels/elementwise.h"
#include "kernels/json_cursor.h"
#include "kernels/json_decoder.h"
#include "kernels/json_output.h"
#include "kernels/json_path.h"
#include "kernels/json_schema.h"
#include "kernels/json_text.h"
#include "kernels/kernels.h"
#include "kernels/nested.h"
#include "kernels/number_text.h"
#include "kernels/settled_type.h"
#include "kernels/value_text.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using Text = std::string_view;
using types::DataType;
using types::DataTypeId;

using Options = std::map<std::string, std::string>;  // keys in lower case

// The options map of a call; it is the same for all rows.
Options read_options(Columns in, size_t argument) {
  Options options;
  if (in.size() <= argument || in[argument].physical != Physical::kList || in[argument].size == 0 ||
      !in[argument].is_valid(0))
    return options;
  const ListEntry entry = list_at(in[argument], 0);
  const ColumnView& pairs = in[argument].children[0];
  for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
    if (!pairs.children[1].is_valid(i)) continue;
    options[lower_case(pairs.children[0].values<StringRef>()[i].view())] =
        std::string(pairs.children[1].values<StringRef>()[i].view());
  }
  return options;
}
std::string option(const Options& options, const char* key, const char* otherwise) {
  const auto found = options.find(key);
  return found == options.end() ? otherwise : found->second;
}

std::shared_ptr<const TimeZone> zone_or_throw(const std::string& id) {
  auto zone = find_time_zone(id);
  if (!zone) throw Error("INVALID_TIMEZONE", {{"timeZone", id}});
  return zone;
}

// What of JSON's rules an option may relax.
void read_leniency(const Options& options, JsonOptions& json) {
  const auto flag = [&](const char* key, bool otherwise) {
    return lower_case(option(options, key, otherwise ? "true" : "false")) == "true";
  };
  json.allow_single_quotes = flag("allowsinglequotes", true);
  json.allow_non_numeric_numbers = flag("allownonnumericnumbers", true);
  json.allow_comments = flag("allowcomments", false);
  json.allow_unquoted_names = flag("allowunquotedfieldnames", false);
  json.allow_leading_zeros = flag("allownumericleadingzeros", false);
  json.allow_any_escape = flag("allowbackslashescapinganycharacter", false);
  json.allow_control_characters = flag("allowunquotedcontrolchars", false);
}

// ---- from_json

struct FromJson {
  JsonOptions options;
  std::optional<JsonDecoder> decoder;  // struct at the root
  JsonShape shape;                     // any other
  int corrupt_field = -1;
  bool fail_fast = false;
  bool drop_malformed = false;  // a malformed text gives NULL
  std::shared_ptr<Arena> arena = std::make_shared<Arena>();
};

std::shared_ptr<FromJson> prepare_from_json(const CallInfo& info, Columns in) {
  const Options options = read_options(in, in.size() - 1);
  auto state = std::make_shared<FromJson>();
  for (const char* key :
       {"timestampformat", "dateformat", "timestampntzformat", "primitivesasstring",
        "prefersdecimal", "locale", "encoding", "linesep"}) {
    if (options.contains(key))
      throw_unsupported("the option " + std::string(key) + " of from_json");
  }
  state->options.zone = zone_or_throw(option(options, "timezone", info.zone.c_str()));
  read_leniency(options, state->options);
  state->options.compact_texts = true;
  const std::string mode = lower_case(option(options, "mode", "PERMISSIVE"));
  state->fail_fast = mode == "failfast";
  state->drop_malformed = mode == "dropmalformed";
  if (mode != "permissive" && mode != "failfast" && !state->drop_malformed) {
    throw Error("PARSE_MODE_UNSUPPORTED",
                {{"funcName", "`from_json`"}, {"mode", option(options, "mode", "")}});
  }
  if (info.result.id() == DataTypeId::kStruct) {
    const std::string corrupt = option(options, "columnnameofcorruptrecord", "_corrupt_record");
    for (size_t i = 0; i < info.result.fields().size(); ++i) {
      if (info.result.fields()[i].name == corrupt) state->corrupt_field = static_cast<int>(i);
    }
    state->decoder.emplace(info.result, state->options, state->corrupt_field);
  } else {
    state->shape = make_shape(info.result);
  }
  return state;
}

// An array or map at the root; an object where an array of structs is wanted is its one element.
bool decode_other(FromJson& state, Text text, uint64_t row, JsonSink& root) {
  JsonCursor cursor(text, state.options, *state.options.zone, *state.arena);
  cursor.skip_blanks();
  if (cursor.at_end()) return false;
  if (state.shape.id == types::DataTypeId::kArray && cursor.peek() == '{' &&
      state.shape.children[0].id == types::DataTypeId::kStruct)
    return cursor.store_alone(state.shape, row, root) == JsonStatus::kOk;
  return cursor.store(state.shape, row, root, 0) == JsonStatus::kOk;
}

void from_json(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  using Held = std::shared_ptr<FromJson>;
  if (!scratch.has_value()) scratch = prepare_from_json(info, in);
  FromJson& state = **std::any_cast<Held>(&scratch);
  JsonSink root;
  build_sink(root, out, info.result);
  state.arena = std::make_shared<Arena>();
  out.keep(state.arena);  // strings that had to be unescaped
  for (uint64_t row = 0; row < rows; ++row) {
    const Text text = in[0].is_valid(row) ? in[0].values<StringRef>()[row].view() : Text();
    if (!in[0].is_valid(row)) {
      set_null(root, row);
      continue;
    }
    bool malformed = false;
    if (state.decoder) {
      const JsonOutcome outcome = state.decoder->decode(text, false, row, root, *state.arena);
      if (outcome == JsonOutcome::kNull) set_null(root, row);
      malformed = outcome == JsonOutcome::kMalformed;
      if (malformed && state.corrupt_field >= 0) {
        JsonSink& corrupt = root.children[static_cast<size_t>(state.corrupt_field)];
        corrupt.validity[row >> 6] |= uint64_t{1} << (row & 63);
        static_cast<StringRef*>(corrupt.data)[row] =
            StringRef(text.data(), static_cast<uint32_t>(text.size()));
      }
    } else {
      malformed = !decode_other(state, text, row, root);
      if (malformed) set_null(root, row);
    }
    if (malformed && state.drop_malformed) set_null(root, row);
    if (malformed && state.fail_fast) {
      throw Error("MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION",
                  {{"badRecord", std::string(text)}, {"failFastMode", "FAILFAST"}});
    }
  }
  trim_lists(root, out, info.result);
}

// ---- to_json

void to_json(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  using Held = std::shared_ptr<JsonStyle>;
  if (!scratch.has_value()) {
    const Options options = read_options(in, 1);
    auto style = std::make_shared<JsonStyle>();
    style->zone = zone_or_throw(option(options, "timezone", info.zone.c_str()));
    style->keep_nulls = lower_case(option(options, "ignorenullfields", "true")) == "false";
    if (options.contains("timestampformat"))
      style->timestamps.emplace(options.at("timestampformat"));
    if (options.contains("dateformat")) style->dates.emplace(options.at("dateformat"));
    scratch = Held(std::move(style));
  }
  const JsonStyle& style = **std::any_cast<Held>(&scratch);
  std::string text;
  for (uint64_t row = 0; row < rows; ++row) {
    if (!in[0].is_valid(row)) {
      out.set_null(row);
      continue;
    }
    text.clear();
    append_json(text, in[0], row, info.arguments[0], style);
    out.set_string(row, text);
  }
}

// ---- Looking into JSON text

void get_json_object(const CallInfo&, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  using Last = std::pair<std::string, std::optional<JsonPath>>;
  if (!scratch.has_value()) scratch = Last("", std::nullopt);
  auto& last = *std::any_cast<Last>(&scratch);
  map_rows<Text, Text>(in, rows, out, [&](Text json, Text path) -> std::optional<std::string> {
    if (last.first != path) last = {std::string(path), JsonPath::parse(path)};
    if (!last.second) return std::nullopt;
    return last.second->find(json);
  });
}
void json_array_length(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [](Text json) -> std::optional<int32_t> {
    size_t at = 0;
    const auto root = scan_json_value(json, at);
    if (!root || root->front() != '[') return std::nullopt;
    int32_t count = 0;
    if (!each_json_element(*root, [&](Text) { return ++count, true; })) return std::nullopt;
    return count;
  });
}
void json_object_keys(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  std::vector<std::string> keys;
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t begin = keys.size();
    size_t at = 0;
    const auto root = in[0].is_valid(row)
                          ? scan_json_value(in[0].values<StringRef>()[row].view(), at)
                          : std::nullopt;
    const bool object =
        root && root->front() == '{' && each_json_member(*root, [&](const std::string& key, Text) {
          return keys.push_back(key), true;
        });
    if (!object) {
      keys.resize(begin);
      out.set_null(row);
    }
    out.values<ListEntry>()[row] = {begin, keys.size() - begin};
  }
  out.resize(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) out.child(0).set_string(i, keys[i]);
}

// ---- schema_of_json

// The type that holds values of both: numbers widen to DOUBLE, structs merge by field, all else is
// STRING.
DataType merged(const DataType& a, const DataType& b) {
  if (a == b || b.id() == DataTypeId::kNull) return a;
  if (a.id() == DataTypeId::kNull) return b;
  if (a.is_numeric() && b.is_numeric()) return DataTypeId::kDouble;
  if (a.id() == DataTypeId::kArray && b.id() == DataTypeId::kArray)
    return DataType::array(merged(a.element(), b.element()));
  if (a.id() == DataTypeId::kStruct && b.id() == DataTypeId::kStruct) {
    std::map<std::string, DataType> fields;
    for (const types::StructField& field : a.fields()) fields[field.name] = field.type;
    for (const types::StructField& field : b.fields()) {
      const auto found = fields.find(field.name);
      fields[field.name] = found == fields.end() ? field.type : merged(found->second, field.type);
    }
    std::vector<types::StructField> list;
    for (const auto& [name, type] : fields) list.push_back({name, type, true, ""});
    return DataType::structure(std::move(list));
  }
  return DataTypeId::kString;
}
DataType type_of_json(Text value) {
  switch (value.front()) {
    case '{': {
      std::map<std::string, DataType> fields;
      each_json_member(value, [&](const std::string& key, Text child) {
        return fields[key] = type_of_json(child), true;
      });
      std::vector<types::StructField> list;
      for (const auto& [name, type] : fields) list.push_back({name, type, true, ""});
      return DataType::structure(std::move(list));
    }
    case '[': {
      DataType element;
      each_json_element(
          value, [&](Text child) { return element = merged(element, type_of_json(child)), true; });
      return DataType::array(element);
    }
    case '"':
    case '\'':
      return DataTypeId::kString;
    case 't':
    case 'f':
      return DataTypeId::kBoolean;
    case 'n':
      return DataType();
    default:
      return parse_integer(value, false) ? DataTypeId::kLong : DataTypeId::kDouble;
  }
}
void schema_of_json(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  const bool lenient = in.size() > 1;
  JsonInference rules;
  if (lenient) read_leniency(read_options(in, 1), rules.json);
  for (uint64_t row = 0; row < rows; ++row) {
    const Text text = in[0].is_valid(row) ? in[0].values<StringRef>()[row].view() : Text();
    const size_t start = text.find_first_not_of(" \t\r\n");
    if (lenient && start != Text::npos && text[start] == '{') {
      JsonSchema schema(rules);
      if (schema.add(text)) {
        out.set_string(row, schema.schema().sql());
        continue;
      }
    }
    size_t at = 0;
    const auto root = in[0].is_valid(row)
                          ? scan_json_value(in[0].values<StringRef>()[row].view(), at)
                          : std::nullopt;
    if (!root) throw_invalid("schema_of_json: the argument is no JSON text.");
    out.set_string(row, settled_type(type_of_json(*root)).sql());
  }
}

constexpr KernelRow kRowsOfJsonFunctions[] = {
    {"schema_of_json", schema_of_json, kFallible},
    {"from_json", from_json, kSlices | kFallible},
    {"to_json", to_json, kFallible},
    {"get_json_object", get_json_object, kNullOnNull},
    {"json_array_length", json_array_length, kNullOnNull},
    {"json_object_keys", json_object_keys, kNullOnNull},
};

}  // namespace

std::span<const KernelRow> json_kernels() { return kRowsOfJsonFunctions; }

}  // namespace firn::kernels

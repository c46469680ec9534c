// The decoder's two paths. The fast one lets simdjson find the structure and takes only rows in
// which everything fits; whatever else comes (escaped keys, values of other types, broken text)
// goes to the tolerant cursor, which decides.
#include "kernels/json_decoder.h"

#include <simdjson.h>

#include <cstring>

#include "base/error.h"
#include "kernels/json_cursor.h"
#include "kernels/json_output.h"
#include "kernels/utf8_repair.h"

namespace firn::kernels {
namespace {

namespace ondemand = simdjson::ondemand;

std::string_view trim_right(std::string_view text) {
  while (!text.empty() &&
         (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

// simdjson takes a string that nobody has read for a key where a colon follows, and goes on to the
// end of the object.
bool is_value(ondemand::value& value, std::string_view token) {
  ondemand::raw_json_string unused;
  return token.front() != '"' || value.get_raw_json_string().get(unused) == simdjson::SUCCESS;
}

void set_all_null(JsonSink& root, uint64_t row) {
  for (JsonSink& child : root.children) set_null(child, row);
}

}  // namespace

struct JsonDecoder::State {
  JsonShape shape;
  JsonOptions options;
  int corrupt_field = -1;
  std::shared_ptr<const TimeZone> zone;
  ondemand::parser parser;
  std::vector<char> padded;  // copy of texts whose buffer may end right behind them

  bool decode_fast(std::string_view text, uint64_t row, JsonSink& root, Arena& arena);
  bool store_fast(ondemand::value& value, size_t index, uint64_t row, JsonSink& sink, Arena& arena);
  bool skip_fast(ondemand::value& value, Arena& arena);
};

JsonDecoder::JsonDecoder(const types::DataType& schema, JsonOptions options, int corrupt_field)
    : state_(std::make_unique<State>()) {
  FIRN_CHECK(schema.id() == types::DataTypeId::kStruct, "the decoder makes rows");
  state_->shape = make_shape(schema);
  state_->zone = options.zone != nullptr ? options.zone : find_time_zone("UTC");
  state_->options = std::move(options);
  add_patterns(state_->shape, state_->options);
  state_->corrupt_field = corrupt_field;
  if (corrupt_field >= 0)
    state_->shape.names[static_cast<size_t>(corrupt_field)].clear();  // never filled from the text
}
JsonDecoder::~JsonDecoder() = default;
JsonDecoder::JsonDecoder(JsonDecoder&&) noexcept = default;

bool JsonDecoder::State::skip_fast(ondemand::value& value, Arena& arena) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  if (type == ondemand::json_type::array || type == ondemand::json_type::object)
    return false;  // checked by the cursor
  const std::string_view token = trim_right(value.raw_json_token());
  JsonCursor cursor(token, options, *zone, arena);
  return cursor.skip(1) == JsonStatus::kOk && cursor.at_end() && is_value(value, token);
}

bool JsonDecoder::State::store_fast(ondemand::value& value, size_t index, uint64_t row,
                                    JsonSink& sink, Arena& arena) {
  const JsonShape& field = shape.children[index];
  const std::string_view token = trim_right(value.raw_json_token());
  switch (token.front()) {
    case '"': {
      if (token.size() < 2 || !is_value(value, token)) return false;
      const std::string_view content = token.substr(1, token.size() - 2);
      if (std::memchr(content.data(), '\\', content.size()) != nullptr) {
        JsonCursor cursor(token, options, *zone, arena);
        std::string_view unescaped;
        return cursor.read_string(unescaped) &&
               store_scalar(field, JsonToken::kString, unescaped, row, sink, arena, *zone);
      }
      return store_scalar(field, JsonToken::kString, content, row, sink, arena, *zone);
    }
    case '{':
    case '[': {
      std::string_view text;
      if (token.front() == '{') {
        ondemand::object object;
        if (value.get_object().get(object) != simdjson::SUCCESS ||
            object.raw_json().get(text) != simdjson::SUCCESS)
          return false;
      } else {
        ondemand::array array;
        if (value.get_array().get(array) != simdjson::SUCCESS ||
            array.raw_json().get(text) != simdjson::SUCCESS)
          return false;
      }
      JsonCursor cursor(text, options, *zone, arena);
      return cursor.store(field, row, sink, 1) == JsonStatus::kOk;
    }
    default: {
      JsonCursor cursor(token, options, *zone, arena);
      return cursor.store(field, row, sink, 1) == JsonStatus::kOk && cursor.at_end();
    }
  }
}

bool JsonDecoder::State::decode_fast(std::string_view text, uint64_t row, JsonSink& root,
                                     Arena& arena) {
  ondemand::document document;
  if (parser.iterate(text.data(), text.size(), text.size() + simdjson::SIMDJSON_PADDING)
          .get(document) != simdjson::SUCCESS)
    return false;
  ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) return false;
  const size_t width = shape.names.size();
  if (width > 64) return false;
  uint64_t seen = 0;
  size_t expected = 0;
  for (auto entry : object) {
    ondemand::field field;
    if (std::move(entry).get(field) != simdjson::SUCCESS) return false;
    const char* const key = field.key().raw();
    const auto matches = [&](size_t i) {
      const std::string& name = shape.names[i];
      return std::memcmp(key, name.data(), name.size()) == 0 && key[name.size()] == '"';
    };
    size_t index = expected;
    if (index >= width || !matches(index)) {
      const auto* const quote = static_cast<const char*>(
          std::memchr(key, '"', static_cast<size_t>(text.data() + text.size() - key)));
      if (quote == nullptr || std::memchr(key, '\\', static_cast<size_t>(quote - key)) != nullptr)
        return false;
      for (index = 0; index < width && !matches(index); ++index) {
      }
    }
    if (index == width) {
      if (!skip_fast(field.value(), arena)) return false;
      continue;
    }
    expected = index + 1;
    if ((seen >> index & 1) != 0) return false;  // a repeated key
    seen |= uint64_t{1} << index;
    if (!store_fast(field.value(), index, row, root.children[index], arena)) return false;
  }
  for (size_t i = 0; i < width; ++i) {
    if ((seen >> i & 1) == 0) set_null(root.children[i], row);
  }
  return true;
}

JsonOutcome JsonDecoder::decode(std::string_view text, bool padded, uint64_t row, JsonSink& root,
                                Arena& arena) {
  if (text.empty()) {
    set_all_null(root, row);
    return JsonOutcome::kNull;
  }
  if (!padded) return decode_tolerant(text, row, root, arena);
  if (state_->decode_fast(text, row, root, arena)) return JsonOutcome::kRow;
  for (JsonSink& child : root.children) set_valid(child, row);
  return decode_tolerant(text, row, root, arena);
}

JsonOutcome JsonDecoder::decode_tolerant(std::string_view text, uint64_t row, JsonSink& root,
                                         Arena& arena) {
  if (!is_valid_utf8(text)) text = replace_broken_utf8(text, arena);
  JsonCursor cursor(text, state_->options, *state_->zone, arena);
  cursor.skip_blanks();
  JsonStatus status = JsonStatus::kBroken;
  const bool nothing = cursor.at_end();
  if (!nothing && cursor.peek() == '{')  // an array of objects is no object either
    status = cursor.store_object(state_->shape, row, root, 0);
  if (status == JsonStatus::kBroken || nothing) {
    set_all_null(root, row);
    return nothing ? JsonOutcome::kNull : JsonOutcome::kMalformed;
  }
  return status == JsonStatus::kOk ? JsonOutcome::kRow : JsonOutcome::kMalformed;
}

}  // namespace firn::kernels

// JSON files: a record a line, or a file that is one record or an array of them.
#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "base/error.h"
#include "formats/json_writer.h"
#include "formats/line_reader.h"
#include "formats/reader.h"
#include "formats/value_parser.h"
#include "kernels/json_output.h"
#include "kernels/json_path.h"
#include "kernels/json_schema.h"

namespace firn::formats {
namespace {

using kernels::JsonOutcome;
using kernels::JsonSink;
using kernels::Output;
using types::DataType;
using types::DataTypeId;
using types::StructField;

// Limits of Jackson's reader that Spark lets users move.
constexpr const char* kRefusedLimits[] = {"maxNestingDepth", "maxStringLen", "maxNumLen",
                                          "singleVariantColumn"};

kernels::JsonOptions json_options(const Options& options) {
  for (const char* name : kRefusedLimits) {
    if (options.find(name)) throw_unsupported(std::string("the JSON option ") + name);
  }
  if (has_decimal_comma(options))
    throw_unsupported("JSON in the locale " + options.text("locale", ""));
  kernels::JsonOptions json;
  json.zone = options.zone();
  json.allow_single_quotes = options.flag("allowSingleQuotes", true);
  json.allow_non_numeric_numbers = options.flag("allowNonNumericNumbers", true);
  json.allow_comments = options.flag("allowComments", false);
  json.allow_unquoted_names = options.flag("allowUnquotedFieldNames", false);
  json.allow_leading_zeros = options.flag("allowNumericLeadingZeros", false);
  json.allow_any_escape = options.flag("allowBackslashEscapingAnyCharacter", false);
  json.allow_control_characters = options.flag("allowUnquotedControlChars", false);
  json.dates = options.pattern("dateFormat");
  json.timestamps = options.pattern("timestampFormat");
  json.local_timestamps = options.pattern("timestampNTZFormat");
  json.fallback = options.flag("enableDateTimeParsingFallback", false);
  return json;
}

// Texts of records: lines, or the whole file.
class JsonRecords {
 public:
  JsonRecords(files::FileStore& store, const Options& options, const FilePart& part)
      : multi_line_(options.flag("multiLine", false)) {
    const std::string charset = options.text("encoding", "charset", "");
    const std::string separator = line_separator(options, 0);
    auto bytes = open_bytes(store, part.uri, part.start);
    if (multi_line_) {
      text_ = read_all(*bytes);
      const std::string found = charset.empty() ? detected_charset(text_) : charset;
      if (!is_utf8(found)) text_ = read_all(*decode_charset(bytes_of(std::move(text_)), found));
      text_.append(64, '\0');
      return;
    }
    if (!charset.empty()) check_charset_of_lines(charset, separator);
    lines_.emplace(decode_charset(std::move(bytes), charset.empty() ? "UTF-8" : charset), separator,
                   part.start, charset.empty() || is_utf8(charset) ? part.end : -1);
  }
  // Padded by 64 bytes.
  bool next(std::string_view& record) {
    if (!multi_line_) return lines_->next(record);
    if (std::exchange(given_, true)) return false;
    record = std::string_view(text_).substr(0, text_.size() - 64);
    if (record.starts_with("\xef\xbb\xbf")) record.remove_prefix(3);
    return true;
  }

 private:
  static void check_charset_of_lines(const std::string& charset, const std::string& separator) {
    decode_charset(bytes_of(""), charset);  // is one
    const std::string name = lower_case(charset);
    if (name == "utf-16" || name == "utf-32")
      throw_invalid("The " + charset +
                    " encoding must not be included in the denyList of encodings of JSON lines: "
                    "name the byte order (UTF-16LE, UTF-16BE …), or set multiLine=true");
    if (!is_utf8(charset) && separator.empty())
      throw_invalid("The lineSep option must be specified for the " + charset + " encoding.");
  }
  // As Jackson tells them apart, by the zeros around the first character or the byte order mark.
  static std::string detected_charset(std::string_view text) {
    const auto starts = [&](std::initializer_list<int> bytes) {
      size_t at = 0;
      for (const int byte : bytes) {  // -1: any but 0
        if (at == text.size()) return false;
        const int own = static_cast<unsigned char>(text[at++]);
        if (byte < 0 ? own == 0 : own != byte) return false;
      }
      return true;
    };
    if (starts({0, 0, 0xfe, 0xff}) || starts({0, 0, 0, -1})) return "UTF-32BE";
    if (starts({0xff, 0xfe, 0, 0}) || starts({-1, 0, 0, 0})) return "UTF-32LE";
    if (starts({0xfe, 0xff}) || starts({0, -1})) return "UTF-16BE";
    if (starts({0xff, 0xfe}) || starts({-1, 0})) return "UTF-16LE";
    return "UTF-8";
  }

  const bool multi_line_;
  bool given_ = false;
  std::string text_;
  std::optional<LineReader> lines_;
};

DataType infer_json(files::FileStore& store, const Options& options,
                    const std::vector<FilePart>& files) {
  kernels::JsonInference rules;
  rules.json = json_options(options);
  rules.primitives_as_string = options.flag("primitivesAsString", false);
  rules.prefers_decimal = options.flag("prefersDecimal", false);
  rules.infer_timestamp = options.flag("inferTimestamp", false);
  rules.drop_field_if_all_null = options.flag("dropFieldIfAllNull", false);
  kernels::JsonSchema schema(std::move(rules));
  const double ratio = options.fraction("samplingRatio", 1.0);
  if (ratio <= 0) throw_invalid("samplingRatio must be greater than 0");
  const ParseMode mode = parse_mode(options);
  bool malformed = false;
  double due = 1;
  std::string_view record;
  for (const FilePart& file : files) {
    JsonRecords records(store, options, {file.uri});
    while (records.next(record)) {
      due += ratio;
      if (due < 1) continue;
      due -= 1;
      if (schema.add(record)) continue;
      if (mode == ParseMode::kFailFast) throw malformed_record(record);
      malformed = true;
    }
  }
  const DataType found = schema.schema();
  const std::string corrupt = corrupt_column(options);
  if (!malformed || mode != ParseMode::kPermissive) return found;
  std::vector<StructField> fields;
  bool placed = false;
  for (const StructField& field : found.fields()) {
    if (!placed && field.name >= corrupt) {
      fields.push_back({corrupt, DataTypeId::kString, true, ""});
      placed = true;
    }
    if (field.name != corrupt) fields.push_back(field);
  }
  if (!placed) fields.push_back({corrupt, DataTypeId::kString, true, ""});
  return DataType::structure(std::move(fields));
}

class JsonReader final : public RowReader {
 public:
  JsonReader(const ReadRequest& request, const FilePart& part)
      : uri_(part.uri),
        mode_(parse_mode(request.options)),
        comments_(request.options.flag("allowComments", false)),
        records_(request.store, request.options, part) {
    const std::string corrupt = checked_corrupt_column(request);
    std::vector<StructField> fields;
    int corrupt_field = -1;
    for (const int index : request.wanted) {
      const StructField& field = request.schema.fields()[static_cast<size_t>(index)];
      if (field.name == corrupt) corrupt_field = static_cast<int>(fields.size());
      fields.push_back(field);
    }
    corrupt_field_ = corrupt_field;
    row_ = DataType::structure(std::move(fields));
    decoder_.emplace(row_, json_options(request.options), corrupt_field);
  }

  uint64_t read(std::span<Output* const> columns, uint64_t capacity) override {
    arena_ = std::make_shared<kernels::Arena>();
    JsonSink root;
    root.physical = kernels::Physical::kStruct;
    uint64_t bits[(4096 >> 6)] = {};
    root.validity = bits;
    for (size_t i = 0; i < columns.size(); ++i) {
      JsonSink sink;
      kernels::build_sink(sink, *columns[i], row_.fields()[i].type);
      root.children.push_back(std::move(sink));
    }
    for (Output* const column : columns) column->keep(arena_);
    uint64_t row = 0;
    while (row < capacity && advance()) {
      if (store(root, row)) ++row;
    }
    for (size_t i = 0; i < columns.size(); ++i)
      kernels::trim_lists(root.children[i], *columns[i], row_.fields()[i].type);
    return row;
  }

 private:
  // The next record into text_; elements of an array at the root are records.
  bool advance() {
    for (;;) {
      if (!elements_.empty()) {
        text_ = elements_.back();
        elements_.pop_back();
        return true;
      }
      std::string_view record;
      if (!records_.next(record)) return false;
      while (!record.empty() && static_cast<unsigned char>(record.front()) <= ' ')
        record.remove_prefix(1);
      if (record.empty() || (comments_ && is_comment(record))) continue;
      // The reader's buffer moves on: what strings point into must stay.
      char* const kept = arena_->allocate(record.size() + 64);
      std::memcpy(kept, record.data(), record.size());
      std::memset(kept + record.size(), 0, 64);
      record_ = text_ = {kept, record.size()};
      if (record.front() != '[') return true;
      std::vector<std::string_view> found;
      const bool sound = kernels::each_json_element(record_, [&](std::string_view element) {
        found.push_back(element);
        return true;
      });
      const bool rows = std::ranges::all_of(
          found, [](std::string_view element) { return element.starts_with('{'); });
      if (!sound || !rows) return true;  // decoding says what is wrong
      elements_.assign(found.rbegin(), found.rend());
    }
  }

  static bool is_comment(std::string_view record) {
    return record.starts_with("//") && record.find('\n') == std::string_view::npos;
  }

  bool store(JsonSink& root, uint64_t row) {
    for (JsonSink& child : root.children) kernels::set_valid(child, row);
    JsonOutcome outcome = decoder_->decode(text_, true, row, root, *arena_);
    if (text_.front() != '{') outcome = JsonOutcome::kMalformed;
    if (outcome == JsonOutcome::kNull) return false;  // a blank record
    const bool malformed = outcome == JsonOutcome::kMalformed;
    if (malformed && mode_ == ParseMode::kDropMalformed) return false;
    if (malformed && mode_ == ParseMode::kFailFast) throw_malformed(uri_, record_);
    if (malformed && corrupt_field_ >= 0) {
      JsonSink& corrupt = root.children[static_cast<size_t>(corrupt_field_)];
      kernels::set_valid(corrupt, row);
      static_cast<kernels::StringRef*>(corrupt.data)[row] =
          kernels::StringRef(record_.data(), static_cast<uint32_t>(record_.size()));
    }
    return true;
  }

  const std::string uri_;
  const ParseMode mode_;
  const bool comments_;
  JsonRecords records_;
  DataType row_;  // the wanted columns
  int corrupt_field_ = -1;
  std::optional<kernels::JsonDecoder> decoder_;
  std::shared_ptr<kernels::Arena> arena_;
  std::string_view record_, text_;
  std::vector<std::string_view> elements_;  // of the record, the last first
};

bool splittable(const Options& options) {
  return !options.flag("multiLine", false) && is_utf8(options.text("encoding", "charset", "UTF-8"));
}

std::unique_ptr<RowReader> open_json(const ReadRequest& request, const FilePart& part) {
  return std::make_unique<JsonReader>(request, part);
}

}  // namespace

const Format kJson = {"json", splittable, infer_json, open_json, json_extension, create_json};

}  // namespace firn::formats

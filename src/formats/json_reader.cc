// JSON files: a record a line, or a file that is one record or an array of them.
#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "base/error.h"
#include "formats/json_writer.h"
#include "formats/line_reader.h"
#include "formats/reader.h"
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

kernels::JsonOptions json_options(const Options& options) {
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
  return json;
}

// Texts of records: lines, or the whole file.
class Records {
 public:
  Records(files::FileStore& store, const Options& options, const FilePart& part)
      : multi_line_(options.flag("multiLine", false)) {
    const std::string charset = options.text("encoding", "charset", "UTF-8");
    auto bytes = decode_charset(open_bytes(store, part.uri, part.start), charset);
    if (multi_line_) {
      text_ = read_all(*bytes);
      text_.append(64, '\0');
    } else {
      lines_.emplace(std::move(bytes), options.text("lineSep", ""), part.start,
                     is_utf8(charset) ? part.end : -1);
    }
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
    Records records(store, options, {file.uri});
    while (records.next(record)) {
      due += ratio;
      if (due < 1) continue;
      due -= 1;
      if (schema.add(record)) continue;
      if (mode == ParseMode::kFailFast) throw_malformed(file.uri, record);
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
      if (field.name != corrupt) fields.push_back({corrupt, DataTypeId::kString, true, ""});
      placed = true;
    }
    fields.push_back(field);
  }
  if (!placed) fields.push_back({corrupt, DataTypeId::kString, true, ""});
  return DataType::structure(std::move(fields));
}

class JsonReader final : public RowReader {
 public:
  JsonReader(const ReadRequest& request, const FilePart& part)
      : uri_(part.uri),
        mode_(parse_mode(request.options)),
        records_(request.store, request.options, part) {
    const std::string corrupt = corrupt_column(request.options);
    std::vector<StructField> fields;
    int corrupt_field = -1;
    for (const int index : request.wanted) {
      const StructField& field = request.schema.fields()[static_cast<size_t>(index)];
      if (field.name == corrupt && field.type.id() == DataTypeId::kString)
        corrupt_field = static_cast<int>(fields.size());
      fields.push_back(field);
    }
    wanted_ = fields.size();
    // A record is malformed by any of its columns, if somebody may ask.
    const bool all = corrupt_field >= 0 || mode_ != ParseMode::kPermissive;
    if (all) add_others(request, corrupt, fields);
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
    spare_.clear();
    for (size_t i = 0; i < row_.fields().size(); ++i) {
      JsonSink sink;
      if (i < wanted_) {
        kernels::build_sink(sink, *columns[i], row_.fields()[i].type);
      } else {
        spare_.push_back(std::make_unique<SpareColumn>(row_.fields()[i].type, capacity));
        kernels::build_sink(sink, *spare_.back(), row_.fields()[i].type);
      }
      root.children.push_back(std::move(sink));
    }
    for (Output* const column : columns) column->keep(arena_);
    uint64_t row = 0;
    while (row < capacity && advance()) {
      if (store(root, row)) ++row;
    }
    for (size_t i = 0; i < wanted_; ++i)
      kernels::trim_lists(root.children[i], *columns[i], row_.fields()[i].type);
    return row;
  }

 private:
  // A column that is decoded only to see whether it can be.
  class SpareColumn final : public Output {
   public:
    SpareColumn(const DataType& type, uint64_t rows) : type_(type) {
      physical_ = kernels::physical_of(type);
      reset(rows);
    }
    char* new_bytes(size_t size) override { return arena_.allocate(size); }
    void keep(std::shared_ptr<const void>) override {}
    Output& child(size_t index) override {
      if (children_.size() <= index) children_.resize(index + 1);
      if (!children_[index]) {
        const DataType pair = type_.id() == DataTypeId::kMap
                                  ? DataType::structure({{"key", type_.key(), true, ""},
                                                         {"value", type_.value(), true, ""}})
                                  : DataType();
        const DataType& type = type_.id() == DataTypeId::kStruct  ? type_.fields()[index].type
                               : type_.id() == DataTypeId::kArray ? type_.element()
                                                                  : pair;
        children_[index] = std::make_unique<SpareColumn>(type, size_);
      }
      return *children_[index];
    }
    void resize(uint64_t size) override { static_cast<SpareColumn&>(child(0)).reset(size); }

   private:
    void reset(uint64_t rows) {
      size_ = rows;
      values_.resize(rows * 16);
      bits_.assign((rows >> 6) + 1, ~uint64_t{0});
      data_ = values_.data();
      validity_ = bits_.data();
      for (auto& child : children_) {
        if (child && physical_ == kernels::Physical::kStruct) child->reset(rows);
      }
    }
    DataType type_;
    std::vector<char> values_;
    std::vector<uint64_t> bits_;
    std::vector<std::unique_ptr<SpareColumn>> children_;
    kernels::Arena arena_;
  };

  void add_others(const ReadRequest& request, const std::string& corrupt,
                  std::vector<StructField>& fields) const {
    const auto& all = request.schema.fields();
    for (size_t i = 0; i < all.size(); ++i) {
      const bool wanted =
          std::ranges::find(request.wanted, static_cast<int>(i)) != request.wanted.end();
      if (!wanted && all[i].name != corrupt) fields.push_back(all[i]);
    }
  }

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
      if (record.empty()) continue;
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
      if (!sound) return true;  // decoding says what is wrong
      elements_.assign(found.rbegin(), found.rend());
    }
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
  Records records_;
  DataType row_;  // the wanted columns, then those that are only checked
  size_t wanted_ = 0;
  int corrupt_field_ = -1;
  std::optional<kernels::JsonDecoder> decoder_;
  std::vector<std::unique_ptr<SpareColumn>> spare_;
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

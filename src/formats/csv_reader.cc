// CSV files: schema by header or position, types by inference, rows.
#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "formats/csv_tokenizer.h"
#include "formats/csv_writer.h"
#include "formats/line_reader.h"
#include "formats/reader.h"
#include "formats/value_parser.h"
#include "kernels/json_decoder.h"

namespace firn::formats {
namespace {

using kernels::Output;
using types::DataType;
using types::DataTypeId;
using types::StructField;

bool is_blank_line(std::string_view line) {
  return std::ranges::all_of(line, [](char c) { return static_cast<unsigned char>(c) <= ' '; });
}

// Records of one part, one after the other: line by line, or from the whole text where lines may
// stand within quotes.
class CsvRecords {
 public:
  CsvRecords(files::FileStore& store, const Options& options, const FilePart& part)
      : tokenizer_(dialect_of(options)), multi_line_(options.flag("multiLine", false)) {
    const std::string charset = options.text("encoding", "charset", "UTF-8");
    auto bytes = decode_charset(open_bytes(store, part.uri, part.start), charset);
    if (multi_line_) {
      text_ = read_all(*bytes);
      at_ = text_.data();
      if (text_.starts_with("\xef\xbb\xbf")) at_ += 3;
      if (!options.find("lineSep")) tokenizer_.set_line_separator(first_line_end(text_));
    } else {
      lines_.emplace(std::move(bytes), tokenizer_.dialect().line_separator, part.start,
                     is_utf8(charset) ? part.end : -1);
    }
  }
  // `record`: the text of it.
  bool next(std::vector<CsvField>& fields, std::string_view& record) {
    if (multi_line_) {
      const char* const end = text_.data() + text_.size();
      const char* const before = at_;
      if (!tokenizer_.next(at_, end, fields)) return false;
      record = {before, static_cast<size_t>(at_ - before)};
      const std::string& separator = tokenizer_.dialect().line_separator;
      if (record.ends_with(separator)) record.remove_suffix(separator.size());
      while (record.ends_with('\n') || record.ends_with('\r')) record.remove_suffix(1);
      return true;
    }
    const char comment = tokenizer_.dialect().comment;
    while (lines_->next(record)) {
      if (is_blank_line(record) || (comment != '\0' && record.front() == comment)) continue;
      const char* at = record.data();
      return tokenizer_.next(at, record.data() + record.size(), fields);
    }
    return false;
  }

 private:
  static CsvDialect dialect_of(const Options& options) {
    CsvDialect dialect = csv_dialect(options);
    dialect.normalises_lines = dialect.line_separator.empty() || !options.flag("multiLine", false);
    return dialect;
  }
  // How the first line ends says how all do.
  static std::string first_line_end(std::string_view text) {
    const size_t at = text.find_first_of("\r\n");
    if (at == std::string_view::npos || text[at] == '\n') return "";
    return text.substr(at).starts_with("\r\n") ? "\r\n" : "\r";
  }

  CsvTokenizer tokenizer_;
  const bool multi_line_;
  std::string text_;
  const char* at_ = nullptr;
  std::optional<LineReader> lines_;
};

// ---- Schema

// Spark's header: empty names are _c<n>; names that occur twice (whatever their case) get their
// index appended.
std::vector<std::string> column_names(const std::vector<CsvField>& first, bool header) {
  std::vector<std::string> names;
  std::multiset<std::string> seen;
  for (const CsvField& field : first) {
    names.emplace_back(header && !field.is_null ? field.text : std::string_view());
    seen.insert(lower_case(names.back()));
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty())
      names[i] = "_c" + std::to_string(i);
    else if (seen.count(lower_case(names[i])) > 1)
      names[i] += std::to_string(i);
  }
  return names;
}

class Inference {
 public:
  explicit Inference(const Options& options)
      : formats_(value_formats(options)), prefer_date_(options.flag("preferDate", true)) {
    date_formats_ = formats_;
    if (date_formats_.dates == nullptr && prefer_date_)
      date_formats_.dates = std::make_shared<const kernels::DateTimePattern>("yyyy-MM-dd");
  }
  DataType widened(const DataType& so_far, std::string_view field) const {
    return common(so_far, parsed_from(so_far.id(), field));
  }

 private:
  // Given what a column was so far there is no point in trying narrower types.
  DataType parsed_from(DataTypeId so_far, std::string_view field) const {
    switch (so_far) {
      case DataTypeId::kNull:
      case DataTypeId::kInteger:
        return integer(field);
      case DataTypeId::kLong:
        return bigint(field);
      case DataTypeId::kDecimal:
        return decimal(field);
      case DataTypeId::kDouble:
        return floating(field);
      case DataTypeId::kDate:
        return date(field);
      case DataTypeId::kTimestamp:
        return timestamp(field);
      case DataTypeId::kBoolean:
        return boolean(field);
      default:
        return DataTypeId::kString;
    }
  }
  DataType integer(std::string_view field) const {
    int64_t value = 0;
    if (is_java_integer(field, std::numeric_limits<int32_t>::min(),
                        std::numeric_limits<int32_t>::max(), value))
      return DataTypeId::kInteger;
    return bigint(field);
  }
  DataType bigint(std::string_view field) const {
    int64_t value = 0;
    if (is_java_integer(field, std::numeric_limits<int64_t>::min(),
                        std::numeric_limits<int64_t>::max(), value))
      return DataTypeId::kLong;
    return decimal(field);
  }
  DataType decimal(std::string_view field) const {
    std::string_view digits = field;
    if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
    const bool whole =
        !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
    if (!whole) return floating(field);
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size() - 1));
    if (digits.size() > 38) return floating(field);
    return DataType::decimal(static_cast<int>(digits.size()), 0);
  }
  DataType floating(std::string_view field) const {
    double value = 0;
    if (field == formats_.nan || field == formats_.positive_infinity ||
        field == formats_.negative_infinity || is_java_double(field, value))
      return DataTypeId::kDouble;
    return prefer_date_ ? date(field) : timestamp(field);
  }
  DataType date(std::string_view field) const {
    if (read_date(field, date_formats_)) return DataTypeId::kDate;
    return timestamp(field);
  }
  DataType timestamp(std::string_view field) const {
    if (read_timestamp(field, formats_)) return DataTypeId::kTimestamp;
    return boolean(field);
  }
  static DataType boolean(std::string_view field) {
    const std::string word = lower_case(std::string(field));
    if (word == "true" || word == "false") return DataTypeId::kBoolean;
    return DataTypeId::kString;
  }
  static DataType as_decimal(const DataType& type) {
    if (type.id() == DataTypeId::kInteger) return DataType::decimal(10, 0);
    return type.id() == DataTypeId::kLong ? DataType::decimal(20, 0) : type;
  }
  DataType common(const DataType& a, const DataType& b) const {
    if (a == b || a.id() == DataTypeId::kNull) return b;
    // Dates are timestamps too where both are written as casts read them.
    if (a.id() == DataTypeId::kDate && b.id() == DataTypeId::kTimestamp &&
        formats_.timestamps == nullptr && formats_.dates == nullptr)
      return b;
    if (!a.is_numeric() || !b.is_numeric()) return DataTypeId::kString;
    if (a.id() == DataTypeId::kDouble || b.id() == DataTypeId::kDouble) return DataTypeId::kDouble;
    if (a.id() == DataTypeId::kDecimal || b.id() == DataTypeId::kDecimal) {
      const int precision = std::max(as_decimal(a).precision(), as_decimal(b).precision());
      return DataType::decimal(precision, 0);
    }
    return DataTypeId::kLong;
  }

  ValueFormats formats_, date_formats_;
  bool prefer_date_;
};

DataType infer_csv(files::FileStore& store, const Options& options,
                   const std::vector<FilePart>& files) {
  const bool header = options.flag("header", false), typed = options.flag("inferSchema", false);
  if (options.find("singleVariantColumn")) throw_unsupported("the CSV option singleVariantColumn");
  std::vector<std::string> names;
  std::vector<DataType> types;
  const Inference inference(options);
  const double ratio = options.fraction("samplingRatio", 1.0);
  if (ratio <= 0) throw_invalid("samplingRatio should be greater than 0");
  std::vector<CsvField> fields;
  std::string_view record;
  double due = 1;  // a record is looked at whenever this much has come together
  for (const FilePart& file : files) {
    CsvRecords records(store, options, {file.uri});
    bool first = true;
    while (records.next(fields, record)) {
      if (names.empty()) {
        names = column_names(fields, header);
        types.assign(names.size(), DataType());
      }
      const bool is_header = std::exchange(first, false) && header;
      if (!typed) break;
      if (is_header) continue;
      due += ratio;
      if (due < 1) continue;
      due -= 1;
      for (size_t i = 0; i < std::min(fields.size(), types.size()); ++i) {
        if (!fields[i].is_null && !fields[i].text.empty())
          types[i] = inference.widened(types[i], fields[i].text);
      }
    }
    if (!typed && !names.empty()) break;
  }
  std::vector<StructField> columns;
  for (size_t i = 0; i < names.size(); ++i) {
    const bool unknown = types[i].id() == DataTypeId::kNull;
    columns.push_back({names[i], unknown ? DataType(DataTypeId::kString) : types[i], true, ""});
  }
  return DataType::structure(std::move(columns));
}

// ---- Rows

class CsvReader final : public RowReader {
 public:
  CsvReader(const ReadRequest& request, const FilePart& part)
      : uri_(part.uri),
        mode_(parse_mode(request.options)),
        formats_(value_formats(request.options)),
        records_(request.store, request.options, part) {
    place_columns(request);
    if (request.options.flag("header", false) && part.start == 0) {
      std::string_view record;
      const bool any = records_.next(fields_, record);
      if (any && !request.options.flag("enforceSchema", true)) check_header(request);
    }
  }

  uint64_t read(std::span<Output* const> columns, uint64_t capacity) override {
    uint64_t row = 0;
    std::string_view record;
    while (row < capacity && records_.next(fields_, record)) {
      if (store(columns, row, record)) ++row;
    }
    return row;
  }

 private:
  struct Target {
    int field;  // position in the record, -1: the record's own text
    DataType type;
  };

  void place_columns(const ReadRequest& request) {
    const std::string corrupt = checked_corrupt_column(request);
    std::vector<int> positions;
    int width = 0;
    for (const StructField& field : request.schema.fields())
      positions.push_back(field.name == corrupt ? -1 : width++);
    std::set<int> wanted;
    for (const int index : request.wanted) {
      const int position = positions[static_cast<size_t>(index)];
      if (position >= 0) wanted.insert(position);
      targets_.push_back({position, request.schema.fields()[static_cast<size_t>(index)].type});
    }
    // Where columns are left out, Spark's parser does not look at the others at all.
    const bool prunes = request.options.flag("columnPruning", true);
    const bool pruned = prunes && static_cast<int>(wanted.size()) < width;
    width_ = pruned ? -1 : width;
  }

  // Names of the wanted columns as the file has them; of all where none is left out.
  void check_header(const ReadRequest& request) {
    if (width_ >= 0 && static_cast<int>(fields_.size()) != width_)
      throw_header(
          "Number of column in CSV header is not equal to number of fields in the schema:\n"
          " Header length: " +
          std::to_string(fields_.size()) + ", schema size: " + std::to_string(width_));
    for (size_t i = 0; i < targets_.size(); ++i) {
      const int position = targets_[i].field;
      if (position < 0) continue;
      const bool there = static_cast<size_t>(position) < fields_.size();
      const std::string in_file =
          there ? std::string(fields_[static_cast<size_t>(position)].text) : "";
      const std::string& wanted =
          request.schema.fields()[static_cast<size_t>(request.wanted[i])].name;
      if (lower_case(in_file) != lower_case(wanted))
        throw_header("CSV header does not conform to the schema.\n Header: " + in_file +
                     "\n Schema: " + wanted + "\nExpected: " + wanted + " but found: " + in_file);
    }
  }
  [[noreturn]] void throw_header(const std::string& what) const {
    throw Error("FAILED_READ_FILE.NO_HINT", {{"path", uri_ + ": " + what}});
  }

  // False where the record is dropped.
  bool store(std::span<Output* const> columns, uint64_t row, std::string_view record) {
    bool malformed = width_ >= 0 && static_cast<int>(fields_.size()) != width_;
    for (size_t i = 0; i < targets_.size(); ++i) {
      const Target& target = targets_[i];
      Output& out = *columns[i];
      if (target.field < 0) continue;
      out.validity()[row >> 6] |= uint64_t{1} << (row & 63);
      const auto position = static_cast<size_t>(target.field);
      if (position >= fields_.size() || fields_[position].is_null) {
        out.set_null(row);
      } else if (!store_text(fields_[position].text, target.type, formats_, row, out)) {
        out.set_null(row);
        malformed = true;
      }
    }
    if (malformed && mode_ == ParseMode::kDropMalformed) return false;
    if (malformed && mode_ == ParseMode::kFailFast) throw_malformed(uri_, record);
    for (size_t i = 0; i < targets_.size(); ++i) {
      if (targets_[i].field >= 0) continue;
      Output& out = *columns[i];
      out.validity()[row >> 6] |= uint64_t{1} << (row & 63);
      if (malformed)
        out.set_string(row, record);
      else
        out.set_null(row);
    }
    return true;
  }

  const std::string uri_;
  const ParseMode mode_;
  const ValueFormats formats_;
  CsvRecords records_;
  std::vector<Target> targets_;
  int width_ = -1;  // fields that a sound record has; -1: not looked at
  std::vector<CsvField> fields_;
};

bool csv_splittable(const Options& options) {
  return !options.flag("multiLine", false) && is_utf8(options.text("encoding", "charset", "UTF-8"));
}

std::unique_ptr<RowReader> open_csv(const ReadRequest& request, const FilePart& part) {
  check_column_types(request.schema, "CSV", [](const DataType& type) { return !type.is_nested(); });
  return std::make_unique<CsvReader>(request, part);
}

}  // namespace

const Format kCsv = {"csv", csv_splittable, infer_csv, open_csv, csv_extension, create_csv};

}  // namespace firn::formats

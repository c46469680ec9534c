// CSV as the univocity writer makes it with Spark's settings.
#include "formats/csv_writer.h"

#include "base/error.h"
#include "formats/byte_stream.h"
#include "formats/csv_tokenizer.h"
#include "kernels/calendar.h"
#include "kernels/datetime_pattern.h"
#include "kernels/value_text.h"

namespace firn::formats {
namespace {

using kernels::ColumnView;
using types::DataType;
using types::DataTypeId;

bool csv_supports(const DataType& type) {
  return !type.is_nested() && type.id() != DataTypeId::kNull;
}

bool is_csv_blank(char c) { return static_cast<unsigned char>(c) <= ' '; }

class CsvWriter final : public RowWriter {
 public:
  CsvWriter(std::unique_ptr<ByteSink> sink, const Options& options, const DataType& schema)
      : sink_(std::move(sink)),
        schema_(schema),
        dialect_(csv_dialect(options)),
        zone_(options.zone()),
        dates_(options.text("dateFormat", "yyyy-MM-dd")),
        timestamps_(options.text("timestampFormat", "yyyy-MM-dd'T'HH:mm:ss[.SSSXXX]")),
        local_timestamps_(options.text("timestampNTZFormat", "yyyy-MM-dd'T'HH:mm:ss[.SSS]")),
        null_(options.text("nullValue", "")),
        empty_(options.text("emptyValue", "\"\"")),
        line_end_(dialect_.line_separator.empty() ? "\n" : dialect_.line_separator),
        quote_all_(options.flag("quoteAll", false)),
        escape_quotes_(options.flag("escapeQuotes", true)),
        trim_left_(options.flag("ignoreLeadingWhiteSpace", true)),
        trim_right_(options.flag("ignoreTrailingWhiteSpace", true)) {
    if (!options.flag("header", false)) return;
    for (size_t i = 0; i < schema_.fields().size(); ++i) {
      if (i > 0) text_ += dialect_.separator;
      append_value(schema_.fields()[i].name, i == 0);
    }
    text_ += line_end_;
  }

  void write(std::span<const ColumnView> columns, uint64_t rows) override {
    std::string value;
    for (uint64_t row = 0; row < rows; ++row) {
      for (size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) text_ += dialect_.separator;
        if (!columns[i].is_valid(row)) {
          if (quote_all_ && dialect_.quote != '\0')
            text_ += dialect_.quote + null_ + dialect_.quote;
          else
            text_ += null_;
          continue;
        }
        value.clear();
        format(value, columns[i], row, schema_.fields()[i].type);
        append_value(value, i == 0);
      }
      text_ += line_end_;
      if (text_.size() > (256 << 10)) flush();
    }
  }
  void finish() override {
    flush();
    sink_->finish();
  }

 private:
  void format(std::string& out, const ColumnView& column, uint64_t row,
              const DataType& type) const {
    switch (type.id()) {
      case DataTypeId::kDate:
        return dates_.format(out, column.values<int32_t>()[row] * kernels::kMicrosPerDay, 0, "UTC");
      case DataTypeId::kTimestamp: {
        const int64_t instant = column.values<int64_t>()[row];
        const int32_t offset = zone_->offset_at(instant);
        return timestamps_.format(out, instant + offset * kernels::kMicrosPerSecond, offset,
                                  zone_->id());
      }
      case DataTypeId::kTimestampNtz:
        return local_timestamps_.format(out, column.values<int64_t>()[row], 0, "UTC");
      case DataTypeId::kBinary:
        return append_bytes(out, column.values<kernels::StringRef>()[row].view());
      default:
        kernels::append_text(out, column, row, type, {zone_.get(), /*plain_decimals=*/false});
    }
  }
  // "[41 0A]"
  static void append_bytes(std::string& out, std::string_view bytes) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    out += '[';
    for (const char c : bytes) {
      if (out.back() != '[') out += ' ';
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[c & 15];
    }
    out += ']';
  }

  void append_value(std::string_view value, bool first) {
    if (trim_left_) {
      while (!value.empty() && is_csv_blank(value.front())) value.remove_prefix(1);
    }
    // Blanks at the end ask for quotes too, and go nevertheless.
    const bool quotes =
        dialect_.quote != '\0' && !value.empty() && (quote_all_ || needs_quotes(value, first));
    if (trim_right_) {
      while (!value.empty() && is_csv_blank(value.back())) value.remove_suffix(1);
    }
    if (value.empty()) {
      text_ += quote_all_ && empty_.empty() ? std::string(2, dialect_.quote) : empty_;
      return;
    }
    if (!quotes) {
      text_ += value;
      return;
    }
    text_ += dialect_.quote;
    for (const char c : value) {
      if (c == dialect_.quote && dialect_.escape != '\0') text_ += dialect_.escape;
      if (c == dialect_.escape && c != dialect_.quote && dialect_.escape_escape != '\0')
        text_ += dialect_.escape_escape;
      if (c == '\n' && line_end_.size() == 2)
        text_ += line_end_;
      else
        text_ += c;
    }
    text_ += dialect_.quote;
  }
  bool needs_quotes(std::string_view value, bool first) const {
    if (value.front() == dialect_.quote ||
        value.find(dialect_.separator) != std::string_view::npos ||
        value.find_first_of("\n\r") != std::string_view::npos ||
        value.find_first_of(line_end_) != std::string_view::npos)
      return true;
    const char comment = dialect_.comment != '\0' ? dialect_.comment : '#';
    if (first && value.front() == comment) return true;
    return escape_quotes_ && value.find(dialect_.quote) != std::string_view::npos;
  }
  void flush() {
    sink_->write(text_);
    text_.clear();
  }

  std::unique_ptr<ByteSink> sink_;
  const DataType schema_;
  const CsvDialect dialect_;
  std::shared_ptr<const kernels::TimeZone> zone_;
  const kernels::DateTimePattern dates_, timestamps_, local_timestamps_;
  const std::string null_, empty_, line_end_;
  const bool quote_all_, escape_quotes_, trim_left_, trim_right_;
  std::string text_;
};

const CompressionRow& csv_codec(const Options& options) {
  return find_compression(options.text("compression", "codec", "none"));
}

}  // namespace

std::string csv_extension(const Options& options, const DataType& schema) {
  check_column_types(schema, "CSV", csv_supports);
  const std::string charset = options.text("encoding", "charset", "UTF-8");
  if (!is_utf8(charset)) throw_unsupported("writing CSV in the encoding " + charset);
  const std::string extension = options.text("extension", "csv");
  return "." + extension + std::string(csv_codec(options).extension);
}

std::unique_ptr<RowWriter> create_csv(files::FileStore& store, const std::string& uri,
                                      const Options& options, const DataType& schema) {
  return std::make_unique<CsvWriter>(
      make_sink(store.create(uri, files::WriteMode::kCreateNew), csv_codec(options),
                options.number("compressionLevel", -1)),
      options, schema);
}

}  // namespace firn::formats

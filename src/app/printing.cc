// The formats, as one writer each behind the same pull loop.
#include "app/printing.h"

#include <algorithm>
#include <array>

#include "app/cell_text.h"
#include "app/json_text.h"
#include "base/error.h"
#include "base/nearest.h"

namespace firn::app {
namespace {

using Line = std::vector<std::string>;

constexpr size_t kRowsForWidths = 1000;

struct FormatRow {
  std::string_view word;
  Format format;
};
constexpr FormatRow kFormats[] = {{"table", Format::kTable},
                                  {"csv", Format::kCsv},
                                  {"json", Format::kJson},
                                  {"markdown", Format::kMarkdown},
                                  {"typed-json", Format::kTypedJson}};

struct CodeRange {
  uint32_t first, last;
};
// Characters that take two columns, and those that take none (Unicode's East_Asian_Width W and F;
// Mn and Me), by blocks.
constexpr CodeRange kWide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x33FF},
                               {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},
                               {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},
                               {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F},
                               {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
constexpr CodeRange kZero[] = {{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD},
                               {0x064B, 0x065F}, {0x0900, 0x0902}, {0x0941, 0x0948},
                               {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F},
                               {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};

bool is_in(uint32_t code, std::span<const CodeRange> ranges) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](CodeRange range) { return code >= range.first && code <= range.last; });
}

bool is_number(const types::DataType& type) { return type.is_numeric(); }

// Cells stay on their line.
std::string on_one_line(std::string text) {
  static constexpr std::array<std::pair<char, const char*>, 3> kEscapes = {
      {{'\n', "\\n"}, {'\r', "\\r"}, {'\t', "\\t"}}};
  for (const auto& [character, escape] : kEscapes) {
    for (size_t at = text.find(character); at != std::string::npos; at = text.find(character, at))
      text.replace(at, 1, escape);
  }
  return text;
}

// Writes rows in one format. begin, then row by row, then finish.
class RowWriter {
 public:
  RowWriter(std::ostream& out, const std::vector<plan::Attribute>& columns,
            const kernels::TimeZone& zone)
      : out_(out), columns_(columns), zone_(zone) {}
  virtual ~RowWriter() = default;
  virtual void begin() {}
  virtual void row(const std::vector<kernels::ColumnView>& views, uint64_t row) = 0;
  virtual void finish() {}

 protected:
  std::string shown(const kernels::ColumnView& view, uint64_t row, size_t column) const {
    std::string text;
    append_shown(text, view, row, columns_[column].type, zone_);
    return on_one_line(std::move(text));
  }

  std::ostream& out_;
  const std::vector<plan::Attribute>& columns_;
  const kernels::TimeZone& zone_;
};

class TableWriter final : public RowWriter {
 public:
  using RowWriter::RowWriter;

  void row(const std::vector<kernels::ColumnView>& views, uint64_t row) override {
    Line line;
    for (size_t i = 0; i < views.size(); ++i) line.push_back(shown(views[i], row, i));
    if (opened_) return print(line);
    waiting_.push_back(std::move(line));
    if (waiting_.size() == kRowsForWidths) open();
  }

  void finish() override {
    if (!opened_) open();
    rule("└", "┴", "┘");
  }

 private:
  void open() {
    opened_ = true;
    Line names;
    for (const plan::Attribute& column : columns_) names.push_back(on_one_line(column.name));
    for (const std::string& name : names)
      widths_.push_back(std::max<size_t>(1, display_width(name)));
    for (const Line& line : waiting_) {
      for (size_t i = 0; i < line.size(); ++i)
        widths_[i] = std::max(widths_[i], display_width(line[i]));
    }
    rule("┌", "┬", "┐");
    print(names);
    rule("├", "┼", "┤");
    for (const Line& line : waiting_) print(line);
    waiting_.clear();
  }

  void rule(const char* left, const char* middle, const char* right) {
    std::string text = left;
    for (size_t i = 0; i < widths_.size(); ++i) {
      if (i > 0) text += middle;
      for (size_t k = 0; k < widths_[i] + 2; ++k) text += "─";
    }
    out_ << text << right << '\n';
  }

  void print(const Line& line) {
    std::string text = "│";
    for (size_t i = 0; i < line.size(); ++i) {
      const size_t width = display_width(line[i]);
      const std::string blank(widths_[i] > width ? widths_[i] - width : 0, ' ');
      text += ' ';
      text += is_number(columns_[i].type) ? blank + line[i] : line[i] + blank;
      text += " │";
    }
    out_ << text << '\n';
  }

  bool opened_ = false;
  std::vector<Line> waiting_;
  std::vector<size_t> widths_;
};

// RFC 4180, with a header. NULL is an empty field, the empty string is "".
class TextWriter final : public RowWriter {
 public:
  using RowWriter::RowWriter;

  void row(const std::vector<kernels::ColumnView>& views, uint64_t row) override {
    for (size_t i = 0; i < views.size(); ++i) {
      std::string text;
      append_plain(text, views[i], row, columns_[i].type, zone_);
      out_ << text << (text.ends_with('\n') ? "" : "\n");
    }
  }
};

class CsvWriter final : public RowWriter {
 public:
  using RowWriter::RowWriter;

  void begin() override {
    std::string line;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) line += ',';
      append_field(line, columns_[i].name);
    }
    out_ << line << "\r\n";
  }

  void row(const std::vector<kernels::ColumnView>& views, uint64_t row) override {
    std::string line, text;
    for (size_t i = 0; i < views.size(); ++i) {
      if (i > 0) line += ',';
      if (!views[i].is_valid(row)) continue;
      text.clear();
      append_plain(text, views[i], row, columns_[i].type, zone_);
      append_field(line, text);
    }
    out_ << line << "\r\n";
  }

 private:
  static void append_field(std::string& line, std::string_view text) {
    if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) {
      line += text;
      return;
    }
    line += '"';
    for (const char c : text) {
      if (c == '"') line += '"';
      line += c;
    }
    line += '"';
  }
};

class JsonWriter final : public RowWriter {
 public:
  JsonWriter(std::ostream& out, const std::vector<plan::Attribute>& columns,
             const kernels::TimeZone& zone)
      : RowWriter(out, columns, zone) {
    for (const plan::Attribute& column : columns) {
      append_json_string(keys_.emplace_back(), column.name);
    }
  }

  void row(const std::vector<kernels::ColumnView>& views, uint64_t row) override {
    std::string line = "{";
    for (size_t i = 0; i < views.size(); ++i) {
      if (i > 0) line += ',';
      line += keys_[i] + ":";
      append_json(line, views[i], row, columns_[i].type, zone_);
    }
    out_ << line << "}\n";
  }

 private:
  std::vector<std::string> keys_;
};

class MarkdownWriter final : public RowWriter {
 public:
  using RowWriter::RowWriter;

  void begin() override {
    std::string names = "|", rule = "|";
    for (const plan::Attribute& column : columns_) {
      names += " " + escaped(on_one_line(column.name)) + " |";
      rule += is_number(column.type) ? " ---: |" : " --- |";
    }
    out_ << names << '\n' << rule << '\n';
  }

  void row(const std::vector<kernels::ColumnView>& views, uint64_t row) override {
    std::string line = "|";
    for (size_t i = 0; i < views.size(); ++i) line += " " + escaped(shown(views[i], row, i)) + " |";
    out_ << line << '\n';
  }

 private:
  static std::string escaped(std::string text) {
    for (size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2))
      text.insert(at, 1, '\\');
    return text;
  }
};

// One object a statement: {"columns":[{"name","type","nullable"}],"rows":[["1",null]]}, cells as a
// table shows them. On one line and only once all rows are there: an error leaves none behind.
class TypedJsonWriter final : public RowWriter {
 public:
  using RowWriter::RowWriter;

  void row(const std::vector<kernels::ColumnView>& views, uint64_t row) override {
    JsonArray cells;
    for (size_t i = 0; i < views.size(); ++i) {
      if (!views[i].is_valid(row)) {
        cells.add_json("null");
        continue;
      }
      std::string text;
      append_shown(text, views[i], row, columns_[i].type, zone_);
      cells.add(text);
    }
    rows_.add_json(cells.text());
  }

  void finish() override {
    JsonArray columns;
    for (const plan::Attribute& column : columns_) {
      columns.add_json(JsonObject()
                           .add("name", column.name)
                           .add("type", column.type.simple_string())
                           .add("nullable", column.nullable)
                           .text());
    }
    JsonObject object;
    object.add_json("columns", columns.text()).add_json("rows", rows_.text());
    out_ << object.text() << '\n';
  }

 private:
  JsonArray rows_;
};

std::unique_ptr<RowWriter> make_writer(std::ostream& out, const session::Result& result,
                                       Format format, const kernels::TimeZone& zone) {
  switch (format) {
    case Format::kCsv:
      return std::make_unique<CsvWriter>(out, result.columns, zone);
    case Format::kJson:
      return std::make_unique<JsonWriter>(out, result.columns, zone);
    case Format::kTypedJson:
      return std::make_unique<TypedJsonWriter>(out, result.columns, zone);
    case Format::kText:
      return std::make_unique<TextWriter>(out, result.columns, zone);
    case Format::kMarkdown:
      return std::make_unique<MarkdownWriter>(out, result.columns, zone);
    default:
      return std::make_unique<TableWriter>(out, result.columns, zone);
  }
}

}  // namespace

Format parse_format(std::string_view word) {
  std::vector<std::string> words;
  for (const FormatRow& row : kFormats) {
    if (row.word == word) return row.format;
    words.emplace_back(row.word);
  }
  throw Error("FIRN_UNKNOWN_OPTION",
              {{"kind", "value of --format"},
               {"option", std::string(word)},
               {"suggestion",
                did_you_mean(word, words) + " Choose table, csv, json, markdown or typed-json."}});
}

size_t display_width(std::string_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    uint32_t code = length == 1 ? first : first & (0xFFU >> (length + 1));
    for (size_t i = 1; i < length && at + i < text.size(); ++i)
      code = code << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
    width += is_in(code, kZero) ? 0 : is_in(code, kWide) ? 2 : 1;
    at += length;
  }
  return width;
}

int64_t print_rows(std::ostream& out, session::Result& result, Format format,
                   const kernels::TimeZone& zone, const StopToken& stop) {
  const std::unique_ptr<RowWriter> writer = make_writer(out, result, format, zone);
  engine::Chunk chunk;
  std::vector<kernels::ColumnView> views;
  int64_t rows = 0;
  bool more = result.rows != nullptr && result.rows->next(chunk);  // its error before any output
  writer->begin();
  for (; more && out; more = result.rows->next(chunk)) {
    throw_if_stopped(stop);
    views.clear();
    for (uint64_t i = 0; i < chunk.column_count(); ++i) views.push_back(chunk.column(i));
    for (uint64_t row = 0; row < chunk.size(); ++row) writer->row(views, row);
    rows += static_cast<int64_t>(chunk.size());
  }
  writer->finish();
  out.flush();
  return rows;
}

std::shared_ptr<const kernels::TimeZone> session_zone(const conf::Conf& conf) {
  const std::string id = conf.get_string("spark.sql.session.timeZone");
  auto zone = kernels::find_time_zone(id.empty() ? "UTC" : id);
  if (zone == nullptr)
    throw_invalid("'" + id + "' (spark.sql.session.timeZone) is no time zone that is known here");
  return zone;
}

}  // namespace firn::app

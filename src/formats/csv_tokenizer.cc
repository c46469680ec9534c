// Splitting of CSV text.
#include "formats/csv_tokenizer.h"

#include <utility>

#include "base/error.h"

namespace firn::formats {
namespace {

bool is_blank(char c) { return static_cast<unsigned char>(c) <= ' '; }

struct EscapeRow {
  std::string_view written;
  char character;
};
constexpr EscapeRow kEscapes[] = {
    {"t", '\t'}, {"r", '\r'}, {"b", '\b'},  {"f", '\f'},
    {"\"", '"'}, {"'", '\''}, {"\\", '\\'}, {"u0000", '\0'},
};

// One character of a separator as Spark reads it at `at`, which moves behind it.
char separator_character(std::string_view text, size_t& at) {
  if (text[at] != '\\') return text[at++];
  const std::string_view behind = text.substr(at + 1);
  if (behind.empty()) throw Error("INVALID_DELIMITER_VALUE.SINGLE_BACKSLASH", {});
  for (const EscapeRow& row : kEscapes) {
    if (!behind.starts_with(row.written)) continue;
    at += 1 + row.written.size();
    return row.character;
  }
  throw Error("INVALID_DELIMITER_VALUE.UNSUPPORTED_SPECIAL_CHARACTER",
              {{"str", std::string(text)}});
}

std::string separator_of(const Options& options) {
  const std::string text = options.text("sep", "delimiter", ",");
  if (text.empty()) throw Error("INVALID_DELIMITER_VALUE.EMPTY_STRING", {});
  std::string separator;
  for (size_t at = 0; at < text.size();) separator += separator_character(text, at);
  return separator;
}

struct HandlingRow {
  std::string_view name;
  UnescapedQuote handling;
};
constexpr HandlingRow kHandlings[] = {
    {"stop_at_delimiter", UnescapedQuote::kStopAtDelimiter},
    {"stop_at_closing_quote", UnescapedQuote::kStopAtClosingQuote},
    {"back_to_delimiter", UnescapedQuote::kBackToDelimiter},
    {"skip_value", UnescapedQuote::kSkipValue},
    {"raise_error", UnescapedQuote::kRaiseError},
};

UnescapedQuote handling_of(const Options& options) {
  const std::string name = lower_case(options.text("unescapedQuoteHandling", "stop_at_delimiter"));
  for (const HandlingRow& row : kHandlings) {
    if (name == row.name) return row.handling;
  }
  throw_invalid("the CSV option unescapedQuoteHandling cannot be '" + name +
                "'; it can be STOP_AT_DELIMITER, STOP_AT_CLOSING_QUOTE, BACK_TO_DELIMITER, "
                "SKIP_VALUE, RAISE_ERROR");
}

}  // namespace

CsvDialect csv_dialect(const Options& options) {
  CsvDialect dialect;
  dialect.separator = separator_of(options);
  dialect.quote = options.character("quote", '"');
  dialect.escape = options.character("escape", '\\');
  dialect.escape_escape = options.character("charToEscapeQuoteEscaping", '\0');
  if (dialect.escape_escape == '\0' && dialect.escape != dialect.quote)
    dialect.escape_escape = dialect.escape;
  dialect.comment = options.character("comment", '\0');
  dialect.trim_left = options.flag("ignoreLeadingWhiteSpace", false);
  dialect.trim_right = options.flag("ignoreTrailingWhiteSpace", false);
  dialect.line_separator = line_separator(options, 2);
  dialect.line_feed_ends = dialect.line_separator.empty();
  dialect.null_value = options.text("nullValue", "");
  dialect.empty_value = options.text("emptyValue", "");
  dialect.handling = handling_of(options);
  dialect.most_columns = static_cast<size_t>(options.number("maxColumns", 20480));
  dialect.longest = options.number("maxCharsPerColumn", -1);
  return dialect;
}

size_t CsvTokenizer::newline(const char* at, const char* end) const {
  if (at >= end) return 0;
  const std::string& own = dialect_.line_separator;
  if (!own.empty() && static_cast<size_t>(end - at) >= own.size() &&
      std::string_view(at, own.size()) == own)
    return own.size();
  return *at == '\n' && dialect_.line_feed_ends ? 1 : 0;
}

std::string_view CsvTokenizer::keep(std::string text) {
  unescaped_.push_back(std::move(text));
  return unescaped_.back();
}

const char* CsvTokenizer::unquoted(const char* at, const char* end, CsvField& field) {
  const char* const start = at;
  const char first = dialect_.separator.front();
  const bool plain = dialect_.separator.size() == 1 && dialect_.line_separator.empty();
  while (at < end) {
    if (plain ? (*at == first || *at == '\n') : delimited(at, end)) break;
    ++at;
  }
  const char* stop = at;
  if (dialect_.trim_right) {
    while (stop > start && is_blank(stop[-1])) --stop;
  }
  field.text = {start, static_cast<size_t>(stop - start)};
  if (field.text.empty()) field.text = dialect_.null_value;
  return at;
}

bool CsvTokenizer::next(const char*& at, const char* end, std::vector<CsvField>& fields) {
  fields.clear();
  unescaped_.clear();
  for (;;) {  // over empty lines and comments
    if (at >= end) return false;
    if (const size_t width = newline(at, end); width > 0) {
      at += width;
      continue;
    }
    if (dialect_.comment == '\0' || *at != dialect_.comment) break;
    while (at < end && newline(at, end) == 0) ++at;
  }
  for (;;) {
    CsvField field;
    const char* begin = at;
    while (begin < end && is_blank(*begin) && !delimited(begin, end)) ++begin;
    const bool is_quoted = dialect_.quote != '\0' && begin < end && *begin == dialect_.quote &&
                           (begin == at || dialect_.trim_left);
    if (dialect_.trim_left || is_quoted) at = begin;
    at = is_quoted ? quoted(at + 1, end, field, fields) : unquoted(at, end, field);
    if (!field.is_null) field.is_null = field.text == dialect_.null_value;
    fields.push_back(field);
    check_size(fields);
    if (at >= end) return true;
    if (const size_t width = newline(at, end); width > 0) {
      at += width;
      return true;
    }
    at += dialect_.separator.size();
    if (at >= end) {  // a separator ends the text: one more field, empty
      fields.push_back({dialect_.null_value, true});
      return true;
    }
  }
}

void CsvTokenizer::check_size(const std::vector<CsvField>& fields) const {
  if (fields.size() > dialect_.most_columns)
    throw_invalid("a CSV record has more than " + std::to_string(dialect_.most_columns) +
                  " columns; the option maxColumns allows more");
  const auto longest = static_cast<size_t>(dialect_.longest);
  if (dialect_.longest >= 0 && fields.back().text.size() > longest)
    throw_invalid("a CSV value has " + std::to_string(fields.back().text.size()) +
                  " characters; the option maxCharsPerColumn allows " + std::to_string(longest));
}

}  // namespace firn::formats

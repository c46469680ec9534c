// Splitting of CSV text.
#include "formats/csv_tokenizer.h"

#include <utility>

#include "base/error.h"

namespace firn::formats {
namespace {

bool is_blank(char c) { return static_cast<unsigned char>(c) <= ' '; }

// "\t" and the like as users write them in options.
std::string unescape(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    if (c == 'u' && i + 4 < text.size()) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 4), nullptr, 16));
      i += 4;
      continue;
    }
    out += c == 't'   ? '\t'
           : c == 'n' ? '\n'
           : c == 'r' ? '\r'
           : c == 'b' ? '\b'
           : c == 'f' ? '\f'
           : c == '0' ? '\0'
                      : c;
  }
  return out;
}

}  // namespace

CsvDialect csv_dialect(const Options& options) {
  CsvDialect dialect;
  dialect.separator = unescape(options.text("sep", "delimiter", ","));
  if (dialect.separator.empty()) throw_invalid("the option sep (delimiter) cannot be empty");
  dialect.quote = options.character("quote", '"');
  dialect.escape = options.character("escape", '\\');
  dialect.escape_escape = options.character("charToEscapeQuoteEscaping", '\0');
  if (dialect.escape_escape == '\0' && dialect.escape != dialect.quote)
    dialect.escape_escape = dialect.escape;
  dialect.comment = options.character("comment", '\0');
  dialect.trim_left = options.flag("ignoreLeadingWhiteSpace", false);
  dialect.trim_right = options.flag("ignoreTrailingWhiteSpace", false);
  dialect.line_separator = unescape(options.text("lineSep", ""));
  dialect.null_value = options.text("nullValue", "");
  dialect.empty_value = options.text("emptyValue", "");
  const std::string handling =
      lower_case(options.text("unescapedQuoteHandling", "stop_at_delimiter"));
  if (handling != "stop_at_delimiter")
    throw_unsupported("the CSV option unescapedQuoteHandling=" + handling +
                      "; there is STOP_AT_DELIMITER");
  return dialect;
}

size_t CsvTokenizer::newline(const char* at, const char* end) const {
  if (at >= end) return 0;
  const std::string& own = dialect_.line_separator;
  if (!own.empty())
    return static_cast<size_t>(end - at) >= own.size() && std::string_view(at, own.size()) == own
               ? own.size()
               : 0;
  if (*at == '\n') return 1;
  if (*at == '\r') return end - at > 1 && at[1] == '\n' ? 2 : 1;
  return 0;
}

std::string_view CsvTokenizer::keep(std::string text) {
  unescaped_.push_back(std::move(text));
  return unescaped_.back();
}

// `at` stands behind the opening quote.
const char* CsvTokenizer::quoted(const char* at, const char* end, CsvField& field) {
  const char quote = dialect_.quote, escape = dialect_.escape, twice = dialect_.escape_escape;
  const char* const start = at;
  std::string text;
  bool changed = false;
  const char* run = at;  // what is not copied yet
  const auto flush = [&](const char* upto, char replacement) {
    text.append(run, static_cast<size_t>(upto - run));
    if (replacement != '\0') text += replacement;
    changed = true;
  };
  while (at < end) {
    const char c = *at;
    const char following = at + 1 < end ? at[1] : '\0';
    if (c == twice && twice != '\0' && at + 1 < end && following == escape &&
        !(c == quote && following == quote)) {
      flush(at, escape);
      run = at += 2;
    } else if (c == escape && escape != '\0' && escape != quote && at + 1 < end &&
               following == quote) {
      flush(at, quote);
      run = at += 2;
    } else if (c == quote && escape == quote && at + 1 < end && following == quote) {
      flush(at, quote);
      run = at += 2;
    } else if (c == quote) {
      const char* behind = at + 1;
      while (behind < end && is_blank(*behind) && !delimited(behind, end)) ++behind;
      if (delimited(behind, end)) {
        if (changed) flush(at, '\0');
        field.text = changed ? keep(std::move(text))
                             : std::string_view(start, static_cast<size_t>(at - start));
        if (field.text.empty()) field.text = dialect_.empty_value;
        return behind;
      }
      // A quote inside: the field goes to the next delimiter and keeps its quotes.
      while (!delimited(behind, end)) ++behind;
      flush(behind, '\0');
      field.text = keep(std::string(1, quote) + text);
      return behind;
    } else {
      if (c == '\r' && following == '\n') {  // line ends in quotes become \n
        flush(at, '\0');
        run = at + 1;
      }
      ++at;
    }
  }
  // Never closed: what there is.
  if (changed) flush(end, '\0');
  field.text =
      changed ? keep(std::move(text)) : std::string_view(start, static_cast<size_t>(end - start));
  return end;
}

const char* CsvTokenizer::unquoted(const char* at, const char* end, CsvField& field) {
  const char* const start = at;
  const char first = dialect_.separator.front();
  const bool plain = dialect_.separator.size() == 1 && dialect_.line_separator.empty();
  while (at < end) {
    if (plain ? (*at == first || *at == '\n' || *at == '\r') : delimited(at, end)) break;
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
    at = is_quoted ? quoted(at + 1, end, field) : unquoted(at, end, field);
    field.is_null = field.text == dialect_.null_value;
    fields.push_back(field);
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

}  // namespace firn::formats

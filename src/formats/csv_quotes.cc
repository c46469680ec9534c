// Quoted values of CSV: escapes, quotes without one, blanks behind the closing quote.
#include "base/error.h"
#include "formats/csv_tokenizer.h"

namespace firn::formats {
namespace {

bool is_white(char c) { return static_cast<unsigned char>(c) <= ' '; }

}  // namespace

// A value that has more to it than text between two quotes, a character at a time. `last_` is the
// character before the current one, '\0' where that has been dealt with.
class CsvTokenizer::QuotedValue {
 public:
  QuotedValue(CsvTokenizer& of, const char* at, const char* end, std::vector<CsvField>& fields)
      : of_(of), dialect_(of.dialect_), at_(at), end_(end), fields_(fields) {}

  // Where the value ends.
  const char* read(CsvField& field) {
    const char* const stop = scan();
    if (skipped_) {
      field.is_null = true;
      return stop;
    }
    field.text =
        text_.empty() ? std::string_view(dialect_.empty_value) : of_.keep(std::move(text_));
    return stop;
  }

 private:
  bool next() {
    if (at_ >= end_) return false;
    here_ = at_;
    const size_t width = dialect_.normalises_lines ? of_.newline(at_, end_) : 0;
    ends_line_ = width > 0;
    current_ = width > 0 ? '\n' : *at_;
    at_ += width > 0 ? width : 1;
    return true;
  }
  bool stops() const { return of_.separator(here_, end_) || ends_line_; }

  const char* scan() {
    current_ = dialect_.quote;
    if (!next()) return at_end();
    for (;;) {
      if (last_ == dialect_.quote && (is_white(current_) || stops())) {
        const Step step = behind_closing_quote();
        if (step == Step::kDone) return here_;
        if (step == Step::kEnd) return end_;
        if (!next()) return at_end();
        continue;
      }
      if (current_ != dialect_.quote && current_ != dialect_.escape) {
        if (last_ == dialect_.quote) {
          if (!unescaped_quote()) return here_;
          if (!next()) return at_end();
          continue;
        }
        if (last_ == dialect_.escape && dialect_.escape != '\0') text_ += dialect_.escape;
        while (!is_special(current_)) {
          text_ += current_;
          if (!next()) return at_end();
        }
        last_ = current_;
      } else {
        escape_or_quote();
        last_ = current_;
      }
      if (!next()) return at_end();
      if (stops_at_separator_ && stops()) return here_;
    }
  }

  bool is_special(char c) const {
    return c == dialect_.quote || c == dialect_.escape || c == dialect_.escape_escape;
  }

  void escape_or_quote() {
    if (current_ == dialect_.escape && last_ == dialect_.escape_escape && last_ != '\0') {
      text_ += dialect_.escape;
      current_ = '\0';
    } else if (last_ == dialect_.escape) {
      if (current_ == dialect_.quote) {
        text_ += dialect_.quote;
        current_ = '\0';
      } else {
        text_ += last_;
      }
    } else if (last_ == dialect_.quote) {
      text_ += current_ == dialect_.quote ? std::string(1, dialect_.quote)
                                          : std::string{dialect_.quote, current_};
    }
  }

  // The current character stands behind a quote that ends nothing. False where the value ends here.
  bool unescaped_quote() {
    switch (dialect_.handling) {
      case UnescapedQuote::kStopAtClosingQuote:
        text_ += dialect_.quote;
        text_ += current_;
        last_ = current_;
        stops_at_separator_ = true;
        return true;
      case UnescapedQuote::kBackToDelimiter:
        split_at_separators();
        text_ += current_;
        last_ = '\0';
        stops_at_separator_ = true;
        return true;
      case UnescapedQuote::kStopAtDelimiter:
        text_ += dialect_.quote;
        text_ += current_;
        take_to_separator();
        return false;
      case UnescapedQuote::kSkipValue:
        skip_to_separator();
        return false;
      default:
        throw_invalid(std::string("Unescaped quote character '") + dialect_.quote +
                      "' inside quoted value of CSV field; the option unescapedQuoteHandling says "
                      "what to do with it");
    }
  }

  enum class Step : uint8_t { kDone, kEnd, kGoOn };

  // The current character is a blank or stops the value.
  Step behind_closing_quote() {
    if (stops()) return Step::kDone;
    std::string blanks;
    do {
      blanks += current_;
      if (!next()) return Step::kEnd;
      if (ends_line_) return Step::kDone;
    } while (is_white(current_) && !of_.separator(here_, end_));
    if (of_.separator(here_, end_)) return Step::kDone;
    if (dialect_.handling == UnescapedQuote::kRaiseError)
      throw_invalid(std::string("Unexpected character '") + current_ +
                    "' following quoted value of CSV field");
    if (dialect_.handling == UnescapedQuote::kSkipValue) {
      skip_to_separator();
      return Step::kDone;
    }
    text_ += dialect_.quote;
    text_ += blanks;
    const bool closing = dialect_.handling == UnescapedQuote::kStopAtClosingQuote;
    if (!closing || (current_ != dialect_.quote && current_ != dialect_.escape)) text_ += current_;
    if (!closing) {
      take_to_separator();
      return Step::kDone;
    }
    last_ = current_;
    return Step::kGoOn;
  }

  // The value is as it stands, from its opening quote to the next separator.
  void take_to_separator() {
    text_.insert(text_.begin(), dialect_.quote);
    while (next()) {
      if (stops()) return trim();
      text_ += current_;
    }
    here_ = end_;
    trim();
  }
  void trim() {
    while (dialect_.trim_right && !text_.empty() && is_white(text_.back())) text_.pop_back();
  }
  void skip_to_separator() {
    skipped_ = true;
    while (next()) {
      if (stops()) return;
    }
    here_ = end_;
  }
  void split_at_separators() {
    for (size_t at = 0; (at = text_.find(dialect_.separator)) != std::string::npos;) {
      fields_.push_back({of_.keep(text_.substr(0, at)), false});
      text_.erase(0, at + dialect_.separator.size());
    }
  }

  const char* at_end() {
    if (current_ == dialect_.quote && last_ != dialect_.quote && !stops_at_separator_)
      text_ += dialect_.quote;
    return end_;
  }

  CsvTokenizer& of_;
  const CsvDialect& dialect_;
  const char* at_;
  const char* end_;
  const char* here_ = nullptr;  // where current_ stands
  char current_ = '\0', last_ = '\0';
  bool ends_line_ = false;  // a line ends there
  std::vector<CsvField>& fields_;
  std::string text_;
  bool stops_at_separator_ = false;  // a quote without escape was met
  bool skipped_ = false;
};

const char* CsvTokenizer::quoted(const char* at, const char* end, CsvField& field,
                                 std::vector<CsvField>& fields) {
  const char quote = dialect_.quote, escape = dialect_.escape, twice = dialect_.escape_escape;
  const bool plain_end = twice == '\0' || twice == escape;
  // Most values have no escapes and no quotes but the two.
  for (const char* p = at; p < end; ++p) {
    const char c = *p;
    if (c == quote) {
      const bool last = p + 1 == end && plain_end;
      const bool closes = p[-1] != escape && (last || (p + 1 < end && delimited(p + 1, end)));
      if (!closes) break;
      field.text = {at, static_cast<size_t>(p - at)};
      if (field.text.empty()) field.text = dialect_.empty_value;
      return p + 1;
    }
    if (c == escape && p + 1 < end && (p[1] == quote || p[1] == twice)) break;
    if (dialect_.normalises_lines && c != '\n' && newline(p, end) > 0) break;
  }
  return QuotedValue(*this, at, end, fields).read(field);
}

}  // namespace firn::formats

// CSV records → fields, as the univocity parser that Spark uses splits them.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "formats/options.h"

namespace firn::formats {

// What becomes of a quote inside a quoted value that no escape precedes.
enum class UnescapedQuote : uint8_t {
  kStopAtDelimiter,     // the value is what stands up to the next separator, quotes and all
  kStopAtClosingQuote,  // a character of the value
  kBackToDelimiter,     // left out; separators before it separate
  kSkipValue,           // the value is NULL
  kRaiseError,
};

struct CsvDialect {
  std::string separator = ",";
  char quote = '"', escape = '\\';  // '\0': none
  char escape_escape = '\0';        // before an escape; '\0': the escape itself
  char comment = '\0';
  bool trim_left = false, trim_right = false;
  std::string line_separator;    // "": \n
  bool line_feed_ends = true;    // a line feed ends a record beside it
  bool normalises_lines = true;  // a line separator within quotes becomes \n
  std::string null_value, empty_value;
  UnescapedQuote handling = UnescapedQuote::kStopAtDelimiter;
  size_t most_columns = 20480;
  int64_t longest = -1;  // of a value; -1: any
};
CsvDialect csv_dialect(const Options& options);

struct CsvField {
  std::string_view text;
  bool is_null = false;  // empty, or the null value
};

class CsvTokenizer {
 public:
  explicit CsvTokenizer(CsvDialect dialect) : dialect_(std::move(dialect)) {}
  // The record at `at`, which moves behind its line's end. Fields are valid until the next call, as
  // long as the text is. False at the end of the text; empty lines and comments are no records.
  bool next(const char*& at, const char* end, std::vector<CsvField>& fields);
  const CsvDialect& dialect() const { return dialect_; }
  void set_line_separator(std::string separator) { dialect_.line_separator = std::move(separator); }

 private:
  size_t newline(const char* at, const char* end) const;  // its width, 0 where there is none
  bool separator(const char* at, const char* end) const {
    return static_cast<size_t>(end - at) >= dialect_.separator.size() &&
           std::string_view(at, dialect_.separator.size()) == dialect_.separator;
  }
  bool delimited(const char* at, const char* end) const {
    return at >= end || separator(at, end) || newline(at, end) > 0;
  }
  // `at` stands behind the opening quote; where the value ends. `fields`: those before it.
  const char* quoted(const char* at, const char* end, CsvField& field,
                     std::vector<CsvField>& fields);
  const char* unquoted(const char* at, const char* end, CsvField& field);
  class QuotedValue;
  void check_size(const std::vector<CsvField>& fields) const;
  std::string_view keep(std::string text);

  CsvDialect dialect_;
  std::deque<std::string> unescaped_;  // of the current record
};

}  // namespace firn::formats

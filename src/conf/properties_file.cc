// The parser of properties files.
#include "conf/properties_file.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include "base/error.h"

namespace firn::conf {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\f'; }

// A backslash that is not itself escaped stands at the end.
bool continues(std::string_view line) {
  size_t backslashes = 0;
  while (backslashes < line.size() && line[line.size() - 1 - backslashes] == '\\') ++backslashes;
  return backslashes % 2 == 1;
}

void append_utf8(std::string& out, uint32_t point) {
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | point >> 6);
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | point >> 12);
    out += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | point >> 18);
    out += static_cast<char>(0x80 | (point >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  }
}

class Parser {
 public:
  Parser(std::string_view text, std::string_view name) : rest_(text), name_(name) {}

  std::vector<Property> parse() {
    std::vector<Property> properties;
    while (std::optional<std::string> line = next_logical_line()) {
      properties.push_back(split(*line));
    }
    return properties;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw_invalid(std::string(name_) + ", line " + std::to_string(line_number_) + ": " + what);
  }

  // Without blanks at its start; nullopt at the end.
  std::optional<std::string_view> next_natural_line() {
    if (rest_.empty()) return std::nullopt;
    const size_t end = std::min(rest_.find_first_of("\r\n"), rest_.size());
    std::string_view line = rest_.substr(0, end);
    const size_t skipped = rest_.substr(end).starts_with("\r\n") ? 2 : 1;
    rest_.remove_prefix(std::min(end + skipped, rest_.size()));
    ++line_number_;
    while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
    return line;
  }

  // Comments and empty lines left out, continuation lines joined.
  std::optional<std::string> next_logical_line() {
    while (const std::optional<std::string_view> first = next_natural_line()) {
      if (first->empty() || first->front() == '#' || first->front() == '!') continue;
      std::string line(*first);
      while (continues(line)) {
        line.pop_back();
        const std::optional<std::string_view> more = next_natural_line();
        if (!more) break;
        line += *more;
      }
      return line;
    }
    return std::nullopt;
  }

  Property split(std::string_view line) const {
    size_t end = 0;
    while (end < line.size() && line[end] != '=' && line[end] != ':' && !is_blank(line[end])) {
      end += line[end] == '\\' ? 2 : 1;
    }
    end = std::min(end, line.size());
    std::string_view value = line.substr(end);
    const auto skip_blanks = [&] {
      while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
    };
    skip_blanks();
    if (!value.empty() && (value.front() == '=' || value.front() == ':')) {
      value.remove_prefix(1);
      skip_blanks();
    }
    std::string text = unescape(value);
    while (!text.empty() && (is_blank(text.back()) || text.back() == '\r' || text.back() == '\n')) {
      text.pop_back();
    }
    return {unescape(line.substr(0, end)), std::move(text)};
  }

  std::string unescape(std::string_view text) const {
    std::string plain;
    for (size_t at = 0; at < text.size(); ++at) {
      if (text[at] != '\\' || at + 1 == text.size()) {
        plain += text[at];
        continue;
      }
      const char c = text[++at];
      constexpr std::string_view kLetters = "tnrf";
      constexpr std::string_view kMeanings = "\t\n\r\f";
      if (c == 'u') {
        append_utf8(plain, code_point(text, at));
      } else if (const size_t letter = kLetters.find(c); letter != std::string_view::npos) {
        plain += kMeanings[letter];
      } else {
        plain += c;
      }
    }
    return plain;
  }

  // Four hexadecimal digits after text[at] ('u'); `at` moves to the last of them.
  uint32_t unit(std::string_view text, size_t& at) const {
    const std::string_view digits = text.substr(at + 1, 4);
    uint32_t number = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
    if (error != std::errc() || digits.size() != 4 || end != digits.data() + 4) {
      fail("\\u wants four hexadecimal digits");
    }
    at += 4;
    return number;
  }

  uint32_t code_point(std::string_view text, size_t& at) const {
    const uint32_t high = unit(text, at);
    if (high < 0xD800 || high > 0xDFFF) return high;
    if (high > 0xDBFF || text.substr(at + 1, 2) != "\\u") fail("half of a surrogate pair");
    at += 2;
    const uint32_t low = unit(text, at);
    if (low < 0xDC00 || low > 0xDFFF) fail("half of a surrogate pair");
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
  }

  std::string_view rest_;
  std::string_view name_;
  int line_number_ = 0;
};

}  // namespace

std::vector<Property> parse_properties(std::string_view text, std::string_view name) {
  return Parser(text, name).parse();
}

std::vector<Property> read_properties_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int number = errno;
    throw Error(
        number == ENOENT ? "FIRN_NOT_FOUND" : "FIRN_IO",
        {{"what", "Cannot open the properties file " + path + ": " + std::strerror(number)}});
  }
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) throw_io("Cannot read the properties file " + path);
  return parse_properties(text, path);
}

}  // namespace firn::conf

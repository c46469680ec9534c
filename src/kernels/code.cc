// Texts and bytes in other writings: hexadecimal, base 64, other bases, URLs, character sets,
// sounds, printf.
#include <unicode/locid.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cstdio>

#include "base/error.h"
#include "kernels/decimal_format.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"
#include "kernels/number_text.h"
#include "kernels/utf8.h"
#include "kernels/value_text.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using Text = std::string_view;
using types::DataTypeId;

constexpr char kHexDigits[] = "0123456789ABCDEF";

// ---- Hexadecimal and binary
void hex(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  if (info.arguments[0].id() == DataTypeId::kLong) {
    map_rows<int64_t>(in, rows, out, [](int64_t x) {
      std::string text;
      auto bits = static_cast<uint64_t>(x);
      do text += kHexDigits[bits & 15];
      while ((bits >>= 4) != 0);
      return std::string(text.rbegin(), text.rend());
    });
    return;
  }
  map_rows<Text>(in, rows, out, [](Text bytes) {
    std::string text;
    for (const char c : bytes)
      text += {kHexDigits[static_cast<unsigned char>(c) >> 4], kHexDigits[c & 15]};
    return text;
  });
}
int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}
std::optional<std::string> unhex_text(Text text) {
  std::string bytes;
  size_t i = 0;
  if (text.size() % 2 != 0) {  // an odd number of digits: the first stands alone
    const int digit = hex_digit(text[i++]);
    if (digit < 0) return std::nullopt;
    bytes += static_cast<char>(digit);
  }
  for (; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}
void unhex(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, unhex_text);
}
void bin(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int64_t>(in, rows, out, [](int64_t x) {
    std::string text;
    auto bits = static_cast<uint64_t>(x);
    do text += static_cast<char>('0' + (bits & 1));
    while ((bits >>= 1) != 0);
    return std::string(text.rbegin(), text.rend());
  });
}

// ---- Base 64
constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
void base64(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [](Text bytes) {
    std::string text;
    for (size_t i = 0; i < bytes.size(); i += 3) {
      const auto byte = [&](size_t at) {
        return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0u;
      };
      const uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
      for (int digit = 0; digit < 4; ++digit) {
        text += i + static_cast<size_t>(digit) > bytes.size()
                    ? '='
                    : kBase64[group >> (18 - 6 * digit) & 63];
      }
    }
    return text;
  });
}
// Characters outside the alphabet are read over, as Java's MIME decoder does; nullopt where the
// text ends inside a byte.
std::optional<std::string> unbase64_text(Text text) {
  std::string bytes;
  uint32_t group = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    const char* const digit = std::find(kBase64, kBase64 + 64, c);
    if (digit == kBase64 + 64) continue;
    group = group << 6 | static_cast<uint32_t>(digit - kBase64);
    if (++count % 4 == 0)
      bytes +=
          {static_cast<char>(group >> 16), static_cast<char>(group >> 8), static_cast<char>(group)};
  }
  switch (count % 4) {
    case 1:
      return std::nullopt;
    case 2:
      bytes += static_cast<char>(group >> 4);
      break;
    case 3:
      bytes += {static_cast<char>(group >> 10), static_cast<char>(group >> 2)};
      break;
    default:
      break;
  }
  return bytes;
}
void unbase64(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [](Text text) {
    const auto bytes = unbase64_text(text);
    if (!bytes)
      throw Error("CONVERSION_INVALID_INPUT", {{"str", "'" + std::string(text) + "'"},
                                               {"fmt", "'BASE64'"},
                                               {"targetType", "\"BINARY\""},
                                               {"suggestion", "`try_to_binary`"}});
    return *bytes;
  });
}
void to_binary(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) {
      out.set_null(row);
      continue;
    }
    const Text text = in[0].values<StringRef>()[row].view();
    std::string format(in.size() > 1 ? in[1].values<StringRef>()[row].view() : Text("hex"));
    for (char& c : format) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    std::optional<std::string> bytes;
    if (format == "hex")
      bytes = unhex_text(text);
    else if (format == "base64")
      bytes = unbase64_text(text);
    else if (format == "utf-8" || format == "utf8")
      bytes = std::string(text);
    else
      throw_invalid("to_binary knows the formats hex, utf-8 and base64, not '" + format + "'.");
    if (!bytes && info.mode == Mode::kTry) {
      out.set_null(row);
      continue;
    }
    if (!bytes)
      throw Error("CONVERSION_INVALID_INPUT", {{"str", "'" + std::string(text) + "'"},
                                               {"fmt", "'" + format + "'"},
                                               {"targetType", "\"BINARY\""},
                                               {"suggestion", "`try_to_binary`"}});
    out.set_string(row, *bytes);
  }
}

// ---- conv: digits of one base in another; 64 bits unsigned, signed where the target base is
// negative.
void conv(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text, int32_t, int32_t>(
      in, rows, out, [&](Text text, int32_t from, int32_t to) -> std::optional<std::string> {
        const int64_t base = std::abs(int64_t{to});
        if (from < 2 || from > 36 || base < 2 || base > 36) return std::nullopt;
        text = trim_blanks(text);
        if (text.empty()) return std::nullopt;
        const bool negative = text[0] == '-';
        if (negative) text.remove_prefix(1);
        uint64_t value = 0;
        bool overflow = false;
        for (const char c : text) {
          const int digit = c >= '0' && c <= '9'   ? c - '0'
                            : c >= 'a' && c <= 'z' ? c - 'a' + 10
                            : c >= 'A' && c <= 'Z' ? c - 'A' + 10
                                                   : 99;
          if (digit >= from) break;
          overflow |= __builtin_mul_overflow(value, static_cast<uint64_t>(from), &value);
          overflow |= __builtin_add_overflow(value, static_cast<uint64_t>(digit), &value);
        }
        if (overflow) {
          if (info.mode == Mode::kAnsi)
            throw Error("ARITHMETIC_OVERFLOW", {{"message", "Overflow in function conv()"},
                                                {"alternative", ""},
                                                {"config", "\"spark.sql.ansi.enabled\""}});
          value = UINT64_MAX;
        }
        bool minus = false;
        if (negative && !overflow) {
          if (to > 0)
            value = static_cast<int64_t>(value) < 0 ? UINT64_MAX : uint64_t{0} - value;
          else
            minus = value != 0;
        } else if (to < 0 && static_cast<int64_t>(value) < 0) {
          value = uint64_t{0} - value;
          minus = true;
        }
        std::string digits;
        do digits += "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[value % static_cast<uint64_t>(base)];
        while ((value /= static_cast<uint64_t>(base)) != 0);
        if (minus) digits += '-';
        return std::string(digits.rbegin(), digits.rend());
      });
}

// ---- Characters and character sets
void ascii(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [](Text s) {
    size_t at = 0;
    return s.empty() ? 0 : static_cast<int32_t>(next_code_point(s, at));
  });
}
void chr(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<int64_t>(in, rows, out, [](int64_t n) {
    std::string text;
    if (n >= 0) append_code_point(text, static_cast<uint32_t>(n & 0xFF));
    return text;
  });
}

enum class Charset { kUtf8, kAscii, kLatin1, kUtf16, kUtf16Be, kUtf16Le };
Charset charset_of(Text name, const char* function) {
  std::string upper(name);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  constexpr std::pair<const char*, Charset> kSets[] = {
      {"UTF-8", Charset::kUtf8},        {"US-ASCII", Charset::kAscii},
      {"ISO-8859-1", Charset::kLatin1}, {"UTF-16", Charset::kUtf16},
      {"UTF-16BE", Charset::kUtf16Be},  {"UTF-16LE", Charset::kUtf16Le}};
  for (const auto& [known, set] : kSets) {
    if (upper == known) return set;
  }
  throw Error("INVALID_PARAMETER_VALUE.CHARSET",
              {{"functionName", "`" + std::string(function) + "`"},
               {"parameter", "`charset`"},
               {"charset", std::string(name)},
               {"charsets", "utf-8, us-ascii, iso-8859-1, utf-16, utf-16be, utf-16le"}});
}
void encode(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text, Text>(in, rows, out, [](Text s, Text name) {
    const Charset set = charset_of(name, "encode");
    if (set == Charset::kUtf8) return std::string(s);
    std::string bytes;
    if (set == Charset::kAscii || set == Charset::kLatin1) {
      for (size_t at = 0; at < s.size();) {
        const uint32_t c = next_code_point(s, at);
        bytes += c < (set == Charset::kAscii ? 0x80u : 0x100u) ? static_cast<char>(c) : '?';
      }
      return bytes;
    }
    if (set == Charset::kUtf16) bytes += {'\xFE', '\xFF'};
    const icu::UnicodeString text =
        icu::UnicodeString::fromUTF8(icu::StringPiece(s.data(), static_cast<int32_t>(s.size())));
    for (int32_t i = 0; i < text.length(); ++i) {
      const char high = static_cast<char>(text[i] >> 8), low = static_cast<char>(text[i]);
      if (set == Charset::kUtf16Le)
        bytes += {low, high};
      else
        bytes += {high, low};
    }
    return bytes;
  });
}
void decode(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text, Text>(in, rows, out, [](Text bytes, Text name) {
    Charset set = charset_of(name, "decode");
    std::string text;
    if (set == Charset::kUtf8) {
      icu::UnicodeString::fromUTF8(
          icu::StringPiece(bytes.data(), static_cast<int32_t>(bytes.size())))
          .toUTF8String(text);
      return text;
    }
    if (set == Charset::kAscii || set == Charset::kLatin1) {
      for (const char c : bytes)
        append_code_point(text, set == Charset::kAscii && static_cast<unsigned char>(c) >= 0x80
                                    ? 0xFFFD
                                    : static_cast<unsigned char>(c));
      return text;
    }
    size_t i = 0;
    if (set == Charset::kUtf16) {
      if (bytes.starts_with("\xFF\xFE")) set = Charset::kUtf16Le;
      if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) i = 2;
    }
    icu::UnicodeString wide;
    for (; i + 1 < bytes.size(); i += 2) {
      const auto first = static_cast<unsigned char>(bytes[i]),
                 second = static_cast<unsigned char>(bytes[i + 1]);
      wide += static_cast<char16_t>(set == Charset::kUtf16Le ? second << 8 | first
                                                             : first << 8 | second);
    }
    wide.toUTF8String(text);
    return text;
  });
}

// ---- URLs
void url_encode(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [](Text s) {
    std::string text;
    for (const char c : s) {
      if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '*' ||
          c == '_')
        text += c;
      else if (c == ' ')
        text += '+';
      else
        text += {'%', kHexDigits[static_cast<unsigned char>(c) >> 4], kHexDigits[c & 15]};
    }
    return text;
  });
}
void url_decode(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [&](Text s) -> std::optional<std::string> {
    std::string text;
    for (size_t i = 0; i < s.size(); ++i) {
      if (s[i] != '%') {
        text += s[i] == '+' ? ' ' : s[i];
        continue;
      }
      const int high = i + 2 < s.size() ? hex_digit(s[i + 1]) : -1,
                low = high < 0 ? -1 : hex_digit(s[i + 2]);
      if (low < 0 && info.mode == Mode::kTry) return std::nullopt;
      if (low < 0) throw Error("CANNOT_DECODE_URL", {{"url", std::string(s)}});
      text += static_cast<char>(high << 4 | low);
      i += 2;
    }
    return text;
  });
}

// ---- Sounds and distances
int32_t edits(Text a, Text b) {
  std::vector<uint32_t> x, y;
  for (size_t at = 0; at < a.size();) x.push_back(next_code_point(a, at));
  for (size_t at = 0; at < b.size();) y.push_back(next_code_point(b, at));
  std::vector<int32_t> costs(y.size() + 1);
  for (size_t j = 0; j <= y.size(); ++j) costs[j] = static_cast<int32_t>(j);
  for (size_t i = 0; i < x.size(); ++i) {
    int32_t diagonal = costs[0];
    costs[0] = static_cast<int32_t>(i) + 1;
    for (size_t j = 0; j < y.size(); ++j) {
      const int32_t replaced = diagonal + (x[i] == y[j] ? 0 : 1);
      diagonal = costs[j + 1];
      costs[j + 1] = std::min({replaced, costs[j] + 1, diagonal + 1});
    }
  }
  return costs[y.size()];
}
void levenshtein(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  if (in.size() == 2)
    map_rows<Text, Text>(in, rows, out, edits);
  else
    map_rows<Text, Text, int32_t>(in, rows, out, [](Text a, Text b, int32_t bound) {
      const int32_t count = edits(a, b);
      return count <= bound ? count : -1;
    });
}
// As UTF8String.soundex: 7 marks H and W, which do not part equal codes; vowels (0) do.
std::string soundex_text(Text s) {
  static constexpr char kCodes[] = "01230127022455012623017202";
  if (s.empty() || std::isalpha(static_cast<unsigned char>(s[0])) == 0 ||
      static_cast<unsigned char>(s[0]) >= 0x80)
    return std::string(s);
  std::string text(1, static_cast<char>(std::toupper(static_cast<unsigned char>(s[0]))));
  char last = kCodes[text[0] - 'A'];
  for (size_t i = 1; i < s.size() && text.size() < 4; ++i) {
    const char c = static_cast<char>(std::toupper(static_cast<unsigned char>(s[i])));
    if (c < 'A' || c > 'Z') {
      last = '0';
      continue;
    }
    const char code = kCodes[c - 'A'];
    if (code == '7') continue;
    if (code != '0' && code != last) text += code;
    last = code;
  }
  while (text.size() < 4) text += '0';
  return text;
}
void soundex(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, soundex_text);
}
void luhn_check(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [](Text s) {
    int sum = 0;
    bool twice = false;
    for (size_t i = s.size(); i-- > 0; twice = !twice) {
      if (s[i] < '0' || s[i] > '9') return false;
      const int digit = (s[i] - '0') * (twice ? 2 : 1);
      sum += digit > 9 ? digit - 9 : digit;
    }
    return !s.empty() && sum % 10 == 0;
  });
}
void quote(const CallInfo&, Scratch&, Columns in, uint64_t rows, Output& out) {
  map_rows<Text>(in, rows, out, [](Text s) {
    std::string text = "'";
    for (const char c : s) {
      if (c == '\'' || c == '\\') text += '\\';
      text += c;
    }
    return text + "'";
  });
}

// ---- Formats
// "12,345.68" of plain digits, HALF_EVEN as Java's DecimalFormat.
std::string with_thousands(std::string digits) {
  const bool negative = digits[0] == '-';
  if (negative) digits.erase(0, 1);
  const size_t point = std::min(digits.find('.'), digits.size());
  for (size_t at = point; at > 3; at -= 3) digits.insert(at - 3, ",");
  return negative ? "-" + digits : digits;
}
std::string half_even(const ColumnView& column, uint64_t row, const types::DataType& type,
                      int places) {
  std::string text;
  append_text(text, column, row, type, {nullptr, true});
  bool overflow = false;
  const int scale = type.id() == DataTypeId::kDecimal ? type.scale() : type.is_integral() ? 0 : 20;
  const auto exact = parse_decimal(text, 38, scale, overflow);
  if (!exact) return text;  // NaN, Infinity, beyond 38 digits
  if (places >= scale) return decimal_text(Wide(*exact) * power_of_ten(places - scale), places);
  const Wide unit = power_of_ten(scale - places), quotient = Wide(*exact) / unit,
             rest = Wide(*exact) % unit;
  const Wide twice = (rest.negative() ? -rest : rest) * Wide(2);
  const bool away = unit < twice || (unit == twice && !(quotient % Wide(2)).is_zero());
  const Wide step = Wide(*exact).negative() ? Wide(-1) : Wide(1);
  const std::string rounded = decimal_text(away ? quotient + step : quotient, places);
  // What is less than zero keeps its sign, as in Java.
  const bool lost = text.front() == '-' && rounded.find_first_of("123456789") == std::string::npos;
  return lost ? "-" + rounded : rounded;
}
void format_by_pattern(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows,
                       Output& out) {
  using Held = std::shared_ptr<DecimalFormat>;
  if (!scratch.has_value()) scratch = Held();
  auto& format = *std::any_cast<Held>(&scratch);
  std::string number;
  for (uint64_t row = 0; row < rows; ++row) {
    if (!all_valid(in, row)) {
      out.set_null(row);
      continue;
    }
    const Text pattern = in[1].values<StringRef>()[row].view();
    if (format == nullptr || format->pattern() != pattern)
      format = std::make_shared<DecimalFormat>(pattern);
    number.clear();
    append_text(number, in[0], row, info.arguments[0], {nullptr, true});
    out.set_string(row, format->format(number));
  }
}
void format_number(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  if (info.arguments[1].id() == DataTypeId::kString)
    return format_by_pattern(info, scratch, in, rows, out);
  for (uint64_t row = 0; row < rows; ++row) {
    const bool known = all_valid(in, row) && in[1].values<int32_t>()[row] >= 0;
    if (known)
      out.set_string(row, with_thousands(half_even(in[0], row, info.arguments[0],
                                                   in[1].values<int32_t>()[row])));
    else
      out.set_null(row);
  }
}

// One conversion of printf: %[flags][width][.precision]letter
std::string format_one(const std::string& spec, char letter, const ColumnView& column, uint64_t row,
                       const types::DataType& type) {
  char buffer[512];
  const auto print = [&](const std::string& format, auto value) {
    const int size = std::snprintf(buffer, sizeof(buffer), format.c_str(), value);
    return std::string(buffer, static_cast<size_t>(std::clamp(size, 0, 511)));
  };
  const std::string head = "%" + spec;
  const bool valid = column.is_valid(row);
  if (valid && type.is_integral() && std::string_view("dxXo").find(letter) != Text::npos) {
    const bool grouped = spec.find(',') != std::string::npos;
    const int64_t value = Reader<AnyInt>(column)[row].value;
    if (grouped) return with_thousands(std::to_string(value));
    if (letter != 'd' && type.id() != DataTypeId::kLong)
      return print(head + letter, static_cast<uint32_t>(value));
    return print(head + "ll" + letter, static_cast<long long>(value));
  }
  if (valid && std::string_view("feEgG").find(letter) != Text::npos) {
    if (type.id() == DataTypeId::kDouble) return print(head + letter, column.values<double>()[row]);
    if (type.id() == DataTypeId::kFloat)
      return print(head + letter, static_cast<double>(column.values<float>()[row]));
    if (type.id() == DataTypeId::kDecimal) {
      std::string text;
      append_text(text, column, row, type, {nullptr, true});
      return print(head + letter, *parse_double(text));
    }
  }
  if (std::string_view("sSb").find(letter) != Text::npos || (!valid && letter != 'c')) {
    std::string text = "null";
    if (valid) {
      text.clear();
      append_text(text, column, row, type, {nullptr, true});
    }
    return print(head + "s", text.c_str());
  }
  if (letter == 'c' && valid && type.is_integral()) {
    std::string text;
    append_code_point(text, static_cast<uint32_t>(Reader<AnyInt>(column)[row].value));
    return text;
  }
  throw_invalid("format_string: %" + spec + letter + " does not fit a value of type " +
                type.simple_string() + ".");
}
void format_string(const CallInfo& info, Scratch&, Columns in, uint64_t rows, Output& out) {
  for (uint64_t row = 0; row < rows; ++row) {
    if (!in[0].is_valid(row)) {
      out.set_null(row);
      continue;
    }
    const Text format = in[0].values<StringRef>()[row].view();
    std::string text;
    size_t argument = 1;
    for (size_t i = 0; i < format.size(); ++i) {
      if (format[i] != '%') {
        text += format[i];
        continue;
      }
      const size_t start = ++i;
      while (i < format.size() &&
             std::string_view("-+ 0,(#.123456789").find(format[i]) != Text::npos)
        ++i;
      if (i == format.size()) throw_invalid("format_string: the format ends inside a conversion.");
      const std::string spec(format.substr(start, i - start));
      if (format[i] == '%' || format[i] == 'n') {
        text += format[i] == 'n' ? '\n' : '%';
        continue;
      }
      if (argument >= in.size())
        throw_invalid("format_string: there are fewer arguments than conversions in '" +
                      std::string(format) + "'.");
      text += format_one(spec, format[i], in[argument], row, info.arguments[argument]);
      ++argument;
    }
    out.set_string(row, text);
  }
}

constexpr uint32_t kCodeStrict = kNullOnNull;
constexpr uint32_t kCodeThrowing = kNullOnNull | kFallible;
constexpr KernelRow kRowsOfCode[] = {
    {"hex", hex, kCodeStrict},
    {"unhex", unhex, kCodeStrict},
    {"bin", bin, kCodeStrict},
    {"base64", base64, kCodeStrict},
    {"unbase64", unbase64, kCodeThrowing},
    {"to_binary", to_binary, kCodeThrowing},
    {"conv", conv, kCodeThrowing},
    {"ascii", ascii, kCodeStrict},
    {"chr", chr, kCodeStrict},
    {"encode", encode, kCodeThrowing},
    {"decode", decode, kCodeThrowing},
    {"url_encode", url_encode, kCodeStrict},
    {"url_decode", url_decode, kCodeThrowing},
    {"levenshtein", levenshtein, kCodeStrict},
    {"soundex", soundex, kCodeStrict},
    {"luhn_check", luhn_check, kCodeStrict},
    {"quote", quote, kCodeStrict},
    {"format_number", format_number, kCodeThrowing},
    {"format_string", format_string, kFallible},
};

}  // namespace

std::span<const KernelRow> code_kernels() { return kRowsOfCode; }

}  // namespace firn::kernels

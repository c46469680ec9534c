// to_char and to_number: numbers in a pattern, and read back.
#include "kernels/number_pattern.h"

#include <algorithm>

#include "base/error.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"

namespace firn::kernels {
namespace {

using Columns = std::span<const ColumnView>;
using Part = NumberPattern::Part;
using Token = NumberPattern::Token;

[[noreturn]] void throw_format(const char* reason, std::string_view pattern,
                               std::string token = {}) {
  throw Error(std::string("INVALID_FORMAT.") + reason,
              {{"format", "'" + std::string(pattern) + "'"}, {"token", std::move(token)}});
}

struct Spelling {
  std::string_view text;
  Part part;
};
constexpr Spelling kSpellings[] = {
    {"MI", Part::kMinus}, {"PR", Part::kClose}, {"S", Part::kSign},      {".", Part::kPoint},
    {"D", Part::kPoint},  {"$", Part::kDollar}, {",", Part::kSeparator}, {"G", Part::kSeparator},
};

// The order that the parts may stand in.
constexpr std::string_view kOrder[] = {"open",  "sign",   "dollar", "digits",
                                       "point", "digits", "dollar", "end"};

std::string_view kind_of(Part part, bool at_end) {
  switch (part) {
    case Part::kDigits:
    case Part::kSeparator:
      return "digits";
    case Part::kPoint:
      return "point";
    case Part::kDollar:
      return "dollar";
    case Part::kOpen:
      return "open";
    case Part::kClose:
      return "end";
    default:
      return at_end ? "end" : "sign";
  }
}

void append_space(std::string& text) {
  text += ' ';
  for (size_t i = text.size() - 1;
       i >= 1 && (text[i - 1] == '+' || text[i - 1] == '-' || text[i - 1] == '<'); --i)
    std::swap(text[i], text[i - 1]);
}
void append_sign(std::string& text, char sign) {
  text += sign;
  for (size_t i = text.size() - 1; i >= 1 && text[i - 1] == ' '; --i)
    std::swap(text[i], text[i - 1]);
}
void strip_lone_point(std::string& text) {
  const size_t at = text.find('.');
  if (at != std::string::npos && (at + 1 == text.size() || text[at + 1] == ' ')) text[at] = ' ';
}

const NumberPattern& pattern_of(Scratch& scratch, std::string_view text) {
  using Known = std::pair<std::string, NumberPattern>;
  const auto* known = std::any_cast<Known>(&scratch);
  if (known == nullptr || known->first != text)
    scratch = Known(std::string(text), parse_number_pattern(text));
  return std::any_cast<Known>(&scratch)->second;
}

void format_decimal(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows,
                    Output& out) {
  map_rows<Decimal128, std::string_view>(
      in, rows, out, [&](Decimal128 value, std::string_view pattern) {
        return format_number(pattern_of(scratch, pattern), value.unscaled,
                             info.arguments[0].scale());
      });
}
void to_number(const CallInfo& info, Scratch& scratch, Columns in, uint64_t rows, Output& out) {
  map_rows<std::string_view, std::string_view>(
      in, rows, out,
      [&](std::string_view text, std::string_view pattern) -> std::optional<Decimal128> {
        const auto number = parse_number(pattern_of(scratch, pattern), text);
        if (number) return Decimal128{*number};
        if (info.mode == Mode::kTry) return std::nullopt;
        throw Error("INVALID_FORMAT.MISMATCH_INPUT", {{"inputType", "\"STRING\""},
                                                      {"input", std::string(text)},
                                                      {"format", std::string(pattern)}});
      });
}

constexpr KernelRow kRowsOfNumberPattern[] = {
    {"format_decimal", format_decimal, kNullOnNull | kFallible},
    {"to_number", to_number, kNullOnNull | kFallible},
};

}  // namespace

NumberPattern parse_number_pattern(std::string_view pattern) {
  if (pattern.empty()) throw_format("EMPTY", pattern);
  NumberPattern made;
  bool behind_point = false;
  std::string upper(pattern);
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  for (size_t at = 0; at < upper.size();) {
    if (upper[at] == '0' || upper[at] == '9') {
      Token token{Part::kDigits, 0, upper[at] == '0'};
      for (; at < upper.size() && (upper[at] == '0' || upper[at] == '9'); ++at) ++token.count;
      (behind_point ? made.after : made.before) += token.count;
      made.tokens.push_back(token);
      continue;
    }
    const auto found = std::find_if(
        std::begin(kSpellings), std::end(kSpellings),
        [&](const Spelling& row) { return upper.compare(at, row.text.size(), row.text) == 0; });
    if (found == std::end(kSpellings))
      throw_format("UNEXPECTED_TOKEN", pattern, "character '" + std::string(1, upper[at]) + "'");
    if (found->part == Part::kPoint) {
      if (behind_point) throw_format("WRONG_NUM_TOKEN", pattern, "'.' or 'D'");
      behind_point = true;
    }
    if (found->part == Part::kSeparator && behind_point)
      throw_format("THOUSANDS_SEPS_MUST_BEFORE_DEC", pattern);
    if (found->part == Part::kClose) made.tokens.insert(made.tokens.begin(), {Part::kOpen});
    made.tokens.push_back({found->part});
    at += found->text.size();
  }
  if (made.precision() == 0) throw_format("WRONG_NUM_DIGIT", pattern);
  for (size_t i = 0; i < made.tokens.size(); ++i) {
    if (made.tokens[i].part != Part::kSeparator) continue;
    const bool between = i > 0 && i + 1 < made.tokens.size() &&
                         made.tokens[i - 1].part == Part::kDigits &&
                         made.tokens[i + 1].part == Part::kDigits;
    if (!between) throw_format("CONT_THOUSANDS_SEPS", pattern);
  }
  const auto count = [&](Part part) {
    return std::count_if(made.tokens.begin(), made.tokens.end(),
                         [&](const Token& token) { return token.part == part; });
  };
  for (const auto& [part, name] :
       {std::pair{Part::kSign, "'S'"}, std::pair{Part::kMinus, "'MI'"},
        std::pair{Part::kDollar, "'$'"}, std::pair{Part::kClose, "'PR'"}})
    if (count(part) > 1) throw_format("WRONG_NUM_TOKEN", pattern, name);
  size_t step = 0;
  for (size_t i = 0; i < made.tokens.size(); ++i) {
    const bool digits_before =
        std::any_of(made.tokens.begin(), made.tokens.begin() + static_cast<long>(i),
                    [](const Token& token) { return token.part == Part::kDigits; });
    const std::string_view kind = kind_of(made.tokens[i].part, digits_before);
    if (kind == "digits" && step > 0 && kOrder[step - 1] == "digits") continue;
    while (step < std::size(kOrder) && kOrder[step] != kind) ++step;
    if (step == std::size(kOrder)) throw_format("UNEXPECTED_TOKEN", pattern, std::string(kind));
    ++step;
  }
  return made;
}

std::string format_number(const NumberPattern& pattern, Int128 unscaled, int scale) {
  const bool negative = unscaled < 0;
  std::string plain = decimal_text(Wide(unscaled), scale);
  if (negative) plain.erase(0, 1);
  const size_t point = std::min(plain.find('.'), plain.size());
  std::string before = plain.substr(0, point);
  std::string after = point < plain.size() ? plain.substr(point + 1) : "";
  before.erase(0, std::min(before.find_first_not_of('0'), before.size()));
  after.erase(after.find_last_not_of('0') + 1);
  const auto room_before = static_cast<size_t>(pattern.before),
             room_after = static_cast<size_t>(pattern.after);
  if (before.size() > room_before || after.size() > room_after)
    before.assign(room_before, '#'), after.assign(room_after, '#');
  before.insert(0, room_before - before.size(), ' ');
  after.append(room_after - after.size(), '0');
  std::string text;
  size_t at_before = 0, at_after = 0;
  bool behind_point = false;
  for (const Token& token : pattern.tokens) {
    switch (token.part) {
      case Part::kDigits:
        for (int i = 0; i < token.count; ++i) {
          if (behind_point) {
            text += after[at_after++];
          } else if (const char c = before[at_before++]; c != ' ') {
            text += c;
          } else if (token.exact) {
            text += '0';
          } else {
            append_space(text);
          }
        }
        break;
      case Part::kSeparator:
        if (!text.empty() && text.back() >= '0' && text.back() <= '9')
          text += ',';
        else
          append_space(text);
        break;
      case Part::kPoint:
        if (!text.empty() && text.back() == ' ') text.back() = '0';
        text += '.';
        behind_point = true;
        break;
      case Part::kDollar:
        text += '$';
        break;
      case Part::kSign:
        strip_lone_point(text);
        append_sign(text, negative ? '-' : '+');
        break;
      case Part::kMinus:
        if (negative) {
          strip_lone_point(text);
          append_sign(text, '-');
        } else {
          text += ' ';
        }
        break;
      case Part::kOpen:
        if (negative) text += '<';
        break;
      case Part::kClose:
        strip_lone_point(text);
        if (negative)
          append_sign(text, '>');
        else
          text += "  ";
        break;
    }
  }
  strip_lone_point(text);
  return text.empty() || text == "+" || text == "-" ? "0" : text;
}

std::optional<Int128> parse_number(const NumberPattern& pattern, std::string_view text) {
  size_t at = 0;
  std::string before, after;
  bool behind_point = false, opened = false, closed = false, negative = false;
  for (size_t t = 0; t < pattern.tokens.size(); ++t) {
    const Token& token = pattern.tokens[t];
    const char c = at < text.size() ? text[at] : '\0';
    switch (token.part) {
      case Part::kSeparator:
        break;
      case Part::kDigits: {
        const bool inside = t > 0 && pattern.tokens[t - 1].part == Part::kSeparator;
        if (inside) break;                 // taken with the first group
        std::vector<const Token*> groups;  // from the right
        for (size_t g = t;
             g < pattern.tokens.size() && (pattern.tokens[g].part == Part::kDigits ||
                                           pattern.tokens[g].part == Part::kSeparator);
             ++g)
          if (pattern.tokens[g].part == Part::kDigits)
            groups.insert(groups.begin(), &pattern.tokens[g]);
        std::vector<int> sizes{0};  // from the left
        for (; at < text.size(); ++at) {
          const char d = text[at];
          if (d >= '0' && d <= '9') {
            ++sizes.back();
            (behind_point ? after : before) += d;
          } else if (d == ',') {
            sizes.push_back(0);
          } else if (d != ' ' && d != '\t') {
            break;
          }
        }
        std::reverse(sizes.begin(), sizes.end());
        if (sizes.size() > groups.size()) return std::nullopt;
        for (size_t g = 0; g < groups.size(); ++g) {
          const int given = g < sizes.size() ? sizes[g] : 0;
          if (groups[g]->exact ? given != groups[g]->count : given > groups[g]->count)
            return std::nullopt;
        }
        break;
      }
      case Part::kPoint:
        if (c == '.') behind_point = true, ++at;
        break;
      case Part::kDollar:
        if (at < text.size() && c != '$') return std::nullopt;
        if (c == '$') ++at;
        break;
      case Part::kSign:
        if (c == '-') negative = !negative;
        if (c == '-' || c == '+') ++at;
        break;
      case Part::kMinus:
        if (c == '-') negative = !negative, ++at;
        break;
      case Part::kOpen:
        if (c == '<') opened = true, ++at;
        break;
      case Part::kClose:
        if (c != '>') break;
        if (!opened) return std::nullopt;
        closed = true, negative = !negative, ++at;
        break;
    }
  }
  if (at < text.size() || opened != closed || (before.empty() && after.empty()))
    return std::nullopt;
  after.append(static_cast<size_t>(pattern.after) - after.size(), '0');
  Int128 value = 0;
  for (const char d : before + after) value = value * 10 + (d - '0');
  return negative ? -value : value;
}

std::span<const KernelRow> number_pattern_kernels() { return kRowsOfNumberPattern; }

}  // namespace firn::kernels

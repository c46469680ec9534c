// Interval literals: INTERVAL '5' MINUTE, INTERVAL 5 MINUTES 3 SECONDS, INTERVAL '1 2:3:4' DAY TO
// SECOND, INTERVAL '1 day 2 hours'.
#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "sql/grammar.h"

namespace firn::sql {
namespace {

using types::DataType;

struct Unit {
  std::string_view name;  // upper case, singular
  bool year_month;
  int field;     // of the interval type
  int64_t size;  // months, or microseconds
};
constexpr Unit kUnits[] = {
    {"YEAR", true, 0, 12},
    {"MONTH", true, 1, 1},
    {"WEEK", false, 0, 7 * 86'400'000'000},
    {"DAY", false, 0, 86'400'000'000},
    {"HOUR", false, 1, 3'600'000'000},
    {"MINUTE", false, 2, 60'000'000},
    {"SECOND", false, 3, 1'000'000},
    {"MILLISECOND", false, 3, 1'000},
    {"MICROSECOND", false, 3, 1},
};

const Unit* find_unit(std::string_view word) {
  std::string name = upper_case(word);
  for (const Unit& unit : kUnits)
    if (name == unit.name ||
        (name.size() == unit.name.size() + 1 && name.back() == 'S' && name.starts_with(unit.name)))
      return &unit;
  return nullptr;
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  for (size_t i = 0; i < text.size();) {
    if (is_blank(text[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < text.size() && !is_blank(text[end])) ++end;
    words.emplace_back(text.substr(i, end - i));
    i = end;
  }
  return words;
}

// What is wrong with a literal: a condition and its parameters but for <input>. Spark's where its
// table has a plain one.
struct Fault {
  std::string_view condition;
  Params params;
};
using Checked = std::optional<Fault>;

Fault invalid(std::string why) { return {"FIRN_INVALID_INPUT", {{"what", std::move(why)}}}; }
Fault no_number(std::string_view number) {
  return {"INVALID_INTERVAL_FORMAT.UNRECOGNIZED_NUMBER",
          {{"number", "'" + std::string(number) + "'"}}};
}
Fault too_large() { return {"INVALID_INTERVAL_FORMAT.ARITHMETIC_EXCEPTION", {}}; }

// A sum of parts, of one family of units.
class IntervalSum {
 public:
  Checked add(std::string_view number, const Unit& unit, bool negative) {
    if (first_ <= last_ && year_month_ != unit.year_month)
      return invalid("year-month and day-time fields cannot be mixed");
    year_month_ = unit.year_month;
    first_ = std::min(first_, unit.field);
    last_ = std::max(last_, unit.field);
    while (!number.empty() && is_blank(number.front())) number.remove_prefix(1);
    while (!number.empty() && is_blank(number.back())) number.remove_suffix(1);
    if (!number.empty() && (number.front() == '-' || number.front() == '+')) {
      negative ^= number.front() == '-';
      number.remove_prefix(1);
    }
    const size_t point = number.find('.');
    const std::string_view whole = number.substr(0, point);
    int64_t value = 0;
    const auto end = std::from_chars(whole.data(), whole.data() + whole.size(), value);
    const bool digits = end.ec == std::errc() && end.ptr == whole.data() + whole.size() &&
                        whole.find('-') == std::string_view::npos;
    if (!digits && !(whole.empty() && point != std::string_view::npos)) return no_number(number);
    if (__builtin_mul_overflow(value, unit.size, &value)) return too_large();
    if (point != std::string_view::npos) {
      if (unit.name != "SECOND")
        return Fault{"INVALID_INTERVAL_FORMAT.INVALID_FRACTION",
                     {{"unit", "'" + lower_case(unit.name) + "'"}}};
      int64_t scale = unit.size / 10;
      for (const char c : number.substr(point + 1)) {
        if (c < '0' || c > '9') return no_number(number);
        value += (c - '0') * scale;
        scale /= 10;
      }
    }
    if (negative ? __builtin_sub_overflow(total_, value, &total_)
                 : __builtin_add_overflow(total_, value, &total_))
      return too_large();
    if (year_month_ && (total_ > INT32_MAX || total_ < INT32_MIN)) return too_large();
    return std::nullopt;
  }

  plan::Literal literal() const {
    return {year_month_ ? DataType::year_month(first_, last_) : DataType::day_time(first_, last_),
            total_};
  }

 private:
  bool year_month_ = false;
  int first_ = 4, last_ = -1;
  int64_t total_ = 0;
};

[[noreturn]] void fail_interval(Fault fault, std::string_view input, QueryContext context) {
  if (fault.condition == "FIRN_INVALID_INPUT")
    fault.params["what"] =
        "The interval literal " + context.fragment + " is invalid: " + fault.params["what"] + ".";
  fault.params["input"] = input;
  throw Error(fault.condition, std::move(fault.params), {std::move(context)});
}

// Largest value of a field that does not lead its range.
int64_t largest_inner(const Unit& unit) {
  return unit.name == "MONTH" ? 11 : unit.name == "HOUR" ? 23 : 59;
}

// '1-2' YEAR TO MONTH and '1 2:3:4.5' DAY TO SECOND: the fields between `from` and `to`, in order.
Checked add_range(IntervalSum& sum, std::string_view text, const Unit& from, const Unit& to,
                  bool negative) {
  const Fault misfit = invalid("the text does not have the fields of its range");
  if (from.year_month != to.year_month || from.field >= to.field)
    return Fault{"INVALID_INTERVAL_FORMAT.UNSUPPORTED_FROM_TO_EXPRESSION",
                 {{"from", lower_case(from.name)}, {"to", lower_case(to.name)}}};
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    negative ^= text.front() == '-';
    text.remove_prefix(1);
  }
  for (const Unit& unit : kUnits) {
    const bool inside =
        unit.year_month == from.year_month && unit.field >= from.field && unit.field <= to.field;
    if (!inside || unit.name == "WEEK" || unit.name == "MILLISECOND" || unit.name == "MICROSECOND")
      continue;
    const char gap = unit.field == to.field ? '\0'
                     : unit.year_month      ? '-'
                     : unit.field == 0      ? ' '
                                            : ':';
    const size_t end = gap == '\0' ? std::string_view::npos : text.find(gap);
    if (gap != '\0' && end == std::string_view::npos) return misfit;
    const std::string_view part = text.substr(0, end);
    const bool plain =
        !part.empty() && part.find_first_not_of("0123456789.") == std::string_view::npos;
    if (!plain) return misfit;
    int64_t whole = 0;
    std::from_chars(part.data(), part.data() + part.size(), whole);
    if (unit.field != from.field && whole > largest_inner(unit)) return misfit;
    if (Checked fault = sum.add(part, unit, negative)) return fault;
    if (end != std::string_view::npos) text.remove_prefix(end + 1);
  }
  return std::nullopt;
}

// INTERVAL '1 day -2 hours': all inside the quotes.
Checked add_text(IntervalSum& sum, std::string_view text, bool negative) {
  std::vector<std::string> words = split_words(text);
  if (!words.empty() && upper_case(words[0]) == "INTERVAL") words.erase(words.begin());
  const Fault misfit{"INVALID_TYPED_LITERAL",
                     {{"valueType", "\"INTERVAL\""}, {"value", "'" + std::string(text) + "'"}}};
  if (words.empty() || words.size() % 2 != 0) return misfit;
  for (size_t i = 0; i < words.size(); i += 2) {
    const Unit* unit = find_unit(words[i + 1]);
    if (unit == nullptr) return misfit;
    if (Checked fault = sum.add(words[i], *unit, negative)) return fault;
  }
  return std::nullopt;
}

}  // namespace

// INTERVAL may also be a column's name: it is a literal where a number or a string follows.
bool Grammar::at_interval() const {
  if (!at("INTERVAL")) return false;
  const size_t ahead = at_any({"-", "+"}, 1) ? 2 : 1;
  if (at_string(ahead)) return ahead == 1 || peek(ahead + 1).kind == TokenKind::kWord;
  const TokenKind kind = peek(ahead).kind;
  return (kind == TokenKind::kInteger || kind == TokenKind::kDecimal) &&
         find_unit(peek(ahead + 1).text) != nullptr;
}

plan::Literal Grammar::interval() {
  const size_t first = at_;
  expect("INTERVAL");
  IntervalSum sum;
  size_t parts = 0;
  std::string text;
  const auto check = [&](Checked fault) {
    if (fault) fail_interval(std::move(*fault), text, *origin_from(first));
  };
  for (;;) {
    const size_t sign = at_any({"-", "+"}) ? 1 : 0;
    const bool value = at_string(sign) || peek(sign).kind == TokenKind::kInteger ||
                       peek(sign).kind == TokenKind::kDecimal;
    const bool has_unit =
        find_unit(peek(sign + 1).text) != nullptr && peek(sign + 1).kind == TokenKind::kWord;
    if (!value || (!has_unit && parts > 0)) break;
    const bool negative = at("-");
    if (sign == 1) take();
    const bool quoted = at_string();
    text = quoted ? unescape_string(take().text) : std::string(take().text);
    ++parts;
    if (!has_unit) {
      if (!quoted) fail();
      check(add_text(sum, text, negative));
      break;
    }
    const Unit& from = *find_unit(take().text);
    if (at("TO") && find_unit(peek(1).text) != nullptr) {
      take();
      const Unit& to = *find_unit(take().text);
      if (!quoted || parts > 1) check(invalid("a range stands alone, with its value in quotes"));
      check(add_range(sum, text, from, to, negative));
      break;
    }
    check(sum.add(text, from, negative));
  }
  if (parts == 0) fail();
  return sum.literal();
}

}  // namespace firn::sql

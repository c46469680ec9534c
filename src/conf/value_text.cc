// Parsing of configuration values.
#include "conf/value_text.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <span>
#include <string>

#include "base/ascii.h"

namespace firn::conf {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.remove_suffix(1);
  }
  return text;
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  std::string_view digits = trim(text);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  Number number{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

struct Unit {
  std::string_view suffix;
  int64_t factor;
};
constexpr int64_t kKilo = 1024;
constexpr Unit kByteUnits[] = {
    {"", 1},
    {"b", 1},
    {"k", kKilo},
    {"kb", kKilo},
    {"m", kKilo* kKilo},
    {"mb", kKilo* kKilo},
    {"g", kKilo* kKilo* kKilo},
    {"gb", kKilo* kKilo* kKilo},
    {"t", kKilo* kKilo* kKilo* kKilo},
    {"tb", kKilo* kKilo* kKilo* kKilo},
    {"p", kKilo* kKilo* kKilo* kKilo* kKilo},
    {"pb", kKilo* kKilo* kKilo* kKilo* kKilo},
};
constexpr Unit kTimeUnits[] = {
    {"ms", 1},           {"millis", 1},        {"millisecond", 1},   {"milliseconds", 1},
    {"s", 1000},         {"sec", 1000},        {"second", 1000},     {"seconds", 1000},
    {"m", 60'000},       {"min", 60'000},      {"minute", 60'000},   {"minutes", 60'000},
    {"h", 3'600'000},    {"hour", 3'600'000},  {"hours", 3'600'000}, {"d", 86'400'000},
    {"day", 86'400'000}, {"days", 86'400'000},
};

std::optional<int64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
  const std::string_view trimmed = trim(text);
  const size_t digits = std::min(trimmed.find_first_not_of("+-0123456789"), trimmed.size());
  const std::optional<int64_t> number = parse_long(trimmed.substr(0, digits));
  if (!number) return std::nullopt;
  const std::string suffix = lower_case(trim(trimmed.substr(digits)));
  for (const Unit& unit : units) {
    int64_t product = 0;
    if (unit.suffix != suffix) continue;
    if (__builtin_mul_overflow(*number, unit.factor, &product)) return std::nullopt;
    return product;
  }
  return std::nullopt;
}

}  // namespace

std::optional<bool> parse_boolean(std::string_view text) {
  const std::string word = lower_case(trim(text));
  if (word == "true") return true;
  if (word == "false") return false;
  return std::nullopt;
}

std::optional<int32_t> parse_int(std::string_view text) { return parse_number<int32_t>(text); }
std::optional<int64_t> parse_long(std::string_view text) { return parse_number<int64_t>(text); }
std::optional<double> parse_double(std::string_view text) { return parse_number<double>(text); }

std::optional<int64_t> parse_bytes(std::string_view text) {
  return parse_with_unit(text, kByteUnits);
}

std::optional<double> parse_percent(std::string_view text) {
  const std::string_view trimmed = trim(text);
  if (!trimmed.ends_with('%')) return std::nullopt;
  const std::optional<double> number = parse_double(trimmed.substr(0, trimmed.size() - 1));
  if (!number || !(*number >= 0 && *number <= 100)) return std::nullopt;
  return number;
}

std::optional<int64_t> parse_millis(std::string_view text, int64_t unit_ms) {
  if (const std::optional<int64_t> bare = parse_long(text)) {
    int64_t product = 0;
    if (__builtin_mul_overflow(*bare, unit_ms, &product)) return std::nullopt;
    return product;
  }
  return parse_with_unit(text, kTimeUnits);
}

}  // namespace firn::conf

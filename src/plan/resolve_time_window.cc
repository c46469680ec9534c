// window(time, length[, slide[, start]]): a struct of start and end; for sliding windows each row
// stands in several.
#include <algorithm>

#include "plan/fold.h"
#include "plan/resolver.h"

namespace firn::plan {
namespace {

using enum DataTypeId;

struct Unit {
  std::string_view name;  // without plural s
  int64_t micros;
};
constexpr Unit kUnits[] = {
    {"microsecond", 1},
    {"millisecond", 1000},
    {"second", 1000000},
    {"minute", int64_t{60} * 1000000},
    {"hour", int64_t{3600} * 1000000},
    {"day", int64_t{86400} * 1000000},
    {"week", int64_t{7} * 86400 * 1000000},
};

// "[interval] 1 hour 30 minutes" in microseconds.
std::optional<int64_t> parse_duration(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c == ' ' || c == '\t') {
      if (!words.back().empty()) words.emplace_back();
    } else {
      words.back() += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
  }
  if (words.back().empty()) words.pop_back();
  if (!words.empty() && words[0] == "interval") words.erase(words.begin());
  if (words.empty() || words.size() % 2 != 0) return std::nullopt;
  int64_t total = 0;
  for (size_t i = 0; i < words.size(); i += 2) {
    const std::string& number = words[i];
    const bool digits = number.size() <= 12 && number.size() > (number[0] == '-' ? 1 : 0) &&
                        std::all_of(number.begin() + (number[0] == '-' ? 1 : 0), number.end(),
                                    [](char c) { return c >= '0' && c <= '9'; });
    std::string_view unit = words[i + 1];
    if (unit.size() > 1 && unit.back() == 's') unit.remove_suffix(1);
    const auto found = std::find_if(std::begin(kUnits), std::end(kUnits),
                                    [&](const Unit& row) { return row.name == unit; });
    int64_t part = 0;
    if (!digits || found == std::end(kUnits)) return std::nullopt;
    if (__builtin_mul_overflow(std::stoll(number), found->micros, &part) ||
        __builtin_add_overflow(total, part, &total))
      return std::nullopt;
  }
  return total;
}

ExprPtr window_struct(const ExprPtr& start, int64_t length, const CallSettings& settings,
                      const std::optional<QueryContext>& origin) {
  const ExprPtr end = call("plus_micros", {start, long_literal(length)}, start->type, settings);
  const DataType type = DataType::structure(
      {{"start", start->type, start->nullable, ""}, {"end", start->type, start->nullable, ""}});
  return call("named_struct", {string_literal("start"), start, string_literal("end"), end}, type,
              settings, origin);
}

}  // namespace

std::optional<int64_t> constant_duration(const ExprPtr& expr) {
  const ExprPtr value = fold(expr);
  const Literal* constant = as_literal(*value);
  if (constant == nullptr) return std::nullopt;
  if (constant->type.id() == kDayTimeInterval) {
    const auto* micros = std::get_if<int64_t>(&constant->value);
    return micros != nullptr ? std::optional(*micros) : std::nullopt;
  }
  const auto* text = std::get_if<std::string>(&constant->value);
  return text != nullptr ? parse_duration(*text) : std::nullopt;
}

ExprPtr Resolver::time_window(CallSite& at) {
  const std::optional<QueryContext>& origin = at.unresolved->origin;
  const auto duration = [&](size_t index, int64_t otherwise) {
    if (index >= at.arguments.size()) return otherwise;
    const ExprPtr value = fold(at.arguments[index]);
    const Literal* constant = as_literal(*value);
    if (constant != nullptr && constant->type.id() == kDayTimeInterval)
      if (const auto* micros = std::get_if<int64_t>(&constant->value)) return *micros;
    const auto* text = constant != nullptr ? std::get_if<std::string>(&constant->value) : nullptr;
    const auto micros = text != nullptr ? parse_duration(*text) : std::nullopt;
    if (!micros)
      throw_at(origin, "FIRN_INVALID_INPUT",
               {{"what",
                 "The length, slide or start of window() must be a constant such as '10 minutes'" +
                     (text != nullptr ? ", not '" + *text + "'" : std::string()) +
                     "; months and years are not allowed."}});
    return *micros;
  };
  const int64_t length = duration(1, 0), slide = duration(2, length), offset = duration(3, 0);
  if (length <= 0 || slide <= 0 || slide > length || std::abs(offset) >= slide)
    throw_at(origin, "FIRN_INVALID_INPUT",
             {{"what",
               "The length and slide of window() must be positive, the slide at most the length, "
               "and the start less than the slide."}});
  ExprPtr time = at.arguments[0];
  if (time->type.id() == kStruct) {  // a window of windows: their last moment counts
    const auto end = find_field(time->type, "end", false, origin);
    if (!end) throw_input_type(at, 0, "\"TIMESTAMP\"");
    time = call("plus_micros", {field(time, *end), long_literal(-1)}, field(time, *end)->type,
                settings());
  }
  if (time->type.id() != kTimestamp && time->type.id() != kTimestampNtz) {
    const auto target = implicit_type(time->type, kTimestamp, options_.ansi);
    if (!target) throw_input_type(at, 0, "\"TIMESTAMP\"");
    time = coerce(time, kTimestamp);
  }
  const ExprPtr tumbling = call("window_start", {time, long_literal(slide), long_literal(offset)},
                                time->type, settings(), origin);
  Block* block = at.site.block;
  if (block == nullptr) {
    if (slide != length) throw_unsupported("a sliding window() outside of SELECT and GROUP BY.");
    return window_struct(tumbling, length, settings(), origin);
  }
  if (slide == length) {
    const ExprPtr value = window_struct(tumbling, length, settings(), origin);
    for (const Block::Computed& known : block->windows)
      if (equal(*known.expr, *value)) return column(known.attribute, origin);
    if (time->nullable) block->input = filter(call("isnotnull", {time}, kBoolean), block->input);
    block->windows.push_back({value, {ids_.next(), "window", value->type, value->nullable, {}}});
  } else {
    const ExprPtr wanted = window_struct(tumbling, length, settings(), origin);
    for (const Block::Computed& known : block->windows)
      if (known.sliding && equal(*known.sliding, *wanted)) return column(known.attribute, origin);
    // Each row beside the numbers 0, 1, …: the windows that start at or before it, the last one
    // first.
    const int64_t count = (length + slide - 1) / slide;
    auto numbers = std::const_pointer_cast<Relation>(finish(Range{0, count, 1}));
    const Attribute number{ids_.next(), "window_number", kLong, false, {}};
    numbers->output = {number};
    if (time->nullable) block->input = filter(call("isnotnull", {time}, kBoolean), block->input);
    block->input = finish(Join{JoinKind::kCross, block->input, numbers, nullptr, {}, false});
    const ExprPtr back = call("*", {column(number), long_literal(-slide)}, kLong, {false, {}, 0});
    const ExprPtr start = call("plus_micros", {tumbling, back}, time->type, settings(), origin);
    if (length % slide != 0)
      block->input =
          filter(call("<", {time, call("plus_micros", {start, long_literal(length)}, time->type)},
                      kBoolean),
                 block->input);
    const ExprPtr value = window_struct(start, length, settings(), origin);
    block->windows.push_back(
        {value, {ids_.next(), "window", value->type, value->nullable, {}}, wanted});
  }
  const Attribute made = block->windows.back().attribute;
  block->from.hidden.push_back(made);
  return column(made, origin);
}

}  // namespace firn::plan

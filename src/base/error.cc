// Errors: look-up of conditions and the filling of message slots.
#include "base/error.h"

#include <cctype>
#include <unordered_map>
#include <utility>

#include "base/conditions.h"

namespace firn {
namespace {

// Spark's messages link to its documentation; they leave the root to the printer.
constexpr std::string_view kDocRoot = "https://spark.apache.org/docs/latest";

bool is_slot_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

// The slot that opens at text[at] ('<'), without brackets; empty where that '<' opens none.
std::string_view slot_at(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && is_slot_character(text[end])) ++end;
  if (end == at + 1 || end == text.size() || text[end] != '>') return {};
  return text.substr(at + 1, end - at - 1);
}

std::string fill_slots(const Condition& condition, const Params& params) {
  const std::string_view text = condition.message;
  std::string filled;
  filled.reserve(text.size() + 64);
  for (size_t at = 0; at < text.size();) {
    const std::string_view slot = text[at] == '<' ? slot_at(text, at) : std::string_view();
    if (slot.empty()) {
      filled += text[at++];
      continue;
    }
    if (const auto found = params.find(std::string(slot)); found != params.end()) {
      filled += found->second;
    } else if (slot == "docroot") {
      filled += kDocRoot;
    } else {
      throw Error("FIRN_INTERNAL",
                  {{"what", "the error condition " + std::string(condition.name) +
                                " was raised without its parameter " + std::string(slot)}});
    }
    at += slot.size() + 2;
  }
  return filled;
}

using ConditionIndex = std::unordered_map<std::string_view, const Condition*>;

ConditionIndex index_conditions() {
  ConditionIndex index;
  for (const Condition& row : firn_conditions()) index.emplace(row.name, &row);
  for (const Condition& row : spark_conditions()) index.emplace(row.name, &row);
  return index;
}

const Condition* condition_or_bug(std::string_view name, Params& params) {
  if (const Condition* found = find_condition(name)) return found;
  params = {{"what", "there is no error condition named " + std::string(name)}};
  return find_condition("FIRN_INTERNAL");
}

}  // namespace

const Condition* find_condition(std::string_view name) {
  static const ConditionIndex index = index_conditions();
  const auto found = index.find(name);
  return found == index.end() ? nullptr : found->second;
}

Error::Error(std::string_view condition, Params params, std::vector<QueryContext> contexts)
    : params_(std::move(params)), contexts_(std::move(contexts)) {
  condition_ = condition_or_bug(condition, params_);
  what_ = "[" + std::string(condition_->name) + "] " + message();
  if (!condition_->sqlstate.empty()) what_ += " SQLSTATE: " + std::string(condition_->sqlstate);
}

std::string Error::message() const { return fill_slots(*condition_, params_); }

Error Error::with_context(QueryContext context) const {
  Error copy = *this;
  copy.contexts_.push_back(std::move(context));
  return copy;
}

void throw_corrupt(std::string what) {
  throw Error("FIRN_CORRUPT_FILE", {{"what", std::move(what)}});
}
void throw_unsupported(std::string what) {
  throw Error("UNSUPPORTED_FEATURE.FIRN", {{"what", std::move(what)}});
}
void throw_io(std::string what) { throw Error("FIRN_IO", {{"what", std::move(what)}}); }
void throw_invalid(std::string what) {
  throw Error("FIRN_INVALID_INPUT", {{"what", std::move(what)}});
}

void check_failed(const char* expression, const char* why, const char* file, int line) {
  throw Error("FIRN_INTERNAL", {{"what", std::string(why) + " (" + expression + " at " + file +
                                             ":" + std::to_string(line) + ")"}});
}

}  // namespace firn

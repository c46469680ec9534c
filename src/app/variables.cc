// Substitution statement by statement, so that SET has its effect on what follows.
#include "app/variables.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <variant>

#include "base/error.h"
#include "sql/parser.h"
#include "sql/token.h"

namespace firn::app {
namespace {

constexpr int kMaxDepth = 40;  // of values that hold references themselves

constexpr std::string_view kConfPrefixes[] = {"spark", "sparkconf", "hiveconf", "hivevar"};

std::optional<std::string> value_of(std::string_view reference, const conf::Conf& conf) {
  const size_t colon = reference.find(':');
  if (colon == std::string_view::npos) return conf.get(reference);
  const std::string_view prefix = reference.substr(0, colon);
  const std::string key(reference.substr(colon + 1));
  if (std::find(std::begin(kConfPrefixes), std::end(kConfPrefixes), prefix) !=
      std::end(kConfPrefixes))
    return conf.get(key);
  if (prefix == "env") {
    if (const char* value = std::getenv(key.c_str())) return value;
  }
  return std::nullopt;
}

bool is_reference(std::string_view text) {
  return !text.empty() && std::none_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isspace(c) != 0 || c == '$' || c == '{';
  });
}

std::string substitute(std::string_view text, const conf::Conf& conf,
                       std::vector<std::string>& unknown, int depth) {
  if (depth > kMaxDepth)
    throw_invalid("variables refer to each other in a circle: " + std::string(text));
  std::string out;
  size_t at = 0;
  for (size_t open = text.find("${"); open != std::string_view::npos; open = text.find("${", at)) {
    const size_t close = text.find('}', open);
    if (close == std::string_view::npos) break;
    const std::string_view reference = text.substr(open + 2, close - open - 2);
    if (!is_reference(reference)) {
      out += text.substr(at, open + 2 - at);
      at = open + 2;
      continue;
    }
    out += text.substr(at, open - at);
    if (const auto value = value_of(reference, conf)) {
      out += substitute(*value, conf, unknown, depth + 1);
    } else {
      unknown.emplace_back(reference);
      out += text.substr(open, close + 1 - open);
    }
    at = close + 1;
  }
  return out + std::string(text.substr(at));
}

// Takes over what a SET statement says; anything else is left to those who run it.
void take_setting(const std::string& statement, conf::Conf& conf) {
  try {
    const plan::Statement parsed = sql::parse_statement(statement);
    const auto* set = std::get_if<plan::SetConf>(&parsed.node);
    if (set != nullptr && set->key && set->value) conf.set(*set->key, *set->value);
  } catch (const Error&) {
    // Reported with its place when the whole text is parsed or run.
  }
}

}  // namespace

Substituted substitute_variables(std::string_view text, const conf::Conf& conf) {
  Substituted result;
  if (!conf.get_bool("spark.sql.variable.substitute") ||
      text.find("${") == std::string_view::npos) {
    result.text = text;
    return result;
  }
  conf::Conf known = conf;
  std::vector<size_t> ends;
  for (const sql::Token& token : sql::tokenize(text)) {
    if (token.kind == sql::TokenKind::kSymbol && token.text == ";")
      ends.push_back(token.position.stop);
  }
  ends.push_back(text.size());
  size_t start = 0;
  for (const size_t end : ends) {
    const std::string piece = substitute(text.substr(start, end - start), known, result.unknown, 0);
    const std::vector<sql::Token> tokens = sql::tokenize(piece);
    if (tokens.front().is("SET")) take_setting(piece, known);
    result.text += piece;
    start = end;
  }
  std::sort(result.unknown.begin(), result.unknown.end());
  result.unknown.erase(std::unique(result.unknown.begin(), result.unknown.end()),
                       result.unknown.end());
  return result;
}

}  // namespace firn::app

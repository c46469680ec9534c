// What a terminal shows: the place of an error with a caret, and words that may complete what was
// typed.
#include <algorithm>
#include <cctype>

#include "base/ascii.h"
#include "base/nearest.h"
#include "functions/function.h"
#include "sql/keywords.h"
#include "sql/parser.h"
#include "sql/token.h"

namespace firn::sql {
namespace {

// The keyword that was probably meant by the word at `at`; "" where the word is a keyword or near
// to none.
std::string meant_keyword(std::string_view text, size_t at) {
  size_t stop = at;
  while (stop < text.size() && is_word(text[stop])) ++stop;
  const std::string_view word = text.substr(at, stop - at);
  if (word.size() < 3 || find_keyword(word) != nullptr) return {};
  // The words that begin clauses come before others that are as near.
  for (const uint8_t use : {uint8_t{kNoOperand}, uint8_t{0xFF}}) {
    std::vector<std::string> words;
    for (const Keyword& keyword : keywords())
      if ((keyword.use & use) != 0 || use == 0xFF) words.emplace_back(keyword.name);
    if (auto found = nearest(word, words)) return *found;
  }
  return {};
}

// Columns that the text before the caret takes: one a code point, tabs kept as they are.
std::string blank_like(std::string_view text) {
  std::string blank;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) continue;
    blank += c == '\t' ? '\t' : ' ';
  }
  return blank;
}

constexpr std::string_view kStatementWords[] = {"ALTER", "CREATE", "DESCRIBE", "DROP",   "EXPLAIN",
                                                "FROM",  "INSERT", "REFRESH",  "RESET",  "SELECT",
                                                "SET",   "SHOW",   "USE",      "VALUES", "WITH"};

}  // namespace

std::string show_position(std::string_view text, const TextPosition& position) {
  const size_t at = std::min(position.start, text.size());
  const size_t before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  const size_t start = before == std::string_view::npos ? 0 : before + 1;
  const std::string_view line =
      text.substr(start, std::min(text.find('\n', at), text.size()) - start);
  std::string shown = "error at line " + std::to_string(position.line) + ", column " +
                      std::to_string(position.column) + "\n";
  const std::string number = "  " + std::to_string(position.line) + " | ";
  shown.append(number).append(line).append("\n");
  shown.append(std::string(number.size() - 2, ' '))
      .append("| ")
      .append(blank_like(line.substr(0, at - start)))
      .append("^");
  if (const std::string keyword = meant_keyword(text, at); !keyword.empty())
    shown += " did you mean " + keyword + "?";
  return shown + "\n";
}

std::vector<std::string> complete(std::string_view text) {
  size_t start = text.size();
  while (start > 0 && is_word(text[start - 1])) --start;
  const std::string prefix = upper_case(text.substr(start));
  const bool lower_case =
      start < text.size() && std::islower(static_cast<unsigned char>(text[start])) != 0;
  size_t before = start;
  while (before > 0 && std::isspace(static_cast<unsigned char>(text[before - 1])) != 0) --before;
  const bool opens = before == 0 || text[before - 1] == ';';

  std::vector<std::string> found;
  const auto offer = [&](std::string_view word) {
    std::string name = upper_case(word);
    if (!name.starts_with(prefix)) return;
    if (lower_case)
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return std::tolower(c); });
    found.push_back(std::move(name));
  };
  if (opens) {
    for (const std::string_view word : kStatementWords) offer(word);
    return found;
  }
  if (prefix.empty()) return found;
  for (const Keyword& keyword : keywords()) offer(keyword.name);
  for (const functions::Function& function : functions::all_functions()) {
    const bool named = std::all_of(function.name.begin(), function.name.end(), is_word);
    if (named) offer(function.name);
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace firn::sql

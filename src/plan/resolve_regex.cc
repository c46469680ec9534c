// colRegex: the columns whose names match a regular expression of Java's.
#include <regex>

#include "plan/resolver.h"

namespace firn::plan {
namespace {

// Where the atom begins that ends before `end`: a group, a class, a character with its escape.
size_t atom_before(const std::string& pattern, size_t end) {
  size_t at = end - 1;
  const char close = pattern[at];
  if (close == ']') {
    while (at > 0 && pattern[at] != '[') --at;
  } else if (close == ')') {
    for (int open = 0;; --at) {
      if (pattern[at] == ')') ++open;
      if (pattern[at] == '(' && --open == 0) break;
      if (at == 0) break;
    }
  } else if (at > 0 && pattern[at - 1] == '\\') {
    --at;
  }
  return at;
}

// Possessive quantifiers (x?+, x*+, x++), which std::regex has not: a look-ahead takes the text
// once, a reference to it gives nothing back. Groups are counted anew, for they are not referred
// to.
std::string without_possessives(const std::string& java) {
  std::string out;
  for (const char c : java) {
    const char before = out.empty() ? '\0' : out.back();
    if (c != '+' || out.size() < 2 || (before != '+' && before != '*' && before != '?')) {
      out += c;
      continue;
    }
    const size_t atom = atom_before(out, out.size() - 1);
    size_t groups = 1;
    for (size_t i = 0; i < atom; ++i)
      groups += out[i] == '(' && (i == 0 || out[i - 1] != '\\') && out[i + 1] != '?';
    out =
        out.substr(0, atom) + "(?=(" + out.substr(atom) + "))\\" + std::to_string(groups) + "(?:)";
  }
  return out;
}

}  // namespace

std::vector<ExprPtr> Resolver::matching_columns(const UnresolvedRegex& node, const Scope& scope) {
  std::vector<ExprPtr> columns;
  try {
    const std::regex regex(without_possessives(node.pattern),
                           options_.case_sensitive ? std::regex::ECMAScript
                                                   : std::regex::ECMAScript | std::regex::icase);
    for (const Attribute& attribute : scope.columns)
      if (std::regex_match(attribute.name, regex)) columns.push_back(column(attribute));
  } catch (const std::regex_error&) {
    throw Error("FIRN_INVALID_INPUT",
                {{"what", "colRegex takes a regular expression in backticks; this is none: " +
                              node.pattern}});
  }
  return columns;
}

}  // namespace firn::plan

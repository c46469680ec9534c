// Look-up of names among attributes, as Spark's AttributeSeq does it, and its errors.
#include "plan/scope.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "types/data_type.h"

namespace firn::plan {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_qualified_by(const Attribute& attribute, const std::vector<std::string>& parts,
                     size_t count, bool case_sensitive) {
  if (attribute.qualifier.size() < count) return false;
  const size_t skip = attribute.qualifier.size() - count;
  for (size_t i = 0; i < count; ++i)
    if (!same_name(attribute.qualifier[skip + i], parts[i], case_sensitive)) return false;
  return true;
}

std::vector<std::string> full_name(const Attribute& attribute) {
  std::vector<std::string> parts = attribute.qualifier;
  parts.push_back(attribute.name);
  return parts;
}

// Matches among both lists where `count` parts qualify the name that follows them; one per
// attribute.
std::vector<Attribute> matches(const Scope& scope, const std::vector<std::string>& parts,
                               size_t count, bool case_sensitive) {
  std::vector<Attribute> found;
  for (const std::vector<Attribute>* list : {&scope.columns, &scope.hidden}) {
    for (const Attribute& attribute : *list) {
      if (!same_name(attribute.name, parts[count], case_sensitive)) continue;
      if (!is_qualified_by(attribute, parts, count, case_sensitive)) continue;
      const bool known = std::any_of(found.begin(), found.end(),
                                     [&](const Attribute& a) { return a.id == attribute.id; });
      if (!known) found.push_back(attribute);
    }
    if (!found.empty()) break;
  }
  return found;
}

std::string join(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

std::string printed_name(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts)
    text += (text.empty() ? "" : ".") + types::quote_if_needed(part);
  return text;
}

// Levenshtein's distance, by bytes.
size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row[b.size()];
}

}  // namespace

bool same_name(std::string_view a, std::string_view b, bool case_sensitive) {
  if (case_sensitive) return a == b;
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

std::string backquoted(std::string_view part) {
  std::string out = "`";
  for (const char c : part) out.append(c == '`' ? 2 : 1, c);
  return out + "`";
}
std::string backquoted(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ".") + backquoted(part);
  return out;
}
std::string quoted_type(const types::DataType& type) { return "\"" + type.sql() + "\""; }

std::string ordinal_name(size_t index) {
  constexpr const char* kNames[] = {"first", "second",  "third",  "fourth", "fifth",
                                    "sixth", "seventh", "eighth", "ninth",  "tenth"};
  return index < 10 ? kNames[index] : std::to_string(index + 1) + "th";
}

void throw_at(const std::optional<QueryContext>& origin, std::string_view condition,
              Params params) {
  std::vector<QueryContext> contexts;
  if (origin) contexts.push_back(*origin);
  throw Error(condition, std::move(params), std::move(contexts));
}

std::optional<NameMatch> find_name(const Scope& scope, const std::vector<std::string>& parts,
                                   bool case_sensitive, const std::optional<QueryContext>& origin) {
  if (parts.empty()) throw_invalid("A column without a name is asked for.");
  for (const Scope* level = &scope; level != nullptr; level = level->next) {
    for (size_t count = std::min<size_t>(parts.size() - 1, 4) + 1; count-- > 0;) {
      const std::vector<Attribute> found = matches(*level, parts, count, case_sensitive);
      if (found.empty()) continue;
      if (found.size() == 1) return NameMatch{found[0], count + 1};
      std::vector<std::string> names;
      for (const Attribute& attribute : found) names.push_back(backquoted(full_name(attribute)));
      throw_at(origin, "AMBIGUOUS_REFERENCE",
               {{"name", backquoted(parts)}, {"referenceNames", "[" + join(names) + "]"}});
    }
  }
  return std::nullopt;
}

std::optional<int> find_field(const types::DataType& structure, std::string_view name,
                              bool case_sensitive, const std::optional<QueryContext>& origin) {
  std::optional<int> found;
  int count = 0;
  for (size_t i = 0; i < structure.fields().size(); ++i) {
    if (!same_name(structure.fields()[i].name, name, case_sensitive)) continue;
    if (!found) found = static_cast<int>(i);
    ++count;
  }
  if (count > 1)
    throw_at(origin, "AMBIGUOUS_REFERENCE_TO_FIELDS",
             {{"field", backquoted(name)}, {"count", std::to_string(count)}});
  return found;
}

void throw_unresolved(const std::vector<std::string>& parts, const Scope& scope,
                      const std::optional<QueryContext>& origin) {
  std::vector<const Attribute*> known;  // by name, as Spark's set of attributes is read
  for (const Scope* level = &scope; level != nullptr; level = level->next)
    for (const Attribute& attribute : level->columns) known.push_back(&attribute);
  if (known.empty())
    throw_at(origin, "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", {{"objectName", backquoted(parts)}});
  std::stable_sort(known.begin(), known.end(),
                   [](const Attribute* a, const Attribute* b) { return a->name < b->name; });
  const bool one_source = std::all_of(known.begin(), known.end(), [&](const Attribute* a) {
    return a->qualifier == known[0]->qualifier;
  });
  const bool bare = parts.size() == 1 && one_source;
  std::vector<std::string> candidates;
  for (const Attribute* attribute : known) {
    std::string name = bare ? backquoted(attribute->name) : backquoted(full_name(*attribute));
    if (std::find(candidates.begin(), candidates.end(), name) == candidates.end())
      candidates.push_back(std::move(name));
  }
  // Spark compares quoted candidates with the name as it would be printed.
  const std::string wanted = printed_name(parts);
  std::stable_sort(candidates.begin(), candidates.end(),
                   [&](const std::string& a, const std::string& b) {
                     return edits_between(wanted, a) < edits_between(wanted, b);
                   });
  if (candidates.size() > 5) candidates.resize(5);
  throw_at(origin, "UNRESOLVED_COLUMN.WITH_SUGGESTION",
           {{"objectName", backquoted(parts)}, {"proposal", join(candidates)}});
}

}  // namespace firn::plan

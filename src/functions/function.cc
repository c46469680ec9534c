// The families' rows put together, and look-up by name.
#include "functions/function.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/nearest.h"
#include "functions/rows.h"

namespace firn::functions {
namespace {

std::vector<Function> collect() {
  std::vector<Function> rows;
  for (const auto family :
       {operator_functions, string_functions, regex_functions, hash_functions, math_functions,
        conditional_functions, datetime_functions, json_functions, collection_functions,
        aggregate_functions, window_functions, session_functions, format_functions,
        statistic_functions, sketch_functions})
    for (Function& row : family()) rows.push_back(std::move(row));
  return rows;
}

const std::vector<Function>& table() {
  static const std::vector<Function> rows = collect();
  return rows;
}

using Index = std::map<std::string, const Function*, std::less<>>;

Index index_names() {
  Index index;
  for (const Function& row : table()) {
    const bool fresh = index.emplace(row.name, &row).second;
    FIRN_CHECK(fresh, "two functions of one name");
    for (const std::string_view alias : row.aliases)
      FIRN_CHECK(index.emplace(alias, &row).second, "an alias that is taken");
  }
  return index;
}

bool is_word(std::string_view name) {
  return !name.empty() && ((name[0] >= 'a' && name[0] <= 'z') || name[0] == '_');
}

}  // namespace

const Function* find_function(std::string_view name) {
  static const Index index = index_names();
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  const auto found = index.find(lower);
  return found == index.end() ? nullptr : found->second;
}

std::span<const Function> all_functions() { return table(); }

std::vector<std::string> nearest_functions(std::string_view name) {
  std::vector<std::string> names;
  for (const Function& row : table()) {
    if (row.flags & kInternal) continue;
    if (is_word(row.name)) names.emplace_back(row.name);
    for (const std::string_view alias : row.aliases)
      if (is_word(alias)) names.emplace_back(alias);
  }
  return sort_by_distance(name, std::move(names), 3);
}

}  // namespace firn::functions

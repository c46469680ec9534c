// Edit distance and suggestions for misspelt names.
#include "base/nearest.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/error.h"

namespace firn {
namespace {

constexpr size_t kLongestName = 256;  // nobody misspells more; the distance takes the product

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

}  // namespace

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = above[j - 1] + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                           lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

std::vector<std::string> sort_by_distance(std::string_view name,
                                          std::vector<std::string> candidates, size_t count) {
  std::vector<std::pair<size_t, std::string>> ranked;
  for (std::string& candidate : candidates) {
    const size_t distance = edit_distance(name.substr(0, kLongestName),
                                          std::string_view(candidate).substr(0, kLongestName));
    ranked.emplace_back(distance, std::move(candidate));
  }
  std::ranges::stable_sort(ranked, {}, &std::pair<size_t, std::string>::first);
  candidates.clear();
  for (auto& [distance, candidate] : ranked) candidates.push_back(std::move(candidate));
  if (candidates.size() > count) candidates.resize(count);
  return candidates;
}

std::optional<std::string> nearest(std::string_view name,
                                   const std::vector<std::string>& candidates) {
  if (candidates.empty() || name.size() > kLongestName) return std::nullopt;
  const std::string best = sort_by_distance(name, candidates, 1).front();
  const size_t bound = std::max<size_t>(1, std::max(name.size(), best.size()) / 3);
  if (edit_distance(name, best) > bound) return std::nullopt;
  return best;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  const std::optional<std::string> best = nearest(name, candidates);
  return best ? " Did you mean `" + *best + "`?" : "";
}

void throw_unknown_option(std::string_view kind, std::string_view name,
                          const std::vector<std::string>& candidates) {
  throw Error("FIRN_UNKNOWN_OPTION", {{"kind", std::string(kind)},
                                      {"option", "`" + std::string(name) + "`"},
                                      {"suggestion", did_you_mean(name, candidates)}});
}

}  // namespace firn

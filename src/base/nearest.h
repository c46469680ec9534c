// "Did you mean …?": the nearest of the right names to a misspelt one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace firn {

// Insertions, deletions, replacements and swaps of neighbours, bytes, ASCII case ignored.
size_t edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `name`; nullopt where none is near enough to be what was meant.
std::optional<std::string> nearest(std::string_view name,
                                   const std::vector<std::string>& candidates);
// Nearest first, at most `count`, however far (for UNRESOLVED_COLUMN's proposals).
std::vector<std::string> sort_by_distance(std::string_view name,
                                          std::vector<std::string> candidates, size_t count);

// " Did you mean `x`?", or "" where nothing is near.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

// Throws FIRN_UNKNOWN_OPTION: "Unknown <kind> <name>. Did you mean …?". kind: "option of
// read_kafka".
[[noreturn]] void throw_unknown_option(std::string_view kind, std::string_view name,
                                       const std::vector<std::string>& candidates);

}  // namespace firn

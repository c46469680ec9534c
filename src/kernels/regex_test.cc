// Regular expressions of Java's through RE2 and ICU: the first match, byte by byte.
#include "kernels/regex.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace firn::kernels {
namespace {

TEST(Regex, FirstMatches) {
  struct Row {
    const char* pattern;
    std::string text;
    const char* match;  // nullptr: none
    std::vector<std::string> groups;
  };
  const Row rows[] = {
      {"o+", "foobar", "oo", {}},
      {"foo(?=bar)", "foobar", "foo", {}},
      {"foo(?=bar)", "foobaz", nullptr, {}},
      {"foo(?!bar)", "foobaz", "foo", {}},
      {"(?<=€)\\d+", "€12 13", "12", {}},
      {"^(a)\\1$", "aa", "aa", {"a"}},
      {"(ä+)\\1", "xääx", "ää", {"ä"}},
      {"a*+a", "aaa", nullptr, {}},
      {"(?>a+)b", "aab", "aab", {}},
      {"[a-z&&[^b]]+", "bacb", "ac", {}},
      {"[a-c[x-z]]+", "mazym", "azy", {}},
      {"[[:alpha:]]+", "12ab", "ab", {}},
      {"(?<year>\\d{4})-\\d\\d", "on 2024-05", "2024-05", {"2024"}},
      {"(?=x)\\w", "\xc3\xa4x", "x", {}},
      {"(a)|(b)(?=c)", "bc", "b", {"", "b"}},
  };
  for (const Row& row : rows) {
    const auto regex = compile_regex(row.pattern, "rlike");
    std::vector<std::string_view> found;
    const bool matched = regex->find(row.text, 0, &found);
    EXPECT_EQ(matched, row.match != nullptr) << row.pattern;
    EXPECT_EQ(regex->find(row.text, 0, nullptr), matched) << row.pattern;
    if (!matched || row.match == nullptr) continue;
    EXPECT_EQ(found[0], row.match) << row.pattern;
    ASSERT_EQ(found.size(), row.groups.size() + 1) << row.pattern;
    for (size_t i = 0; i < row.groups.size(); ++i)
      EXPECT_EQ(found[i + 1], row.groups[i]) << row.pattern;
  }
}

TEST(Regex, WhatIsNoPatternOrNeverEnds) {
  EXPECT_THROW(compile_regex("(a", "rlike"), Error);
  EXPECT_THROW(compile_regex("a(?<=b", "rlike"), Error);
  const auto regex = compile_regex("(?=(a+)+$)(a+)+\\1c", "rlike");
  EXPECT_THROW(regex->find(std::string(60, 'a') + "b" + std::string(60, 'a'), 0, nullptr), Error);
}

}  // namespace
}  // namespace firn::kernels

// The function table is well formed and found by every name.
#include "functions/function.h"

#include <gtest/gtest.h>

#include <set>

namespace firn::functions {
namespace {

TEST(Functions, FoundByNameAliasAndAnyCase) {
  for (const Function& row : all_functions()) {
    EXPECT_EQ(find_function(row.name), &row) << row.name;
    for (const std::string_view alias : row.aliases) EXPECT_EQ(find_function(alias), &row) << alias;
    EXPECT_FALSE(row.documentation.empty()) << row.name;
  }
  EXPECT_EQ(find_function("SubStr"), find_function("substring"));
  EXPECT_EQ(find_function("no_such_function"), nullptr);
}

TEST(Functions, OnlyTheLastRuleRepeatsAndOptionalOnesComeLate) {
  for (const Function& row : all_functions())
    for (size_t i = 0; i + 1 < row.arguments.size(); ++i) {
      EXPECT_FALSE(row.arguments[i].repeated) << row.name;
      if (row.name == "convert_timezone") continue;
      EXPECT_LE(row.arguments[i].optional, row.arguments[i + 1].optional) << row.name;
    }
}

TEST(Functions, NearestNames) {
  EXPECT_EQ(nearest_functions("subsrting").at(0), "substring");
  EXPECT_EQ(nearest_functions("cuont").at(0), "count");
}

}  // namespace
}  // namespace firn::functions

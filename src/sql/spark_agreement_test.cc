// Which texts parse: Spark's verdicts (test/oracle/parse_agreement.tsv) against ours.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "sql/parser.h"

namespace firn::sql {
namespace {

// "parses", "unsupported" or "refused".
std::string verdict(const std::string& text) {
  try {
    parse_statement(text);
    return "parses";
  } catch (const Error& error) {
    return error.condition().starts_with("UNSUPPORTED_FEATURE") ? "unsupported" : "refused";
  }
}

std::string expected(const std::string& spark, const std::string& difference) {
  if (difference == "unsupported") return difference;
  if (difference == "stricter") return "refused";
  if (difference == "later" || difference == "extension") return "parses";
  return spark == "parses" ? "parses" : "refused";
}

TEST(SparkAgreement, ParsesWhatSparkParses) {
  std::ifstream file("test/oracle/parse_agreement.tsv");
  ASSERT_TRUE(file) << "run from the repository's root";
  int rows = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) continue;
    const size_t first = line.find('\t'), second = line.find('\t', first + 1);
    ASSERT_NE(second, std::string::npos) << line;
    const std::string text = line.substr(second + 1);
    const std::string want =
        expected(line.substr(0, first), line.substr(first + 1, second - first - 1));
    EXPECT_EQ(verdict(text), want) << text;
    ++rows;
  }
  EXPECT_GE(rows, 300);
}

}  // namespace
}  // namespace firn::sql

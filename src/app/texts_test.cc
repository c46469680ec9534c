// Small texts: variables, failures, JSON, the prompt's end of statement.
#include <gtest/gtest.h>

#include <sstream>

#include "app/failure.h"
#include "app/json_text.h"
#include "app/statement_reader.h"
#include "app/statements.h"
#include "app/variables.h"
#include "sql/parser.h"

namespace firn::app {
namespace {

struct VariableRow {
  const char* name;
  const char* text;
  const char* want;
  const char* unknown;  // the first one
};

TEST(Variables, AreReplaced) {
  conf::Conf conf;
  conf.set("brokers", "localhost:9092");
  conf.set("a.b", "${brokers}!");
  setenv("FIRN_TEXT_TEST", "from-env", 1);
  constexpr VariableRow kRows[] = {
      {"none", "SELECT 1", "SELECT 1", ""},
      {"in a string", "SELECT '${brokers}'", "SELECT 'localhost:9092'", ""},
      {"with a prefix", "${spark:brokers} ${hiveconf:brokers}", "localhost:9092 localhost:9092",
       ""},
      {"values hold variables", "${a.b}", "localhost:9092!", ""},
      {"environment", "${env:FIRN_TEXT_TEST}", "from-env", ""},
      {"unknown stay", "SELECT '${nope}'", "SELECT '${nope}'", "nope"},
      {"no reference", "SELECT '${a b}${'", "SELECT '${a b}${'", ""},
      {"SET counts for what follows", "SET x = 7; SELECT ${x}", "SET x = 7; SELECT 7", ""},
      {"but not before it", "SELECT '${x}'; SET x = 7;", "SELECT '${x}'; SET x = 7;", "x"},
      {"semicolons in strings end nothing", "SET x=1; SELECT ';${x}'", "SET x=1; SELECT ';1'", ""},
  };
  for (const VariableRow& row : kRows) {
    const Substituted got = substitute_variables(row.text, conf);
    EXPECT_EQ(got.text, row.want) << row.name;
    EXPECT_EQ(got.unknown.empty() ? "" : got.unknown.front(), row.unknown) << row.name;
  }
  conf.set("spark.sql.variable.substitute", "false");
  EXPECT_EQ(substitute_variables("${brokers}", conf).text, "${brokers}");
}

TEST(Variables, CirclesAreRefused) {
  conf::Conf conf;
  conf.set("p", "${q}");
  conf.set("q", "${p}");
  EXPECT_THROW(substitute_variables("${p}", conf), Error);
}

TEST(Failure, ShowsThePlaceWithACaret) {
  const SourceText source{"report.sql", "SELECT 1;\nSELECT * FORM t"};
  try {
    sql::parse_script(source.text);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(failure_text(error, &source),
              "error: [PARSE_SYNTAX_ERROR] " + error.message() +
                  "\n  --> report.sql:2:10\n  2 | SELECT * FORM t\n    |          ^ did you mean "
                  "FROM?\n");
    const std::string json = failure_json(error, &source);
    for (const char* part : {R"("condition":"PARSE_SYNTAX_ERROR")", R"("file":"report.sql")",
                             R"("line":2,"column":10)", R"("level":"error")"})
      EXPECT_NE(json.find(part), std::string::npos) << json;
  }
}

TEST(Failure, WithoutAPlaceIsOneLine) {
  const Error error("FIRN_IO", {{"what", "disk full"}});
  EXPECT_EQ(failure_text(error), "error: [FIRN_IO] disk full\n");
}

struct JsonRow {
  const char* name;
  std::string_view text;
  const char* want;
};
TEST(Json, StringsAreEscaped) {
  const JsonRow rows[] = {
      {"plain", "a", "\"a\""},
      {"quotes", "a\"b\\c", "\"a\\\"b\\\\c\""},
      {"control", std::string_view("\n\t\x01\0", 4), "\"\\n\\t\\u0001\\u0000\""},
      {"UTF-8", "é日😀", "\"é日😀\""},
      {"not UTF-8", "a\xFF\xC3", "\"a\xEF\xBF\xBD\xEF\xBF\xBD\""},
  };
  for (const JsonRow& row : rows) {
    std::string got;
    append_json_string(got, row.text);
    EXPECT_EQ(got, row.want) << row.name;
  }
}

struct EndRow {
  const char* text;
  bool want;
};
TEST(StatementReader, KnowsWhereAStatementEnds) {
  constexpr EndRow kRows[] = {{"SELECT 1", false},         {"SELECT 1;", true},
                              {"SELECT 1; -- done", true}, {"SELECT ';", false},
                              {"SELECT ';'", false},       {"SELECT 1 /* ; */", false},
                              {"SELECT 1 /* ;", false},    {"SELECT 1; SELECT 2", false}};
  for (const EndRow& row : kRows) EXPECT_EQ(ends_statement(row.text), row.want) << row.text;
}

struct ReadRow {
  const char* name;
  const char* input;
  std::vector<std::pair<int, const char*>> want;  // first line, text
};
TEST(StatementReader, GivesLinesUpToAnEnd) {
  const ReadRow kRows[] = {
      {"nothing", "", {}},
      {"without an end", "SELECT 1", {{1, "SELECT 1\n"}}},
      {"a line each", "SELECT 1;\nSELECT 2;\n", {{1, "SELECT 1;\n"}, {2, "SELECT 2;\n"}}},
      {"several on a line",
       "SELECT 1; SELECT 2;\nSELECT\n3;",
       {{1, "SELECT 1; SELECT 2;\n"}, {2, "SELECT\n3;\n"}}},
      {"spaces after it", "SELECT 1; \r\nSELECT 2", {{1, "SELECT 1; \r\n"}, {2, "SELECT 2\n"}}},
      {"in quotes",
       "SELECT ';\n;', ';\n';\nSELECT 2;",
       {{1, "SELECT ';\n;', ';\n';\n"}, {4, "SELECT 2;\n"}}},
      {"in a comment", "/* a;\nb; */ SELECT 1;", {{1, "/* a;\nb; */ SELECT 1;\n"}}},
  };
  for (const ReadRow& row : kRows) {
    std::istringstream input(row.input);
    StatementReader reader(input);
    for (const auto& [line, text] : row.want) {
      const auto got = reader.next();
      ASSERT_TRUE(got) << row.name;
      EXPECT_EQ(got->text, text) << row.name;
      EXPECT_EQ(got->first_line, line) << row.name;
    }
    EXPECT_FALSE(reader.next()) << row.name;
  }
}

// A quote that is never closed, with what looks like an end on each of very many lines.
TEST(StatementReader, AnOpenQuoteOverManyLinesIsReadOnce) {
  std::string text = "SELECT '";
  for (int i = 0; i < 300'000; ++i) text += ";\n";
  std::istringstream input(text);
  StatementReader reader(input);
  EXPECT_EQ(reader.next()->text, text);
  EXPECT_FALSE(reader.next());
}

TEST(Numbers, AreGrouped) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(-1234567), "-1,234,567");
}

}  // namespace
}  // namespace firn::app

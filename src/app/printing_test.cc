// Results as text, row by row: a query, a format, what must be printed.
#include "app/printing.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "app/process.h"
#include "sql/parser.h"

namespace firn::app {
namespace {

class Printing : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ =
        std::filesystem::temp_directory_path() / ("firn_printing_" + std::to_string(::getpid()));
    const conf::Conf conf = make_conf(
        {.pairs = {"spark.sql.session.timeZone=Europe/Berlin"}, .warehouse = folder_.string()});
    process_ = std::make_unique<LocalProcess>(conf);
    session_ = std::make_unique<session::Session>(process_->shared(), conf);
  }
  static void TearDownTestSuite() {
    session_.reset();
    process_.reset();
    std::filesystem::remove_all(folder_);
  }

  static std::string print(const std::string& sql, Format format) {
    std::ostringstream out;
    session::Result result = session_->execute(sql::parse_statement(sql));
    print_rows(out, result, format, *session_zone(session_->conf()));
    return out.str();
  }

  static inline std::filesystem::path folder_;
  static inline std::unique_ptr<LocalProcess> process_;
  static inline std::unique_ptr<session::Session> session_;
};

struct Row {
  const char* name;
  const char* sql;
  Format format;
  const char* want;
};

constexpr Row kRows[] = {
    {"numbers right, text left", "SELECT * FROM VALUES (1, 'a'), (100, 'bcd') AS t(n, s)",
     Format::kTable,
     "┌─────┬─────┐\n"
     "│   n │ s   │\n"
     "├─────┼─────┤\n"
     "│   1 │ a   │\n"
     "│ 100 │ bcd │\n"
     "└─────┴─────┘\n"},
    {"no rows", "SELECT 1 AS a WHERE false", Format::kTable, "┌───┐\n│ a │\n├───┤\n└───┘\n"},
    {"NULL is shown", "SELECT cast(NULL AS STRING) AS a", Format::kTable,
     "┌──────┐\n│ a    │\n├──────┤\n│ NULL │\n└──────┘\n"},
    {"wide characters", "SELECT '日本' AS a, 'é' AS b", Format::kTable,
     "┌──────┬───┐\n│ a    │ b │\n├──────┼───┤\n│ 日本 │ é │\n└──────┴───┘\n"},
    {"line breaks stay on their line", "SELECT 'a\\nb' AS a", Format::kTable,
     "┌──────┐\n│ a    │\n├──────┤\n│ a\\nb │\n└──────┘\n"},
    {"nested as show() prints them",
     "SELECT array(1, NULL) AS a, map('k', 1.5D) AS m, named_struct('x', 1, 'y', 'z') AS s",
     Format::kMarkdown,
     "| a | m | s |\n| --- | --- | --- |\n| [1, NULL] | {k -> 1.5} | {1, z} |\n"},
    {"binary as hex", "SELECT X'DEAD01' AS b", Format::kMarkdown,
     "| b |\n| --- |\n| [DE AD 01] |\n"},
    {"bars are escaped", "SELECT 'a|b' AS a", Format::kMarkdown, "| a |\n| --- |\n| a\\|b |\n"},
    {"fields are quoted where they must be",
     "SELECT * FROM VALUES ('a,b', 'say \"x\"'), ('', NULL), ('p', 'q') AS t(a, b)", Format::kCsv,
     "a,b\r\n\"a,b\",\"say \"\"x\"\"\"\r\n\"\",\r\np,q\r\n"},
    {"timestamps in the session's zone",
     "SELECT timestamp'2024-01-02 03:04:05.678Z' AS t, timestamp_ntz'2024-01-02 03:04:05' AS n, "
     "date'2024-07-01' AS d",
     Format::kCsv, "t,n,d\r\n2024-01-02 04:04:05.678,2024-01-02 03:04:05,2024-07-01\r\n"},
    {"doubles as Java writes them",
     "SELECT 1e10D AS a, 0.1D AS b, cast('NaN' AS DOUBLE) AS c, 100D AS d", Format::kCsv,
     "a,b,c,d\r\n1.0E10,0.1,NaN,100.0\r\n"},
    {"decimals keep their scale", "SELECT cast(1.5 AS DECIMAL(10,2)) AS d", Format::kCsv,
     "d\r\n1.50\r\n"},
    {"JSON values",
     "SELECT 1 AS i, true AS b, 1.5D AS d, cast(2 AS DECIMAL(5,1)) AS m, X'DEAD' AS x, "
     "cast(NULL AS INT) AS n, 'a\"b' AS s",
     Format::kJson,
     "{\"i\":1,\"b\":true,\"d\":1.5,\"m\":\"2.0\",\"x\":\"3q0=\",\"n\":null,\"s\":\"a\\\"b\"}\n"},
    {"JSON nested",
     "SELECT array(named_struct('a', 1)) AS a, map('k', date'2024-01-02') AS m, cast('NaN' AS "
     "DOUBLE) AS f",
     Format::kJson, "{\"a\":[{\"a\":1}],\"m\":{\"k\":\"2024-01-02\"},\"f\":\"NaN\"}\n"},
};

TEST_F(Printing, Rows) {
  for (const Row& row : kRows) EXPECT_EQ(print(row.sql, row.format), row.want) << row.name;
}

TEST_F(Printing, WidthsComeFromTheFirstThousandRows) {
  const std::string text =
      print("SELECT id, repeat('x', cast(id / 1000 AS INT)) AS s FROM range(5000) ORDER BY id",
            Format::kTable);
  EXPECT_NE(text.find("│   0 │   │\n"), std::string::npos);      // 999 is the widest of them
  EXPECT_NE(text.find("│ 4999 │ xxxx │\n"), std::string::npos);  // later ones take what they need
}

TEST(Format, MisspeltIsAnsweredWithTheNearest) {
  try {
    parse_format("jsn");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "FIRN_UNKNOWN_OPTION");
    EXPECT_NE(error.message().find("`json`"), std::string::npos) << error.message();
  }
}

}  // namespace
}  // namespace firn::app

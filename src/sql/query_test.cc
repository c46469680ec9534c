// Queries: text → the tree of relations.
#include <gtest/gtest.h>

#include "sql/parser.h"

namespace firn::sql {
namespace {

struct QueryRow {
  const char* sql;
  const char* want;  // the tree, its lines without indentation parted by " / "
};

std::string tree(std::string_view sql) {
  const plan::Statement statement = parse_statement(sql);
  const auto* query = std::get_if<plan::Query>(&statement.node);
  if (query == nullptr) return "no query";
  std::string text = plan::to_string(*query->relation);
  text.pop_back();
  std::string flat;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\n') {
      flat += text[i];
      continue;
    }
    const size_t mark = text.find("+- ", i);
    flat += " /" + std::string((mark - i - 1) / 2 + 1, '.') + " ";
    i = mark + 2;
  }
  return flat;
}

void check_tree(const QueryRow& row) {
  SCOPED_TRACE(row.sql);
  try {
    EXPECT_EQ(tree(row.sql), row.want);
  } catch (const Error& error) {
    ADD_FAILURE() << error.what();
  }
}

TEST(Query, Select) {
  const QueryRow rows[] = {
      {"SELECT 1", "Project [1] /. OneRow"},
      {"SELECT a x, b AS y FROM t WHERE c > 1",
       "Project [a AS x, b AS y] /. Filter (c > 1) /.. UnresolvedTable t"},
      {"SELECT a, count(*) FROM t GROUP BY a HAVING count(*) > 1",
       "Having (count(1) > 1) /. Aggregate [a], [a, count(1)] /.. UnresolvedTable t"},
      {"SELECT DISTINCT a FROM t ORDER BY a DESC, b NULLS LAST LIMIT 3 OFFSET 2",
       "Limit 3 offset 2 /. Sort [a DESC NULLS LAST, b ASC NULLS LAST] /.. Distinct /... Project "
       "[a] /.... UnresolvedTable t"},
      {"SELECT DISTINCT ON (a, b.c) * FROM t WHERE d",
       "Project [*] /. Deduplicate [a, b.c] /.. Filter d /... UnresolvedTable t"},
      {"SELECT DISTINCT ON (id) e.id AS id, x FROM t",
       "Deduplicate [id] /. Project [e.id AS id, x] /.. UnresolvedTable t"},
      {"FROM t SELECT a WHERE b", "Project [a] /. Filter b /.. UnresolvedTable t"},
      {"SELECT sum(a) OVER w, max(a) OVER (w) FROM t WINDOW w AS (PARTITION BY b)",
       "Project [sum(a) OVER (PARTITION BY b), max(a) OVER (PARTITION BY b)] /. UnresolvedTable t"},
      {"SELECT a FROM t GROUP BY ROLLUP (a, (b, c)), GROUPING SETS ((a), ())",
       "Aggregate [rollup(a, struct(b, c)), grouping sets(a, struct())], [a] /. UnresolvedTable t"},
      {"SELECT a FROM t GROUP BY a, b WITH CUBE",
       "Aggregate [cube(a, b)], [a] /. UnresolvedTable t"},
      {"SELECT a FROM t GROUP BY ALL ORDER BY ALL",
       "Sort [ALL ASC NULLS FIRST] /. Aggregate [ALL], [a] /.. UnresolvedTable t"},
      {"SELECT /*+ BROADCAST(t) */ a -- comment\nFROM t", "Project [a] /. UnresolvedTable t"},
      {"TABLE a.b", "UnresolvedTable a.b"},
      {"VALUES (1, 'a'), (2, 'b')", "InlineTable (col1, col2) [1, 'a'] [2, 'b']"},
      {"SELECT * FROM VALUES 1, 2 AS t(x)",
       "Project [*] /. SubqueryAlias t /.. InlineTable (x) [1] [2]"},
      {"SELECT a, offset, timestamp, `window`, date limit FROM t",
       "Project [a, offset, timestamp, window, date AS limit] /. UnresolvedTable t"},
  };
  for (const QueryRow& row : rows) check_tree(row);
}

TEST(Query, From) {
  const QueryRow rows[] = {
      {"SELECT * FROM a.b.c AS x", "Project [*] /. SubqueryAlias x /.. UnresolvedTable a.b.c"},
      {"SELECT * FROM csv.`/p/x.csv`", "Project [*] /. UnresolvedTable csv.`/p/x.csv`"},
      {"SELECT * FROM a JOIN b ON a.x = b.x LEFT JOIN c USING (x, y)",
       "Project [*] /. Join LeftOuter using (x, y) /.. Join Inner on (a.x = b.x) /... "
       "UnresolvedTable a /... UnresolvedTable b /.. "
       "UnresolvedTable c"},
      {"SELECT * FROM a LEFT ANTI JOIN b USING (x) NATURAL FULL OUTER JOIN c",
       "Project [*] /. Join Natural FullOuter /.. Join LeftAnti using (x) /... UnresolvedTable a "
       "/... UnresolvedTable b /.. UnresolvedTable c"},
      {"SELECT * FROM a, b CROSS JOIN c",
       "Project [*] /. Join Cross /.. Join Inner /... UnresolvedTable a /... UnresolvedTable b /.. "
       "UnresolvedTable c"},
      {"SELECT * FROM (SELECT 1) x(y)",
       "Project [*] /. SubqueryAlias x(y) /.. Project [1] /... OneRow"},
      {"SELECT * FROM (a JOIN b) t",
       "Project [*] /. SubqueryAlias t /.. Join Inner /... UnresolvedTable a /... UnresolvedTable "
       "b"},
      {"SELECT * FROM ((SELECT 1) UNION (SELECT 2)) t",
       "Project [*] /. SubqueryAlias t /.. Union /... Project [1] /.... OneRow /... Project [2] "
       "/.... OneRow"},
      {"SELECT * FROM range(1, 10) r",
       "Project [*] /. SubqueryAlias r /.. UnresolvedTableFunction range(1, 10)"},
      {"SELECT * FROM STREAM t", "Project [*] /. UnresolvedTable stream t"},
      {"SELECT * FROM STREAM(a.t) x",
       "Project [*] /. SubqueryAlias x /.. UnresolvedTable stream a.t"},
      {"SELECT * FROM stream", "Project [*] /. UnresolvedTable stream"},
      {"SELECT * FROM stream WHERE x", "Project [*] /. Filter x /.. UnresolvedTable stream"},
      {"SELECT value FROM STREAM read_kafka(subscribe => 'a', `kafka.group.id` => 'g')",
       "Project [value] /. UnresolvedTableFunction stream read_kafka(subscribe => 'a', "
       "`kafka.group.id` => 'g')"},
      {"SELECT * FROM t WATERMARK ts DELAY OF INTERVAL 5 MINUTES AS x WHERE y",
       "Project [*] /. Filter y /.. SubqueryAlias x /... Watermark ts delay 300000000 us /.... "
       "UnresolvedTable t"},
      {"SELECT * FROM (SELECT 1) WATERMARK to_timestamp(a) AS ts DELAY OF INTERVAL '1' DAY",
       "Project [*] /. Watermark to_timestamp(a) AS ts delay 86400000000 us /.. Project [1] /... "
       "OneRow"},
      {"SELECT * FROM t VERSION AS OF 3", "Project [*] /. UnresolvedTable t version as of 3"},
      {"SELECT * FROM t FOR SYSTEM_TIME AS OF '2020-01-01' x",
       "Project [*] /. SubqueryAlias x /.. UnresolvedTable t timestamp as of '2020-01-01'"},
      {"SELECT * FROM t TIMESTAMP AS OF current_date()",
       "Project [*] /. UnresolvedTable t timestamp as of current_date()"},
      {"SELECT * FROM t WITH ('a' = 'b')", "Project [*] /. UnresolvedTable t a=b"},
  };
  for (const QueryRow& row : rows) check_tree(row);
}

TEST(Query, SetOperationsAndWith) {
  const QueryRow rows[] = {
      {"TABLE a UNION ALL TABLE b UNION ALL TABLE c",
       "Union all /. UnresolvedTable a /. UnresolvedTable b /. UnresolvedTable c"},
      {"TABLE a UNION TABLE b UNION ALL TABLE c",
       "Union all /. Union /.. UnresolvedTable a /.. UnresolvedTable b /. UnresolvedTable c"},
      {"TABLE a EXCEPT TABLE b INTERSECT TABLE c",
       "Except /. UnresolvedTable a /. Intersect /.. UnresolvedTable b /.. UnresolvedTable c"},
      {"TABLE a MINUS TABLE b", "Except /. UnresolvedTable a /. UnresolvedTable b"},
      {"(TABLE a UNION TABLE b) LIMIT 1",
       "Limit 1 /. Union /.. UnresolvedTable a /.. UnresolvedTable b"},
      {"WITH x AS (TABLE a), y(c) AS (TABLE x) SELECT * FROM y",
       "With x y(c) /. UnresolvedTable a /. UnresolvedTable x /. Project [*] /.. UnresolvedTable "
       "y"},
      {"WITH x AS (WITH z AS (TABLE a) TABLE z) TABLE x",
       "With x /. With z /.. UnresolvedTable a /.. UnresolvedTable z /. UnresolvedTable x"},
  };
  for (const QueryRow& row : rows) check_tree(row);
}

// Chains are no nesting: they parse, print and die without recursion.
TEST(Query, LongChains) {
  constexpr int kTerms = 50'000;
  for (const char* operation :
       {" AND ", " OR ", " + ", " || ", " UNION ALL SELECT ", ", ", " UNION SELECT "}) {
    std::string sql = "SELECT a";
    for (int i = 0; i < kTerms; ++i) sql += std::string(operation) + "a";
    EXPECT_FALSE(tree(sql).empty()) << operation;
  }
  std::string mixed = "SELECT 1";
  for (int i = 0; i < kTerms / 2; ++i) mixed += " UNION SELECT 1 EXCEPT SELECT 2";
  EXPECT_NO_THROW(parse_statement(mixed));
}

TEST(Query, DepthIsBounded) {
  struct Nest {
    const char* head;
    const char* open;
    const char* core;
    const char* close;
  };
  const Nest nests[] = {
      {"SELECT ", "(", "1", ")"},
      {"SELECT * FROM ", "(", "t", ")"},
      {"SELECT * FROM ", "(SELECT * FROM ", "t", ")"},
      {"SELECT ", "NOT ", "a", ""},
      {"SELECT ", "- ", "a", ""},
      {"SELECT ", "f(", "1", ")"},
      {"SELECT ", "a[", "1", "]"},
      {"SELECT ", "CASE WHEN ", "a", " THEN 1 END"},
      {"SELECT CAST(a AS ", "ARRAY<", "INT", ">"},
      {"", "EXPLAIN ", "SELECT 1", ""},
      {"SELECT a GROUP BY ", "GROUPING SETS (", "a", ")"},
      {"SELECT ", "x -> ", "x", ""},
  };
  for (const Nest& nest : nests) {
    std::string sql = nest.head;
    for (int i = 0; i < 100'000; ++i) sql += nest.open;
    sql += nest.core;
    for (int i = 0; i < 100'000; ++i) sql += nest.close;
    try {
      parse_statement(sql);
      ADD_FAILURE() << "parsed: " << nest.open;
    } catch (const Error& error) {
      EXPECT_EQ(error.condition(), "FAILED_TO_PARSE_TOO_COMPLEX")
          << nest.open << ": " << error.what();
    }
  }
  std::string fine = "SELECT ";
  fine += std::string(300, '(') + "1" + std::string(300, ')');
  EXPECT_NO_THROW(parse_statement(fine));
}

TEST(Query, PositionsAreOfTheText) {
  const plan::Statement statement = parse_statement("SELECT a,\n  b + cd FROM t");
  const auto& project =
      std::get<plan::Project>(std::get<plan::Query>(statement.node).relation->node);
  const QueryContext& sum = *project.expressions[1]->origin;
  EXPECT_EQ(sum.fragment, "b + cd");
  EXPECT_EQ(sum.position.line, 2);
  EXPECT_EQ(sum.position.column, 3);
  EXPECT_EQ(sum.position.start, 12u);
  EXPECT_EQ(sum.position.stop, 18u);
}

}  // namespace
}  // namespace firn::sql

// Expressions and literals: text → the tree in its printed form, as Spark's grammar groups them.
#include <gtest/gtest.h>

#include "sql/parser.h"

namespace firn::sql {
namespace {

struct ExpressionRow {
  const char* sql;
  const char* want;
};

void check_expression(const ExpressionRow& row) {
  SCOPED_TRACE(row.sql);
  try {
    EXPECT_EQ(plan::to_string(*parse_expression(row.sql)), row.want);
  } catch (const Error& error) {
    ADD_FAILURE() << error.what();
  }
}

TEST(Expression, Precedence) {
  const ExpressionRow rows[] = {
      {"1 + 2 * 3", "(1 + (2 * 3))"},
      {"1 - 2 - 3", "((1 - 2) - 3)"},
      {"a || b || c", "concat(concat(a, b), c)"},
      {"a = 1 OR b = 2 AND NOT c = 3", "((a = 1) OR ((b = 2) AND (NOT (c = 3))))"},
      {"-a * b", "((- a) * b)"},
      {"- - 1", "(- -1)"},
      {"a -1", "(a - 1)"},
      {"2 - -1", "(2 - -1)"},
      {"~a & b | c ^ d", "((~a & b) | (c ^ d))"},
      {"a + b << c & d", "(((a + b) << c) & d)"},
      {"a div b % c", "((a div b) % c)"},
      {"a <> b", "(NOT (a = b))"},
      {"a == b <=> c", "((a = b) <=> c)"},
      {"a !< 1", "(a >= 1)"},
      {"! a", "(NOT a)"},
      {"NOT a IS NULL", "(NOT (a IS NULL))"},
      {"a OR b OR c OR d", "((a OR b) OR (c OR d))"},
      {"a AND b AND c", "((a AND b) AND c)"},
      {"-x.y[0]", "(- x.y[0])"},
      {"a::int::string", "CAST(CAST(a AS INT) AS STRING)"},
      {"(a + b) * c", "((a + b) * c)"},
  };
  for (const ExpressionRow& row : rows) check_expression(row);
}

TEST(Expression, Predicates) {
  const ExpressionRow rows[] = {
      {"a BETWEEN 1 AND 2 AND b", "(between(a, 1, 2) AND b)"},
      {"a NOT BETWEEN 1 AND 2", "(NOT between(a, 1, 2))"},
      {"a IN (1, 2)", "(a IN (1, 2))"},
      {"a NOT IN (1)", "(NOT (a IN (1)))"},
      {"a IN (SELECT 1)", "(a IN (listquery()))"},
      {"(a, b) IN (SELECT 1, 2)", "((a, b) IN (listquery()))"},
      {"EXISTS (SELECT 1)", "exists()"},
      {"(SELECT 1) + 1", "(scalarsubquery() + 1)"},
      {"((SELECT 1) + 1)", "(scalarsubquery() + 1)"},
      {"((SELECT 1) UNION (SELECT 2))", "scalarsubquery()"},
      {"a LIKE 'x%' ESCAPE '!'", "a LIKE 'x%' ESCAPE '!'"},
      {"a NOT LIKE b", "(NOT a LIKE b)"},
      {"a ILIKE b", "ilike(a, b)"},
      {"a RLIKE b", "RLIKE(a, b)"},
      {"a regexp b", "RLIKE(a, b)"},
      {"a LIKE ANY ('x', 'y')", "like any(a, (a LIKE 'x' OR a LIKE 'y'))"},
      {"a NOT LIKE ALL ('x', 'y')", "not like all(a, ((NOT a LIKE 'x') AND (NOT a LIKE 'y')))"},
      {"a IS NOT NULL", "(a IS NOT NULL)"},
      {"a IS TRUE", "(a <=> true)"},
      {"a IS NOT FALSE", "(NOT (a <=> false))"},
      {"a IS UNKNOWN", "(a IS NULL)"},
      {"a IS DISTINCT FROM b", "(NOT (a <=> b))"},
      {"a IS NOT DISTINCT FROM b", "(a <=> b)"},
  };
  for (const ExpressionRow& row : rows) check_expression(row);
}

TEST(Expression, Literals) {
  const ExpressionRow rows[] = {
      {"1", "1"},
      {"2147483648", "2147483648L"},
      {"-2147483648", "-2147483648"},
      {"-9223372036854775808", "-9223372036854775808L"},
      {"9223372036854775808", "9223372036854775808BD"},
      {"1L", "1L"},
      {"1s", "1S"},
      {"-128Y", "-128Y"},
      {"1.50", "1.50BD"},
      {".05", "0.05BD"},
      {"1.", "1BD"},
      {"1e3", "1000.0D"},
      {"1E-3", "0.001D"},
      {"1.5D", "1.5D"},
      {"1F", "CAST(1.0 AS FLOAT)"},
      {"1e3BD", "1000BD"},
      {"1e10", "1.0E10D"},
      {"NULL", "NULL"},
      {"TRUE", "true"},
      {"X'1f0'", "X'01F0'"},
      {"'it''s'", "'it\\'s'"},
      {"'a' 'b' \"c\"", "'abc'"},
      {R"('\'\n\u0041\101\x')", "'\\'\nAAx'"},
      {R"('50\%')", R"('50\\%')"},
      {R"(r'a\nb')", R"('a\\nb')"},
      {"DATE '2020-02-29'", "DATE '2020-02-29'"},
      {"DATE'2020-1'", "DATE '2020-01-01'"},
      {"TIMESTAMP_NTZ '2020-01-01T01:02:03.5'", "TIMESTAMP_NTZ '2020-01-01 01:02:03.5'"},
      {"TIMESTAMP '2020-01-01 00:00:00+01:00'", "TIMESTAMP '2020-01-01 00:00:00+01:00'"},
      {"INTERVAL '5' MINUTE", "INTERVAL '05' MINUTE"},
      {"INTERVAL 5 MINUTES", "INTERVAL '05' MINUTE"},
      {"INTERVAL 1 DAY 2 HOURS", "INTERVAL '1 02' DAY TO HOUR"},
      {"INTERVAL '1 2:3:4' DAY TO SECOND", "INTERVAL '1 02:03:04' DAY TO SECOND"},
      {"INTERVAL '-1-2' YEAR TO MONTH", "INTERVAL '-1-2' YEAR TO MONTH"},
      {"INTERVAL '1.5' SECOND", "INTERVAL '01.5' SECOND"},
      {"INTERVAL -3 WEEKS", "INTERVAL '-21' DAY"},
      {"INTERVAL '1 day 2 hours'", "INTERVAL '1 02' DAY TO HOUR"},
      {"INTERVAL 18 MONTHS", "INTERVAL '18' MONTH"},
      {"ts + INTERVAL 1 MILLISECOND", "(ts + INTERVAL '00.001' SECOND)"},
  };
  for (const ExpressionRow& row : rows) check_expression(row);
}

TEST(Expression, DecimalLiteralsHaveTheTypeOfTheirDigits) {
  const ExpressionRow rows[] = {{"1.50", "decimal(3,2)"},
                                {"0.05", "decimal(2,2)"},
                                {"100.", "decimal(3,0)"},
                                {"0.0", "decimal(1,1)"}};
  for (const ExpressionRow& row : rows) {
    const plan::ExprPtr expr = parse_expression(row.sql);
    EXPECT_EQ(std::get<plan::Literal>(expr->node).type.simple_string(), row.want) << row.sql;
  }
}

TEST(Expression, NamesAndAccess) {
  const ExpressionRow rows[] = {
      {"a.b.c", "a.b.c"},
      {"`a``b`.`c d`", "`a``b`.`c d`"},
      {"e.timestamp", "e.timestamp"},
      {"a[0].b['c']", "a[0]['b']['c']"},
      {"f(x).y", "f(x)['y']"},
      {"t.*", "t.*"},
      {"* EXCEPT (a, b.c)", "* EXCEPT (a, b.c)"},
      {"1st", "`1st`"},
      {"a AS b", "a AS b"},
      {"a b", "a AS b"},
      {"timestamp", "timestamp"},
      {"partition + offset", "(partition + offset)"},
      {"window.start", "window.start"},
      {"interval", "interval"},
      {"date", "date"},
      {"left(a, 1)", "left(a, 1)"},
      {"CURRENT_DATE", "current_date()"},
      {"current_timestamp()", "current_timestamp()"},
  };
  for (const ExpressionRow& row : rows) check_expression(row);
}

TEST(Expression, Calls) {
  const ExpressionRow rows[] = {
      {"COUNT(*)", "count(1)"},
      {"count(DISTINCT a, b)", "count(DISTINCT a, b)"},
      {"sum(a) FILTER (WHERE b > 1)", "sum(a) FILTER (WHERE (b > 1))"},
      {"first(a IGNORE NULLS)", "first(a) ignore nulls"},
      {"lag(a) IGNORE NULLS OVER (ORDER BY b)",
       "lag(a) ignore nulls OVER (ORDER BY b ASC NULLS FIRST)"},
      {"f(a => 1, b => 'x')", "f(a => 1, b => 'x')"},
      {"transform(a, x -> x + 1)", "transform(a, lambdafunction((x + 1), x))"},
      {"aggregate(a, 0, (x, y) -> x + y)", "aggregate(a, 0, lambdafunction((x + y), x, y))"},
      {"extract(YEAR FROM d)", "extract(YEAR FROM d)"},
      {"substring(a FROM 2 FOR 3)", "substring(a, 2, 3)"},
      {"substr(a, 2)", "substr(a, 2)"},
      {"trim(a)", "trim(a)"},
      {"trim(BOTH 'x' FROM a)", "TRIM(BOTH 'x' FROM a)"},
      {"trim(LEADING FROM a)", "ltrim(a)"},
      {"position('a' IN b)", "locate('a', b)"},
      {"overlay(a PLACING b FROM 1 FOR 2)", "overlay(a, b, 1, 2)"},
      {"timestampadd(DAY, 1, ts)", "timestampadd('DAY', 1, ts)"},
      {"date_add(d, 1)", "date_add(d, 1)"},
      {"CAST(a AS DECIMAL(10, 2))", "CAST(a AS DECIMAL(10,2))"},
      {"TRY_CAST(a AS MAP<STRING, ARRAY<INT>>)", "TRY_CAST(a AS MAP<STRING, ARRAY<INT>>)"},
      {"CASE WHEN a THEN 1 ELSE 2 END", "CASE WHEN a THEN 1 ELSE 2 END"},
      {"CASE a WHEN 1 THEN 2 END", "CASE WHEN (a = 1) THEN 2 END"},
      {"struct(1 AS a, b)", "struct(1 AS a, b)"},
      {"named_struct('a', 1)", "named_struct('a', 1)"},
      {"(1, 2)", "struct(1, 2)"},
      {"if(a, b, c)", "if(a, b, c)"},
      {"sum(x) OVER (PARTITION BY a ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING)",
       "sum(x) OVER (PARTITION BY a ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING)"},
      {"sum(x) OVER (ORDER BY a RANGE INTERVAL 1 DAY PRECEDING)",
       "sum(x) OVER (ORDER BY a ASC NULLS FIRST RANGE BETWEEN INTERVAL '1' DAY PRECEDING AND "
       "CURRENT ROW)"},
  };
  for (const ExpressionRow& row : rows) check_expression(row);
}

TEST(Expression, PrettyNames) {
  const ExpressionRow rows[] = {
      {"count(*)", "count(1)"},
      {"a + 1", "(a + 1)"},
      {"a = 'x'", "(a = x)"},
      {"cast(a as int)", "CAST(a AS INT)"},
      {"1.50", "1.50"},
      {"DATE '2020-01-01'", "DATE '2020-01-01'"},
      {"a LIKE 'x'", "a LIKE x"},
      {"transform(a, x -> x + 1)",
       "transform(a, lambdafunction((namedlambdavariable() + 1), namedlambdavariable()))"},
      {"NOT a", "(NOT a)"},
      {"substring(a, 1)", "substring(a, 1, 2147483647)"},
      {"if(a, 1, 2)", "(IF(a, 1, 2))"},
      {"from_json(a, 'b INT')", "from_json(a)"},
      {"window(ts, '1 minute')", "window"},
      {"first(a) IGNORE NULLS", "first(a)"},
      {"a IS NULL", "(a IS NULL)"},
      {"CASE WHEN a THEN 'x' END", "CASE WHEN a THEN x END"},
  };
  for (const ExpressionRow& row : rows)
    EXPECT_EQ(plan::pretty_name(*parse_expression(row.sql)), row.want) << row.sql;
}

TEST(Expression, DataTypes) {
  const ExpressionRow rows[] = {
      {"int", "INT"},
      {"STRUCT<a: INT NOT NULL, b ARRAY<STRING>>", "STRUCT<a: INT NOT NULL, b: ARRAY<STRING>>"},
      {"struct<>", "STRUCT<>"},
      {"map<string, struct<a: array<array<int>>>>", "MAP<STRING, STRUCT<a: ARRAY<ARRAY<INT>>>>"},
      {"varchar(10)", "STRING"},
      {"decimal", "DECIMAL(10,0)"},
      {"interval hour to second", "INTERVAL HOUR TO SECOND"},
      {"timestamp_ltz", "TIMESTAMP"},
  };
  for (const ExpressionRow& row : rows)
    EXPECT_EQ(parse_data_type(row.sql).sql(), row.want) << row.sql;
  EXPECT_EQ(parse_table_schema("a INT, b: STRING COMMENT 'x', `c d` DATE NOT NULL").sql(),
            "STRUCT<a: INT, b: STRING COMMENT 'x', `c d`: DATE NOT NULL>");
}

}  // namespace
}  // namespace firn::sql

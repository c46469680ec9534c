// Statements: what each becomes, scripts, and what is said where the text does not fit.
#include <gtest/gtest.h>

#include "sql/test_support.h"

namespace firn::sql {
namespace {

TEST(Statement, StreamingTable) {
  const auto node = parse<plan::CreateStreamingTable>(R"(
      CREATE OR REFRESH STREAMING TABLE silver.booking (
        event_id STRING NOT NULL COMMENT 'key', price DOUBLE DEFAULT 0,
        CONSTRAINT has_price EXPECT (price >= 0) ON VIOLATION DROP ROW,
        CONSTRAINT has_id EXPECT (event_id IS NOT NULL) ON VIOLATION FAIL UPDATE,
        CONSTRAINT seen EXPECT (true))
      USING iceberg PARTITIONED BY (days(occurred_at), bucket(16, event_id), country)
      COMMENT 'bookings' TBLPROPERTIES ('write.target-file-size-bytes' = '1024', format.version = 2)
      AS SELECT * FROM STREAM bronze)");
  EXPECT_EQ(node.name, (Name{"silver", "booking"}));
  EXPECT_TRUE(node.or_refresh);
  ASSERT_EQ(node.definition.columns.size(), 2u);
  EXPECT_FALSE(node.definition.columns[0].nullable);
  EXPECT_EQ(node.definition.columns[0].comment, "key");
  EXPECT_TRUE(node.definition.columns[1].default_value);
  ASSERT_EQ(node.definition.expectations.size(), 3u);
  EXPECT_EQ(node.definition.expectations[0].on_violation, plan::OnViolation::kDropRow);
  EXPECT_EQ(plan::to_string(*node.definition.expectations[0].predicate), "(price >= 0)");
  EXPECT_EQ(node.definition.expectations[1].on_violation, plan::OnViolation::kFailUpdate);
  EXPECT_EQ(node.definition.expectations[2].on_violation, plan::OnViolation::kKeep);
  ASSERT_EQ(node.definition.partitioned_by.size(), 3u);
  EXPECT_EQ(node.definition.partitioned_by[0].transform, "days");
  EXPECT_EQ(node.definition.partitioned_by[1].parameter, 16);
  EXPECT_EQ(node.definition.partitioned_by[1].column, "event_id");
  EXPECT_EQ(node.definition.partitioned_by[2].transform, "identity");
  EXPECT_EQ(node.definition.provider, "iceberg");
  EXPECT_EQ(node.definition.comment, "bookings");
  EXPECT_EQ(node.definition.properties.at("write.target-file-size-bytes"), "1024");
  EXPECT_EQ(node.definition.properties.at("format.version"), "2");
  EXPECT_TRUE(node.query);
}

TEST(Statement, Tables) {
  const auto created = parse<plan::CreateTable>(
      "CREATE TABLE IF NOT EXISTS a.b (x INT, y STRUCT<z: INT>) LOCATION '/p'");
  EXPECT_TRUE(created.if_not_exists);
  EXPECT_EQ(created.definition.columns.size(), 2u);
  EXPECT_EQ(created.definition.location, "/p");
  EXPECT_FALSE(created.query);
  EXPECT_TRUE(
      parse<plan::CreateTable>("CREATE OR REPLACE TABLE t USING iceberg AS SELECT 1").or_replace);
  EXPECT_TRUE(parse<plan::CreateTable>("CREATE TABLE t SELECT 1 AS a").query);
  const auto partitioned =
      parse<plan::CreateTable>("CREATE TABLE t (a INT) PARTITIONED BY (b STRING, truncate(4, a))");
  EXPECT_EQ(partitioned.definition.columns.size(), 2u);
  EXPECT_EQ(partitioned.definition.partitioned_by[1].parameter, 4);
  EXPECT_TRUE(parse<plan::DropTable>("DROP TABLE IF EXISTS t PURGE").purge);
  EXPECT_TRUE(parse<plan::DropTable>("DROP VIEW v").view);
  EXPECT_EQ(
      parse<plan::AlterTableProperties>("ALTER TABLE t SET TBLPROPERTIES ('a' = 'b')").set.at("a"),
      "b");
  EXPECT_EQ(
      parse<plan::AlterTableProperties>("ALTER TABLE t UNSET TBLPROPERTIES IF EXISTS ('a', b.c)")
          .unset,
      (Name{"a", "b.c"}));
  EXPECT_EQ(parse<plan::RefreshTable>("REFRESH MATERIALIZED VIEW gold.k").table,
            (Name{"gold", "k"}));
}

TEST(Statement, ViewsAndFlows) {
  const auto view = parse<plan::CreateView>(
      "CREATE OR REPLACE TEMPORARY VIEW v (a, b COMMENT 'x') AS SELECT 1, 2;");
  EXPECT_TRUE(view.temporary && view.or_replace);
  EXPECT_EQ(view.columns, (Name{"a", "b"}));
  EXPECT_EQ(view.text, "SELECT 1, 2");
  EXPECT_TRUE(parse<plan::CreateMaterializedView>(
                  "CREATE MATERIALIZED VIEW gold.k PARTITIONED BY (days(d)) AS SELECT 1")
                  .query);
  const auto flow =
      parse<plan::CreateFlow>("CREATE FLOW f COMMENT 'c' AS INSERT ONCE INTO a.b BY NAME SELECT 1");
  EXPECT_TRUE(flow.once && flow.by_name);
  EXPECT_EQ(flow.target, (Name{"a", "b"}));
}

TEST(Statement, NamespacesAndSession) {
  const auto created = parse<plan::CreateNamespace>(
      "CREATE SCHEMA IF NOT EXISTS a.b COMMENT 'c' WITH DBPROPERTIES (k = 'v')");
  EXPECT_EQ(created.properties.at("k"), "v");
  EXPECT_TRUE(parse<plan::DropNamespace>("DROP DATABASE IF EXISTS a CASCADE").cascade);
  EXPECT_EQ(parse<plan::Use>("USE a.b").name, (Name{"a", "b"}));
  EXPECT_TRUE(parse<plan::Use>("USE SCHEMA a").is_namespace);
  EXPECT_EQ(parse<plan::Use>("SET CATALOG c").name, (Name{"c"}));
  EXPECT_FALSE(parse<plan::SetConf>("SET").key);
  EXPECT_EQ(parse<plan::SetConf>("SET a.b").key, "a.b");
  const auto set = parse<plan::SetConf>("SET spark.sql.x = /tmp/a b-c:1,2 ; ");
  EXPECT_EQ(set.key, "spark.sql.x");
  EXPECT_EQ(set.value, "/tmp/a b-c:1,2");
  EXPECT_EQ(parse<plan::SetConf>("SET `a b`=`c d`").value, "c d");
  EXPECT_EQ(parse<plan::SetConf>("SET TIME ZONE 'Europe/Berlin'").key,
            "spark.sql.session.timeZone");
  EXPECT_EQ(parse<plan::ResetConf>("RESET a.b").key, "a.b");
  EXPECT_EQ(parse<plan::ShowTables>("SHOW TABLES IN a.b LIKE 'x*'").pattern, "x*");
  EXPECT_EQ(parse<plan::ShowNamespaces>("SHOW DATABASES").pattern, "");
  EXPECT_EQ(parse<plan::ShowTblProperties>("SHOW TBLPROPERTIES t ('k')").key, "k");
  EXPECT_TRUE(parse<plan::Describe>("DESC TABLE EXTENDED a.b").extended);
  EXPECT_TRUE(parse<plan::DescribeQuery>("DESCRIBE QUERY SELECT 1").query);
  EXPECT_EQ(parse<plan::Explain>("EXPLAIN FORMATTED SELECT 1").mode, plan::ExplainMode::kFormatted);
}

TEST(Statement, Insert) {
  const auto deleted = parse<plan::Delete>("DELETE FROM a.b AS x WHERE x.c = 1");
  EXPECT_EQ(deleted.table, (Name{"a", "b"}));
  EXPECT_EQ(deleted.alias, "x");
  EXPECT_TRUE(deleted.condition);
  const auto updated = parse<plan::Update>("UPDATE t SET a = 1, s.b = DEFAULT WHERE c");
  EXPECT_EQ(updated.alias, "");
  ASSERT_EQ(updated.assignments.size(), 2u);
  EXPECT_EQ(updated.assignments[1].column, (Name{"s", "b"}));
  const auto merged = parse<plan::Merge>(
      "MERGE INTO t USING (SELECT 1 AS a) s ON t.a = s.a WHEN MATCHED AND s.a > 1 THEN DELETE WHEN "
      "MATCHED THEN UPDATE SET * WHEN NOT MATCHED BY TARGET THEN INSERT (a) VALUES (s.a) WHEN NOT "
      "MATCHED BY SOURCE THEN UPDATE SET a = 0");
  ASSERT_EQ(merged.actions.size(), 4u);
  EXPECT_EQ(merged.actions[0].kind, plan::MergeAction::Kind::kDelete);
  EXPECT_EQ(merged.actions[1].kind, plan::MergeAction::Kind::kUpdateAll);
  EXPECT_EQ(merged.actions[2].when, plan::MergeAction::When::kNotMatched);
  EXPECT_EQ(merged.actions[3].when, plan::MergeAction::When::kNotMatchedBySource);
  const auto partition = parse<plan::Insert>("INSERT OVERWRITE t PARTITION (p = 1, q) SELECT 1");
  ASSERT_EQ(partition.partition.size(), 2u);
  EXPECT_TRUE(partition.partition[0].second);
  EXPECT_FALSE(partition.partition[1].second);
  EXPECT_TRUE(parse<plan::Insert>("INSERT INTO t REPLACE WHERE a = 1 SELECT 1").replace_where);
  const auto by_columns = parse<plan::Insert>("INSERT INTO TABLE a.b (x, y) VALUES (1, 2)");
  EXPECT_EQ(by_columns.columns, (Name{"x", "y"}));
  EXPECT_TRUE(parse<plan::Insert>("INSERT OVERWRITE a BY NAME SELECT 1").by_name);
  EXPECT_TRUE(parse<plan::Insert>("INSERT OVERWRITE a (SELECT 1)").columns.empty());
  const auto with = parse<plan::Insert>(
      "WITH x(a) AS (SELECT (1)), y AS (TABLE x) INSERT INTO t SELECT * FROM y");
  EXPECT_EQ(std::get<plan::With>(with.query->node).definitions.size(), 2u);
  EXPECT_TRUE(parse<plan::Query>("WITH x AS (SELECT 1) (SELECT * FROM x)").relation);
}

TEST(Statement, Scripts) {
  const std::string_view text = "-- first\nSET a = 1; /* two; */ SELECT ';' ;;\n\nSHOW TABLES";
  const std::vector<plan::Statement> statements = parse_script(text);
  ASSERT_EQ(statements.size(), 3u);
  EXPECT_EQ(statements[0].text, "SET a = 1");
  EXPECT_EQ(statements[1].text, "SELECT ';'");
  EXPECT_EQ(statements[2].position.line, 4);
  EXPECT_EQ(text.substr(statements[2].position.start, 4), "SHOW");
  EXPECT_TRUE(parse_script(" -- nothing\n;").empty());
}

struct ErrorRow {
  const char* sql;
  const char* condition;
  const char* near;  // the fragment
  int line, column;
};

TEST(Statement, Errors) {
  const ErrorRow rows[] = {
      {"SELECT * FORM t", "PARSE_SYNTAX_ERROR", "FORM", 1, 10},
      {"SELECT a\nFROM t WERE x", "PARSE_SYNTAX_ERROR", "WERE", 2, 8},
      {"SELECT", "PARSE_SYNTAX_ERROR", "", 1, 7},
      {"SELECT a, FROM t", "PARSE_SYNTAX_ERROR", "FROM", 1, 11},
      {"SELECT (a FROM t", "PARSE_SYNTAX_ERROR", "FROM", 1, 11},
      {"SELEC 1", "PARSE_SYNTAX_ERROR", "SELEC", 1, 1},
      {"SELECT 'abc", "PARSE_SYNTAX_ERROR", "'", 1, 8},
      {"SELECT `abc", "PARSE_SYNTAX_ERROR", "`", 1, 8},
      {"SELECT 1 /* x", "UNCLOSED_BRACKETED_COMMENT", "/*", 1, 10},
      {"", "PARSE_EMPTY_STATEMENT", "", 1, 1},
      {"SELECT 300Y", "INVALID_NUMERIC_LITERAL_RANGE", "300Y", 1, 8},
      {"SELECT DATE 'x'", "INVALID_TYPED_LITERAL", "DATE 'x'", 1, 8},
      {"SELECT INTERVAL 1 YEAR 2 DAYS", "FIRN_INVALID_INPUT", "INTERVAL 1 YEAR 2 DAYS", 1, 8},
      {"SELECT CAST(a AS FOO)", "UNSUPPORTED_DATATYPE", "FOO", 1, 18},
      {"SELECT INTERVAL 1.5 DAYS", "INVALID_INTERVAL_FORMAT.INVALID_FRACTION", "INTERVAL 1.5 DAYS",
       1, 8},
      {"SELECT INTERVAL 'x'", "INVALID_TYPED_LITERAL", "INTERVAL 'x'", 1, 8},
      {"SELECT INTERVAL '5' MONTH TO YEAR",
       "INVALID_INTERVAL_FORMAT.UNSUPPORTED_FROM_TO_EXPRESSION", "INTERVAL '5' MONTH TO YEAR", 1,
       8},
      {"SELECT INTERVAL '1 24:00' DAY TO MINUTE", "FIRN_INVALID_INPUT",
       "INTERVAL '1 24:00' DAY TO MINUTE", 1, 8},
      {"SELECT INTERVAL 200000000 DAYS", "INVALID_INTERVAL_FORMAT.ARITHMETIC_EXCEPTION",
       "INTERVAL 200000000 DAYS", 1, 8},
      {"SELECT a FROM test-table", "INVALID_IDENTIFIER", "-", 1, 19},
      {"WITH x AS (SELECT 1) DELETE FROM t", "UNSUPPORTED_FEATURE.FIRN", "DELETE", 1, 22},
      {"SELECT sum(a) OVER w", "MISSING_WINDOW_SPECIFICATION", "w", 1, 20},
      {"VALUES (1, 2), (3)", "INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH", "VALUES (1, 2), (3)", 1,
       1},
      {"SELECT * FROM t TABLESAMPLE (BUCKET 1 OUT OF 2 ON a)", "UNSUPPORTED_FEATURE.FIRN", "ON", 1,
       48},
      {"MERGE INTO t USING s ON a", "MERGE_WITHOUT_WHEN", "MERGE INTO t USING s ON a", 1, 1},
      {"DELETE t WHERE a", "PARSE_SYNTAX_ERROR", "t", 1, 8},
      {"UPDATE t WHERE a", "PARSE_SYNTAX_ERROR", "WHERE", 1, 10},
      {"CREATE TABLE t (a INT) PARTITIONED BY (foo(a))", "UNSUPPORTED_PARTITION_TRANSFORM", "foo",
       1, 40},
      {"CREATE TABLE t (a INT b INT)", "PARSE_SYNTAX_ERROR", "b", 1, 23},
  };
  for (const ErrorRow& row : rows) {
    SCOPED_TRACE(row.sql);
    try {
      parse_statement(row.sql);
      ADD_FAILURE() << "parsed";
    } catch (const Error& error) {
      EXPECT_EQ(error.condition(), row.condition) << error.what();
      ASSERT_EQ(error.contexts().size(), 1u);
      EXPECT_EQ(error.contexts()[0].fragment, row.near);
      EXPECT_EQ(error.contexts()[0].position.line, row.line);
      EXPECT_EQ(error.contexts()[0].position.column, row.column);
    }
  }
}

TEST(Statement, ReservedKeywordsAreAnOption) {
  EXPECT_NO_THROW(parse_statement("SELECT a FROM t AS user"));
  ParseOptions ansi;
  ansi.ansi_keywords = true;
  EXPECT_THROW(parse_statement("SELECT a FROM t AS user", ansi), Error);
  ParseOptions quotes;
  quotes.double_quoted_identifiers = true;
  EXPECT_EQ(plan::to_string(*parse_expression("\"a b\"", quotes)), "`a b`");
}

TEST(Prompt, ShowsThePosition) {
  const std::string_view text = "SELECT 1;\nSELECT * FORM t";
  try {
    parse_script(text);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(
        show_position(text, error.contexts().at(0).position),
        "error at line 2, column 10\n  2 | SELECT * FORM t\n    |          ^ did you mean FROM?\n");
  }
}

TEST(Prompt, Completes) {
  EXPECT_EQ(complete("SEL"), (std::vector<std::string>{"SELECT"}));
  EXPECT_EQ(complete("select a wat"), (std::vector<std::string>{"watermark"}));
  const std::vector<std::string> words = complete("SELECT approx_count");
  EXPECT_TRUE(complete("SELECT ").empty());
  EXPECT_FALSE(complete("").empty());
}

}  // namespace
}  // namespace firn::sql

// SQL text → resolved plan, as rows: columns with their types, whole trees, errors with their
// place, and the cut of streams.
#include "plan/resolve.h"

#include <gtest/gtest.h>

#include <map>

#include "plan/streaming.h"
#include "sql/parser.h"

namespace firn::sql {
namespace {

using plan::Attribute;
using plan::RelationPtr;
using types::DataType;
using enum types::DataTypeId;

RelationPtr leaf(plan::RelationNode node, std::vector<Attribute> output, bool streaming) {
  auto relation = std::make_shared<plan::Relation>();
  relation->node = std::move(node);
  relation->output = std::move(output);
  relation->resolved = true;
  relation->streaming = streaming;
  return relation;
}

// One table t, one Kafka topic, and the views that a test names.
class OneTable final : public plan::Surroundings {
 public:
  RelationPtr find_table(const plan::UnresolvedTable& table, plan::IdSource& fresh) override {
    if (const auto view = views.find(table.parts.back()); view != views.end()) return view->second;
    if (table.parts.back() != "t") return nullptr;
    plan::TableScan scan;
    scan.name = {"c", "n", "t"};
    const auto q = DataType::structure({{"r", kString, true, ""}});
    const std::pair<const char*, DataType> columns[] = {
        {"a", kInteger},
        {"b", kLong},
        {"s", kString},
        {"d", kDate},
        {"ts", kTimestamp},
        {"x", kDouble},
        {"dec", DataType::decimal(10, 2)},
        {"st", DataType::structure({{"p", kInteger, true, ""}, {"Q", q, true, ""}})},
        {"arr", DataType::array(kInteger)},
        {"m", DataType::map(kString, kInteger)},
        {"bo", kBoolean}};
    int field_id = 0;
    std::vector<Attribute> output;
    for (const auto& [name, type] : columns) {
      output.push_back({fresh.next(), name, type, true, {}});
      scan.columns.push_back({output.back(), ++field_id});
    }
    return leaf(std::move(scan), std::move(output), false);
  }
  RelationPtr find_table_function(const std::string& name,
                                  const std::vector<std::pair<std::string, plan::Literal>>&, bool,
                                  plan::IdSource& fresh) override {
    if (name != "read_kafka") return nullptr;
    plan::StreamSource source;
    source.format = "kafka";
    const std::pair<const char*, DataType> columns[] = {
        {"key", kBinary},        {"value", kBinary}, {"topic", kString},
        {"partition", kInteger}, {"offset", kLong},  {"timestamp", kTimestamp}};
    for (const auto& [column, type] : columns)
      source.columns.push_back({fresh.next(), column, type, true, {}});
    auto output = source.columns;
    return leaf(std::move(source), std::move(output), true);
  }
  DataType parse_schema(const std::string& text) override { return sql::parse_schema(text); }

  std::map<std::string, RelationPtr> views;
};

class Query {
 public:
  explicit Query(bool ansi = true) {
    options_.ansi = ansi;
    options_.current_catalog = "spark_catalog";
    options_.current_namespace = "default";
    options_.now_us = 1700000000000000;
  }
  RelationPtr resolve(const std::string& sql) {
    ParseOptions deep;
    deep.max_depth = 5000;
    const plan::Statement statement = parse_statement(sql, deep);
    return plan::resolve(std::get<plan::Query>(statement.node).relation, options_, tables_, ids_);
  }
  void view(const std::string& name, const std::string& sql) { tables_.views[name] = resolve(sql); }
  plan::ResolveOptions& options() { return options_; }
  plan::IdSource& ids() { return ids_; }

 private:
  plan::ResolveOptions options_;
  OneTable tables_;
  plan::IdSource ids_;
};

std::string schema_of(const RelationPtr& relation) {
  std::string text;
  for (const Attribute& a : relation->output)
    text += (text.empty() ? "" : ", ") + a.name + ": " + a.type.simple_string();
  return text;
}

struct PlanRow {
  std::string sql, want;
};

class Schema : public testing::TestWithParam<PlanRow> {};
TEST_P(Schema, OfTheResult) {
  const RelationPtr resolved = Query().resolve(GetParam().sql);
  EXPECT_EQ(schema_of(resolved), GetParam().want);
  EXPECT_EQ(schema_of(plan::rewrite(resolved)), GetParam().want) << "rewrites keep the columns";
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Schema,
    testing::Values(
        PlanRow{"SELECT A, t.b, c.n.t.s FROM t", "A: int, b: bigint, s: string"},
        PlanRow{"SELECT * EXCEPT (st, arr, m, x, bo) FROM t",
                "a: int, b: bigint, s: string, d: date, ts: timestamp, dec: decimal(10,2)"},
        PlanRow{"SELECT st.*, st.q.r, arr[0], m['k'] FROM t",
                "p: int, Q: struct<r:string>, r: string, arr[0]: int, m[k]: int"},
        PlanRow{
            "SELECT dec * 2, dec / 3, dec + 1.5, dec % 7, sum(dec) OVER (), avg(dec) OVER () FROM "
            "t",
            "(dec * 2): decimal(12,2), (dec / 3): decimal(14,6), (dec + 1.5): decimal(11,2), (dec "
            "% 7): decimal(3,2), sum(dec) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED "
            "FOLLOWING): decimal(20,2), avg(dec) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND "
            "UNBOUNDED FOLLOWING): decimal(14,6)"},
        PlanRow{
            "SELECT a / 2, a div 2, a % 2, -a, a + b, a + x FROM t",
            "(a / 2): double, (a div 2): bigint, (a % 2): int, (- a): int, (a + b): bigint, (a + "
            "x): double"},
        PlanRow{"SELECT '1' + 1, '1' + 1.5", "(1 + 1): bigint, (1 + 1.5): double"},
        PlanRow{
            "SELECT d + 1, d - d, ts - INTERVAL '1' DAY, d + INTERVAL 1 MONTH, d + INTERVAL 3 "
            "HOURS, ts - ts FROM t",
            "date_add(d, 1): date, (d - d): interval day, ts - INTERVAL '1' DAY: timestamp, d + "
            "INTERVAL '1' MONTH: date, d + INTERVAL '03' HOUR: timestamp, (ts - ts): interval "
            "day to second"},
        PlanRow{
            "SELECT coalesce(a, b, 1.5), CASE WHEN bo THEN a ELSE x END, nvl(a, 0), nullif(a, 1) "
            "FROM t",
            "coalesce(a, b, 1.5): decimal(21,1), CASE WHEN bo THEN a ELSE x END: double, nvl(a, "
            "0): int, nullif(a, 1): int"},
        PlanRow{"SELECT 1 AS v UNION ALL SELECT 2.5 UNION ALL SELECT '3'", "v: double"},
        PlanRow{"SELECT array(1, 2L) AS v, map('k', 1) AS m, named_struct('p', 1, 'q', 'x') AS n, "
                "struct(a, b AS c) AS r FROM t",
                "v: array<bigint>, m: map<string,int>, n: struct<p:int,q:string>, r: "
                "struct<a:int,c:bigint>"},
        PlanRow{"SELECT ceil(dec) AS c, floor(x) AS f, round(dec, 1) AS r, round(a) AS i FROM t",
                "c: decimal(9,0), f: bigint, r: decimal(10,1), i: int"},
        PlanRow{
            "SELECT count(*), sum(a), avg(a), min(s), collect_list(a), count(DISTINCT a) FROM t",
            "count(1): bigint, sum(a): bigint, avg(a): double, min(s): string, collect_list(a): "
            "array<int>, count(DISTINCT a): bigint"},
        PlanRow{"SELECT * FROM (SELECT a, b FROM t) x FULL JOIN (SELECT a, s FROM t) y USING (a)",
                "a: int, b: bigint, s: string"},
        PlanRow{"SELECT * FROM (SELECT a, b FROM t) x LEFT ANTI JOIN t y ON x.a = y.a",
                "a: int, b: bigint"},
        PlanRow{"WITH q AS (SELECT a, b FROM t) SELECT x.a, y.b FROM q x JOIN q y ON x.a = y.a",
                "a: int, b: bigint"},
        PlanRow{
            "SELECT window.start, window.end, count(*) AS n FROM t GROUP BY window(ts, '1 minute')",
            "start: timestamp, end: timestamp, n: bigint"},
        PlanRow{"SELECT from_json(s, 'id STRING, price DECIMAL(10,2)') AS j FROM t",
                "j: struct<id:string,price:decimal(10,2)>"},
        PlanRow{"SELECT transform(arr, v -> v + 1L) AS x, filter(arr, v -> v > 1) AS y FROM t",
                "x: array<bigint>, y: array<int>"}));

TEST(LegacyTypes, StringsAreReadAsDoubleOrComparedAsText) {
  EXPECT_EQ(
      schema_of(Query(false).resolve("SELECT '1' + 1 AS x, coalesce('a', 1) AS y, '1' + '2' AS z")),
      "x: double, y: string, z: double");
  EXPECT_EQ(schema_of(Query(false).resolve("SELECT 1 AS v UNION ALL SELECT 'x'")), "v: string");
}

class Tree : public testing::TestWithParam<PlanRow> {};
TEST_P(Tree, AfterRewrites) {
  EXPECT_EQ("\n" + plan::to_string(*plan::rewrite(Query().resolve(GetParam().sql))),
            GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Tree,
    testing::Values(
        PlanRow{"SELECT a, n + 1 AS o FROM (SELECT a, b AS n, s FROM t WHERE a > 1) WHERE n < 5",
                R"(
Project [a#1, (b#2 + 1L) AS o#13]
+- Filter ((a#1 > 1) AND (b#2 < 5L))
  +- TableScan c.n.t [a#1, b#2] pruned by a pushed predicate
)"},
        PlanRow{"SELECT a % 10 AS g, sum(b) AS t FROM t GROUP BY g HAVING t > 1 ORDER BY sum(x)",
                R"(
Project [g#13, t#14]
+- Sort [order_by#17 ASC NULLS FIRST]
  +- Project [g#12 AS g#13, sum(b)#15 AS t#14, sum(x)#16 AS order_by#17]
    +- Filter (sum(b)#15 > 1L)
      +- Aggregate [g#12], [g#12, sum(b#2) AS `sum(b)`#15, sum(x#6) AS `sum(x)`#16]
        +- Project [b#2, x#6, (a#1 % 10) AS g#12]
          +- TableScan c.n.t [a#1, b#2, x#6]
)"},
        PlanRow{"SELECT a + 1 AS c, c * 2 AS e FROM t", R"(
Project [c#12, (c#12 * 2) AS e#13]
+- Project [(a#1 + 1) AS c#12]
  +- TableScan c.n.t [a#1]
)"},
        PlanRow{"SELECT DISTINCT a FROM t ORDER BY a LIMIT 3", R"(
Limit 3L
+- Sort [a#1 ASC NULLS FIRST]
  +- Distinct
    +- Project [a#1]
      +- TableScan c.n.t [a#1]
)"}));

struct Failure {
  std::string sql, condition, param, want, fragment;
};
class Refused : public testing::TestWithParam<Failure> {};
TEST_P(Refused, WithSparksCondition) {
  const Failure& row = GetParam();
  try {
    Query().resolve(row.sql);
    FAIL() << row.sql << " was resolved";
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), row.condition) << error.what();
    if (!row.param.empty()) {
      ASSERT_TRUE(error.params().count(row.param)) << error.what();
      EXPECT_EQ(error.params().at(row.param), row.want);
    }
    ASSERT_FALSE(error.contexts().empty()) << error.what();
    EXPECT_EQ(error.contexts()[0].fragment, row.fragment);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Refused,
    testing::Values(
        Failure{"SELECT aa FROM t", "UNRESOLVED_COLUMN.WITH_SUGGESTION", "objectName", "`aa`",
                "aa"},
        Failure{"SELECT nope(a) FROM t", "UNRESOLVED_ROUTINE", "routineName", "`nope`", "nope(a)"},
        Failure{"SELECT upper(s, s) FROM t", "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "expectedNum",
                "1", "upper(s, s)"},
        Failure{"SELECT * FROM nope", "TABLE_OR_VIEW_NOT_FOUND", "relationName", "`nope`", "nope"},
        Failure{"SELECT a + bo FROM t", "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES", "sqlExpr",
                "\"(a + bo)\"", "a + bo"},
        Failure{"SELECT st.zz FROM t", "FIELD_NOT_FOUND", "fields", "`p`, `Q`", "st.zz"},
        Failure{"SELECT a, b FROM t GROUP BY a", "MISSING_AGGREGATION", "expression", "\"b\"", "b"},
        Failure{"SELECT a, sum(b) FROM t", "MISSING_GROUP_BY", "", "", "a"},
        Failure{"SELECT a FROM t WHERE sum(a) > 1", "INVALID_WHERE_CONDITION", "condition",
                "\"(sum(a) > 1)\"", "sum(a) > 1"},
        Failure{"SELECT sum(sum(a)) FROM t", "NESTED_AGGREGATE_FUNCTION", "", "", "sum(sum(a))"},
        Failure{"SELECT a FROM t GROUP BY sum(a)", "GROUP_BY_AGGREGATE", "sqlExpr", "sum(a)",
                "sum(a)"},
        Failure{"SELECT a FROM t GROUP BY 3", "GROUP_BY_POS_OUT_OF_RANGE", "index", "3", "3"},
        Failure{"SELECT a FROM t ORDER BY 3", "ORDER_BY_POS_OUT_OF_RANGE", "size", "1", "3"},
        Failure{"SELECT x.a FROM t x JOIN t y ON a = 1", "AMBIGUOUS_REFERENCE", "referenceNames",
                "[`x`.`a`, `y`.`a`]", "a"},
        Failure{"SELECT a FROM t WHERE a", "DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN", "type",
                "\"INT\"", "a"},
        Failure{"SELECT a, b FROM t UNION SELECT a FROM t", "NUM_COLUMNS_MISMATCH",
                "invalidNumColumns", "1", "SELECT a, b FROM t UNION SELECT a FROM t"},
        Failure{"SELECT cast(d AS INT) FROM t", "DATATYPE_MISMATCH.CAST_WITH_FUNC_SUGGESTION",
                "functionNames", "`UNIX_DATE`", "cast(d AS INT)"},
        Failure{"SELECT row_number() FROM t", "WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE", "", "",
                "row_number()"}));

// The parser bounds its stack, and frames of a build with sanitizers are several times larger.
#ifdef __SANITIZE_ADDRESS__
constexpr int kProjections = 150;
#else
constexpr int kProjections = 500;
#endif

TEST(Rewrite, HundredsOfProjectionsBecomeOne) {
  std::string sql = "SELECT a FROM t";
  for (int i = 0; i < kProjections; ++i)
    sql =
        "SELECT *, a + " + std::to_string(i) + " AS c" + std::to_string(i) + " FROM (" + sql + ")";
  const RelationPtr rewritten = plan::rewrite(Query().resolve(sql));
  EXPECT_EQ(rewritten->output.size(), size_t{kProjections} + 1);
  const auto* project = std::get_if<plan::Project>(&rewritten->node);
  ASSERT_NE(project, nullptr);
  EXPECT_TRUE(std::holds_alternative<plan::TableScan>(project->child->node));
}

TEST(Rewrite, PredicatesReachTheScan) {
  const RelationPtr rewritten =
      plan::rewrite(Query().resolve("SELECT a FROM t WHERE ts >= '2024-01-01' AND s LIKE 'ab%' AND "
                                    "(b IN (1, 2) OR upper(s) = 'X') AND a = 5L"));
  const plan::Relation* at = rewritten.get();
  while (!std::holds_alternative<plan::TableScan>(at->node))
    at = std::holds_alternative<plan::Project>(at->node)
             ? std::get<plan::Project>(at->node).child.get()
             : std::get<plan::Filter>(at->node).child.get();
  types::Schema schema;
  for (const plan::ScanColumn& column : std::get<plan::TableScan>(at->node).columns) {
    int id = 100;
    types::Field field;
    field.id = column.field_id;
    field.name = column.attribute.name;
    field.type = types::to_iceberg(column.attribute.type, id);
    schema.fields.push_back(field);
  }
  const std::string text = types::to_string(std::get<plan::TableScan>(at->node).pushed, schema);
  EXPECT_NE(text.find("ts"), std::string::npos) << text;
  EXPECT_NE(text.find("ab"), std::string::npos) << text;
  EXPECT_NE(text.find("5"), std::string::npos) << text;
  EXPECT_EQ(text.find("IN"), std::string::npos) << "one side of the OR is not known: " << text;
}

TEST(Assign, CastsOrdersAndRefuses) {
  Query query;
  const DataType target = DataType::structure(
      {{"n", kLong, true, ""}, {"s", kString, true, ""}, {"extra", kDouble, true, ""}});
  const RelationPtr rows = query.resolve("SELECT s, a AS N FROM t");
  EXPECT_EQ(
      schema_of(plan::assign_to_table(rows, target, true, "c.n.u", query.options(), query.ids())),
      "n: bigint, s: string, extra: double");
  const auto condition = [&](const std::string& sql, bool by_name) {
    try {
      plan::assign_to_table(query.resolve(sql), target, by_name, "c.n.u", query.options(),
                            query.ids());
    } catch (const Error& error) {
      return std::string(error.condition());
    }
    return std::string("none");
  };
  EXPECT_EQ(condition("SELECT 1, 'x'", false),
            "INSERT_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS");
  EXPECT_EQ(condition("SELECT 'x', 'x', 1.0D", false),
            "INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST");
  EXPECT_EQ(condition("SELECT 1 AS n, 2 AS other", true),
            "INCOMPATIBLE_DATA_FOR_TABLE.EXTRA_COLUMNS");
  EXPECT_EQ(condition("SELECT 1 AS n, 'x' AS s, 1.0D AS extra, 2 AS other", true),
            "INSERT_COLUMN_ARITY_MISMATCH.TOO_MANY_DATA_COLUMNS");
}

TEST(Assign, TextsOfTimesAreReadWhereTheyAreWrittenOut) {
  struct Row {
    const char* sql;
    const char* condition;
  };
  constexpr const char* kRefused = "INCOMPATIBLE_DATA_FOR_TABLE.CANNOT_SAFELY_CAST";
  constexpr Row kRows[] = {{"VALUES ('2024-01-01', '2024-01-01 10:00:00')", "none"},
                           {"VALUES ('2024-01-01', NULL), (NULL, '2024-01-01')", "none"},
                           {"VALUES (upper('2024-01-01'), NULL)", kRefused},
                           {"VALUES (20240101, NULL)", kRefused},
                           {"SELECT '2024-01-01', NULL", kRefused},
                           {"SELECT s, NULL FROM t", kRefused}};
  const DataType target = DataType::structure(
      {{"d", types::DataTypeId::kDate, true, ""}, {"at", types::DataTypeId::kTimestamp, true, ""}});
  for (const Row& row : kRows) {
    Query query;
    std::string condition = "none";
    try {
      plan::assign_to_table(query.resolve(row.sql), target, false, "c.n.u", query.options(),
                            query.ids());
    } catch (const Error& error) {
      condition = error.condition();
    }
    EXPECT_EQ(condition, row.condition) << row.sql;
  }
}

std::string stages_of(const std::vector<plan::StreamStage>& stages) {
  std::string text;
  for (const plan::StreamStage& stage : stages) {
    text += text.empty() ? "" : " ";
    if (std::holds_alternative<plan::SegmentStage>(stage)) text += "segment";
    if (const auto* mark = std::get_if<plan::WatermarkStage>(&stage))
      text += "watermark(" + std::to_string(mark->column) + ")";
    if (const auto* dedup = std::get_if<plan::DedupStage>(&stage)) {
      text += "dedup(";
      for (const int key : dedup->keys) text += std::to_string(key);
      text += dedup->event_time ? ";" + std::to_string(*dedup->event_time) + ")" : ")";
    }
    if (const auto* aggregate = std::get_if<plan::AggregateStage>(&stage)) {
      text += "aggregate(" + std::to_string(aggregate->keys) + ";" +
              std::to_string(aggregate->window_end.value_or(-1));
      for (const std::string& merge : aggregate->merges) text += " " + merge;
      text += ")";
    }
  }
  return text;
}

std::string cut_text(const plan::StreamCut& cut) {
  std::string text;
  for (const plan::SourceColumn& column : cut.columns)
    text += (column.field.empty() ? "json" : column.field) + " ";
  if (cut.json) text += cut.json->schema.simple_string() + " " + cut.json->mode;
  text += " | " + stages_of(cut.shared);
  for (const plan::StreamTarget& target : cut.targets) text += " | " + stages_of(target.stages);
  return text;
}

const char* const kParsed =
    "SELECT topic, partition, offset, value, from_json(cast(value AS string), 'id STRING, at "
    "TIMESTAMP, price DECIMAL(10,2), junk ARRAY<STRING>') AS j "
    "FROM STREAM read_kafka(subscribe => 'x')";

TEST(StreamingCut, JsonGoesToTheSourceAndTargetsShareIt) {
  Query query;
  query.view("parsed", kParsed);
  const RelationPtr silver = query.resolve(
      "SELECT DISTINCT ON (id) id, at, price FROM (SELECT j.id AS id, j.at AS at, j.price AS price "
      "FROM STREAM parsed) "
      "WATERMARK at DELAY OF INTERVAL 10 MINUTES WHERE id IS NOT NULL AND price >= 0");
  const RelationPtr quarantine =
      query.resolve("SELECT topic, value FROM STREAM parsed WHERE j.id IS NULL OR j.price < 0");
  EXPECT_EQ(cut_text(plan::cut_streams({silver, quarantine})),
            "value topic json struct<id:string,at:timestamp,price:decimal(10,2)> PERMISSIVE |  | "
            "segment watermark(1) segment dedup(0;1) | segment");
}

TEST(StreamingCut, WhatIsWorkIsDoneOnce) {
  Query query;
  query.view("parsed", kParsed);
  query.view("good",
             "SELECT upper(j.id) AS id, j.price AS price FROM STREAM parsed WHERE j.price > 0");
  const plan::StreamCut cut =
      plan::cut_streams({query.resolve("SELECT id FROM STREAM good"),
                         query.resolve("SELECT price FROM STREAM good WHERE price > 10")});
  EXPECT_EQ(cut_text(cut),
            "json struct<id:string,price:decimal(10,2)> PERMISSIVE | segment | segment | segment");
}

TEST(StreamingCut, WindowsBecomePartialAggregates) {
  Query query;
  query.view("parsed", kParsed);
  const RelationPtr gold = query.resolve(
      "SELECT window.start AS minute, topic, count(*) AS n, avg(price) AS mean, count(DISTINCT id) "
      "AS ids "
      "FROM (SELECT j.id AS id, j.at AS at, j.price AS price, topic FROM STREAM parsed) WATERMARK "
      "at DELAY OF INTERVAL 10 MINUTES "
      "GROUP BY window(at, '1 minute'), topic");
  EXPECT_EQ(cut_text(plan::cut_streams({gold})),
            "topic json struct<id:string,at:timestamp,price:decimal(10,2)> PERMISSIVE |  | segment "
            "watermark(1) aggregate(3;1 sum sum sum distinct) segment");
  EXPECT_THROW(plan::cut_streams(
                   {query.resolve("SELECT topic, count(*) FROM STREAM parsed GROUP BY topic")}),
               Error);
  EXPECT_THROW(plan::cut_streams({query.resolve("SELECT topic FROM STREAM parsed ORDER BY topic")}),
               Error);
}

TEST(StreamingCut, ModesAllowWhatSparkAllows) {
  Query query;
  query.view("parsed", kParsed);
  const RelationPtr counts =
      query.resolve("SELECT topic, count(*) AS n FROM STREAM parsed GROUP BY topic");
  const RelationPtr sorted = query.resolve(
      "SELECT topic, count(*) AS n FROM STREAM parsed GROUP BY topic ORDER BY n DESC LIMIT 3");
  const RelationPtr plain = query.resolve("SELECT topic FROM STREAM parsed");
  for (const auto mode : {plan::OutputMode::kUpdate, plan::OutputMode::kComplete})
    EXPECT_EQ(cut_text(plan::cut_streams({counts}, mode)),
              "topic  |  | aggregate(1;-1 sum) segment")
        << plan::name_of(mode);
  const plan::StreamCut cut = plan::cut_streams({sorted}, plan::OutputMode::kComplete);
  EXPECT_TRUE(std::get<plan::SegmentStage>(cut.targets[0].stages.back()).whole_epoch);
  const auto condition = [](const RelationPtr& relation, plan::OutputMode mode) {
    try {
      plan::cut_streams({relation}, mode);
      return std::string("none");
    } catch (const Error& error) {
      return std::string(error.condition());
    }
  };
  EXPECT_EQ(condition(plain, plan::OutputMode::kComplete),
            "STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION");
  EXPECT_EQ(condition(plain, plan::OutputMode::kUpdate), "none");
  EXPECT_EQ(condition(sorted, plan::OutputMode::kUpdate), "UNSUPPORTED_FEATURE.FIRN");
  EXPECT_EQ(condition(counts, plan::OutputMode::kAppend),
            "UNSUPPORTED_STREAMING_OPERATOR_WITHOUT_WATERMARK");
}

TEST(StreamingPlan, BatchTimeIsAParameter) {
  Query query;
  query.options().streaming_batch_time_parameter = true;
  EXPECT_EQ(plan::to_string(*query.resolve("SELECT current_timestamp() AS now")),
            "Project [$0 AS now#1]\n+- OneRow\n");
}

}  // namespace
}  // namespace firn::sql

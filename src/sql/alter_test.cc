// ALTER, CALL and their neighbours: what each becomes.
#include <gtest/gtest.h>

#include "sql/test_support.h"

namespace firn::sql {
namespace {

template <typename Change>
Change change(std::string_view sql) {
  return std::get<Change>(parse<plan::AlterTable>(sql).change);
}

TEST(Alter, Columns) {
  const auto added = change<plan::AddColumns>(
      "ALTER TABLE a.t ADD COLUMNS (p.w STRING NOT NULL COMMENT 'c' AFTER x, v INT FIRST)");
  ASSERT_EQ(added.columns.size(), 2u);
  EXPECT_EQ(added.columns[0].name, (Name{"p", "w"}));
  EXPECT_FALSE(added.columns[0].nullable);
  EXPECT_EQ(added.columns[0].comment, "c");
  EXPECT_EQ(added.columns[0].after, "x");
  EXPECT_TRUE(added.columns[1].first);
  EXPECT_FALSE(added.replace);
  EXPECT_EQ(
      change<plan::AddColumns>("ALTER TABLE t ADD COLUMN payment_method STRING").columns.size(),
      1u);
  EXPECT_TRUE(change<plan::AddColumns>("ALTER TABLE t REPLACE COLUMNS (a INT)").replace);
  const auto dropped =
      change<plan::DropTableColumns>("ALTER TABLE t DROP COLUMNS IF EXISTS (a, b.c)");
  EXPECT_TRUE(dropped.if_exists);
  EXPECT_EQ(dropped.columns, (std::vector<Name>{{"a"}, {"b", "c"}}));
  EXPECT_EQ(change<plan::RenameColumn>("ALTER TABLE t RENAME COLUMN a.b TO c").to, "c");
  EXPECT_EQ(
      change<plan::AlterColumns>("ALTER TABLE t ALTER COLUMN id TYPE BIGINT").columns.front().type,
      types::DataType(types::DataTypeId::kLong));
  EXPECT_EQ(change<plan::AlterColumns>("ALTER TABLE t CHANGE COLUMN a a STRING AFTER b")
                .columns.front()
                .after,
            "b");
  EXPECT_EQ(
      change<plan::AlterColumns>("ALTER TABLE t ALTER a SET NOT NULL").columns.front().nullable,
      false);
  EXPECT_EQ(change<plan::AlterColumns>("ALTER TABLE t ALTER COLUMN a DROP NOT NULL")
                .columns.front()
                .nullable,
            true);
  const auto several = change<plan::AlterColumns>(
                           "ALTER TABLE t ALTER COLUMN a TYPE BIGINT, b.c COMMENT 'x', d FIRST")
                           .columns;
  ASSERT_EQ(several.size(), 3u);
  EXPECT_EQ(several[1].column, (Name{"b", "c"}));
  EXPECT_TRUE(several[2].first);
}

TEST(Alter, WriteOrderAndDistributionInEitherOrder) {
  struct Row {
    const char* sql;
    const char* distribution;
    size_t keys;
  };
  constexpr Row kRows[] = {
      {"ALTER TABLE t WRITE ORDERED BY a, b DESC", "range", 2},
      {"ALTER TABLE t WRITE LOCALLY ORDERED BY a", "", 1},
      {"ALTER TABLE t WRITE DISTRIBUTED BY PARTITION", "hash", 0},
      {"ALTER TABLE t WRITE DISTRIBUTED BY PARTITION LOCALLY ORDERED BY a", "hash", 1},
      {"ALTER TABLE t WRITE LOCALLY ORDERED BY a DISTRIBUTED BY PARTITION", "hash", 1},
      {"ALTER TABLE t WRITE UNORDERED", "none", 0}};
  for (const Row& row : kRows) {
    const auto order = change<plan::WriteOrder>(row.sql);
    EXPECT_EQ(order.distribution, row.distribution) << row.sql;
    EXPECT_EQ(order.keys.size(), row.keys) << row.sql;
  }
}

TEST(Alter, PartitionFields) {
  const auto added = change<plan::PartitionField>(
      "ALTER TABLE t ADD PARTITION FIELD bucket(customer_id, 10) AS x");
  EXPECT_EQ(added.kind, plan::PartitionField::Kind::kAdd);
  EXPECT_EQ(added.field->transform, "bucket");
  EXPECT_EQ(added.field->parameter, 10);
  EXPECT_EQ(added.field->column, "customer_id");
  EXPECT_EQ(added.name, "x");
  const auto dropped = change<plan::PartitionField>("ALTER TABLE t DROP PARTITION FIELD ts_day");
  EXPECT_EQ(dropped.field->column, "ts_day");
  const auto replaced = change<plan::PartitionField>(
      "ALTER TABLE t REPLACE PARTITION FIELD days(ts) WITH hours(ts) AS h");
  EXPECT_EQ(replaced.with->transform, "hours");
}

TEST(Alter, WriteOrder) {
  struct Row {
    const char* sql;
    size_t keys;
    const char* distribution;
  };
  for (const Row& row : {
           Row{"ALTER TABLE t WRITE ORDERED BY a DESC, bucket(4, b) NULLS LAST", 2, "range"},
           Row{"ALTER TABLE t WRITE LOCALLY ORDERED BY a", 1, ""},
           Row{"ALTER TABLE t WRITE DISTRIBUTED BY PARTITION", 0, "hash"},
           Row{"ALTER TABLE t WRITE DISTRIBUTED BY PARTITION LOCALLY ORDERED BY a", 1, "hash"},
           Row{"ALTER TABLE t WRITE UNORDERED", 0, "none"},
       }) {
    const auto order = change<plan::WriteOrder>(row.sql);
    EXPECT_EQ(order.keys.size(), row.keys) << row.sql;
    EXPECT_EQ(order.distribution, row.distribution) << row.sql;
  }
  const auto order = change<plan::WriteOrder>("ALTER TABLE t WRITE ORDERED BY a DESC");
  EXPECT_FALSE(order.keys[0].ascending);
  EXPECT_FALSE(order.keys[0].nulls_first);
}

TEST(Alter, References) {
  const auto branch = change<plan::SnapshotRef>(
      "ALTER TABLE t CREATE OR REPLACE BRANCH b AS OF VERSION 12 RETAIN 5 DAYS WITH SNAPSHOT "
      "RETENTION 2 SNAPSHOTS 3 HOURS");
  EXPECT_EQ(branch.kind, plan::SnapshotRef::Kind::kCreateOrReplace);
  EXPECT_FALSE(branch.tag);
  EXPECT_EQ(branch.snapshot_id, 12);
  EXPECT_EQ(branch.max_ref_age_ms, 5 * 86'400'000LL);
  EXPECT_EQ(branch.min_snapshots_to_keep, 2);
  EXPECT_EQ(branch.max_snapshot_age_ms, 3 * 3'600'000LL);
  EXPECT_TRUE(change<plan::SnapshotRef>("ALTER TABLE t CREATE TAG IF NOT EXISTS g").if_not_exists);
  EXPECT_TRUE(change<plan::SnapshotRef>("ALTER TABLE t DROP TAG IF EXISTS g").if_exists);
}

TEST(Alter, Others) {
  EXPECT_EQ(change<plan::RenameTable>("ALTER TABLE a.t RENAME TO b.u").to, (Name{"b", "u"}));
  EXPECT_EQ(change<plan::SetLocation>("ALTER TABLE t SET LOCATION '/x'").location, "/x");
  EXPECT_EQ(
      change<plan::IdentifierFields>("ALTER TABLE t SET IDENTIFIER FIELDS a, b").columns.size(),
      2u);
  EXPECT_TRUE(change<plan::IdentifierFields>("ALTER TABLE t DROP IDENTIFIER FIELDS a").drop);
  EXPECT_TRUE(parse<plan::AlterTable>("ALTER VIEW v RENAME TO w").view);
  EXPECT_TRUE(parse<plan::CreateView>("ALTER VIEW v AS SELECT 1 AS a").or_replace);
  EXPECT_EQ(
      parse<plan::AlterNamespace>("ALTER DATABASE d SET DBPROPERTIES ('a' = 'b')").set.at("a"),
      "b");
  EXPECT_EQ(parse<plan::AlterTableProperties>("COMMENT ON TABLE t IS 'x'").set.at("comment"), "x");
  EXPECT_EQ(parse<plan::CreateTable>("CREATE TABLE t LIKE s USING iceberg").like, Name{"s"});
  EXPECT_TRUE(parse<plan::CreateTable>("REPLACE TABLE t (a INT) USING iceberg").replace_only);
}

TEST(Call, ArgumentsByNameAndPosition) {
  const auto call = parse<plan::CallProcedure>(
      "CALL glue_catalog.system.rewrite_data_files(\n  table => 'database.table',\n"
      "  target_file_size_bytes => 134217728  -- 128MB\n)");
  EXPECT_EQ(call.name, (Name{"glue_catalog", "system", "rewrite_data_files"}));
  EXPECT_EQ(call.argument_names, (std::vector<std::string>{"table", "target_file_size_bytes"}));
  const auto positional = parse<plan::CallProcedure>("CALL system.rewrite_manifests('db.t')");
  EXPECT_EQ(positional.argument_names, std::vector<std::string>{""});
  EXPECT_EQ(
      parse<plan::CallProcedure>("CALL c.system.p(options => map('a', '1'))").arguments.size(), 1u);
}

TEST(Show, MoreForms) {
  EXPECT_TRUE(parse<plan::ShowTables>("SHOW TABLE EXTENDED IN d LIKE 't*'").extended);
  EXPECT_EQ(parse<plan::ShowColumns>("SHOW COLUMNS FROM t IN d").table, (Name{"d", "t"}));
  EXPECT_EQ(parse<plan::ShowViews>("SHOW VIEWS IN d LIKE 'x'").pattern, "x");
  EXPECT_EQ(parse<plan::Describe>("DESCRIBE TABLE a.t p.x").column, (Name{"p", "x"}));
  EXPECT_TRUE(parse<plan::DescribeNamespace>("DESCRIBE SCHEMA EXTENDED d").extended);
  EXPECT_TRUE(parse<plan::CacheTable>("CACHE LAZY TABLE t AS SELECT 1").lazy);
  EXPECT_TRUE(parse<plan::CacheTable>("UNCACHE TABLE IF EXISTS t").if_exists);
  EXPECT_TRUE(parse<plan::CacheTable>("CLEAR CACHE").name.empty());
  EXPECT_EQ(parse<plan::AnalyzeTable>("ANALYZE TABLE t COMPUTE STATISTICS FOR ALL COLUMNS").table,
            Name{"t"});
}

}  // namespace
}  // namespace firn::sql

// Required columns, values of fixed length, and texts that stand for UUIDs and times of day.
#include "engine/parquet_columns.h"

#include "base/error.h"
#include "engine/table_writer_fixture.h"

namespace firn::engine {
namespace {

using types::Type;
using types::TypeId;

using ParquetColumnsTest = TableWriterFixture;

// Required in every place where a column can stand, beside optional ones of the same kind.
types::Schema required_places() {
  const Type pair = Type::structure(
      {field(31, "r", plain(TypeId::kInt), true), field(32, "o", plain(TypeId::kString)),
       field(33, "deep", Type::structure({field(34, "s", plain(TypeId::kString), true)}), true)});
  const Type other = Type::structure(
      {field(41, "r", plain(TypeId::kInt), true), field(42, "f", Type::fixed(2), true)});
  types::Schema schema;
  schema.fields = {
      field(1, "i", plain(TypeId::kInt), true),
      field(2, "s", plain(TypeId::kString), true),
      field(3, "d", Type::decimal(20, 3), true),
      field(4, "b", plain(TypeId::kBoolean), true),
      field(5, "pair", pair, true),
      field(6, "other", other),
      field(7, "li", Type::list(8, true, plain(TypeId::kLong)), true),
      field(9, "ol",
            Type::list(10, true, Type::structure({field(11, "x", plain(TypeId::kUuid), true)}))),
      field(12, "m", Type::map(13, plain(TypeId::kString), 14, true, plain(TypeId::kDouble)), true),
  };
  return schema;
}

TEST_F(ParquetColumnsTest, RequiredColumnsAreRequiredInTheFile) {
  options_.schema = required_places();
  options_.row_group_rows = 2048;  // several row groups, and pages of many values
  const char* const query = R"(
    SELECT i::INT, 's' || (i % 7), (i / 8.0)::DECIMAL(20,3), i % 3 = 0,
           {'f0': i::INT, 'f1': CASE WHEN i % 2 = 0 THEN 'o' || i END, 'f2': {'f0': 'd' || i}},
           CASE WHEN i % 2 = 0 THEN {'f0': i::INT, 'f1': 'ab'::BLOB} END,
           CASE WHEN i % 3 = 0 THEN [] ELSE [i, i + 1] END,
           CASE WHEN i % 5 = 0 THEN NULL WHEN i % 5 = 1 THEN []
                ELSE [{'f0': '00000000-0000-0000-0000-0000000000' || (10 + i % 5)}] END,
           CASE WHEN i % 4 = 0 THEN MAP {} ELSE MAP {'k' || i: i / 2.0::DOUBLE} END
    FROM range(10000) t(i))";
  const auto files = write(query);
  ASSERT_EQ(files.size(), 1U);
  const std::string file = "'" + folder_ + "/00000-test-00001.parquet'";
  EXPECT_EQ(rows("SELECT name, type_length FROM parquet_schema(" + file + ") WHERE name = 'd'"),
            (std::vector<std::string>{"d|9"}));
  EXPECT_EQ(rows("SELECT count(*) FROM parquet_schema(" + file +
                 ") WHERE type IN ('INT32', 'INT64') AND "
                 "(converted_type IS NOT NULL OR logical_type IS NOT NULL)"),
            (std::vector<std::string>{"0"}))
      << "int and long have no annotation";
  EXPECT_EQ(rows("SELECT string_agg(field_id, ',') FROM parquet_schema(" + file +
                 ") WHERE repetition_type = 'REQUIRED' AND field_id IS NOT NULL"),
            (std::vector<std::string>{"1,2,3,4,5,31,33,34,41,42,7,8,10,11,12,13,14"}));
  const std::string sums = "SELECT count(*), sum(i), count(DISTINCT s), sum(d), count_if(b), ";
  EXPECT_EQ(rows(sums +
                 "sum(pair.r), count(pair.o), count(DISTINCT pair.deep.s), sum(other.r), "
                 "count(other), sum(len(li)), sum(list_sum(li)), count(ol), sum(len(ol)), "
                 "count(DISTINCT ol[1].x), sum(cardinality(m)) FROM " +
                 scan()),
            rows(sums +
                 "sum(pair.f0), count(pair.f1), count(DISTINCT pair.f2.f0), sum(other.f0), "
                 "count(other), sum(len(li)), sum(list_sum(li)), count(ol), sum(len(ol)), "
                 "count(DISTINCT ol[1].f0), sum(cardinality(m)) FROM (" +
                 query + ") t(i, s, d, b, pair, other, li, ol, m)"));
  EXPECT_EQ(files[0].null_value_counts.at(41), 5000);
  EXPECT_EQ(files[0].null_value_counts.at(34), 0);
}

// A dictionary of values that compare equal would change them.
TEST_F(ParquetColumnsTest, ZerosKeepTheirSigns) {
  options_.schema.fields = {field(1, "d", plain(TypeId::kDouble)),
                            field(2, "f", plain(TypeId::kFloat), true),
                            field(3, "l", Type::list(4, false, plain(TypeId::kDouble)))};
  write(
      "SELECT CASE i % 4 WHEN 0 THEN 0.0::DOUBLE WHEN 1 THEN '-0.0'::DOUBLE WHEN 2 THEN NULL ELSE "
      "-1.5 END, CASE WHEN i % 2 = 0 THEN 0.0::FLOAT ELSE '-0.0'::FLOAT END, ['-0.0'::DOUBLE, 0.0, "
      "'nan'::DOUBLE, NULL] FROM range(1000) t(i)");
  EXPECT_EQ(rows("SELECT d::VARCHAR, f::VARCHAR, l::VARCHAR, count(*) FROM " + scan() +
                 " GROUP BY ALL ORDER BY ALL"),
            (std::vector<std::string>{
                "-0.0|-0.0|[-0.0, 0.0, nan, NULL]|250", "-1.5|-0.0|[-0.0, 0.0, nan, NULL]|250",
                "0.0|0.0|[-0.0, 0.0, nan, NULL]|250", "NULL|0.0|[-0.0, 0.0, nan, NULL]|250"}));
  const std::string file = "'" + folder_ + "/00000-test-00001.parquet'";
  EXPECT_EQ(rows("SELECT type, stats_min_value, stats_max_value, encodings FROM parquet_metadata(" +
                 file + ") WHERE path_in_schema IN ('d', 'f')"),
            (std::vector<std::string>{"DOUBLE|-1.5|0.0|PLAIN_DICTIONARY",
                                      "FLOAT|-0.0|0.0|PLAIN_DICTIONARY"}));
}

TEST(ParquetColumns, DecimalsTakeTheBytesOfTheirPrecision) {
  const std::pair<int, uint32_t> want[] = {{19, 9},  {20, 9},  {21, 9},  {22, 10}, {23, 10},
                                           {24, 11}, {26, 11}, {27, 12}, {28, 12}, {29, 13},
                                           {31, 13}, {32, 14}, {33, 14}, {34, 15}, {35, 15},
                                           {36, 16}, {38, 16}};  // the specification's Avro and
                                                                 // Parquet tables
  for (const auto& [precision, bytes] : want)
    EXPECT_EQ(decimal_bytes(precision), bytes) << precision;
}

struct RefusedRow {
  Type type;
  const char* sql;
  const char* condition;
  const char* text;
};

TEST_F(ParquetColumnsTest, WhatAColumnCannotHoldIsRefusedByName) {
  const Type strict = Type::structure({field(2, "x", plain(TypeId::kInt), true)});
  const RefusedRow table[] = {
      {Type::fixed(3), "SELECT 'ab'::BLOB", "FIRN_INVALID_INPUT", "fixed[3]"},
      {Type::list(2, false, Type::fixed(1)), "SELECT ['a'::BLOB, 'ab'::BLOB]", "FIRN_INVALID_INPUT",
       "c.element"},
      {plain(TypeId::kUuid), "SELECT 'no uuid'", "FIRN_INVALID_INPUT", "no uuid"},
      {plain(TypeId::kTime), "SELECT '25:00:00'", "FIRN_INVALID_INPUT", "25:00:00"},
      {plain(TypeId::kTime), "SELECT '24:00:00'", "FIRN_INVALID_INPUT", "times of day"},
      {strict, "SELECT {'f0': NULL::INT}", "NOT_NULL_ASSERT_VIOLATION", "c.x"},
      {Type::list(2, true, plain(TypeId::kInt)), "SELECT [1, NULL]", "NOT_NULL_ASSERT_VIOLATION",
       "c.element"},
      {Type::map(2, plain(TypeId::kInt), 3, true, plain(TypeId::kInt)), "SELECT MAP {1: NULL::INT}",
       "NOT_NULL_ASSERT_VIOLATION", "c.value"},
  };
  for (const RefusedRow& row : table) {
    SCOPED_TRACE(row.sql);
    options_.schema.fields = {field(1, "c", row.type)};
    try {
      write(row.sql);
      ADD_FAILURE() << "not refused";
    } catch (const Error& error) {
      EXPECT_EQ(error.condition(), row.condition);
      EXPECT_NE(std::string(error.what()).find(row.text), std::string::npos) << error.what();
    }
  }
}

// Texts stand for UUIDs and times of day wherever they are.
TEST_F(ParquetColumnsTest, TextsBecomeUuidsAndTimes) {
  const Type pair =
      Type::structure({field(3, "u", plain(TypeId::kUuid)), field(4, "t", plain(TypeId::kTime))});
  options_.schema.fields = {
      field(1, "c", Type::list(2, false, pair)),
      field(5, "m", Type::map(6, plain(TypeId::kUuid), 7, false, plain(TypeId::kTime)))};
  const auto files = write(
      "SELECT CASE WHEN i = 1 THEN NULL ELSE [{'f0': '00000000-0000-0000-0000-00000000000' || i, "
      "'f1': '12:34:56.00000' || i}, NULL] END, MAP {'00000000-0000-0000-0000-00000000000' || i: "
      "'01:02:03'} "
      "FROM range(3) t(i)");
  EXPECT_EQ(
      rows("SELECT c[1].u, c[1].t, c[2] IS NULL, m FROM " + scan()),
      (std::vector<std::string>{"00000000-0000-0000-0000-000000000000|12:34:56|true|{00000000-0000-"
                                "0000-0000-000000000000='01:02:03'}",
                                "NULL|NULL|true|{00000000-0000-0000-0000-000000000001='01:02:03'}",
                                "00000000-0000-0000-0000-000000000002|12:34:56.000002|true|{"
                                "00000000-0000-0000-0000-000000000002='01:02:03'}"}));
}

}  // namespace
}  // namespace firn::engine

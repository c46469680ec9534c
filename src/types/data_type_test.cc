// Spellings of Spark's types as Spark prints them, equality, and the mapping to Iceberg and back.
#include "types/data_type.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace firn::types {
namespace {

using Id = DataTypeId;

const DataType kNested = DataType::structure({
    {"id", Id::kLong, false, ""},
    {"a b", DataType::array(Id::kString), true, "it's"},
    {"m", DataType::map(Id::kInteger, DataType::decimal(10, 2), false), true, ""},
});

struct SpellingRow {
  DataType type;
  const char* simple;
  const char* sql;
  const char* json;
};

const SpellingRow kSpellingRows[] = {
    {Id::kNull, "void", "VOID", "\"void\""},
    {Id::kBoolean, "boolean", "BOOLEAN", "\"boolean\""},
    {Id::kByte, "tinyint", "TINYINT", "\"byte\""},
    {Id::kShort, "smallint", "SMALLINT", "\"short\""},
    {Id::kInteger, "int", "INT", "\"integer\""},
    {Id::kLong, "bigint", "BIGINT", "\"long\""},
    {Id::kDecimal, "decimal(10,0)", "DECIMAL(10,0)", "\"decimal(10,0)\""},
    {DataType::decimal(38, 18), "decimal(38,18)", "DECIMAL(38,18)", "\"decimal(38,18)\""},
    {Id::kTimestamp, "timestamp", "TIMESTAMP", "\"timestamp\""},
    {Id::kTimestampNtz, "timestamp_ntz", "TIMESTAMP_NTZ", "\"timestamp_ntz\""},
    {Id::kYearMonthInterval, "interval year to month", "INTERVAL YEAR TO MONTH",
     "\"interval year to month\""},
    {DataType::year_month(1, 1), "interval month", "INTERVAL MONTH", "\"interval month\""},
    {Id::kDayTimeInterval, "interval day to second", "INTERVAL DAY TO SECOND",
     "\"interval day to second\""},
    {DataType::day_time(1, 2), "interval hour to minute", "INTERVAL HOUR TO MINUTE",
     "\"interval hour to minute\""},
    {DataType::array(Id::kInteger, false), "array<int>", "ARRAY<INT>",
     R"({"type":"array","elementType":"integer","containsNull":false})"},
    {kNested, "struct<id:bigint,a b:array<string>,m:map<int,decimal(10,2)>>",
     "STRUCT<id: BIGINT NOT NULL, `a b`: ARRAY<STRING> COMMENT 'it\\'s', m: MAP<INT, "
     "DECIMAL(10,2)>>",
     R"({"type":"struct","fields":[{"name":"id","type":"long","nullable":false,"metadata":{}},)"
     R"({"name":"a b","type":{"type":"array","elementType":"string","containsNull":true},"nullable":true,)"
     R"("metadata":{"comment":"it's"}},)"
     R"x({"name":"m","type":{"type":"map","keyType":"integer","valueType":"decimal(10,2)",)x"
     R"("valueContainsNull":false},"nullable":true,"metadata":{}}]})"},
};

TEST(DataType, SpellsAsSpark) {
  for (const SpellingRow& row : kSpellingRows) {
    EXPECT_EQ(row.type.simple_string(), row.simple);
    EXPECT_EQ(row.type.sql(), row.sql);
    EXPECT_EQ(row.type.json(), row.json);
  }
}

TEST(DataType, QuotesNamesThatAreNoIdentifiers) {
  EXPECT_EQ(quote_if_needed("a_1"), "a_1");
  EXPECT_EQ(quote_if_needed("1a"), "`1a`");
  EXPECT_EQ(quote_if_needed("a`b"), "`a``b`");
  EXPECT_EQ(quote_if_needed(""), "``");
}

TEST(DataType, EqualityCountsNullability) {
  EXPECT_EQ(DataType::array(Id::kInteger), DataType::array(Id::kInteger));
  EXPECT_NE(DataType::array(Id::kInteger), DataType::array(Id::kInteger, false));
  EXPECT_TRUE(DataType::array(Id::kInteger)
                  .same_ignoring_nullability(DataType::array(Id::kInteger, false)));
  EXPECT_FALSE(DataType::array(Id::kInteger).same_ignoring_nullability(DataType::array(Id::kLong)));
  EXPECT_NE(DataType::decimal(10, 2), DataType::decimal(10, 3));
  EXPECT_FALSE(DataType::decimal(10, 2).same_ignoring_nullability(DataType::decimal(10, 3)));
}

TEST(DataType, IcebergIdsGoLevelByLevel) {
  const Schema schema = to_iceberg_schema(kNested);
  ASSERT_EQ(schema.fields.size(), 3u);
  EXPECT_TRUE(schema.fields[0].required);
  EXPECT_EQ(schema.fields[2].id, 3);
  EXPECT_EQ(schema.fields[1].type.element().id, 4);
  EXPECT_EQ(schema.fields[2].type.key().id, 5);
  EXPECT_EQ(schema.fields[2].type.value().id, 6);
  EXPECT_EQ(schema.fields[1].doc, "it's");
  EXPECT_EQ(to_spark(schema), kNested);
}

TEST(DataType, MapsToIcebergAndBack) {
  int next_id = 1;
  EXPECT_EQ(to_iceberg(Id::kTimestamp, next_id).id(), TypeId::kTimestamptz);
  EXPECT_EQ(to_iceberg(Id::kTimestampNtz, next_id).id(), TypeId::kTimestamp);
  EXPECT_EQ(to_iceberg(Id::kByte, next_id).id(), TypeId::kInt);
  EXPECT_EQ(to_spark(Type::primitive(TypeId::kUuid)), DataType(Id::kString));
  EXPECT_EQ(to_spark(Type::fixed(4)), DataType(Id::kBinary));
  EXPECT_THROW(to_iceberg(Id::kDayTimeInterval, next_id), Error);
  EXPECT_THROW(to_iceberg(Id::kNull, next_id), Error);
  EXPECT_EQ(to_spark(Type::primitive(TypeId::kTime)), DataType(Id::kString));
  EXPECT_THROW(to_spark(Type::primitive(TypeId::kTimestampNs)), Error);
}

struct SparkValueRow {
  Type type;
  Value value, want;
};
TEST(DataType, ValuesThatSparkHasAsTexts) {
  const SparkValueRow rows[] = {
      {Type::primitive(TypeId::kTime), int64_t{45'296'000'000}, std::string("12:34:56")},
      {Type::primitive(TypeId::kTime), int64_t{45'296'500'000}, std::string("12:34:56.5")},
      {Type::primitive(TypeId::kTime), int64_t{1}, std::string("00:00:00.000001")},
      {Type::primitive(TypeId::kTime), Null{}, Null{}},
      {Type::primitive(TypeId::kUuid), Bytes{std::string(15, '\xF7') + '\0'},
       std::string("f7f7f7f7-f7f7-f7f7-f7f7-f7f7f7f7f700")},
      {Type::primitive(TypeId::kLong), int64_t{7}, int64_t{7}},
      {Type::fixed(2), Bytes{"ab"}, Bytes{"ab"}},
  };
  for (const SparkValueRow& row : rows) EXPECT_EQ(to_spark(row.value, row.type), row.want);
}

}  // namespace
}  // namespace firn::types

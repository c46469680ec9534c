// JSON schemas: what DataType::json() writes is read again.
#include "sql/schema_json.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "sql/parser.h"

namespace firn::sql {
namespace {

TEST(SchemaJson, ReadsWhatIsWritten) {
  for (const char* ddl :
       {"a int", "a bigint not null, b string comment 'it\\'s \"that\"'",
        "`a b` array<array<decimal(38,10)>>, m map<string, struct<x: timestamp_ntz, y: binary>>",
        "v void, i interval day to second, y interval year to month, t timestamp, d date",
        "b boolean, t tinyint, s smallint, f float, d double"}) {
    const types::DataType type = parse_table_schema(ddl);
    EXPECT_EQ(parse_schema_json(type.json()), type) << ddl;
    EXPECT_EQ(parse_schema(type.json()), type) << ddl;
  }
  EXPECT_EQ(parse_schema("\"long\""), types::DataType(types::DataTypeId::kLong));
}

TEST(SchemaJson, TakesAnyOrderAndSkipsWhatItDoesNotKnow) {
  EXPECT_EQ(
      parse_schema_json(
          R"({ "fields" : [ {"metadata": {"x": [1, {"y": null}], "comment": "ä\u00e4\ud83d\ude00"},
      "nullable": false, "type": "integer", "name": "a"} ], "type": "struct" })"),
      parse_table_schema("a int not null comment 'ää😀'"));
}

TEST(SchemaJson, RefusesTheRest) {
  for (const char* text :
       {"{", "{}", R"({"type":"struct"})", R"({"type":"array"})", R"({"type":"struct","fields":[})",
        R"({"type":"struct","fields":[]} x)", R"("integer)", R"({"type":"\u12"})"}) {
    EXPECT_THROW((void)parse_schema_json(text), Error) << text;
  }
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += R"({"type":"array","elementType":)";
  EXPECT_THROW((void)parse_schema_json(deep), Error);
}

}  // namespace
}  // namespace firn::sql

// Schemas and default values in JSON.
#include "iceberg/schema_json.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "iceberg/metadata_json.h"

namespace firn::iceberg {
namespace {

using types::Bytes;
using types::Decimal;
using types::Type;
using types::TypeId;
using types::Value;

// Exactly the reference implementation's text: order of keys, spelling of types, no empty
// documentation.
TEST(SchemaJson, TextIsAsJavaWritesIt) {
  const std::string text =
      R"({"type":"struct","schema-id":3,"identifier-field-ids":[1],"fields":[)"
      R"({"id":1,"name":"id","required":true,"type":"long","doc":"the key"},)"
      R"j({"id":2,"name":"price","required":false,"type":"decimal(9, 2)"},)j"
      R"({"id":3,"name":"hash","required":false,"type":"fixed[16]"},)"
      R"({"id":4,"name":"place","required":false,"type":{"type":"struct","fields":[)"
      R"({"id":5,"name":"lat","required":true,"type":"double"}]}},)"
      R"({"id":6,"name":"tags","required":false,"type":{"type":"list","element-id":7,"element":"string",)"
      R"("element-required":false}},)"
      R"({"id":8,"name":"m","required":false,"type":{"type":"map","key-id":9,"key":"int","value-id":10,)"
      R"("value":{"type":"list","element-id":11,"element":"uuid","element-required":true},"value-required":true}}]})";
  const types::Schema schema = parse_schema(text);
  EXPECT_EQ(write_schema(schema), text);
  EXPECT_EQ(schema.find("m.value.element")->id, 11);
}

struct DefaultRow {
  const char* type;
  const char* json;
  Value value;
};
class Defaults : public testing::TestWithParam<DefaultRow> {};
TEST_P(Defaults, RoundTrip) {
  const Type type = types::parse_primitive(GetParam().type);
  const Json json = Json::parse(GetParam().json);
  const Value value = single_value_from(JsonCursor(json, "default"), type);
  EXPECT_EQ(value, GetParam().value);
  EXPECT_EQ(single_value_to_json(value, type).dump(), GetParam().json);
}
INSTANTIATE_TEST_SUITE_P(
    , Defaults,
    testing::Values(
        DefaultRow{"boolean", "true", true}, DefaultRow{"int", "34", int32_t{34}},
        DefaultRow{"long", "34", int64_t{34}}, DefaultRow{"float", "1.5", 1.5F},
        DefaultRow{"double", "1.25", 1.25}, DefaultRow{"decimal(9,2)", "\"14.20\"", Decimal{1420}},
        DefaultRow{"decimal(9,2)", "\"-0.05\"", Decimal{-5}},
        DefaultRow{"decimal(38,0)", "\"99999999999999999999999999999999999999\"",
                   Decimal{static_cast<__int128>(9999999999999999999ULL) *
                               static_cast<__int128>(10000000000000000000ULL) +
                           static_cast<__int128>(9999999999999999999ULL)}},
        DefaultRow{"date", "\"2017-11-16\"", int32_t{17486}},
        DefaultRow{"date", "\"1969-12-31\"", int32_t{-1}},
        DefaultRow{"time", "\"22:31:08.123456\"", int64_t{81068123456}},
        DefaultRow{"timestamp", "\"2017-11-16T22:31:08.123456\"", int64_t{1510871468123456}},
        DefaultRow{"timestamp", "\"1969-12-31T23:59:59.999999\"", int64_t{-1}},
        DefaultRow{"timestamptz", "\"2017-11-16T22:31:08.123456+00:00\"",
                   int64_t{1510871468123456}},
        DefaultRow{"timestamp_ns", "\"2017-11-16T22:31:08.123456789\"",
                   int64_t{1510871468123456789}},
        DefaultRow{"timestamptz_ns", "\"2017-11-16T22:31:08.123456789+00:00\"",
                   int64_t{1510871468123456789}},
        DefaultRow{"string", "\"iceberg\"", std::string("iceberg")},
        DefaultRow{
            "uuid", "\"f79c3e09-677c-4bbd-a479-3f349cb785e7\"",
            Bytes{std::string("\xf7\x9c\x3e\x09\x67\x7c\x4b\xbd\xa4\x79\x3f\x34\x9c\xb7\x85\xe7")}},
        DefaultRow{"fixed[4]", "\"000102ff\"", Bytes{std::string("\0\1\2\xff", 4)}},
        DefaultRow{"binary", "\"000102ff\"", Bytes{std::string("\0\1\2\xff", 4)}},
        DefaultRow{"unknown", "null", types::Null{}}));

struct BadDefaultRow {
  const char* type;
  const char* json;
};
class BadDefaults : public testing::TestWithParam<BadDefaultRow> {};
TEST_P(BadDefaults, AreCorrupt) {
  const Type type = types::parse_primitive(GetParam().type);
  const Json json = Json::parse(GetParam().json);
  try {
    single_value_from(JsonCursor(json, "default"), type);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kCorrupt);
  }
}
INSTANTIATE_TEST_SUITE_P(
    , BadDefaults,
    testing::Values(BadDefaultRow{"int", "3000000000"}, BadDefaultRow{"int", "1.5"},
                    BadDefaultRow{"long", "\"1\""}, BadDefaultRow{"boolean", "0"},
                    BadDefaultRow{"decimal(9,2)", "\"14.2\""},
                    BadDefaultRow{"decimal(4,2)", "\"114.20\""},
                    BadDefaultRow{"decimal(9,2)", "\"\""},
                    BadDefaultRow{"decimal(9,2)", "\"1.2.3\""},
                    BadDefaultRow{"date", "\"2017-02-30\""}, BadDefaultRow{"date", "\"2017-1-1\""},
                    BadDefaultRow{"date", "\"2017-11-16x\""}, BadDefaultRow{"time", "\"24:00:00\""},
                    BadDefaultRow{"timestamp", "\"2017-11-16 22:31:08\""},
                    BadDefaultRow{"timestamptz", "\"2017-11-16T22:31:08\""},
                    BadDefaultRow{"timestamptz", "\"2017-11-16T22:31:08+01:00\""},
                    BadDefaultRow{"timestamp_ns", "\"9999-01-01T00:00:00\""},
                    BadDefaultRow{"uuid", "\"f79c3e09677c4bbda4793f349cb785e7\""},
                    BadDefaultRow{"fixed[4]", "\"0001\""}, BadDefaultRow{"binary", "\"0\""},
                    BadDefaultRow{"binary", "\"zz\""}, BadDefaultRow{"variant", "1"}));

TEST(SchemaJson, DefaultsStayWithTheirFields) {
  const std::string text =
      R"({"type":"struct","schema-id":0,"fields":[{"id":1,"name":"a","required":true,"type":"int",)"
      R"("initial-default":1,"write-default":2}]})";
  const types::Schema schema = parse_schema(text);
  EXPECT_EQ(schema.fields[0].initial_default, Value(int32_t{1}));
  EXPECT_EQ(schema.fields[0].write_default, Value(int32_t{2}));
  EXPECT_EQ(write_schema(schema), text);
}

TEST(SpecJson, ArrayAloneAndWhole) {
  const std::string fields =
      R"([{"name":"at_day","transform":"day","source-id":4,"field-id":1000},)"
      R"({"name":"b","transform":"bucket[16]","source-id":1,"field-id":1001}])";
  types::PartitionSpec spec{7, parse_partition_fields(fields)};
  EXPECT_EQ(write_partition_fields(spec), fields);
  EXPECT_EQ(write_partition_spec(spec), R"({"spec-id":7,"fields":)" + fields + "}");
  EXPECT_EQ(parse_partition_spec(write_partition_spec(spec)), spec);
  EXPECT_EQ(write_partition_fields({}), "[]");
}

}  // namespace
}  // namespace firn::iceberg

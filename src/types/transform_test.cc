// Transforms: hash vectors of the specification, values of every transform, specs and paths.
#include "types/transform.h"

#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"

namespace firn::types {
namespace {

using std::string_literals::operator""s;

const std::string kUuid = "\xF7\x9C\x3E\x09\x67\x7C\x4B\xBD\xA4\x79\x3F\x34\x9C\xB7\x85\xE7";

struct HashRow {
  const char* type;
  Value value;
  int32_t want;
};
TEST(BucketHash, VectorsOfAppendixB) {
  for (const HashRow& row : {
           HashRow{"int", 34, 2017239379},
           {"long", int64_t{34}, 2017239379},
           {"decimal(9,2)", Decimal{1420}, -500754589},
           {"date", 17486, -653330422},
           {"time", int64_t{81068000000}, -662762989},
           {"timestamp", int64_t{1510871468000000}, -2047944441},
           {"timestamp", int64_t{1510871468000001}, -1207196810},
           {"timestamptz", int64_t{1510871468000000}, -2047944441},
           {"timestamptz", int64_t{1510871468000001}, -1207196810},
           {"timestamp_ns", int64_t{1510871468000000000}, -2047944441},
           {"timestamp_ns", int64_t{1510871468000001001}, -1207196810},
           {"timestamptz_ns", int64_t{1510871468000001001}, -1207196810},
           {"string", "iceberg"s, 1210000089},
           {"uuid", Bytes{kUuid}, 1488055340},
           {"fixed[4]", Bytes{"\0\1\2\3"s}, -188683207},
           {"binary", Bytes{"\0\1\2\3"s}, -188683207},
           {"boolean", true, 1392991556},
           {"float", 1.0F, -142385009},
           {"double", 1.0, -142385009},
           {"double", 0.0, 1669671676},
           {"double", -0.0, 1669671676},
           {"float", -0.0F, 1669671676},
           {"string", ""s, 0},
       }) {
    EXPECT_EQ(bucket_hash(parse_primitive(row.type), row.value), row.want) << row.type;
  }
}

struct ApplyRow {
  const char* transform;
  const char* type;
  Value in;
  Value want;
};
TEST(Transform, Applies) {
  constexpr int64_t kHour = 3'600'000'000;
  for (const ApplyRow& row : {
           ApplyRow{"identity", "string", "x"s, "x"s},
           {"bucket[16]", "int", 34, 3},
           {"bucket[100]", "int", 34, 79},
           {"bucket[16]", "string", "iceberg"s, 9},
           {"bucket[16]", "int", Null{}, Null{}},
           {"truncate[10]", "int", 1, 0},
           {"truncate[10]", "int", -1, -10},
           {"truncate[10]", "int", -10, -10},
           {"truncate[10]", "long", int64_t{-11}, int64_t{-20}},
           {"truncate[50]", "decimal(9,2)", Decimal{1065}, Decimal{1050}},
           {"truncate[50]", "decimal(9,2)", Decimal{-1}, Decimal{-50}},
           {"truncate[3]", "string", "iceberg"s, "ice"s},
           {"truncate[2]", "string", "äö\xF0\x9F\x98\x80"s, "äö"s},
           {"truncate[3]", "string", "äö\xF0\x9F\x98\x80z"s, "äö\xF0\x9F\x98\x80"s},
           {"truncate[3]", "string", "ab"s, "ab"s},
           {"truncate[3]", "binary", Bytes{"\0\1\2\3"s}, Bytes{"\0\1\2"s}},
           {"year", "date", 17501, 47},
           {"month", "date", 17501, 575},
           {"day", "date", 17501, 17501},
           {"year", "date", -1, -1},
           {"month", "date", -1, -1},
           {"month", "date", -31, -1},
           {"month", "date", -32, -2},
           {"year", "timestamp", int64_t{-1}, -1},
           {"month", "timestamp", int64_t{-1}, -1},
           {"day", "timestamp", int64_t{-1}, -1},
           {"hour", "timestamp", int64_t{-1}, -1},
           {"hour", "timestamp", -kHour, -1},
           {"hour", "timestamptz", -kHour - 1, -2},
           {"hour", "timestamp", kHour * 24 * 17501 + kHour * 10, 420034},
           {"day", "timestamp_ns", int64_t{-1}, -1},
           {"hour", "timestamptz_ns", kHour * 1000, 1},
           {"year", "timestamp", std::numeric_limits<int64_t>::min(), -292278},
           {"void", "string", "x"s, Null{}},
           {"day", "timestamp", Null{}, Null{}},
       }) {
    const Value got = apply(parse_transform(row.transform), parse_primitive(row.type), row.in);
    EXPECT_EQ(got, row.want) << row.transform << " of " << row.type;
  }
}

struct TypeRow {
  const char* transform;
  const char* source;
  const char* want;  // "" where it does not apply
};
TEST(Transform, ResultTypes) {
  for (const TypeRow& row : {
           TypeRow{"identity", "decimal(9, 2)", "decimal(9, 2)"},
           {"identity", "variant", ""},
           {"identity", "geometry", ""},
           {"bucket[4]", "uuid", "int"},
           {"bucket[4]", "boolean", ""},
           {"bucket[4]", "double", ""},
           {"truncate[4]", "string", "string"},
           {"truncate[4]", "fixed[8]", ""},
           {"year", "date", "int"},
           {"month", "timestamptz", "int"},
           {"day", "timestamp_ns", "date"},
           {"hour", "timestamp", "int"},
           {"hour", "date", ""},
           {"day", "time", ""},
           {"void", "long", "long"},
       }) {
    const Transform transform = parse_transform(row.transform);
    const Type source = parse_primitive(row.source);
    const bool applies = row.want[0] != '\0';
    EXPECT_EQ(can_transform(transform, source), applies) << row.transform << " " << row.source;
    if (applies) {
      EXPECT_EQ(result_type(transform, source).to_string(), row.want);
    } else {
      EXPECT_THROW(apply(transform, source, Null{}), Error);
    }
  }
}

TEST(Transform, Spelling) {
  for (const char* text : {"identity", "bucket[16]", "truncate[4]", "year", "month", "day", "hour",
                           "void", "zorder[a]", "bucket", "bucket[0]", "bucket[x]", "days"}) {
    EXPECT_EQ(parse_transform(text).to_string(), text);
  }
  EXPECT_EQ(parse_transform("Bucket[16]").to_string(), "bucket[16]");
  EXPECT_EQ(parse_transform("zorder[a]").id, TransformId::kUnknown);
  EXPECT_EQ(parse_transform("bucket[0]").id, TransformId::kUnknown);
  EXPECT_THROW(apply(parse_transform("zorder"), parse_primitive("int"), 1), Error);
}

Field field(int id, std::string name, const char* type) {
  Field made;
  made.id = id;
  made.name = std::move(name);
  made.type = parse_primitive(type);
  return made;
}

struct PathRow {
  const char* transform;
  const char* type;
  Value partition;
  std::string want;
};
TEST(PartitionSpec, Paths) {
  for (const PathRow& row : {
           PathRow{"hour", "timestamp", 419734 + 0, "p=2017-11-18-22"},
           {"day", "timestamp", 17486, "p=2017-11-16"},
           {"month", "date", 574, "p=2017-11"},
           {"month", "date", -1, "p=1969-12"},
           {"year", "date", -1, "p=1969"},
           {"bucket[16]", "string", 3, "p=3"},
           {"identity", "string", "a b/c=ä*~"s, "p=a+b%2Fc%3D%C3%A4*%7E"},
           {"identity", "string", Null{}, "p=null"},
           {"identity", "binary", Bytes{"\xFF\xEF"}, "p=%2F%2B8%3D"},
           {"identity", "string", std::string(253, 'x'), "p=" + std::string(253, 'x')},
           {"identity", "string", std::string(300, 'x'), "p=" + std::string(253, 'x')},
           {"identity", "string", std::string(251, 'x') + "/y", "p=" + std::string(251, 'x')},
           {"identity", "string", std::string(250, 'x') + "/y",
            "p=" + std::string(250, 'x') + "%2F"},
           {"identity", "timestamptz", int64_t{0}, "p=1970-01-01T00%3A00%3A00Z"},
           {"identity", "decimal(9,2)", Decimal{1420}, "p=14.20"},
       }) {
    Schema schema;
    schema.fields = {field(1, "c", row.type)};
    PartitionSpec spec;
    spec.fields = {PartitionField{1, 1000, "p", parse_transform(row.transform)}};
    EXPECT_EQ(spec.partition_path(schema, {row.partition}), row.want) << row.transform;
  }
}

TEST(PartitionSpec, TypeOfTheTuple) {
  Schema schema;
  schema.fields = {field(1, "ts", "timestamptz"), field(2, "name", "string")};
  PartitionSpec spec;
  EXPECT_TRUE(spec.is_unpartitioned());
  EXPECT_EQ(spec.partition_path(schema, {}), "");
  spec.fields = {PartitionField{1, 1000, "ts day", parse_transform("day")},
                 PartitionField{2, 1001, "name_bucket", parse_transform("bucket[8]")},
                 PartitionField{2, 1002, "gone", parse_transform("void")}};
  EXPECT_EQ(spec.partition_type(schema).to_string(),
            "struct<1000: ts day: optional date, 1001: name_bucket: optional int, "
            "1002: gone: optional string>");
  EXPECT_EQ(spec.partition_path(schema, {17486, 3, Null{}}),
            "ts+day=2017-11-16/name_bucket=3/gone=null");
  spec.fields = {PartitionField{2, 1002, "gone", parse_transform("void")}};
  EXPECT_TRUE(spec.is_unpartitioned());
}

}  // namespace
}  // namespace firn::types

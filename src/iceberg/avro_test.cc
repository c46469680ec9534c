// The Avro codec on its own: schemas, values, containers of every codec, and hostile bytes.
#include <gtest/gtest.h>

#include "base/error.h"
#include "iceberg/avro_codec.h"
#include "iceberg/avro_reader.h"
#include "iceberg/avro_schema.h"
#include "iceberg/avro_value.h"
#include "iceberg/avro_writer.h"
#include "types/test_support.h"

namespace firn::iceberg {
namespace {

using types::Type;
using types::TypeId;
using types::Value;

// ---- numbers
struct VarintRow {
  int64_t value;
  std::string bytes;
};
class Varints : public testing::TestWithParam<VarintRow> {};
TEST_P(Varints, ZigZag) {
  AvroEncoder out;
  out.put_long(GetParam().value);
  EXPECT_EQ(out.bytes(), GetParam().bytes);
  const std::string file = "f";
  AvroDecoder in(out.bytes(), file);
  EXPECT_EQ(in.read_long(), GetParam().value);
  EXPECT_TRUE(in.at_end());
}
INSTANTIATE_TEST_SUITE_P(
    , Varints,
    testing::Values(VarintRow{0, std::string(1, '\0')}, VarintRow{-1, "\x01"}, VarintRow{1, "\x02"},
                    VarintRow{-64, "\x7f"}, VarintRow{64, std::string("\x80\x01")},
                    VarintRow{INT64_MAX, "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"},
                    VarintRow{INT64_MIN, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"}));

template <typename Call>
void expect_corrupt(Call call, const std::string& part) {
  try {
    call();
    ADD_FAILURE() << "accepted: " << part;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kCorrupt) << error.what();
    EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
  }
}

TEST(AvroDecoderTest, HostileBytes) {
  const std::string file = "the-file.avro";
  const auto decode = [&](std::string_view bytes, auto read, const std::string& part) {
    expect_corrupt(
        [&] {
          AvroDecoder in(bytes, file);
          read(in);
        },
        "the-file.avro: " + part);
  };
  decode(
      "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", [](AvroDecoder& d) { d.read_long(); },
      "a number is longer than 64 bits");
  decode(
      "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", [](AvroDecoder& d) { d.read_long(); },
      "a number is longer");
  decode("\x80", [](AvroDecoder& d) { d.read_long(); }, "the data ends inside a number");
  decode(
      "\x80\x80\x80\x80\x10", [](AvroDecoder& d) { d.read_int(); },
      "an int is longer than 32 bits");
  decode("\x01", [](AvroDecoder& d) { d.read_bytes(); }, "a length is negative");
  decode(
      "\x10"
      "abc",
      [](AvroDecoder& d) { d.read_bytes(); }, "the data ends inside a value");
  decode("\x02", [](AvroDecoder& d) { d.read_boolean(); }, "a boolean is neither 0 nor 1");
  decode("abc", [](AvroDecoder& d) { d.read_float(); }, "the data ends");
  decode(
      "\xfe\xff\xff\xff\x0f", [](AvroDecoder& d) { d.read_block_count(); },
      "more items are announced");
  decode(
      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", [](AvroDecoder& d) { d.read_block_count(); },
      "a count is out of range");
}

// ---- schemas
TEST(AvroSchemaTest, EveryKindAndNamespaces) {
  const AvroSchema schema = parse_avro_schema(R"({"type":"record","name":"a.b.Top","fields":[
    {"name":"e","type":{"type":"enum","name":"E","symbols":["X","Y"]},"field-id":1},
    {"name":"f","type":{"type":"fixed","name":"F","namespace":"other","size":3}},
    {"name":"again","type":["null","a.b.E","other.F","E"]},
    {"name":"list","type":{"type":"array","items":"Top","element-id":7}},
    {"name":"map","type":{"type":"map","values":{"type":"long","logicalType":"timestamp-micros","adjust-to-utc":true},
                          "key-id":8,"value-id":9}},
    {"name":"wrapped","type":{"type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}}},
    {"name":"odd","type":{"type":"string","logicalType":"date"}},
    {"name":"d","type":{"type":"fixed","name":"D","size":4,"logicalType":"decimal","precision":99}}]})",
                                              "f");
  const auto& fields = schema.at(schema.root).fields;
  EXPECT_EQ(fields[0].field_id, 1);
  EXPECT_EQ(schema.at(fields[0].node).name, "a.b.E");
  EXPECT_EQ(schema.at(fields[1].node).name, "other.F");
  const AvroNode& again = schema.at(fields[2].node);
  EXPECT_EQ(again.branches[1], fields[0].node);
  EXPECT_EQ(again.branches[2], fields[1].node);
  EXPECT_EQ(again.branches[3], fields[0].node);
  EXPECT_EQ(schema.at(fields[3].node).items, schema.root);  // contains itself
  EXPECT_EQ(schema.at(fields[3].node).element_id, 7);
  EXPECT_EQ(schema.at(fields[4].node).key_id, 8);
  EXPECT_EQ(schema.at(fields[4].node).value_id, 9);
  const AvroNode& time = schema.at(schema.at(fields[4].node).items);
  EXPECT_EQ(time.logical, AvroLogical::kTimestampMicros);
  EXPECT_TRUE(time.adjust_to_utc);
  EXPECT_EQ(schema.at(fields[5].node).logical, AvroLogical::kDecimal);
  EXPECT_EQ(schema.at(fields[6].node).logical, AvroLogical::kNone);  // does not fit: ignored
  EXPECT_EQ(schema.at(fields[7].node).logical, AvroLogical::kNone);
}

TEST(AvroSchemaTest, Hostile) {
  for (
      const char* text :
      {"", "3", "\"nothing\"", "[]", "[[\"null\"]]", R"({"type":"record","name":"r"})",
       R"({"type":"fixed","name":"f","size":-1})",
       R"({"type":"fixed","name":"f","size":99999999999})", R"({"type":"enum","symbols":[]})",
       R"({"type":"record","name":"r","fields":[{"name":"a","type":{"type":"record","name":"r","fields":[]}}]})",
       R"({"type":"record","name":"r","fields":[{"name":"a","type":"int","field-id":"x"}]})",
       R"({"type":"record","name":"r","fields":[{"name":"a","type":"int","field-id":1},{"name":"b","type":"int","field-id":1}]})"}) {
    expect_corrupt([&] { parse_avro_schema(text, "bad.avro"); }, "bad.avro: avro.schema");
  }
  std::string deep = "\"int\"";
  for (int i = 0; i < 5000; ++i) deep = R"({"type":"array","items":)" + deep + "}";
  expect_corrupt([&] { parse_avro_schema(deep, "bad.avro"); }, "nested deeper");
}

// Every Iceberg type as the specification's Appendix A maps it.
struct TypeRow {
  const char* name;
  Type type;
  const char* avro;  // of an optional field "c" with id 1
};
class TypesInAvro : public testing::TestWithParam<TypeRow> {};
TEST_P(TypesInAvro, AsAppendixA) {
  const std::string schema =
      avro_schema_of(Type::structure({field(1, "c", GetParam().type)}), "table");
  EXPECT_EQ(
      schema,
      std::string(R"({"type":"record","name":"table","fields":[{"name":"c","type":["null",)") +
          GetParam().avro + R"(],"default":null,"field-id":1}]})");
  EXPECT_NO_THROW(parse_avro_schema(schema, "f"));
}
INSTANTIATE_TEST_SUITE_P(
    , TypesInAvro,
    testing::Values(
        TypeRow{"boolean", Type::primitive(TypeId::kBoolean), R"("boolean")"},
        TypeRow{"int_", Type::primitive(TypeId::kInt), R"("int")"},
        TypeRow{"long_", Type::primitive(TypeId::kLong), R"("long")"},
        TypeRow{"float_", Type::primitive(TypeId::kFloat), R"("float")"},
        TypeRow{"double_", Type::primitive(TypeId::kDouble), R"("double")"},
        TypeRow{
            "decimal9", Type::decimal(9, 2),
            R"({"type":"fixed","name":"decimal_9_2","size":4,"logicalType":"decimal","precision":9,"scale":2})"},
        TypeRow{
            "decimal10", Type::decimal(10, 0),
            R"({"type":"fixed","name":"decimal_10_0","size":5,"logicalType":"decimal","precision":10,"scale":0})"},
        TypeRow{
            "decimal38", Type::decimal(38, 10),
            R"({"type":"fixed","name":"decimal_38_10","size":16,"logicalType":"decimal","precision":38,"scale":10})"},
        TypeRow{"date", Type::primitive(TypeId::kDate), R"({"type":"int","logicalType":"date"})"},
        TypeRow{"time", Type::primitive(TypeId::kTime),
                R"({"type":"long","logicalType":"time-micros"})"},
        TypeRow{"timestamp", Type::primitive(TypeId::kTimestamp),
                R"({"type":"long","logicalType":"timestamp-micros","adjust-to-utc":false})"},
        TypeRow{"timestamptz", Type::primitive(TypeId::kTimestamptz),
                R"({"type":"long","logicalType":"timestamp-micros","adjust-to-utc":true})"},
        TypeRow{"timestamptz_ns", Type::primitive(TypeId::kTimestamptzNs),
                R"({"type":"long","logicalType":"timestamp-nanos","adjust-to-utc":true})"},
        TypeRow{"string", Type::primitive(TypeId::kString), R"("string")"},
        TypeRow{"uuid", Type::primitive(TypeId::kUuid),
                R"({"type":"fixed","name":"uuid_fixed","size":16,"logicalType":"uuid"})"},
        TypeRow{"fixed", Type::fixed(7), R"({"type":"fixed","name":"fixed_7","size":7})"},
        TypeRow{"binary", Type::primitive(TypeId::kBinary), R"("bytes")"},
        TypeRow{
            "structure", Type::structure({field(2, "x", Type::primitive(TypeId::kInt), true)}),
            R"({"type":"record","name":"r1","fields":[{"name":"x","type":"int","field-id":2}]})"},
        TypeRow{"list", Type::list(2, false, Type::primitive(TypeId::kInt)),
                R"({"type":"array","items":["null","int"],"element-id":2})"},
        TypeRow{
            "map_of_strings",
            Type::map(2, Type::primitive(TypeId::kString), 3, true, Type::primitive(TypeId::kLong)),
            R"({"type":"map","values":"long","key-id":2,"value-id":3})"},
        TypeRow{
            "map_of_ints",
            Type::map(2, Type::primitive(TypeId::kInt), 3, false, Type::primitive(TypeId::kLong)),
            R"({"type":"array","items":{"type":"record","name":"k2_v3","fields":[{"name":"key","type":"int","field-id":2},{"name":"value","type":["null","long"],"default":null,"field-id":3}]},"logicalType":"map"})"}),
    [](const auto& row) { return row.param.name; });

TEST(AvroSchemaTest, NamesThatAvroForbidsAndTypesNamedOnce) {
  EXPECT_EQ(
      avro_schema_of(Type::structure({field(1, "9 lives", Type::decimal(9, 2), true),
                                      field(2, "b", Type::decimal(9, 2), true)}),
                     "t"),
      R"({"type":"record","name":"t","fields":[{"name":"_9_x20lives","type":{"type":"fixed","name":"decimal_9_2","size":4,"logicalType":"decimal","precision":9,"scale":2},"iceberg-field-name":"9 lives","field-id":1},{"name":"b","type":"decimal_9_2","field-id":2}]})");
}

// ---- values: written by type, read by the writer's schema
struct ValueRow {
  const char* name;
  Type type;
  Value value;
};
class ValuesInAvro : public testing::TestWithParam<ValueRow> {};
TEST_P(ValuesInAvro, RoundTrip) {
  const AvroSchema schema = parse_avro_schema(
      avro_schema_of(Type::structure({field(1, "c", GetParam().type)}), "t"), "f");
  AvroEncoder out;
  out.put_some();
  write_avro_value(out, GetParam().value, GetParam().type);
  const std::string file = "f";
  AvroDecoder in(out.bytes(), file);
  AvroValue value(in, schema, schema.at(schema.root).fields[0].node, "c");
  EXPECT_EQ(conform(read_avro_value(value), GetParam().type, value), GetParam().value);
  EXPECT_TRUE(in.at_end());
  AvroDecoder skipped(out.bytes(), file);
  skipped.skip(schema, schema.root);
  EXPECT_TRUE(skipped.at_end());
}
INSTANTIATE_TEST_SUITE_P(
    , ValuesInAvro,
    testing::Values(
        ValueRow{"boolean", Type::primitive(TypeId::kBoolean), true},
        ValueRow{"int_", Type::primitive(TypeId::kInt), int32_t{-5}},
        ValueRow{"long_", Type::primitive(TypeId::kLong), int64_t{1} << 60},
        ValueRow{"float_", Type::primitive(TypeId::kFloat), 1.5F},
        ValueRow{"double_", Type::primitive(TypeId::kDouble), -0.0},
        ValueRow{"decimal", Type::decimal(9, 2), types::Decimal{-1420}},
        ValueRow{"decimal_max", Type::decimal(38, 0), types::Decimal{(__int128{1} << 126)}},
        ValueRow{"date", Type::primitive(TypeId::kDate), int32_t{17486}},
        ValueRow{"time", Type::primitive(TypeId::kTime), int64_t{81068123456}},
        ValueRow{"timestamp", Type::primitive(TypeId::kTimestamp), int64_t{-1}},
        ValueRow{"string", Type::primitive(TypeId::kString), std::string("日本")},
        ValueRow{"uuid", Type::primitive(TypeId::kUuid), types::Bytes{std::string(16, '\x7f')}},
        ValueRow{"fixed", Type::fixed(3), types::Bytes{std::string("\0\1\2", 3)}},
        ValueRow{"binary", Type::primitive(TypeId::kBinary), types::Bytes{""}}),
    [](const auto& row) { return row.param.name; });

// ---- containers
std::string container(const std::string& codec, int rows) {
  AvroFileWriter writer(
      R"({"type":"record","name":"r","fields":[{"name":"n","type":"long","field-id":1},)"
      R"({"name":"s","type":["null","string"],"field-id":2}]})",
      {{"key", "value"}}, codec);
  for (int i = 0; i < rows; ++i) {
    writer.encoder().put_long(i);
    if (i % 3 == 0) {
      writer.encoder().put_null();
    } else {
      writer.encoder().put_some();
      writer.encoder().put_bytes(std::string(static_cast<size_t>(i % 50), 'x'));
    }
    writer.end_object();
  }
  return std::move(writer).finish();
}

class Codecs : public testing::TestWithParam<const char*> {};
TEST_P(Codecs, ManyBlocks) {
  const std::string bytes = container(GetParam(), 20000);
  const std::string name = "f.avro";
  AvroFile file(bytes, name);
  EXPECT_EQ(file.metadata().at("key"), "value");
  EXPECT_EQ(file.metadata().at("avro.codec"), GetParam());
  int64_t next = 0;
  file.for_each([&](AvroValue record) {
    record.for_each_field([&](const AvroField& field, AvroValue value) {
      if (field.field_id == 1) {
        EXPECT_EQ(value.as_long(), next);
      } else if (!value.is_null()) {
        EXPECT_EQ(value.as_string().size(), static_cast<size_t>(next % 50));
      }
    });
    ++next;
  });
  EXPECT_EQ(next, 20000);
}
// Whatever byte is changed or cut off: an Error, or other rows, but no crash.
TEST_P(Codecs, DamagedBytes) {
  const std::string bytes = container(GetParam(), 40);
  const std::string name = "f.avro";
  const auto read = [&](const std::string& damaged) {
    try {
      AvroFile file(damaged, name);
      file.for_each([](AvroValue record) { record.skip(); });
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == Code::kCorrupt || error.code() == Code::kUnsupported)
          << error.what();
      EXPECT_NE(error.message().find(name), std::string::npos);
    }
  };
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
    read(damaged);
    read(bytes.substr(0, i));
  }
}
INSTANTIATE_TEST_SUITE_P(, Codecs, testing::Values("null", "deflate", "snappy", "zstandard"));

TEST(AvroCodec, UnknownAndDamaged) {
  const std::string file = "f.avro";
  std::string scratch;
  try {
    const AvroDecompressor unknown("xz", file);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUnsupported);
  }
  std::string snappy = avro_compress("snappy", "hello hello hello");
  snappy.back() = static_cast<char>(snappy.back() ^ 1);
  AvroDecompressor unsnap("snappy", file);
  expect_corrupt([&] { unsnap.decompress(snappy, scratch); },
                 "f.avro: a snappy block fails its checksum");
  // claims 2^31 bytes
  expect_corrupt([&] { unsnap.decompress(std::string("\x80\x80\x80\x80\x08zzzz"), scratch); },
                 "too large");
}

// What one block leaves behind, a damaged one too, is not in the next.
TEST(AvroCodec, OneDecompressorForAllBlocks) {
  const std::string file = "f.avro";
  const std::string long_text(300'000, 'x');
  for (const char* codec : {"deflate", "snappy", "zstandard"}) {
    AvroDecompressor blocks(codec, file);
    std::string scratch;
    for (const std::string& text :
         {std::string("first"), long_text, std::string(), std::string("last")}) {
      const std::string block = avro_compress(codec, text);
      EXPECT_EQ(blocks.decompress(block, scratch), text) << codec;
      const std::string cut = block.substr(0, block.size() / 2);
      EXPECT_THROW(blocks.decompress(cut, scratch), Error) << codec;
    }
  }
}

TEST(AvroCodec, BombsAreBounded) {
  const std::string file = "f.avro";
  std::string scratch;
  const std::string zeros(65 << 20, '\0');
  for (const char* codec : {"deflate", "zstandard"}) {
    const std::string bomb = avro_compress(codec, zeros);
    EXPECT_LT(bomb.size(), size_t{1} << 20);
    AvroDecompressor bounded(codec, file);
    expect_corrupt([&] { bounded.decompress(bomb, scratch); }, "larger than 64 MiB");
  }
}

TEST(AvroFileTest, RecursionIsBounded) {
  AvroFileWriter writer(
      R"({"type":"record","name":"r","fields":[{"name":"next","type":["null","r"]}]})", {}, "null");
  for (int i = 0; i < 100000; ++i) writer.encoder().put_some();
  writer.encoder().put_null();
  writer.end_object();
  const std::string bytes = std::move(writer).finish();
  const std::string name = "f.avro";
  AvroFile file(bytes, name);
  expect_corrupt([&] { file.for_each([](AvroValue record) { record.skip(); }); },
                 "nested too deeply");
}

TEST(AvroFileTest, EqualContentGivesEqualBytes) {
  EXPECT_EQ(container("deflate", 100), container("deflate", 100));
  EXPECT_NE(container("deflate", 100), container("deflate", 101));
}

}  // namespace
}  // namespace firn::iceberg

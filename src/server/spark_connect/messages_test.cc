// Parsing within bounds; schemas as text.
#include "server/spark_connect/messages.h"

#include <gtest/gtest.h>
#include <spark/connect/base.pb.h>
#include <zstd.h>

#include "base/error.h"
#include "server/spark_connect/analyze.h"
#include "sql/parser.h"

namespace firn::server::spark_connect {
namespace {

namespace sc = ::spark::connect;

std::string chain(int operators) {
  sc::Relation relation;
  relation.mutable_range()->set_end(10);
  for (int i = 0; i < operators; ++i) {
    sc::Relation outer;
    outer.mutable_deduplicate()->mutable_input()->Swap(&relation);
    relation.Swap(&outer);
  }
  return relation.SerializeAsString();
}

std::string condition_of(const std::string& bytes) {
  try {
    (void)parsed<sc::Relation>(bytes);
  } catch (const Error& error) {
    return std::string(error.condition());
  }
  return "";
}

TEST(Messages, NestAsDeepAsPlansDo) {
  EXPECT_EQ(condition_of(chain(500)), "");
  EXPECT_EQ(condition_of(chain(2000)), "FIRN_RESOURCE");
}

TEST(Messages, BrokenBytesAreNamed) {
  EXPECT_EQ(condition_of("\xff\xff\xff"), "CONNECT_INVALID_PLAN.CANNOT_PARSE");
  EXPECT_EQ(condition_of(std::string("\x0a\x7f", 2)), "CONNECT_INVALID_PLAN.CANNOT_PARSE");
}

std::string compressed(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 1));
  return out;
}

TEST(Messages, Decompress) {
  const std::string text(100'000, 'x');
  const std::string packed = compressed(text);
  EXPECT_EQ(decompressed(packed), text);
  EXPECT_THROW(decompressed(packed.substr(0, packed.size() / 2)), Error);
  EXPECT_THROW(decompressed("no zstd"), Error);
}

TEST(Messages, DecompressedSizeIsBounded) {
  const std::string packed = compressed(std::string((128 << 20) + 1, 'x'));
  EXPECT_LT(packed.size(), 1U << 20);
  EXPECT_THROW(decompressed(packed), Error);
}

TEST(SchemaText, TreeString) {
  const auto schema = sql::parse_schema(
      "id bigint not null, m map<string, array<int>>, s struct<d: decimal(10,2)>");
  EXPECT_EQ(tree_string(schema, 0),
            "root\n"
            " |-- id: long (nullable = false)\n"
            " |-- m: map (nullable = true)\n"
            " |    |-- key: string\n"
            " |    |-- value: array (valueContainsNull = true)\n"
            " |    |    |-- element: integer (containsNull = true)\n"
            " |-- s: struct (nullable = true)\n"
            " |    |-- d: decimal(10,2) (nullable = true)\n");
  EXPECT_EQ(tree_string(schema, 1),
            "root\n"
            " |-- id: long (nullable = false)\n"
            " |-- m: map (nullable = true)\n"
            " |-- s: struct (nullable = true)\n");
}

TEST(SchemaText, Ddl) {
  EXPECT_EQ(to_ddl(sql::parse_schema("`a b` int not null, c string comment 'it\\'s'")),
            "`a b` INT NOT NULL,c STRING COMMENT 'it\\'s'");
}

}  // namespace
}  // namespace firn::server::spark_connect

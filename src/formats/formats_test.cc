// Rules of the text formats that need no engine: fields of CSV, lines in parts, values, bytes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "formats/byte_stream.h"
#include "formats/csv_tokenizer.h"
#include "formats/delta_log.h"
#include "formats/line_reader.h"
#include "formats/schema_json.h"
#include "formats/value_parser.h"
#include "kernels/json_schema.h"

namespace firn::formats {
namespace {

using Map = std::map<std::string, std::string>;
using Lines = std::vector<std::string>;

// ---- CSV

struct CsvCase {
  const char* text;
  Map options;
  Lines want;  // fields, NULL as "∅"
};

TEST(Csv, Fields) {
  const CsvCase rows[] = {
      {"a,b,", {}, {"a", "b", "∅"}},
      {"\"a,b\",c", {}, {"a,b", "c"}},
      {R"("a\"b","c\\d",e\f)", {}, {"a\"b", "c\\d", "e\\f"}},
      {R"("a""b")", {}, {"\"a\"\"b\""}},
      {R"("a""b")", {{"escape", "\""}}, {"a\"b"}},
      {R"("a"b,c)", {}, {"\"a\"b", "c"}},
      {"\"a\" ,b", {}, {"a", "b"}},
      {"a\"b\"c,d", {}, {"a\"b\"c", "d"}},
      {"'a,b'|c", {{"sep", "|"}, {"quote", "'"}}, {"a,b", "c"}},
      {"a||b", {{"delimiter", "||"}}, {"a", "b"}},
      {" a , b ", {}, {" a ", " b "}},
      {" a , b ",
       {{"ignoreLeadingWhiteSpace", "true"}, {"ignoreTrailingWhiteSpace", "true"}},
       {"a", "b"}},
      {"NA,\"\",x", {{"nullValue", "NA"}}, {"∅", "", "x"}},
      {R"("f|\"",g)", {{"charToEscapeQuoteEscaping", "|"}}, {"f\\\"", "g"}},
      {R"(a,")", {}, {"a", "\""}},
      {R"("a"b,c"d,e)", {{"unescapedQuoteHandling", "STOP_AT_CLOSING_QUOTE"}}, {"a\"b,c\"d,e"}},
      {R"("a,b"c,d",e)", {{"unescapedQuoteHandling", "BACK_TO_DELIMITER"}}, {"a", "bc,d", "e"}},
      {R"("a"b,c)", {{"unescapedQuoteHandling", "SKIP_VALUE"}}, {"∅", "c"}},
  };
  for (const CsvCase& row : rows) {
    CsvTokenizer tokenizer(csv_dialect(Options(row.options)));
    std::vector<CsvField> fields;
    const std::string text = row.text;
    const char* at = text.data();
    ASSERT_TRUE(tokenizer.next(at, text.data() + text.size(), fields)) << row.text;
    Lines got;
    for (const CsvField& field : fields)
      got.push_back(field.is_null ? "∅" : std::string(field.text));
    EXPECT_EQ(got, row.want) << row.text;
  }
}

// ---- Lines

class Text final : public ByteStream {
 public:
  explicit Text(std::string text) : text_(std::move(text)) {}
  size_t read(char* out, size_t size) override {
    const size_t part = std::min({size, text_.size() - at_, size_t{3}});  // in small pieces
    std::memcpy(out, text_.data() + at_, part);
    at_ += part;
    return part;
  }

 private:
  std::string text_;
  size_t at_ = 0;
};

Lines lines_of(LineReader reader) {
  Lines lines;
  for (std::string_view line; reader.next(line);) lines.emplace_back(line);
  return lines;
}

TEST(LineReader, EndsOfLines) {
  EXPECT_EQ(lines_of(LineReader(std::make_unique<Text>("a\nbb\r\nccc\rd"), "")),
            (Lines{"a", "bb", "ccc", "d"}));
  EXPECT_EQ(lines_of(LineReader(std::make_unique<Text>("a||b|c||"), "||")), (Lines{"a", "b|c"}));
  EXPECT_EQ(lines_of(LineReader(std::make_unique<Text>("\n\n"), "")), (Lines{"", ""}));
  EXPECT_EQ(lines_of(LineReader(std::make_unique<Text>(""), "")), Lines{});
}

TEST(LineReader, PartsShareNothingAndMissNothing) {
  const std::string text = "one\r\ntwo\nthree\r\r\nfour\nfive";
  const Lines all = lines_of(LineReader(std::make_unique<Text>(text), ""));
  for (int64_t size = 1; size < 12; ++size) {
    Lines got;
    for (int64_t start = 0; start < static_cast<int64_t>(text.size()); start += size) {
      for (std::string& line :
           lines_of(LineReader(std::make_unique<Text>(text.substr(static_cast<size_t>(start))), "",
                               start, start + size)))
        got.push_back(std::move(line));
    }
    EXPECT_EQ(got, all) << size;
  }
}

// ---- Compression

TEST(Compression, RoundTrips) {
  const auto store = files::make_memory_store();
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += "line " + std::to_string(i * 7919 % 1000) + "\n";
  for (const char* name : {"none", "gzip", "deflate", "bzip2", "zstd", "lz4", "snappy"}) {
    const CompressionRow& codec = find_compression(name);
    const std::string uri = "mem://d/a.txt" + std::string(codec.extension);
    const auto sink = make_sink(store->create(uri, files::WriteMode::kOverwrite), codec);
    sink->write(text);
    sink->finish();
    EXPECT_TRUE(read_all(*open_bytes(*store, uri)) == text) << name;
    if (codec.extension.empty()) continue;
    const std::string cut = store->read_all(uri).substr(0, 100);
    const auto damaged = store->create(uri, files::WriteMode::kOverwrite);
    damaged->write(cut);
    damaged->finish();
    EXPECT_THROW(read_all(*open_bytes(*store, uri)), Error) << name;
  }
}

// ---- Values

TEST(Values, JavaNumbers) {
  struct Row {
    const char* text;
    bool integer, real;
  };
  for (const Row& row : {Row{"1", true, true},
                         {"+1", true, true},
                         {" 1", false, true},
                         {"1.5", false, true},
                         {"1d", false, true},
                         {"NaN", false, true},
                         {"nan", false, false},
                         {"inf", false, false},
                         {"Infinity", false, true},
                         {"1_0", false, false},
                         {"", false, false},
                         {"-", false, false},
                         {"+-1", false, false},
                         {"1e400", false, true},
                         {".5", false, true}}) {
    int64_t whole = 0;
    double real = 0;
    EXPECT_EQ(is_java_integer(row.text, INT32_MIN, INT32_MAX, whole), row.integer) << row.text;
    EXPECT_EQ(is_java_double(row.text, real), row.real) << row.text;
  }
}

// ---- Schemas

TEST(JsonSchema, WidensAsSparkDoes) {
  struct Row {
    Lines records;
    const char* want;
  };
  for (const Row& row : {
           Row{{R"({"b":1,"a":"x"})", R"({"b":1.5})"}, "struct<a:string,b:double>"},
           Row{{R"({"a":1})", R"({"a":true})"}, "struct<a:string>"},
           Row{{R"({"a":null})", R"({"a":{"x":1}})"}, "struct<a:struct<x:bigint>>"},
           Row{{R"({"a":[]})", R"({"a":[1,2.5]})"}, "struct<a:array<double>>"},
           Row{{R"({"a":123456789012345678901})"}, "struct<a:decimal(21,0)>"},
           Row{{R"({"a":{}})", R"({"b":""})"}, "struct<b:string>"},
           Row{{R"([{"a":1},{"b":2}])"}, "struct<a:bigint,b:bigint>"},
       }) {
    kernels::JsonSchema schema({});
    for (const std::string& record : row.records) EXPECT_TRUE(schema.add(record)) << record;
    EXPECT_EQ(schema.schema().simple_string(), row.want);
  }
  kernels::JsonSchema schema({});
  EXPECT_FALSE(schema.add("{\"a\":"));
  EXPECT_FALSE(schema.add("17"));
  EXPECT_TRUE(schema.add("  "));
  EXPECT_EQ(schema.schema().simple_string(), "struct<>");
}

TEST(SchemaJson, RoundTrips) {
  const char* text =
      R"j({"type":"struct","fields":[{"name":"a","type":"decimal(9,2)","nullable":true,"metadata":{}},)j"
      R"j({"name":"m","type":{"type":"map","keyType":"string","valueType":{"type":"array","elementType":"date",)j"
      R"j("containsNull":true},"valueContainsNull":true},"nullable":true,"metadata":{}}]})j";
  const types::DataType schema = parse_schema_json(text);
  EXPECT_EQ(schema.simple_string(), "struct<a:decimal(9,2),m:map<string,array<date>>>");
  EXPECT_EQ(parse_schema_json(schema.json()), schema);
  EXPECT_THROW(parse_schema_json("{"), Error);
}

// ---- Delta

TEST(Delta, DeletionVectors) {
  // An array container {1, 3} of the portable format.
  const std::string bytes(
      "\xd1\xd3\x39\x64\x01\0\0\0\0\0\0\0\0\0\0\0\x3a\x30\0\0\x01\0\0\0\0\0\x01\0\x10\0\0\0\x01\0"
      "\x03\0",
      36);
  DeletionVector vector{"i", "", 0, 36};
  EXPECT_EQ(read_deletion_vector(vector, bytes), (std::vector<uint64_t>{1, 3}));
  EXPECT_THROW(read_deletion_vector(vector, bytes.substr(0, 20)), Error);
  EXPECT_EQ(decode_base85("HelloWorld"), "\x86\x4f\xd2\x6f\xb5\x59\xf7\x5b");
}

}  // namespace
}  // namespace firn::formats

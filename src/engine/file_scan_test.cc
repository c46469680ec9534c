// Files queried in place: schemas as Spark infers them, rows, folders, patterns and partition
// folders.
#include "engine/file_scan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "engine/chunk_body.h"
#include "engine/engine.h"

namespace firn::engine {
namespace {

using Options = std::map<std::string, std::string>;
using Lines = std::vector<std::string>;

class FileScanTest : public testing::Test {
 protected:
  void put(const std::string& uri, std::string_view bytes) {
    const auto out = store_->create(uri, files::WriteMode::kOverwrite);
    out->write(bytes);
    out->finish();
  }
  std::string schema(const std::string& format, const std::string& path,
                     const Options& options = {}) {
    return file_schema(*store_, format, {path}, options).simple_string();
  }
  Lines rows(const std::string& format, const std::string& path, const Options& options = {}) {
    plan::FileScan scan;
    scan.format = format;
    scan.paths = {path};
    scan.options = options;
    int id = 0;
    const types::DataType schema = file_schema(*store_, format, {path}, options);
    for (const types::StructField& field : schema.fields()) {
      scan.columns.push_back({plan::AttributeId{++id}, field.name, field.type, true, {}});
    }
    auto relation = std::make_shared<plan::Relation>();
    relation->output = scan.columns;
    relation->resolved = true;
    relation->node = std::move(scan);
    const auto engine = make_engine({.threads = 2}, *store_);
    const auto stream = engine->run(relation);
    Lines lines;
    Chunk chunk;
    while (stream->next(chunk)) {
      const duckdb::DataChunk& data = chunk.body().chunk;
      for (duckdb::idx_t row = 0; row < data.size(); ++row) {
        std::string line;
        for (duckdb::idx_t column = 0; column < data.ColumnCount(); ++column) {
          line += (column == 0 ? "" : "|") + data.GetValue(column, row).ToString();
        }
        lines.push_back(line);
      }
    }
    std::ranges::sort(lines);
    return lines;
  }

  std::unique_ptr<files::FileStore> store_ = files::make_memory_store();
};

TEST_F(FileScanTest, CsvIsStringsWithoutNames) {
  put("mem://d/a.csv", "1,x,\n2,\"y, z\",3.5\n3\n");
  EXPECT_EQ(schema("csv", "mem://d/a.csv"), "struct<_c0:string,_c1:string,_c2:string>");
  EXPECT_EQ(rows("csv", "mem://d/a.csv"), (Lines{"1|x|NULL", "2|y, z|3.5", "3|NULL|NULL"}));
}

TEST_F(FileScanTest, CsvHeaderAndInference) {
  put("mem://d/a.csv",
      "id;big;price;day;at;ok;name;name;\n1;3000000000;1.5;2024-01-02;2024-01-02 "
      "03:04:05;true;a;b;c\n2;1;2;2024-01-03;2024-01-03;FALSE;;b;c\n");
  const Options options = {{"header", "true"}, {"inferSchema", "true"}, {"sep", ";"}};
  EXPECT_EQ(schema("csv", "mem://d/a.csv", options),
            "struct<id:int,big:bigint,price:double,day:date,at:timestamp,ok:boolean,name6:string,"
            "name7:string,_c8:string>");
  EXPECT_EQ(rows("csv", "mem://d/a.csv", options).at(1),
            "2|1|2.0|2024-01-03|2024-01-03 00:00:00+00|false|NULL|b|c");
}

TEST_F(FileScanTest, CsvWithCarriageReturnsAndEscapes) {
  put("mem://d/a.csv", "a,\"x \\\"q\\\" y\",3\r\n\"c\",d,5\r\n\"e\r\nf\"\r\n");
  EXPECT_EQ(rows("csv", "mem://d/a.csv"),
            (Lines{"a|x \"q\" y|3", "c|d|5", "e|NULL|NULL", "f\"|NULL|NULL"}));
  EXPECT_EQ(rows("csv", "mem://d/a.csv", {{"multiLine", "true"}}),
            (Lines{"a|x \"q\" y|3", "c|d|5", "e\nf|NULL|NULL"}));
}

TEST_F(FileScanTest, JsonColumnsAreSortedAndTypedAsSparkDoes) {
  put("mem://d/a.json",
      "{\"z\": 1, \"a\": {\"y\": 1.5, \"b\": \"t\"}, \"when\": \"2024-01-01\", \"xs\": [1, 2]}\n"
      "{\"z\": 2, \"n\": null, \"a\": {\"b\": \"u\"}, \"mixed\": 1}\n{\"mixed\": \"s\"}\n");
  EXPECT_EQ(schema("json", "mem://d/a.json"),
            "struct<a:struct<b:string,y:double>,mixed:string,n:string,when:string,xs:array<bigint>,"
            "z:bigint>");
  EXPECT_EQ(
      rows("json", "mem://d/a.json"),
      (Lines{"NULL|s|NULL|NULL|NULL|NULL", "{'f0': t, 'f1': 1.5}|NULL|NULL|2024-01-01|[1, 2]|1",
             "{'f0': u, 'f1': NULL}|1|NULL|NULL|NULL|2"}));
}

TEST_F(FileScanTest, TextIsLines) {
  put("mem://d/a.txt", "one, \"two\"\n\nthree");
  EXPECT_EQ(schema("text", "mem://d/a.txt"), "struct<value:string>");
  EXPECT_EQ(rows("text", "mem://d/a.txt"), (Lines{"", "one, \"two\"", "three"}));
}

TEST_F(FileScanTest, FoldersGivePartitionColumns) {
  put("mem://d/t/day=2024-01-01/n=1/a.csv", "x\n");
  put("mem://d/t/day=2024-01-02/n=__HIVE_DEFAULT_PARTITION__/a.csv", "y\n");
  put("mem://d/t/_SUCCESS", "");
  put("mem://d/t/day=2024-01-01/n=1/.a.csv.crc", "crc");
  EXPECT_EQ(schema("csv", "mem://d/t"), "struct<_c0:string,day:date,n:int>");
  EXPECT_EQ(rows("csv", "mem://d/t"), (Lines{"x|2024-01-01|1", "y|2024-01-02|NULL"}));
}

TEST_F(FileScanTest, PatternsPickFiles) {
  put("mem://d/2024-01.csv", "a\n");
  put("mem://d/2024-02.csv", "b\n");
  put("mem://d/2023-02.csv", "c\n");
  put("mem://d/2024-03/part.csv", "d\n");
  EXPECT_EQ(rows("csv", "mem://d/2024-*.csv"), (Lines{"a", "b"}));
  EXPECT_EQ(rows("csv", "mem://d/2024-*"), (Lines{"a", "b", "d"}));
  EXPECT_EQ(rows("csv", "mem://d/202[34]-02.csv"), (Lines{"b", "c"}));
  EXPECT_EQ(rows("csv", "mem://d/{2023-02,2024-01}.csv"), (Lines{"a", "c"}));
}

TEST_F(FileScanTest, ParquetIsAsInTheFile) {
  const std::string local = testing::TempDir() + "in_place.parquet";
  duckdb::DuckDB database(nullptr);
  duckdb::Connection connection(database);
  ASSERT_FALSE(connection
                   .Query("COPY (SELECT 5::INT AS id, {'town': 'Bern', 'zip': [1, 2]} AS spot, "
                          "1.25::DECIMAL(9,2) AS d, "
                          "MAP {'k': 1} AS m) TO '" +
                          local + "' (FORMAT parquet)")
                   ->HasError());
  put("mem://d/a.parquet", files::make_local_store()->read_all(local));
  EXPECT_EQ(
      schema("parquet", "mem://d/a.parquet"),
      "struct<id:int,spot:struct<town:string,zip:array<int>>,d:decimal(9,2),m:map<string,int>>");
  EXPECT_EQ(rows("parquet", "mem://d/a.parquet"),
            (Lines{"5|{'f0': Bern, 'f1': [1, 2]}|1.25|{k=1}"}));
}

struct ErrorCase {
  const char* name;
  const char* format;
  const char* path;
  Options options;
  const char* condition;
};

class FileScanErrorTest : public FileScanTest, public testing::WithParamInterface<ErrorCase> {};

TEST_P(FileScanErrorTest, NamesTheThing) {
  put("mem://d/empty.csv", "");
  put("mem://d/x.csv", "1\n");
  try {
    schema(GetParam().format, GetParam().path, GetParam().options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), GetParam().condition) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, FileScanErrorTest,
    testing::Values(
        ErrorCase{"missing", "csv", "mem://d/none.csv", {}, "PATH_NOT_FOUND"},
        ErrorCase{"no_files", "parquet", "mem://d/{x}.parquet", {}, "PATH_NOT_FOUND"},
        ErrorCase{"format", "xlsx", "mem://d/x.csv", {}, "UNSUPPORTED_DATASOURCE_FOR_DIRECT_QUERY"},
        ErrorCase{"no_avro", "avro", "mem://d/x.csv", {}, "FIRN_CORRUPT_FILE"},
        ErrorCase{"no_orc", "orc", "mem://d/x.csv", {}, "FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER"},
        ErrorCase{"charset",
                  "csv",
                  "mem://d/x.csv",
                  {{"charset", "klingon"}},
                  "INVALID_PARAMETER_VALUE.CHARSET"}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace firn::engine

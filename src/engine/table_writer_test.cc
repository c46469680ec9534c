// The table writer: what DuckDB reads back, partitions, rolling, metrics, and what is left after an
// abort.
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "base/error.h"
#include "engine/partition_router.h"
#include "engine/table_writer_fixture.h"

namespace firn::engine {
namespace {

using types::Transform;
using types::TransformId;
using types::Type;
using types::TypeId;

using TableWriterTest = TableWriterFixture;

types::Schema every_type() {
  types::Schema schema;
  schema.fields = {
      field(1, "b", plain(TypeId::kBoolean)),
      field(2, "i", plain(TypeId::kInt), true),
      field(3, "l", plain(TypeId::kLong)),
      field(4, "f", plain(TypeId::kFloat)),
      field(5, "d", plain(TypeId::kDouble)),
      field(6, "dec9", Type::decimal(9, 2)),
      field(7, "dec18", Type::decimal(18, 4)),
      field(8, "dec38", Type::decimal(38, 10)),
      field(9, "day", plain(TypeId::kDate)),
      field(10, "ts", plain(TypeId::kTimestamp)),
      field(11, "tstz", plain(TypeId::kTimestamptz)),
      field(12, "s", plain(TypeId::kString)),
      field(13, "u", plain(TypeId::kUuid)),
      field(14, "bin", plain(TypeId::kBinary)),
      field(15, "st",
            Type::structure(
                {field(16, "x", plain(TypeId::kInt)), field(17, "y", plain(TypeId::kDouble))})),
      field(18, "li", Type::list(19, false, plain(TypeId::kString))),
      field(20, "m", Type::map(21, plain(TypeId::kString), 22, false, plain(TypeId::kLong))),
      field(23, "fix", Type::fixed(3)),
      field(24, "t", plain(TypeId::kTime)),
  };
  return schema;
}

const char* const kEveryType = R"(
  SELECT i % 2 = 0, i::INT, i * 10, (i / 2.0)::FLOAT, CASE WHEN i = 3 THEN 'nan'::DOUBLE ELSE -i / 4.0::DOUBLE END,
         (i / 100.0)::DECIMAL(9,2), (-i * 1.5)::DECIMAL(18,4), (i * 100000000000)::DECIMAL(38,10),
         DATE '2020-01-01' + i::INT, TIMESTAMP '2020-01-01 00:00:00.000001' + INTERVAL (i) HOUR,
         (TIMESTAMP '2020-01-01' + INTERVAL (i) DAY)::TIMESTAMPTZ,
         CASE WHEN i = 5 THEN NULL ELSE 'a long enough string ' || i END,
         CASE WHEN i = 5 THEN NULL ELSE '00000000-0000-0000-0000-00000000000' || i END,
         ('\x01\x02\xFF' || i)::BLOB, {'f0': i::INT, 'f1': i / 8.0::DOUBLE}, ['p' || i, NULL], MAP {'k': i},
         CASE WHEN i = 5 THEN NULL ELSE ('\xFF\x00' || i)::BLOB END,
         CASE WHEN i = 5 THEN NULL ELSE TIME '23:59:59.00000' + INTERVAL (i) MICROSECOND END
  FROM range(8) t(i))";

TEST_F(TableWriterTest, EveryTypeIsReadBackEqual) {
  options_.schema = every_type();
  connection_.Query("SET TimeZone = 'UTC'");
  const auto files = write(kEveryType);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].record_count, 8);
  EXPECT_EQ(files[0].file_size_in_bytes,
            static_cast<int64_t>(std::filesystem::file_size(files[0].file_path)));
  EXPECT_EQ(files[0].file_path, folder_ + "/00000-test-00001.parquet");
  std::vector<std::string> want = rows(kEveryType);  // where structs have the engine's names
  for (std::string& line : want) {
    line.replace(line.find("'f0'"), 4, "'x'");
    line.replace(line.find("'f1'"), 4, "'y'");
  }
  EXPECT_EQ(rows("SELECT * FROM " + scan()), want);
}

TEST_F(TableWriterTest, FieldIdsAndPhysicalTypesStandInTheFile) {
  options_.schema = every_type();
  write(kEveryType);
  const std::vector<std::string> want = {"b|1|BOOLEAN",
                                         "i|2|INT32",
                                         "l|3|INT64",
                                         "f|4|FLOAT",
                                         "d|5|DOUBLE",
                                         "dec9|6|INT32",
                                         "dec18|7|INT64",
                                         "dec38|8|FIXED_LEN_BYTE_ARRAY",
                                         "day|9|INT32",
                                         "ts|10|INT64",
                                         "tstz|11|INT64",
                                         "s|12|BYTE_ARRAY",
                                         "u|13|FIXED_LEN_BYTE_ARRAY",
                                         "bin|14|BYTE_ARRAY",
                                         "st|15|NULL",
                                         "x|16|INT32",
                                         "y|17|DOUBLE",
                                         "li|18|NULL",
                                         "element|19|BYTE_ARRAY",
                                         "m|20|NULL",
                                         "key|21|BYTE_ARRAY",
                                         "value|22|INT64",
                                         "fix|23|FIXED_LEN_BYTE_ARRAY",
                                         "t|24|INT64"};
  EXPECT_EQ(rows("SELECT name, field_id, type FROM parquet_schema('" + folder_ +
                 "/00000-test-00001.parquet') WHERE field_id IS NOT NULL"),
            want);
  EXPECT_EQ(rows("SELECT name, logical_type LIKE '%isAdjustedToUTC=1%' FROM parquet_schema('" +
                 folder_ + "/00000-test-00001.parquet') WHERE name IN ('ts', 'tstz')"),
            (std::vector<std::string>{"ts|false", "tstz|true"}));
  EXPECT_EQ(rows("SELECT name, type_length FROM parquet_schema('" + folder_ +
                 "/00000-test-00001.parquet') WHERE name IN ('dec38', 'u', 'fix')"),
            (std::vector<std::string>{"dec38|16", "u|16", "fix|3"}));
}

types::Value bound(const std::map<int, std::string>& bounds, int id, const Type& type) {
  const auto found = bounds.find(id);
  return found == bounds.end() ? types::Value(types::Null{})
                               : types::from_single_value_bytes(found->second, type);
}

TEST_F(TableWriterTest, MetricsOfEveryLeaf) {
  options_.schema = every_type();
  const iceberg::DataFile file = write(kEveryType).at(0);
  struct Row {
    int id;
    types::Value lower, upper;
    int64_t nulls;
  };
  const Row want[] = {
      {1, false, true, 0},
      {2, int32_t{0}, int32_t{7}, 0},
      {3, int64_t{0}, int64_t{70}, 0},
      {4, 0.0F * -1, 3.5F, 0},
      {5, -1.75, 0.0, 0},
      {6, types::Decimal{0}, types::Decimal{7}, 0},
      {7, types::Decimal{-105000}, types::Decimal{0}, 0},
      {8, types::Decimal{0}, types::Decimal{static_cast<__int128>(700000000000) * 10000000000}, 0},
      {9, int32_t{18262}, int32_t{18269}, 0},
      {10, int64_t{1577836800000001}, int64_t{1577862000000001}, 0},
      {12, std::string("a long enough st"), std::string("a long enough su"), 1},
      {13, types::Bytes{std::string(16, '\0')}, types::Bytes{std::string(15, '\0') + '\x07'}, 1},
      {16, int32_t{0}, int32_t{7}, 0},
      {17, -0.0, 0.875, 0},
      {23,
       types::Bytes{std::string("\xFF\x00"
                                "0",
                                3)},
       types::Bytes{std::string("\xFF\x00"
                                "7",
                                3)},
       1},
      {24, int64_t{86399000000}, int64_t{86399000007}, 1},
  };
  for (const Row& row : want) {
    SCOPED_TRACE(row.id);
    const Type type = options_.schema.find(row.id)->type;
    EXPECT_EQ(types::compare(bound(file.lower_bounds, row.id, type), row.lower),
              std::strong_ordering::equal);
    EXPECT_EQ(types::compare(bound(file.upper_bounds, row.id, type), row.upper),
              std::strong_ordering::equal);
    EXPECT_EQ(file.value_counts.at(row.id), 8);
    EXPECT_EQ(file.null_value_counts.at(row.id), row.nulls);
    EXPECT_GT(file.column_sizes.at(row.id), 0);
  }
  EXPECT_EQ(file.nan_value_counts, (std::map<int, int64_t>{{4, 0}, {5, 1}, {17, 0}}));
  EXPECT_EQ(file.value_counts.at(19), 16);
  EXPECT_FALSE(file.lower_bounds.contains(19));
  EXPECT_FALSE(file.lower_bounds.contains(22));
}

TEST_F(TableWriterTest, MetricsModesAreHonoured) {
  options_.schema.fields = {field(1, "a", plain(TypeId::kString)),
                            field(2, "b", plain(TypeId::kString)),
                            field(3, "c", plain(TypeId::kString))};
  options_.properties = {{"write.metadata.metrics.column.a", "none"},
                         {"write.metadata.metrics.column.b", "counts"},
                         {"write.metadata.metrics.column.c", "full"}};
  const iceberg::DataFile file =
      write("SELECT repeat('x', 40), repeat('x', 40), repeat('x', 40)").at(0);
  EXPECT_FALSE(file.value_counts.contains(1));
  EXPECT_TRUE(file.value_counts.contains(2));
  EXPECT_FALSE(file.lower_bounds.contains(2));
  EXPECT_EQ(file.upper_bounds.at(3), std::string(40, 'x'));
}

// A file's own statistics cut texts at 256 bytes, and give up where no byte can be incremented.
TEST_F(TableWriterTest, BoundsOfLongTextsAreThoseOfTheRows) {
  options_.schema.fields = {field(1, "a", plain(TypeId::kString)),
                            field(2, "b", plain(TypeId::kString)),
                            field(3, "c", plain(TypeId::kBinary))};
  options_.properties = {{"write.metadata.metrics.column.b", "full"}};
  options_.row_group_rows = 2048;
  const iceberg::DataFile file =
      write(
          "SELECT repeat('ü', 300), 'x' || repeat('y', 299) || i, unhex(repeat('FF', 300)) "
          "FROM range(1000, 6000) t(i) UNION ALL SELECT NULL, NULL, NULL")
          .at(0);
  std::string sixteen;
  for (int i = 0; i < 15; ++i) sixteen += "ü";
  EXPECT_EQ(file.lower_bounds.at(1), sixteen + "ü");
  EXPECT_EQ(file.upper_bounds.at(1), sixteen + "ý");
  EXPECT_EQ(file.lower_bounds.at(2), "x" + std::string(299, 'y') + "1000");
  EXPECT_EQ(file.upper_bounds.at(2), "x" + std::string(299, 'y') + "5999");
  EXPECT_EQ(file.lower_bounds.at(3), std::string(16, '\xFF'));
  EXPECT_FALSE(file.upper_bounds.contains(3));
}

TEST_F(TableWriterTest, AllNullColumnsHaveCountsAndNoBounds) {
  options_.schema.fields = {field(1, "a", plain(TypeId::kInt)),
                            field(2, "b", plain(TypeId::kDouble))};
  const iceberg::DataFile file = write("SELECT NULL::INT, NULL::DOUBLE FROM range(3)").at(0);
  EXPECT_EQ(file.null_value_counts, (std::map<int, int64_t>{{1, 3}, {2, 3}}));
  EXPECT_TRUE(file.lower_bounds.empty());
}

TEST_F(TableWriterTest, NothingIsWrittenForNoRows) {
  options_.schema.fields = {field(1, "a", plain(TypeId::kInt))};
  const auto writer = make_table_writer(options_, *store_);
  EXPECT_TRUE(writer->finish().empty());
  EXPECT_EQ(files_left(), 0U);
}

TEST_F(TableWriterTest, FilesRollAtTheTargetSizeAndTheWriterGoesOn) {
  options_.schema.fields = {field(1, "a", plain(TypeId::kString))};
  options_.properties = {{"write.target-file-size-bytes", "100000"}};
  options_.row_group_rows = 2048;
  const auto writer = make_table_writer(options_, *store_);
  for_each_chunk("SELECT md5(i::VARCHAR) FROM range(20000) t(i)",
                 [&](Chunk& chunk) { writer->append(chunk); });
  EXPECT_EQ(writer->rows(), 20000);
  const auto first = writer->finish();
  EXPECT_GT(first.size(), 3U);
  EXPECT_EQ(writer->rows(), 0);
  EXPECT_EQ(writer->buffered_bytes(), 0);
  EXPECT_GT(first[0].split_offsets.size(), 1U);
  EXPECT_EQ(first[0].split_offsets[0], 4);
  EXPECT_TRUE(std::ranges::is_sorted(first[0].split_offsets));
  for_each_chunk("SELECT 'again'", [&](Chunk& chunk) { writer->append(chunk); });
  const auto second = writer->finish();
  ASSERT_EQ(second.size(), 1U);
  std::set<std::string> names;
  int64_t total = 0;
  for (const auto& file : first) names.insert(file.file_path), total += file.record_count;
  names.insert(second[0].file_path);
  EXPECT_EQ(names.size(), first.size() + 1);
  EXPECT_EQ(total, 20000);
  EXPECT_EQ(rows("SELECT count(DISTINCT a) FROM " + scan()), std::vector<std::string>{"20001"});
}

TEST_F(TableWriterTest, AnAbandonedWriterLeavesNothing) {
  options_.schema.fields = {field(1, "a", plain(TypeId::kString))};
  options_.properties = {{"write.target-file-size-bytes", "50000"}};
  options_.row_group_rows = 2048;
  {
    const auto writer = make_table_writer(options_, *store_);
    for_each_chunk("SELECT md5(i::VARCHAR) FROM range(20000) t(i)",
                   [&](Chunk& chunk) { writer->append(chunk); });
    EXPECT_GT(files_left(), 0U);
  }
  EXPECT_EQ(files_left(), 0U);
}

TEST_F(TableWriterTest, NullInARequiredColumnIsRefused) {
  options_.schema.fields = {field(1, "a", plain(TypeId::kInt), true)};
  try {
    write("SELECT NULL::INT");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "NOT_NULL_ASSERT_VIOLATION");
  }
}

TEST_F(TableWriterTest, LeastRecentlyUsedPartitionsAreClosed) {
  options_.schema.fields = {field(1, "a", plain(TypeId::kInt))};
  options_.spec.fields = {{1, 1000, "a", {TransformId::kIdentity}}};
  options_.max_open_partitions = 2;
  const auto files = write("SELECT (i % 5)::INT FROM range(10000) t(i)");
  EXPECT_GT(files.size(), 5U);
  int64_t total = 0;
  for (const auto& file : files) total += file.record_count;
  EXPECT_EQ(total, 10000);
  EXPECT_EQ(rows("SELECT a, count(*) FROM " + scan() + " GROUP BY a ORDER BY a"),
            (std::vector<std::string>{"0|2000", "1|2000", "2|2000", "3|2000", "4|2000"}));
}

// ---- partitions: every transform over every type it takes gives what types::apply gives, row by
// row.

struct TransformRow {
  const char* name;
  Type type;
  Transform transform;
  const char* sql;  // values of one column, NULL among them
};

types::Value value_of(const duckdb::Value& value, const Type& type) {
  if (value.IsNull()) return types::Null{};
  switch (type.id()) {
    case TypeId::kBoolean:
      return value.GetValue<bool>();
    case TypeId::kInt:
      return value.GetValue<int32_t>();
    case TypeId::kLong:
      return value.GetValue<int64_t>();
    case TypeId::kDouble:
      return value.GetValue<double>();
    case TypeId::kDate:
      return value.GetValueUnsafe<int32_t>();
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz:
      return value.GetValueUnsafe<int64_t>();
    case TypeId::kString:
      return value.GetValue<std::string>();
    case TypeId::kBinary:
      return types::Bytes{duckdb::StringValue::Get(value)};
    case TypeId::kDecimal:
      if (type.precision() <= 4) return types::Decimal{value.GetValueUnsafe<int16_t>()};
      if (type.precision() <= 9) return types::Decimal{value.GetValueUnsafe<int32_t>()};
      if (type.precision() <= 18) return types::Decimal{value.GetValueUnsafe<int64_t>()};
      {
        const auto wide = value.GetValueUnsafe<duckdb::hugeint_t>();
        return types::Decimal{static_cast<__int128>(wide.upper) << 64 | wide.lower};
      }
    case TypeId::kUuid: {
      std::string hex = value.ToString(), bytes;
      std::erase(hex, '-');
      for (size_t i = 0; i < hex.size(); i += 2)
        bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
      return types::Bytes{bytes};
    }
    default:
      break;
  }
  ADD_FAILURE() << "no such type in this test";
  return types::Null{};
}

class PartitionTransformTest : public testing::TestWithParam<TransformRow> {};

TEST_P(PartitionTransformTest, EqualsTheTransformOfEachValue) {
  const TransformRow& row = GetParam();
  types::Schema schema;
  schema.fields = {field(1, "v", row.type)};
  types::PartitionSpec spec;
  spec.fields = {{1, 1000, "p", row.transform}};
  duckdb::DuckDB database(nullptr);
  duckdb::Connection connection(database);
  const auto result = connection.Query(std::string("SELECT v FROM (") + row.sql + ") t(v)");
  ASSERT_FALSE(result->HasError()) << result->GetError();
  PartitionRouter router(schema, spec);
  uint64_t seen = 0;
  while (auto chunk = result->Fetch()) {
    std::vector<types::Value> want;
    for (duckdb::idx_t i = 0; i < chunk->size(); ++i) {
      want.push_back(
          types::apply(row.transform, row.type, value_of(chunk->GetValue(0, i), row.type)));
    }
    for (const PartitionRouter::Group& group : router.route(*chunk)) {
      std::vector<uint32_t> rows = group.rows;
      if (rows.empty()) {
        rows.resize(chunk->size());
        std::iota(rows.begin(), rows.end(), 0);
      }
      for (const uint32_t i : rows) {
        EXPECT_EQ(router.values(group.partition).at(0), want[i])
            << "row " << i << ": " << chunk->GetValue(0, i).ToString();
        ++seen;
      }
    }
  }
  EXPECT_GT(seen, 0U);
}

constexpr const char* kInts = "SELECT i::INT FROM range(-50, 3000) t(i) UNION ALL SELECT NULL::INT";
constexpr const char* kLongs =
    "SELECT (i * 123456789012)::BIGINT FROM range(-50, 3000) t(i) UNION ALL SELECT NULL";
constexpr const char* kTimes =
    "SELECT TIMESTAMP '1969-12-30 23:59:59.999999' + INTERVAL (i * 13) HOUR FROM range(3000) t(i) "
    "UNION ALL SELECT NULL";
constexpr const char* kDates =
    "SELECT DATE '1968-02-28' + (i * 7)::INT FROM range(3000) t(i) UNION ALL SELECT NULL";
constexpr const char* kTexts =
    "SELECT CASE i % 4 WHEN 0 THEN '' WHEN 1 THEN 'ä€😀xyz' || i WHEN 2 THEN 'abc' ELSE NULL END "
    "FROM range(100) t(i)";
constexpr const char* kBlobs =
    "SELECT ('\\xFF\\x00' || i)::BLOB FROM range(100) t(i) UNION ALL SELECT NULL";
constexpr const char* kUuids =
    "SELECT 'f79c3e09-677c-4bbd-a479-3f349cb785e7'::UUID UNION ALL SELECT "
    "'00000000-0000-0000-0000-000000000001'::UUID "
    "UNION ALL SELECT NULL";

INSTANTIATE_TEST_SUITE_P(
    Rows, PartitionTransformTest,
    testing::Values(
        TransformRow{"identity_bool",
                     plain(TypeId::kBoolean),
                     {TransformId::kIdentity},
                     "SELECT true UNION ALL SELECT NULL UNION ALL SELECT false"},
        TransformRow{"identity_int", plain(TypeId::kInt), {TransformId::kIdentity}, kInts},
        TransformRow{"identity_string", plain(TypeId::kString), {TransformId::kIdentity}, kTexts},
        TransformRow{"identity_double",
                     plain(TypeId::kDouble),
                     {TransformId::kIdentity},
                     "SELECT 1.5::DOUBLE UNION ALL SELECT NULL"},
        TransformRow{"identity_decimal",
                     Type::decimal(38, 2),
                     {TransformId::kIdentity},
                     "SELECT (i / 7)::DECIMAL(38,2) FROM range(50) t(i)"},
        TransformRow{"identity_uuid", plain(TypeId::kUuid), {TransformId::kIdentity}, kUuids},
        TransformRow{"identity_binary", plain(TypeId::kBinary), {TransformId::kIdentity}, kBlobs},
        TransformRow{
            "identity_timestamp", plain(TypeId::kTimestamp), {TransformId::kIdentity}, kTimes},
        TransformRow{"bucket_int", plain(TypeId::kInt), {TransformId::kBucket, 16}, kInts},
        TransformRow{"bucket_long", plain(TypeId::kLong), {TransformId::kBucket, 7}, kLongs},
        TransformRow{"bucket_string", plain(TypeId::kString), {TransformId::kBucket, 16}, kTexts},
        TransformRow{"bucket_binary", plain(TypeId::kBinary), {TransformId::kBucket, 16}, kBlobs},
        TransformRow{"bucket_uuid", plain(TypeId::kUuid), {TransformId::kBucket, 16}, kUuids},
        TransformRow{"bucket_date", plain(TypeId::kDate), {TransformId::kBucket, 16}, kDates},
        TransformRow{
            "bucket_timestamp", plain(TypeId::kTimestamp), {TransformId::kBucket, 16}, kTimes},
        TransformRow{"bucket_decimal",
                     Type::decimal(9, 2),
                     {TransformId::kBucket, 16},
                     "SELECT (i / 7)::DECIMAL(9,2) FROM range(-50, 50) t(i)"},
        TransformRow{"truncate_int", plain(TypeId::kInt), {TransformId::kTruncate, 10}, kInts},
        TransformRow{"truncate_long", plain(TypeId::kLong), {TransformId::kTruncate, 1000}, kLongs},
        TransformRow{
            "truncate_string", plain(TypeId::kString), {TransformId::kTruncate, 4}, kTexts},
        TransformRow{
            "truncate_binary", plain(TypeId::kBinary), {TransformId::kTruncate, 2}, kBlobs},
        TransformRow{"truncate_decimal",
                     Type::decimal(18, 2),
                     {TransformId::kTruncate, 50},
                     "SELECT (i / 7)::DECIMAL(18,2) FROM range(-50, 50) t(i)"},
        TransformRow{"year_date", plain(TypeId::kDate), {TransformId::kYear}, kDates},
        TransformRow{"month_date", plain(TypeId::kDate), {TransformId::kMonth}, kDates},
        TransformRow{"day_date", plain(TypeId::kDate), {TransformId::kDay}, kDates},
        TransformRow{"year_timestamp", plain(TypeId::kTimestamp), {TransformId::kYear}, kTimes},
        TransformRow{"month_timestamp", plain(TypeId::kTimestamp), {TransformId::kMonth}, kTimes},
        TransformRow{"day_timestamp", plain(TypeId::kTimestamp), {TransformId::kDay}, kTimes},
        TransformRow{"hour_timestamp", plain(TypeId::kTimestamp), {TransformId::kHour}, kTimes},
        TransformRow{"void_int", plain(TypeId::kInt), {TransformId::kVoid}, kInts}),
    [](const auto& row) { return std::string(row.param.name); });

TEST_F(TableWriterTest, RowsLandInTheirPartitions) {
  options_.schema.fields = {
      field(1, "at", plain(TypeId::kTimestamptz)), field(2, "id", plain(TypeId::kLong)),
      field(3, "where", Type::structure({field(4, "city", plain(TypeId::kString))}))};
  options_.spec.spec_id = 3;
  options_.spec.fields = {{1, 1000, "at_day", {TransformId::kDay}},
                          {4, 1001, "city", {TransformId::kIdentity}}};
  const auto files = write(
      "SELECT (TIMESTAMP '2024-02-28' + INTERVAL (i % 3) DAY)::TIMESTAMPTZ, i, "
      "{'f0': CASE i % 2 WHEN 0 THEN 'São Paulo' END} FROM range(6000) t(i)");
  std::set<std::string> folders;
  for (const auto& file : files) {
    EXPECT_EQ(file.spec_id, 3);
    EXPECT_EQ(file.record_count, 1000);
    EXPECT_EQ(file.partition.size(), 2U);
    folders.insert(
        file.file_path.substr(folder_.size(), file.file_path.rfind('/') - folder_.size()));
  }
  EXPECT_EQ(folders,
            (std::set<std::string>{
                "/at_day=2024-02-28/city=S%C3%A3o+Paulo", "/at_day=2024-02-29/city=S%C3%A3o+Paulo",
                "/at_day=2024-03-01/city=S%C3%A3o+Paulo", "/at_day=2024-02-28/city=null",
                "/at_day=2024-02-29/city=null", "/at_day=2024-03-01/city=null"}));
  EXPECT_EQ(rows("SELECT count(DISTINCT id) FROM " + scan()), std::vector<std::string>{"6000"});
}

}  // namespace
}  // namespace firn::engine
